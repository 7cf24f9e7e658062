"""Keeping what follows from records that were written: stored formulas, and the roll-up summaries of their parents.

`maintain` runs behind the writes of a batch, in their transaction. It locks the parents that are concerned in the order
of their ids and works their summaries out anew, all of a relation in one statement; then those of their parents. Two
who write children of one parent wait for each other here, at the end of their writes, and both are counted. Nothing
has to be locked before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis_metadata.compile_summaries import DEEPEST_SUMMARY
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import Change
from chassis_platform.plan.summaries import (
    Relation,
    is_moved,
    read_by_stored,
    relations_of,
    relations_over,
    stored_formulas,
    summaries_of,
)
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.inquiry import LOCK_TIMEOUT
from chassis_platform.sql.formula_context import running
from chassis_platform.sql.rollups import lock_parents, sum_up
from chassis_platform.sql.stored_formulas import keep_formulas, keep_index_rows
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.storage import needs_pivot

#: Object name -> ids of records whose summaries have changed.
Changed = dict[str, set[str]]


async def maintain(transaction: Transaction, plan: WritePlan, changes: Sequence[Change]) -> Changed:
    """Keep what follows from these inserts and updates, which are written already; answers the parents that changed.

    Costs no round trip where nothing follows, and one a level of summaries otherwise, for any number of records.
    """
    snapshot, parameters = plan.context.snapshot, parameters_of(plan.context, plan.now)
    own = [each.bind(**parameters) for each in followings(plan.obj, snapshot, changes)]
    relations = [each for each in relations_over(snapshot, plan.obj) if any(map(each.is_touched, changes))]
    steps = [_Step(each, *_concerned(each, changes)) for each in relations]
    return await _Summing(transaction, snapshot, parameters).keep(steps, own)


async def maintain_members(
    transaction: Transaction, context: Context, now: datetime, members: Mapping[str, Iterable[str]]
) -> Changed:
    """The same for records that went into the recycle bin or came out of it: ids by object name."""
    snapshot = context.snapshot
    found = [
        (relation, sorted(ids))
        for name, ids in sorted(members.items())
        for relation in relations_over(snapshot, snapshot.objects[name])
    ]
    steps = [_Step(relation, (), tuple(ids)) for relation, ids in found if ids]
    return await _Summing(transaction, snapshot, parameters_of(context, now)).keep(steps, [])


async def maintain_all(transaction: Transaction, context: Context, obj: Object, ids: Sequence[str]) -> Changed:
    """Everything that is kept beside these records, worked out anew."""
    snapshot, parameters = context.snapshot, parameters_of(context, clock.now())
    first = [each.bind(**parameters, ids=list(ids)) for each in _beside(obj, snapshot)]
    steps = [_Step(relation, tuple(ids), ()) for relation in relations_of(snapshot, obj)]
    return await _Summing(transaction, snapshot, parameters).keep(steps, first)


def parameters_of(context: Context, now: datetime) -> dict[str, Any]:
    """What all these statements are bound with."""
    tenant_id = context.tenant.id
    return {"tenant": tenant_id, "tenant_id": tenant_id, "stamp": now, **running(context, now)}


def followings(obj: Object, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[Statement]:
    """What follows from the records themselves: stored formulas, and index rows of calculated fields beside them."""
    reads = read_by_stored(snapshot, obj)
    moved = [change for change in changes if change.creating or is_moved(change, reads)]
    ids = [str(change.id) for change in moved]
    if stored_formulas(obj) and ids:
        yield keep_formulas(obj, snapshot).bind(ids=ids)
    if ids and any(needs_pivot(each) for each in (*stored_formulas(obj), *summaries_of(obj))):
        yield from (each.bind(ids=ids) for each in keep_index_rows(obj))


@dataclass(frozen=True, slots=True)
class _Step:
    """A relation to sum up for some parents, and for those of some children."""

    relation: Relation
    parents: tuple[str, ...]
    children: tuple[str, ...]

    def statements(self, snapshot: Snapshot) -> list[Statement]:
        concerned = {"ids": list(self.parents), "children": list(self.children)}
        found = (lock_parents(self.relation, snapshot), sum_up(self.relation, snapshot))
        return [each.bind(**concerned) for each in found]


def _concerned(relation: Relation, changes: Sequence[Change]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parents that children left, and the children whose present parents are to be looked at."""
    touched = [change for change in changes if relation.is_touched(change)]
    name = relation.reference.name
    left = {change.old[name] for change in touched if change.old is not None and change.differs(name)}
    return tuple(sorted(left - {None})), tuple(sorted(str(change.id) for change in touched))


@dataclass(frozen=True, slots=True)
class _Summing:
    """The transaction in which summaries are worked out; `parameters` are those of all its statements."""

    transaction: Transaction
    snapshot: Snapshot
    parameters: Mapping[str, Any]

    async def keep(self, steps: Sequence[_Step], first: Sequence[Statement]) -> Changed:
        """Level by level: the summaries of the first step may be summed up again above."""
        found: Changed = {}
        for _ in range(DEEPEST_SUMMARY + 1):  # the last round writes what stands beside the highest summaries
            changed = await self._sum_up(steps, first)
            for obj_name, ids in changed.items():
                found.setdefault(obj_name, set()).update(ids)
            first = [
                each.bind(**self.parameters, ids=sorted(ids))
                for name, ids in sorted(changed.items())
                for each in _beside(self.snapshot.objects[name], self.snapshot)
            ]
            steps = [step for name, ids in sorted(changed.items()) for step in _above(self.snapshot, name, steps, ids)]
            if not (first or steps):
                break
        return found

    async def _sum_up(self, steps: Sequence[_Step], first: Sequence[Statement]) -> Changed:
        """One round trip: answers the parents whose summaries changed."""
        asked = [each.bind(**self.parameters) for step in steps for each in step.statements(self.snapshot)]
        opening = [*first, LOCK_TIMEOUT] if asked else list(first)
        answers = await self.transaction.fetch_each([*opening, *asked]) if opening else []
        changed: Changed = {}
        for step, rows in zip(steps, answers[len(opening) + 1 :: 2], strict=True):
            if rows:
                changed.setdefault(step.relation.parent.name, set()).update(row[0] for row in rows)
        return changed


def _beside(obj: Object, snapshot: Snapshot) -> Iterable[Statement]:
    """What stands beside a parent's summaries: stored formulas that read them, index rows."""
    if stored_formulas(obj):
        yield keep_formulas(obj, snapshot)
    yield from keep_index_rows(obj)


def _above(snapshot: Snapshot, name: str, steps: Sequence[_Step], ids: set[str]) -> Iterable[_Step]:
    moved = {each.name for step in steps if step.relation.parent.name == name for each in step.relation.summaries}
    for relation in relations_over(snapshot, snapshot.objects[name]):
        if relation.is_touched_by(moved):
            yield _Step(relation, (), tuple(sorted(ids)))
