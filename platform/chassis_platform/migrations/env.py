"""Alembic's entry: one transaction, one process at a time, as the owner."""

from __future__ import annotations

import os

import psycopg
import sqlalchemy as sa
from alembic import context

#: "migr"; held to the end of the transaction, so that of two processes that start at once the second finds all done.
LOCK = 0x6D_69_67_72


def engine() -> sa.Engine:
    """The owner's database: what migrate() passes, or CHASSIS_DATABASE_URL on the command line."""
    dsn = context.config.attributes.get("dsn") or os.environ["CHASSIS_DATABASE_URL"]
    return sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=sa.NullPool)


def run(connection: sa.Connection) -> None:
    """Take the lock, then wait only briefly for tables in use: a server that goes on working counts for more."""
    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    connection.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
    connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS chassis"))
    context.configure(connection=connection, version_table_schema="chassis")
    context.run_migrations()


with engine().begin() as begun:
    run(begun)
