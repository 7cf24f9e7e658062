"""Bulk ingest jobs and imports.

Revision ID: 0014
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES: tuple[str, ...] = ()
WALLED: tuple[str, ...] = ()


def upgrade() -> None:
    execute(TABLES)
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
