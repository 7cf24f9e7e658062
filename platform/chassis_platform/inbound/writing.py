"""Units of documents to records: target by target, all units at once, so that a thousand cost as few trips as one.

What is wrong with a unit takes nothing away from the others: everything since the beginning is undone, and the rest
written again without it. Whoever wants all or nothing raises the problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from chassis_metadata.errors import Invalid, Problem
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.handler import received
from chassis_platform.documents.expressions import RecordReference
from chassis_platform.inbound.mapping import KEEP, UPSERT, PlannedRecord, Unit
from chassis_platform.plan.changes import ROLLED_BACK, RecordResult
from chassis_platform.plan.write import Operation, Payload
from chassis_platform.records.write import write_within
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

#: Records of one write: more make a statement longer, not faster.
BATCH = 500
_OPERATIONS: Mapping[str, Operation] = {"insert": "insert", "update": "update", "upsert": "upsert"}
_names = count()


@dataclass(slots=True)
class Written:
    """What became of a unit: the records that it made or changed, those that it went to, or what was wrong."""

    unit: Unit
    record_ids: list[str] = field(default_factory=list)
    attached: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    records: list[tuple[PlannedRecord, str]] = field(default_factory=list)
    _made: dict[str, dict[int, str]] = field(default_factory=dict)

    def note(self, record: PlannedRecord, record_id: str, *, is_attached: bool) -> None:
        """A record that was written, or that was there and is referred to."""
        self._made.setdefault(record.target, {})[record.number] = record_id
        self.records.append((record, record_id))
        if record.act != KEEP:
            self.record_ids.append(record_id)
        if is_attached:
            self.attached.add(record_id)

    def payload(self, record: PlannedRecord) -> dict[str, Any]:
        """A record's values, with the ids of the records that it refers to."""
        values = {name: self._resolved(record, each) for name, each in record.values.items()}
        return values if record.record_id is None else {**values, "Id": record.record_id}

    def _resolved(self, record: PlannedRecord, value: Any) -> Any:
        if not isinstance(value, RecordReference):
            return value
        made = self._made.get(value.target)
        if not made:
            message = f"{record.object_name} refers to {value.target!r}, which was not made before it."
            raise Invalid.of("invalid_mapping", message)
        if record.within is not None and record.within[0] == value.target:
            return made[record.within[1]]
        return next(iter(made.values()))


class Claims(Protocol):
    """Who says that units are being written, before, and what was made of them, after."""

    async def claim(self, transaction: Transaction, units: Sequence[Unit]) -> None:
        """Whoever comes second with one of them waits here."""

    async def note(self, transaction: Transaction, written: Sequence[Written]) -> None:
        """The records are there."""


async def write_units(
    transaction: Transaction, context: Context, mapping: str, units: Sequence[Unit], claims: Claims | None = None
) -> list[Written]:
    """Write units as the context's user; one with problems has written nothing."""
    refused = {place: Written(unit, problems=list(unit.problems)) for place, unit in enumerate(units) if unit.problems}
    name = f"units_{next(_names)}"
    while True:
        live = [place for place in range(len(units)) if place not in refused]
        await transaction.fetch(Statement(f"SAVEPOINT {name}"))
        written = await _attempt(transaction, context, mapping, [units[place] for place in live], claims)
        if not any(each.problems for each in written):
            done = dict(zip(live, written, strict=True))
            return [refused.get(place) or done[place] for place in range(len(units))]
        await transaction.fetch(Statement(f"ROLLBACK TO SAVEPOINT {name}"))
        wrong = [(place, each) for place, each in zip(live, written, strict=True) if each.problems]
        refused |= {place: Written(each.unit, problems=each.problems) for place, each in wrong}


async def _attempt(
    transaction: Transaction, context: Context, mapping: str, units: Sequence[Unit], claims: Claims | None
) -> list[Written]:
    written = [Written(unit) for unit in units]
    if not units:
        return written
    if claims is not None:
        await claims.claim(transaction, units)
    for step in sorted({record.step for unit in units for record in unit.records}):
        await _write_step(transaction, context, written, step)
        if any(each.problems for each in written):
            return written
    await _let_flows_act(transaction, context, mapping, written)
    if claims is not None and not any(each.problems for each in written):
        await claims.note(transaction, written)
    return written


_Entry = tuple[Written, PlannedRecord]


async def _write_step(transaction: Transaction, context: Context, written: Sequence[Written], step: int) -> None:
    entries = [(each, record) for each in written for record in each.unit.records if record.step == step]
    for each, record in entries:
        if record.act == KEEP and record.record_id is not None:
            each.note(record, record.record_id, is_attached=False)
    for act, key in dict.fromkeys((record.act, record.key) for _, record in entries if record.act != KEEP):
        same = [(each, record) for each, record in entries if (record.act, record.key) == (act, key)]
        for batch in _batches([(each, record, each.payload(record)) for each, record in same], key):
            await _write_batch(transaction, context, (_OPERATIONS[act], key), batch)


def _batches(
    entries: Sequence[tuple[Written, PlannedRecord, Payload]], key: str | None
) -> Iterator[list[tuple[Written, PlannedRecord, Payload]]]:
    """No batch names a record twice: what is said of it later is written later."""
    batches: list[list[tuple[Written, PlannedRecord, Payload]]] = []
    seen: dict[str, int] = {}
    for entry in entries:
        _, record, payload = entry
        named = payload.get(key) if key is not None and record.act == UPSERT else record.record_id
        turn = seen.get(str(named).lower(), -1) + 1 if named is not None else 0
        if named is not None:
            seen[str(named).lower()] = turn
        while turn >= len(batches):
            batches.append([])
        batches[turn].append(entry)
    for batch in batches:
        yield from (batch[start : start + BATCH] for start in range(0, len(batch), BATCH))


async def _write_batch(
    transaction: Transaction,
    context: Context,
    how: tuple[Operation, str | None],
    batch: Sequence[tuple[Written, PlannedRecord, Payload]],
) -> None:
    operation, key = how
    object_name = batch[0][1].object_name
    payloads = [payload for _, _, payload in batch]
    results = await write_within(
        transaction, context, object_name, operation, payloads, all_or_none=len(batch) == 1, external_id_field=key
    )
    for (written, record, _), result in zip(batch, results, strict=True):
        if result.success:
            written.note(record, str(result.id), is_attached=result.attached)
        else:
            written.problems += _located(written.unit, record, result)


def _located(unit: Unit, record: PlannedRecord, result: RecordResult) -> Iterator[Problem]:
    among = sum(1 for each in unit.records if each.step == record.step)
    name = record.object_name if among == 1 else f"{record.object_name} {record.number + 1}"
    for each in result.problems:
        if each.code != ROLLED_BACK.code:
            yield Problem(each.path, each.code, f"{name}: {each.message}", fields=each.fields, line=unit.line, column=1)


async def _let_flows_act(transaction: Transaction, context: Context, mapping: str, written: Sequence[Written]) -> None:
    made = {record_id: each for each in written for record_id in each.record_ids if record_id not in each.attached}
    for record_id, problem in await received(transaction, context, mapping, list(made)):
        made[record_id].problems.append(problem)
