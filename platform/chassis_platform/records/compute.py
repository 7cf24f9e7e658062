"""Values worked out before records are written: one statement for the batch; each is then read as if it were sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.system import as_automation
from chassis_platform.coverage import note
from chassis_platform.plan.changes import Change
from chassis_platform.plan.object_logic import ObjectLogic
from chassis_platform.plan.typed_values import BadValue, Convert, converter
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.inquiry import Inquiry, Knowledge, everywhere, reference_fields, unique_fields
from chassis_platform.sql.candidates import OLD_ROWS, candidate_row, old_row
from chassis_platform.sql.check import referred_records
from chassis_platform.sql.compute import FAILED, FIRST_VALUE, PLACE, compile_computation
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement


async def compute_values(transaction: Transaction, plan: WritePlan, known: Knowledge) -> None:
    """Set what default formulas and before-save updates say, and learn what the new values must be judged by."""
    logic = plan.logic
    by_place = {change.place: change for change in plan.changes if not change.problems}
    if not logic.computes or not by_place:
        return
    statement = _computation(logic).bind(**everywhere(plan), **_candidates(plan, logic, list(by_place.values())))
    [rows] = await transaction.fetch_each([statement])
    for row in rows:
        _take(logic, by_place[row[PLACE]], row)
    await _meet_computed(transaction, plan, known)


def _computation(logic: ObjectLogic) -> Statement:
    return logic.snapshot.keep(("computation", *logic.key), lambda: compile_computation(logic))


def _candidates(plan: WritePlan, logic: ObjectLogic, changes: Sequence[Change]) -> dict[str, Any]:
    rows = [
        {
            **candidate_row(plan.obj, logic.read_before, change.id, {**_stamps(plan, change), **values_of(change)}),
            "place": change.place,
            "is_new": change.creating,
            "sent": sorted(change.sent),
        }
        for change in changes
    ]
    return {"rows": folded(rows), OLD_ROWS: folded_old(plan.obj, logic, changes)}


def folded_old(obj: Object, logic: ObjectLogic, changes: Sequence[Change]) -> str:
    """The records as they were, for the formulas that ask what was before."""
    if not logic.old_needed:
        return "[]"
    return folded(old_row(obj, logic.old_needed, each) for each in changes if each.old is not None)


def values_of(change: Change) -> dict[str, Any]:
    """The record as it will be, as far as it is known."""
    return {**(change.old or {}), **change.values}


def _stamps(plan: WritePlan, change: Change) -> dict[str, Any]:
    """What storage will say of a new record."""
    if not change.creating:
        return {}
    dates = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), plan.now)
    people = dict.fromkeys(("CreatedById", "LastModifiedById"), plan.context.principal.user_id)
    return {**dates, **people, "IsDeleted": False}


def _take(logic: ObjectLogic, change: Change, row: Row) -> None:
    for number in row[FAILED]:
        update = logic.updates[number]
        change.wrong(
            "cannot_execute_flow_trigger",
            f"{update.name}: a formula can't be worked out for this record, so it was not saved.",
        )
    converters = _converters(logic.snapshot, logic.obj, logic.computed)
    moved = {
        name
        for name, found in zip(logic.computed, row[FIRST_VALUE:], strict=True)
        if _moves(change, logic.obj.fields[name], found, converters[name])
    }
    if moved:
        change.computed = frozenset(moved)
        for update in logic.updates:
            if moved & update.assignments.keys():
                note(update.kind, update.name, "before_save")


def _moves(change: Change, field: Field, found: Any, convert: Convert) -> bool:
    """Whether the formula's value is another than the record has so far; it is taken then."""
    if found == change.now(field.name) or (found is None and change.creating):
        return _cleared(change, field.name, found)
    try:
        value = None if found is None else convert(found)
    except BadValue as bad:
        change.wrong(bad.code, bad.message, field.name)
        return False
    if value == change.now(field.name):
        return False
    change.values[field.name] = value
    return True


def _cleared(change: Change, name: str, found: Any) -> bool:
    """A new record's value may have been taken away again."""
    if found is None and change.values.get(name) is not None:
        change.values[name] = None
        return True
    return False


def _converters(snapshot: Snapshot, obj: Object, names: Sequence[str]) -> Mapping[str, Convert]:

    def make() -> dict[str, Convert]:
        prefixes = {prefix: each.name for prefix, each in snapshot.objects_by_prefix.items()}
        return {name: converter(obj.fields[name], prefixes) for name in names}

    return snapshot.keep(("computed_converters", obj.name, names), make)


async def _meet_computed(transaction: Transaction, plan: WritePlan, known: Knowledge) -> None:
    """References and unique values that came from formulas are asked about as those that were sent."""
    changes = [change for change in plan.changes if change.computed and not change.problems]
    computed = {name for change in changes for name in change.computed}
    if computed & {each.name for each in unique_fields(plan.obj)}:
        inquiry = Inquiry(plan, known)
        inquiry.ask_for_holders_of_unique_values()
        await inquiry.answers(transaction)
    ids = _computed_ids(plan, changes)
    if ids:
        automation, common = as_automation(plan.context), everywhere(plan)
        targets = plan.context.snapshot.objects
        asked = [referred_records(targets[name], automation).bind(**common, ids=sorted(ids[name])) for name in ids]
        for rows in await transaction.fetch_each(asked):
            known.trusted.update(row[0] for row in rows)


def _computed_ids(plan: WritePlan, changes: Sequence[Change]) -> dict[str, set[str]]:
    prefixes = plan.context.snapshot.objects_by_prefix
    found: dict[str, set[str]] = {}
    for change in changes:
        for field in reference_fields(plan.obj):
            value = change.values.get(field.name) if field.name in change.computed else None
            if value is not None:
                found.setdefault(prefixes[value[:3]].name, set()).add(value)
    return found
