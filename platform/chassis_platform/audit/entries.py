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


def canonical(source: str, entry: str) -> bytes:
    """The bytes that are hashed: sorted keys, no spaces, no nulls, and the table's name, so that none can move over."""
    values = {name: value for name, value in json.loads(entry).items() if value is not None}
    return json_bytes({"source": source, "entry": values})


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
