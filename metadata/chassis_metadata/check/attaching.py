"""Duplicate rules that attach: matches of the same object, a flow that can be called, its inputs."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.formulas import complaints_of
from chassis_metadata.check.look import Look, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.duplicate_rule import Action, Attaching, DuplicateRule
from chassis_metadata.logic.flow import Flow, all_steps, read_flow
from chassis_metadata.logic.flow_formulas import flow_formula
from chassis_metadata.places import Where


def check_attaching(rule: DuplicateRule, look: Look, where: Where) -> Iterator[Complaint]:
    """What `attach` says, where a rule attaches."""
    if rule.on_create is not Action.ATTACH:
        if rule.attach is not None:
            yield Complaint((*where, "attach"), "unused_key", "'attach' has a meaning with on_create: attach only.")
        return
    if rule.attach is None:
        yield Complaint(where, "required_key_missing", "'attach' is missing: which flow takes what was sent?")
        return
    yield from _check_matches(rule, look, where)
    here = (*where, "attach")
    known = look.after.logic_of("flow")
    if rule.attach.flow not in known:
        if f"flow.{rule.attach.flow}" not in look.after.logic_of("switched_off"):
            yield unknown((*here, "flow"), "flow", rule.attach.flow, known)
        return
    yield from _check_flow(rule, rule.attach, known[rule.attach.flow], here)
    yield from _check_formulas(rule, rule.attach, read_flow(known[rule.attach.flow]), look, here)


def _check_matches(rule: DuplicateRule, look: Look, where: Where) -> Iterator[Complaint]:
    known = look.after.logic_of("matching_rule")
    for place, name in enumerate(rule.matching_rules):
        against = known[name].body.get("against") if name in known else None
        if against not in (None, rule.object_name):
            message = f"{name} finds records of {against}; a new {rule.object_name} can be attached to its like only."
            yield Complaint((*where, "matching_rules", place), "wrong_object", message)


def _check_flow(rule: DuplicateRule, attach: Attaching, component: LogicComponent, here: Where) -> Iterator[Complaint]:
    flow = read_flow(component)
    if flow.start != "sub" or flow.object_name != rule.object_name:
        message = f"{attach.flow} must be a flow of {rule.object_name} whose trigger is sub."
        yield Complaint((*here, "flow"), "not_callable", message)
    elif any(each.verb == "wait" for each in all_steps(flow.steps)):
        message = f"{attach.flow} waits, which a flow that takes a record can't."
        yield Complaint((*here, "flow"), "not_callable", message)


def _check_formulas(rule: DuplicateRule, attach: Attaching, flow: Flow, look: Look, here: Where) -> Iterator[Complaint]:
    inputs = {each.name: each.kind for each in flow.variables if each.is_input}
    asked: list[tuple[Where, str, Kind]] = []
    if attach.criteria is not None:
        asked.append(((*here, "criteria"), attach.criteria, Kind.BOOLEAN))
    for name, text in attach.arguments.items():
        if name in inputs:
            asked.append(((*here, "with", name), text, inputs[name]))
        else:
            yield unknown((*here, "with", name), "input variable", name, inputs)
    for place, text, kind in asked:
        try:
            flow_formula(look.after, attach.standing(rule.object_name), text, kind)
        except Invalid as invalid:
            yield from complaints_of(invalid, place, text)
