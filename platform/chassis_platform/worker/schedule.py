"""What comes round by itself: each kind's interval, and the queueing of what is due, however many workers there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.ids import component_id
from chassis_platform import clock
from chassis_platform.automation.webhook_subscriptions.deliveries import MOST_WAITING
from chassis_platform.automation.webhook_subscriptions.sending import JOB as SEND_CHANGES
from chassis_tenants.database import Database
from chassis_tenants.journal import JOB_PREFIX
from chassis_tenants.statement import Statement

MINUTE, HOUR, DAY = 60, 3_600, 86_400
#: Entries wait so long before they are looked at; see audit/seal.py.
SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that every tenant gets once in `seconds`, at a moment of its own within the period.

    With `queue`, a function of the database that says which tenants have something to do, only those get it.
    """

    name: str
    kind: str
    seconds: int
    payload: Mapping[str, Any] = field(default_factory=dict)
    queue: str | None = None

    @property
    def job_id(self) -> str:
        """The same for every tenant and period: no tenant has two of them waiting."""
        return component_id(JOB_PREFIX, self.name)


SCHEDULE = (
    Periodic("expire", "expire", 6 * HOUR),
    Periodic("approval_deadlines", "approval_deadlines", 30, queue="chassis.queue_approval_jobs"),
    Periodic("check_milestones", "check_milestones", 30, queue="chassis.queue_milestone_jobs"),
    Periodic("flows_due", "flows_due", 30, queue="chassis.queue_due_flows"),
    Periodic("match_keys", "match_keys", 5 * MINUTE),
    Periodic("purge_recycle_bin", "purge_recycle_bin", DAY),
    Periodic("close_ledgers", "close_ledgers", DAY),
    Periodic("score_nightly", "score_nightly", DAY),
    Periodic("segments_hourly", "refresh_segments", HOUR, {"every": "hourly"}),
    Periodic("segments_daily", "refresh_segments", DAY, {"every": "daily"}),
    Periodic("prune_journal", "prune_journal", DAY),
    Periodic("count_records", "count_records", DAY),
    Periodic("retention", "retention", 7 * DAY),
    Periodic("watch_journal", "watch_journal", 15, queue="chassis.queue_alert_jobs"),
    Periodic("seal_journal_deep", "seal_journal", HOUR, {"deep": True}),
)
_SEAL_JOB_ID = component_id(JOB_PREFIX, "seal_journal")


async def queue_periodic_jobs(database: Database, schedule: Sequence[Periodic]) -> int:
    """Queue what is due in every tenant; answers how many jobs. The first worker of a period does it for all."""
    return sum([await _queue(database, each) for each in schedule])


async def _queue(database: Database, periodic: Periodic) -> int:
    if periodic.queue is not None:
        return await _count(
            database,
            Statement(
                f"SELECT {periodic.queue}(%(kind)s::text, %(job_id)s::text, %(until)s::timestamptz)",
                {"kind": periodic.kind, "job_id": periodic.job_id, "until": clock.now()},
            ),
        )
    return await _count(
        database,
        Statement(
            "SELECT chassis.queue_periodic_jobs("
            "%(kind)s::text, %(job_id)s::text, %(payload)s::jsonb, %(kind)s::text, %(seconds)s::integer)",
            {
                "kind": periodic.kind,
                "job_id": periodic.job_id,
                "payload": json.dumps(dict(periodic.payload)),
                "seconds": periodic.seconds,
            },
        ),
    )


async def queue_seal_jobs(database: Database, *, settle_seconds: float = SETTLE_SECONDS) -> int:
    """Queue a seal for every tenant whose journal grew; answers how many."""
    return await _count(
        database,
        Statement(
            "SELECT chassis.queue_seal_jobs(%(job_id)s::text, %(settle)s::double precision)",
            {"job_id": _SEAL_JOB_ID, "settle": settle_seconds},
        ),
    )


async def queue_webhook_jobs(database: Database) -> int:
    """Queue a job for every webhook that has something to send; answers how many."""
    return await _count(
        database,
        Statement(
            "SELECT chassis.queue_webhook_jobs(%(kind)s::text, %(most)s::integer, %(until)s::timestamptz)",
            {"kind": SEND_CHANGES, "most": MOST_WAITING, "until": clock.now()},
        ),
    )


async def enter_waiting_keys(database: Database) -> int:
    """Have keys enter their GIN indexes, which whoever writes next need not wait for then. It queues no job."""
    await _count(database, Statement("SELECT chassis.enter_waiting_keys()"))
    return 0


async def _count(database: Database, statement: Statement) -> int:
    rows = await database.registry(statement)
    count: int = rows[0][0]
    return count
