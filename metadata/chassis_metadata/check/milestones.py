"""Milestones: an object that may have clocks, formulas of the right kind, hours and mirror fields that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis_metadata.check.flow import check_flow
from chassis_metadata.check.formulas import record_formula_complaints
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.durations import LONGEST, read_duration
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

_FORMULAS: Mapping[str, Kind] = {
    **dict.fromkeys(("start", "stop", "pause", "resume", "cancel", "around_the_clock"), Kind.BOOLEAN),
    "target_minutes": Kind.NUMBER,
    "until": Kind.DATETIME,
    "hours_from": Kind.TEXT,
}
_TARGETS = ("target", "target_minutes", "until")
_MIRRORS: Mapping[str, frozenset[FieldType]] = {
    "state": frozenset({FieldType.TEXT, FieldType.PICKLIST}),
    "due": frozenset({FieldType.DATETIME}),
}
STATES = ("Running", "Paused", "Met", "Violated", "Cancelled")


def check_milestone(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Everything that the form can't say."""
    body = each.body
    obj = look.after.objects.get(body["object"])
    if obj is None:
        yield unknown((*where, "object"), "object", body["object"], look.after.objects)
        return
    given = [key for key in _TARGETS if key in body]
    if len(given) != 1:
        message = "A milestone has exactly one of target, target_minutes and until."
        yield Complaint((*where, *given[1:2]), "one_target", message)
    for key, kind in _FORMULAS.items():
        if key in body:
            yield from record_formula_complaints(look, (*where, key), obj, body[key], kind)
    yield from duration_complaints(body, "target", where)
    for place, warning in enumerate(body.get("warnings", ())):
        if not warning["at"].endswith("%"):
            yield from duration_complaints(warning, "at", (*where, "warnings", place))
    if "resume" in body and "pause" not in body:
        yield Complaint((*where, "resume"), "misplaced_key", "Nothing resumes without `pause`.")
    hours = look.after.logic_of("business_hours")
    if "hours" in body and body["hours"] not in hours:
        yield unknown((*where, "hours"), "business hours", body["hours"], hours)
    yield from _check_mirror(body.get("mirror", {}), obj, (*where, "mirror"))
    yield from _check_steps(each, look, where)


def duration_complaints(body: Mapping[str, Any], key: str, where: Where) -> Iterator[Complaint]:
    """A length of time that nobody means."""
    if key in body and abs(read_duration(body[key].removesuffix(" before")).length) > LONGEST:
        yield Complaint((*where, key), "out_of_range", f"{body[key]!r} is longer than ten years.")


def _check_mirror(mirror: Mapping[str, str], obj: Object, where: Where) -> Iterator[Complaint]:
    for key, name in mirror.items():
        field = obj.fields.get(name)
        if field is None:
            yield missing_field((*where, key), obj, name)
        elif field.type not in _MIRRORS[key] or field.is_computed or not field.updateable:
            words = " or ".join(sorted(_MIRRORS[key]))
            yield Complaint((*where, key), "wrong_type", f"{name!r} is no {words} field that can be written.")
        elif field.type is FieldType.PICKLIST and field.restricted:
            missing = sorted(set(STATES) - {one.value for one in field.values})
            if missing:
                message = f"{name!r} lacks the values {', '.join(missing)}."
                yield Complaint((*where, key), "unknown_picklist_value", message)


def _check_steps(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    for place, warning in enumerate(each.body.get("warnings", ())):
        here = (*where, "warnings", place)
        yield from steps_complaints(each, look, here, warning["steps"], "steps")
    for key in ("on_violation", "on_met"):
        yield from steps_complaints(each, look, where, each.body.get(key, ()), key)


def steps_complaints(
    each: LogicComponent, look: Look, where: Where, steps: Sequence[Any], key: str
) -> Iterator[Complaint]:
    """What is wrong with steps that stand under a key, asked as those of a flow that is called."""
    if not steps:
        return
    body = {"label": each.body["label"], "object": each.body["object"], "trigger": {"sub": {}}, "steps": steps}
    for complaint in check_flow(replace(each, kind="flow", body=body), look, where):
        inside = complaint.where[len(where) :]
        moved = (*where, key, *inside[1:]) if inside[:1] == ("steps",) else complaint.where
        yield replace(complaint, where=moved)
