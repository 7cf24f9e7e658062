"""The clock of one milestone for one record, as a value: how it starts, stands still, goes on and ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from chassis_metadata.logic.business_hours import BusinessHours
from chassis_metadata.logic.milestone import Milestone
from chassis_platform.automation.business_time import (
    NOTHING,
    NeverOpenError,
    add_business_days,
    add_business_time,
    business_time_between,
)

#: What the log calls the end of the time.
VIOLATION = "violation"


class State(StrEnum):
    """How a clock stands. A violated one may still be met: it stays violated, and has its end."""

    RUNNING = "Running"
    PAUSED = "Paused"
    MET = "Met"
    VIOLATED = "Violated"
    CANCELLED = "Cancelled"


@dataclass(frozen=True, slots=True)
class Clock:
    """In what time a clock runs."""

    hours: BusinessHours
    zone: ZoneInfo

    def after(self, start: datetime, length: timedelta) -> datetime:
        """So much of this time after a moment; plain time where holidays leave no opening for years."""
        try:
            return add_business_time(self.hours, start, length, self.zone)
        except NeverOpenError:
            return start + length

    def working_days_after(self, start: datetime, days: int) -> datetime:
        """So many working days after a moment, at the same time of day."""
        try:
            return add_business_days(self.hours, start, days, self.zone)
        except NeverOpenError:
            return start + timedelta(days=days)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of this time lies between two moments."""
        return business_time_between(self.hours, start, end, self.zone)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log: what was due when, and when it was done."""

    what: str
    due: datetime
    done: datetime
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """`remaining` is what was left at `since`: when it was last set going, or stopped."""

    id: str
    record_id: str
    milestone: str
    occurrence: int
    state: State
    start: datetime
    since: datetime
    target: timedelta
    remaining: timedelta
    due: datetime | None = None
    next_check: datetime | None = None
    warnings: int = 0
    violated: datetime | None = None
    end: datetime | None = None
    hours: str | None = None  # None: day and night
    log: tuple[Entry, ...] = ()
    is_stored: bool = True

    @property
    def is_open(self) -> bool:
        """Whether what it waits for may still happen."""
        return self.end is None

    @property
    def is_running(self) -> bool:
        """Whether its end comes nearer."""
        return self.state is State.RUNNING


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that fell due: the milestone's warning at `place`, or with None the end of the time."""

    timer: Timer
    place: int | None
    due: datetime


def started(timer: Timer, milestone: Milestone, clock: Clock, *, due: datetime | None, paused: bool) -> Timer:
    """A new clock; `due` where it is a given moment, else so much time after the start."""
    end = due if due is not None else clock.after(timer.start, timer.target)
    target = timer.target if due is None else clock.between(timer.start, due)
    begun = replace(timer, target=target, remaining=target, state=State.PAUSED if paused else State.RUNNING)
    return begun if paused else _set_going(begun, milestone, clock, end)


def paused(timer: Timer, clock: Clock, now: datetime) -> Timer:
    """It stands still. What fell due before is to be dealt with first."""
    if not timer.is_running:
        return timer
    left = timer.remaining - clock.between(timer.since, now)
    return replace(timer, state=State.PAUSED, since=now, remaining=max(NOTHING, left), due=None, next_check=None)


def resumed(timer: Timer, milestone: Milestone, clock: Clock, now: datetime, *, due: datetime | None) -> Timer:
    """It goes on with what was left, or until a given moment."""
    if timer.state is not State.PAUSED:
        return timer
    going = replace(timer, state=State.RUNNING, since=now)
    if due is not None:
        return retargeted(going, milestone, clock, due)
    return _set_going(going, milestone, clock, clock.after(now, timer.remaining))


def retargeted(timer: Timer, milestone: Milestone, clock: Clock, due: datetime) -> Timer:
    """A running clock gets another end; warnings that were given are not given again."""
    if not timer.is_running:
        return timer
    remaining = clock.between(timer.since, due)
    used = timer.target - timer.remaining
    moved = replace(timer, remaining=remaining, target=used + remaining)
    return _set_going(moved, milestone, clock, due)


def recalculated(timer: Timer, milestone: Milestone, clock: Clock) -> Timer:
    """A running clock after its business hours changed: what was left at its last start is measured anew."""
    if not timer.is_running:
        return timer
    return _set_going(timer, milestone, clock, clock.after(timer.since, timer.remaining))


def ended(timer: Timer, state: State, now: datetime) -> Timer:
    """Met or cancelled. A violated clock stays violated."""
    if not timer.is_open:
        return timer
    kept = timer.state if timer.state is State.VIOLATED else state
    return replace(timer, state=kept, end=now, next_check=None)


def due_until(timer: Timer, milestone: Milestone, clock: Clock, now: datetime) -> tuple[Timer, tuple[Happening, ...]]:
    """The clock after what fell due up to a moment, and what that was: in order, each with its own time."""
    happened: list[Happening] = []
    while timer.is_running and timer.next_check is not None and timer.next_check <= now:
        happening = _next_happening(timer, milestone, clock, timer.next_check)
        timer = _after(happening, milestone, clock, now)
        happened.append(happening)
    return timer, tuple(happened)


def _next_happening(timer: Timer, milestone: Milestone, clock: Clock, moment: datetime) -> Happening:
    coming = _next_warning(timer, milestone)
    if coming is None or timer.due is None or _warning_moment(timer, milestone, clock, coming) >= timer.due:
        return Happening(timer, None, moment)
    return Happening(timer, coming, moment)


def _after(happening: Happening, milestone: Milestone, clock: Clock, now: datetime) -> Timer:
    timer, place = happening.timer, happening.place
    name = VIOLATION if place is None else milestone.warnings[place].name
    log = (*timer.log, Entry(name, happening.due, now))
    if place is None:
        return replace(timer, state=State.VIOLATED, violated=happening.due, next_check=None, log=log)
    warned = replace(timer, warnings=timer.warnings + 1, log=log)
    return replace(warned, next_check=_next_check(warned, milestone, clock))


def _set_going(timer: Timer, milestone: Milestone, clock: Clock, due: datetime) -> Timer:
    going = replace(timer, due=due)
    return replace(going, next_check=_next_check(going, milestone, clock))


def _next_check(timer: Timer, milestone: Milestone, clock: Clock) -> datetime | None:
    """When something is to be done next: the next warning, or the end."""
    coming = _next_warning(timer, milestone)
    if coming is None or timer.due is None:
        return timer.due
    return min(_warning_moment(timer, milestone, clock, coming), timer.due)


def _next_warning(timer: Timer, milestone: Milestone) -> int | None:
    order = warning_order(milestone, timer.target)
    return order[timer.warnings] if timer.warnings < len(order) else None


def _warning_moment(timer: Timer, milestone: Milestone, clock: Clock, place: int) -> datetime:
    used = timer.target - timer.remaining
    consumed = milestone.warnings[place].consumed(timer.target)
    return clock.after(timer.since, max(NOTHING, consumed - used))


def warning_order(milestone: Milestone, target: timedelta) -> list[int]:
    """The warnings by the time at which they come; those at or after the end never come."""
    moments = [(each.consumed(target), place) for place, each in enumerate(milestone.warnings)]
    return [place for consumed, place in sorted(moments) if consumed < target]
