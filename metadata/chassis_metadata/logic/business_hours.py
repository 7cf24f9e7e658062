"""Business hours: when it is open, by weekday, by holiday calendars, in which time zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.logic.holiday_calendar import WEEKDAYS, HolidayCalendar, Opening, calendars_of, read_openings
from chassis_metadata.snapshot import Snapshot

_MIDNIGHT = 24 * 60
Openings = tuple[Opening, ...]


@dataclass(frozen=True, eq=False)
class BusinessHours:
    """`week` begins with Monday. `time_zone` None is the tenant's. Compared by identity: values are kept for long."""

    name: str
    week: tuple[Openings, ...]
    time_zone: str | None = None
    calendars: tuple[HolidayCalendar, ...] = ()
    make_up_day: int = 0
    is_default: bool = False
    #: What is worked out of it, by who did: windows of days.
    worked_out: dict[Any, Any] = field(default_factory=dict, repr=False)

    def on(self, day: date) -> Openings:
        """When it is open on a day, by the clock on the wall."""
        regular = self.week[day.weekday()]
        special = next((found for each in reversed(self.calendars) if (found := each.on(day))), None)
        if special is None:
            return regular
        if special.is_worked:
            return regular or self.week[self.make_up_day if special.like is None else special.like]
        return tuple(
            Opening(max(one.start, other.start), min(one.end, other.end))
            for one in regular
            for other in special.within
            if max(one.start, other.start) < min(one.end, other.end)
        )

    @property
    def is_ever_open(self) -> bool:
        """Whether any weekday has an opening: time that never runs is never used up."""
        return any(self.week)


ALWAYS = BusinessHours("Always", week=((Opening(0, _MIDNIGHT),),) * 7)


def read_hours(component: LogicComponent, calendars: Mapping[str, HolidayCalendar]) -> BusinessHours:
    """The value of a component whose form is right; calendars that are not there are left out."""
    body = component.body
    return BusinessHours(
        name=component.full_name,
        week=tuple(read_openings(body["week"].get(day, ())) for day in WEEKDAYS),
        time_zone=body.get("time_zone"),
        calendars=tuple(calendars[name] for name in body.get("holidays", ()) if name in calendars),
        make_up_day=WEEKDAYS.index(body.get("make_up_day", WEEKDAYS[0])),
        is_default=body.get("default", False),
    )


def hours_of(snapshot: Snapshot) -> Mapping[str, BusinessHours]:
    """The business hours in force by name."""

    def make() -> dict[str, BusinessHours]:
        calendars = calendars_of(snapshot)
        return {name: read_hours(each, calendars) for name, each in snapshot.logic_of("business_hours").items()}

    return snapshot.keep("business_hours", make)


def default_hours(snapshot: Snapshot) -> BusinessHours:
    """Those marked so, a tenant's own first; where none are, it is always open."""
    components = snapshot.logic_of("business_hours")
    marked = [each for each in hours_of(snapshot).values() if each.is_default and each.is_ever_open]
    marked.sort(key=lambda each: (components[each.name].package is not None, each.name))
    return marked[0] if marked else ALWAYS


def named_hours(snapshot: Snapshot, *names: str | None) -> BusinessHours:
    """The first of these that are there and ever open, or the default."""
    known = hours_of(snapshot)
    chosen = (known[name] for name in names if name is not None and name in known)
    return next((each for each in chosen if each.is_ever_open), default_hours(snapshot))
