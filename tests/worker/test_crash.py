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
from chassis_platform.worker import handlers, loop
from chassis_platform.settings import Settings

async def hang(server, tenant_id, payload):
    print("begun", payload["number"], flush=True)
    await asyncio.sleep(600)

handlers.HANDLERS["note"] = hang
home = Path(sys.argv[2])
loop.Pace.__init__.__defaults__  # the real pace, but for the lease
pace = loop.Pace(lease_seconds=2, seal_seconds=1000.0, schedule_seconds=1000.0)
loop.work.__kwdefaults__["pace"] = pace
asyncio.run(loop.run_worker(Settings(home=home), sys.argv[1], home, asyncio.Event()))
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
