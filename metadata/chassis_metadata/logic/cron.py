"""Schedules as cron has them: minute, hour, day of month, month, day of week; answered in a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Name, least, most, the least's names.
_PARTS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
#: 29 February comes within eight years.
_MOST_DAYS = 366 * 8 + 2


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each part takes. Days: where both parts are restricted, either will do, as cron has it."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # Sunday is 0
    either_day: bool

    def takes(self, day: date) -> bool:
        """Whether it runs on that day."""
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.either_day else in_month and in_week

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first time later than the moment; None where there is none."""
        local = moment.astimezone(zone)
        for days in range(_MOST_DAYS):
            for each in _times(self, local.date() + timedelta(days=days), zone):
                if each > moment:
                    return each
        return None

    def last_until(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The last time that is not later than the moment."""
        local = moment.astimezone(zone)
        for days in range(_MOST_DAYS):
            for each in reversed(_times(self, local.date() - timedelta(days=days), zone)):
                if each <= moment:
                    return each
        return None


@lru_cache(maxsize=10_000)
def _times(cron: Cron, day: date, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The day's times, in order."""
    if not cron.takes(day):
        return ()
    # An hour that the change of clocks leaves out is the one after it; one that comes twice counts once.
    found = {
        datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
        for hour in cron.hours
        for minute in cron.minutes
    }
    return tuple(sorted(found))


@lru_cache(maxsize=1_000)
def read_cron(text: str) -> Cron:
    """The schedule that a text says. Raises ValueError with what is wrong."""
    parts = text.lower().split()
    if len(parts) != len(_PARTS):
        raise ValueError(f"{text!r} has {len(parts)} parts; it needs five: minute, hour, day of month, month, weekday.")
    minutes, hours, days, months, weekdays = (
        _values(part, *bounds) for part, bounds in zip(parts, _PARTS, strict=True)
    )
    return Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        days,
        months,
        frozenset(each % 7 for each in weekdays),
        either_day="*" not in parts[2] and "*" not in parts[4],
    )


def _values(text: str, name: str, least: int, most: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        step = _number(step_text, name, 1, most) if step_text else 1
        first, last = _span(span, name, least, most)
        if step_text and "-" not in span and span != "*":
            last = most
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _span(text: str, name: str, least: int, most: int) -> tuple[int, int]:
    if text == "*":
        return least, most
    first_text, dash, last_text = text.partition("-")
    first = _number(first_text, name, least, most)
    last = _number(last_text, name, least, most) if dash else first
    if last < first:
        raise ValueError(f"{text!r}: the {name} runs backwards.")
    return first, last


def _number(text: str, name: str, least: int, most: int) -> int:
    words = _MONTHS if name == "month" else _DAYS if name == "day of week" else ()
    if text in words:
        return words.index(text) + least
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ValueError(f"{text!r} is no {name}: {least} to {most}.")
    return int(text)
