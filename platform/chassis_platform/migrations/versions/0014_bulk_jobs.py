"""Bulk jobs: their rows, what was uploaded, and what became of each batch.

Revision ID: 0014
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = (
    """
CREATE TABLE chassis.bulk_job (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, job_type text NOT NULL, object_name text COLLATE "C" NOT NULL,
    operation text NOT NULL, state text NOT NULL, user_id text COLLATE "C" NOT NULL, acting_user_id text COLLATE "C",
    client_name text, source_ip text, settings jsonb NOT NULL DEFAULT '{}'::jsonb, query_text text,
    created_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, submitted_at timestamptz, ended_at timestamptz,
    upload text COLLATE "C", chunks integer NOT NULL DEFAULT 0, records bigint NOT NULL DEFAULT 0,
    content_bytes bigint NOT NULL DEFAULT 0, processed bigint NOT NULL DEFAULT 0, failed bigint NOT NULL DEFAULT 0,
    retries integer NOT NULL DEFAULT 0, spent_ms bigint NOT NULL DEFAULT 0, error_message text,
    CONSTRAINT bulk_job_pkey PRIMARY KEY (tenant_id, id)
)
""",
    "CREATE INDEX bulk_job_recent ON chassis.bulk_job (tenant_id, user_id, created_at DESC, id DESC)",
    # The rows of a batch as they were uploaded, sealed and compressed.
    """
CREATE TABLE chassis.bulk_chunk (
    tenant_id integer NOT NULL, job_id text COLLATE "C" NOT NULL, number integer NOT NULL, records integer NOT NULL,
    first_line integer NOT NULL, content bytea NOT NULL,
    CONSTRAINT bulk_chunk_pkey PRIMARY KEY (tenant_id, job_id, number)
)
""",
    # What became of rows of a batch (from `start` on), written in the transaction that wrote their records: who finds
    # it has nothing left to do there.
    """
CREATE TABLE chassis.bulk_outcome (
    tenant_id integer NOT NULL, job_id text COLLATE "C" NOT NULL, phase text COLLATE "C" NOT NULL, number integer NOT NULL,
    start integer NOT NULL, records integer NOT NULL, failed integer NOT NULL, spent_ms integer NOT NULL, content bytea NOT NULL, undo bytea,
    CONSTRAINT bulk_outcome_pkey PRIMARY KEY (tenant_id, job_id, phase, number, start)
)
""",
)
WALLED = ("chassis.bulk_job", "chassis.bulk_chunk", "chassis.bulk_outcome")


def upgrade() -> None:
    execute(TABLES)
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
