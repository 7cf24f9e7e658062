"""What a tenant uses, in this process's memory: rates at once, the day's requests as the database knew them last."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from chassis_metadata.errors import LimitExceeded, Problem
from chassis_platform.limits.buckets import Bucket
from chassis_platform.limits.kinds import Limits
from chassis_platform.limits.places import Line

#: So many users or clients of a tenant are remembered; those who were quiet are forgotten first.
MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sends a request: a user, through a client that has a name of its own or is of a kind (`browser`)."""

    user_id: str
    client: str
    is_client: bool  # a connected app or a key, whose rate is measured


@dataclass(slots=True, eq=False)
class Meter:
    """One tenant's."""

    tenant_id: int
    limits: Limits
    bucket: Bucket
    line: Line
    used: int = 0  # in the last 24 hours, with what is pending
    pending: Counter[str] = field(default_factory=Counter)  # by client, not in the database yet
    is_stale: bool = False  # asked since the database was
    users: dict[str, Bucket] = field(default_factory=dict)
    clients: dict[str, Bucket] = field(default_factory=dict)

    def demand_rate(self, asker: Asker, now: float) -> None:
        """Raise unless user, client and tenant all may send one more right now."""
        limits = self.limits
        wait = self._of(self.users, asker.user_id, limits.user_requests_per_second, now).take(now)
        if wait:
            raise too_many("user", limits.user_requests_per_second, wait)
        if asker.is_client:
            wait = self._of(self.clients, asker.client, limits.client_requests_per_second, now).take(now)
            if wait:
                raise too_many("client", limits.client_requests_per_second, wait)
        wait = self.bucket.take(now)
        if wait:
            raise too_many("tenant", limits.tenant_requests_per_second, wait)

    def count(self, client: str) -> None:
        """Count an API request; raises LimitExceeded where the day's are used up."""
        self.is_stale = True
        if self.used >= self.limits.api_daily_requests:
            raise LimitExceeded.of("request_limit_exceeded", "TotalRequests Limit exceeded.")
        self.used += 1
        self.pending[client] += 1

    def take_limits(self, limits: Limits, now: float) -> None:
        """Go on with other limits."""
        if limits == self.limits:
            return
        self.limits = limits
        self.bucket = Bucket(limits.tenant_requests_per_second, now)
        self.line.most, self.line.most_waiting = limits.tenant_requests_at_once, limits.tenant_requests_waiting
        self.users.clear()
        self.clients.clear()

    @property
    def usage(self) -> str:
        """What `Sforce-Limit-Info` says."""
        return f"api-usage={self.used}/{self.limits.api_daily_requests}"

    @staticmethod
    def _of(buckets: dict[str, Bucket], name: str, rate: int, now: float) -> Bucket:
        found = buckets.get(name)
        if found is None:
            if len(buckets) >= MOST_BUCKETS:
                for each in [key for key, bucket in buckets.items() if bucket.is_full(now)] or list(buckets)[:1]:
                    del buckets[each]
            found = buckets[name] = Bucket(rate, now)
        return found


def make_meter(tenant_id: int, limits: Limits, now: float) -> Meter:
    """A meter at zero."""
    line = Line(limits.tenant_requests_at_once, limits.tenant_requests_waiting)
    return Meter(tenant_id, limits, Bucket(limits.tenant_requests_per_second, now), line)


def too_many(whose: str, rate: int, seconds: float) -> LimitExceeded:
    """The refusal of one request too many, which says when to come again."""
    after = max(1, math.ceil(seconds))
    message = f"Too many requests: this {whose} may send {rate:,} a second. Try again in {after} s."
    return LimitExceeded(Problem("", "too_many_requests", message, details={"retryAfter": after}))


def line_too_long() -> LimitExceeded:
    """The refusal where as many requests of the tenant wait as may."""
    message = "Too many requests of this organization wait for their turn. Try again in 1 s."
    return LimitExceeded(Problem("", "too_many_requests", message, details={"retryAfter": 1}))
