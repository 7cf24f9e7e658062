"""Parents whose summaries a write of their children moves: that counts as a change of the parent.

Those of its rules and triggers that read a summary are asked, with the old summaries known. What is wrong with the
parent is wrong with the children that made it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.logic.triggers import Event
from chassis_platform.plan.changes import Change
from chassis_platform.plan.object_logic import ObjectLogic, loaded_for_triggers, logic_of, reading
from chassis_platform.plan.summaries import Relation, relations_over
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.inquiry import everywhere
from chassis_platform.records.rounds import set_off
from chassis_platform.records.verdict import hear, question
from chassis_platform.sql.check import values_of
from chassis_platform.sql.parents import parents_of
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement


@dataclass(slots=True)
class Watch:
    """A relation whose parents have something to say about their summaries; `before` is what they were."""

    relation: Relation
    logic: ObjectLogic
    names: tuple[str, ...]
    before: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def take(self, rows: Iterable[Row]) -> None:
        """Keep the answer of the statement that goes out ahead of the writes."""
        self.before = {row[0]: dict(zip(self.names, row[1:], strict=True)) for row in rows}


def watches(plan: WritePlan, changes: Sequence[Change]) -> list[Watch]:
    """The relations to watch while these children are written."""
    snapshot = plan.context.snapshot
    touched = [each for each in relations_over(snapshot, plan.obj) if any(map(each.is_touched, changes))]
    return _watched(plan, touched)


def watches_of_members(plan: WritePlan) -> list[Watch]:
    """The same for children that go into the recycle bin or come out of it."""
    return _watched(plan, relations_over(plan.context.snapshot, plan.obj))


def _watched(plan: WritePlan, relations: Iterable[Relation]) -> list[Watch]:
    found = []
    for relation in relations:
        logic = _logic(plan, relation)
        if logic.is_judged:
            summaries = {each.name for each in relation.summaries}
            names = {*summaries, *logic.old_needed, *loaded_for_triggers(logic)}
            found.append(Watch(relation, logic, tuple(sorted(names))))
    return found


def _logic(plan: WritePlan, relation: Relation) -> ObjectLogic:
    """What the parent asks about its summaries."""
    snapshot = plan.context.snapshot

    def make() -> ObjectLogic:
        whole = logic_of(snapshot, relation.parent, {Event.UPDATE})
        return reading(whole, frozenset(each.name for each in relation.summaries))

    return snapshot.keep(("logic_of_summaries", relation), make)


def before_writing(plan: WritePlan, watched: Sequence[Watch], changes: Sequence[Change]) -> list[Statement]:
    """The statements that go out ahead of the writes, one a watch."""
    common = everywhere(plan)
    return [
        parents_of(each.relation, each.names).bind(
            **common,
            ids=sorted({change.values.get(each.relation.reference.name) for change in changes} - {None}),
            children=[change.id for change in changes if not change.creating],
        )
        for each in watched
    ]


async def judge_parents(
    transaction: Transaction,
    plan: WritePlan,
    changes: Sequence[Change],
    watched: Sequence[Watch],
    changed: Mapping[str, Iterable[str]],
) -> None:
    """Ask the parents whose summaries are others now, and let act what fires."""
    for watch in watched:
        ids = sorted(set(changed.get(watch.relation.parent.name, ())) & watch.before.keys())
        if ids:
            await _judge(transaction, plan, changes, watch, ids)


async def _judge(
    transaction: Transaction, plan: WritePlan, changes: Sequence[Change], watch: Watch, ids: Sequence[str]
) -> None:
    parent = watch.relation.parent
    parents = [Change(at, creating=False, id=each, old=watch.before[each]) for at, each in enumerate(ids)]
    above = WritePlan(plan.context, parent, "update", tuple(parents), plan.now, only=watch.logic)
    asked, names = question(above, parents), [each.name for each in watch.relation.summaries]
    summaries = values_of(parent, names).bind(**everywhere(above), ids=list(ids))
    answers = await transaction.fetch_each([summaries, *asked])
    values = {row[0]: dict(zip(names, row[1:], strict=True)) for row in answers[0]}
    for each in parents:
        each.values = values.get(str(each.id), {})
    fired = hear(above, parents, answers[-1] if asked else ())
    if not any(each.problems for each in parents):
        await set_off(transaction, above, parents, fired)
    for each in parents:
        _blame(watch.relation, each, changes)


def _blame(relation: Relation, parent: Change, changes: Sequence[Change]) -> None:
    if not parent.problems:
        return
    name = relation.reference.name
    guilty = [each for each in changes if parent.id in (each.now(name), (each.old or {}).get(name))]
    for change in guilty or changes:
        for problem in parent.problems:
            change.wrong(problem.code, problem.message)
