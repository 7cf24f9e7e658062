"""One load at a time: no other process in this home, and nothing still running of one that was killed."""

from __future__ import annotations

import asyncio
import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

APPLICATION = "chassis demo"
LOCK_FILE = "demo.lock"
_LONGEST_WAIT = 60.0
_PAUSE = 0.2


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Wait for our turn; the lock goes with the process that holds it, however it ends."""
    with (home / LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def named(dsn: str, options: str = "") -> str:
    """The DSN under a loader's name."""
    return make_conninfo(dsn, application_name=APPLICATION, **({"options": options} if options else {}))


async def outlast_others(dsn: str) -> None:
    """Wait while PostgreSQL carries out what a killed loader sent: it may commit yet, and would not be counted."""
    end = time.monotonic() + _LONGEST_WAIT
    running = Statement("SELECT pid FROM pg_stat_activity WHERE application_name = %(name)s", {"name": APPLICATION})
    async with Database(dsn, smallest=1, largest=1) as database:
        while await database.registry(running) and time.monotonic() < end:  # noqa: ASYNC110  nobody here could tell us
            await asyncio.sleep(_PAUSE)
