"""Token buckets: so many a second, and a little more at once."""

from __future__ import annotations

from chassis_platform.limits.kinds import BURST_SECONDS


class Bucket:
    """Fills with `rate` tokens a second up to two seconds' worth; a rate of 0 never runs dry."""

    __slots__ = ("_at", "_left", "_most", "_rate")

    def __init__(self, rate: int, now: float) -> None:
        self._rate, self._most, self._left, self._at = rate, rate * BURST_SECONDS, float(rate * BURST_SECONDS), now

    @property
    def rate(self) -> int:
        """Tokens a second."""
        return self._rate

    def take(self, now: float) -> float:
        """Take a token, or answer in how many seconds there will be one."""
        if not self._rate:
            return 0.0
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._rate
        self._left -= 1
        return 0.0

    def is_full(self, now: float) -> bool:
        """Whether nobody would miss it: a new one would be the same."""
        return self._left + (now - self._at) * self._rate >= self._most
