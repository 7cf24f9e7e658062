"""The verbs of steps: which function runs which. Other engines add theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg

from chassis_metadata.errors import ChassisError
from chassis_metadata.logic.flow import Step, formula_of
from chassis_metadata.snapshot import Object
from chassis_platform import coverage
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.frame import Frame
from chassis_platform.automation.flows.run import Run
from chassis_tenants.database import Transaction

#: Runs a step for the frame's items, all of which are active.
RunStep = Callable[[Run, Frame, Step], Awaitable[None]]

VERBS: dict[str, RunStep] = {}


def verb(name: str) -> Callable[[RunStep], RunStep]:
    """Register a function as a verb of this engine."""

    def register(function: RunStep) -> RunStep:
        VERBS[name] = function
        return function

    return register


async def run_steps(run: Run, frame: Frame, steps: Sequence[Step]) -> None:
    """Run a list of steps for the items that are still on their way."""
    for step in steps:
        items = frame.active
        if items and step.condition:
            items = await run.holding(frame.only(items), step, step.condition)
        if items:
            coverage.note("flow", frame.flow.name, ".".join(str(part) for part in step.where))
            await VERBS[step.verb](run, frame.only(items), step)


@dataclass(frozen=True, slots=True)
class EngineStep:
    """What another engine gets: the records, the component to use, and each record's arguments by name."""

    transaction: Transaction
    context: Context  # as automation
    obj: Object
    use: str
    record_ids: tuple[str, ...]
    arguments: tuple[Mapping[str, Any], ...] = field(default=())
    flow: str = ""


#: May answer a value for each record, for the step's `into`; None: nothing. Invalid fails the whole step.
RunEngine = Callable[[EngineStep], Awaitable[Mapping[str, Any] | None]]


def register_engine(name: str, engine: RunEngine) -> None:
    """Let another engine run the steps of a verb (see `logic.flow.ENGINE_VERBS`)."""

    async def run_engine(run: Run, frame: Frame, step: Step) -> None:
        await _run_engine(run, frame, step, engine)

    VERBS[name] = run_engine


async def _run_engine(run: Run, frame: Frame, step: Step, engine: RunEngine) -> None:
    body: Mapping[str, Any] = {"use": step.body} if isinstance(step.body, str) else step.body
    names = list(body.get("with", {}))
    formulas = [run.formula(frame.standing, formula_of(body["with"][name])) for name in names]
    answers = await run.ask(frame, step, formulas)
    asked = EngineStep(
        run.transaction,
        run.context,
        cast("Object", frame.obj),  # there is one, but for the verbs that need no record
        body["use"],
        tuple(each.record_id for each in frame.items if each.record_id),
        tuple(dict(zip(names, each.values, strict=True)) for each in answers),
        frame.flow.name,
    )
    results = await _asked(run, frame, step, engine, asked)
    for item in frame.items:
        result = results.get(str(item.record_id))
        if "into" in body:
            item.variables[body["into"]] = result
        name = frame.obj.name if frame.obj else None
        run.did(frame, step, step.verb, name, item.record_id, use=body["use"], result=result)


async def _asked(run: Run, frame: Frame, step: Step, engine: RunEngine, asked: EngineStep) -> Mapping[str, Any]:
    """What the engine answers. A problem whose path is a record's id is that record's; others are all records'."""
    try:
        return await engine(asked) or {}
    except ChassisError as error:
        if isinstance(error.__cause__, psycopg.Error):  # others were in the way: no record is to blame
            raise
        items = {item.record_id: item for item in frame.items}
        for problem in error.problems:
            for item in [items[problem.path]] if problem.path in items else frame.items:
                run.fail(frame, step, item, problem)
        run.is_whole = any(each.path not in items for each in error.problems)
    run.check()
    return {}
