"""The two servers under test: real processes with one worker each, started, awaited, weighed and stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_START_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
#: What is measured is the road, not how many may go on it: no rate is limited.
_UNLIMITED = {f"CHASSIS_{each}_REQUESTS_PER_SECOND": "0" for each in ("TENANT", "USER", "CLIENT")}


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A running server."""

    name: str
    port: int
    pid: int

    def resident_bytes(self) -> int:
        """The memory that the process holds right now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES


#: Processor time in seconds, by process.
Seconds = dict[int, float]


@dataclass(frozen=True, slots=True)
class Used:
    """Processor time that a server and the database have used, in seconds."""

    server: float
    database: Seconds

    def since(self, before: Used) -> float:
        """What both used since then."""
        return self.server - before.server + grown(before.database, self.database)


def grown(before: Seconds, after: Seconds) -> float:
    """What processes used in between; those that ended meanwhile are not counted."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def used(server: ServerProcess, home: Path) -> Used:
    """Processor time so far, of the server and of every process of the home's PostgreSQL."""
    return Used(_parent_and_seconds(Path(f"/proc/{server.pid}"))[1], used_by_database(home))


def used_by_database(home: Path) -> Seconds:
    """Processor time so far of every process of the home's PostgreSQL."""
    postmaster = int(next(home.glob("postgres/**/postmaster.pid")).read_text().split()[0])
    database: Seconds = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            parent, seconds = _parent_and_seconds(folder)
            if parent == postmaster:
                database[int(folder.name)] = seconds
    return database


def _parent_and_seconds(folder: Path) -> tuple[int, float]:
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended just now
        return 0, 0.0
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def chassis(home: Path) -> Iterator[ServerProcess]:
    """Chassis as an operator runs it, without a worker."""
    command = [sys.executable, "-m", "chassis_platform.cli", "serve", "--no-worker"]
    with _running("chassis", command, home / "chassis.log", {"CHASSIS_HOME": str(home), **_UNLIMITED}) as server:
        yield server


@contextmanager
def limit(home: Path, environment: Mapping[str, str]) -> Iterator[ServerProcess]:
    """The hand-written endpoints."""
    options = ["--no-access-log", "--log-level", "warning", "--no-server-header", "--no-proxy-headers"]
    command = [sys.executable, "-m", "uvicorn", "benchmarks.limit:app", *options, "--port", "PORT"]
    with _running("limit", command, home / "limit.log", environment) as server:
        yield server


@contextmanager
def _running(name: str, command: list[str], log: Path, environment: Mapping[str, str]) -> Iterator[ServerProcess]:
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own servers
            [str(port) if each == "PORT" else each for each in command],
            cwd=ROOT,
            env={**os.environ, "CHASSIS_PORT": str(port), **environment},
            stdout=output,
            stderr=output,
        )
        try:
            _await(process, port, log)
            yield ServerProcess(name, port, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text()[-3000:]}")
