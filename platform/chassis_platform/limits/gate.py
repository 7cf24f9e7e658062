"""The gate of a server process: every request passes it, at the cost of a few look-ups and no statement."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter

import structlog

from chassis_platform import clock
from chassis_platform.limits.kinds import default_limits, limits_in_force
from chassis_platform.limits.meters import Asker, Meter, line_too_long, make_meter
from chassis_platform.limits.places import LineTooLongError, Places
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database, TenantClosedError
from chassis_tenants.quotas import count_requests, overrides_of, requests_of_a_day

log = structlog.get_logger()

#: What was counted in memory is written so often; another process's counts and an operator's changes are seen then.
FLUSH_SECONDS = 5.0


class Gate:
    """The meters of the tenants that a process serves, and the places that they share."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        shared = settings.shared_requests_at_once or os.cpu_count() or 1
        self._places = Places(settings.database_pool, shared)
        self._meters: dict[int, Meter] = {}

    async def meter_of(self, tenant_id: int) -> Meter:
        """The tenant's meter; one round trip the first time that a process serves it."""
        found = self._meters.get(tenant_id)
        if found is None:
            made = make_meter(tenant_id, default_limits(self._settings), time.monotonic())
            await self.refresh(made)
            found = self._meters.setdefault(tenant_id, made)  # another request may have been first
        return found

    def demand(self, meter: Meter, asker: Asker, *, counts: bool) -> None:
        """Raise LimitExceeded where it is one request too many; it counts towards the day's if it is an API request."""
        meter.demand_rate(asker, time.monotonic())
        if counts:
            meter.count(asker.client)

    async def enter(self, meter: Meter) -> None:
        """Take a place at work, or wait for one; whoever took one calls `leave`."""
        try:
            await self._places.enter(meter.line, time.monotonic())
        except LineTooLongError:
            raise line_too_long() from None

    def leave(self, meter: Meter) -> None:
        """Give the place back."""
        self._places.leave(meter.line)

    async def keep_flushing(self) -> None:
        """Flush every few seconds until cancelled, and once more then."""
        try:
            while True:
                await asyncio.sleep(FLUSH_SECONDS)
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Write what was counted, and read what is in force and what others counted."""
        for meter in [each for each in self._meters.values() if each.is_stale]:
            try:
                await self.refresh(meter)
            except TenantClosedError:
                self._meters.pop(meter.tenant_id, None)
            except Exception:
                log.exception("API requests could not be counted", tenant=meter.tenant_id)

    async def refresh(self, meter: Meter) -> None:
        """Write what was counted of one tenant, and read what holds for it now."""
        written, meter.pending, meter.is_stale, now = meter.pending, Counter(), False, clock.now()
        asked = [requests_of_a_day(meter.tenant_id, now), overrides_of(meter.tenant_id)]
        counting = [count_requests(meter.tenant_id, written, now)] if written else []
        try:
            *_, [[used]], overrides = await self._database.read(Binding(meter.tenant_id), *counting, *asked)
        except BaseException:
            meter.pending.update(written)
            meter.is_stale = True
            raise
        meter.used = int(used) + meter.pending.total()
        meter.take_limits(limits_in_force(self._settings, dict(overrides)), time.monotonic())
