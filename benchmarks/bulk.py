"""Bulk ingest: records a second from an uploaded file to committed records, and the same rows by COPY.

The object has a unique external id, a lookup, a picklist, tracked and indexed fields. Everything that a write does is
on: types, uniqueness, references, field history, change events. Results of every row are kept, sealed, as they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.environment import Environment
from benchmarks.parcel_tenant import Clerk, file_of, make_clerk, wrapper_at
from benchmarks.servers import grown, used_by_database
from benchmarks.tenants import Single
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.bulk.chunks import pending_batches
from chassis_platform.bulk.ingest import LANES, close_job, read_ingest
from chassis_platform.bulk.jobs import OVER, WRITE, BulkJob, JobType, State, bound_job, find_job, make_job
from chassis_platform.bulk.processing import Desk, run_ingest
from chassis_platform.bulk.uploads import take_upload
from chassis_platform.garbage import collect_seldom
from chassis_platform.operator import operator_context
from chassis_tenants.database import Binding, Database
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

AIM = 10_000
_WARMING = 4_000
_COLUMNS = (
    "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = 'data.parcel'::regclass"
    " AND attnum > 0 AND attgenerated = '' AND NOT attisdropped"
)


def ingest_rates(environment: Environment, *, records: int) -> list[Single]:
    """One worker process, then two; then COPY."""
    made = asyncio.run(make_clerk(environment.installed))
    alone = _ingest(environment, made, records, start=0, processes=1)
    together = _ingest(environment, made, records, start=2 * records, processes=2)
    copied = _copy_rate(environment, made)
    size = f"{records:,} records of 10 columns"
    return [
        Single("bulk", "bulk upload", alone.uploaded, "records/s", note=f"{size}: read, cut, sealed and kept"),
        Single("bulk", "bulk ingest, one worker", alone.written, "records/s", note=f"{LANES} lanes; {alone}"),
        Single("bulk", "bulk ingest, two workers", together.written, "records/s", note=f"aim {AIM:,}; {together}"),
        Single(
            "bulk",
            "bulk ingest beside COPY",
            together.written / copied,
            "times",
            note=f"COPY of the same rows: {copied:,.0f}/s",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Ingested:
    """Records a second that were uploaded and written; microseconds of processor time for each that was written."""

    uploaded: float
    written: float
    python: float
    database: float

    def __str__(self) -> str:
        return f"processor time a record {self.python:.0f} µs Python, {self.database:.0f} µs PostgreSQL"


def _ingest(environment: Environment, made: Clerk, records: int, *, start: int, processes: int) -> _Ingested:
    """Upload, and write with so many workers."""
    dsn, home = environment.installed.urls.server, environment.home
    warm = asyncio.run(_upload(dsn, home, made, range(start + records, start + records + _WARMING)))
    began = time.perf_counter()
    job_id = asyncio.run(_upload(dsn, home, made, range(start, start + records)))
    uploaded = time.perf_counter() - began
    lanes = [list(range(LANES))[place::processes] for place in range(processes)]
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(dsn, home)) as pool:
        list(pool.map(_work, [made] * processes, [warm] * processes, lanes))  # definitions are compiled by then
        began, before = time.perf_counter(), used_by_database(home)
        python = sum(pool.map(_work, [made] * processes, [job_id] * processes, lanes))
        took, database = time.perf_counter() - began, grown(before, used_by_database(home))
    job = asyncio.run(_job(dsn, made, job_id))
    if job.state is not State.JOB_COMPLETE or job.failed or job.processed != records:
        raise RuntimeError(f"the job ended as {job.state}: {job.processed} processed, {job.failed} failed")
    return _Ingested(records / uploaded, records / took, python / records * 1e6, database / records * 1e6)


async def _content(numbers: Sequence[int]) -> AsyncIterator[bytes]:
    for each in file_of(numbers):
        yield each


async def _upload(dsn: str, home: Path, made: Clerk, numbers: Sequence[int]) -> str:
    async with Database(dsn, largest=2, wrapper=wrapper_at(home)) as database:
        context = await _context(database, made)
        asked = read_ingest(context, {"object": "Parcel", "operation": "insert"}, version="66.0")
        job = await make_job(database, context, asked)
        await take_upload(database, context, job, _content(numbers))
        await close_job(database, context, await find_job(database, context, job.id, JobType.INGEST))
        return job.id


async def _context(database: Database, made: Clerk) -> Context:
    """The user's, to make jobs; what the jobs may do is found out when they run."""
    current = await tenant_by_id(database, made.tenant_id)
    if current is None:
        raise RuntimeError("the tenant is gone")
    return await operator_context(database, current, made.user_id)


async def _job(dsn: str, made: Clerk, job_id: str) -> BulkJob:
    async with Database(dsn, largest=2) as database:
        job = await bound_job(database, Binding(made.tenant_id), job_id)
        if job is None:
            raise RuntimeError("the job is gone")
        return job


class _Worker:
    """What a process keeps between two tasks."""

    desk: Desk
    loop: asyncio.AbstractEventLoop


def _begin(dsn: str, home: Path) -> None:
    """Open the database once a process, as a worker does."""
    collect_seldom()
    _Worker.loop = asyncio.new_event_loop()
    database = Database(dsn, largest=4, wrapper=wrapper_at(home))
    _Worker.loop.run_until_complete(database.__aenter__())
    _Worker.desk = Desk(database, SnapshotStore(database), PolicyStore(database))


def _work(made: Clerk, job_id: str, lanes: Sequence[int]) -> float:
    """The processor time that it took, in seconds."""
    began = time.process_time()
    _Worker.loop.run_until_complete(_work_on(made, job_id, lanes))
    return time.process_time() - began


async def _work_on(made: Clerk, job_id: str, lanes: Sequence[int]) -> None:
    """Turn after turn, until the job is over."""
    payloads = [{"job": job_id, "lane": lane} for lane in lanes]
    while True:
        await asyncio.gather(*(run_ingest(_Worker.desk, made.tenant_id, each) for each in payloads))
        job = await bound_job(_Worker.desk.database, Binding(made.tenant_id), job_id)
        if job is None or job.state in OVER:
            return
        left = pending_batches(made.tenant_id, job_id, WRITE, lane=lanes[0], lanes=LANES)
        [rows] = await _Worker.desk.database.read(Binding(made.tenant_id), left)
        if not rows:
            return


def _copy_rate(environment: Environment, made: Clerk) -> float:
    """Rows a second when COPY puts the same rows into the same table, with its indexes and constraints."""
    with psycopg.connect(environment.installed.urls.owner, autocommit=True) as connection:
        [(columns,)] = connection.execute(_COLUMNS).fetchall()
        connection.execute(f"SET app.tenant_id = '{made.tenant_id}'")
        query = f"COPY (SELECT {columns} FROM data.parcel WHERE tenant_id = {made.tenant_id}) TO STDOUT"
        with connection.cursor().copy(query) as reading:
            rows = b"".join(bytes(each) for each in reading)
        connection.execute("DELETE FROM data.parcel WHERE tenant_id = %s", [made.tenant_id])
        connection.execute("VACUUM data.parcel")
        began = time.perf_counter()
        with connection.cursor().copy(f"COPY data.parcel ({columns}) FROM STDIN") as writing:
            writing.write(rows)
        return rows.count(b"\n") / (time.perf_counter() - began)
