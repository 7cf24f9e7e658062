"""Statements that a write carries besides its records: pivot rows, field history, setup audit trail, sign-in names."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.sql.rows import kept, unfolded
from chassis_platform.sql.write import ACTOR, STAMP, TENANT
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import base_table

#: The index of custom fields. A row has one of the three values, and `unique_value` where no other may have the same.
KEEP_INDEX_ROWS = Statement(
    "INSERT INTO data.custom_index (tenant_id, object_name, field_name, record_id, text_value, number_value, time_value,"
    " unique_value) SELECT %(tenant)s, %(object_name)s, r.field_name, r.record_id, r.text_value, r.number_value,"
    " r.time_value, r.unique_value FROM json_to_recordset(%(rows)s::json) AS r (field_name text, record_id text,"
    " text_value text, number_value float8, time_value timestamptz, unique_value text)"
    " ON CONFLICT (tenant_id, object_name, field_name, record_id) DO UPDATE SET text_value = excluded.text_value,"
    " number_value = excluded.number_value, time_value = excluded.time_value, unique_value = excluded.unique_value"
)
DROP_INDEX_ROWS = Statement(
    "DELETE FROM data.custom_index i USING json_to_recordset(%(rows)s::json) AS r (field_name text, record_id text)"
    " WHERE i.tenant_id = %(tenant)s AND i.object_name = %(object_name)s AND i.field_name = r.field_name"
    " AND i.record_id = r.record_id"
)
#: Deleted records give their unique values free.
RELEASE_UNIQUE_VALUES = Statement(
    "UPDATE data.custom_index SET unique_value = NULL WHERE tenant_id = %(tenant)s AND object_name = %(object_name)s"
    " AND field_name = ANY (%(field_names)s) AND record_id = ANY (%(ids)s)"
)
ERASE_INDEX_ROWS = Statement(
    "DELETE FROM data.custom_index WHERE tenant_id = %(tenant)s AND object_name = %(object_name)s"
    " AND field_name = ANY (%(field_names)s) AND record_id = ANY (%(ids)s)"
)

INSERT_LOGIN_NAMES = Statement(
    "INSERT INTO chassis.login_name (username, tenant_id, user_id)"
    " SELECT r.username, %(tenant)s, r.user_id FROM json_to_recordset(%(rows)s::json) AS r (username text, user_id text)"
)
UPDATE_LOGIN_NAMES = Statement(
    "UPDATE chassis.login_name l SET username = r.username"
    " FROM json_to_recordset(%(rows)s::json) AS r (username text, user_id text)"
    " WHERE l.tenant_id = %(tenant)s AND l.user_id = r.user_id"
)
END_SESSIONS = Statement(
    "UPDATE chassis.session SET revoked_at = %(stamp)s WHERE tenant_id = %(tenant)s AND user_id = ANY (%(ids)s)"
    " AND revoked_at IS NULL"
)
#: What a user may do may have changed: every cached access policy of the tenant is compiled anew.
CHANGE_ACCESS = Statement("UPDATE chassis.tenant SET access_version = access_version + 1 WHERE id = %(tenant)s")

HISTORY_COLUMNS = ("id", "object_name", "record_id", "field_name", "old_value", "new_value")
AUDIT_COLUMNS = ("id", "username", "action", "section", "target_name", "display", "old_value", "new_value", "source_ip")


def insert_history(snapshot: Snapshot) -> Statement:
    """Rows of the field history, by one user."""
    return _insert_journal(snapshot.objects["FieldHistory"], HISTORY_COLUMNS)


def insert_audit(snapshot: Snapshot) -> Statement:
    """Rows of the setup audit trail, by one user."""
    return _insert_journal(snapshot.objects["SetupAuditTrail"], AUDIT_COLUMNS)


def _insert_journal(obj: Object, columns: Sequence[str]) -> Statement:
    def make() -> Statement:
        table = base_table(obj)
        rows = unfolded({column: table.c[column].type for column in columns})
        values: dict[str, sa.ColumnElement[object]] = {column: rows.c[column] for column in columns}
        values |= {"name": rows.c.id, "tenant_id": TENANT}
        values |= dict.fromkeys(("user_id", "created_by_id", "last_modified_by_id"), ACTOR)
        values |= dict.fromkeys(("created_date", "last_modified_date", "system_modstamp"), STAMP)
        return compile_statement(sa.insert(table).from_select(list(values), sa.select(*values.values())))

    return kept(obj, ("journal", tuple(columns)), make)
