"""Processes of the product that a test may kill: servers and workers, forked from one that has imported everything."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
WAIT_SECONDS = 60.0
#: Imports everything once and forks whatever is started: a start costs no second, and what is killed is a process.
NURSERY = """
import asyncio, contextlib, ctypes, os, signal, sys, uvicorn
from pathlib import Path
from chassis_platform.app import make_app, make_server
from chassis_platform.settings import Settings
from chassis_platform.telemetry import configure_logging
from chassis_platform.worker.loop import work_until_interrupted
configure_logging("critical")

def server(dsn, settings, port):
    uvicorn.run(make_app(make_server(settings, dsn)), port=port, log_level="critical")

class Mortal:
    # Dies when an answer is about to be sent to who asks for it: all is done, and nobody has heard of it.
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def dying(message):
            os.kill(os.getpid(), signal.SIGKILL)

        dies = (b"x-die", b"now") in scope.get("headers", ())
        await self.app(scope, receive, dying if dies else send)

def mortal(dsn, settings, port):
    uvicorn.run(Mortal(make_app(make_server(settings, dsn))), port=port, log_level="critical")

def worker(dsn, settings, port):
    asyncio.run(work_until_interrupted(settings, dsn, settings.home))

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    name, home, port, dsn = line.rstrip().split(" ", 3)
    born = os.fork()
    if not born:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with contextlib.suppress(AttributeError):  # it goes when its parent goes, where the system can do that
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        act = {"server": server, "worker": worker, "mortal": mortal}[name]
        act(dsn, Settings(home=Path(home), database_pool=4), int(port))
        os._exit(0)
    print(born, flush=True)
"""


def kill_all(processes: set[int]) -> None:
    """Until none of them is left: who starts another at once must not meet one that is dying."""
    deadline = time.monotonic() + WAIT_SECONDS
    while processes:
        for each in list(processes):
            try:
                os.kill(each, signal.SIGKILL)
            except ProcessLookupError:
                processes.discard(each)
        assert time.monotonic() < deadline, f"{processes} do not die"
        time.sleep(0.01)


@contextlib.contextmanager
def nursery() -> Iterator[subprocess.Popen[str]]:
    roots = [str(each) for each in (ROOT / "platform", ROOT / "tenants", ROOT / "metadata")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(roots)}
    command = [sys.executable, "-c", NURSERY]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as started:
        yield started
        started.kill()


def born(parent: subprocess.Popen[str], name: str, home: Path, port: int, dsn: str) -> int:
    """The process id of a new server or worker."""
    assert parent.stdin is not None
    assert parent.stdout is not None
    print(name, home, port, dsn, file=parent.stdin, flush=True)
    return int(parent.stdout.readline())
