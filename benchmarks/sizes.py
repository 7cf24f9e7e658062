"""Bulk jobs at full size: 500,000 rows tried, written while a worker is killed, and taken back; 150 MB in one job.

`python -m benchmarks.sizes` makes a database of its own, with a server and a worker as an operator runs them. Behind
each step stands the most memory that the two held in it: it must not grow with the file. `--rows` and `--megabytes`
make it less.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import servers
from benchmarks.environment import API
from benchmarks.parcel_tenant import HEADER, Clerk, file_of, make_clerk
from chassis_platform.operator import issue_token
from chassis_platform.settings import Settings
from chassis_platform.up import Installation, installation
from chassis_tenants.database import Database

ROWS, MEGABYTES = 500_000, 149
#: A worker is killed when so much of the import is written.
_KILLED_AT = 0.4
_LONG = "A remark as long as people write them about a parcel that did not arrive. " * 25
_MEGABYTE = 1024 * 1024
_COUNT = "SELECT count(*), count(*) FILTER (WHERE NOT is_deleted) FROM data.parcel WHERE tenant_id = %s"
_AT_WORK = frozenset({"UploadComplete", "InProgress", "Checking", "Undoing"})


def peak_megabytes(pid: int) -> float:
    """The most memory that a process held; the kernel begins to look anew."""
    process = Path(f"/proc/{pid}")
    found = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
    (process / "clear_refs").write_text("5")
    return int(found[1]) / 1024 if found else 0.0


@dataclass(slots=True)
class Site:
    """A server and a worker, and the clerk's way to them."""

    installed: Installation
    clerk: Clerk
    token: str
    server: servers.ServerProcess
    worker: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start_worker()

    def start_worker(self) -> None:
        """As `chassis worker` does."""
        environment = {**os.environ, "CHASSIS_HOME": str(self.installed.home)}
        command = [sys.executable, "-m", "chassis_platform.cli", "worker"]
        self.worker = subprocess.Popen(command, cwd=servers.ROOT, env=environment)  # noqa: S603  our own worker

    def kill_worker(self) -> None:
        """As the machine's end would."""
        self.worker.kill()
        self.worker.wait()

    def call(self, method: str, path: str, document: Any = None, *, content: Iterable[bytes] | None = None) -> Any:
        """What the API answers; content goes out piece by piece."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=3600)
        headers = {"Authorization": f"Bearer {self.token}"}
        headers["Content-Type"] = "application/json" if content is None else "text/csv"
        body = content if content is not None else json.dumps(document or {}).encode()
        connection.request(method, API + path, body, headers, encode_chunked=content is not None)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {told[:500]!r}")
        return json.loads(told) if told else None

    def rows(self) -> tuple[int, int]:
        """How many parcels there are, and how many not in the recycle bin."""
        with psycopg.connect(self.installed.urls.owner) as connection:
            connection.execute(f"SET app.tenant_id = '{self.clerk.tenant_id}'")
            [(all_of_them, live)] = connection.execute(_COUNT, [self.clerk.tenant_id]).fetchall()
            return all_of_them, live

    @contextmanager
    def step(self, name: str, records: int = 0) -> Iterator[None]:
        """Tell what a step took."""
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        rate = f"{records / took:>7,.0f} records/s" if records else " " * 17
        server, worker = peak_megabytes(self.server.pid), peak_megabytes(self.worker.pid)
        print(f"{name:<34}{took:>7.1f} s {rate}   server {server:>4.0f} MB, worker {worker:>4.0f} MB", flush=True)

    def wait(self, path: str, is_over: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask for a job until it is where it is to be."""
        while True:
            told: dict[str, Any] = self.call("GET", path)
            if is_over(told):
                return told
            time.sleep(0.5)


def _is_over(told: dict[str, Any]) -> bool:
    return told["state"] not in _AT_WORK


def run_import(site: Site, rows: int) -> None:
    """Upload, dry run, import with a worker killed on the way, undo."""
    columns = {name: name for name in HEADER.strip().split(",")}
    asked = {"object": "Parcel", "operation": "insert", "mapping": {"columns": columns}}
    path = f"/chassis/imports/{site.call('POST', '/chassis/imports', asked)['id']}"
    with site.step("upload of an import", rows):
        site.call("PUT", f"{path}/content", content=file_of(range(rows)))
    with site.step("dry run", rows):
        site.call("PATCH", path, {"action": "check"})
        told = site.wait(path, _is_over)
    _demand("dry run", told["check"] == {"processed": rows, "failed": 0} and site.rows() == (0, 0), told)
    with site.step("import, a worker killed", rows):
        site.call("PATCH", path, {"action": "start"})
        site.wait(path, lambda told: told["write"]["processed"] >= rows * _KILLED_AT)
        site.kill_worker()
        site.start_worker()
        told = site.wait(path, _is_over)
    _demand("import", told["write"] == {"processed": rows, "failed": 0} and site.rows() == (rows, rows), told)
    with site.step("undo", rows):
        site.call("PATCH", path, {"action": "undo"})
        told = site.wait(path, _is_over)
    _demand("undo", told["undo"] == {"processed": rows, "failed": 0} and site.rows() == (rows, 0), told)


def run_ingest(site: Site, rows: int, megabytes: int) -> None:
    """One job of so many megabytes."""
    job = site.call("POST", "/jobs/ingest", {"object": "Parcel", "operation": "insert"})
    path, pieces = f"/jobs/ingest/{job['id']}", _cut(file_of(count(rows), _LONG), megabytes * _MEGABYTE)
    with site.step(f"upload of {megabytes} MB"):
        site.call("PUT", f"{path}/batches", content=pieces)
    with site.step(f"ingest of {megabytes} MB"):
        site.call("PATCH", path, {"state": "UploadComplete"})
        told = site.wait(path, _is_over)
    _demand("ingest", told["state"] == "JobComplete" and told["numberRecordsFailed"] == 0, told)


def _cut(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """As many pieces as stay below the size."""
    for each in pieces:
        size -= len(each)
        if size < 0:
            return
        yield each


def _demand(step: str, is_right: bool, told: object) -> None:  # noqa: FBT001  what was found out
    if not is_right:
        raise RuntimeError(f"{step} did not end as it should: {told}")


async def _token(installed: Installation, settings: Settings, clerk: Clerk) -> str:
    async with Database(installed.urls.server, largest=2) as database:
        return await issue_token(database, settings, clerk.username)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chassis-sizes-") as folder:
        home = Path(folder)
        settings = Settings(home=home, demo=False)
        with installation(settings, quiet=True) as installed, servers.chassis(home) as server:
            clerk = asyncio.run(make_clerk(installed))
            site = Site(installed, clerk, asyncio.run(_token(installed, settings, clerk)), server)
            try:
                with site.step("before"):
                    site.call("GET", "/limits")
                run_import(site, options.rows)
                run_ingest(site, options.rows, options.megabytes)
            finally:
                site.kill_worker()


if __name__ == "__main__":
    main()
