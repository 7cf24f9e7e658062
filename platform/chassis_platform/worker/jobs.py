"""A claimed job, and the statements that end it: finished, to be tried again, failed, given back.

A claim counts the job's attempts up, and every statement names the attempt it speaks of: a worker whose lease ran out
can't touch the job any more once another has claimed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis_tenants.database import Binding, Database, TenantClosedError
from chassis_tenants.statement import Statement

ERROR_LENGTH = 2_000
_FIRST_DELAY, _FACTOR = 1.0, 4.0


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at a job. `attempts` counts this one too."""

    tenant_id: int
    id: str
    kind: str
    payload: Mapping[str, Any] = field(compare=False)
    attempts: int


async def claim(database: Database, *, most: int, lease_seconds: int) -> list[Job]:
    """Up to `most` jobs, tenants in turn; they are this worker's as long as it renews the lease."""
    statement = Statement(
        "SELECT tenant_id, id, kind, payload, attempts FROM chassis.claim_jobs("
        "%(most)s, %(lease_seconds)s, %(region)s::text)",
        {"most": most, "lease_seconds": lease_seconds, "region": database.region},
    )
    return [Job(*row) for row in await database.registry(statement)]


def retry_delay(attempts: int, jitter: float) -> float:
    """Seconds until the next attempt: 1, 4, 16 … 4096, each up to half longer by `jitter` (0 to 1)."""
    return _FIRST_DELAY * _FACTOR ** (attempts - 1) * (1 + jitter / 2)


async def finish(database: Database, job: Job) -> None:
    """Done: the row goes. Also when the lease ran out meanwhile, unless somebody else has begun anew."""
    await _end(database, job, "DELETE FROM chassis.job WHERE {this}")


async def retry(database: Database, job: Job, error: str, *, delay_seconds: float) -> None:
    """To be tried again, later."""
    await _end(
        database,
        job,
        "UPDATE chassis.job SET status = 'ready', lease_until = NULL, last_error = %(error)s,"
        " run_at = now() + make_interval(secs => %(delay)s) WHERE {this}",
        error=error[:ERROR_LENGTH],
        delay=delay_seconds,
    )


async def fail(database: Database, job: Job, error: str) -> None:
    """For good: the row stays, with the reason, for an operator to see."""
    await _end(
        database,
        job,
        "UPDATE chassis.job SET status = 'failed', lease_until = NULL, last_error = %(error)s WHERE {this}",
        error=error[:ERROR_LENGTH],
    )


async def give_back(database: Database, job: Job) -> None:
    """Not done, through no fault of its own: the attempt doesn't count."""
    await _end(
        database,
        job,
        "UPDATE chassis.job SET status = 'ready', lease_until = NULL, attempts = attempts - 1 WHERE {this}"
        " AND status = 'running'",
    )


async def _end(database: Database, job: Job, text: str, **parameters: Any) -> None:
    this = "tenant_id = %(tenant_id)s AND id = %(id)s AND attempts = %(attempts)s"
    statement = Statement(
        text.format(this=this), {"tenant_id": job.tenant_id, "id": job.id, "attempts": job.attempts, **parameters}
    )
    await _within(database, job.tenant_id, statement)


async def _within(database: Database, tenant_id: int, statement: Statement) -> list[tuple[Any, ...]]:
    """The rows; none for a tenant that was suspended meanwhile: its jobs wait until it is back."""
    try:
        (rows,) = await database.read(Binding(tenant_id), statement)
    except TenantClosedError:
        return []
    return rows


async def renew(database: Database, jobs: Iterable[Job], *, lease_seconds: int) -> set[Job]:
    """Lengthen the leases; answers the jobs that are no longer this worker's."""
    by_tenant: dict[int, list[Job]] = {}
    for job in jobs:
        by_tenant.setdefault(job.tenant_id, []).append(job)
    lost: set[Job] = set()
    for tenant_id, own in by_tenant.items():
        renewed = await _renew(database, tenant_id, own, lease_seconds)
        lost |= {job for job in own if job.id not in renewed}
    return lost


async def _renew(database: Database, tenant_id: int, jobs: list[Job], lease_seconds: int) -> set[str]:
    statement = Statement(
        "UPDATE chassis.job j SET lease_until = now() + make_interval(secs => %(lease_seconds)s)"
        " FROM unnest(%(ids)s::text[], %(attempts)s::integer[]) AS o (id, attempts)"
        " WHERE j.tenant_id = %(tenant_id)s AND j.id = o.id AND j.attempts = o.attempts AND j.status = 'running'"
        " RETURNING j.id",
        {
            "tenant_id": tenant_id,
            "ids": [job.id for job in jobs],
            "attempts": [job.attempts for job in jobs],
            "lease_seconds": lease_seconds,
        },
    )
    return {job_id for (job_id,) in await _within(database, tenant_id, statement)}
