"""How languages write days and hours: `FORMAT()` and what user interfaces are shown say the same."""

from __future__ import annotations

_DAYS = {"en_US": "MM/DD/YYYY", "zh_CN": "YYYY/MM/DD", "zh_TW": "YYYY/MM/DD", "en_GB": "DD/MM/YYYY"}
_HALF_A_DAY = frozenset({"en_US"})


def day_pattern(language: str) -> str:
    """The order of year, month and day; where nothing else is known, as ISO 8601 has it."""
    return _DAYS.get(language, "YYYY-MM-DD")


def counts_half_days(language: str) -> bool:
    """Whether hours go to twelve, with AM or PM behind."""
    return language in _HALF_A_DAY
