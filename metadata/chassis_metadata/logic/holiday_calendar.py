"""Holiday calendars: days off, part-time days, and weekends that are worked in exchange."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EVERY_YEAR = "%m-%d"
_YEARLY_LENGTH = len("12-25")
#: No notice speaks of more days at once.
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Opening:
    """From and until, in minutes since midnight by the clock on the wall."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that is not like its weekday: worked (`like` whose hours), or open only `within`, or not at all."""

    name: str = ""
    is_worked: bool = False
    like: int | None = None
    within: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """A calendar's days: those of one year by date, those of every year by `12-25`."""

    name: str
    dates: Mapping[date, SpecialDay] = field(default_factory=dict)
    yearly: Mapping[str, SpecialDay] = field(default_factory=dict)

    def on(self, day: date) -> SpecialDay | None:
        """What it says of a day; None: nothing."""
        return self.dates.get(day) or (self.yearly.get(day.strftime(_EVERY_YEAR)) if self.yearly else None)


def read_calendar(component: LogicComponent) -> HolidayCalendar:
    """The value of a component whose form is right. Days that no calendar has are left out; the check tells."""
    dates: dict[date, SpecialDay] = {}
    yearly: dict[str, SpecialDay] = {}
    for body, special in _special_days(component.body):
        for key in days_of(body):
            if isinstance(key, date):
                dates[key] = special
            else:
                yearly[key] = special
    return HolidayCalendar(component.full_name, dates, yearly)


def _special_days(body: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], SpecialDay]]:
    for each in body.get("holidays", ()):
        yield each, SpecialDay(each.get("name", ""), within=read_openings(each.get("open", ())))
    for each in body.get("workdays", ()):
        like = WEEKDAYS.index(each["like"]) if "like" in each else None
        yield each, SpecialDay(each.get("name", ""), is_worked=True, like=like)


def days_of(body: Mapping[str, Any]) -> Iterator[date | str]:
    """The days of one entry: dates, or `12-25` texts of every year. Raises nothing: what is no day is none."""
    try:
        first, last = (day_of(body[key]) for key in ("date", "until" if "until" in body else "date"))
    except ValueError:
        return
    is_yearly = len(body["date"]) == _YEARLY_LENGTH
    while first <= last and last - first <= LONGEST:
        yield first.strftime(_EVERY_YEAR) if is_yearly else first
        first += timedelta(days=1)


def day_of(text: str) -> date:
    """A date; a day of every year as one in a leap year. Raises ValueError for the 30th of February."""
    return date.fromisoformat(f"2000-{text}" if len(text) == _YEARLY_LENGTH else text)


def read_openings(texts: Iterable[str]) -> tuple[Opening, ...]:
    """`09:00-18:00` as a value."""
    return tuple(Opening(*(_minutes(part) for part in text.split("-"))) for text in texts)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def calendars_of(snapshot: Snapshot) -> Mapping[str, HolidayCalendar]:
    """The calendars in force by name."""
    components = snapshot.logic_of("holiday_calendar")
    return snapshot.keep("holiday_calendars", lambda: {name: read_calendar(each) for name, each in components.items()})
