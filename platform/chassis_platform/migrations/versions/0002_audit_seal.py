"""The seals of the journal, and a queue that is fair however long it gets and knows what is due.

Revision ID: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BOUND = "nullif(current_setting('app.tenant_id', true), '')::int"
JOURNAL_COMMENT = "journal: entries are never changed or removed"
SEALS = ("chassis.audit_seal", "chassis.audit_leaf")

#: A seal covers what its tenant's journal got up to `covered_until`; a leaf says which seal holds an entry, and how.
TABLES = (
    """
CREATE TABLE chassis.audit_seal (
    tenant_id integer NOT NULL, sequence bigint NOT NULL,
    sealed_at timestamptz NOT NULL, covered_until timestamptz NOT NULL, entry_count bigint NOT NULL,
    root bytea NOT NULL, previous bytea NOT NULL, signature bytea NOT NULL, key_id text COLLATE "C" NOT NULL,
    CONSTRAINT audit_seal_pkey PRIMARY KEY (tenant_id, sequence)
)""",
    """
CREATE TABLE chassis.audit_leaf (
    tenant_id integer NOT NULL, source text COLLATE "C" NOT NULL, entry_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL, position bigint NOT NULL, hash bytea NOT NULL,
    CONSTRAINT audit_leaf_pkey PRIMARY KEY (tenant_id, source, entry_id)
)""",
    "CREATE INDEX audit_leaf_place ON chassis.audit_leaf (tenant_id, sequence, position)",
    # When each periodic job was queued last; no tenant owns it, and the server has no right on it.
    """
CREATE TABLE chassis.schedule (
    job_id text COLLATE "C" NOT NULL CONSTRAINT schedule_pkey PRIMARY KEY, period bigint NOT NULL
)""",
    # The queue of each tenant's lock keys: the road past a tenant that queued ten thousand jobs.
    """
CREATE INDEX job_chain ON chassis.job (tenant_id, (coalesce(lock_key, '')), run_at, id) WHERE status = 'ready'
""",
)

#: As in 0001, and fair beyond the 400 oldest jobs: when more wait, a claim also looks at the heads of 100 chains, from
#: a random tenant on. A chain is what a tenant queued under one lock key, or none. Who has jobs running comes last, and
#: chance decides among the rest: whose jobs are the oldest would always be whose queue is the longest.
CLAIM_JOBS = """
CREATE OR REPLACE FUNCTION chassis.claim_jobs(most integer, lease_seconds integer)
RETURNS TABLE (tenant_id integer, id text, kind text, payload jsonb, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT pg_advisory_xact_lock(1785684595);
    UPDATE chassis.job j SET status = 'ready', lease_until = NULL
    WHERE j.status = 'running' AND j.lease_until < now();
    WITH RECURSIVE oldest AS MATERIALIZED (
        SELECT j.tenant_id, j.id, j.lock_key, j.run_at FROM chassis.job j
        WHERE j.status = 'ready' AND j.run_at <= now()
        ORDER BY j.run_at, j.id LIMIT 400
    ), start AS MATERIALIZED (
        SELECT floor(random() * (SELECT max(t.id) FROM chassis.tenant t))::integer AS tenant_id
        WHERE (SELECT count(*) FROM oldest) = 400
    ), chain AS (
        SELECT s.tenant_id, ''::text COLLATE "C" AS chain, 0 AS place, false AS wrapped FROM start s
        UNION ALL
        SELECT n.tenant_id, n.chain, c.place + 1, n.wrapped
        FROM chain c CROSS JOIN LATERAL (
            (SELECT j.tenant_id, coalesce(j.lock_key, '') AS chain, c.wrapped FROM chassis.job j
             WHERE j.status = 'ready' AND (j.tenant_id, coalesce(j.lock_key, '')) > (c.tenant_id, c.chain)
             ORDER BY j.tenant_id, coalesce(j.lock_key, '') LIMIT 1)
            UNION ALL
            (SELECT 0, '', true WHERE NOT c.wrapped)
            LIMIT 1
        ) n
        WHERE c.place < 100
    ), waiting AS (
        SELECT o.tenant_id, o.id, o.lock_key, o.run_at FROM oldest o
        UNION
        SELECT j.tenant_id, j.id, j.lock_key, j.run_at
        FROM chain c CROSS JOIN LATERAL (
            SELECT j.tenant_id, j.id, j.lock_key, j.run_at FROM chassis.job j
            WHERE j.status = 'ready' AND j.tenant_id = c.tenant_id AND coalesce(j.lock_key, '') = c.chain
              AND j.run_at <= now()
            ORDER BY j.run_at, j.id LIMIT CASE c.chain WHEN '' THEN least(most, 20) ELSE 1 END
        ) j
    ), ready AS (
        SELECT w.tenant_id, w.id, w.run_at,
               row_number() OVER (PARTITION BY w.tenant_id, coalesce(w.lock_key, w.id) ORDER BY w.run_at, w.id) AS place
        FROM waiting w
        WHERE (SELECT t.status FROM chassis.tenant t WHERE t.id = w.tenant_id) = 'active'
          AND (w.lock_key IS NULL OR NOT EXISTS (
              SELECT FROM chassis.job r
              WHERE r.tenant_id = w.tenant_id AND r.lock_key = w.lock_key AND r.status = 'running'))
    ), busy AS MATERIALIZED (
        SELECT j.tenant_id, count(*) AS jobs FROM chassis.job j WHERE j.status = 'running' GROUP BY j.tenant_id
    ), turns AS (
        SELECT r.tenant_id, r.id, r.run_at,
               coalesce(b.jobs, 0) + row_number() OVER (PARTITION BY r.tenant_id ORDER BY r.run_at, r.id) AS turn
        FROM ready r LEFT JOIN busy b ON b.tenant_id = r.tenant_id WHERE r.place = 1
    ), chosen AS (
        SELECT j.tenant_id, j.id FROM chassis.job j JOIN turns r ON r.tenant_id = j.tenant_id AND r.id = j.id
        WHERE j.status = 'ready'
        ORDER BY r.turn, random() LIMIT most FOR UPDATE OF j SKIP LOCKED
    )
    UPDATE chassis.job j
    SET status = 'running', attempts = j.attempts + 1, lease_until = now() + make_interval(secs => lease_seconds)
    FROM chosen c WHERE j.tenant_id = c.tenant_id AND j.id = c.id
    RETURNING j.tenant_id, j.id, j.kind, j.payload, j.attempts
$$
"""

#: One job a tenant under the same id, so that no tenant has two; the first worker of a period queues for all. Spread
#: over the period by tenant. A job that failed for good is tried again: what is periodic never stops.
QUEUE_PERIODIC_JOBS = """
CREATE FUNCTION chassis.queue_periodic_jobs(
    periodic_kind text, periodic_id text, periodic_payload jsonb, periodic_key text, period_seconds integer)
RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    WITH begun AS (
        INSERT INTO chassis.schedule AS s (job_id, period)
        VALUES (periodic_id, floor(extract(epoch FROM now()) / period_seconds)::bigint)
        ON CONFLICT (job_id) DO UPDATE SET period = excluded.period WHERE s.period < excluded.period
        RETURNING s.period
    ), queued AS (
        INSERT INTO chassis.job AS j (tenant_id, id, kind, payload, lock_key, run_at)
        SELECT t.id, periodic_id, periodic_kind, periodic_payload, periodic_key,
               to_timestamp((b.period + (t.id::bigint * 2654435761 % 4294967296) / 4294967296.0) * period_seconds)
        FROM begun b CROSS JOIN chassis.tenant t WHERE t.status = 'active'
        ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'ready', attempts = 0, run_at = excluded.run_at
        WHERE j.status = 'failed'
        RETURNING 1
    )
    SELECT count(*) FROM queued
$$
"""

#: Tenants whose journal has entries younger than their newest seal. The journal's tables are made when the platform's
#: package is published, later than this: so plpgsql, which looks for them when it is called.
QUEUE_SEAL_JOBS = """
CREATE FUNCTION chassis.queue_seal_jobs(job_id text, settle_seconds double precision) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    until timestamptz := now() - make_interval(secs => settle_seconds);
    queued bigint;
BEGIN
    IF to_regclass('data.access_log') IS NULL OR NOT pg_try_advisory_xact_lock(1785684596) THEN
        RETURN 0;
    END IF;
    INSERT INTO chassis.job AS j (tenant_id, id, kind, lock_key)
    SELECT t.id, job_id, 'seal_journal', 'seal_journal'
    FROM chassis.tenant t
    LEFT JOIN LATERAL (
        SELECT s.covered_until FROM chassis.audit_seal s WHERE s.tenant_id = t.id ORDER BY s.sequence DESC LIMIT 1
    ) s ON true
    CROSS JOIN LATERAL (SELECT coalesce(s.covered_until, '-infinity') AS since) o
    WHERE t.status = 'active' AND (
        EXISTS (SELECT FROM data.access_log e
                WHERE e.tenant_id = t.id AND e.created_date > o.since AND e.created_date <= until)
        OR EXISTS (SELECT FROM data.field_history e
                   WHERE e.tenant_id = t.id AND e.created_date > o.since AND e.created_date <= until)
        OR EXISTS (SELECT FROM data.login_history e
                   WHERE e.tenant_id = t.id AND e.created_date > o.since AND e.created_date <= until)
        OR EXISTS (SELECT FROM data.setup_audit_trail e
                   WHERE e.tenant_id = t.id AND e.created_date > o.since AND e.created_date <= until))
    ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'ready', attempts = 0, run_at = now() WHERE j.status = 'failed';
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END
$$
"""

FUNCTIONS = (
    "chassis.queue_periodic_jobs(text, text, jsonb, text, integer), chassis.queue_seal_jobs(text, double precision)"
)


def upgrade() -> None:
    for statement in (*TABLES, CLAIM_JOBS, QUEUE_PERIODIC_JOBS, QUEUE_SEAL_JOBS):
        op.execute(statement)
    for table in SEALS:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY isolation ON {table} USING (tenant_id = {BOUND}) WITH CHECK (tenant_id = {BOUND})")
        op.execute(f"COMMENT ON TABLE {table} IS '{JOURNAL_COMMENT}'")
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(SEALS)} TO chassis_server")
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTIONS} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTIONS} TO chassis_server")


def downgrade() -> None:
    raise NotImplementedError("Seals are not thrown away. Drop the database instead.")
