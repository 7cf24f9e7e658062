"""Parents whose summaries a write of their children moves: that counts as a change of the parent.

So it does of what stands above, where a summary is summed up again. Those of its rules and triggers that read a summary
are asked, with the old summaries known. What is wrong with it is wrong with the children that made it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.compile_summaries import DEEPEST_SUMMARY
from chassis_metadata.logic.triggers import Event
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.plan.changes import Change
from chassis_platform.plan.object_logic import ObjectLogic, loaded_for_triggers, logic_of, reading
from chassis_platform.plan.summaries import Relation, relations_over
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.after_save import Fired
from chassis_platform.records.inquiry import everywhere
from chassis_platform.records.rounds import BlamedOnAllError, set_off
from chassis_platform.records.verdict import hear, question
from chassis_platform.sql.check import values_of
from chassis_platform.sql.parents import parents_of
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement

#: Relations one above the other: from the children that are written up to what is watched.
Path = tuple[Relation, ...]


@dataclass(slots=True)
class Watch:
    """An object that has something to say about its summaries, and the ways up to it.

    `before` is what its records were, `beneath` the lowest parents on the way to each of them.
    """

    parent: Object
    paths: tuple[Path, ...]
    logic: ObjectLogic
    summaries: tuple[str, ...]
    names: tuple[str, ...]
    before: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    beneath: dict[str, set[str]] = field(default_factory=dict)

    def take(self, rows: Iterable[Row]) -> None:
        """Keep the answer of a statement that goes out ahead of the writes."""
        for lowest, record_id, *values in rows:
            self.before[record_id] = dict(zip(self.names, values, strict=True))
            self.beneath.setdefault(record_id, set()).add(lowest)


def watches(plan: WritePlan, changes: Sequence[Change]) -> list[Watch]:
    """What to watch while these children are written."""
    snapshot = plan.context.snapshot
    touched = [each for each in relations_over(snapshot, plan.obj) if any(map(each.is_touched, changes))]
    return _watched(snapshot, touched)


def watches_of_members(plan: WritePlan, members: Iterable[str]) -> list[Watch]:
    """The same for records of these objects that go into the recycle bin or come out of it."""
    snapshot = plan.context.snapshot
    return _watched(snapshot, [each for name in members for each in relations_over(snapshot, snapshot.objects[name])])


def _watched(snapshot: Snapshot, relations: Sequence[Relation]) -> list[Watch]:
    by_parent: dict[str, list[Path]] = {}
    for path in _paths(snapshot, [(each,) for each in relations]):
        by_parent.setdefault(path[-1].parent.name, []).append(path)
    found = (_watch(snapshot, paths) for paths in by_parent.values())
    return [each for each in found if each is not None]


def _paths(snapshot: Snapshot, level: list[Path]) -> Iterator[Path]:
    """The ways up, level by level."""
    for _ in range(DEEPEST_SUMMARY):
        yield from level
        level = [(*path, above) for path in level for above in _above(snapshot, path[-1])]


def _above(snapshot: Snapshot, below: Relation) -> list[Relation]:
    """The relations that sum up what is summed up below."""
    moved = [each.name for each in below.summaries]
    return [each for each in relations_over(snapshot, below.parent) if each.is_touched_by(moved)]


def _watch(snapshot: Snapshot, paths: Sequence[Path]) -> Watch | None:
    parent = paths[0][-1].parent
    summaries = sorted({each.name for path in paths for each in path[-1].summaries})

    def make() -> ObjectLogic:
        return reading(logic_of(snapshot, parent, {Event.UPDATE}), frozenset(summaries))

    logic = snapshot.keep(("logic_of_summaries", parent.name, *summaries), make)
    names = {*summaries, *logic.old_needed, *loaded_for_triggers(logic)}
    return Watch(parent, tuple(paths), logic, tuple(summaries), tuple(sorted(names))) if logic.is_judged else None


def before_writing(
    plan: WritePlan, watched: Sequence[Watch], changes: Sequence[Change], present: Mapping[str, Sequence[str]]
) -> list[Statement]:
    """The statements that go out ahead of the writes; `present` are the children that are there, by object."""
    common = everywhere(plan)
    return [
        parents_of(path, watch.names).bind(
            **common,
            ids=sorted({change.values.get(path[0].reference.name) for change in changes} - {None}),
            children=list(present.get(path[0].child.name, ())),
        )
        for watch in watched
        for path in watch.paths
    ]


def learn(watched: Sequence[Watch], answers: Iterable[list[Row]]) -> None:
    """Keep the answers to `before_writing`; what follows them is left alone."""
    rows = iter(answers)
    for watch in watched:
        for _ in watch.paths:
            watch.take(next(rows))


async def judge_parents(
    transaction: Transaction,
    plan: WritePlan,
    changes: Sequence[Change],
    watched: Sequence[Watch],
    changed: Mapping[str, Iterable[str]],
) -> None:
    """Ask the parents whose summaries are others now, and let act what fires."""
    judged = [each for each in (_judged(plan, watch, changed) for watch in watched) if each.parents]
    if not judged:
        return
    answers = iter(await transaction.fetch_each([asked for each in judged for asked in each.statements()]))
    fired = [each.hear(answers) for each in judged]
    for each in judged:
        _blame(plan, each, changes)
    for each, sets_off in zip(judged, fired, strict=True):
        if not any(change.problems for change in changes):
            await set_off(transaction, each.plan, each.parents, sets_off)
            _blame(plan, each, changes)


@dataclass(frozen=True, slots=True)
class _Judged:
    """The parents of one object, as changes of their own."""

    watch: Watch
    plan: WritePlan
    parents: Sequence[Change]

    def statements(self) -> list[Statement]:
        ids = [str(each.id) for each in self.parents]
        summaries = values_of(self.watch.parent, self.watch.summaries).bind(**everywhere(self.plan), ids=ids)
        return [summaries, *question(self.plan, self.parents)]

    def hear(self, answers: Iterator[list[Row]]) -> Sequence[Fired]:
        """What fires; takes as many answers as there are statements."""
        names, own = self.watch.summaries, [next(answers) for _ in self.statements()]
        values = {row[0]: dict(zip(names, row[1:], strict=True)) for row in own[0]}
        for each in self.parents:
            each.values = values.get(str(each.id), {})
        return hear(self.plan, self.parents, own[-1] if len(own) > 1 else ())


def _judged(plan: WritePlan, watch: Watch, changed: Mapping[str, Iterable[str]]) -> _Judged:
    ids = sorted(set(changed.get(watch.parent.name, ())) & watch.before.keys())
    parents = [Change(at, creating=False, id=each, old=watch.before[each]) for at, each in enumerate(ids)]
    above = WritePlan(plan.context, watch.parent, "update", tuple(parents), plan.now, only=watch.logic)
    return _Judged(watch, above, parents)


def _blame(plan: WritePlan, judged: _Judged, changes: Sequence[Change]) -> None:
    """Hand a parent's problems to the records that refer to it or to what is beneath it."""
    names = {path[0].reference.name for path in judged.watch.paths if path[0].child.name == plan.obj.name}
    for parent in judged.parents:
        problems, parent.problems = parent.problems, []
        beneath = judged.watch.beneath.get(str(parent.id), set())
        guilty = [each for each in changes if any(_refers(each, name, beneath) for name in names)] if problems else []
        if problems and not guilty and len(changes) > 1 and not plan.all_or_none:
            raise BlamedOnAllError(problems)  # what belongs to them did it
        for change in guilty or changes:
            for problem in problems:
                change.wrong(problem.code, problem.message)


def _refers(change: Change, name: str, ids: set[str]) -> bool:
    return change.now(name) in ids or (change.old or {}).get(name) in ids
