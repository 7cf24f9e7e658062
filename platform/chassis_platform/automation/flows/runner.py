"""Running a flow inside a transaction: over the records that set it off, as automation, to its end or its refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from chassis_metadata.errors import ChassisError, Invalid, NotFound, Problem
from chassis_metadata.logic.flow import Flow, Step, flows, rest_after
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.flows.chain import running_chain, within
from chassis_platform.automation.flows.frame import Frame, Item, frame_of
from chassis_platform.automation.flows.run import FAILED, Refused, Run
from chassis_platform.automation.flows.runs import note_synchronous
from chassis_platform.automation.flows.steps import run_steps
from chassis_platform.records.after_save import is_tried_again
from chassis_tenants.database import Transaction

#: Where the formulas of variables stand.
_START = Step(("variables",), "set", {}, name="variables")


async def run_flow(
    transaction: Transaction,
    context: Context,
    flow: Flow,
    items: Sequence[Item],
    *,
    known: frozenset[str] = frozenset(),
    after: str | None = None,
) -> Run:
    """Run a flow, or what is left of it after a step, over all items. What is wrong with them is noted in the run."""
    run = Run(transaction, as_automation(context), flow, known)
    _refuse_circles(run, items)
    with within(flow.name, [each.record_id for each in items]) as chain:
        try:
            run.check()
            await _run(run, items, after)
        except Refused:
            pass
        except ChassisError as error:
            if isinstance(error.__cause__, psycopg.Error) and is_tried_again():
                raise error.__cause__ from None  # others were in the way: whoever began the write begins it anew
            run.is_whole = run.has_failed = True
            for item in items:
                run.problems.setdefault(item.root, []).extend(_named(run, each) for each in error.problems)
    if chain.effects is not None:
        chain.effects.extend(run.effects)
    return run


async def _run(run: Run, items: Sequence[Item], after: str | None) -> None:
    steps = run.flow.steps if after is None else rest_after(run.flow.steps, after)
    if steps is None:
        raise Invalid.of(FAILED, f"the flow has no step {after!r} any more: it was changed while it waited.")
    frame = await begin(run, run.flow, items) if after is None else frame_of(run.flow, run.snapshot, items)
    await run_steps(run, frame, steps)
    run.check()


async def begin(run: Run, flow: Flow, items: Sequence[Item]) -> Frame:
    """The frame of a flow that begins, with its variables as they begin."""
    frame = frame_of(flow, run.snapshot, items)
    beginning = [each for each in flow.variables if each.value is not None]
    formulas = [run.formula(frame.standing, str(each.value), each.kind) for each in beginning]
    answers = await run.ask(frame, _START, formulas)
    for item, answer in zip(items, answers, strict=True):
        values = dict(zip((each.name for each in beginning), answer.values, strict=True))
        item.variables = {**values, **item.variables}
    return frame


def _refuse_circles(run: Run, items: Sequence[Item]) -> None:
    chain = running_chain()
    frame = frame_of(run.flow, run.snapshot, items)
    for item in items:
        refusal = chain.refusal(run.flow.name, item.record_id)
        if refusal is not None:
            run.fail(frame, _START, item, Problem("", FAILED, refusal))


def _named(run: Run, problem: Problem) -> Problem:
    label = run.flow.label_in(run.snapshot, run.context.principal.language)
    return Problem("", problem.code, f"{label}: {problem.message}", problem.fields)


async def run_within(run: Run, flow: Flow, items: Sequence[Item]) -> None:
    """Run another flow as part of this run: what is wrong with its records is wrong here."""
    started = clock.now()
    inner = await run_flow(run.transaction, run.context, flow, items)
    for root, problems in inner.problems.items():
        run.problems.setdefault(root, []).extend(problems)
    run.check()
    await note_synchronous(inner, items, flow.start, started)


async def start(
    transaction: Transaction,
    context: Context,
    name: str,
    record_ids: Sequence[str],
    variables: Mapping[str, Any] | None = None,
    *,
    trigger: str = "sub",
) -> Run:
    """Start a flow by name on records, in the caller's transaction: how other engines and buttons do it.

    Raises Invalid with what is wrong; the caller's transaction must not be committed then.
    """
    flow = flow_named(context, name)
    given = variables or {}
    _check_inputs(flow, given)
    items = [Item(number, each, variables=dict(given)) for number, each in enumerate(record_ids)]
    if not items and flow.object_name is None:
        items = [Item(0, None, variables=dict(given))]
    started = clock.now()
    run = await run_flow(transaction, context, flow, items)
    if run.problems:
        raise Invalid([problem for problems in run.problems.values() for problem in problems])
    await note_synchronous(run, items, trigger, started)
    return run


def flow_named(context: Context, name: str) -> Flow:
    """The active flow of that name; NotFound otherwise."""
    flow = flows(context.snapshot).get(name)
    if flow is None:
        raise NotFound.of("not_found", f"There is no flow {name[:80]!r}, or it is switched off.")
    return flow


def _check_inputs(flow: Flow, given: Mapping[str, Any]) -> None:
    inputs = {each.name for each in flow.variables if each.is_input}
    unknown = sorted(set(given) - inputs)
    if unknown:
        known = ", ".join(sorted(inputs)) or "none"
        raise Invalid.of("invalid_field", f"The flow takes no {', '.join(unknown)}. Its inputs: {known}.")
