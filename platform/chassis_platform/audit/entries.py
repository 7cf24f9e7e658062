"""The journal's entries in the one form that is hashed: canonical JSON, the same whatever the session's settings.

An entry is every stored column but those that PostgreSQL computes, nulls left out. So a later package version may add
columns to a journal (they are null in old entries) and widen numerics; it may not add one with a default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chassis_tenants.statement import Statement
from chassis_tenants.storage import DATA_SCHEMA
from chassis_tenants.tables import quoted

#: The tables of the platform's package that are sealed.
SOURCES = ("access_log", "field_history", "login_history", "setup_audit_trail")

COLUMNS = Statement(
    "SELECT c.relname, a.attname, format_type(a.atttypid, NULL)"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = %(schema)s AND c.relname = ANY (%(sources)s) AND c.relkind IN ('r', 'p')"
    " AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
    ' ORDER BY c.relname COLLATE "C", a.attname COLLATE "C"',
    {"schema": DATA_SCHEMA, "sources": list(SOURCES)},
)

#: How a value is written where PostgreSQL's own JSON depends on the session or on the column's scale.
_WRITTEN = {
    "timestamp with time zone": """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "numeric": "trim_scale({0})::text",
    "jsonb": "{0}::text",
}


def columns_of_sources(rows: list[tuple[Any, ...]]) -> dict[str, dict[str, str]]:
    """Rows of COLUMNS as source -> column -> type; a source whose table is not made yet is not in it."""
    found: dict[str, dict[str, str]] = {}
    for source, column, kind in rows:
        found.setdefault(source, {})[column] = kind
    return found


def entry_text(columns: Mapping[str, str]) -> str:
    """The SQL expression for a row `e` of a source as JSON text."""
    written = ", ".join(
        f"{_WRITTEN.get(kind, '{0}').format('e.' + quoted(column))} AS {quoted(column)}"
        for column, kind in sorted(columns.items())
    )
    return f"(SELECT row_to_json(r)::text FROM (SELECT {written}) r)"  # noqa: S608  names from the catalog


#: What a row `e` mostly says more than once, written once; to be joined to it where `leaf_text` is used.
REPEATED = (
    "CROSS JOIN LATERAL (SELECT to_json(e.id)::text AS id, to_json(e.user_id)::text AS user_id,"
    f" {_WRITTEN['timestamp with time zone'].format('e.created_date')} AS created_date OFFSET 0) q"
)
_SAME = {
    "name": "id",
    "created_by_id": "user_id",
    "last_modified_by_id": "user_id",
    "last_modified_date": "created_date",
    "system_modstamp": "created_date",
}
#: Kinds whose text needs no escaping, between these quotes.
_PLAIN = {"timestamp with time zone": '"', "numeric": '"', "integer": "", "bigint": "", "boolean": ""}


def leaf_text(source: str, columns: Mapping[str, str]) -> str:
    """The SQL expression for the leaf hash of a row `e`: SHA-256 of a zero byte and the bytes that `canonical` makes.

    PostgreSQL and Python write JSON texts alike; tests hold them to it. Here because a hash made where the entry lies
    takes a fraction of the time that fetching the entry does.
    """
    parts = ", ".join(_member(column, kind) for column, kind in sorted(columns.items()))
    text = f"""'{{"entry":{{' || concat_ws(',', {parts}) || '}},"source":"{source}"}}'"""
    return f"sha256('\\x00'::bytea || convert_to({text}, 'UTF8'))"


def _member(column: str, kind: str) -> str:
    """`"name":value`, or null where the value is; concat_ws leaves those out."""
    quote, value = _PLAIN.get(kind, ""), _value(column, kind)
    if column in _SAME.values():
        value = f"q.{column}"
    elif column in _SAME:
        same = _SAME[column]
        value = f"CASE WHEN e.{column} = e.{same} THEN q.{same} ELSE {value} END"
    return f"""'"{column}":{quote}' || {value}""" + (f" || '{quote}'" if quote else "")


def _value(column: str, kind: str) -> str:
    written = _WRITTEN.get(kind, "{0}").format(f"e.{quoted(column)}")
    return f"{written}::text" if kind in _PLAIN else f"to_json({written})::text"


def canonical(source: str, entry: str) -> bytes:
    """The bytes that are hashed: sorted keys, no spaces, no nulls, and the table's name, so that none can move over."""
    values = {name: value for name, value in json.loads(entry).items() if value is not None}
    return json_bytes({"source": source, "entry": values})


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
