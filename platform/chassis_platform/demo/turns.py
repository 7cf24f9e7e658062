"""One load at a time: no other process in this home, and nothing still running of one that was killed."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

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


def outlast_others(dsn: str) -> None:
    """Wait while PostgreSQL carries out what a killed loader sent: it may commit yet, and would not be counted."""
    end = time.monotonic() + _LONGEST_WAIT
    with psycopg.connect(dsn, autocommit=True) as connection:
        while _others(connection) and time.monotonic() < end:
            time.sleep(_PAUSE)


def _others(connection: psycopg.Connection[tuple[int]]) -> int:
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND pid <> pg_backend_pid()", [APPLICATION]
    ).fetchone()
    return found[0] if found else 0
