"""The job loop: claim, run, end; renew leases meanwhile, queue what comes round, stop without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import structlog
from prometheus_client import Gauge, Histogram
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from chassis_platform.access.compile import PolicyStore
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.jobs import Job, claim, fail, finish, give_back, renew, retry, retry_delay
from chassis_platform.worker.schedule import (
    SCHEDULE,
    Periodic,
    enter_waiting_keys,
    queue_periodic_jobs,
    queue_seal_jobs,
    queue_webhook_jobs,
)
from chassis_platform.worker.server import Handler, WorkerServer
from chassis_tenants.database import Database
from chassis_tenants.journal import JOB_CHANNEL
from chassis_tenants.snapshots import SnapshotStore

log = structlog.get_logger()

JOBS = Histogram(
    "chassis_job_seconds",
    "Time to run a job, by how it ended",
    ["kind", "outcome"],
    buckets=(0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800),
)
RUNNING = Gauge("chassis_jobs_running", "Jobs that run in this process")
#: The database is away for a while (or our pool is too small): say so, wait, go on.
_OUTAGES = (psycopg.Error, PoolTimeout, OSError)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much and how often."""

    concurrency: int = 8
    lease_seconds: int = 60
    idle_seconds: float = 1.0
    most_attempts: int = 8
    most_seconds: float = 4 * 3600.0
    grace_seconds: float = 20.0
    seal_seconds: float = 5.0
    webhook_seconds: float = 1.0
    schedule_seconds: float = 30.0
    index_seconds: float = 5.0
    outage_seconds: float = 2.0
    #: Looking for what is due takes at most this share of the time.
    looking_share: float = 0.02
    #: Entering keys into indexes is work, and what isn't done here is done by whose write finds no more room.
    index_share: float = 0.5


async def work_until_interrupted(settings: Settings, server_dsn: str, home: Path) -> None:
    """Run a worker until Ctrl-C or SIGTERM."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    await run_worker(settings, server_dsn, home, stop)


async def run_worker(settings: Settings, server_dsn: str, home: Path, stop: asyncio.Event) -> None:
    """Run jobs until `stop` is set and those that run then have ended.

    Behind a pooler (that is what `database_prepared` = False says) nothing can be listened to: jobs are polled for.
    """
    size, prepared, wrapper = settings.database_pool, settings.database_prepared, wrapper_of(settings, home)
    pool = Database(server_dsn, largest=size, prepared=prepared, wrapper=wrapper, region=settings.region)
    async with pool as database:
        server = WorkerServer(database, SnapshotStore(database), PolicyStore(database), settings, home)
        await work(server, stop, listen_dsn=server_dsn if prepared else None)


async def work(
    server: WorkerServer,
    stop: asyncio.Event,
    *,
    handlers: Mapping[str, Handler] = HANDLERS,
    pace: Pace = Pace(),
    schedule: Sequence[Periodic] = SCHEDULE,
    listen_dsn: str | None = None,
) -> None:
    """The same with a server that is there."""
    worker = _Worker(server, handlers, pace)
    beside = [
        worker.renew_leases(),
        worker.look_every(pace.seal_seconds, lambda: queue_seal_jobs(server.database)),
        worker.look_every(pace.webhook_seconds, lambda: queue_webhook_jobs(server.database)),
        worker.look_every(pace.schedule_seconds, lambda: queue_periodic_jobs(server.database, schedule)),
        worker.look_every(pace.index_seconds, lambda: enter_waiting_keys(server.database), share=pace.index_share),
        worker.wake_when(stop),
        *([_listen(listen_dsn, worker.woken, pace)] if listen_dsn else []),
    ]
    tasks = [asyncio.create_task(each) for each in beside]
    try:
        await worker.claim_until(stop)
        await worker.let_end()
    finally:
        await worker.give_back_rest()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Worker:
    """Jobs of this process and the tasks that run them."""

    def __init__(self, server: WorkerServer, handlers: Mapping[str, Handler], pace: Pace) -> None:
        self.woken = asyncio.Event()
        self._server, self._handlers, self._pace = server, handlers, pace
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._lost: set[Job] = set()

    async def claim_until(self, stop: asyncio.Event) -> None:
        """Fill the free places; when nothing is ready, sleep until woken, or for a second."""
        while not stop.is_set():
            self.woken.clear()
            free = self._pace.concurrency - len(self._running)
            jobs = await self._claim(free) if free else []
            for job in jobs:
                self._start(job)
            if not jobs and not stop.is_set():
                await _within(self._pace.idle_seconds, self.woken.wait())

    async def _claim(self, most: int) -> list[Job]:
        try:
            return await claim(self._server.database, most=most, lease_seconds=self._pace.lease_seconds)
        except _OUTAGES as error:
            log.warning("jobs_not_claimed", error=str(error))
            return []

    def _start(self, job: Job) -> None:
        self._running[job] = asyncio.create_task(self._run(job))
        RUNNING.set(len(self._running))

    async def _run(self, job: Job) -> None:
        started = time.monotonic()
        try:
            outcome = await self._attempt(job)
        except _OUTAGES as error:  # the job's end could not be written: its lease runs out, and it is tried again
            outcome = "unknown"
            log.warning("job_end_not_written", kind=job.kind, tenant_id=job.tenant_id, error=str(error))
        finally:
            del self._running[job]
            RUNNING.set(len(self._running))
            self.woken.set()
        JOBS.labels(job.kind, outcome).observe(time.monotonic() - started)

    async def _attempt(self, job: Job) -> str:
        if job.attempts > self._pace.most_attempts:  # every worker that took it died of it
            return await self._fail(job, "Its lease ran out too often.")
        try:
            async with asyncio.timeout(self._pace.most_seconds):
                await self._handle(job)
        except asyncio.CancelledError:
            return await self._interrupted(job)
        except Exception as error:  # noqa: BLE001  whatever a handler raises: the loop goes on
            return await self._missed(job, f"{type(error).__name__}: {error}")
        await finish(self._server.database, job)
        return "finished"

    async def _handle(self, job: Job) -> None:
        handler = self._handlers.get(job.kind)
        if handler is None:
            raise LookupError(f"This worker knows no jobs of kind {job.kind!r}. Is it an older version?")
        await handler(self._server, job.tenant_id, job.payload)

    async def _missed(self, job: Job, error: str) -> str:
        if job.attempts >= self._pace.most_attempts:
            return await self._fail(job, error)
        log.info("job_retried", kind=job.kind, tenant_id=job.tenant_id, attempts=job.attempts, error=error)
        delay = retry_delay(job.attempts, random.random())  # noqa: S311  it spreads retries
        await retry(self._server.database, job, error, delay_seconds=delay)
        return "retried"

    async def _fail(self, job: Job, error: str) -> str:
        log.error("job_failed", kind=job.kind, tenant_id=job.tenant_id, job=job.id, error=error)
        await fail(self._server.database, job, error)
        return "failed"

    async def _interrupted(self, job: Job) -> str:
        """Cancelled by us: the lease was lost (then it is somebody else's job), or the process stops."""
        if job in self._lost:
            self._lost.discard(job)
            return "lost"
        await give_back(self._server.database, job)
        return "given_back"

    async def renew_leases(self) -> None:
        """Three times a lease. Who finds a lease lost stops working on the job: another may have begun."""
        while True:
            await asyncio.sleep(self._pace.lease_seconds / 3)
            try:
                lost = await renew(self._server.database, list(self._running), lease_seconds=self._pace.lease_seconds)
            except Exception as error:  # noqa: BLE001  nothing may end what runs beside the jobs
                log.warning("leases_not_renewed", error=str(error))
                continue
            self._drop(lost)

    def _drop(self, lost: set[Job]) -> None:
        for job in lost & self._running.keys():
            log.warning("job_lease_lost", kind=job.kind, tenant_id=job.tenant_id, job=job.id)
            self._lost.add(job)
            self._running[job].cancel()

    async def look_every(
        self, seconds: float, queue_due: Callable[[], Awaitable[int]], *, share: float | None = None
    ) -> None:
        """Queue what is due; more seldom where looking takes long, which may have this share of the time."""
        share = share or self._pace.looking_share
        while True:
            started = time.monotonic()
            try:
                if await queue_due():
                    self.woken.set()
            except Exception as error:  # noqa: BLE001  nothing may end what runs beside the jobs
                log.warning("due_jobs_not_queued", error=str(error))
            took = time.monotonic() - started
            await asyncio.sleep(max(seconds, took / share))

    async def wake_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.woken.set()

    async def let_end(self) -> None:
        """Give the running jobs their time."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=self._pace.grace_seconds)

    async def give_back_rest(self) -> None:
        """What did not end in time goes back to the queue at once."""
        rest = list(self._running.values())
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for job in list(self._running):  # cancelled before they began
            await self._interrupted(job)


async def _within(seconds: float, awaited: Awaitable[object]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(awaited, seconds)


async def _listen(dsn: str, woken: asyncio.Event, pace: Pace) -> None:
    """Wake for every job that is queued anywhere. While the connection is away, the loop polls."""
    while True:
        try:
            async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
                await connection.execute(f"LISTEN {JOB_CHANNEL}")
                async for _ in connection.notifies():
                    woken.set()
        except Exception as error:  # noqa: BLE001  nothing may end what runs beside the jobs
            log.warning("not_listening", error=str(error))
        await asyncio.sleep(pace.outage_seconds)
