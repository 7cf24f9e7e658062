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

import chassis_platform.automation.engines  # noqa: F401  they register themselves with the write road
from benchmarks.environment import Environment
from benchmarks.tenants import Single
from chassis_metadata.ids import new_id
from chassis_metadata.package import read_package
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.auth.users import create_user
from chassis_platform.bulk.chunks import pending_batches
from chassis_platform.bulk.ingest import LANES, close_job, read_ingest
from chassis_platform.bulk.jobs import OVER, WRITE, BulkJob, JobType, State, bound_job, find_job, make_job
from chassis_platform.bulk.processing import Desk, run_ingest
from chassis_platform.bulk.uploads import take_upload
from chassis_platform.key_encryption import KeyWrapper, wrapper_of
from chassis_platform.operator import NewTenant, make_tenant, operator_context
from chassis_platform.records.write import write_records
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

AIM = 10_000
DEPOTS = 200
_WARMING = 4_000
_PACKAGE = Path(__file__).parent / "parcels"
_HEADER = "Name,Number,Depot.Code,Status,Worth,Weight,ShippedOn,Insured,Email,Remark\n"
_COLUMNS = (
    "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = 'data.parcel'::regclass"
    " AND attnum > 0 AND attgenerated = '' AND NOT attisdropped"
)


def ingest_rates(environment: Environment, *, records: int) -> list[Single]:
    """One worker process, then two; then COPY."""
    urls = environment.installed.urls
    publish(urls.owner, read_package(_PACKAGE))
    made = asyncio.run(_make_tenant(environment))
    alone, took_upload = _ingest(environment, made, records, start=0, processes=1)
    together, _ = _ingest(environment, made, records, start=2 * records, processes=2)
    copied = _copy_rate(environment, made)
    size = f"{records:,} records of 10 columns"
    return [
        Single("bulk", "bulk upload", records / took_upload, "records/s", note=f"{size}: read, cut, sealed and kept"),
        Single("bulk", "bulk ingest, one worker", alone, "records/s", note=f"{size}; {LANES} lanes in one process"),
        Single("bulk", "bulk ingest, two workers", together, "records/s", note=f"the same; aim {AIM:,} or better"),
        Single(
            "bulk",
            "bulk ingest beside COPY",
            together / copied,
            "times",
            note=f"COPY of the same rows: {copied:,.0f}/s",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Made:
    tenant_id: int
    user_id: str


def _wrapper(home: Path) -> KeyWrapper:
    return wrapper_of(Settings(home=home), home)


async def _make_tenant(environment: Environment) -> _Made:
    urls, home = environment.installed.urls, environment.home
    async with Database(urls.server, largest=4, wrapper=_wrapper(home)) as database:
        snapshots = SnapshotStore(database)
        name = f"bulk-{new_id('00D').lower()}"
        tenant = await make_tenant(snapshots, urls.owner, NewTenant(name, name, ""))
        await install(snapshots, tenant.id, "parcels", actor=OPERATOR, with_dependencies=True)
        current = await tenant_by_id(database, tenant.id)
        if current is None:
            raise RuntimeError("the tenant is gone")
        context = await operator_context(database, current, None, snapshots=snapshots)
        address = f"clerk@{name}.example"
        person = {"username": address, "last_name": "Clerk", "email": address}
        user_id = await create_user(database, context, person, ["StandardUser", "ParcelClerk"])
        depots = [{"Name": f"Depot {each}", "Code": f"D{each}"} for each in range(DEPOTS)]
        await write_records(database, context, "Depot", "insert", depots)
        return _Made(tenant.id, user_id)


def _ingest(environment: Environment, made: _Made, records: int, *, start: int, processes: int) -> tuple[float, float]:
    """Records a second while workers are at it, and the seconds that the upload took."""
    dsn, home = environment.installed.urls.server, environment.home
    warm = asyncio.run(_upload(dsn, home, made, range(start + records, start + records + _WARMING)))
    began = time.perf_counter()
    job_id = asyncio.run(_upload(dsn, home, made, range(start, start + records)))
    uploaded = time.perf_counter() - began
    lanes = [list(range(LANES))[place::processes] for place in range(processes)]
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(dsn, home)) as pool:
        list(pool.map(_work, [made] * processes, [warm] * processes, lanes))  # definitions are compiled by then
        began = time.perf_counter()
        list(pool.map(_work, [made] * processes, [job_id] * processes, lanes))
        took = time.perf_counter() - began
    job = asyncio.run(_job(dsn, made, job_id))
    if job.state is not State.JOB_COMPLETE or job.failed or job.processed != records:
        raise RuntimeError(f"the job ended as {job.state}: {job.processed} processed, {job.failed} failed")
    return records / took, uploaded


def _line(number: int) -> str:
    day = f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    status = ("New", "Packed", "Sent")[number % 3]
    return (
        f"Parcel {number},N-{number:08d},D{number % DEPOTS},{status},{number % 1000}.50,{number % 50}.125,{day},"
        f"{'true' if number % 2 else 'false'},person{number}@example.com,Left at the door number {number % 97}\n"
    )


async def _content(numbers: Sequence[int]) -> AsyncIterator[bytes]:
    yield _HEADER.encode()
    for at in range(0, len(numbers), 1_000):
        yield "".join(map(_line, numbers[at : at + 1_000])).encode()


async def _upload(dsn: str, home: Path, made: _Made, numbers: Sequence[int]) -> str:
    async with Database(dsn, largest=2, wrapper=_wrapper(home)) as database:
        context = await _context(database, made)
        asked = read_ingest(context, {"object": "Parcel", "operation": "insert"}, version="66.0")
        job = await make_job(database, context, asked)
        await take_upload(database, context, job, _content(numbers))
        await close_job(database, context, await find_job(database, context, job.id, JobType.INGEST))
        return job.id


async def _context(database: Database, made: _Made) -> Context:
    """The user's, to make jobs; what the jobs may do is found out when they run."""
    current = await tenant_by_id(database, made.tenant_id)
    if current is None:
        raise RuntimeError("the tenant is gone")
    return await operator_context(database, current, made.user_id)


async def _job(dsn: str, made: _Made, job_id: str) -> BulkJob:
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
    """Open the database once a process."""
    _Worker.loop = asyncio.new_event_loop()
    database = Database(dsn, largest=4, wrapper=_wrapper(home))
    _Worker.loop.run_until_complete(database.__aenter__())
    _Worker.desk = Desk(database, SnapshotStore(database), PolicyStore(database))


def _work(made: _Made, job_id: str, lanes: Sequence[int]) -> None:
    _Worker.loop.run_until_complete(_work_on(made, job_id, lanes))


async def _work_on(made: _Made, job_id: str, lanes: Sequence[int]) -> None:
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


def _copy_rate(environment: Environment, made: _Made) -> float:
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
