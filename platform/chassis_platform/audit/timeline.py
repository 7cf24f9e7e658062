"""Reads and changes on one line of time: the four journals merged, newest first, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

DEFAULT_LIMIT, MOST = 50, 200
#: Record ids that a line shows; the entry itself has more.
_SHOWN_IDS = 20
#: Entries that are looked through for one answer where no index knows which of them are meant.
LOOKED_THROUGH = 50_000


@dataclass(frozen=True, slots=True)
class Journal:
    """One of the four: what its lines are called, and the columns that say what happened to what.

    `record` is a condition on an entry that it is about the record %(record)s; None where no entry is about one.
    """

    object_name: str
    table: str
    kind: str
    record: str | None
    object_column: str | None
    field: str | None
    said: str  # the JSON members of a line, beside those that all have


_GIN = "e.record_ids @> ARRAY[%(record)s::text]"
JOURNALS = (
    Journal(
        "AccessLog",
        "access_log",
        "read",
        _GIN,
        "object_name__lower",
        "%(field)s = ANY (e.fields)",
        "'action', e.door, 'object', e.object_name, 'fields', e.fields, 'count', e.record_count, 'digest', e.digest,"
        f" 'records', e.record_ids[1:{_SHOWN_IDS}], 'from', e.source_ip, 'client', e.client_name,"
        " 'session', e.session_id, 'reason', e.reason, 'purpose', e.purpose",
    ),
    Journal(
        "FieldHistory",
        "field_history",
        "change",
        "e.record_id = %(record)s",
        "object_name__lower",
        "e.field_name__lower = lower(%(field)s)",
        "'action', 'changed', 'object', e.object_name, 'fields', ARRAY[e.field_name], 'count', 1,"
        " 'records', ARRAY[e.record_id]",
    ),
    Journal(
        "LoginHistory",
        "login_history",
        "sign_in",
        None,
        None,
        None,
        "'action', e.status, 'client', e.application, 'from', e.source_ip, 'username', e.username,"
        " 'login_type', e.login_type",
    ),
    Journal(
        "SetupAuditTrail",
        "setup_audit_trail",
        "setup",
        "e.target_name__lower = lower(%(record)s)",
        None,
        None,
        "'action', e.action, 'section', e.section, 'target', e.target_name, 'display', e.display, 'from', e.source_ip,"
        " 'username', e.username",
    ),
)
KINDS = tuple(each.kind for each in JOURNALS)
_READS = JOURNALS[0]


@dataclass(frozen=True, slots=True)
class TimelineRequest:
    """Whose trail, which record's, when. `after` is the last line seen: its time and id. `kinds`: those allowed."""

    user: str | None = None
    record: str | None = None
    object_name: str | None = None
    field: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    kinds: tuple[str, ...] = KINDS
    after: tuple[datetime, str] | None = None
    limit: int = DEFAULT_LIMIT


async def read_timeline(database: Database, binding: Binding, request: TimelineRequest) -> dict[str, Any]:
    """`lines`, newest first, and `next`: what `after` is for the page behind them, or None.

    There may be fewer lines than asked for, even none, and more behind them: see LOOKED_THROUGH.
    """
    stop = await _stop(database, binding, request)
    if stop is not None:
        request = replace(request, start=stop)
    branches = list(_branches(request))
    if not branches:
        return {"lines": [], "next": None}
    [rows] = await database.read(binding, Statement(_merged(branches), _parameters(binding, request)))
    lines = [orjson.loads(row[0]) for row in rows[: request.limit]]
    if len(rows) > request.limit:
        return {"lines": lines, "next": [lines[-1]["at"], lines[-1]["id"]]}
    return {"lines": lines, "next": [stop.isoformat(), ""] if stop else None}


async def _stop(database: Database, binding: Binding, request: TimelineRequest) -> datetime | None:
    """How far back to look for reads of a field, which no index has; None: to the beginning."""
    if request.field is None or request.record is not None or _READS.kind not in request.kinds:
        return None
    wanted = ["e.tenant_id = %(tenant_id)s", *_conditions(_READS, replace(request, field=None))]
    if request.user is not None:
        wanted.append("e.user_id = %(user)s")
    text = (
        f"SELECT e.created_date FROM tenant.{_READS.table} e WHERE {' AND '.join(map(str, wanted))}"  # noqa: S608  texts of this file
        f" ORDER BY e.created_date DESC, e.id DESC OFFSET {LOOKED_THROUGH} LIMIT 1"
    )
    [rows] = await database.read(binding, Statement(text, _parameters(binding, request)))
    return rows[0][0] if rows else None


def _parameters(binding: Binding, request: TimelineRequest) -> dict[str, Any]:
    after = request.after or (None, None)
    return {
        "tenant_id": binding.tenant_id,
        "user": request.user,
        "record": request.record,
        "object": request.object_name and request.object_name.lower(),
        "field": request.field,
        "start": request.start,
        "end": request.end,
        "after_date": after[0],
        "after_id": after[1],
        "most": request.limit + 1,
        "looked_through": LOOKED_THROUGH,
    }


def _branches(request: TimelineRequest) -> Iterator[str]:
    """A query for each journal, and for those in whose name somebody else acted: each walks one index backwards."""
    for journal in JOURNALS:
        wanted = list(_conditions(journal, request))
        if journal.kind not in request.kinds or None in wanted:
            continue
        if request.user is None:
            yield _branch(journal, wanted)
        else:
            yield _branch(journal, [*wanted, "e.user_id = %(user)s"])
            yield _branch(journal, [*wanted, "e.acting_user_id = %(user)s AND e.user_id IS DISTINCT FROM %(user)s"])


def _conditions(journal: Journal, request: TimelineRequest) -> Iterator[str | None]:
    """None where the journal has nothing of what is asked for."""
    if request.record is not None:
        yield journal.record
    if request.object_name is not None:
        yield journal.object_column and f"e.{journal.object_column} = %(object)s"
    if request.field is not None:
        yield journal.field
    if request.start is not None:
        yield "e.created_date >= %(start)s"
    if request.end is not None:
        yield "e.created_date <= %(end)s"
    if request.after is not None:
        yield "(e.created_date, e.id) < (%(after_date)s, %(after_id)s)"


def _branch(journal: Journal, wanted: list[str | None]) -> str:
    tenant = "e.tenant_id = %(tenant_id)s"
    rows, others = f"tenant.{journal.table} e", [tenant, *(each for each in wanted if each and each != _GIN)]
    if _GIN in wanted:  # its share is guessed too high: left to itself, PostgreSQL walks all of time instead
        rows = f"(SELECT e.* FROM {rows} WHERE {tenant} AND {_GIN} OFFSET 0) e"  # noqa: S608  texts of this file
    line = (
        f"json_build_object('id', e.id, 'at', to_json(e.created_date), 'kind', '{journal.kind}',"
        f" 'journal', '{journal.object_name}', 'user_id', e.user_id, 'acting_user_id', e.acting_user_id,"
        f" {journal.said})"
    )
    return (
        f"(SELECT e.created_date, e.id, '{journal.table}' AS source, e.user_id, e.acting_user_id, {line} AS line"  # noqa: S608
        f" FROM {rows} WHERE {' AND '.join(others)} ORDER BY e.created_date DESC, e.id DESC LIMIT %(most)s)"
    )


def _merged(branches: list[str]) -> str:
    """The newest of all, with the people's names and the seals that cover them."""
    return f"""
WITH line AS MATERIALIZED (
    SELECT * FROM ({" UNION ALL ".join(branches)}) b ORDER BY created_date DESC, id DESC LIMIT %(most)s
)
SELECT (l.line::jsonb || jsonb_build_object('user', u.name, 'acting_user', a.name, 'seal', s.sequence))::json
FROM line l
LEFT JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = l.user_id
LEFT JOIN tenant."user" a ON a.tenant_id = %(tenant_id)s AND a.id = l.acting_user_id
LEFT JOIN LATERAL (
    SELECT f.sequence FROM chassis.audit_leaf f
    WHERE f.tenant_id = %(tenant_id)s AND f.source = l.source AND f.entry_id = l.id OFFSET 0
) s ON true
ORDER BY l.created_date DESC, l.id DESC
"""  # noqa: S608  texts of this file


_READERS = """
SELECT json_build_object('user_id', r.user_id, 'user', u.name, 'times', r.times, 'first', r.first, 'last', r.last,
    'doors', r.doors, 'fields', r.fields)
FROM (
    SELECT e.user_id, count(DISTINCT e.id) AS times, min(e.created_date) AS first, max(e.created_date) AS last,
        array_agg(DISTINCT e.door) AS doors, array_agg(DISTINCT f) FILTER (WHERE f IS NOT NULL) AS fields
    FROM tenant.access_log e LEFT JOIN LATERAL unnest(e.fields) f ON true
    WHERE e.tenant_id = %(tenant_id)s AND e.record_ids @> ARRAY[%(record)s::text]
      AND (%(start)s::timestamptz IS NULL OR e.created_date >= %(start)s)
      AND (%(end)s::timestamptz IS NULL OR e.created_date <= %(end)s)
    GROUP BY e.user_id
) r LEFT JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = r.user_id
ORDER BY r.last DESC LIMIT 500
"""
_SEEN = """
SELECT json_build_object('object', s.object_name, 'times', s.times, 'records', s.records, 'first', s.first,
    'last', s.last)
FROM (
    SELECT e.object_name, count(*) AS times, sum(e.record_count) FILTER (WHERE e.door <> 'export_total') AS records,
        min(e.created_date) AS first, max(e.created_date) AS last
    FROM (
        SELECT e.* FROM tenant.access_log e
        WHERE e.tenant_id = %(tenant_id)s AND e.user_id = %(user)s
          AND (%(start)s::timestamptz IS NULL OR e.created_date >= %(start)s)
          AND (%(end)s::timestamptz IS NULL OR e.created_date <= %(end)s)
        ORDER BY e.created_date DESC, e.id DESC LIMIT %(looked_through)s
    ) e
    GROUP BY e.object_name
) s ORDER BY s.last DESC
"""


async def summary(database: Database, binding: Binding, request: TimelineRequest) -> dict[str, Any]:
    """`lines`: who saw the record, by user; or what the user saw, by object.

    `next`: what `to` is for what the user saw before, where that was too much for one answer.
    """
    is_of_record = request.record is not None
    statement = Statement(_READERS if is_of_record else _SEEN, _parameters(binding, request))
    [rows] = await database.read(binding, statement)
    lines = [orjson.loads(row[0]) for row in rows]
    is_cut = not is_of_record and sum(each["times"] for each in lines) == LOOKED_THROUGH
    return {"lines": lines, "next": min(each["first"] for each in lines) if is_cut else None}
