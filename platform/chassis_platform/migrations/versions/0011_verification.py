"""Checks of persons' identity are counted; where a tenant's data has to stay; what a token of the door is about.

Revision ID: 0011
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

#: Tables and columns in schema chassis; each table has tenant_id in its key.
TABLES: tuple[str, ...] = (
    # What was tried of a person: how often in all, how often in vain since it last succeeded.
    """
CREATE TABLE chassis.identity_attempt (
    tenant_id integer NOT NULL, check_name text COLLATE "C" NOT NULL, person_id text COLLATE "C" NOT NULL,
    tried integer NOT NULL DEFAULT 0, failed integer NOT NULL DEFAULT 0, last_at timestamptz NOT NULL,
    paused_until timestamptz,
    CONSTRAINT identity_attempt_pkey PRIMARY KEY (tenant_id, check_name, person_id)
)""",
    "ALTER TABLE chassis.tenant ADD COLUMN region text",
    "ALTER TABLE chassis.door_token ADD COLUMN detail jsonb",
)
#: The tables above, each behind the wall of its tenant.
WALLED: tuple[str, ...] = ("chassis.identity_attempt",)
#: As in 0002; a worker that says where it is takes no jobs of tenants whose data have to stay elsewhere.
CLAIM_JOBS = """
CREATE FUNCTION chassis.claim_jobs(most integer, lease_seconds integer, own_region text DEFAULT NULL)
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
        WHERE EXISTS (SELECT FROM chassis.tenant t WHERE t.id = w.tenant_id AND t.status = 'active'
                        AND (own_region IS NULL OR t.region IS NULL OR t.region = own_region))
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
#: Functions and grants.
WALLS: tuple[str, ...] = (
    "DROP FUNCTION chassis.claim_jobs(integer, integer)",
    CLAIM_JOBS,
    "REVOKE ALL ON FUNCTION chassis.claim_jobs(integer, integer, text) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION chassis.claim_jobs(integer, integer, text) TO chassis_server",
)


def upgrade() -> None:
    execute((*TABLES, *WALLS))
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
