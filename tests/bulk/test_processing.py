"""What becomes of a job when its worker dies, its maker goes, others are at it too."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

import chassis_metadata
import chassis_platform
import chassis_tenants
from bulk.desk import Bulk, Query
from chassis_platform.access.context import Context
from chassis_platform.bulk import uploads
from chassis_platform.bulk.chunks import Part
from chassis_platform.bulk.ingest import abort_job, close_job
from chassis_platform.bulk.jobs import BulkJob, State
from chassis_platform.bulk.processing import run_ingest
from chassis_platform.bulk.writing import Rows, Task, WrittenError, write_part
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding
from chassis_tenants.statement import Statement
from records.conftest import People

WORKER = """
import asyncio, sys
import chassis_platform.automation.engines
from chassis_platform.access.compile import PolicyStore
from chassis_platform.bulk.processing import Desk, run_ingest
from chassis_platform.key_encryption import LocalKeys
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore

async def main(dsn, tenant_id, job_id):
    async with Database(dsn, largest=4, wrapper=LocalKeys([bytes(32)], "the tests")) as database:
        desk = Desk(database, SnapshotStore(database), PolicyStore(database))
        await asyncio.gather(*(run_ingest(desk, tenant_id, {"job": job_id, "lane": lane}) for lane in (0, 1)))

asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
"""
_COUNT = "SELECT count(*), count(DISTINCT code) FROM data.workshop WHERE code LIKE %(like)s"
_DONE = "SELECT count(*) FROM chassis.bulk_outcome WHERE job_id = %(job)s"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "BATCH_ROWS", 100)


async def closed(bulk: Bulk, context: Context, mark: str, count: int) -> BulkJob:
    content = "Name,Code\n" + "".join(f"{mark} {each},{mark}-{each}\n" for each in range(count))
    job = await bulk.upload(context, "Workshop", "insert", content)
    await close_job(bulk.database, context, job)
    return await bulk.again(context, job)


@pytest.mark.usefixtures("small_batches")
async def test_a_killed_worker_neither_loses_a_row_nor_doubles_one(
    bulk: Bulk, ann: Context, rows: Query, urls: DatabaseUrls
) -> None:
    job = await closed(bulk, ann, "K", 3_000)
    roots = [str(Path(str(each.__file__)).parents[1]) for each in (chassis_platform, chassis_tenants, chassis_metadata)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(roots)}

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, urls.server, str(ann.tenant.id), job.id, env=environment
    )
    while not (await rows(_DONE, job=job.id))[0][0]:
        assert process.returncode is None
        await asyncio.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    await process.wait()

    interrupted = await bulk.again(ann, job)
    done = await bulk.work(ann, job)

    assert interrupted.state is State.IN_PROGRESS
    assert (done.state, done.processed, done.failed) == (State.JOB_COMPLETE, 3_000, 0)
    assert await rows(_COUNT, like="K-%") == [(3_000, 3_000)]
    assert len(await bulk.written(ann, done)) == 3_000


@pytest.mark.usefixtures("small_batches")
async def test_two_workers_at_the_same_rows_write_them_once(bulk: Bulk, ann: Context, rows: Query) -> None:
    job = await closed(bulk, ann, "T", 600)
    lanes = [{"job": job.id, "lane": lane} for lane in (0, 1, 0, 1)]

    await asyncio.gather(*(run_ingest(bulk.desk, ann.tenant.id, lane) for lane in lanes))

    done = await bulk.work(ann, job)
    assert (done.state, done.processed, done.failed) == (State.JOB_COMPLETE, 600, 0)
    assert await rows(_COUNT, like="T-%") == [(600, 600)]


async def test_rows_of_which_some_are_written_are_not_written_as_a_whole(bulk: Bulk, ann: Context, rows: Query) -> None:
    job = await closed(bulk, ann, "O", 10)
    task = Task(ann, "Workshop", "insert")
    payloads = [{"Name": f"O {each}", "Code": f"O-{each}"} for each in range(10)]
    await write_part(bulk.database, task, Part(job.id, "write", 0, 4), Rows(payloads[4:6]))

    for start, end in ((0, 10), (5, 6), (3, 5), (4, 6)):
        with pytest.raises(WrittenError):
            await write_part(bulk.database, task, Part(job.id, "write", 0, start), Rows(payloads[start:end]))
    done = await bulk.work(ann, job)

    assert (done.state, done.processed, done.failed) == (State.JOB_COMPLETE, 10, 0)
    assert await rows(_COUNT, like="O-%") == [(10, 10)]


@pytest.mark.usefixtures("small_batches")
async def test_an_abort_holds_behind_the_batch_and_says_what_was_left(bulk: Bulk, ann: Context, rows: Query) -> None:
    job = await closed(bulk, ann, "H", 400)
    await run_ingest(bulk.desk, ann.tenant.id, {"job": job.id, "lane": 0})

    await abort_job(bulk.database, ann, await bulk.again(ann, job))
    aborted = await bulk.work(ann, job)

    assert (aborted.state, aborted.processed) == (State.ABORTED, 200)
    left = {each["Code"] for each in await bulk.untouched(ann, job)}
    assert left == {f"H-{each}" for each in (*range(100, 200), *range(300, 400))}
    assert await rows(_COUNT, like="H-%") == [(200, 200)]


async def test_a_job_ends_where_its_maker_is_active_no_more(bulk: Bulk, ann: Context, rows: Query) -> None:
    job = await closed(bulk, ann, "G", 3)
    away = Statement('UPDATE data."user" SET is_active = false WHERE id = %(id)s', {"id": ann.principal.user_id})
    await bulk.database.read(Binding(ann.tenant.id), away)

    failed = await bulk.work(ann, job)

    assert failed.state is State.FAILED
    assert failed.error_message == "InvalidUser : The user who made the job is not active any more"
    assert await rows(_COUNT, like="G-%") == [(0, 0)]


async def test_rights_are_those_of_the_time_at_which_the_rows_are_written(
    bulk: Bulk, people: People, rows: Query
) -> None:
    carl_id = await people.add("carl", "GarageUser", "StandardUser")
    everything = {"tenant": people.tenant.id, "user": carl_id}
    active = Statement('UPDATE data."user" SET is_active = true WHERE id = %(user)s', everything)
    await bulk.database.read(Binding(people.tenant.id), active)
    carl = await people.context(carl_id, "carl")
    job = await closed(bulk, carl, "W", 3)
    taken = Statement(
        "UPDATE data.permission_set_assignment SET is_deleted = true WHERE assignee_id = %(user)s", everything
    )
    stale = Statement("UPDATE chassis.tenant SET access_version = access_version + 1 WHERE id = %(tenant)s", everything)
    await bulk.database.read(Binding(people.tenant.id), taken, stale)

    failed = await bulk.work(carl, job)

    assert (failed.state, failed.error_message) == (
        State.FAILED,
        "InvalidJob : The requested resource does not exist",
    )
    assert await rows(_COUNT, like="W-%") == [(0, 0)]


@pytest.mark.usefixtures("small_batches")
async def test_a_batch_costs_the_same_number_of_statements_however_many_rows_it_has(
    bulk: Bulk, admin: Context, counted: object
) -> None:
    costs = []
    for mark, count in (("S", 2), ("L", 100)):
        job = await closed(bulk, admin, mark, count)
        with counted() as traffic:  # type: ignore[operator]
            await run_ingest(bulk.desk, admin.tenant.id, {"job": job.id, "lane": 0})
        costs.append(traffic.statements)
    assert costs[0] == costs[1]
