"""Counters behind automatic numbers: numbers are taken ahead of the write, so that inserts don't wait for each other.

They are taken in a short transaction of their own and are gone when the write fails or the process ends: numbers never
repeat, but there may be gaps, of a refused batch's size or of less than one block. Fields that are declared gap-free
take theirs with the write itself: whoever writes next waits for its end, and a write that is undone gives them back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from weakref import WeakKeyDictionary

from chassis_platform.plan.numbering import numberings
from chassis_platform.plan.write import WritePlan
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Binding, Database, Row, Transaction
from chassis_tenants.joined import JoinedDatabase
from chassis_tenants.statement import Statement

#: Writes of fewer records than this take a whole block and leave the rest to those that follow.
BLOCK = 32

Ask = Callable[[Statement], Awaitable[list[Row]]]

#: Counter rows are locked in the order of their names, so that two writes wait for each other and don't deadlock.
_TAKE = Statement(
    "INSERT INTO chassis.counter (tenant_id, name, value)"
    " SELECT %(tenant)s, r.name, r.value FROM json_to_recordset(%(rows)s::json) AS r (name text, value bigint)"
    " ORDER BY r.name ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + excluded.value"
    " RETURNING name, value"
)

#: What is left of the blocks taken, by (tenant, counter); it goes with the pool that it was taken through.
_left: WeakKeyDictionary[Database, dict[tuple[int, str], range]] = WeakKeyDictionary()


async def number_records(database: Database, plan: WritePlan) -> None:
    """Give new records their automatic numbers, ahead of the write's transaction."""

    async def ask(statement: Statement) -> list[Row]:
        [rows] = await database.read(Binding(plan.context.tenant.id), statement)
        return rows

    if isinstance(database, JoinedDatabase):  # numbers that were taken may be given back: none is kept for later
        await _number(plan, ask, {}, 1)
        return
    await _number(plan, ask, _left.setdefault(database, {}), BLOCK)


async def number_records_within(transaction: Transaction, plan: WritePlan) -> None:
    """The same inside a transaction: there are no gaps, but others who number the same object wait for its end."""
    await _number(plan, transaction.fetch, {}, 1)


async def number_without_gaps(transaction: Transaction, plan: WritePlan, first: Sequence[Statement]) -> bool:
    """Take the numbers that may have no gaps, right before the write; `first` goes out ahead. False: there are none."""
    ways = numberings(plan.obj, plan.now, plan.context.tenant.time_zone, gap_free=True) if plan.created else []
    if not ways:
        return False
    if first:
        await transaction.fetch_each(first)
    taken = await _take(transaction.fetch, plan.context.tenant.id, [way.counter for way in ways], len(plan.created))
    for way in ways:
        for change, number in zip(plan.created, taken[way.counter], strict=True):
            change.values[way.field_name] = way.text(number)
    return True


async def _number(plan: WritePlan, ask: Ask, left: dict[tuple[int, str], range], block: int) -> None:
    changes, tenant = plan.created, plan.context.tenant
    ways = numberings(plan.obj, plan.now, tenant.time_zone) if changes else []
    if not ways:
        return
    if any(len(left.get((tenant.id, way.counter), ())) < len(changes) for way in ways):
        taken = await _take(ask, tenant.id, [way.counter for way in ways], max(len(changes), block))
        # Nothing is awaited from here on: nobody else uses up in between what these records need.
        left.update({(tenant.id, name): numbers for name, numbers in taken.items()})
    for way in ways:
        numbers = left[tenant.id, way.counter]
        left[tenant.id, way.counter] = numbers[len(changes) :]
        for change, number in zip(changes, numbers, strict=False):
            change.values[way.field_name] = way.text(number)
    _forget_the_empty(left)


async def _take(ask: Ask, tenant_id: int, counters: Sequence[str], count: int) -> dict[str, range]:
    rows = folded({"name": name, "value": count} for name in counters)
    answered = await ask(_TAKE.bind(tenant=tenant_id, rows=rows))
    return {name: range(value - count + 1, value + 1) for name, value in answered}


def _forget_the_empty(left: dict[tuple[int, str], range]) -> None:
    for key in [key for key, numbers in left.items() if not numbers]:
        del left[key]
