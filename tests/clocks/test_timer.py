"""A clock through any life: it violates exactly when the open time in which it ran is its target, pauses left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis_metadata.logic.business_hours import BusinessHours
from chassis_metadata.logic.holiday_calendar import Opening
from chassis_metadata.logic.milestone import EarlyWarning, Milestone
from chassis_platform.automation.business_time import business_time_between
from chassis_platform.automation.milestones.timer import (
    Clock,
    State,
    Timer,
    due_until,
    ended,
    paused,
    resumed,
    retargeted,
    started,
    warning_order,
)

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = BusinessHours("Office", week=((Opening(540, 720), Opening(780, 1020)),) * 5 + ((), ()))
CLOCK = Clock(HOURS, BERLIN)
START = datetime(2026, 3, 26, 9, tzinfo=UTC)  # the clocks are changed three days later
TARGET = timedelta(hours=12)
MILESTONE = Milestone(
    "M",
    "M",
    "Ticket",
    "TRUE",
    "FALSE",
    warnings=(
        EarlyWarning("late", length=timedelta(minutes=30), is_before_end=True),
        EarlyWarning("half", share=Decimal("0.5")),
        EarlyWarning("first hour", length=timedelta(hours=1)),
        EarlyWarning("never", share=Decimal("1.5")),
    ),
)


def _new(target: timedelta = TARGET) -> Timer:
    blank = Timer("555", "9Ti", "M", 1, State.RUNNING, START, START, target, target, hours="Office")
    return started(blank, MILESTONE, CLOCK, due=None, paused=False)


def _names(timer: Timer) -> list[str]:
    return [each.what for each in timer.log]


def test_warnings_come_in_the_order_of_their_time_and_some_never() -> None:
    assert [MILESTONE.warnings[place].name for place in warning_order(MILESTONE, TARGET)] == [
        "first hour",
        "half",
        "late",
    ]


gaps = st.lists(st.integers(1, 2_000), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(gaps=gaps, end=st.integers(0, 20_000))
def test_however_it_is_paused_it_ends_when_its_time_is_used_up(gaps: list[int], end: int) -> None:
    timer, now, ran = _new(), START, timedelta(0)
    for number, gap in enumerate(gaps):
        before, now = now, now + timedelta(minutes=gap)
        if number % 2 == 0:
            ran += business_time_between(HOURS, before, now, BERLIN)
            timer, _ = due_until(timer, MILESTONE, CLOCK, now)
            timer = paused(timer, CLOCK, now)
        else:
            timer = resumed(timer, MILESTONE, CLOCK, now, due=None)
        if timer.state is State.VIOLATED:
            break
        assert timer.remaining == TARGET - ran
    if timer.state is State.PAUSED:
        timer = resumed(timer, MILESTONE, CLOCK, now, due=None)
    last = now + timedelta(minutes=end)
    if timer.is_running:
        ran = TARGET - timer.remaining + business_time_between(HOURS, timer.since, last, BERLIN)
        timer, _ = due_until(timer, MILESTONE, CLOCK, last)

    assert (timer.state is State.VIOLATED) == (ran >= TARGET)
    assert _names(timer) == [name for name, at in _MOMENTS if ran >= at]
    assert [each.due for each in timer.log] == sorted(each.due for each in timer.log)


_MOMENTS = [
    ("first hour", timedelta(hours=1)),
    ("half", TARGET / 2),
    ("late", TARGET - timedelta(minutes=30)),
    ("violation", TARGET),
]


@settings(max_examples=100, deadline=None)
@given(looks=st.lists(st.integers(0, 6_000), min_size=1, max_size=10))
def test_however_often_the_worker_looks_everything_comes_once(looks: list[int]) -> None:
    timer, happened = _new(), 0
    for minutes in sorted([*looks, 10_000]):
        timer, happenings = due_until(timer, MILESTONE, CLOCK, START + timedelta(minutes=minutes))
        happened += len(happenings)

    assert happened == 4
    assert timer == due_until(timer, MILESTONE, CLOCK, START + timedelta(days=100))[0]


def test_another_end_does_not_give_a_warning_twice() -> None:
    timer, _ = due_until(_new(), MILESTONE, CLOCK, START + timedelta(hours=2))
    assert _names(timer) == ["first hour"]

    moved = retargeted(timer, MILESTONE, CLOCK, START + timedelta(days=20))

    assert moved.due == START + timedelta(days=20)
    later, _ = due_until(moved, MILESTONE, CLOCK, START + timedelta(days=19))
    assert _names(later) == ["first hour", "half"]


def test_an_ended_clock_is_not_moved_by_anything() -> None:
    timer = ended(_new(), State.MET, START)

    for after in (
        paused(timer, CLOCK, START),
        resumed(timer, MILESTONE, CLOCK, START, due=None),
        retargeted(timer, MILESTONE, CLOCK, START),
        ended(timer, State.CANCELLED, START),
        due_until(timer, MILESTONE, CLOCK, START + timedelta(days=9))[0],
    ):
        assert after == timer
