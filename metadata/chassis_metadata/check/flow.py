"""Flows: a trigger that fits its object, steps of one verb each, names that are there, formulas of the right kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chassis_metadata.check.flow_steps import StepChecks
from chassis_metadata.check.formulas import complaints_of
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.cron import read_cron
from chassis_metadata.logic.flow import BEFORE_SAVE, Flow, Step, all_steps, read_flow, verbs_of
from chassis_metadata.logic.flow_formulas import Standing, flow_formula, standing_of
from chassis_metadata.logic.flow_triggers import assignments_of
from chassis_metadata.logic.triggers import Event
from chassis_metadata.places import Where

_NEED_NO_OBJECT = frozenset({"schedule", "sub"})
_DATES = frozenset({FieldType.DATE, FieldType.DATETIME})
_BEFORE_SAVE_VERBS = frozenset({"update", "decision", "error"})


def check_flow(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Everything that the form can't say."""
    object_name = each.body.get("object")
    if object_name is not None and object_name not in look.after.objects:
        yield unknown((*where, "object"), "object", object_name, look.after.objects)
        return
    wrong_verbs = list(_check_verbs(each.body["steps"], (*where, "steps")))
    if wrong_verbs:
        yield from wrong_verbs
        return
    flow = read_flow(each)
    if object_name is None and flow.start not in _NEED_NO_OBJECT:
        yield Complaint(where, "required_key_missing", f"A flow started by {flow.start!r} needs its 'object'.")
        return
    yield from _check_trigger(flow, look, (*where, "trigger", flow.start))
    yield from _check_variables(flow, look, (*where, "variables"))
    yield from _check_names(flow.steps, where)
    yield from _check_calls(flow, look, where)
    if flow.when == BEFORE_SAVE:
        yield from _check_before_save(flow, where)
    wrong_steps = list(StepChecks(look, flow, where).check(flow.steps, standing_of(flow)))
    yield from wrong_steps
    if flow.when == BEFORE_SAVE and not wrong_steps:
        yield from _check_assignments(flow, look, where)


def _check_verbs(bodies: Iterable[Mapping[str, Any]], where: Where) -> Iterator[Complaint]:
    for index, body in enumerate(bodies):
        here = (*where, index)
        verbs = verbs_of(body)
        if len(verbs) != 1:
            found = f"It has {' and '.join(verbs)}." if verbs else "It has none."
            yield Complaint(here, "one_verb", f"A step has exactly one verb, such as update or create. {found}")
            continue
        inner = body[verbs[0]]
        if verbs[0] == "for_each":
            yield from _check_verbs(inner["steps"], (*here, "for_each", "steps"))
        for place, branch in enumerate(inner if verbs[0] == "decision" else ()):
            yield from _check_branch(branch, (*here, "decision", place), is_last=place == len(inner) - 1)


def _check_branch(body: Mapping[str, Any], where: Where, *, is_last: bool) -> Iterator[Complaint]:
    if "else" in body:
        if "when" in body or "steps" in body:
            yield Complaint(where, "one_verb", "A branch is either `when` with `steps`, or `else`.")
        elif not is_last:
            yield Complaint(where, "unreachable", "`else` is the last branch: those behind it are never taken.")
        yield from _check_verbs(body["else"], (*where, "else"))
        return
    for key in ("when", "steps"):
        if key not in body:
            yield Complaint(where, "required_key_missing", f"{key!r} is missing.")
    yield from _check_verbs(body.get("steps", ()), (*where, "steps"))


def _check_trigger(flow: Flow, look: Look, where: Where) -> Iterator[Complaint]:
    trigger = flow.trigger
    if flow.criteria is not None:
        if flow.object_name is None:
            yield Complaint((*where, "criteria"), "required_key_missing", "Criteria need an 'object' to be over.")
        else:
            standing = Standing(flow.object_name, has_prior=flow.knows_prior)
            yield from formula_complaints(look, standing, flow.criteria, Kind.BOOLEAN, (*where, "criteria"))
    if flow.becomes and flow.criteria is None:
        yield Complaint((*where, "becomes"), "required_key_missing", "`becomes` needs criteria that become true.")
    if flow.start == "schedule":
        yield from _check_cron(trigger["cron"], (*where, "cron"))
    if flow.relative is not None:
        yield from _check_date(flow, look, (*where, "field"))
    for key, kind in (("business_hours", "business_hours"), ("permission", "custom_permission")):
        if key in trigger and trigger[key] not in look.after.logic_of(kind):
            yield unknown((*where, key), kind.replace("_", " "), trigger[key], look.after.logic_of(kind))
    if "mapping" in trigger and trigger["mapping"] not in look.after.inbound_mappings:
        yield unknown((*where, "mapping"), "inbound mapping", trigger["mapping"], look.after.inbound_mappings)


def _check_cron(text: str, where: Where) -> Iterator[Complaint]:
    try:
        read_cron(text)
    except ValueError as error:
        yield Complaint(where, "invalid_schedule", str(error))


def _check_date(flow: Flow, look: Look, where: Where) -> Iterator[Complaint]:
    assert flow.relative is not None  # noqa: S101  the caller asked
    obj = look.after.objects[str(flow.object_name)]
    field = obj.fields.get(flow.relative.field)
    if field is None:
        yield missing_field(where, obj, flow.relative.field)
    elif field.type not in _DATES or field.is_computed:
        yield Complaint(where, "wrong_type", f"{field.name} is no stored date, or date and time.")


def _check_variables(flow: Flow, look: Look, where: Where) -> Iterator[Complaint]:
    standing = Standing(flow.object_name, has_prior=flow.knows_prior)
    obj = look.after.objects.get(flow.object_name or "")
    for each in flow.variables:
        if obj is not None and each.name.lower() in obj.fields_by_lower_name:
            message = f"{each.name} is a field of {obj.name}; call the variable otherwise."
            yield Complaint((*where, each.name), "duplicate_name", message)
        if each.value is not None:
            yield from formula_complaints(look, standing, each.value, each.kind, (*where, each.name, "value"))


def _check_names(steps: tuple[Step, ...], where: Where) -> Iterator[Complaint]:
    seen: set[str] = set()
    for each in all_steps(steps):
        if each.name is not None and each.name in seen:
            yield Complaint((*where, *each.where, "name"), "duplicate_name", f"Two steps are called {each.name}.")
        seen.add(each.name or "")


def _check_calls(flow: Flow, look: Look, where: Where) -> Iterator[Complaint]:
    """A flow must not call itself, over however many others."""
    components = look.after.logic_of("flow")
    waiting: list[tuple[Step, tuple[str, ...]]]
    waiting = [(each, (flow.name, str(each.body["flow"]))) for each in _calls(flow)]
    while waiting:
        first, way = waiting.pop()
        if way[-1] == flow.name:
            yield Complaint((*where, *first.where), "circular_dependency", f"It calls itself: {' -> '.join(way)}.")
        elif way[-1] in components and way[-1] not in way[:-1]:
            waiting += [(first, (*way, str(each.body["flow"]))) for each in _calls(read_flow(components[way[-1]]))]


def _calls(flow: Flow) -> list[Step]:
    return [each for each in all_steps(flow.steps) if each.verb == "call"]


def _check_before_save(flow: Flow, where: Where) -> Iterator[Complaint]:
    for each in all_steps(flow.steps):
        if each.verb not in _BEFORE_SAVE_VERBS:
            allowed = "Before a save only update, decision and error are possible; write `when: after_save`."
            yield Complaint((*where, *each.where), "not_before_save", f"{each.verb!r} is not possible here. {allowed}")
    if flow.events - {Event.CREATE, Event.UPDATE}:
        message = "Before a save there are only the events create and update."
        yield Complaint((*where, "trigger", "record", "events"), "not_before_save", message)

    if flow.variables:
        message = "A flow before the save has no variables: each formula sees the record as it was."
        yield Complaint((*where, "variables"), "not_before_save", message)


def _check_assignments(flow: Flow, look: Look, where: Where) -> Iterator[Complaint]:
    """The formulas that the write road will run: those of all steps that set a field, as one."""
    obj = look.after.objects[str(flow.object_name)]
    for name, formula in assignments_of(flow, look.after).items():
        if obj.fields[name].encrypted:
            path = f"{obj.name}.{name}"
            message = f"{path} is encrypted: set it in a flow after the save."
            yield Complaint((*where, "steps"), "encrypted_field", message)
        standing = Standing(obj.name, has_prior=True)
        yield from formula_complaints(look, standing, formula, kind_of(obj.fields[name]), (*where, "steps"))


def formula_complaints(
    look: Look, standing: Standing, text: str, expects: Kind | None, where: Where
) -> Iterator[Complaint]:
    """What is wrong with a formula of a flow."""
    try:
        flow_formula(look.after, standing, text, expects)
    except Invalid as invalid:
        yield from complaints_of(invalid, where, text)
