"""Judging the changes of a batch by what is known: are the records there, may they be changed, do references hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.components import OrgWideDefault
from chassis_metadata.snapshot import Field
from chassis_platform.plan.changes import Change, Expectation, KeyedReference, fine
from chassis_platform.plan.forms import match_key
from chassis_platform.plan.rules import complete_changed, complete_computed, rules_for
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.inquiry import PLATFORM, Holder, Knowledge, reference_fields, unique_fields
from chassis_platform.records.locks import refuse_locked
from chassis_platform.sql.check import (
    FIRST_VALUE,
    IS_DELETED,
    LAST_MODIFIED,
    VERSION,
    VISIBLE,
    WRITABLE,
)
from chassis_tenants.database import Row


def meet_stored(plan: WritePlan, known: Knowledge, *, deleted: bool = False) -> None:
    """Lay the stored rows beside the changes; one that is not there, or not for the user, is a problem."""
    for change in plan.existing:
        row = known.stored.get(str(change.id))
        if row is None or not row[VISIBLE]:
            change.wrong("not_found", "The requested resource does not exist")
        elif row[IS_DELETED] and not deleted:
            change.wrong("entity_is_deleted", "entity is deleted")
        elif deleted and not row[IS_DELETED]:
            change.wrong("undelete_failed", "Entity is not in the recycle bin")
        elif not row[WRITABLE]:
            change.wrong("insufficient_access_or_readonly", "insufficient access rights on object id")
        else:
            change.old = dict(zip(known.names, row[FIRST_VALUE:], strict=True))
            change.version = row[VERSION] + 1
            _check_expectation(change, row)
            refuse_locked(plan, change, known.locks)


def _check_expectation(change: Change, row: Row) -> None:
    expected = change.expectation or Expectation()
    if expected.version is not None and expected.version != row[VERSION]:
        message = f"The record was saved meanwhile: it is at version {row[VERSION]}, not {expected.version}"
        change.wrong("stale_version", message)
    since = expected.unmodified_since
    if since is not None and row[LAST_MODIFIED].replace(microsecond=0) > since:
        change.wrong("precondition_failed", "The record was modified after the time of If-Unmodified-Since")


def resolve_keys(plan: WritePlan, known: Knowledge) -> list[Change]:
    """Turn references by key into references by id; answers the changes with which nothing was wrong before."""
    changes = fine(plan.changes)
    holders: dict[int, list[Holder]] = {}  # by reference: records of a batch share them
    for change in changes:
        for reference in change.keyed:
            if id(reference) not in holders:
                holders[id(reference)] = _holders(reference, known)
            _resolve(change, reference, holders[id(reference)], known)
    return changes


def judge_values(plan: WritePlan, known: Knowledge, changes: Iterable[Change]) -> None:
    """Everything else: references, rules between fields, uniqueness. Values that don't change are not judged."""
    rules, is_computed = rules_for(plan.obj), plan.logic.computes
    # Where values were not worked out, what is missing may not be.
    judged = [change for change in changes if not (is_computed and change.problems)]
    for change in judged:
        if not change.creating:
            complete_changed(rules, change)
        elif is_computed:
            complete_computed(rules, change)
    _check_references(plan, judged, known)
    _check_unique(plan, known)
    _check_usernames(plan, known)


def _holders(reference: KeyedReference, known: Knowledge) -> list[Holder]:
    """The records that the user sees and that have the key."""
    found: dict[str, Holder] = {}
    for target, key_field, key in reference.targets:
        found |= {each.id: each for each in known.holders[target.name, key_field.name, key] if each.is_visible}
    return list(found.values())


def _resolve(change: Change, reference: KeyedReference, found: Sequence[Holder], known: Knowledge) -> None:
    name = reference.field.name
    if len(found) == 1:
        [holder] = found
        change.values[name] = holder.id
        known.referred[holder.id] = holder.is_writable
        return
    entity = " or ".join(target.name for target, _, _ in reference.targets)
    several = "more than one record found: " if found else ""
    change.wrong("invalid_field", f"Foreign key external ID: {several}{reference.shown} in entity {entity}", name)


def _check_references(plan: WritePlan, changes: Sequence[Change], known: Knowledge) -> None:
    own_id, controlling = plan.context.principal.user_id, None
    if plan.obj.sharing is OrgWideDefault.CONTROLLED_BY_PARENT:
        controlling = plan.obj.controlled_by
    for field in reference_fields(plan.obj):
        is_controlling = field.name == controlling
        for change in changes:
            value = change.values.get(field.name)
            if value is None or (not is_controlling and (value == own_id or value in known.referred)):
                continue
            if change.differs(field.name) and not change.has_problem_with(field.name):
                _check_reference(plan, change, field, known, is_controlling=is_controlling)


def _check_reference(plan: WritePlan, change: Change, field: Field, known: Knowledge, *, is_controlling: bool) -> None:
    value = change.values[field.name]
    if field.name in change.computed and value in known.trusted:
        return
    if value not in known.referred and value != plan.context.principal.user_id:
        change.wrong("invalid_cross_reference_key", f"invalid cross reference id: {field.label}", field.name)
    elif is_controlling and not (plan.context.policy.on(plan.obj.name).modify_all or known.referred.get(value)):
        message = f"insufficient access rights on the parent record: {field.label}"
        change.wrong("insufficient_access_or_readonly", message, field.name)


def _check_unique(plan: WritePlan, known: Knowledge) -> None:
    access = plan.context.policy.on(plan.obj.name)
    for field in unique_fields(plan.obj):
        may_know = access.may_look_up(field.name)  # whose value it is
        seen: dict[Any, Change] = {}
        for change in plan.changes:
            value = change.values.get(field.name)
            if value is None or change.problems or not change.differs(field.name):
                continue
            key = match_key(field, value)
            others = [each for each in known.holders.get((plan.obj.name, field.name, key), ()) if each.id != change.id]
            if others:
                _is_duplicate(change, field, others[0].id if others[0].is_visible and may_know else None)
            elif key in seen:
                _is_duplicate(change, field, seen[key].id)
            seen.setdefault(key, change)


def _is_duplicate(change: Change, field: Field, holder_id: str | None) -> None:
    holder = f" with id: {holder_id}" if holder_id else ""
    message = f"duplicate value found: {field.name} duplicates value on record{holder}"
    change.wrong("duplicate_value", message, field.name)


def _check_usernames(plan: WritePlan, known: Knowledge) -> None:
    for change in plan.changes:
        username = change.values.get("Username") if known.usernames and not change.problems else None
        holder = known.usernames.get(username.lower()) if username else None
        if holder is not None and holder != (plan.context.tenant.id, change.id):
            message = "The username already exists in this or another organization"
            change.wrong("duplicate_username", message, "Username")


def self_references(plan: WritePlan) -> dict[Field, dict[str, str]]:
    """Changed references of existing records to records of the same object: field to (record, new parent)."""
    changed: dict[Field, dict[str, str]] = {}
    for field in reference_fields(plan.obj):
        if plan.obj.name not in field.references:
            continue
        for change in plan.existing:
            value = change.values.get(field.name)
            if value is not None and change.differs(field.name):
                changed.setdefault(field, {})[str(change.id)] = value
    return changed


def refuse_circles(plan: WritePlan, field: Field, edges: Iterable[Row]) -> None:
    """Note the changes that would make a record its own ancestor; `edges` are the stored (record, parent) above."""
    parents: dict[str, str | None] = dict(edges)
    wanted = {str(change.id): change.values[field.name] for change in plan.existing if field.name in change.values}
    for change in plan.existing:
        if change.differs(field.name) and _is_circle(str(change.id), {**parents, **wanted}):
            message = f"{field.label}: the record would be its own ancestor"
            change.wrong("circular_dependency", message, field.name)


def _is_circle(start: str, parents: Mapping[str, str | None]) -> bool:
    passed: set[str] = set()
    above = parents.get(start)
    while above is not None and above not in passed:
        if above == start:
            return True
        passed.add(above)
        above = parents.get(above)
    return False


def is_setup(plan: WritePlan) -> bool:
    """Whether the object decides who may do what: users, roles, queues, assignments."""
    return plan.obj.package == PLATFORM
