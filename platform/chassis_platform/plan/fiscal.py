"""The fiscal year: with which month it begins, and after which of its calendar years it is named."""

from __future__ import annotations

from chassis_metadata.snapshot import Snapshot

START_MONTH = "FiscalYearStartMonth"
NAMED_BY_START = "UsesStartDateAsFiscalYearName"
_DECEMBER = 12


def start_month(snapshot: Snapshot) -> int:
    """The month, from 1 to 12; January where the tenant says nothing that is a month."""
    setting = snapshot.settings.get(START_MONTH)
    value = setting.value if setting is not None else None
    month = int(value) if value is not None else 1
    return month if 1 <= month <= _DECEMBER else 1


def years_ahead(snapshot: Snapshot) -> int:
    """How far the fiscal year's name is ahead of the calendar year in which it begins."""
    setting = snapshot.settings.get(NAMED_BY_START)
    named_by_end = setting is not None and setting.value is False
    return 1 if named_by_end and start_month(snapshot) > 1 else 0
