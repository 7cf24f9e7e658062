"""A queue of the test's own: tenants with nothing but a row in the registry, and as many workers as it asks for."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chassis_platform.access.compile import PolicyStore
from chassis_platform.settings import Settings
from chassis_platform.worker.loop import Pace, work
from chassis_platform.worker.server import Handler, WorkerServer
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import enqueue
from chassis_tenants.snapshots import SnapshotStore

#: Nothing is waited for long.
QUIET = {"seal_seconds": 1000.0, "idle_seconds": 0.1, "lease_seconds": 30}
WAIT_SECONDS = 30.0


@dataclass
class Log:
    """What handlers did, in order."""

    ran: list[tuple[int, Any]] = field(default_factory=list)
    running: Counter[Any] = field(default_factory=Counter)
    most_at_once: Counter[Any] = field(default_factory=Counter)

    async def note(self, server: WorkerServer, tenant_id: int, payload: Mapping[str, Any]) -> None:  # noqa: ARG002
        """A handler that takes `seconds`."""
        key = (tenant_id, payload.get("key"))
        self.running[key] += 1
        self.most_at_once[key] = max(self.most_at_once[key], self.running[key])
        try:
            await asyncio.sleep(payload.get("seconds", 0))
            self.ran.append((tenant_id, payload.get("number")))
        finally:
            self.running[key] -= 1


@dataclass
class Queue:
    """The queue of a database, from outside and from inside."""

    urls: DatabaseUrls
    home: Path
    database: Database
    owner: psycopg.Connection[tuple[Any, ...]]
    log: Log = field(default_factory=Log)

    def tenants(self, count: int) -> list[int]:
        rows = self.as_owner(
            "INSERT INTO chassis.tenant (organization_id, name, label)"
            " SELECT 'org' || i, 'tenant' || i, 'Tenant' FROM generate_series(1, %s) i RETURNING id",
            count,
        )
        return [tenant_id for (tenant_id,) in rows]

    async def put(self, tenant_id: int, payloads: Iterable[Mapping[str, Any]] = ({},), **given: Any) -> None:
        kind = given.pop("kind", "note")
        statements = [enqueue(tenant_id, kind, payload, **given) for payload in payloads]
        async with self.database.transaction(Binding(tenant_id)) as transaction:
            await transaction.fetch_each(statements)

    def as_owner(self, text: str, *parameters: object) -> list[tuple[Any, ...]]:
        cursor = self.owner.execute(text, parameters)
        return cursor.fetchall() if cursor.description else []

    def jobs(self) -> list[tuple[Any, ...]]:
        return self.as_owner("SELECT kind, status, attempts, last_error FROM chassis.job ORDER BY tenant_id, id")

    @asynccontextmanager
    async def server(self) -> AsyncIterator[WorkerServer]:
        async with Database(self.urls.server, smallest=1, largest=6) as database:
            yield WorkerServer(
                database, SnapshotStore(database), PolicyStore(database), Settings(home=self.home), self.home
            )

    @asynccontextmanager
    async def worker(
        self, handlers: Mapping[str, Handler] | None = None, *, listening: bool = False, **pace: Any
    ) -> AsyncIterator[asyncio.Event]:
        """A worker with a pool of its own; it ends with the block."""
        stop = asyncio.Event()
        async with self.server() as server:
            task = asyncio.create_task(
                work(
                    server,
                    stop,
                    handlers=handlers if handlers is not None else {"note": self.log.note},
                    pace=Pace(**{**QUIET, **pace}),
                    schedule=(),
                    listen_dsn=self.urls.server if listening else None,
                )
            )
            try:
                yield stop
            finally:
                stop.set()
                await task

    async def until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, "waited in vain"
            await asyncio.sleep(0.05)

    async def until_empty(self) -> None:
        await self.until(lambda: self.jobs() == [])


@pytest.fixture
async def queue(own_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[Queue]:
    async with Database(own_urls.server, smallest=1, largest=4) as database:
        with psycopg.connect(own_urls.owner, autocommit=True) as owner:
            yield Queue(own_urls, tmp_path, database, owner)
