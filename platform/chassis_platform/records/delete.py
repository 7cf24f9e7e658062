"""Into the recycle bin and out of it: records with all that belongs to them, stamped with one and the same time.

References stay as they are while a record lies in the bin (reads don't follow them), so that restoring it restores
them; purging clears them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.snapshot import Object
from chassis_platform.plan.changes import Change
from chassis_platform.plan.forms import match_key
from chassis_platform.plan.object_logic import loaded_for_triggers
from chassis_platform.plan.summaries import relations_over
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.family import Family, cascades, family_of
from chassis_platform.records.inquiry import PLATFORM, Inquiry, Knowledge, everywhere, unique_fields
from chassis_platform.records.judge import meet_stored
from chassis_platform.records.master_locks import masters_that_lock, refuse_under_locked
from chassis_platform.records.parents import before_writing, judge_parents, learn, watches_of_members
from chassis_platform.records.rollups import maintain_members
from chassis_platform.records.rounds import set_off, write_in_rounds
from chassis_platform.records.told import ChangeType, tell
from chassis_platform.records.trail import DELETED, RESTORED, audit_of, audited
from chassis_platform.records.verdict import hear, question
from chassis_platform.sql.check import DELETED_DATE, records_with_key, remaining_records, values_of
from chassis_platform.sql.pivot import KEEP_INDEX_ROWS, RELEASE_UNIQUE_VALUES, index_row, indexed_fields
from chassis_platform.sql.rows import folded
from chassis_platform.sql.write import mark_deleted, mark_restored
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement

#: What carries out a part of the plan.
Write = Callable[[WritePlan], list[Statement]]


async def delete_records(transaction: Transaction, plan: WritePlan, *, within: bool) -> list[Statement]:
    """Carry out a plan of deletes; answer the statements that are not sent yet."""
    await _meet(transaction, plan, deleted=False)
    family = await family_of(transaction, plan.context.snapshot, plan.obj, _ids(plan), everywhere(plan))
    _refuse_held(plan, family)
    if _is_over(plan):
        return []

    def write(part: WritePlan) -> list[Statement]:
        roots = frozenset(_ids(part))
        statements = [*_deletions(part, family, roots), *_audit(part, DELETED)]
        return _bound(part, [*statements, *_told(part, ChangeType.DELETE, family, roots)])

    return await _carry_out(transaction, plan, family, write, within=within)


async def _carry_out(
    transaction: Transaction, plan: WritePlan, family: Family, write: Write, *, within: bool
) -> list[Statement]:
    """In rounds, where something acts on what is deleted or restored, or sums it up."""
    if not (plan.logic.triggers or _is_summed_up(plan, family)):
        return write(plan)

    async def attempt(part: WritePlan, first: Sequence[Statement]) -> None:
        changes, roots = part.existing, frozenset(_ids(part))
        members = {name: family.ids(name, roots) for name in family.members}
        watched, asked = watches_of_members(part, members), question(part, changes)
        before = before_writing(part, watched, changes, members)
        answers = await transaction.fetch_each([*first, *before, *asked, *write(part)])
        learn(watched, answers[len(first) :])
        fired = hear(part, changes, answers[len(first) + len(before) + len(asked) - 1] if asked else ())
        if any(change.problems for change in changes):
            return
        changed = await maintain_members(transaction, part.context, part.now, members)
        await judge_parents(transaction, part, changes, watched, _outside(changed, members))
        if not any(change.problems for change in changes):
            await set_off(transaction, part, changes, fired)

    return await write_in_rounds(transaction, plan, attempt, within=within)


def _is_summed_up(plan: WritePlan, family: Family) -> bool:
    snapshot = plan.context.snapshot
    return any(relations_over(snapshot, snapshot.objects[name]) for name in family.members)


def _outside(changed: Mapping[str, set[str]], members: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Parents that share the fate of their children are not asked."""
    return {name: ids - set(members.get(name, ())) for name, ids in changed.items()}


def _ids(plan: WritePlan) -> list[str]:
    return [str(change.id) for change in plan.existing]


def _is_over(plan: WritePlan) -> bool:
    wrong = any(change.problems for change in plan.changes)
    return not plan.existing or (plan.all_or_none and wrong)


def _bound(plan: WritePlan, statements: Iterable[Statement]) -> list[Statement]:
    common = everywhere(plan)
    return [each.bind(**common) for each in statements]


async def _meet(transaction: Transaction, plan: WritePlan, *, deleted: bool) -> Knowledge:
    inquiry = Inquiry(plan)
    parents = [each.name for each in plan.obj.fields.values() if cascades(each)] if deleted else []
    wanted = loaded_for_triggers(plan.logic)
    masters = [] if deleted else [each.name for each in masters_that_lock(plan)]
    inquiry.ask_for_stored([*parents, *masters, *wanted, *(audited(plan.obj) if plan.obj.package == PLATFORM else [])])
    known = await inquiry.answers(transaction)
    meet_stored(plan, known, deleted=deleted)
    if masters:
        await refuse_under_locked(transaction, plan)
    return known


def _refuse_held(plan: WritePlan, family: Family) -> None:
    """A record that others hold on to stays, unless they go with it."""
    by_id = {change.id: change for change in plan.existing}
    for field, holder_id, roots in family.held_by:
        if holder_id in family.members.get(field.object_name, {}):
            continue
        holder = plan.context.snapshot.objects[field.object_name]
        for change in (by_id[root] for root in sorted(roots) if not by_id[root].problems):
            change.wrong(
                "delete_failed",
                f"Your attempt to delete {change.id} could not be completed because it is associated with the following"
                f" {holder.plural_label.lower()}.: {holder_id}",
            )


def _deletions(plan: WritePlan, family: Family, roots: frozenset[str]) -> Iterable[Statement]:
    for name in family.members:
        obj, ids = plan.context.snapshot.objects[name], family.ids(name, roots)
        if not ids:
            continue
        yield mark_deleted(obj).bind(ids=ids)
        unique = [each.name for each in indexed_fields(obj) if each.unique]
        if unique:
            yield RELEASE_UNIQUE_VALUES.bind(object_name=name, field_names=unique, ids=ids)


def _told(plan: WritePlan, change_type: ChangeType, family: Family, roots: frozenset[str]) -> Iterable[Statement]:
    members = {name: family.ids(name, roots) for name in family.members}
    return tell(plan.context, change_type, members, plan.now)


def _audit(plan: WritePlan, action: str) -> Iterable[Statement]:
    return audit_of(plan, action, plan.existing) if plan.obj.package == PLATFORM else ()


async def undelete_records(transaction: Transaction, plan: WritePlan, *, within: bool) -> list[Statement]:
    """Carry out a plan of restores; answer the statements that are not sent yet."""
    known = await _meet(transaction, plan, deleted=True)
    await _refuse_orphans(transaction, plan)
    dates = {each: known.stored[each][DELETED_DATE] for each in _ids(plan)}
    family = await family_of(
        transaction,
        plan.context.snapshot,
        plan.obj,
        dates,
        everywhere(plan),
        deleted=True,
        belongs=lambda row, root: row[2] == dates[root],  # what was deleted by itself before stays deleted
    )
    values = await _unique_values(transaction, plan, family)
    await _refuse_taken(transaction, plan, family, values)
    if _is_over(plan):
        return []

    def write(part: WritePlan) -> list[Statement]:
        roots = frozenset(_ids(part))
        statements = [*_restorations(part, family, roots, values), *_audit(part, RESTORED)]
        return _bound(part, [*statements, *_told(part, ChangeType.UNDELETE, family, roots)])

    return await _carry_out(transaction, plan, family, write, within=within)


async def _refuse_orphans(transaction: Transaction, plan: WritePlan) -> None:
    """What belongs to a record that is still in the bin can't come out alone."""
    for field in (each for each in plan.obj.fields.values() if cascades(each)):
        ids = sorted({change.now(field.name) for change in plan.existing} - {None})
        there: set[str] = set(_ids(plan)) if plan.obj.name in field.references else set()
        for name in field.references if ids else ():
            asked = remaining_records(plan.context.snapshot.objects[name]).bind(**everywhere(plan), ids=ids)
            there |= {row[0] for row in await transaction.fetch(asked)}
        for change in plan.existing:
            if change.now(field.name) not in {None, *there}:
                change.wrong("undelete_failed", f"{field.label}: restore the parent record first", field.name)


Values = dict[str, list[Row]]


async def _unique_values(transaction: Transaction, plan: WritePlan, family: Family) -> Values:
    """The values of unique fields that restored records would take again, by object."""
    found: Values = {}
    for name, ids in family.members.items():
        obj = plan.context.snapshot.objects[name]
        names = [each.name for each in unique_fields(obj)]
        if names:
            found[name] = await transaction.fetch(values_of(obj, names).bind(**everywhere(plan), ids=sorted(ids)))
    return found


async def _refuse_taken(transaction: Transaction, plan: WritePlan, family: Family, values: Values) -> None:
    by_id = {change.id: change for change in plan.existing}
    for name, rows in values.items():
        obj = plan.context.snapshot.objects[name]
        for place, field in enumerate(unique_fields(obj), 1):
            keys = {match_key(field, row[place]): row[0] for row in rows if row[place] is not None}
            asked = records_with_key(obj, field, plan.context).bind(**everywhere(plan), keys=sorted(keys))
            for _, key, _, _ in await transaction.fetch(asked) if keys else ():
                for root in family.members[name][keys[key]] & by_id.keys():
                    _taken(by_id[root], field.name)


def _taken(change: Change, field_name: str) -> None:
    message = f"duplicate value found: {field_name} was given to another record meanwhile"
    change.wrong("duplicate_value", message, field_name)


def _restorations(plan: WritePlan, family: Family, roots: frozenset[str], values: Values) -> Iterable[Statement]:
    for name in family.members:
        obj, ids = plan.context.snapshot.objects[name], family.ids(name, roots)
        if ids:
            yield mark_restored(obj).bind(ids=ids)
            yield from _reclaim(obj, frozenset(ids), values.get(name, []))


def _reclaim(obj: Object, ids: frozenset[str], rows: list[Row]) -> Iterable[Statement]:
    reclaimed: list[dict[str, Any]] = [
        index_row(field, row[0], row[place])
        for place, field in enumerate(unique_fields(obj), 1)
        if field in indexed_fields(obj)
        for row in rows
        if row[0] in ids and row[place] is not None
    ]
    if reclaimed:
        yield KEEP_INDEX_ROWS.bind(object_name=obj.name, rows=folded(reclaimed))
