"""Business time against a slow reference that looks at every minute, in zones that change their clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis_metadata.logic.business_hours import ALWAYS, BusinessHours
from chassis_metadata.logic.durations import read_duration
from chassis_metadata.logic.holiday_calendar import HolidayCalendar, Opening, SpecialDay
from chassis_platform.automation.business_time import (
    NeverOpenError,
    add_business_days,
    add_business_minutes,
    add_duration,
    business_minutes_between,
    is_open,
    next_open,
)

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
WORKING_DAY = (Opening(9 * 60, 12 * 60), Opening(13 * 60, 18 * 60))
CHINA = HolidayCalendar(
    "China",
    {
        **{date(2026, 2, day): SpecialDay("Spring Festival") for day in range(15, 24)},
        date(2026, 2, 14): SpecialDay("Spring Festival", is_worked=True),
        date(2026, 2, 28): SpecialDay("Spring Festival", is_worked=True),
    },
    {"12-24": SpecialDay("Christmas Eve", within=(Opening(0, 12 * 60),))},
)
DEALER = BusinessHours("Dealer", week=(WORKING_DAY,) * 5 + ((), ()), calendars=(CHINA,))
NIGHT = BusinessHours("Night", week=((Opening(60, 210), Opening(1200, 1440)),) * 7)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def wall(moment: datetime, zone: ZoneInfo = SHANGHAI) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


# --- what people would say --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-03-10 10:00", 15, "2026-03-10 10:15"),
        ("2026-03-10 11:50", 15, "2026-03-10 13:05"),  # over lunch
        ("2026-03-10 17:50", 15, "2026-03-11 09:05"),  # over night
        ("2026-03-10 17:45", 15, "2026-03-10 18:00"),  # used up exactly at closing time
        ("2026-03-10 22:00", 15, "2026-03-11 09:15"),  # arrives at night: begins at opening
        ("2026-03-13 17:50", 15, "2026-03-16 09:05"),  # over a weekend
        ("2026-02-13 17:50", 15, "2026-02-14 09:05"),  # a Saturday that is worked
        ("2026-02-14 17:50", 15, "2026-02-24 09:05"),  # over the Spring Festival
        ("2026-02-27 17:50", 8 * 60, "2026-02-28 17:50"),  # and another Saturday
        ("2026-12-24 11:50", 15, "2026-12-25 09:05"),  # a part-time day, every year
        ("2027-12-24 11:50", 15, "2027-12-27 09:05"),
        ("2026-03-10 10:00", 0, "2026-03-10 10:00"),
        ("2026-03-10 09:05", -15, "2026-03-09 17:50"),  # and back
    ],
)
def test_minutes_run_only_while_it_is_open(start: str, minutes: int, due: str) -> None:
    assert wall(add_business_minutes(DEALER, at(start), minutes, SHANGHAI)) == due


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-03-10 10:00", 1, "2026-03-11 10:00"),
        ("2026-03-13 22:30", 1, "2026-03-16 22:30"),
        ("2026-02-13 10:00", 1, "2026-02-14 10:00"),
        ("2026-02-13 10:00", 5, "2026-02-27 10:00"),
        ("2026-02-24 10:00", -1, "2026-02-14 10:00"),
        ("2026-03-14 10:00", 0, "2026-03-14 10:00"),
    ],
)
def test_working_days_skip_weekends_and_holidays_but_not_make_up_workdays(start: str, days: int, due: str) -> None:
    assert wall(add_business_days(DEALER, at(start), days, SHANGHAI)) == due


def test_it_opens_next_at_the_next_opening() -> None:
    assert wall(next_open(DEALER, at("2026-02-14 18:00"), SHANGHAI)) == "2026-02-24 09:00"
    assert wall(next_open(DEALER, at("2026-02-24 09:30"), SHANGHAI)) == "2026-02-24 09:30"
    assert is_open(DEALER, at("2026-02-14 09:00"), SHANGHAI)
    assert not is_open(DEALER, at("2026-02-16 10:00"), SHANGHAI)
    assert not is_open(DEALER, at("2026-03-10 18:00"), SHANGHAI)


def test_of_two_calendars_the_later_one_holds() -> None:
    own = HolidayCalendar("Own", {date(2026, 2, 16): SpecialDay("Open after all", is_worked=True)})
    keen = BusinessHours("Keen", week=DEALER.week, calendars=(CHINA, own))

    assert wall(next_open(keen, at("2026-02-14 18:00"), SHANGHAI)) == "2026-02-16 09:00"


def test_the_hour_that_summer_time_skips_is_no_business_time() -> None:
    before, after = at("2026-03-28 20:00", BERLIN), at("2026-03-29 12:00", BERLIN)

    assert business_minutes_between(NIGHT, before, after, BERLIN) == 240 + 90  # 01:00-02:00 and 03:00-03:30
    assert wall(add_business_minutes(NIGHT, before, 300 + 15, BERLIN), BERLIN) == "2026-03-29 03:15"


def test_the_hour_that_comes_twice_is_twice() -> None:
    before, after = at("2026-10-24 20:00", BERLIN), at("2026-10-25 12:00", BERLIN)

    assert business_minutes_between(NIGHT, before, after, BERLIN) == 240 + 150 + 60


def test_a_calendar_day_later_is_the_same_time_of_day() -> None:
    start = at("2026-03-28 10:00", BERLIN)

    assert wall(add_duration(NIGHT, start, read_duration("1 d"), BERLIN), BERLIN) == "2026-03-29 10:00"
    assert wall(add_duration(NIGHT, start, read_duration("24 h"), BERLIN), BERLIN) == "2026-03-29 11:00"


def test_hours_that_never_open_are_told() -> None:
    closed = BusinessHours("Closed", week=((),) * 7)

    with pytest.raises(NeverOpenError, match="Closed has no opening"):
        add_business_minutes(closed, at("2026-03-10 10:00"), 5, SHANGHAI)
    with pytest.raises(NeverOpenError):
        add_business_days(closed, at("2026-03-10 10:00"), 5, SHANGHAI)


# --- against the reference --------------------------------------------------------------------------------------


def _is_open_on_the_wall(hours: BusinessHours, moment: datetime, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return any(each.start <= minute < each.end for each in hours.on(local.date()))


def _minutes_one_by_one(hours: BusinessHours, start: datetime, end: datetime, zone: ZoneInfo) -> int:
    steps = int((end - start) / MINUTE)
    return sum(_is_open_on_the_wall(hours, start + each * MINUTE, zone) for each in range(steps))


@st.composite
def openings(draw: st.DrawFn) -> tuple[Opening, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return tuple(Opening(*edges[place : place + 2]) for place in range(0, len(edges) - 1, 2))


special = st.builds(
    SpecialDay, is_worked=st.booleans(), like=st.one_of(st.none(), st.integers(0, 6)), within=openings()
)
calendar = st.builds(
    HolidayCalendar,
    name=st.just("Made up"),
    dates=st.dictionaries(st.dates(date(2026, 3, 25), date(2026, 4, 2)), special, max_size=4),
)
hours = st.builds(
    BusinessHours,
    name=st.just("Made up"),
    week=st.tuples(*[openings()] * 7),
    calendars=st.lists(calendar, max_size=2).map(tuple),
    make_up_day=st.integers(0, 6),
)
zones = st.sampled_from(
    ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"]
).map(ZoneInfo)
#: A few days around the changes of the clocks of spring and autumn.
_CHANGES = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 27), (3, 6), (4, 3), (10, 23))]
moments = st.builds(
    lambda first, minutes: first + minutes * MINUTE, st.sampled_from(_CHANGES), st.integers(0, 4 * 1440)
)


@settings(max_examples=150, deadline=None)
@given(hours=hours, zone=zones, start=moments, length=st.integers(0, 4 * 1440))
def test_the_time_between_is_what_counting_every_minute_gives(
    hours: BusinessHours, zone: ZoneInfo, start: datetime, length: int
) -> None:
    end = start + length * MINUTE

    assert business_minutes_between(hours, start, end, zone) == _minutes_one_by_one(hours, start, end, zone)


@settings(max_examples=150, deadline=None)
@given(hours=hours, zone=zones, start=moments, minutes=st.integers(-3000, 3000).filter(bool))
def test_adding_and_counting_undo_each_other(
    hours: BusinessHours, zone: ZoneInfo, start: datetime, minutes: int
) -> None:
    if not hours.is_ever_open:
        return
    due = add_business_minutes(hours, start, minutes, zone)

    assert business_minutes_between(hours, start, due, zone) == minutes
    # … and no moment nearer to the start would do.
    nearer = due - MINUTE if minutes > 0 else due + MINUTE
    assert abs(business_minutes_between(hours, start, nearer, zone)) == abs(minutes) - 1


@settings(max_examples=100, deadline=None)
@given(hours=hours, zone=zones, moment=moments)
def test_what_opens_next_is_open_and_nothing_before_it(hours: BusinessHours, zone: ZoneInfo, moment: datetime) -> None:
    if not hours.is_ever_open:
        return
    opens = next_open(hours, moment, zone)

    assert is_open(hours, opens, zone)
    assert _is_open_on_the_wall(hours, opens, zone)
    assert business_minutes_between(hours, moment, opens, zone) == 0


def test_it_is_always_open_where_nobody_says_otherwise() -> None:
    start, end = at("2026-03-28 23:00", BERLIN), at("2026-03-30 23:00", BERLIN)

    assert wall(add_business_minutes(ALWAYS, start, 600, BERLIN), BERLIN) == "2026-03-29 10:00"
    assert business_minutes_between(ALWAYS, start, end, BERLIN) == 47 * 60
