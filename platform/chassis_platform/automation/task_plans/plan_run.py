"""A plan that runs for a record, as a value, and its rows in TaskPlanRun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis_metadata.logic.task_plan import RUN_OBJECT, TaskPlan
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import stored, without_blanks
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants import storage
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement, compile_statement

RUNNING, COMPLETED, CANCELLED = "Running", "Completed", "Cancelled"
_FIELDS = ("Id", "RecordId", "PlanName", "State", "StartTime", "EndTime", "Steps")
_NAME_LENGTH = 80


class StepState(StrEnum):
    """How a step stands: not made yet, made, and the ways in which it is over."""

    WAITING = "waiting"
    OPEN = "open"
    DONE = "done"
    CLOSED = "closed"
    LEFT_OUT = "left_out"
    FAILED = "failed"


_NOT_OVER = (StepState.WAITING, StepState.OPEN)


@dataclass(frozen=True, slots=True)
class RunStep:
    """A planned task of a run; `ended` is when its task was done or closed."""

    name: str
    state: StepState = StepState.WAITING
    task: str | None = None
    due: datetime | None = None
    ended: datetime | None = None
    problem: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self.state not in _NOT_OVER


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A plan for a record. Its steps are those of the plan when it started."""

    id: str
    plan: str
    record_id: str
    state: str
    start: datetime
    steps: tuple[RunStep, ...]
    end: datetime | None = None
    is_stored: bool = True

    def with_step(self, step: RunStep) -> PlanRun:
        """The same with one step as it is now."""
        return replace(self, steps=tuple(step if each.name == step.name else each for each in self.steps))

    def settled(self, now: datetime) -> PlanRun:
        """Completed, if all of it is over."""
        if self.state != RUNNING or not all(each.is_over for each in self.steps):
            return self
        return replace(self, state=COMPLETED, end=now)

    @property
    def key(self) -> str:
        """What no two running plans share."""
        return open_key(self.plan, self.record_id)


def open_key(plan: str, record_id: str) -> str:
    """A plan for a record, while it runs."""
    return f"{plan}:{record_id}"


def run_object(snapshot: Snapshot) -> Object:
    """The object that holds the runs."""
    return snapshot.objects[RUN_OBJECT]


def open_runs(snapshot: Snapshot) -> Statement:
    """The running plans with these keys (`keys`)."""
    keys = sa.bindparam("keys", type_=pg.ARRAY(sa.Text()))
    return _selected(run_object(snapshot), "open_runs", lambda source: source.c.open_key == sa.any_(keys))


def runs_by_id(snapshot: Snapshot) -> Statement:
    """Runs (`ids`)."""
    return _selected(run_object(snapshot), "runs_by_id", lambda source: source.c.id == sa.any_(IDS))


def _selected(obj: Object, key: str, condition: Any) -> Statement:
    def make() -> Statement:
        source = storage.tenant_view(obj).alias("p")
        values = [storage.value(obj.fields[name], source) for name in _FIELDS]
        here = (*of_this_object(obj, source), source.c.is_deleted.is_(sa.false()), condition(source))
        return compile_statement(sa.select(*values).where(*here).order_by(source.c.id))

    return kept(obj, key, make)


def runs_of_tasks(task: Object, run_field: str) -> Statement:
    """Of tasks (`ids`), also deleted ones: the id, and the run that each belongs to."""

    def make() -> Statement:
        source = storage.tenant_view(task).alias("t")
        run = storage.value(task.fields[run_field], source)
        here = (*of_this_object(task, source), source.c.id == sa.any_(IDS), run.is_not(None))
        return compile_statement(sa.select(source.c.id, run).where(*here))

    return kept(task, ("runs_of_tasks", run_field), make)


def run_of_row(row: Row) -> PlanRun:
    """A row of the statements above that select whole runs."""
    run_id, record_id, plan, state, start, end, steps = row
    return PlanRun(run_id, plan, record_id, state, start, tuple(_steps(steps)), end)


def _steps(text: str | None) -> Iterable[RunStep]:
    for each in orjson.loads(text) if text else ():
        moments = {key: datetime.fromisoformat(each[key]) for key in ("due", "ended") if key in each}
        yield RunStep(**{**each, "state": StepState(each["state"]), **moments})


def written(context: Context, runs: Sequence[PlanRun], plans: Mapping[str, TaskPlan]) -> list[Statement]:
    """The statements that store runs, new ones and changed ones."""
    language = context.tenant.language

    def fixed(run: PlanRun) -> dict[str, Any]:
        return {
            "Name": plans[run.plan].label_in(context.snapshot, language)[:_NAME_LENGTH],
            "PlanName": run.plan,
            "RecordId": run.record_id,
            "StartTime": run.start,
        }

    return stored(context, RUN_OBJECT, runs, _values, fixed)


def _values(run: PlanRun) -> dict[str, Any]:
    return {
        "Id": run.id,
        "State": run.state,
        "EndTime": run.end,
        "OpenKey": run.key if run.state == RUNNING else None,
        "TaskCount": sum(1 for each in run.steps if each.state is not StepState.LEFT_OUT),
        "DoneCount": sum(1 for each in run.steps if each.state is StepState.DONE),
        "Steps": orjson.dumps([without_blanks(each) for each in run.steps]).decode(),
    }
