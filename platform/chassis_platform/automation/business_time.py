"""Time that runs only while it is open: exact to the microsecond, over holidays, make-up workdays and clock changes.

It is open at a moment when the clock on the wall of the hours' time zone is inside an opening of that day. So the hour
that a change to summer time skips is no business time, and the hour that comes twice is twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chassis_metadata.logic.business_hours import ALWAYS, BusinessHours
from chassis_metadata.logic.durations import Duration

#: From and until, in UTC; the end is no part of it.
Window = tuple[datetime, datetime]

NOTHING = timedelta(0)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
#: No place is further from UTC than this.
_FURTHEST = timedelta(hours=16)
#: Whoever is not open once in so many days is never open.
_LONGEST_CLOSED = 800


class NeverOpenError(ValueError):
    """The hours have no opening within two years: time that never runs is never used up."""

    def __init__(self, hours: BusinessHours) -> None:
        super().__init__(f"{hours.name} has no opening for {_LONGEST_CLOSED} days.")


def zone_of(hours: BusinessHours, tenant_zone: str) -> ZoneInfo:
    """The zone in which the hours are meant."""
    return ZoneInfo(hours.time_zone or tenant_zone)


def is_open(hours: BusinessHours, moment: datetime, zone: ZoneInfo) -> bool:
    """Whether it is open at that moment."""
    return any(start <= moment < end for start, end in windows_of(hours, moment.astimezone(zone).date(), zone))


def next_open(hours: BusinessHours, moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment itself while it is open, else when it opens next."""
    opens, _ = next(_windows_from(hours, moment, zone))
    return max(opens, moment.astimezone(UTC))


def business_time_between(hours: BusinessHours, start: datetime, end: datetime, zone: ZoneInfo) -> timedelta:
    """How much business time lies between two moments; negative where the end is the earlier one."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)  # within one zone, Python subtracts what the wall shows
    if end < start:
        return -business_time_between(hours, end, start, zone)
    if hours is ALWAYS:
        return end - start
    total, day, last = NOTHING, start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        for opens, closes in windows_of(hours, day, zone):
            total += max(NOTHING, min(closes, end) - max(opens, start))
        day += _DAY
    return total


def business_minutes_between(hours: BusinessHours, start: datetime, end: datetime, zone: ZoneInfo) -> float:
    """The same in minutes."""
    return business_time_between(hours, start, end, zone) / timedelta(minutes=1)


def add_business_time(hours: BusinessHours, start: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    """The first moment at which so much business time has passed since `start`; a negative length goes back.

    What is used up when it closes is over at closing time, not when it opens again.
    """
    start = start.astimezone(UTC)
    if hours is ALWAYS or length == NOTHING:
        return start + length
    if length < NOTHING:
        return _subtract(hours, start, -length, zone)
    left = length
    for opens, closes in _windows_from(hours, start, zone):
        begins = max(opens, start)
        if closes - begins >= left:
            return begins + left
        left -= closes - begins
    raise AssertionError  # the windows don't end


def _subtract(hours: BusinessHours, end: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    left = length
    for opens, closes in _windows_until(hours, end, zone):
        ends = min(closes, end)
        if ends - opens >= left:
            return ends - left
        left -= ends - opens
    raise AssertionError  # the windows don't end


def add_business_minutes(hours: BusinessHours, start: datetime, minutes: float, zone: ZoneInfo) -> datetime:
    """The same with minutes."""
    return add_business_time(hours, start, timedelta(minutes=minutes), zone)


def is_business_day(hours: BusinessHours, day: date, zone: ZoneInfo) -> bool:
    """Whether it is open at some time of a day."""
    return bool(windows_of(hours, day, zone))


def add_business_days(hours: BusinessHours, start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day so many working days later; the day of the start is not counted."""
    local = start.astimezone(zone)
    day, left, closed = local.date(), abs(days), 0
    step = _DAY if days >= 0 else -_DAY
    while left:
        day += step
        closed = 0 if is_business_day(hours, day, zone) else closed + 1
        left -= 0 if closed else 1
        if closed > _LONGEST_CLOSED:
            raise NeverOpenError(hours)
    return datetime.combine(day, local.timetz().replace(fold=local.fold)).astimezone(UTC)


def add_duration(hours: BusinessHours, start: datetime, duration: Duration, zone: ZoneInfo) -> datetime:
    """A length of time after a moment: business time where it says so, else calendar days and plain hours.

    A calendar day later is the same time of day, also over a change of the clocks.
    """
    if duration.is_business_days:
        return add_business_days(hours, start, duration.days, zone)
    if duration.business:
        return add_business_time(hours, start, duration.length, zone)
    if duration.unit in ("d", "w") and duration.amount == int(duration.amount):
        local = start.astimezone(zone).replace(tzinfo=None) + duration.days * _DAY
        return local.replace(tzinfo=zone).astimezone(UTC)
    return start.astimezone(UTC) + duration.length


def windows_of(hours: BusinessHours, day: date, zone: ZoneInfo) -> tuple[Window, ...]:
    """The openings of a day as moments, in order; worked out once a day."""
    key = (zone.key, day)
    found: tuple[Window, ...] | None = hours.worked_out.get(key)
    if found is None:
        found = hours.worked_out[key] = tuple(_windows(hours, day, zone))
    return found


def _windows(hours: BusinessHours, day: date, zone: ZoneInfo) -> Iterator[Window]:
    openings = hours.on(day)
    if not openings:
        return
    midnight = datetime.combine(day, time(), UTC)
    for begins, ends, offset in _even_stretches(midnight - _FURTHEST, midnight + _DAY + _FURTHEST, zone):
        for each in openings:
            opens = max(begins, midnight + timedelta(minutes=each.start) - offset)
            closes = min(ends, midnight + timedelta(minutes=each.end) - offset)
            if opens < closes:
                yield opens, closes


def _even_stretches(begins: datetime, ends: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """A stretch of time cut where the zone's clocks are changed, each part with its offset from UTC."""
    first, last = _offset(begins, zone), _offset(ends, zone)
    if first == last:  # no zone changes its clocks and back within three days
        yield begins, ends, first
        return
    low, high = begins, ends
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(middle, zone) == first else (low, middle)
    change = high.replace(microsecond=0)
    yield begins, change, first
    yield change, ends, last


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or NOTHING


def _windows_from(hours: BusinessHours, moment: datetime, zone: ZoneInfo) -> Iterator[Window]:
    """The windows that end after a moment, without end."""
    day, closed = moment.astimezone(zone).date(), 0
    while closed <= _LONGEST_CLOSED:
        later = [each for each in windows_of(hours, day, zone) if each[1] > moment]
        yield from later
        closed = 0 if later else closed + 1
        day += _DAY
    raise NeverOpenError(hours)


def _windows_until(hours: BusinessHours, moment: datetime, zone: ZoneInfo) -> Iterator[Window]:
    """The windows that begin before a moment, backwards without end."""
    day, closed = moment.astimezone(zone).date(), 0
    while closed <= _LONGEST_CLOSED:
        earlier = [each for each in windows_of(hours, day, zone) if each[0] < moment]
        yield from reversed(earlier)
        closed = 0 if earlier else closed + 1
        day -= _DAY
    raise NeverOpenError(hours)
