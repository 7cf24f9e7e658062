"""Steps that say what is done next: decision, for_each, call, set, stop, error, publish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.errors import Problem
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.flow import Step, flows, flows_started_by, formula_of
from chassis_platform.automation.flows.frame import Frame, Item
from chassis_platform.automation.flows.record_steps import search_of
from chassis_platform.automation.flows.run import VALIDATION, Run
from chassis_platform.automation.flows.runner import begin, run_within
from chassis_platform.automation.flows.runs import queue_runs
from chassis_platform.automation.flows.steps import run_steps, verb
from chassis_platform.automation.flows.texts import written
from chassis_platform.automation.flows.waits import resume_by_event


@verb("decision")
async def decision(run: Run, frame: Frame, step: Step) -> None:
    """Each record takes the first branch whose condition is true for it."""
    conditions = [each.condition for each in step.branches if each.condition is not None]
    formulas = [run.formula(frame.standing, each, Kind.BOOLEAN) for each in conditions]
    answers = await run.ask(frame, step, formulas)
    taken: dict[int, list[Item]] = {}
    for item, answer in zip(frame.items, answers, strict=True):
        first = next((number for number, holds in enumerate(answer.values) if holds), len(conditions))
        taken.setdefault(first, []).append(item)
    for number, branch in enumerate(step.branches):
        if number in taken:
            await run_steps(run, frame.only(taken[number]), branch.steps)


@verb("for_each")
async def for_each(run: Run, frame: Frame, step: Step) -> None:
    """The inner steps for all found records of all items together; variables that these set stay inside."""
    search = search_of(run, frame, step.body)
    found = await run.find(frame, step, search, [])
    items = [Item(outer.root, answer.record_id, outer.record_id, dict(outer.variables)) for outer, answer in found]
    if items:
        await run_steps(run, frame.inside(search.obj, items), step.branches[0].steps)


@verb("call")
async def call(run: Run, frame: Frame, step: Step) -> None:
    """Run another flow's steps on the same records, with variables of its own."""
    called = flows(run.snapshot)[step.body["flow"]]
    arguments = await _values(run, frame, step, step.body.get("with", {}), called.kinds)
    items = [
        Item(item.root, item.record_id, variables=given) for item, given in zip(frame.items, arguments, strict=True)
    ]
    inner = await begin(run, called, items)
    await run_steps(run, inner, called.steps)


@verb("set")
async def set_variables(run: Run, frame: Frame, step: Step) -> None:
    """Set variables; all formulas of a step see what was before it."""
    values = await _values(run, frame, step, step.body, frame.flow.kinds)
    for item, found in zip(frame.items, values, strict=True):
        item.variables |= found


async def _values(
    run: Run, frame: Frame, step: Step, body: Mapping[str, Any], kinds: Mapping[str, Kind]
) -> list[dict[str, Any]]:
    formulas = [run.formula(frame.standing, formula_of(value), kinds[name]) for name, value in body.items()]
    answers = await run.ask(frame, step, formulas)
    return [dict(zip(body, answer.values, strict=True)) for answer in answers]


@verb("stop")
async def stop(run: Run, frame: Frame, step: Step) -> None:
    """The flow is over for these records."""
    del run, step
    for item in frame.items:
        item.is_active = False


@verb("error")
async def error(run: Run, frame: Frame, step: Step) -> None:
    """Refuse the records, in words of the flow's author."""
    fields = (step.body["field"],) if "field" in step.body else ()
    messages = await written(run, frame, step, {"message": step.body["message"]})
    language = run.context.principal.language
    for item, message in zip(frame.items, messages, strict=True):
        path = fields[0] if fields else ""
        run.refuse(step, item, Problem(path, VALIDATION, message.text("message", language), fields))


@verb("publish")
async def publish(run: Run, frame: Frame, step: Step) -> None:
    """Set off the flows that listen to an event, and go on with those that wait for it."""
    assert frame.obj is not None  # noqa: S101  the checks demand an object
    event, ids = step.body, [str(each.record_id) for each in frame.items]
    for item in frame.items:
        run.did(frame, step, "published", frame.obj.name, item.record_id, event=event)
    await resume_by_event(run.transaction, run.context, event, ids)
    for flow in flows_started_by(run.snapshot, "event"):
        if flow.trigger["name"] != event or flow.object_name != frame.obj.name:
            continue
        items = [Item(each.root, each.record_id) for each in frame.items]
        if flow.is_synchronous:
            await run_within(run, flow, items)
        else:
            await queue_runs(run.transaction, run.context, flow, items, "event")
