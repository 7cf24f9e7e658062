"""What logic keeps beside records; engines add their tables to the lists.

Revision ID: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: Tables and indexes in schema chassis; each has tenant_id in its key.
TABLES: tuple[str, ...] = (
    # What records are matched by: a token for each key of a matching rule, several where likeness is asked for.
    """
CREATE TABLE chassis.match_key (
    tenant_id integer NOT NULL, key_id text COLLATE "C" NOT NULL, token text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL, grams integer[],
    CONSTRAINT match_key_pkey PRIMARY KEY (tenant_id, record_id, key_id, token)
)""",
    "CREATE INDEX match_key_token ON chassis.match_key (tenant_id, token, record_id)",
    # How far the keys of records that were there before a rule have been made.
    """
CREATE TABLE chassis.match_key_build (
    tenant_id integer NOT NULL, key_id text COLLATE "C" NOT NULL, object_name text COLLATE "C" NOT NULL,
    last_id text COLLATE "C" NOT NULL DEFAULT '', is_done boolean NOT NULL DEFAULT false,
    CONSTRAINT match_key_build_pkey PRIMARY KEY (tenant_id, key_id, object_name)
)""",
    # Records that were merged into others.
    """
CREATE TABLE chassis.merged_record (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, object_name text COLLATE "C" NOT NULL,
    master_id text COLLATE "C" NOT NULL, merged_at timestamptz NOT NULL, merged_by_id text COLLATE "C",
    CONSTRAINT merged_record_pkey PRIMARY KEY (tenant_id, id)
)""",
    "CREATE INDEX merged_record_master ON chassis.merged_record (tenant_id, master_id)",
    # The versions of approval processes with which records were submitted.
    """
CREATE TABLE chassis.approval_definition (
    tenant_id integer NOT NULL, digest text COLLATE "C" NOT NULL, body jsonb NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT approval_definition_pkey PRIMARY KEY (tenant_id, digest)
)""",
    # How far the schedules of a tenant's flows have come; the row without a flow says when to look again.
    """
CREATE TABLE chassis.flow_clock (
    tenant_id integer NOT NULL, flow text COLLATE "C" NOT NULL, since timestamptz NOT NULL,
    checked_until timestamptz NOT NULL, next_due timestamptz, metadata_version bigint,
    CONSTRAINT flow_clock_pkey PRIMARY KEY (tenant_id, flow)
)""",
    # Which record's date a flow has acted on: never twice on the same.
    """
CREATE TABLE chassis.flow_mark (
    tenant_id integer NOT NULL, flow text COLLATE "C" NOT NULL, record_id text COLLATE "C" NOT NULL,
    mark text COLLATE "C" NOT NULL, marked_at timestamptz NOT NULL,
    CONSTRAINT flow_mark_pkey PRIMARY KEY (tenant_id, flow, record_id, mark)
)""",
)
#: The tables above, each behind the wall of its tenant.
WALLED = (
    "chassis.match_key",
    "chassis.match_key_build",
    "chassis.merged_record",
    "chassis.approval_definition",
    "chassis.flow_clock",
    "chassis.flow_mark",
)
BOUND = "nullif(current_setting('app.tenant_id', true), '')::int"
#: Tenants with a clock for which something is due, or whose metadata changed while clocks run: their business hours may
#: have. RecordMilestone's table is made when the platform's package is published, later than this.
QUEUE_MILESTONE_JOBS = """
CREATE FUNCTION chassis.queue_milestone_jobs(job_kind text, job_id text, until timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    queued bigint;
BEGIN
    IF to_regclass('data.record_milestone') IS NULL OR NOT pg_try_advisory_xact_lock(1835822195) THEN
        RETURN 0;
    END IF;
    INSERT INTO chassis.job AS j (tenant_id, id, kind, lock_key)
    SELECT t.id, job_id, job_kind, job_kind
    FROM chassis.tenant t
    WHERE t.status = 'active' AND (
        EXISTS (SELECT FROM data.record_milestone m
                WHERE m.tenant_id = t.id AND m.next_check_time <= until AND NOT m.is_deleted)
        OR (EXISTS (SELECT FROM data.record_milestone m
                    WHERE m.tenant_id = t.id AND m.next_check_time IS NOT NULL AND NOT m.is_deleted)
            AND NOT EXISTS (SELECT FROM chassis.counter c
                            WHERE c.tenant_id = t.id AND c.name = 'milestones_at_metadata_version'
                              AND c.value = t.metadata_version)))
    ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'ready', attempts = 0, run_at = now() WHERE j.status = 'failed';
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END
$$
"""
#: Tenants with requests for approval that wait too long.
QUEUE_APPROVAL_JOBS = """
CREATE FUNCTION chassis.queue_approval_jobs(job_kind text, job_id text, until timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    queued bigint;
BEGIN
    IF to_regclass('data.process_instance_workitem') IS NULL OR NOT pg_try_advisory_xact_lock(1634758755) THEN
        RETURN 0;
    END IF;
    INSERT INTO chassis.job AS j (tenant_id, id, kind, lock_key)
    SELECT t.id, job_id, job_kind, job_kind
    FROM chassis.tenant t
    WHERE t.status = 'active' AND EXISTS (
        SELECT FROM data.process_instance_workitem w
        WHERE w.tenant_id = t.id AND w.next_check_date <= until AND NOT w.is_deleted)
    ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'ready', attempts = 0, run_at = now() WHERE j.status = 'failed';
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END
$$
"""
#: Row-level security, grants to the server's role, functions.
WALLS: tuple[str, ...] = (
    QUEUE_APPROVAL_JOBS,
    "REVOKE ALL ON FUNCTION chassis.queue_approval_jobs(text, text, timestamptz) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION chassis.queue_approval_jobs(text, text, timestamptz) TO chassis_server",
    # One job for each tenant whose flows' clocks are due, or whose definitions changed since they were looked at.
    """
CREATE FUNCTION chassis.queue_due_flows(kind text, job_id text, until timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    WITH queued AS (
        INSERT INTO chassis.job AS j (tenant_id, id, kind, lock_key)
        SELECT t.id, job_id, kind, kind
        FROM chassis.tenant t LEFT JOIN chassis.flow_clock c ON c.tenant_id = t.id AND c.flow = ''
        WHERE t.status = 'active'
          AND (c.metadata_version IS DISTINCT FROM t.metadata_version OR c.next_due <= until)
        ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'ready', attempts = 0, run_at = now()
        WHERE j.status = 'failed'
        RETURNING 1
    )
    SELECT count(*) FROM queued
$$
""",
    "REVOKE ALL ON FUNCTION chassis.queue_due_flows(text, text, timestamptz) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION chassis.queue_due_flows(text, text, timestamptz) TO chassis_server",
    QUEUE_MILESTONE_JOBS,
    "REVOKE ALL ON FUNCTION chassis.queue_milestone_jobs(text, text, timestamptz) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION chassis.queue_milestone_jobs(text, text, timestamptz) TO chassis_server",
)


def upgrade() -> None:
    for statement in (*TABLES, *WALLS):
        op.execute(statement)
    for table in WALLED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY isolation ON {table} USING (tenant_id = {BOUND}) WITH CHECK (tenant_id = {BOUND})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO chassis_server")


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
