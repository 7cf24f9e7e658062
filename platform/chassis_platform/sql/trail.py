"""Statements that a write carries besides its records: field history, setup audit trail, sign-in names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.sql.rows import folded, kept, unfolded_in_order
from chassis_platform.sql.write import ACTOR, STAMP, TENANT
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import base_table

INSERT_LOGIN_NAMES = Statement(
    "INSERT INTO chassis.login_name (username, tenant_id, user_id) SELECT r.username, %(tenant)s, r.user_id"
    " FROM json_to_recordset(%(rows)s::json) AS r (username text, user_id text)"
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

#: Who really acts, where somebody signed in as the user.
ACTING = "acting_user_id"
HISTORY_COLUMNS = ("id", "object_name", "record_id", "field_name", "old_value", "new_value")
AUDIT_COLUMNS = ("id", "username", "action", "section", "target_name", "display", "old_value", "new_value", "source_ip")


#: A row of a journal, by column.
Entry = Mapping[str, Any]


def insert_history(snapshot: Snapshot, entries: Iterable[Entry]) -> Statement:
    """Insert rows of the field history, by one user."""
    return _insert_journal(snapshot.objects["FieldHistory"], HISTORY_COLUMNS, entries)


def insert_audit(snapshot: Snapshot, entries: Iterable[Entry]) -> Statement:
    """Insert rows of the setup audit trail, by one user."""
    return _insert_journal(snapshot.objects["SetupAuditTrail"], AUDIT_COLUMNS, entries)


def _insert_journal(obj: Object, columns: Sequence[str], entries: Iterable[Entry]) -> Statement:
    known = [column for column in (*columns, ACTING) if column in base_table(obj).c]  # an older version has it not

    def make() -> Statement:
        table = base_table(obj)
        rows = unfolded_in_order({column: table.c[column].type for column in known})
        values: dict[str, sa.ColumnElement[Any]] = {column: rows.c[column] for column in known}
        values |= {"name": rows.c.id, "tenant_id": TENANT}
        values |= dict.fromkeys(("user_id", "created_by_id", "last_modified_by_id"), ACTOR)
        values |= dict.fromkeys(("created_date", "last_modified_date", "system_modstamp"), STAMP)
        return compile_statement(sa.insert(table).from_select(list(values), sa.select(*values.values())))

    rows = folded([entry.get(column) for column in known] for entry in entries)
    return kept(obj, ("journal", tuple(columns)), make).bind(rows=rows)
