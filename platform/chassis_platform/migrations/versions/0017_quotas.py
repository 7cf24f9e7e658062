"""Limits that the operator set for a tenant; its API requests by hour and client, and how many records it has.

Revision ID: 0017
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES: tuple[str, ...] = (
    """
CREATE TABLE chassis.tenant_limit (
    tenant_id integer NOT NULL, name text COLLATE "C" NOT NULL, value bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_limit_pkey PRIMARY KEY (tenant_id, name),
    CONSTRAINT tenant_limit_value_check CHECK (value >= 0)
)""",
    # A row an hour: processes add up what they counted, and an entry of a day ago counts no more.
    """
CREATE TABLE chassis.api_use (
    tenant_id integer NOT NULL, hour timestamptz NOT NULL, client text COLLATE "C" NOT NULL, requests bigint NOT NULL,
    CONSTRAINT api_use_pkey PRIMARY KEY (tenant_id, hour, client)
)""",
    # Counted by night.
    """
CREATE TABLE chassis.storage_use (
    tenant_id integer NOT NULL, records bigint NOT NULL, counted_at timestamptz NOT NULL,
    CONSTRAINT storage_use_pkey PRIMARY KEY (tenant_id)
)""",
)


def upgrade() -> None:
    execute(TABLES)
    wall("chassis.tenant_limit", rights="SELECT")
    wall("chassis.api_use", "chassis.storage_use")


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
