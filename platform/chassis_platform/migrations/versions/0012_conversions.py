"""Fields whose stored values are being encrypted, or laid in clear again.

Revision ID: 0012
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute, wall

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: A table in schema chassis, with tenant_id in its key.
TABLES: tuple[str, ...] = (
    # Until it is finished, the field holds values of both kinds. `was_indexed`: those of before stand in an index.
    """
CREATE TABLE chassis.field_conversion (
    tenant_id integer NOT NULL, field text COLLATE "C" NOT NULL, seals boolean NOT NULL, was_indexed boolean NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz, last_id text COLLATE "C",
    total bigint, done bigint NOT NULL DEFAULT 0, emptied bigint NOT NULL DEFAULT 0,
    CONSTRAINT field_conversion_pkey PRIMARY KEY (tenant_id, field)
)""",
)
#: The values of a field that is being encrypted go out of the history: a page of entries behind `after`, in the order of
#: their ids. Entries stay, and say who changed the field when; those of a record that is held keep their values.
EMPTY = """
CREATE FUNCTION chassis.empty_converted_history(converted text, after text, most integer) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    tenant integer := nullif(current_setting('app.tenant_id', true), '')::int;
BEGIN
    IF NOT EXISTS (SELECT FROM chassis.field_conversion c WHERE c.tenant_id = tenant AND c.field = converted
                   AND c.seals AND c.finished_at IS NULL) THEN
        RAISE EXCEPTION 'no field that is being encrypted: %', converted;
    END IF;
    RETURN QUERY
    UPDATE data.field_history h SET old_value = NULL, new_value = NULL
    FROM (
        SELECT e.id FROM data.field_history e
        WHERE e.tenant_id = tenant AND e.id > after AND e.object_name = split_part(converted, '.', 1)
          AND e.field_name = split_part(converted, '.', 2) AND (e.old_value IS NOT NULL OR e.new_value IS NOT NULL)
          AND NOT EXISTS (SELECT FROM chassis.audit_hold o WHERE o.tenant_id = tenant AND o.released_at IS NULL
                          AND (o.scope = 'all' OR o.scope = 'record' AND o.subject = e.record_id))
        ORDER BY e.id LIMIT most
    ) page
    WHERE h.tenant_id = tenant AND h.id = page.id
    RETURNING h.id::text;
END
$$
"""
#: Functions and grants.
WALLS: tuple[str, ...] = (
    EMPTY,
    "REVOKE ALL ON FUNCTION chassis.empty_converted_history(text, text, integer) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION chassis.empty_converted_history(text, text, integer) TO chassis_server",
)


def upgrade() -> None:
    execute((*TABLES, *WALLS))
    wall("chassis.field_conversion")


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
