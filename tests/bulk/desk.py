"""Bulk jobs without HTTP: made, filled, closed, worked on by this process, their results read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.bulk.ingest import LANES, close_job, read_ingest
from chassis_platform.bulk.jobs import BulkJob, JobType, find_job, make_job
from chassis_platform.bulk.processing import Desk, run_ingest
from chassis_platform.bulk.results import FAILED, SUCCESSFUL, UNPROCESSED, result_lines
from chassis_platform.bulk.uploads import take_upload
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore

Rows = list[dict[str, str]]
#: Asks the tenant's tables.
Query = Callable[..., Awaitable[list[tuple[Any, ...]]]]


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@dataclass(frozen=True)
class Bulk:
    """The ingest jobs of one database."""

    database: Database
    snapshots: SnapshotStore

    @property
    def desk(self) -> Desk:
        return Desk(self.database, self.snapshots, PolicyStore(self.database))

    async def upload(
        self,
        context: Context,
        object_name: str,
        operation: str,
        content: str | bytes,
        *,
        piece: int = 65_536,
        **document: Any,
    ) -> BulkJob:
        """A job with its content, open."""
        asked = {"object": object_name, "operation": operation, **document}
        job = await make_job(self.database, context, read_ingest(context, asked, version="66.0"))
        sent = content if isinstance(content, bytes) else content.encode()
        await take_upload(self.database, context, job, pieces(sent, piece))
        return await self.again(context, job)

    async def again(self, context: Context, job: BulkJob) -> BulkJob:
        return await find_job(self.database, context, job.id, JobType.INGEST)

    async def work(self, context: Context, job: BulkJob) -> BulkJob:
        """All lanes in turn, as the worker runs them."""
        for lane in range(LANES):
            await run_ingest(self.desk, context.tenant.id, {"job": job.id, "lane": lane})
        return await self.again(context, job)

    async def run(
        self, context: Context, object_name: str, operation: str, content: str | bytes, **more: Any
    ) -> BulkJob:
        """A job from beginning to end."""
        job = await self.upload(context, object_name, operation, content, **more)
        await close_job(self.database, context, job)
        return await self.work(context, job)

    async def file(self, context: Context, job: BulkJob, kind: str) -> str:
        found = result_lines(self.database, context, await self.again(context, job), kind)
        return b"".join([each async for each in found]).decode()

    async def rows(self, context: Context, job: BulkJob, kind: str) -> Rows:
        return list(csv.DictReader(io.StringIO(await self.file(context, job, kind), newline="")))

    async def written(self, context: Context, job: BulkJob) -> Rows:
        return await self.rows(context, job, SUCCESSFUL)

    async def refused(self, context: Context, job: BulkJob) -> Rows:
        return await self.rows(context, job, FAILED)

    async def untouched(self, context: Context, job: BulkJob) -> Rows:
        return await self.rows(context, job, UNPROCESSED)
