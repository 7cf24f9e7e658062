"""Date literals on the calendar: 22 November 2026 is a Sunday."""

from __future__ import annotations

from datetime import date

import pytest

from chassis_metadata.soql.literals import COUNTED_DATE_LITERALS, DATE_LITERALS
from chassis_metadata.soql.tree import DateLiteral
from chassis_platform.plan.date_literals import days_of

TODAY = date(2026, 11, 22)
SPANS = [
    ("TODAY", None, "2026-11-22", "2026-11-23"),
    ("YESTERDAY", None, "2026-11-21", "2026-11-22"),
    ("TOMORROW", None, "2026-11-23", "2026-11-24"),
    ("LAST_90_DAYS", None, "2026-08-24", "2026-11-23"),
    ("NEXT_90_DAYS", None, "2026-11-23", "2027-02-21"),
    ("LAST_N_DAYS", 1, "2026-11-21", "2026-11-23"),
    ("NEXT_N_DAYS", 2, "2026-11-23", "2026-11-25"),
    ("N_DAYS_AGO", 3, "2026-11-19", "2026-11-20"),
    ("THIS_WEEK", None, "2026-11-22", "2026-11-29"),
    ("LAST_WEEK", None, "2026-11-15", "2026-11-22"),
    ("NEXT_N_WEEKS", 2, "2026-11-29", "2026-12-13"),
    ("N_WEEKS_AGO", 1, "2026-11-15", "2026-11-22"),
    ("THIS_MONTH", None, "2026-11-01", "2026-12-01"),
    ("NEXT_MONTH", None, "2026-12-01", "2027-01-01"),
    ("LAST_N_MONTHS", 11, "2025-12-01", "2026-11-01"),
    ("N_MONTHS_AGO", 12, "2025-11-01", "2025-12-01"),
    ("THIS_QUARTER", None, "2026-10-01", "2027-01-01"),
    ("LAST_FISCAL_QUARTER", None, "2026-07-01", "2026-10-01"),
    ("NEXT_N_QUARTERS", 1, "2027-01-01", "2027-04-01"),
    ("N_FISCAL_QUARTERS_AGO", 4, "2025-10-01", "2026-01-01"),
    ("THIS_FISCAL_YEAR", None, "2026-01-01", "2027-01-01"),
    ("LAST_N_YEARS", 2, "2024-01-01", "2026-01-01"),
    ("NEXT_YEAR", None, "2027-01-01", "2028-01-01"),
    ("LAST_N_DAYS", -1, "2026-11-23", "2026-11-23"),
]


@pytest.mark.parametrize(("name", "n", "first", "behind"), SPANS)
def test_a_literal_reaches_from_its_first_day_up_to_the_day_behind(
    name: str, n: int | None, first: str, behind: str
) -> None:
    assert days_of(DateLiteral(name, n), TODAY) == (date.fromisoformat(first), date.fromisoformat(behind))


@pytest.mark.parametrize(
    ("name", "start", "first", "behind"),
    [
        ("THIS_FISCAL_YEAR", 4, "2026-04-01", "2027-04-01"),
        ("THIS_FISCAL_YEAR", 12, "2025-12-01", "2026-12-01"),
        ("LAST_FISCAL_YEAR", 10, "2025-10-01", "2026-10-01"),
        ("THIS_FISCAL_QUARTER", 2, "2026-11-01", "2027-02-01"),
        ("NEXT_FISCAL_QUARTER", 6, "2026-12-01", "2027-03-01"),
        ("THIS_YEAR", 4, "2026-01-01", "2027-01-01"),
    ],
)
def test_a_fiscal_year_begins_with_the_tenant_s_month(name: str, start: int, first: str, behind: str) -> None:
    found = days_of(DateLiteral(name), TODAY, start)

    assert found == (date.fromisoformat(first), date.fromisoformat(behind))


@pytest.mark.parametrize("name", sorted(DATE_LITERALS | COUNTED_DATE_LITERALS))
def test_every_literal_of_the_language_is_known(name: str) -> None:
    first, behind = days_of(DateLiteral(name, 5 if name in COUNTED_DATE_LITERALS else None), TODAY)

    assert first < behind


@pytest.mark.parametrize("n", [10**9, -(10**9)])
def test_what_lies_outside_the_calendar_overflows(n: int) -> None:
    for name in COUNTED_DATE_LITERALS:
        with pytest.raises(OverflowError):
            days_of(DateLiteral(name, n), TODAY)
