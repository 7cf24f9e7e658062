"""What the write road must know of flows: which saves set them off, and what they set before a save.

The steps of a before-save flow become assignments of one layer: each formula sees the record as it was when the flow
began, and of two steps that set a field the later wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic import triggers
from chassis_metadata.logic.flow import BEFORE_SAVE, KIND, Flow, Step, all_steps, flows, formula_of
from chassis_metadata.logic.flow_formulas import flow_formula, standing_of
from chassis_metadata.logic.merge_fields import formulas_of
from chassis_metadata.logic.record_formulas import fields_read
from chassis_metadata.logic.triggers import BeforeSaveUpdate, Event, Trigger
from chassis_metadata.snapshot import Snapshot

#: Joins a flow's name with the place of a step that the write road asks for by itself.
AT = "@"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A step of a before-save flow and the conditions under which it is reached."""

    conditions: tuple[str, ...]
    step: Step

    @property
    def criteria(self) -> str | None:
        """All conditions as one formula."""
        return " && ".join(f"({each})" for each in self.conditions) or None


def guarded_steps(steps: Sequence[Step], conditions: tuple[str, ...] = ()) -> Iterator[Guarded]:
    """The steps of a before-save flow without the decisions around them."""
    for step in steps:
        here = (*conditions, *([step.condition] if step.condition else []))
        if step.verb == "decision":
            passed: tuple[str, ...] = ()
            for branch in step.branches:
                own = (branch.condition,) if branch.condition else ()
                yield from guarded_steps(branch.steps, (*here, *passed, *own))
                passed = (*passed, *(f"IF({each}, FALSE, TRUE)" for each in own))  # NOT of a blank would be blank
        else:
            yield Guarded(here, step)


def assignments_of(flow: Flow, snapshot: Snapshot) -> dict[str, str]:
    """What a before-save flow sets: field to formula over the record as it was."""
    found: dict[str, str] = {}
    for guarded in guarded_steps(flow.steps):
        for name, value in (guarded.step.body if guarded.step.verb == "update" else {}).items():
            formula = formula_of(value)
            if guarded.criteria:
                otherwise = found.get(name) or _as_it_is(snapshot, str(flow.object_name), name)
                formula = f"IF({guarded.criteria}, {formula}, {otherwise})"
            found[name] = formula
    return found


def _as_it_is(snapshot: Snapshot, object_name: str, name: str) -> str:
    field = snapshot.objects[object_name].fields.get(name)
    return f"TEXT({name})" if field is not None and kind_of(field) is Kind.PICKLIST else name


def _triggers(component: LogicComponent, snapshot: Snapshot) -> Iterable[Trigger]:
    flow = flows(snapshot)[component.full_name]
    if flow.start == "record":
        old_fields = prior_fields(flow, snapshot)
        own = [replace(_trigger(flow, flow.name, flow.criteria), old_fields=old_fields)]
        yield from _errors(flow) if flow.when == BEFORE_SAVE else own
    for step in all_steps(flow.steps):
        if step.verb == "wait" and "criteria" in step.body and flow.object_name:
            name = f"{flow.name}{AT}{step.place}"
            criteria = step.body["criteria"]
            events = frozenset({Event.UPDATE})
            trigger = Trigger(KIND, name, flow.object_name, events, criteria, order=flow.order, old_fields=frozenset())
            # A wait that can't be judged goes on waiting; it is no reason to refuse somebody's save.
            yield replace(trigger, is_lenient=True)


def prior_fields(flow: Flow, snapshot: Snapshot) -> frozenset[str]:
    """The fields of which the flow's steps ask what they were before the change."""

    def make() -> frozenset[str]:
        obj = snapshot.objects[str(flow.object_name)]
        return fields_read(snapshot, obj, [each for each in _own_formulas(flow, snapshot) if each.uses_prior])

    return snapshot.keep(("prior_fields", flow.name), make)


def _own_formulas(flow: Flow, snapshot: Snapshot) -> Iterator[Expression]:
    """The formulas over the record itself; inside loops there is nothing before the change."""
    standing = standing_of(flow)
    for text in [one for each in all_steps(flow.steps) for one in _texts_of(each)]:
        with suppress(Invalid):  # a formula over found records, which the checks have typed where it stands
            yield flow_formula(snapshot, standing, text)


def _texts_of(step: Step) -> Iterator[str]:
    yield from (each for each in (step.condition, *(one.condition for one in step.branches)) if each)
    yield from _strings(step.body if step.verb not in ("decision", "for_each") else {})


def _strings(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield from formulas_of(body) or (body,)
    elif isinstance(body, Mapping):
        for each in body.values():
            yield from _strings(each)
    elif isinstance(body, list | tuple):
        for each in body:
            yield from _strings(each)


def _errors(flow: Flow) -> Iterator[Trigger]:
    """A before-save flow refuses a record once everything is computed, as a validation rule does."""
    for guarded in guarded_steps(flow.steps):
        if guarded.step.verb == "error":
            conditions = ([flow.criteria] if flow.criteria else []) + list(guarded.conditions)
            criteria = " && ".join(f"({each})" for each in conditions) or None
            yield _trigger(flow, f"{flow.name}{AT}{guarded.step.place}", criteria)


def _trigger(flow: Flow, name: str, criteria: str | None) -> Trigger:
    return Trigger(
        KIND,
        name,
        str(flow.object_name),
        flow.events,
        criteria,
        becomes=flow.becomes,
        order=flow.order,
        old_fields=frozenset(),
    )


def _before_save(component: LogicComponent, snapshot: Snapshot) -> Iterable[BeforeSaveUpdate]:
    flow = flows(snapshot)[component.full_name]
    if flow.start != "record" or flow.when != BEFORE_SAVE:
        return
    assignments = assignments_of(flow, snapshot)
    if assignments:
        yield BeforeSaveUpdate(
            KIND,
            flow.name,
            str(flow.object_name),
            flow.events,
            assignments,
            flow.criteria,
            becomes=flow.becomes,
            order=flow.order,
        )


triggers.SOURCES[KIND] = _triggers
triggers.BEFORE_SAVE[KIND] = _before_save
