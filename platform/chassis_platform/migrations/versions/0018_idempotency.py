"""Keys that let a create be repeated without being done twice.

Revision ID: 0018
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES: tuple[str, ...] = (
    # Neither key nor body: a hash of user, client and key, and a digest of the request under that key. The answer is
    # sealed where the tenant has encrypted fields.
    """
CREATE TABLE chassis.idempotency (
    tenant_id integer NOT NULL, key_hash text COLLATE "C" NOT NULL, digest bytea NOT NULL, status smallint NOT NULL,
    location text, answer bytea NOT NULL, created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (tenant_id, key_hash)
)""",
    "CREATE INDEX idempotency_age ON chassis.idempotency (tenant_id, created_at)",
)
WALLED: tuple[str, ...] = ("chassis.idempotency",)


def upgrade() -> None:
    execute(TABLES)
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
