"""Flows that saves and inbound messages set off: at once in the same transaction, or queued for after the commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.flow import KIND, Flow, Step, all_steps, flows, flows_started_by
from chassis_metadata.logic.flow_formulas import Standing, flow_formula
from chassis_metadata.logic.flow_triggers import AT, prior_fields
from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.flows.control_steps import error
from chassis_platform.automation.flows.evaluate import Question, ask
from chassis_platform.automation.flows.frame import Item, frame_of
from chassis_platform.automation.flows.run import Run
from chassis_platform.automation.flows.runner import run_flow
from chassis_platform.automation.flows.runs import note_refused, note_synchronous, queue_runs
from chassis_platform.automation.flows.waits import resume_by_save
from chassis_platform.plan.changes import Change
from chassis_platform.records.after_save import Fired, afterwards, handle
from chassis_platform.sql.candidates import old_row
from chassis_tenants.database import Transaction


async def act(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Run or queue what a save set off, in order; where one flow refuses a record, those after it don't begin."""
    for each in fired:
        changes = [change for change in each.changes if not change.problems]
        if len(changes) < len(each.changes) and AT not in each.trigger.name:
            return
        name, _, place = each.trigger.name.partition(AT)
        flow = flows(context.snapshot)[name]
        if place:
            await _act_at(transaction, context, flow, place, changes)
        else:
            await _act(transaction, context, flow, each, changes)


def items_of(obj: Object, changes: Iterable[Change], names: frozenset[str]) -> list[Item]:
    """Records that were saved, with what these fields were before."""
    return [
        Item(
            number,
            str(change.id),
            prior=old_row(obj, names, change) if names and change.old is not None else None,
            is_new=change.creating,
        )
        for number, change in enumerate(changes)
    ]


async def _act(transaction: Transaction, context: Context, flow: Flow, fired: Fired, changes: Sequence[Change]) -> None:
    known = prior_fields(flow, context.snapshot)
    items = items_of(fired.obj, changes, known)
    if not flow.is_synchronous:
        await queue_runs(transaction, context, flow, items, "record")
        return
    started = clock.now()
    run = await run_flow(transaction, context, flow, items, known=known)
    if not run.problems:
        await note_synchronous(run, items, "record", started)
    elif run.has_failed and flow.trace != "none":
        afterwards(lambda separate: note_refused(separate, run, items, started))
    if run.is_whole and len(changes) > 1:
        raise Invalid([problem for problems in run.problems.values() for problem in problems][:1])
    for root, problems in run.problems.items():
        note_problems(changes[root], problems)


def note_problems(change: Change, problems: Iterable[Problem]) -> None:
    """Problems of a run as those of the record."""
    for each in problems:
        change.problems.append(Problem(each.fields[0] if each.fields else "", each.code, each.message, each.fields))


async def _act_at(
    transaction: Transaction, context: Context, flow: Flow, place: str, changes: Sequence[Change]
) -> None:
    """A step that the write road asks for by itself: an error before the save, or a wait that is over."""
    step = next(each for each in all_steps(flow.steps) if each.place == place)
    if step.verb == "wait":
        await resume_by_save(transaction, context, flow.name, place, [str(change.id) for change in changes])
        return
    await _refuse(transaction, context, flow, step, changes)


async def _refuse(
    transaction: Transaction, context: Context, flow: Flow, step: Step, changes: Sequence[Change]
) -> None:
    run = Run(transaction, as_automation(context), flow)
    frame = frame_of(flow, context.snapshot, [Item(number, str(each.id)) for number, each in enumerate(changes)])
    await error(run, frame, step)
    for root, problems in run.problems.items():
        note_problems(changes[root], problems)


async def received(
    transaction: Transaction, context: Context, mapping: str, record_ids: Sequence[str]
) -> list[tuple[str, Problem]]:
    """Run the flows that listen to an inbound mapping, over records that messages made; what is wrong with which."""
    prefixes = context.snapshot.objects_by_prefix
    for flow in flows_started_by(context.snapshot, "inbound"):
        if flow.trigger["mapping"] != mapping:
            continue
        ids = [each for each in record_ids if prefixes[each[:3]].name == flow.object_name]
        items = await matching(transaction, context, flow, [Item(number, each) for number, each in enumerate(ids)])
        if items and flow.is_synchronous:
            started = clock.now()
            run = await run_flow(transaction, context, flow, items)
            if run.problems:
                wrong = [(ids[root], each) for root, problems in run.problems.items() for each in problems]
                return [(each, wrong[0][1]) for each in ids] if run.is_whole else wrong
            await note_synchronous(run, items, "inbound", started)
        elif items:
            await queue_runs(transaction, context, flow, items, "inbound")
    return []


async def matching(transaction: Transaction, context: Context, flow: Flow, items: Sequence[Item]) -> list[Item]:
    """The items for which the trigger's criteria hold."""
    if flow.criteria is None or not items:
        return list(items)
    known = prior_fields(flow, context.snapshot) if flow.knows_prior else frozenset()
    standing = Standing(flow.object_name, has_prior=flow.knows_prior)
    expression = flow_formula(context.snapshot, standing, flow.criteria, Kind.BOOLEAN)
    frame = frame_of(flow, context.snapshot, items)
    answers = await ask(transaction, as_automation(context), frame, Question((expression,)), known)
    return [item for item, answer in zip(items, answers, strict=True) if answer.values[0]]


handle(KIND, act)
