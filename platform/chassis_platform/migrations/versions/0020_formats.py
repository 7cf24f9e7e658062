"""Inbound and outbound documents.

Revision ID: 0020
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES: tuple[str, ...] = (
    # Units of one document are parts of the row that keeps it; `partial`: some of them were refused.
    'ALTER TABLE chassis.inbound_message ADD COLUMN part_of text COLLATE "C"',
    "ALTER TABLE chassis.inbound_message DROP CONSTRAINT inbound_message_status_check",
    (
        "ALTER TABLE chassis.inbound_message ADD CONSTRAINT inbound_message_status_check"
        " CHECK (status IN ('accepted', 'partial', 'refused')) NOT VALID"
    ),
    "DROP INDEX chassis.inbound_message_recent",
    "CREATE INDEX inbound_message_recent ON chassis.inbound_message (tenant_id, received_at DESC) WHERE part_of IS NULL",
    (
        "CREATE INDEX inbound_message_kept ON chassis.inbound_message (tenant_id, mapping, message_key)"
        " WHERE part_of IS NULL"
    ),
    "ALTER TABLE chassis.inbound_key ADD COLUMN max_bytes integer",
)
WALLED: tuple[str, ...] = ()


def upgrade() -> None:
    execute(TABLES)
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
