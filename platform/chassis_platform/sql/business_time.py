"""Business time in SQL, for any number of rows at once: the same as `automation.business_time`.

But for one thing: an opening that begins or ends within the hour in which the clocks are changed has PostgreSQL's
reading of that hour. Openings are constants of the metadata, written into the statement: those of weekdays, and of days
that differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from chassis_metadata.logic.business_hours import BusinessHours
from chassis_metadata.logic.holiday_calendar import Opening

#: A span is looked at day by day; a longer one has no answer.
MOST_DAYS = 3_660
MOST_MINUTES = 1_000_000
#: Days of every year are written out for these.
_YEARS = range(2000, 2060)


def minutes_between(hours: BusinessHours, start: str, end: str, zone: str) -> str:
    """The business minutes between two moments, negative where the end is the earlier one. All three are SQL."""
    first = f"(b.since AT TIME ZONE {zone})::date"
    windows = _windows(hours, first, f"least((b.till AT TIME ZONE {zone})::date - {first}, {MOST_DAYS})", zone)
    return f"""
    SELECT b.sign * coalesce(sum(greatest(
        extract(epoch FROM least(w.closes, b.till) - greatest(w.opens, b.since)), 0))
        FILTER (WHERE w.opens IS NOT NULL), 0) / 60
    FROM (
        SELECT least(x.a, x.b) AS since, greatest(x.a, x.b) AS till, CASE WHEN x.b < x.a THEN -1 ELSE 1 END AS sign
        FROM (SELECT {start} AS a, {end} AS b) AS x WHERE x.a IS NOT NULL AND x.b IS NOT NULL
    ) AS b LEFT JOIN LATERAL ({windows}) AS w ON true GROUP BY b.sign"""  # noqa: S608  parts of this file's own making


def moment_after(hours: BusinessHours, start: str, minutes: str, zone: str) -> str:
    """The moment so many business minutes (not negative) after another; nothing where it is never that late."""
    weekly = sum(each.end - each.start for openings in hours.week for each in openings)
    days = f"least((ceil(x.n / {max(weekly, 1)}) * 7)::integer + {len(_special_days(hours)) + 14}, {MOST_DAYS})"
    windows = _windows(hours, f"(x.a AT TIME ZONE {zone})::date", days, zone)
    return f"""
    SELECT CASE WHEN x.n = 0 THEN x.a ELSE (
        SELECT f.opens + (x.n - f.used)::double precision * interval '1 minute' FROM (
            SELECT c.opens, c.length, sum(c.length) OVER (ORDER BY c.opens) - c.length AS used FROM (
                SELECT greatest(w.opens, x.a) AS opens,
                    extract(epoch FROM w.closes - greatest(w.opens, x.a)) / 60 AS length
                FROM ({windows}) AS w WHERE w.closes > x.a
            ) AS c
        ) AS f WHERE f.used + f.length >= x.n ORDER BY f.opens LIMIT 1
    ) END FROM (SELECT {start} AS a, least(greatest({minutes}, 0), {MOST_MINUTES}) AS n) AS x"""  # noqa: S608  as above


def _windows(hours: BusinessHours, first: str, days: str, zone: str) -> str:
    """The openings of so many days after the first, as moments."""
    special = _special_days(hours)
    known = ", ".join(f"DATE '{day.isoformat()}'" for day in sorted(special))
    regular = f"AND d.day <> ALL (ARRAY[{known}])" if special else ""
    return f"""
    SELECT (d.day + o.start * interval '1 minute') AT TIME ZONE {zone} AS opens,
        (d.day + o.until * interval '1 minute') AT TIME ZONE {zone} AS closes
    FROM generate_series(0, {days}) AS n
    CROSS JOIN LATERAL (SELECT {first} + n AS day) AS d
    CROSS JOIN LATERAL (
        SELECT r.start, r.until FROM ({_values(_regular_rows(hours), "integer")}) AS r (day, start, until)
        WHERE r.day = extract(isodow FROM d.day) {regular}
        UNION ALL
        SELECT s.start, s.until FROM ({_values(_special_rows(special), "date")}) AS s (day, start, until)
        WHERE s.day = d.day
    ) AS o"""  # noqa: S608  as above


def _values(rows: Iterator[str], day_type: str) -> str:
    """Rows of a day and two numbers; one of nothing where there are none."""
    written = ", ".join(rows)
    return f"VALUES {written or f'(NULL::{day_type}, NULL::integer, NULL::integer)'}"


def _regular_rows(hours: BusinessHours) -> Iterator[str]:
    for weekday, openings in enumerate(hours.week, start=1):
        yield from (f"({weekday}, {each.start}, {each.end})" for each in openings)


def _special_rows(special: dict[date, tuple[Opening, ...]]) -> Iterator[str]:
    for day, openings in sorted(special.items()):
        yield from (f"(DATE '{day.isoformat()}', {each.start}, {each.end})" for each in openings)


def _special_days(hours: BusinessHours) -> dict[date, tuple[Opening, ...]]:
    """The days that are not like their weekday, worked out once."""
    found: dict[date, tuple[Opening, ...]] | None = hours.worked_out.get("special_days")
    if found is None:
        days = {day for each in hours.calendars for day in each.dates}
        days |= {day for each in hours.calendars for text in each.yearly for day in _every_year(text)}
        differing = {day: hours.on(day) for day in days}
        found = {day: each for day, each in differing.items() if each != hours.week[day.weekday()]}
        hours.worked_out["special_days"] = found
    return found


def _every_year(text: str) -> Iterator[date]:
    for year in _YEARS:
        try:
            yield date.fromisoformat(f"{year}-{text}")
        except ValueError:  # 29 February
            continue
