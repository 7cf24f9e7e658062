"""What follows from how clocks stand: the record's mirror fields; the steps of warnings, violations, successes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg
import structlog

from chassis_metadata.errors import ChassisError
from chassis_metadata.logic.flow import Flow
from chassis_metadata.logic.milestone import KIND, Milestone, milestones_of
from chassis_platform import coverage
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.milestones.rows import written
from chassis_platform.automation.milestones.steps import run_steps
from chassis_platform.automation.milestones.timer import Entry, Happening, Timer
from chassis_platform.records.write import write_within
from chassis_tenants.database import Transaction

log = structlog.get_logger()


@dataclass(slots=True)
class Outcome:
    """Clocks that changed, by id, and what fell due or was met on the way."""

    timers: dict[str, Timer] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    met: list[Timer] = field(default_factory=list)

    def take(self, timer: Timer, happenings: Iterable[Happening] = ()) -> None:
        """Note a clock as it is now."""
        self.timers[timer.id] = timer
        self.happenings += happenings


async def carry_out(transaction: Transaction, context: Context, outcome: Outcome) -> None:
    """Store the clocks, then let what follows from them follow; what fails is noted in the clock's log."""
    if not outcome.timers:
        return
    known = milestones_of(context.snapshot)
    await transaction.fetch_each(written(context, list(outcome.timers.values()), known))
    await _mirror(transaction, context, outcome, known)
    failed: dict[str, Entry] = {}
    for flow, timers, due in _steps(outcome, known):
        for timer_id, problem in (await _run(transaction, context, flow, timers)).items():
            failed[timer_id] = Entry(flow.name, due, due, problem)
    if failed:
        noted = [_with_entry(outcome.timers[timer_id], entry) for timer_id, entry in failed.items()]
        await transaction.fetch_each(written(context, noted, known))


def _with_entry(timer: Timer, entry: Entry) -> Timer:
    return replace(timer, log=(*timer.log, entry), is_stored=True)


async def _mirror(transaction: Transaction, context: Context, outcome: Outcome, known: Mapping[str, Milestone]) -> None:
    """Repeat the state in the record's own fields: one write for all records of an object."""
    by_object: dict[str, dict[str, dict[str, Any]]] = {}
    for timer in outcome.timers.values():
        milestone = known[timer.milestone]
        shown = {"state": timer.state.value, "due": timer.due}
        values = {name: shown[key] for key, name in milestone.mirror.items()}
        if values:
            records = by_object.setdefault(milestone.object_name, {})
            records.setdefault(timer.record_id, {"Id": timer.record_id}).update(values)
    for object_name, records in by_object.items():
        acting = as_automation(context)
        results = await write_within(transaction, acting, object_name, "update", list(records.values()))
        for problem in (problem for each in results for problem in each.problems):
            log.warning("milestone_not_mirrored", object=object_name, problem=problem.message)


def _steps(outcome: Outcome, known: Mapping[str, Milestone]) -> Iterable[tuple[Flow, Sequence[Timer], datetime]]:
    """What is to be run, for all records of a milestone together; of one record, first things first."""
    groups: dict[tuple[str, int | None], list[Happening]] = {}
    for happening in outcome.happenings:
        groups.setdefault((happening.timer.milestone, happening.place), []).append(happening)
    for (name, place), happened in groups.items():
        milestone = known[name]
        coverage.note(KIND, name, "on_violation" if place is None else f"warnings.{place}")
        flow = milestone.on_violation if place is None else milestone.warnings[place].steps
        if flow is not None:
            yield flow, [each.timer for each in happened], happened[0].due
    for name in dict.fromkeys(each.milestone for each in outcome.met):
        coverage.note(KIND, name, "on_met")
        flow = known[name].on_met
        timers = [each for each in outcome.met if each.milestone == name]
        if flow is not None:
            yield flow, timers, timers[0].end or timers[0].since


async def _run(transaction: Transaction, context: Context, flow: Flow, timers: Sequence[Timer]) -> Mapping[str, str]:
    """Run steps; problems by the id of the clock. A failure undoes these steps alone."""
    by_record = {each.record_id: each.id for each in timers}
    try:
        async with transaction.savepoint():
            problems = await run_steps(transaction, as_automation(context), flow, list(by_record))
    except (ChassisError, psycopg.Error) as error:
        log.warning("milestone_steps_failed", steps=flow.name, error=str(error))
        return dict.fromkeys(by_record.values(), f"{type(error).__name__}: {error}"[:500])
    return {by_record[record_id]: problem for record_id, problem in problems.items()}
