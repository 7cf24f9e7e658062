"""The journal's entries in the one form that is hashed: canonical JSON, the same whatever the session's settings.

An entry is every stored column but those that PostgreSQL computes, less what goes without saying, such as nulls. So a
later package version may add columns to a journal (they are null in old entries) and widen numerics; it may not add one
with a default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chassis_platform.audit.check_proof import SAME_AS, USUAL
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


#: What a seal says its entries' text is like. 1: all that is not null. 2: all that is not usual, and not the tenant's
#: number, for which the seal's organization stands. A null that is not usual is written: no two entries share a text.
#: What is usual stands in `check_proof.py`, which an auditor has: of columns that are not named there, a null.
FORMATS = (1, 2)
FORMAT = FORMATS[-1]
_LEFT_OUT = "tenant_id"
#: Kinds whose text needs no escaping, between these quotes.
_PLAIN = {"timestamp with time zone": '"', "numeric": '"', "integer": "", "bigint": "", "boolean": ""}


def leaf_text(source: str, columns: Mapping[str, str], text_format: int = FORMAT) -> str:
    """The SQL expression for the leaf hash of a row `e`: SHA-256 of a zero byte and the bytes that `canonical` makes.

    PostgreSQL and Python write JSON texts alike; tests hold them to it. Here because a hash made where the entry lies
    takes a fraction of the time that fetching the entry does.
    """
    member = _member if text_format == 1 else _unusual_member
    written = [(column, kind) for column, kind in sorted(columns.items()) if text_format == 1 or column != _LEFT_OUT]
    parts = ", ".join(member(column, kind) for column, kind in written)
    text = f"""'{{"entry":{{' || concat_ws(',', {parts}) || '}},"source":"{source}"}}'"""
    return f"sha256('\\x00'::bytea || convert_to({text}, 'UTF8'))"


def leaf_text_of_format(source: str, columns: Mapping[str, str], text_format: str) -> str:
    """The same in the format that an SQL expression says; what it is null for has no seal yet, so the newest."""
    first, newest = (leaf_text(source, columns, each) for each in FORMATS)
    return f"CASE {text_format} WHEN 1 THEN {first} ELSE {newest} END"


def _member(column: str, kind: str) -> str:
    """`"name":value`, or null where the value is; concat_ws leaves those out."""
    quote = _PLAIN.get(kind, "")
    return f"""'"{column}":{quote}' || {_value(column, kind)}""" + (f" || '{quote}'" if quote else "")


def _unusual_member(column: str, kind: str) -> str:
    """`"name":value` where the value is not usual, also a null then."""
    usual = f"e.{quoted(SAME_AS[column])}" if column in SAME_AS else _literal(USUAL.get(column))
    if usual is None:
        return _member(column, kind)
    written = f"""coalesce({_member(column, kind)}, '"{column}":null')"""
    return f"CASE WHEN e.{quoted(column)} IS DISTINCT FROM {usual} THEN {written} END"


def _literal(value: object) -> str | None:
    return None if value is None else f"'{value if isinstance(value, str) else json.dumps(value)}'"


def _value(column: str, kind: str) -> str:
    written = _WRITTEN.get(kind, "{0}").format(f"e.{quoted(column)}")
    return f"{written}::text" if kind in _PLAIN else f"to_json({written})::text"


def canonical(source: str, entry: str, text_format: int = FORMAT) -> bytes:
    """The bytes that are hashed: sorted keys, no spaces, and the table's name, so that none can move over."""
    said = json.loads(entry)
    if text_format == 1:
        values = {name: value for name, value in said.items() if value is not None}
    else:
        values = {name: value for name, value in said.items() if name != _LEFT_OUT and value != _usual(name, said)}
    return json_bytes({"source": source, "entry": values})


def _usual(column: str, entry: Mapping[str, Any]) -> Any:
    return entry.get(SAME_AS[column]) if column in SAME_AS else USUAL.get(column)


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
