"""What happens by itself up to the case's moment: jobs that are due, and what engines look for at intervals."""

from __future__ import annotations

from chassis_platform import clock
from chassis_platform.cases.stage import Stage
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.schedule import SCHEDULE
from chassis_tenants.statement import Statement

#: Jobs may queue jobs; a case that never comes to rest is wrong.
MOST_ROUNDS = 50
#: Kinds that come round by themselves and decide by time.
PERIODIC = tuple(each for each in SCHEDULE if each.kind not in ("expire", "purge_recycle_bin", "seal_journal"))

#: A job without a moment of its own is due at once, whatever the database's clock says.
_DUE = """
DELETE FROM chassis.job
WHERE tenant_id = %(tenant_id)s AND status = 'ready' AND (run_at <= %(now)s OR run_at = created_at)
RETURNING kind, payload, run_at, id
"""


async def run_due(stage: Stage) -> None:
    """Run what is due until nothing is."""
    server, tenant_id = stage.theatre.worker, stage.tenant.id
    for each in PERIODIC:
        await HANDLERS[each.kind](server, tenant_id, each.payload)
    for _ in range(MOST_ROUNDS):
        binding = (await stage.operator()).binding
        taken = Statement(_DUE, {"tenant_id": tenant_id, "now": clock.now()})
        [rows] = await stage.theatre.database.read(binding, taken)
        if not rows:
            return
        for kind, payload, _, _ in sorted(rows, key=lambda row: (row[2], row[3])):
            if kind in HANDLERS:
                await HANDLERS[kind](server, tenant_id, payload)
    raise RuntimeError(f"jobs queue jobs without an end: {[row[0] for row in rows]}")
