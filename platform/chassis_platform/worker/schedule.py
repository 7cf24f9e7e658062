"""What comes round by itself: each kind's interval, and the queueing of what is due, however many workers there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.ids import component_id
from chassis_tenants.database import Database
from chassis_tenants.journal import JOB_PREFIX
from chassis_tenants.statement import Statement

MINUTE, HOUR, DAY = 60, 3_600, 86_400
#: Entries wait so long before they are looked at; see audit/seal.py.
SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that every tenant gets once in `seconds`, at a moment of its own within the period."""

    name: str
    kind: str
    seconds: int
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def job_id(self) -> str:
        """The same for every tenant and period: no tenant has two of them waiting."""
        return component_id(JOB_PREFIX, self.name)


SCHEDULE = (
    Periodic("expire", "expire", 6 * HOUR),
    Periodic("purge_recycle_bin", "purge_recycle_bin", DAY),
    Periodic("seal_journal_deep", "seal_journal", HOUR, {"deep": True}),
)
_SEAL_JOB_ID = component_id(JOB_PREFIX, "seal_journal")


async def queue_periodic_jobs(database: Database, schedule: Sequence[Periodic]) -> int:
    """Queue what is due in every tenant; answers how many jobs. The first worker of a period does it for all."""
    return sum([await _queue(database, each) for each in schedule])


async def _queue(database: Database, periodic: Periodic) -> int:
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


async def _count(database: Database, statement: Statement) -> int:
    rows = await database.registry(statement)
    count: int = rows[0][0]
    return count
