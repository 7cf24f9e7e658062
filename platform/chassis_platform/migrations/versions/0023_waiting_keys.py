"""Keys that wait to enter their GIN index go there beside the work, not within it.

A GIN index keeps new keys in a list until that is full; whose key fills it waits until all have entered: half a second
for the records of 2,000 entries of the access log, and that is a reader.

Revision ID: 0023
"""

from __future__ import annotations

from chassis_platform.migrations.walled import execute

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

#: Indexes of tables that nothing changed in since autovacuum saw to them have no keys waiting. One call at a time.
ENTER_WAITING_KEYS = """
CREATE FUNCTION chassis.enter_waiting_keys() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(1785684597) THEN
        RETURN 0;
    END IF;
    RETURN (
        SELECT coalesce(sum(gin_clean_pending_list(i.oid)), 0) FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid AND i.relkind = 'i' JOIN pg_am m ON m.oid = i.relam AND m.amname = 'gin'
        WHERE i.relnamespace = to_regnamespace('data') AND x.indisvalid AND pg_stat_get_mod_since_analyze(x.indrelid) > 0
    );
END
$$
"""
#: As `tables.py` has it for tables that are made from now on.
ROOM = "ALTER INDEX IF EXISTS data.access_log__record_ids__gin SET (gin_pending_list_limit = 32768)"
FUNCTION = "chassis.enter_waiting_keys()"


def upgrade() -> None:
    execute(
        (
            ENTER_WAITING_KEYS,
            ROOM,
            f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO chassis_server",
        )
    )


def downgrade() -> None:
    raise NotImplementedError("The system tables hold tenants' data; restore a backup instead.")
