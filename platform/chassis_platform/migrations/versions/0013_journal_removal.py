"""Removal of entries whose time is over costs what it removes, however many were removed before.

Revision ID: 0013
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

#: As in 0007, but going by the entries' own time: leaves stay when entries go, and were walked again each night. An
#: entry is never younger than the end of the seal that covers it, so those up to that time are all there are.
PRUNE = """
CREATE OR REPLACE FUNCTION chassis.prune_journal(pruned_source text, most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog SET enable_seqscan = off
AS $$
DECLARE
    tenant integer := nullif(current_setting('app.tenant_id', true), '')::int;
    kept integer;
    through bigint;
    until timestamptz;
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
    SELECT s.sequence, s.covered_until INTO through, until FROM chassis.audit_seal s
        WHERE s.tenant_id = tenant AND s.covered_until < date_trunc('month', now()) - make_interval(months => kept)
          AND s.sequence <= (SELECT max(p.through_sequence) FROM chassis.audit_pruned p
                             WHERE p.tenant_id = tenant AND p.source = pruned_source)
        ORDER BY s.sequence DESC LIMIT 1;
    IF through IS NULL THEN
        RETURN 0;
    END IF;
    subject_columns := CASE pruned_source
        WHEN 'access_log' THEN 'e.record_ids @> ARRAY[h.subject]'
        WHEN 'field_history' THEN 'e.record_id = h.subject'
        WHEN 'setup_audit_trail' THEN 'e.target_name = h.subject'
        ELSE 'false' END;
    EXECUTE format($delete$
        DELETE FROM data.%1$I e USING (
            SELECT e.id FROM data.%1$I e
            WHERE e.tenant_id = $1 AND e.created_date <= $4
              AND (SELECT l.sequence FROM chassis.audit_leaf l
                   WHERE l.tenant_id = $1 AND l.source = %1$L AND l.entry_id = e.id) <= $2
              AND NOT EXISTS (
                SELECT FROM chassis.audit_hold h WHERE h.tenant_id = $1 AND h.released_at IS NULL
                  AND (h.scope = 'user' AND h.subject IN (e.user_id, e.acting_user_id)
                       OR h.scope = 'record' AND %2$s))
            ORDER BY e.created_date, e.id LIMIT $3
        ) o WHERE e.tenant_id = $1 AND e.id = o.id
    $delete$, pruned_source, subject_columns) USING tenant, through, most, until;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$
"""


def upgrade() -> None:
    execute((PRUNE,))


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
