"""What users looked at last.

Revision ID: 0019
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = (
    # Ids alone: whoever asks what it was is shown what they may see of it by then.
    """
    CREATE TABLE chassis.recently_viewed (
        tenant_id integer NOT NULL,
        user_id text COLLATE "C" NOT NULL,
        record_id text COLLATE "C" NOT NULL,
        object_name text COLLATE "C" NOT NULL,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, user_id, record_id)
    )
    """,
    """
    CREATE INDEX recently_viewed_order ON chassis.recently_viewed (tenant_id, user_id, seen_at DESC, record_id)
    """,
)


def upgrade() -> None:
    execute(TABLES)
    wall("chassis.recently_viewed")


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
