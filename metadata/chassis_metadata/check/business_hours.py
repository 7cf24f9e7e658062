"""Business hours and holiday calendars: days and zones that exist, openings in order, calendars that are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis_metadata.check.look import Look, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.business_hours import hours_of
from chassis_metadata.logic.holiday_calendar import LONGEST, day_of, read_openings
from chassis_metadata.places import Where


def check_business_hours(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Hours that are ever open, in a zone that there is."""
    body = each.body
    yield from _check_zone(body.get("time_zone"), (*where, "time_zone"))
    for day, openings in body["week"].items():
        yield from _check_openings(openings, (*where, "week", day))
    if not any(body["week"].values()):
        yield Complaint((*where, "week"), "never_open", "It is never open. Give at least one weekday an opening.")
    calendars = look.after.logic_of("holiday_calendar")
    for place, name in enumerate(body.get("holidays", ())):
        if name not in calendars:
            yield unknown((*where, "holidays", place), "holiday calendar", name, calendars)
    if body.get("default"):
        yield from _check_default(each, look, where)


def _check_default(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """One default for all packages, one for the tenant."""
    before, components = look.before.logic_of("business_hours"), look.after.logic_of("business_hours")
    mine = components.get(each.full_name, each).package is None
    for other in hours_of(look.after).values():
        is_first = other.name in before or other.name < each.full_name
        if other.is_default and is_first and (components[other.name].package is None) == mine:
            message = f"{other.name!r} is the default already. Only one can be; leave it out here."
            yield Complaint((*where, "default"), "duplicate_default", message)


def _check_zone(name: str | None, where: Where) -> Iterator[Complaint]:
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{name!r} is no time zone. Use an IANA name such as Asia/Shanghai or Europe/Berlin."
        yield Complaint(where, "unknown_time_zone", message)


def _check_openings(texts: Sequence[str], where: Where) -> Iterator[Complaint]:
    closed_at = 0
    for place, each in enumerate(read_openings(texts)):
        here = (*where, place)
        if each.start >= each.end:
            message = f"{texts[place]!r} ends before it begins. Over midnight, write two: until 24:00, and from 00:00."
            yield Complaint(here, "invalid_opening", message)
        elif each.start < closed_at:
            yield Complaint(here, "invalid_opening", f"{texts[place]!r} begins before the one before it ends.")
        closed_at = max(closed_at, each.end)


def check_holiday_calendar(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Days that exist, once each."""
    del look
    for key in ("holidays", "workdays"):
        seen: dict[str, int] = {}
        for place, body in enumerate(each.body.get(key, ())):
            here = (*where, key, place)
            yield from _check_days(body, here)
            yield from _check_openings(body.get("open", ()), (*here, "open"))
            if seen.setdefault(body["date"], place) != place:
                yield Complaint((*here, "date"), "duplicate_value", f"{body['date']} is in the list already.")


def _check_days(body: Any, where: Where) -> Iterator[Complaint]:
    days = {key: body[key] for key in ("date", "until") if key in body}
    wrong = [key for key, text in days.items() if not _is_day(text)]
    for key in wrong:
        yield Complaint((*where, key), "invalid_date", f"{days[key]} is no day of any calendar.")
    if wrong or "until" not in days:
        return
    here = (*where, "until")
    if len(days["until"]) != len(days["date"]):
        yield Complaint(here, "invalid_date", "Write both days with their year, or both without.")
    elif not day_of(days["date"]) < day_of(days["until"]) <= day_of(days["date"]) + LONGEST:
        yield Complaint(here, "invalid_date", "The last day comes after the first, at most a year later.")


def _is_day(text: str) -> bool:
    try:
        day_of(text)
    except ValueError:
        return False
    return True
