"""Formulas as SQL expressions: PostgreSQL computes them, nothing else does."""
