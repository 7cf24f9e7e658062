"""Task plans: objects and fields that take what they are to take, formulas of the right kind, owners that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.formulas import complaints_of, record_formula_complaints
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.check.milestones import duration_complaints
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.flow import formula_of
from chassis_metadata.logic.record_formulas import record_formula
from chassis_metadata.logic.task_plan import RUN_OBJECT
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

_DATES = frozenset({Kind.DATE, Kind.DATETIME})


def check_task_plan(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Everything that the form can't say."""
    body, objects = each.body, look.after.objects
    missing = [key for key in ("object", "task_object") if body[key] not in objects]
    for key in missing:
        yield unknown((*where, key), "object", body[key], objects)
    if missing:
        return
    obj, task = objects[body["object"]], objects[body["task_object"]]
    for key, over in (("start", obj), ("cancel_when", obj), ("done_when", task), ("closed_when", task)):
        if key in body:
            yield from record_formula_complaints(look, (*where, key), over, body[key], Kind.BOOLEAN)
    if "hours_from" in body:
        yield from record_formula_complaints(look, (*where, "hours_from"), obj, body["hours_from"], Kind.TEXT)
    hours = look.after.logic_of("business_hours")
    if "hours" in body and body["hours"] not in hours:
        yield unknown((*where, "hours"), "business hours", body["hours"], hours)
    yield from _check_mapping(body["mapping"], obj, task, (*where, "mapping"))
    yield from _check_assignments(look, body.get("fields", {}), obj, task, (*where, "fields"))
    yield from _check_assignments(look, body.get("on_cancel", {}), task, task, (*where, "on_cancel"))
    yield from _check_owner(look, body.get("owner", {}), obj, (*where, "owner"))
    yield from _check_tasks(look, body["tasks"], obj, task, (*where, "tasks"))


def _check_mapping(mapping: Mapping[str, str], obj: Object, task: Object, where: Where) -> Iterator[Complaint]:
    for key, name in mapping.items():
        field, here = task.fields.get(name), (*where, key)
        if field is None:
            yield missing_field(here, task, name)
        elif key == "run" and RUN_OBJECT not in field.references:
            yield Complaint(here, "wrong_type", f"{name!r} is no look-up to {RUN_OBJECT}.")
        elif key == "record" and obj.name not in field.references:
            yield Complaint(here, "wrong_type", f"{name!r} does not refer to {obj.name}.")
        elif key == "due" and field.type not in (FieldType.DATE, FieldType.DATETIME):
            yield Complaint(here, "wrong_type", f"{name!r} is no date, and no date and time.")
        elif key == "subject" and kind_of(field) is not Kind.TEXT:
            yield Complaint(here, "wrong_type", f"{name!r} is no text field.")


def _check_assignments(
    look: Look, assignments: Mapping[str, Any], over: Object, target: Object, where: Where
) -> Iterator[Complaint]:
    for name, value in assignments.items():
        field = target.fields.get(name)
        if field is None:
            yield missing_field((*where, name), target, name)
        elif field.is_compound or field.is_computed:
            yield Complaint((*where, name), "not_writable", f"{name!r} can't be set; it is worked out of other fields.")
        else:
            yield from record_formula_complaints(look, (*where, name), over, formula_of(value), kind_of(field))


def _check_owner(look: Look, owner: Mapping[str, str], obj: Object, where: Where) -> Iterator[Complaint]:
    if "field" in owner:
        yield from record_formula_complaints(look, (*where, "field"), obj, owner["field"], Kind.ID)
    for key, known in (("queue", look.after.queues), ("role", look.after.roles)):
        names = [each.name for each in known]
        if key in owner and owner[key] not in names:
            yield unknown((*where, key), key, owner[key], names)


def _check_tasks(
    look: Look, tasks: list[Mapping[str, Any]], obj: Object, task: Object, where: Where
) -> Iterator[Complaint]:
    seen: set[str] = set()
    for place, body in enumerate(tasks):
        here, name = (*where, place), body.get("name", str(place + 1))
        if name in seen:
            yield Complaint((*here, "name"), "duplicate_name", f"Two tasks are called {name!r}.")
        seen.add(name)
        yield from duration_complaints(body, "offset", here)
        since = body.get("from", {})
        if "date" in since:
            yield from _check_date(look, since["date"], obj, (*here, "from", "date"))
        if since.get("previous") and place == 0:
            message = "The first task has none before it. Leave `from` out: it is counted from the start."
            yield Complaint((*here, "from"), "no_previous_task", message)
        if "only_if" in body:
            yield from record_formula_complaints(look, (*here, "only_if"), obj, body["only_if"], Kind.BOOLEAN)
        yield from _check_owner(look, body.get("owner", {}), obj, (*here, "owner"))
        yield from _check_assignments(look, body.get("fields", {}), obj, task, (*here, "fields"))


def _check_date(look: Look, text: str, obj: Object, where: Where) -> Iterator[Complaint]:
    try:
        found = record_formula(look.after, obj, text)
    except Invalid as invalid:
        yield from complaints_of(invalid, where, text)
        return
    if found.kind not in _DATES:
        yield Complaint(where, "wrong_kind", "A task is counted from a date, or a date and time.")
