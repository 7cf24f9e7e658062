"""Making the tasks of runs: when each is due, who gets it, what it says. All runs of a plan together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.fields import FieldType
from chassis_metadata.logic.business_hours import named_hours
from chassis_metadata.logic.record_formulas import record_formula
from chassis_metadata.logic.task_plan import Owner, PlannedTask, TaskPlan
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.business_time import add_duration, zone_of
from chassis_platform.automation.keeping import common
from chassis_platform.automation.people import Naming, people, queue_ids
from chassis_platform.automation.task_plans.plan_run import PlanRun, RunStep, StepState
from chassis_platform.records.write import write_within
from chassis_platform.sql.record_values import values_of_records
from chassis_tenants.database import Transaction

OWNER = "OwnerId"
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
#: What was asked of a record: (task, what) to the answer; the plan's own questions have no task.
Answers = Mapping[tuple[str, str], Any]


@dataclass(frozen=True, slots=True)
class _Made:
    """A task on its way: whose step it is, and what is written."""

    run: PlanRun
    step: RunStep
    payload: Mapping[str, Any]


async def make_tasks(
    transaction: Transaction, context: Context, plan: TaskPlan, runs: Sequence[PlanRun], now: datetime
) -> list[PlanRun]:
    """The runs after every task was made whose time to be made has come. The runs are to be stored before."""
    if not runs:
        return []
    obj = context.snapshot.objects[plan.object_name]
    answers = await _ask(transaction, context, obj, plan, [each.record_id for each in runs])
    owners = await _owners(transaction, context, plan)
    made: list[_Made] = []
    after: dict[str, PlanRun] = {}
    for run in runs:
        after[run.id] = _without_lost(run, plan, now)
        for task in plan.tasks:
            found = _next_step(context, plan, task, after[run.id], answers.get(run.record_id, {}), now)
            if found is not None:
                after[run.id] = after[run.id].with_step(found)
            if found is not None and found.state is StepState.OPEN:
                payload = _payload(context, plan, task, run, found, answers[run.record_id], owners)
                made.append(_Made(run, found, payload))
    payloads = [each.payload for each in made]
    results = await write_within(transaction, as_automation(context), plan.task_object, "insert", payloads)
    for each, result in zip(made, results, strict=True):
        problem = "; ".join(one.message for one in result.problems)[:500]
        step = replace(each.step, state=StepState.FAILED, problem=problem) if problem else each.step
        after[each.run.id] = after[each.run.id].with_step(replace(step, task=result.id))
    return list(after.values())


def _without_lost(run: PlanRun, plan: TaskPlan, now: datetime) -> PlanRun:
    """Steps that the plan has no more do not hold the run up."""
    known = {each.name for each in plan.tasks}
    for step in run.steps:
        if step.name not in known and step.state is StepState.WAITING:
            run = run.with_step(replace(step, state=StepState.LEFT_OUT, ended=now))
    return run


def _formulas(context: Context, obj: Object, plan: TaskPlan) -> dict[tuple[str, str], Expression]:
    """Everything that a plan asks of a record."""
    task_fields = context.snapshot.objects[plan.task_object].fields
    asked: dict[tuple[str, str], tuple[str, Kind | None]] = {}
    if plan.hours_from is not None:
        asked["", "hours"] = (plan.hours_from, Kind.TEXT)
    if obj.has_owner:
        asked["", OWNER] = (OWNER, Kind.ID)
    for task in plan.tasks:
        for key, text, kind in (("only_if", task.only_if, Kind.BOOLEAN), ("from", task.from_date, None)):
            if text is not None:
                asked[task.name, key] = (text, kind)
        if task.owner is not None and task.owner.kind == "field":
            asked[task.name, OWNER] = (task.owner.value, Kind.ID)
        for name, text in task.fields.items():
            asked[task.name, f"field.{name}"] = (text, kind_of(task_fields[name]))
    return {key: record_formula(context.snapshot, obj, text, kind) for key, (text, kind) in asked.items()}


async def _ask(
    transaction: Transaction, context: Context, obj: Object, plan: TaskPlan, record_ids: Sequence[str]
) -> dict[str, Answers]:
    formulas = _formulas(context, obj, plan)
    statement = values_of_records(context.snapshot, obj, formulas)
    rows = await transaction.fetch(statement.bind(**common(context), ids=sorted(record_ids)))
    return {record_id: dict(zip(formulas, values, strict=True)) for record_id, *values in rows}


async def dates_of(
    transaction: Transaction, context: Context, plan: TaskPlan, runs: Sequence[PlanRun]
) -> Mapping[tuple[str, str], datetime | None]:
    """When the tasks that are counted from a date are due now: (run, step) to the moment."""
    obj = context.snapshot.objects[plan.object_name]
    answers = await _ask(transaction, context, obj, plan, [each.record_id for each in runs])
    found: dict[tuple[str, str], datetime | None] = {}
    for run in runs:
        given = answers.get(run.record_id, {})
        for task in (each for each in plan.tasks if each.from_date is not None):
            base = _moment(context, given.get((task.name, "from")))
            found[run.id, task.name] = None if base is None else _due(context, plan, task, base, given)
    return found


def _next_step(
    context: Context, plan: TaskPlan, task: PlannedTask, run: PlanRun, answers: Answers, now: datetime
) -> RunStep | None:
    """The step as it is after now; None where it stays as it is."""
    step = next((each for each in run.steps if each.name == task.name), None)
    if step is None or step.state is not StepState.WAITING:
        return None
    base = _base(context, task, run, answers, now)
    if base is None:
        return None
    if task.only_if is not None and not answers.get((task.name, "only_if")):
        return replace(step, state=StepState.LEFT_OUT, ended=base)
    return replace(step, state=StepState.OPEN, due=_due(context, plan, task, base, answers))


def _base(context: Context, task: PlannedTask, run: PlanRun, answers: Answers, now: datetime) -> datetime | None:
    """The moment that the offset is counted from; None while it is not known yet."""
    if task.from_date is not None:
        return _moment(context, answers.get((task.name, "from")))
    if not task.from_previous:
        return run.start
    place = next(number for number, each in enumerate(run.steps) if each.name == task.name)
    previous = run.steps[place - 1]
    return (previous.ended or now) if previous.is_over else None


def _moment(context: Context, value: date | datetime | None) -> datetime | None:
    """A date is its midnight in the tenant's zone. One that no task is meant for is as good as none."""
    if value is None or not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        return None
    if isinstance(value, datetime):
        return value
    midnight = datetime.combine(value, time(), zone_of(named_hours(context.snapshot), context.tenant.time_zone))
    return midnight.astimezone(UTC)


def _due(context: Context, plan: TaskPlan, task: PlannedTask, base: datetime, answers: Answers) -> datetime:
    if task.offset is None:
        return base
    hours = named_hours(context.snapshot, answers.get(("", "hours")), plan.hours)
    return add_duration(hours, base, task.offset, zone_of(hours, context.tenant.time_zone))


def _payload(  # noqa: PLR0913, PLR0917  all that a task is made of
    context: Context,
    plan: TaskPlan,
    task: PlannedTask,
    run: PlanRun,
    step: RunStep,
    answers: Answers,
    owners: Mapping[Owner, str],
) -> dict[str, Any]:
    task_object = context.snapshot.objects[plan.task_object]
    payload: dict[str, Any] = {plan.subject_field: plan.subject_in(context.snapshot, context.tenant.language, task)}
    if plan.due_field is not None and step.due is not None:
        payload[plan.due_field] = due_value(context, task_object, plan.due_field, step.due)
    if plan.record_field is not None:
        payload[plan.record_field] = run.record_id
    if task_object.has_owner:
        own = answers.get((task.name, OWNER)) or (owners.get(task.owner) if task.owner is not None else None)
        payload[OWNER] = own or answers.get(("", OWNER)) or context.principal.user_id
    payload |= {name: answers.get((task.name, f"field.{name}")) for name in task.fields}
    payload[plan.run_field] = run.id
    return payload


def due_value(context: Context, task_object: Object, name: str, due: datetime) -> datetime | date:
    """When a task is due, as its field has it: a date is that of the tenant's zone."""
    if task_object.fields[name].type is not FieldType.DATE:
        return due
    return due.astimezone(zone_of(named_hours(context.snapshot), context.tenant.time_zone)).date()


async def _owners(transaction: Transaction, context: Context, plan: TaskPlan) -> dict[Owner, str]:
    """Queues, and the first active user of each role and username."""
    wanted = {each.owner for each in plan.tasks if each.owner is not None}
    queues = {each for each in wanted if each.kind == "queue"}
    found: dict[Owner, str] = {}
    if queues:
        ids = await queue_ids(transaction, context, sorted(each.value for each in queues))
        found |= {each: ids[each.value] for each in queues if each.value in ids}
    named = {each: Naming(each.kind, each.value) for each in wanted if each.kind in ("role", "username")}
    persons = await people(transaction, context, named.values())
    return found | {each: persons[naming][0].id for each, naming in named.items() if persons.get(naming)}
