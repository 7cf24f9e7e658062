"""What happens by itself up to the case's moment: jobs that are due, and what engines look for at intervals."""

from __future__ import annotations

from datetime import datetime

from chassis_platform import clock
from chassis_platform.cases.stage import Stage
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.schedule import HOUR, SCHEDULE, Periodic
from chassis_tenants.database import Binding
from chassis_tenants.statement import Statement

#: Jobs may queue jobs; a case that never comes to rest is wrong.
MOST_ROUNDS = 50
#: Housekeeping that no case is about. Alerts are of what was sealed, and nothing is.
_ASIDE = frozenset({"expire", "purge_recycle_bin", "seal_journal", "watch_journal", "prune_journal", "count_records"})

#: A job without a moment of its own is due at once, whatever the database's clock says.
_DUE = """
DELETE FROM chassis.job
WHERE tenant_id = %(tenant_id)s AND status = 'ready' AND (run_at <= %(now)s OR run_at = created_at)
RETURNING kind, payload, run_at, id
"""


async def start_clocks(stage: Stage) -> None:
    """What was due before the case began is none of its flows' business; what comes due from here on is."""
    await HANDLERS["flows_due"](stage.theatre.worker, stage.tenant.id, {})


async def run_due(stage: Stage, since: datetime | None = None) -> None:
    """Run what is due until nothing is: what comes round often always, what comes round daily if time passed."""
    server, tenant_id = stage.theatre.worker, stage.tenant.id
    for each in SCHEDULE:
        if each.kind not in _ASIDE and _comes_round(each, since):
            await HANDLERS[each.kind](server, tenant_id, each.payload)
    for _ in range(MOST_ROUNDS):
        taken = Statement(_DUE, {"tenant_id": tenant_id, "now": clock.now()})
        [rows] = await stage.theatre.database.read(Binding(tenant_id), taken)
        if not rows:
            return
        for kind, payload, _, _ in sorted(rows, key=lambda row: (row[2], row[3])):
            if kind not in _ASIDE:
                await HANDLERS[kind](server, tenant_id, payload)
    raise RuntimeError("jobs queue jobs without an end")


def _comes_round(periodic: Periodic, since: datetime | None) -> bool:
    if periodic.seconds < HOUR:
        return True
    return since is not None and (clock.now() - since).total_seconds() >= periodic.seconds
