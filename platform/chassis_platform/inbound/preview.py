"""What a sample document would become: read, looked up and written as ever, looked at, and all of it undone.

Rules, flows and defaults really run: an implementer sees what a sender would get. Nothing is kept, no journal either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from chassis_metadata.components import InboundMapping
from chassis_metadata.errors import Problem
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.documents.questions import LookupKey, Question
from chassis_platform.documents.reading import read_by
from chassis_platform.inbound.acceptance import Acceptance
from chassis_platform.inbound.intake import planned
from chassis_platform.inbound.mapping import PlannedRecord, Unit
from chassis_platform.inbound.messages import Post
from chassis_platform.inbound.writing import Written, write_units
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.shown_values import read_shown, shown_values
from chassis_tenants.database import Database, Transaction

#: So many units are tried and shown; the others are counted.
MOST_SHOWN = 20
MOST_LOOKUPS = 200


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record as it would be: what the document says of it (`given`), and what else would be set (`set_besides`)."""

    target: str
    object_name: str
    act: str
    record_id: str | None
    given: Mapping[str, Any]
    set_besides: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SeenUnit:
    """A unit as it would be: its records, or what is wrong with it; `is_known`: it would be a duplicate."""

    key: str
    line: int
    is_known: bool
    records: tuple[SeenRecord, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a document would become. Of `count` units the first are shown."""

    count: int
    repairs: tuple[str, ...]
    units: tuple[SeenUnit, ...]
    answers: tuple[tuple[Question, Any], ...]


class _SeenError(Exception):
    """Carries what was seen out of the transaction, which ends without a commit."""

    def __init__(self, units: tuple[SeenUnit, ...]) -> None:
        self.units = units
        super().__init__()


async def preview_document(
    database: Database, context: Context, mapping: InboundMapping, post: Post, now: datetime
) -> Seen:
    """What the document would become with the rights of the context's user. Raises where it can't be read."""
    document = await asyncio.to_thread(read_by, mapping.body, post.content, post.content_type)
    plan = await planned(database, context, mapping, document, now)
    try:
        async with database.transaction(context.binding) as transaction:
            _leave(await _seen(transaction, Acceptance(context, mapping.name, post), plan.units[:MOST_SHOWN]))
    except _SeenError as end:
        lookups = [(each, answer) for each, answer in plan.answers.items() if isinstance(each, LookupKey)]
        return Seen(len(plan.units), document.repairs, end.units, tuple(lookups[:MOST_LOOKUPS]))


def _leave(units: tuple[SeenUnit, ...]) -> NoReturn:
    raise _SeenError(units)


async def _seen(transaction: Transaction, acceptance: Acceptance, units: Sequence[Unit]) -> tuple[SeenUnit, ...]:
    done = await acceptance.before(transaction, units)
    context = acceptance.context
    written = await write_units(transaction, context, acceptance.mapping, units)
    values = await _values(transaction, context, written)
    return tuple(_unit(each, values, is_known=each.unit.key in done) for each in written)


def _unit(written: Written, values: Mapping[str, Mapping[str, Any]], *, is_known: bool) -> SeenUnit:
    made: dict[int, str] = {id(record): record_id for record, record_id in written.records}
    records = tuple(_record(each, made.get(id(each)), values) for each in written.unit.records)
    return SeenUnit(written.unit.key, written.unit.line, is_known, records, tuple(written.problems))


def _record(record: PlannedRecord, made_id: str | None, values: Mapping[str, Mapping[str, Any]]) -> SeenRecord:
    shown = values.get(made_id or "", {})
    given = {name: shown.get(name, _plain(value)) for name, value in record.values.items()}
    besides = {name: value for name, value in shown.items() if name not in given and value not in (None, False)}
    return SeenRecord(record.target, record.object_name, record.act, record.record_id, given, besides)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | bool | None) else str(value)


async def _values(
    transaction: Transaction, context: Context, written: Sequence[Written]
) -> dict[str, Mapping[str, Any]]:
    """The fields of all written records, as the user would see them, by the record's id."""
    by_object: dict[str, list[str]] = {}
    for each in written:
        for record, record_id in each.records:
            by_object.setdefault(record.object_name, []).append(record_id)
    found: dict[str, Mapping[str, Any]] = {}
    for name, ids in by_object.items():
        found |= await _values_of(transaction, context, context.snapshot.objects[name], ids)
    return found


async def _values_of(
    transaction: Transaction, context: Context, obj: Object, ids: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    readable = context.policy.on(obj.name).readable
    names = [
        each.name
        for each in obj.fields.values()
        if each.name in readable and not (each.is_compound or each.is_computed)
    ]
    tenant_id = context.tenant.id
    asked = shown_values(obj, names, context).bind(
        tenant=tenant_id, tenant_id=tenant_id, ids=list(ids), **asking(context)
    )
    return read_shown(names, await transaction.fetch(asked))
