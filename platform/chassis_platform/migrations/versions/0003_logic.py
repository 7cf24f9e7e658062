"""What logic keeps beside records: nothing of its own so far; engines add their tables to the lists.

Revision ID: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: Tables and indexes in schema chassis; each has tenant_id in its key.
TABLES: tuple[str, ...] = ()
#: Row-level security, grants to the server's role, functions.
WALLS: tuple[str, ...] = ()


def upgrade() -> None:
    for statement in (*TABLES, *WALLS):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
