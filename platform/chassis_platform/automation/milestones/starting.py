"""What a clock asks of its record when it starts or goes on: how long, until when, in which hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.ids import new_id
from chassis_metadata.logic.durations import LONGEST
from chassis_metadata.logic.milestone import Milestone
from chassis_metadata.logic.record_formulas import record_formula
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.business_time import NOTHING
from chassis_platform.automation.milestones.hours import clock_called, hours_for
from chassis_platform.automation.milestones.rows import milestone_object
from chassis_platform.automation.milestones.timer import Clock, State, Timer, started

#: What a body may ask, and what kind of value it is.
ASKED: Mapping[str, Kind] = {
    "until": Kind.DATETIME,
    "target_minutes": Kind.NUMBER,
    "hours_from": Kind.TEXT,
    "around_the_clock": Kind.BOOLEAN,
    "pause": Kind.BOOLEAN,
}
LONGEST_MINUTES = LONGEST / timedelta(minutes=1)
#: A record's answers by what was asked.
Answers = Mapping[str, Any]


def formulas_of(
    snapshot: Snapshot, obj: Object, milestone: Milestone, asked: Iterable[str] = ASKED
) -> dict[str, Expression]:
    """The formulas that a milestone asks of a record, by what they are asked for."""
    texts = {key: getattr(milestone, key) for key in asked}
    return {key: record_formula(snapshot, obj, text, ASKED[key]) for key, text in texts.items() if text is not None}


def new_timer(
    context: Context, milestone: Milestone, record_id: str, occurrence: int, now: datetime, answers: Answers
) -> Timer | None:
    """The clock that starts now for a record; None where the record says of no time by when."""
    around = bool(answers.get("around_the_clock"))
    hours = hours_for(context, milestone, answers.get("hours_from"), around_the_clock=around)
    clock = clock_called(context, hours)
    due, target = _end(milestone, clock, now, answers)
    if due is None and target is None:
        return None
    timer = Timer(
        id=new_id(milestone_object(context.snapshot).key_prefix),
        record_id=record_id,
        milestone=milestone.name,
        occurrence=occurrence,
        state=State.RUNNING,
        start=now,
        since=now,
        target=target or NOTHING,
        remaining=target or NOTHING,
        hours=hours,
        is_stored=False,
    )
    return started(timer, milestone, clock, due=due, paused=bool(answers.get("pause")))


def _end(
    milestone: Milestone, clock: Clock, now: datetime, answers: Answers
) -> tuple[datetime | None, timedelta | None]:
    """A given end, or how long it may take."""
    duration = milestone.target
    if milestone.until is not None:
        return near_enough(answers.get("until"), now), None
    if duration is None:
        return None, _whole(answers.get("target_minutes"))
    if duration.is_business_days:
        return clock.working_days_after(now, duration.days), None
    return None, duration.length


def near_enough(until: datetime | None, now: datetime) -> datetime | None:
    """An end within ten years; nobody means a later one."""
    return until if until is not None and abs(until - now) <= timedelta(minutes=LONGEST_MINUTES) else None


def _whole(minutes: Decimal | None) -> timedelta | None:
    """To the millisecond, which is how fine clocks are."""
    if minutes is None or not 0 <= minutes <= LONGEST_MINUTES:
        return None
    return timedelta(milliseconds=round(minutes * 60_000))
