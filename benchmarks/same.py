"""The comparison is fair only where both servers do the same: the same answers to reads, the same rows from writes."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from benchmarks.environment import Environment
from benchmarks.load import Request, once
from benchmarks.servers import ServerProcess
from benchmarks.subjects import Subject

_OWN = {
    "id",
    "name__lower",
    "lead_number",
    "lead_number__lower",
    "created_date",
    "last_modified_date",
    "system_modstamp",
}
_NUMBER = 3
_TRACES = ("data.access_log", "data.field_history", "data.lead")


class NotTheSameError(Exception):
    """The hand-written endpoint does something else than Chassis: its figures would say nothing."""


def check_same(environment: Environment, subject: Subject, ours: ServerProcess, limit: ServerProcess) -> None:
    """Raise NotTheSameError unless a request to each has the same effect."""
    answers, left = [], []
    for server, make in ((ours, subject.ours), (limit, subject.limit)):
        _make_unlike(environment, make(_NUMBER))
        before = _counts(environment)
        answers.append(_ask(server, make(_NUMBER)))
        left.append([late - early for early, late in zip(before, _counts(environment), strict=True)])
    if left[0] != left[1]:
        raise NotTheSameError(f"{subject.name}: rows left in {_TRACES}: ours {left[0]}, the limit's {left[1]}")
    if subject.reads and answers[0] != answers[1]:
        raise NotTheSameError(f"{subject.name}: {_difference(*answers)}")
    if subject.name == "create":
        rows = [_row(environment, answer["id"]) for answer in answers]
        if rows[0] != rows[1]:
            raise NotTheSameError(f"{subject.name}: {_difference(*rows)}")


def _make_unlike(environment: Environment, request: Request) -> None:
    """An update must find something to change, and the field history something to tell."""
    if request.method == "PATCH":
        lead_id = request.path.rpartition("/")[2]
        environment.rows("UPDATE data.lead SET status = 'Returned' WHERE id = %s", lead_id)


def _ask(server: ServerProcess, request: Request) -> Any:
    status, body = asyncio.run(once(server.port, request))
    if status not in request.expect:
        raise NotTheSameError(f"{server.name}: {request.method} {request.path}: {status} {body[:1000]!r}")
    return orjson.loads(body) if body else None


def _counts(environment: Environment) -> list[int]:
    return [environment.rows(f"SELECT count(*) FROM {table}")[0][0] for table in _TRACES]


def _row(environment: Environment, record_id: str) -> dict[str, Any]:
    [(row,)] = environment.rows("SELECT to_jsonb(l) FROM data.lead AS l WHERE id = %s", record_id)
    return {name: value for name, value in row.items() if name not in _OWN}


def _difference(ours: Any, limit: Any, path: str = "") -> str:
    if isinstance(ours, dict) and isinstance(limit, dict) and ours.keys() == limit.keys():
        return "; ".join(
            _difference(ours[name], limit[name], f"{path}.{name}") for name in ours if ours[name] != limit[name]
        )
    if isinstance(ours, list) and isinstance(limit, list) and len(ours) == len(limit):
        return next(
            _difference(a, b, f"{path}[{n}]") for n, (a, b) in enumerate(zip(ours, limit, strict=True)) if a != b
        )
    return f"{path}: ours {str(ours)[:600]}, the limit's {str(limit)[:600]}"
