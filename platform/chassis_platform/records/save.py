"""Carrying out inserts and updates inside a transaction: one trip to ask, one to write.

Formulas that set values take a trip between the two. Where something is asked of the written records, or acts on them,
the writes go out with that question, and in rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from chassis_metadata.ids import new_ids
from chassis_metadata.snapshot import Field, Object
from chassis_platform.plan.changes import Change, fine
from chassis_platform.plan.late_rules import in_two_parts
from chassis_platform.plan.summaries import relations_over
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.compute import compute_values
from chassis_platform.records.counters import number_without_gaps
from chassis_platform.records.inquiry import Inquiry, everywhere, names_to_load
from chassis_platform.records.judge import judge_values, meet_stored, refuse_circles, resolve_keys, self_references
from chassis_platform.records.masked_values import refuse_masked
from chassis_platform.records.master_locks import refuse_under_locked
from chassis_platform.records.parents import before_writing, judge_parents, learn, watches
from chassis_platform.records.rollups import followings, maintain
from chassis_platform.records.rounds import hand_over, set_off, write_in_rounds
from chassis_platform.records.trail import trail_of
from chassis_platform.records.verdict import hear, question
from chassis_platform.sql.check import ancestors_by
from chassis_platform.sql.pivot import DROP_INDEX_ROWS, KEEP_INDEX_ROWS, index_row, indexed_fields
from chassis_platform.sql.rows import folded, places_of, row_to_store
from chassis_platform.sql.write import insert_records, update_records
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement


async def save_records(transaction: Transaction, plan: WritePlan, *, within: bool) -> list[Statement]:
    """Carry out a plan of inserts and updates; answer the statements that are not sent yet."""
    inquiry = Inquiry(plan)
    inquiry.plan_large_sets_anew()
    inquiry.ask_for_stored(names_to_load(plan))
    inquiry.ask_for_references()
    inquiry.ask_for_holders_of_unique_values()
    inquiry.ask_for_usernames()
    known = await inquiry.answers(transaction)
    meet_stored(plan, known)
    await refuse_masked(transaction, plan)
    changes = resolve_keys(plan, known)
    await refuse_under_locked(transaction, plan, changes)
    _give_ids(plan)
    await compute_values(transaction, plan, known)
    judge_values(plan, known, changes)
    await _check_circles(transaction, plan)
    if plan.all_or_none and any(change.problems for change in plan.changes):
        return []
    if plan.logic.is_judged or _moves_summaries(plan):
        return await write_in_rounds(transaction, plan, partial(_attempt, transaction), within=within)
    await number_without_gaps(transaction, plan, ())
    following = followings(plan.obj, plan.context.snapshot, fine(plan.changes))
    return [*_statements(plan), *(each.bind(**everywhere(plan)) for each in following)]


def _moves_summaries(plan: WritePlan) -> bool:
    relations = relations_over(plan.context.snapshot, plan.obj)
    return any(relation.is_touched(change) for relation in relations for change in fine(plan.changes))


async def _attempt(transaction: Transaction, plan: WritePlan, first: Sequence[Statement]) -> None:
    """Write the records, ask what is to be asked of them, let the engines act on them; then hand over what is none."""
    changes = [*plan.created, *plan.existing]
    if changes:
        await _attempt_to_write(transaction, plan, changes, first)
    elif first:
        await transaction.fetch_each(first)
    if not any(change.problems or change.attached for change in changes):
        await hand_over(transaction, plan)


async def _attempt_to_write(
    transaction: Transaction, plan: WritePlan, changes: Sequence[Change], first: Sequence[Statement]
) -> None:
    numbered = await number_without_gaps(transaction, plan, first)
    first = () if numbered else first
    watched = watches(plan, changes)
    at_once, later = in_two_parts(plan, changes)
    present = {plan.obj.name: [str(change.id) for change in changes if not change.creating]}
    before, asked = before_writing(plan, watched, changes, present), question(at_once, changes)
    answers = await transaction.fetch_each([*first, *before, *_statements(plan), *asked])
    learn(watched, answers[len(first) :])
    fired = hear(at_once, changes, answers[-1] if asked else ())
    if any(change.problems for change in changes):
        return
    await judge_parents(transaction, plan, changes, watched, await maintain(transaction, plan, changes))
    if later is not None:
        hear(later, changes, (await transaction.fetch_each(question(later, changes)))[-1])
    if any(change.problems for change in changes):
        return
    await set_off(transaction, plan, changes, fired)


async def _check_circles(transaction: Transaction, plan: WritePlan) -> None:
    for field, wanted in self_references(plan).items():
        ids = sorted(set(wanted.values()))
        edges = await transaction.fetch(ancestors_by(plan.obj, field).bind(**everywhere(plan), ids=ids))
        refuse_circles(plan, field, edges)


def _give_ids(plan: WritePlan) -> None:
    created = plan.created
    for change, record_id in zip(created, new_ids(plan.obj.key_prefix, len(created)) if created else (), strict=True):
        change.id = record_id


def _statements(plan: WritePlan) -> list[Statement]:
    created, existing = plan.created, plan.existing
    written = [
        *(_insert(plan.obj, created) if created else ()),
        *(_update(plan.obj, existing) if existing else ()),
        *_index_rows(plan.obj, [*created, *existing]),
        *trail_of(plan, created, existing),
    ]
    common = everywhere(plan)
    return [statement.bind(**common) for statement in written]


def _insert(obj: Object, changes: Sequence[Change]) -> Iterable[Statement]:
    names = sorted({name for change in changes for name in change.values})
    yield insert_records(obj, names, [(str(change.id), change.values) for change in changes])


def _update(obj: Object, changes: Sequence[Change]) -> Iterable[Statement]:
    """One statement for all: a record that doesn't change one of the columns writes back what it has, under lock."""
    names = sorted({name for change in changes for name in change.values if change.differs(name)})
    places = places_of(obj, names)
    rows = [row_to_store(obj, str(change.id), _after(change), places) for change in changes]
    yield update_records(obj, names).bind(rows=folded(rows), ids=[change.id for change in changes])


def _after(change: Change) -> dict[str, Any]:
    return {**(change.old or {}), **change.values}


def _index_rows(obj: Object, changes: Sequence[Change]) -> Iterable[Statement]:
    touched = [(field, change) for field in indexed_fields(obj) for change in changes if _moves(change, field)]
    keep = [
        index_row(field, str(change.id), change.values[field.name])
        for field, change in touched
        if change.values[field.name] is not None
    ]
    drop = [
        {"field_name": field.name, "record_id": change.id}
        for field, change in touched
        if change.values[field.name] is None and not change.creating
    ]
    if drop:
        yield DROP_INDEX_ROWS.bind(object_name=obj.name, rows=folded(drop))
    if keep:
        yield KEEP_INDEX_ROWS.bind(object_name=obj.name, rows=folded(keep))


def _moves(change: Change, field: Field) -> bool:
    return field.name in change.values and change.differs(field.name)
