"""Server, worker and database are killed while people read and write: nothing was answered or done without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest

from chassis_metadata.ids import new_ids
from chassis_metadata.package import read_package
from chassis_platform.audit.keys import load_signer, trusted_keys
from chassis_platform.audit.seal import seal_journal
from chassis_platform.audit.verify import verify
from chassis_platform.auth.users import create_user
from chassis_platform.migrate import migrate
from chassis_platform.operator import issue_token, operator_context
from chassis_platform.settings import Settings
from chassis_tenants.bootstrap import DatabaseUrls, prepare_database
from chassis_tenants.database import Database
from chassis_tenants.embedded import start_embedded
from chassis_tenants.embedded_keeper import Place, server_processes
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.provision import NewTenant, create_tenant
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chassis_tenants.tenant import Tenant

ROOT = Path(__file__).parents[2]
RECORDS, READERS, KILLS_APART = 9_000, 3, 0.8
WAIT_SECONDS = 60.0
SERVER = """
import sys, uvicorn
from pathlib import Path
from chassis_platform.app import make_app, make_server
from chassis_platform.settings import Settings
from chassis_platform.telemetry import configure_logging
configure_logging("critical")
settings = Settings(home=Path(sys.argv[2]), database_pool=4)
uvicorn.run(make_app(make_server(settings, sys.argv[1])), port=int(sys.argv[3]), log_level="critical")
"""
WORKER = """
import asyncio, sys
from pathlib import Path
from chassis_platform.settings import Settings
from chassis_platform.telemetry import configure_logging
from chassis_platform.worker.loop import work_until_interrupted
configure_logging("critical")
asyncio.run(work_until_interrupted(Settings(home=Path(sys.argv[2]), database_pool=4), sys.argv[1], Path(sys.argv[2])))
"""


@dataclass
class Trial:
    """An installation of its own, that can be killed piece by piece."""

    base: Path
    urls: DatabaseUrls
    tenant: Tenant
    token: str
    port: int
    ids: list[str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)

    def start(self, name: str, script: str) -> None:
        roots = [str(each) for each in (ROOT / "platform", ROOT / "tenants", ROOT / "metadata")]
        self.running[name] = subprocess.Popen(
            [sys.executable, "-c", script, self.urls.server, str(self.base / "home"), str(self.port)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)},
        )

    def kill(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()

    def kill_database(self) -> None:
        for pid in list(server_processes(Place(self.base / "database"))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def trial() -> Iterator[Trial]:
    base = Path(tempfile.mkdtemp(prefix="chassis-crash-"))
    base.chmod(0o755)
    with start_embedded(base / "database", settings={"fsync": "off"}) as server:
        urls = prepare_database(server.dsn, "crash")
        migrate(urls.owner)
        for folder in ("packages/platform", "tests/fixtures/packages/garage"):
            publish(urls.owner, read_package(ROOT / folder))
        made = asyncio.run(_made(base, urls))
        yield made
        for each in made.running.values():
            each.kill()
            each.wait()
    shutil.rmtree(base, ignore_errors=True)


async def _made(base: Path, urls: DatabaseUrls) -> Trial:
    async with Database(urls.server, smallest=1, largest=2) as database:
        snapshots = SnapshotStore(database)
        tenant = await create_tenant(urls.owner, snapshots, NewTenant("crash", "Crash"))
        await install(snapshots, tenant.id, "garage", actor=OPERATOR)
        current = await tenant_by_id(database, tenant.id)
        assert current is not None
        context = await operator_context(database, current, None)
        document = {"username": "ann@crash.example", "last_name": "Li", "email": "ann@crash.example"}
        user_id = await create_user(database, context, document, ["GarageAdmin"])
        token = await issue_token(database, Settings(home=base / "home"), "ann@crash.example")
    ids = new_ids("gW1", RECORDS)
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO data.workshop (tenant_id, id, name, email, owner_id)"
            " SELECT %s, w.id, 'W' || n, 'w' || n || '@example.com', %s"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS w (id, n)",
            [tenant.id, user_id, ids],
        )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return Trial(base, urls, current, token, port, ids)


def use(trial: Trial, records: list[str], stop: threading.Event) -> None:
    """Read each record once and write each once, whatever happens to the other side."""
    headers = {"authorization": f"Bearer {trial.token}"}
    base = f"http://127.0.0.1:{trial.port}/services/data/v66.0/sobjects/Workshop"
    with httpx.Client(headers=headers, timeout=2) as client:
        for number, record in enumerate(records):
            if stop.is_set():
                return
            try:
                if client.get(f"{base}/{record}?fields=Email").status_code == httpx.codes.OK:
                    trial.read.add(record)
                if client.patch(f"{base}/{record}", json={"Budget": 1 + number}).is_success:
                    trial.written.add(record)
            except httpx.HTTPError:
                time.sleep(0.1)


def test_nothing_is_answered_without_its_entry_nor_written_without_its_journal(trial: Trial) -> None:
    stop = threading.Event()
    users = [threading.Thread(target=use, args=(trial, trial.ids[n::READERS], stop)) for n in range(READERS)]
    trial.start("server", SERVER)
    trial.start("worker", WORKER)
    until_answered(trial)
    for each in users:
        each.start()

    survived = []
    for victim, script in (("worker", WORKER), ("server", SERVER)):
        time.sleep(KILLS_APART)
        trial.kill(victim)
        trial.start(victim, script)
        until_answered(trial)
    time.sleep(KILLS_APART)
    trial.kill_database()
    with start_embedded(trial.base / "database", settings={"fsync": "off"}):
        until_answered(trial)
        survived.append(len(trial.read))
        time.sleep(KILLS_APART)
        stop.set()
        for each in users:
            each.join()
        check(trial)

    assert len(trial.read) > survived[0] > 0
    assert trial.written


def until_answered(trial: Trial) -> None:
    """Until the server takes requests, and so has a database."""
    deadline = time.monotonic() + WAIT_SECONDS
    headers = {"authorization": f"Bearer {trial.token}"}
    while True:
        with contextlib.suppress(httpx.HTTPError):
            url = f"http://127.0.0.1:{trial.port}/services/data/v66.0/sobjects/Workshop/{trial.ids[-1]}?fields=Name"
            if httpx.get(url, headers=headers, timeout=2).status_code == httpx.codes.OK:
                return
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def check(trial: Trial) -> None:
    with psycopg.connect(trial.urls.owner, autocommit=True) as owner:
        logged = ids_of(owner, "SELECT unnest(record_ids) FROM data.access_log WHERE 'Email' = ANY (fields)")
        changed = ids_of(owner, "SELECT id FROM data.workshop WHERE budget IS NOT NULL")
        noted = ids_of(owner, "SELECT record_id FROM data.field_history WHERE field_name = 'Budget'")
        owner.execute("SELECT pg_sleep(2.1)")  # what is younger than two seconds is left to the next seal
    assert trial.read <= logged
    assert trial.written <= changed
    assert changed == noted
    asyncio.run(seal_rest(trial))
    report = verify(trial.urls.owner, trial.tenant, trusted_keys(trial.base / "home"))
    assert report.is_intact, report.findings
    assert report.entries >= len(logged)


def ids_of(owner: psycopg.Connection[tuple[str]], text: str) -> set[str]:
    return {found for (found,) in owner.execute(text)}


async def seal_rest(trial: Trial) -> None:
    async with Database(trial.urls.server, smallest=1, largest=2) as database:
        await seal_journal(database, trial.tenant, load_signer(trial.base / "home"))
