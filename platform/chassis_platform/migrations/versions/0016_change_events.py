"""Change events and webhooks.

Revision ID: 0016
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

#: What a change says is whose, which and when, and never a value. `written` is the order in which writes held the
#: records; a committed change is given its `position` in the tenant's stream when somebody reads: docs/decisions, on change events.
TABLES: tuple[str, ...] = (
    """
    CREATE TABLE chassis.change_event (
        tenant_id integer NOT NULL, written bigint GENERATED ALWAYS AS IDENTITY,
        position bigint, number integer, transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
        object_name text COLLATE "C" NOT NULL, change_type text COLLATE "C" NOT NULL
            CONSTRAINT change_event_type_check CHECK (change_type IN ('CREATE', 'UPDATE', 'DELETE', 'UNDELETE')),
        record_ids text[] NOT NULL, fields text[] NOT NULL,
        user_id text COLLATE "C", acting_user_id text COLLATE "C", origin text,
        changed_at timestamptz NOT NULL, written_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT change_event_pkey PRIMARY KEY (tenant_id, written)
    )
    """,
    """
    CREATE UNIQUE INDEX change_event_position ON chassis.change_event (tenant_id, position)
        WHERE position IS NOT NULL
    """,
    "CREATE INDEX change_event_unplaced ON chassis.change_event (tenant_id, written) WHERE position IS NULL",
    "CREATE INDEX change_event_transaction ON chassis.change_event (tenant_id, transaction, written)",
    """
    CREATE TABLE chassis.change_stream (
        tenant_id integer NOT NULL, last_position bigint NOT NULL DEFAULT 0, expired_position bigint NOT NULL DEFAULT 0,
        transaction_salt uuid NOT NULL DEFAULT gen_random_uuid(), watched_until timestamptz,
        CONSTRAINT change_stream_pkey PRIMARY KEY (tenant_id)
    )
    """,
    """
    CREATE TABLE chassis.webhook (
        tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, label text NOT NULL, url text NOT NULL,
        objects jsonb NOT NULL, declared text COLLATE "C", run_as_user_id text COLLATE "C" NOT NULL, batch_size integer NOT NULL,
        secret bytea NOT NULL, old_secret bytea, old_secret_until timestamptz,
        is_active boolean NOT NULL DEFAULT true, stopped_because text,
        position bigint NOT NULL DEFAULT 0, missed bigint NOT NULL DEFAULT 0,
        failures integer NOT NULL DEFAULT 0, failing_since timestamptz, last_failure_at timestamptz,
        resume_at timestamptz,
        last_success_at timestamptz, last_error text,
        created_at timestamptz NOT NULL DEFAULT now(), created_by_id text COLLATE "C",
        CONSTRAINT webhook_pkey PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE chassis.webhook_delivery (
        tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, webhook_id text COLLATE "C" NOT NULL,
        place bigint GENERATED ALWAYS AS IDENTITY,
        status text COLLATE "C" NOT NULL DEFAULT 'waiting' CONSTRAINT webhook_delivery_status_check
            CHECK (status IN ('waiting', 'delivered', 'dead')),
        changes jsonb NOT NULL, record_ids text[] NOT NULL, is_test boolean NOT NULL DEFAULT false,
        attempts integer NOT NULL DEFAULT 0, due_at timestamptz NOT NULL, give_up_at timestamptz,
        ended_at timestamptz, http_status integer, error text, answer bytea, milliseconds integer,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT webhook_delivery_pkey PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE INDEX webhook_delivery_waiting ON chassis.webhook_delivery (tenant_id, webhook_id, place)
        WHERE status = 'waiting'
    """,
    "CREATE INDEX webhook_delivery_newest ON chassis.webhook_delivery (tenant_id, webhook_id, place DESC)",
)
WALLED: tuple[str, ...] = (
    "chassis.change_event",
    "chassis.change_stream",
    "chassis.webhook",
    "chassis.webhook_delivery",
)

#: Gives up to `most` committed changes their positions, one reader at a time. Each statement sees what was committed
#: before it: whoever had the lock before is done, and whatever one of its changes waited for was given a lower one.
PUBLISH = """
CREATE FUNCTION chassis.publish_changes(most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog
AS $$
DECLARE
    tenant integer := nullif(current_setting('app.tenant_id', true), '')::int;
    before bigint;
    published bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM chassis.change_event e WHERE e.tenant_id = tenant AND e.position IS NULL) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(1785684619, tenant);
    INSERT INTO chassis.change_stream (tenant_id) VALUES (tenant) ON CONFLICT DO NOTHING;
    SELECT s.last_position INTO before FROM chassis.change_stream s WHERE s.tenant_id = tenant;
    UPDATE chassis.change_event e
    SET position = before + chosen.place,
        number = (SELECT count(*) FROM chassis.change_event o
                  WHERE o.tenant_id = tenant AND o.transaction = e.transaction AND o.written <= e.written)
    FROM (
        SELECT w.written, row_number() OVER (ORDER BY w.written) AS place FROM (
            SELECT u.written FROM chassis.change_event u WHERE u.tenant_id = tenant AND u.position IS NULL
            ORDER BY u.written LIMIT most
        ) w
    ) chosen
    WHERE e.tenant_id = tenant AND e.written = chosen.written;
    GET DIAGNOSTICS published = ROW_COUNT;
    UPDATE chassis.change_stream s SET last_position = before + published
    WHERE s.tenant_id = tenant AND published > 0;
    RETURN published;
END
$$
"""

#: Removes what was written before a moment, of the oldest so many. What nobody has read yet takes one position with it:
#: whoever stands before that one has missed something, and is told so.
EXPIRE = """
CREATE FUNCTION chassis.expire_changes(before timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog
AS $$
DECLARE
    tenant integer := nullif(current_setting('app.tenant_id', true), '')::int;
    removed bigint;
    placed bigint;
    unplaced bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1785684619, tenant);
    WITH oldest AS (
        SELECT e.written, e.written_at FROM chassis.change_event e WHERE e.tenant_id = tenant ORDER BY e.written LIMIT most
    ), gone AS (
        DELETE FROM chassis.change_event e USING oldest o
        WHERE e.tenant_id = tenant AND e.written = o.written AND o.written_at < before RETURNING e.position
    )
    SELECT count(*), max(g.position), count(*) FILTER (WHERE g.position IS NULL) INTO removed, placed, unplaced
    FROM gone g;
    IF unplaced > 0 THEN
        INSERT INTO chassis.change_stream AS s (tenant_id, last_position, expired_position) VALUES (tenant, 1, 1)
        ON CONFLICT (tenant_id) DO UPDATE
        SET last_position = s.last_position + 1, expired_position = s.last_position + 1;
    ELSIF placed IS NOT NULL THEN
        UPDATE chassis.change_stream s SET expired_position = greatest(s.expired_position, placed)
        WHERE s.tenant_id = tenant;
    END IF;
    RETURN removed;
END
$$
"""

#: A job for each webhook that has something to send by now, in every tenant.
QUEUE = """
CREATE FUNCTION chassis.queue_webhook_jobs(job_kind text, most_waiting integer, until timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    queued bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(1785684620) THEN
        RETURN 0;
    END IF;
    INSERT INTO chassis.job AS j (tenant_id, id, kind, payload, lock_key)
    SELECT w.tenant_id, '0Jb' || substr(md5('webhook ' || w.id), 1, 15), job_kind,
           jsonb_build_object('webhook', w.id), 'webhook ' || w.id
    FROM chassis.webhook w JOIN chassis.tenant t ON t.id = w.tenant_id AND t.status = 'active'
    WHERE w.is_active AND coalesce(w.resume_at <= until, true) AND (
        (EXISTS (SELECT FROM chassis.change_event e WHERE e.tenant_id = w.tenant_id AND e.position IS NULL)
         OR EXISTS (SELECT FROM chassis.change_event e WHERE e.tenant_id = w.tenant_id AND e.position > w.position))
        AND (SELECT count(*) FROM chassis.webhook_delivery d WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id
             AND d.status = 'waiting') < most_waiting
        OR EXISTS (SELECT FROM chassis.webhook_delivery d WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id
                   AND d.status = 'waiting' AND d.due_at <= until))
    ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'ready', attempts = 0, run_at = now() WHERE j.status = 'failed';
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END
$$
"""
FUNCTIONS = (
    "chassis.publish_changes(integer)",
    "chassis.expire_changes(timestamptz, integer)",
    "chassis.queue_webhook_jobs(text, integer, timestamptz)",
)
GRANTS = tuple(
    text
    for each in FUNCTIONS
    for text in (
        f"REVOKE ALL ON FUNCTION {each} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {each} TO chassis_server",
    )
)


def upgrade() -> None:
    execute((*TABLES, PUBLISH, EXPIRE, QUEUE, *GRANTS))
    wall(*WALLED)


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
