"""What 10,000 running milestones cost while nothing is due: the worker looks at them twice a minute."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import timedelta

import chassis_platform.automation.engines  # noqa: F401  clocks register themselves
from benchmarks.environment import Environment
from benchmarks.tenants import Single
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.automation.milestones.check import check_milestones
from chassis_platform.operator import NewTenant, make_tenant
from chassis_tenants.database import Binding, Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

RUNNING, AIM_SECONDS, LOOKS = 10_000, 1.0, 5
_CLOCKS = """
INSERT INTO data.record_milestone (tenant_id, id, name, record_id, milestone_name, occurrence, state, start_time,
    running_since, due_time, next_check_time, target_minutes, remaining_minutes, warning_count)
SELECT %(tenant_id)s, '555' || lpad(n::text, 15, '0'), 'First response', '00Q' || lpad(n::text, 15, '0'),
    'FirstResponse', 1, 'Running', %(now)s, %(now)s, %(now)s + n * interval '1 minute',
    %(now)s + n * interval '1 minute', n, n, 2
FROM generate_series(1, %(many)s) AS n
"""


def milestone_look(environment: Environment) -> Single:
    """Seconds of one look at all running clocks of a tenant."""
    return asyncio.run(_measure(environment))


async def _measure(environment: Environment) -> Single:
    async with Database(environment.installed.urls.server, largest=2) as database:
        snapshots = SnapshotStore(database)
        name = f"clocks-{new_id('00D').lower()}"
        tenant = await make_tenant(snapshots, environment.installed.urls.owner, NewTenant(name, name, ""))
        await check_milestones(database, snapshots, tenant.id)  # it has seen the metadata
        parameters = {"tenant_id": tenant.id, "now": clock.now() + timedelta(hours=1), "many": RUNNING}
        await database.read(Binding(tenant.id), Statement(_CLOCKS, parameters))
        environment.rows("ANALYZE data.record_milestone")
        spent = [await _look(database, snapshots, tenant.id) for _ in range(LOOKS)]
    note = f"{RUNNING:,} running, nothing due; median of {LOOKS} looks"
    return Single("clocks", "a look at 10,000 milestones", statistics.median(spent), "s", AIM_SECONDS, note)


async def _look(database: Database, snapshots: SnapshotStore, tenant_id: int) -> float:
    started = time.perf_counter()
    await check_milestones(database, snapshots, tenant_id)
    return time.perf_counter() - started
