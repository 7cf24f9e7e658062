"""In what time a record's clock runs: its own business hours, the milestone's, or day and night."""

from __future__ import annotations

from chassis_metadata.logic.business_hours import ALWAYS, named_hours
from chassis_metadata.logic.milestone import Milestone
from chassis_platform.access.context import Context
from chassis_platform.automation.business_time import zone_of
from chassis_platform.automation.milestones.timer import Clock, Timer


def clock_called(context: Context, hours: str | None) -> Clock:
    """The clock of business hours by name; None is day and night. Names that are gone give the default hours."""
    found = ALWAYS if hours is None else named_hours(context.snapshot, hours)
    return Clock(found, zone_of(found, context.tenant.time_zone))


def clock_of(context: Context, timer: Timer) -> Clock:
    """The clock with which a timer was started, as it is now."""
    return clock_called(context, timer.hours)


def hours_for(context: Context, milestone: Milestone, own: str | None, *, around_the_clock: bool) -> str | None:
    """The name of the hours for a record that names its own, or not; None: day and night."""
    if milestone.runs_day_and_night or around_the_clock:
        return None
    found = named_hours(context.snapshot, own, milestone.hours)
    return None if found is ALWAYS else found.name
