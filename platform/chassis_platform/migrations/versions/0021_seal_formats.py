"""A seal says what its entries' text is like.

Revision ID: 0021
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES: tuple[str, ...] = ("ALTER TABLE chassis.audit_seal ADD COLUMN format smallint NOT NULL DEFAULT 1",)


def upgrade() -> None:
    execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
