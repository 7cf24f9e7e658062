"""Alembic: the system tables of all three wings."""
