"""The person behind the record: what is handed over, erased, and emptied when its time is over.

Revision ID: 0009
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

#: Tables and indexes in schema chassis; each has tenant_id in its key.
TABLES: tuple[str, ...] = (
    # What was asked for a person's sake, who asked and who agreed, and what came of it. Nobody agrees to an own erasure.
    """
CREATE TABLE chassis.privacy_act (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, kind text NOT NULL,
    subjects text[] COLLATE "C" NOT NULL DEFAULT '{}', request_id text COLLATE "C", reason text, language text,
    requested_by text COLLATE "C", requested_at timestamptz NOT NULL,
    decided_by text COLLATE "C", decided_at timestamptz, ended_at timestamptz,
    status text NOT NULL, result jsonb, size bigint, digest text,
    CONSTRAINT privacy_act_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT privacy_act_kind CHECK (kind IN ('export', 'erasure', 'retention')),
    CONSTRAINT privacy_act_status
        CHECK (status IN ('waiting', 'queued', 'running', 'done', 'refused', 'failed', 'expired')),
    CONSTRAINT privacy_act_four_eyes CHECK (
        kind <> 'erasure' OR status IN ('waiting', 'refused')
        OR (decided_by IS NOT NULL AND requested_by IS NOT NULL AND decided_by <> requested_by))
)""",
    "CREATE INDEX privacy_act_newest ON chassis.privacy_act (tenant_id, requested_at DESC, id DESC)",
    "CREATE INDEX privacy_act_subjects ON chassis.privacy_act USING gin (subjects)",
    # A person's data to be handed over: a zip in parts, made by a job.
    """
CREATE TABLE chassis.privacy_part (
    tenant_id integer NOT NULL, act_id text COLLATE "C" NOT NULL, number integer NOT NULL, content bytea NOT NULL,
    CONSTRAINT privacy_part_pkey PRIMARY KEY (tenant_id, act_id, number)
)""",
    # Signed statements that values in sealed entries were emptied, with the hashes that the entries have since.
    """
CREATE TABLE chassis.audit_redacted (
    tenant_id integer NOT NULL, id text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL,
    statement text NOT NULL, signature bytea NOT NULL, key_id text COLLATE "C" NOT NULL,
    CONSTRAINT audit_redacted_pkey PRIMARY KEY (tenant_id, id)
)""",
)
#: The tables above, each behind the wall of its tenant.
WALLED: tuple[str, ...] = ("chassis.privacy_act", "chassis.privacy_part")
#: The one way by which values in the field history go: an act that runs, agreed to by somebody else where it is an
#: erasure; never those of a record that is held. Entries stay, and say who changed which field when.
REDACT = """
CREATE FUNCTION chassis.redact_history(act_id text, places jsonb) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    tenant integer := nullif(current_setting('app.tenant_id', true), '')::int;
BEGIN
    IF NOT EXISTS (SELECT FROM chassis.privacy_act a WHERE a.tenant_id = tenant AND a.id = act_id
                   AND a.kind IN ('erasure', 'retention') AND a.status = 'running') THEN
        RAISE EXCEPTION 'no act that runs: %', act_id;
    END IF;
    RETURN QUERY
    UPDATE data.field_history h SET old_value = NULL, new_value = NULL
    FROM jsonb_to_recordset(places) AS p (ids text[], fields text[])
    WHERE h.tenant_id = tenant AND h.record_id = ANY (p.ids) AND (p.fields IS NULL OR h.field_name = ANY (p.fields))
      AND (h.old_value IS NOT NULL OR h.new_value IS NOT NULL)
      AND NOT EXISTS (SELECT FROM chassis.audit_hold o WHERE o.tenant_id = tenant AND o.released_at IS NULL
                      AND (o.scope = 'all' OR o.scope = 'record' AND o.subject = h.record_id))
    RETURNING h.id::text;
END
$$
"""
#: Functions and grants.
WALLS: tuple[str, ...] = (
    REDACT,
    "REVOKE ALL ON FUNCTION chassis.redact_history(text, jsonb) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION chassis.redact_history(text, jsonb) TO chassis_server",
)


def upgrade() -> None:
    execute((*TABLES, *WALLS))
    wall(*WALLED)
    wall("chassis.audit_redacted", rights="SELECT, INSERT")


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
