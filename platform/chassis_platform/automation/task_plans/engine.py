"""Task plans at work: started by saves, flows and users; moved on when their tasks are done; cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.expressions.kinds import kind_of
from chassis_metadata.ids import new_ids
from chassis_metadata.logic.record_formulas import record_formula
from chassis_metadata.logic.task_plan import CANCEL, DONE, KIND, MOVE, START, TaskPlan, plans_of, what_of
from chassis_metadata.snapshot import Object
from chassis_platform import clock, coverage
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.flows.steps import EngineStep, register_engine
from chassis_platform.automation.keeping import common
from chassis_platform.automation.task_plans.plan_run import (
    CANCELLED,
    RUNNING,
    PlanRun,
    RunStep,
    StepState,
    open_key,
    open_runs,
    run_object,
    run_of_row,
    runs_by_id,
    runs_of_tasks,
    written,
)
from chassis_platform.automation.task_plans.tasks import dates_of, due_value, make_tasks
from chassis_platform.records.after_save import Fired, handle
from chassis_platform.records.write import write_within
from chassis_platform.sql.record_values import values_of_records
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Transaction

log = structlog.get_logger()


async def start_plan(
    transaction: Transaction, context: Context, name: str, record_ids: Sequence[str]
) -> Mapping[str, str]:
    """Start a plan for records; answers the run of each, also where it was running already. NotFound: no such plan."""
    plan = plans_of(context.snapshot).get(name)
    if plan is None:
        raise NotFound.of("not_found", f"There is no task plan {name[:80]!r}, or it is switched off.")
    obj = context.snapshot.objects[plan.object_name]
    ids = sorted(set(record_ids))
    lock = lock_records(obj).bind(**common(context), ids=ids)  # whoever starts it at the same time waits
    running = await _running(transaction, context, plan, ids, lock)
    now = clock.now()
    waiting = [each for each in ids if each not in running]
    new = [
        PlanRun(
            run_id, plan.name, record_id, RUNNING, now, tuple(RunStep(each.name) for each in plan.tasks), None, False
        )
        for run_id, record_id in zip(_new_ids(context, len(waiting)), waiting, strict=True)
    ]
    if new:
        await transaction.fetch_each(written(context, new, plans_of(context.snapshot)))
        await _make_and_store(transaction, context, plan, [replace(each, is_stored=True) for each in new], now)
    return {**{each: run.id for each, run in running.items()}, **{each.record_id: each.id for each in new}}


def _new_ids(context: Context, count: int) -> Sequence[str]:
    return new_ids(run_object(context.snapshot).key_prefix, count) if count else ()


async def _running(
    transaction: Transaction, context: Context, plan: TaskPlan, record_ids: Sequence[str], *first: Any
) -> dict[str, PlanRun]:
    """The runs of a plan that are not over, by record."""
    keys = [open_key(plan.name, each) for each in record_ids]
    asked = open_runs(context.snapshot).bind(**common(context), keys=keys)
    *_, rows = await transaction.fetch_each([*first, asked])
    return {run.record_id: run for run in map(run_of_row, rows)}


async def _make_and_store(
    transaction: Transaction, context: Context, plan: TaskPlan, runs: Sequence[PlanRun], now: datetime
) -> None:
    """Make the tasks whose time has come, and store how far the runs are."""
    after = [each.settled(now) for each in await make_tasks(transaction, context, plan, runs, now)]
    await transaction.fetch_each(written(context, after, plans_of(context.snapshot)))


async def on_save(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Records start, cancel and move plans; tasks that are over move them on."""
    plans = plans_of(context.snapshot)
    for each in fired:
        name, what = what_of(each.trigger)
        coverage.note(KIND, name, what)
        plan, ids = plans[name], [str(change.id) for change in each.changes]
        if what == START:
            await start_plan(transaction, context, name, ids)
        elif what == CANCEL:
            await cancel_plan(transaction, context, plan, ids)
        elif what == MOVE:
            await _move(transaction, context, plan, ids)
        else:
            await _tasks_over(transaction, context, plan, ids, StepState.DONE if what == DONE else StepState.CLOSED)


handle(KIND, on_save)


async def _plan_step(step: EngineStep) -> Mapping[str, Any]:
    plan = plans_of(step.context.snapshot).get(step.use)
    if plan is not None and plan.object_name != step.obj.name:
        message = f"{step.use} is about {plan.object_name}; the step has records of {step.obj.name}."
        raise Invalid.of("wrong_type", message)
    actions = [_action(each) for each in step.arguments] or [START] * len(step.record_ids)
    by_action = {
        what: [each for each, action in zip(step.record_ids, actions, strict=True) if action == what]
        for what in (START, CANCEL)
    }
    if plan is not None and by_action[CANCEL]:
        await cancel_plan(step.transaction, step.context, plan, by_action[CANCEL])
    return await start_plan(step.transaction, step.context, step.use, by_action[START]) if by_action[START] else {}


def _action(arguments: Mapping[str, Any]) -> str:
    """What the step does to a record: `start`, unless its argument `action` says `cancel`."""
    action = str(arguments.get("action") or START)
    unknown = sorted(arguments.keys() - {"action"})
    if unknown or action not in (START, CANCEL):
        raise Invalid.of("invalid_value", f"plan has one argument, `action`: {START} or {CANCEL}.", path="action")
    return action


register_engine("plan", _plan_step)


async def cancel_plan(transaction: Transaction, context: Context, plan: TaskPlan, record_ids: Sequence[str]) -> int:
    """End the plan for records: what is open is closed as it says, what was to come does not come. How many ran."""
    now = clock.now()
    runs = list((await _running(transaction, context, plan, record_ids)).values())
    open_tasks = [str(step.task) for run in runs for step in run.steps if step.state is StepState.OPEN and step.task]
    ended = [
        replace(run, state=CANCELLED, end=now, steps=tuple(_closed(step, now) for step in run.steps)) for run in runs
    ]
    await transaction.fetch_each(written(context, ended, plans_of(context.snapshot)))
    if open_tasks and plan.on_cancel:
        await _set(transaction, context, plan, open_tasks)
    return len(ended)


def _closed(step: RunStep, now: datetime) -> RunStep:
    return step if step.is_over else replace(step, state=StepState.CLOSED, ended=now)


async def _set(transaction: Transaction, context: Context, plan: TaskPlan, task_ids: Sequence[str]) -> None:
    """Set in tasks what the plan sets when it is cancelled."""
    task = context.snapshot.objects[plan.task_object]
    formulas = {
        name: record_formula(context.snapshot, task, text, kind_of(task.fields[name]))
        for name, text in plan.on_cancel.items()
    }
    asked = values_of_records(context.snapshot, task, formulas).bind(**common(context), ids=sorted(task_ids))
    rows = await transaction.fetch(asked)
    payloads = [{"Id": record_id, **dict(zip(formulas, values, strict=True))} for record_id, *values in rows]
    await _write(transaction, context, task, payloads)


async def _write(
    transaction: Transaction, context: Context, task: Object, payloads: Sequence[Mapping[str, Any]]
) -> None:
    results = await write_within(transaction, as_automation(context), task.name, "update", payloads)
    for problem in (problem for each in results for problem in each.problems):
        log.warning("task_of_plan_not_changed", object=task.name, problem=problem.message)


async def _move(transaction: Transaction, context: Context, plan: TaskPlan, record_ids: Sequence[str]) -> None:
    """A date that tasks are counted from changed: open ones follow, waiting ones are made."""
    runs = list((await _running(transaction, context, plan, record_ids)).values())
    if not runs:
        return
    dues = await dates_of(transaction, context, plan, runs)
    task, after = context.snapshot.objects[plan.task_object], []
    payloads: list[dict[str, Any]] = []
    for run in runs:
        moved = run
        for step in run.steps:
            due = dues.get((run.id, step.name))
            if step.state is StepState.OPEN and due is not None and due != step.due:
                moved = moved.with_step(replace(step, due=due))
                if plan.due_field is not None:
                    value = due_value(context, task, plan.due_field, due)
                    payloads.append({"Id": step.task, plan.due_field: value})
        after.append(moved)
    if payloads:
        await _write(transaction, context, task, payloads)
    await _make_and_store(transaction, context, plan, after, clock.now())


async def _tasks_over(
    transaction: Transaction, context: Context, plan: TaskPlan, task_ids: Sequence[str], state: StepState
) -> None:
    """Tasks were done or closed: their runs go on with what waited for them."""
    task, same = context.snapshot.objects[plan.task_object], common(context)
    found = runs_of_tasks(task, plan.run_field).bind(**same, ids=sorted(task_ids))
    by_task: dict[str, str] = dict(await transaction.fetch(found))
    if not by_task:
        return
    ids = sorted(set(by_task.values()))
    lock = lock_records(run_object(context.snapshot)).bind(**same, ids=ids)  # two tasks may be done at once
    _, rows = await transaction.fetch_each([lock, runs_by_id(context.snapshot).bind(**same, ids=ids)])
    now = clock.now()
    runs = [run for run in map(run_of_row, rows) if run.plan == plan.name and run.state == RUNNING]
    after = [_with_ended(run, by_task.keys(), state, now) for run in runs]
    await _make_and_store(transaction, context, plan, after, now)


def _with_ended(run: PlanRun, task_ids: Iterable[str], state: StepState, now: datetime) -> PlanRun:
    over = set(task_ids)
    for step in run.steps:
        if step.task in over and not step.is_over:
            run = run.with_step(replace(step, state=state, ended=now))
    return run
