"""The journal: retention, holds, exports, alerts, evidence; and the journal of the platform's operators.

Revision ID: 0007
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: Tables and indexes in schema chassis; each of a tenant has tenant_id in its key.
TABLES: tuple[str, ...] = (
    # What every tenant keeps at least, by kind; the operator's. Kinds that are not there: six months.
    """
CREATE TABLE chassis.audit_floor (
    source text COLLATE "C" NOT NULL CONSTRAINT audit_floor_pkey PRIMARY KEY,
    months integer NOT NULL CONSTRAINT audit_floor_months CHECK (months >= 1)
)""",
    """
CREATE TABLE chassis.audit_retention (
    tenant_id integer NOT NULL, source text COLLATE "C" NOT NULL, months integer NOT NULL,
    CONSTRAINT audit_retention_pkey PRIMARY KEY (tenant_id, source)
)""",
    # A hold ends by a time in it, and stays to be seen.
    """
CREATE TABLE chassis.audit_hold (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, scope text NOT NULL, subject text COLLATE "C",
    reason text NOT NULL, placed_by text NOT NULL, placed_at timestamptz NOT NULL DEFAULT now(),
    released_by text, released_at timestamptz,
    CONSTRAINT audit_hold_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT audit_hold_scope CHECK (scope IN ('all', 'user', 'record') AND (scope = 'all') = (subject IS NULL))
)""",
    # The signed statements that entries of a kind, under seals up to one, were removed when their time was over.
    """
CREATE TABLE chassis.audit_pruned (
    tenant_id integer NOT NULL, source text COLLATE "C" NOT NULL, through_sequence bigint NOT NULL,
    statement text NOT NULL, signature bytea NOT NULL, key_id text COLLATE "C" NOT NULL,
    CONSTRAINT audit_pruned_pkey PRIMARY KEY (tenant_id, source, through_sequence)
)""",
    # Up to which seal alert rules have looked.
    """
CREATE TABLE chassis.audit_alert_mark (
    tenant_id integer NOT NULL CONSTRAINT audit_alert_mark_pkey PRIMARY KEY, sequence bigint NOT NULL
)""",
    # Where a tenant's journal is sent, and up to which seal and place in it that was done.
    """
CREATE TABLE chassis.audit_export (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, kind text NOT NULL, label text NOT NULL,
    target jsonb NOT NULL, secret bytea, is_active boolean NOT NULL DEFAULT true,
    sequence bigint NOT NULL DEFAULT 0, position bigint NOT NULL DEFAULT -1,
    sent bigint NOT NULL DEFAULT 0, last_sent_at timestamptz, last_error text,
    CONSTRAINT audit_export_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT audit_export_kind CHECK (kind IN ('syslog', 'storage'))
)""",
    # Evidence to be taken away: a zip in parts, made by a job.
    """
CREATE TABLE chassis.audit_archive (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, request jsonb NOT NULL, requested_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), status text NOT NULL DEFAULT 'queued',
    done bigint NOT NULL DEFAULT 0, total bigint, size bigint, digest text, error text,
    CONSTRAINT audit_archive_pkey PRIMARY KEY (tenant_id, id)
)""",
    """
CREATE TABLE chassis.audit_archive_part (
    tenant_id integer NOT NULL, archive_id text COLLATE "C" NOT NULL, number integer NOT NULL, content bytea NOT NULL,
    CONSTRAINT audit_archive_part_pkey PRIMARY KEY (tenant_id, archive_id, number)
)""",
    # What operators did: each line repeats the hash of the one before and is signed. No tenant owns it.
    """
CREATE TABLE chassis.operator_act (
    sequence bigint NOT NULL CONSTRAINT operator_act_pkey PRIMARY KEY,
    entry text NOT NULL, hash bytea NOT NULL, signature bytea NOT NULL, key_id text COLLATE "C" NOT NULL
)""",
    "COMMENT ON TABLE chassis.audit_pruned IS 'journal: entries are never changed or removed'",
    # Indexes that lead by whose entry it is and when take the place of these; they come with the package.
    """
DROP INDEX IF EXISTS data.access_log__user_id__idx, data.field_history__user_id__idx, data.login_history__user_id__idx,
    data.setup_audit_trail__user_id__idx, data.field_history__record_id__idx""",
)
#: The tables above, each behind the wall of its tenant.
WALLED: tuple[str, ...] = (
    "chassis.audit_retention",
    "chassis.audit_hold",
    "chassis.audit_alert_mark",
    "chassis.audit_export",
    "chassis.audit_archive",
    "chassis.audit_archive_part",
)

#: The one way by which an entry goes: its kind's period is over, which is never below the operator's floor; the seal
#: that covers it lies wholly before; a signed statement says so; no hold is on it. Whoever calls it decides nothing.
PRUNE = """
CREATE FUNCTION chassis.prune_journal(pruned_source text, most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    tenant integer := nullif(current_setting('app.tenant_id', true), '')::int;
    kept integer;
    through bigint;
    subject_columns text;
    removed bigint;
BEGIN
    IF pruned_source NOT IN ('access_log', 'field_history', 'login_history', 'setup_audit_trail') THEN
        RAISE EXCEPTION 'no journal: %', pruned_source;
    END IF;
    SELECT greatest(r.months, coalesce((SELECT f.months FROM chassis.audit_floor f WHERE f.source = pruned_source), 6))
        INTO kept FROM chassis.audit_retention r WHERE r.tenant_id = tenant AND r.source = pruned_source;
    IF kept IS NULL OR EXISTS (
        SELECT FROM chassis.audit_hold h WHERE h.tenant_id = tenant AND h.scope = 'all' AND h.released_at IS NULL
    ) THEN
        RETURN 0;
    END IF;
    SELECT least(coalesce(max(s.sequence), 0), (
            SELECT coalesce(max(p.through_sequence), 0) FROM chassis.audit_pruned p
            WHERE p.tenant_id = tenant AND p.source = pruned_source))
        INTO through FROM chassis.audit_seal s
        WHERE s.tenant_id = tenant AND s.covered_until < date_trunc('month', now()) - make_interval(months => kept);
    subject_columns := CASE pruned_source
        WHEN 'access_log' THEN 'e.record_ids @> ARRAY[h.subject]'
        WHEN 'field_history' THEN 'e.record_id = h.subject'
        WHEN 'setup_audit_trail' THEN 'e.target_name = h.subject'
        ELSE 'false' END;
    EXECUTE format($delete$
        DELETE FROM data.%1$I e USING (
            SELECT l.entry_id FROM chassis.audit_leaf l JOIN data.%1$I e ON e.tenant_id = l.tenant_id AND e.id = l.entry_id
            WHERE l.tenant_id = $1 AND l.source = %1$L AND l.sequence <= $2 AND NOT EXISTS (
                SELECT FROM chassis.audit_hold h WHERE h.tenant_id = $1 AND h.released_at IS NULL
                  AND (h.scope = 'user' AND h.subject IN (e.user_id, e.acting_user_id)
                       OR h.scope = 'record' AND %2$s))
            LIMIT $3
        ) o WHERE e.tenant_id = $1 AND e.id = o.entry_id
    $delete$, pruned_source, subject_columns) USING tenant, through, most;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$
"""

#: Tenants that have seals which their alert rules have not looked at, and exports that are behind.
QUEUE_ALERT_JOBS = """
CREATE FUNCTION chassis.queue_alert_jobs(job_kind text, job_id text, until timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    queued bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(1785684607) THEN
        RETURN 0;
    END IF;
    INSERT INTO chassis.job AS j (tenant_id, id, kind, lock_key)
    SELECT t.id, job_id, job_kind, job_kind
    FROM chassis.tenant t
    CROSS JOIN LATERAL (
        SELECT s.sequence FROM chassis.audit_seal s WHERE s.tenant_id = t.id ORDER BY s.sequence DESC LIMIT 1
    ) newest
    LEFT JOIN chassis.audit_alert_mark m ON m.tenant_id = t.id
    WHERE t.status = 'active' AND (newest.sequence > coalesce(m.sequence, 0) OR EXISTS (
        SELECT FROM chassis.audit_export x WHERE x.tenant_id = t.id AND x.is_active AND x.sequence < newest.sequence))
    ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'ready', attempts = 0, run_at = now() WHERE j.status = 'failed';
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END
$$
"""
FUNCTIONS = "chassis.prune_journal(text, integer), chassis.queue_alert_jobs(text, text, timestamptz)"
#: Functions and grants.
WALLS: tuple[str, ...] = (
    PRUNE,
    QUEUE_ALERT_JOBS,
    f"REVOKE ALL ON FUNCTION {FUNCTIONS} FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION {FUNCTIONS} TO chassis_server",
    "GRANT SELECT ON chassis.audit_floor, chassis.operator_act TO chassis_server",
)


def upgrade() -> None:
    execute((*TABLES, *WALLS))
    wall(*WALLED)
    wall("chassis.audit_pruned", rights="SELECT, INSERT")


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
