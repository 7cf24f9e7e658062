"""Tables of tenants beside records, each behind the wall of its tenant."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op

BOUND = "nullif(current_setting('app.tenant_id', true), '')::int"


def wall(*tables: str, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """The server's role reaches the rows of the tenant that the transaction is bound to, and no others."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY isolation ON {table} USING (tenant_id = {BOUND}) WITH CHECK (tenant_id = {BOUND})")
        op.execute(f"GRANT {rights} ON {table} TO chassis_server")


def execute(statements: Iterable[str]) -> None:
    """One statement after the other."""
    for statement in statements:
        op.execute(statement)
