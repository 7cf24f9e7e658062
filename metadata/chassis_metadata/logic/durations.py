"""Lengths of time as people write them: `15 min`, `-3 d`, `4 business hours`, `15 business days`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

#: As schemas have it; `24 h`, `1.5 days`, `-3 d`, `2 business hours`.
PATTERN = (
    r"^-?[0-9]{1,6}(\.[0-9]{1,3})? ?(business )?(min|minutes?|h|hours?|d|days?|w|weeks?)$"  # keep in step with schemas
)
_PARTS = re.compile(r"(-?[0-9.]+) ?(business )?([a-z])[a-z]*")
#: No milestone and no task is further away.
LONGEST = timedelta(days=3_660)
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time. In business time, days are working days and hours run only while it is open."""

    amount: Decimal
    unit: str  # m | h | d | w
    business: bool = False

    @property
    def is_business_days(self) -> bool:
        """Counted in working days, not in hours."""
        return self.business and self.unit in ("d", "w")

    @property
    def length(self) -> timedelta:
        """The time on the clock that measures it."""
        return timedelta(minutes=float(self.amount * _MINUTES[self.unit]))

    @property
    def days(self) -> int:
        """Whole days; five working days make a business week."""
        a_week = 5 if self.business else 7
        return int(self.amount) * (a_week if self.unit == "w" else 1)


def read_duration(text: str) -> Duration:
    """The value of a text that its schema allows. Raises ValueError for any other."""
    match = _PARTS.fullmatch(text.strip())
    if match is None or not re.match(PATTERN, text.strip()):
        raise ValueError(f"{text!r} is no length of time")
    return Duration(Decimal(match[1]), match[3], business=match[2] is not None)
