"""Date literals: the days from which and up to which TODAY, LAST_N_DAYS:30 and the others reach.

A fiscal year begins with the month that the tenant's settings name. A week begins on Sunday.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chassis_metadata.soql.tree import DateLiteral

_NAME = re.compile(r"(?P<when>LAST|THIS|NEXT|N)_(?P<counted>N_)?(?P<fiscal>FISCAL_)?(?P<unit>[A-Z]+?)S?(?P<ago>_AGO)?")
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_FIXED = {"YESTERDAY": (-1, 0), "TODAY": (0, 1), "TOMORROW": (1, 2), "LAST_90_DAYS": (-90, 1), "NEXT_90_DAYS": (1, 91)}

Days = tuple[date, date]


def days_of(literal: DateLiteral, today: date, fiscal_start: int = 1) -> Days:
    """The first day of the literal and the first day behind it. Raises OverflowError beyond the calendar."""
    if literal.name in _FIXED:
        first, behind = _FIXED[literal.name]
        return today + timedelta(first), today + timedelta(behind)
    match = _NAME.fullmatch(literal.name)
    if match is None:
        raise ValueError(literal.name)
    unit, n = match["unit"], literal.n if literal.n is not None else 1
    shift = _SHIFTS.get(unit) or _by_months(_MONTHS[unit], fiscal_start - 1 if match["fiscal"] else 0)
    if match["ago"]:
        return _span(shift, today, -n, 1 - n)
    if match["when"] == "THIS":
        return _span(shift, today, 0, 1)
    if match["when"] == "NEXT":
        return _span(shift, today, 1, n + 1)
    # The last n days have today in them, the last n weeks and longer end before the one that is running.
    return _span(shift, today, -n, 1 if unit == "DAY" else 0)


Shift = Callable[[date, int], date]


def _span(shift: Shift, today: date, first: int, behind: int) -> Days:
    start, end = shift(today, first), shift(today, behind)
    return min(start, end), max(start, end)


def _by_days(today: date, number: int) -> date:
    return today + timedelta(number)


def _by_weeks(today: date, number: int) -> date:
    return today - timedelta(today.isoweekday() % 7) + timedelta(weeks=number)


_SHIFTS: dict[str, Shift] = {"DAY": _by_days, "WEEK": _by_weeks}


def _by_months(size: int, late: int) -> Shift:
    """Shift by periods of `size` months that begin with a year, which begins so many months late."""

    def shift(today: date, number: int) -> date:
        month = today.year * 12 + today.month - 1 - late
        year, index = divmod(month // size * size + number * size + late, 12)
        try:
            return date(year, index + 1, 1)
        except ValueError:
            raise OverflowError from None

    return shift


def days_now(literal: DateLiteral, now: datetime, zone: ZoneInfo, fiscal_start: int = 1) -> Days:
    """The literal's days on the calendar of a time zone."""
    return days_of(literal, now.astimezone(zone).date(), fiscal_start)


def moment(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a time zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
