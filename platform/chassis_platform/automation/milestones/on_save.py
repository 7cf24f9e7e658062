"""A save set clocks off: they start, stand still, go on, end. All records and milestones of a save together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.milestone import (
    CANCEL,
    KIND,
    PAUSE,
    RESUME,
    RETARGET,
    START,
    STOP,
    Milestone,
    milestones_of,
    what_of,
)
from chassis_metadata.snapshot import Object
from chassis_platform import clock, coverage
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.steps import EngineStep, register_engine
from chassis_platform.automation.keeping import common
from chassis_platform.automation.milestones.effects import Outcome, carry_out
from chassis_platform.automation.milestones.hours import clock_of
from chassis_platform.automation.milestones.rows import timer_of_row, timers_of_records
from chassis_platform.automation.milestones.starting import ASKED, Answers, formulas_of, near_enough, new_timer
from chassis_platform.automation.milestones.timer import (
    Clock,
    State,
    Timer,
    due_until,
    ended,
    paused,
    resumed,
    retargeted,
)
from chassis_platform.records.after_save import Fired, handle
from chassis_platform.sql.record_values import values_of_records
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Transaction

ACTIONS = (START, STOP, PAUSE, RESUME, CANCEL)
_MOVES_END = ("until",)


@dataclass(slots=True)
class _Wish:
    """What a save asks of one milestone: which of its triggers fired for which records."""

    milestone: Milestone
    formulas: Mapping[str, Expression]
    fired: dict[str, set[str]] = field(default_factory=dict)  # record id -> what


@dataclass(frozen=True, slots=True)
class _Saved:
    """One record, what fired for it, and what it answers."""

    record_id: str
    whats: set[str]
    answers: Answers
    now: datetime


async def on_save(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Let the clocks of the saved records follow."""
    obj = fired[0].obj
    wishes = _wishes(context, obj, fired)
    if not wishes:
        return
    await _carry_out(transaction, context, obj, wishes)


async def _carry_out(transaction: Transaction, context: Context, obj: Object, wishes: Mapping[str, _Wish]) -> None:
    timers, answers = await _ask(transaction, context, obj, wishes)
    outcome, now = Outcome(), clock.now()
    for wish in wishes.values():
        for record_id, whats in wish.fired.items():
            for what in whats:
                coverage.note(KIND, wish.milestone.name, what)
            own = timers.get((wish.milestone.name, record_id), [])
            given = answers.get((wish.milestone.name, record_id), {})
            _follow(context, wish.milestone, _Saved(record_id, whats, given, now), own, outcome)
    await carry_out(transaction, context, outcome)


handle(KIND, on_save)


async def _act(step: EngineStep) -> None:
    """The step `milestone` of flows: start, stop, pause, resume or cancel a clock whatever its formulas say."""
    milestone = milestones_of(step.context.snapshot).get(step.use)
    if milestone is None or milestone.object_name != step.obj.name:
        raise Invalid.of("not_found", f"There is no milestone {step.use!r} of {step.obj.name}, or it is switched off.")
    wish = _Wish(milestone, formulas_of(step.context.snapshot, step.obj, milestone))
    for record_id, arguments in zip(step.record_ids, step.arguments, strict=True):
        action = arguments.get("action", START)
        if action not in ACTIONS:
            raise Invalid.of("invalid_value", f"{action!r} is no action. Use one of: {', '.join(ACTIONS)}.")
        wish.fired[record_id] = {action}
    lock = lock_records(step.obj).bind(**common(step.context), ids=sorted(wish.fired))
    await step.transaction.fetch(lock)  # a save of the record waits, as the worker does
    await _carry_out(step.transaction, step.context, step.obj, {milestone.name: wish})


register_engine("milestone", _act)


def _wishes(context: Context, obj: Object, fired: Sequence[Fired]) -> dict[str, _Wish]:
    known = milestones_of(context.snapshot)
    wishes: dict[str, _Wish] = {}
    for each in fired:
        name, what = what_of(each.trigger)
        if name not in wishes:
            try:
                formulas = formulas_of(context.snapshot, obj, known[name])
            except Invalid:  # an upgrade took what it names: its clocks wait until that is mended
                continue
            wishes[name] = _Wish(known[name], formulas)
        for change in each.changes:
            wishes[name].fired.setdefault(str(change.id), set()).add(what)
    return wishes


_Timers = dict[tuple[str, str], list[Timer]]
_Answers = dict[tuple[str, str], Answers]


async def _ask(
    transaction: Transaction, context: Context, obj: Object, wishes: Mapping[str, _Wish]
) -> tuple[_Timers, _Answers]:
    """The records' clocks, and what clocks that start or go on want to know; in one round trip."""
    ids = sorted({record_id for wish in wishes.values() for record_id in wish.fired})
    asked = {
        (wish.milestone.name, key): formula
        for wish in wishes.values()
        for key, formula in wish.formulas.items()
        if key in _asked_by(wish)
    }
    bound: dict[str, Any] = {**common(context), "ids": ids}
    statements = [timers_of_records(context.snapshot).bind(**bound, names=sorted(wishes))]
    if asked:
        statements.append(values_of_records(context.snapshot, obj, asked).bind(**bound))
    timer_rows, *value_rows = await transaction.fetch_each(statements)
    timers: _Timers = {}
    for timer in map(timer_of_row, timer_rows):
        timers.setdefault((timer.milestone, timer.record_id), []).append(timer)
    answers: _Answers = {}
    for record_id, *values in value_rows[0] if value_rows else ():
        for (name, key), value in zip(asked, values, strict=True):
            answers[name, record_id] = {**answers.get((name, record_id), {}), key: value}
    return timers, answers


def _asked_by(wish: _Wish) -> Sequence[str]:
    whats = set().union(*wish.fired.values())
    if START in whats:
        return tuple(ASKED)
    return _MOVES_END if whats & {RESUME, RETARGET} else ()


def _follow(context: Context, milestone: Milestone, saved: _Saved, own: Sequence[Timer], outcome: Outcome) -> None:
    is_open = [each for each in own if each.is_open]  # several, where records were merged
    for each in is_open:
        _go_on(context, milestone, saved, each, outcome)
    if not is_open and START in saved.whats and (milestone.restart or not own):
        new = new_timer(context, milestone, saved.record_id, len(own) + 1, saved.now, saved.answers)
        if new is not None:
            outcome.take(new)


def _go_on(context: Context, milestone: Milestone, saved: _Saved, timer: Timer, outcome: Outcome) -> None:
    """First what fell due before the save, then what the save does."""
    its_clock = clock_of(context, timer)
    after, happenings = due_until(timer, milestone, its_clock, saved.now)
    after = _moved(after, milestone, its_clock, saved)
    if after != timer:
        outcome.take(after, happenings)
    if after.state is State.MET:
        outcome.met.append(after)


def _moved(timer: Timer, milestone: Milestone, its_clock: Clock, saved: _Saved) -> Timer:
    due, now = near_enough(saved.answers.get("until"), saved.now), saved.now
    if STOP in saved.whats:
        return ended(timer, State.MET, now)
    if CANCEL in saved.whats:
        return ended(timer, State.CANCELLED, now)
    if PAUSE in saved.whats:
        return paused(timer, its_clock, now)
    if RESUME in saved.whats:
        return resumed(timer, milestone, its_clock, now, due=due)
    if RETARGET in saved.whats and due is not None:
        return retargeted(timer, milestone, its_clock, due)
    return timer
