"""Workers are processes that get killed. What they held is done by another when the lease runs out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import chassis_metadata
import chassis_platform
import chassis_tenants

if TYPE_CHECKING:
    from worker.conftest import Queue

WORKER = """
import asyncio, sys
from pathlib import Path
from chassis_platform.access.compile import PolicyStore
from chassis_platform.settings import Settings
from chassis_platform.worker.loop import Pace, work
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore

async def hang(server, tenant_id, payload):
    print("begun", payload["number"], flush=True)
    await asyncio.sleep(600)

async def main(dsn, home):
    async with Database(dsn) as database:
        server = WorkerServer(database, SnapshotStore(database), PolicyStore(database), Settings(home=home), home)
        await work(server, asyncio.Event(), handlers={"note": hang}, pace=Pace(lease_seconds=2), schedule=())

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


def start_worker(queue: Queue) -> subprocess.Popen[str]:
    roots = [str(Path(str(each.__file__)).parents[1]) for each in (chassis_platform, chassis_tenants, chassis_metadata)]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, queue.urls.server, str(queue.home)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)},
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_the_jobs_of_a_killed_worker_are_done_by_another_when_its_lease_runs_out(queue: Queue) -> None:
    (tenant,) = queue.tenants(1)
    await queue.put(tenant, [{"number": 1}], lock_key="serial")
    await queue.put(tenant, [{"number": 2}], lock_key="serial")
    with start_worker(queue) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun 1\n"
        assert [job[1] for job in queue.jobs()] == ["running", "ready"]

        process.send_signal(signal.SIGKILL)
        process.wait()
    async with queue.worker():
        await queue.until(lambda: len(queue.log.ran) == 2)
        await queue.until_empty()

    assert queue.log.ran == [(tenant, 1), (tenant, 2)]
