"""Server, worker and database are killed while people read and write: nothing was answered or done without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
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
from nursery import WAIT_SECONDS, born, kill_all, nursery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chassis_tenants.tenant import Tenant

ROOT = Path(__file__).parents[2]
RECORDS, READERS, KILLS_APART = 9_000, 3, 0.8


@dataclass
class Trial:
    """An installation of its own, that can be killed piece by piece."""

    base: Path
    urls: DatabaseUrls
    tenant: Tenant
    token: str
    port: int
    ids: list[str]
    nursery: subprocess.Popen[str]
    running: dict[str, int] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)

    def start(self, name: str) -> None:
        self.running[name] = born(self.nursery, name, self.base / "home", self.port, self.urls.server)

    def kill(self, name: str) -> None:
        kill_all({self.running.pop(name)})

    def kill_database(self) -> None:
        kill_all(set(server_processes(Place(self.base / "database"))))


@pytest.fixture
def trial() -> Iterator[Trial]:
    base = Path(tempfile.mkdtemp(prefix="chassis-crash-"))
    base.chmod(0o755)
    with nursery() as started, start_embedded(base / "database", settings={"fsync": "off"}) as server:
        urls = prepare_database(server.dsn, "crash")
        migrate(urls.owner)
        for folder in ("packages/platform", "tests/fixtures/packages/garage"):
            publish(urls.owner, read_package(ROOT / folder))
        made = asyncio.run(_made(base, urls, started))
        yield made
        kill_all(set(made.running.values()))
    shutil.rmtree(base, ignore_errors=True)


async def _made(base: Path, urls: DatabaseUrls, started: subprocess.Popen[str]) -> Trial:
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
    return Trial(base, urls, current, token, port, ids, started)


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
    with used(trial):
        for victim in ("worker", "server"):
            time.sleep(KILLS_APART)
            trial.kill(victim)
            trial.start(victim)
            until_answered(trial)
        time.sleep(KILLS_APART)
        trial.kill_database()
        revived = start_embedded(trial.base / "database", settings={"fsync": "off"})
        until_answered(trial)
        survived = len(trial.read)
        time.sleep(KILLS_APART)
    with revived:
        check(trial)

    assert len(trial.read) > survived > 0
    assert trial.written


@contextlib.contextmanager
def used(trial: Trial) -> Iterator[None]:
    """While the block runs, some people read and write."""
    stop = threading.Event()
    users = [threading.Thread(target=use, args=(trial, trial.ids[n::READERS], stop)) for n in range(READERS)]
    trial.start("server")
    trial.start("worker")
    until_answered(trial)
    for each in users:
        each.start()
    try:
        yield
    finally:
        stop.set()
        for each in users:
            each.join()


def until_answered(trial: Trial) -> None:
    """Until the server takes requests, and so has a database."""
    deadline = time.monotonic() + WAIT_SECONDS
    headers = {"authorization": f"Bearer {trial.token}"}
    url = f"http://127.0.0.1:{trial.port}/services/data/v66.0/sobjects/Workshop/{trial.ids[-1]}?fields=Name"
    # One client: each new one reads all the certificates there are, which takes longer than the request.
    with httpx.Client(headers=headers, timeout=2) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if client.get(url).status_code == httpx.codes.OK:
                    return
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.1)


def check(trial: Trial) -> None:
    with psycopg.connect(trial.urls.owner, autocommit=True) as owner:
        logged = ids_of(owner, "SELECT unnest(record_ids) FROM data.access_log WHERE 'Email' = ANY (fields)")
        changed = ids_of(owner, "SELECT id FROM data.workshop WHERE budget IS NOT NULL")
        noted = ids_of(owner, "SELECT record_id FROM data.field_history WHERE field_name = 'Budget'")
        told = ids_of(owner, "SELECT unnest(record_ids) FROM chassis.change_event WHERE 'Budget' = ANY (fields)")
        owner.execute("SELECT pg_sleep(2.1)")  # what is younger than two seconds is left to the next seal
    assert trial.read <= logged
    assert trial.written <= changed
    assert changed == noted == told
    asyncio.run(seal_rest(trial))
    report = verify(trial.urls.owner, trial.tenant, trusted_keys(trial.base / "home"))
    assert report.is_intact, report.findings
    assert report.entries >= len(logged)


def ids_of(owner: psycopg.Connection[tuple[str]], text: str) -> set[str]:
    return {found for (found,) in owner.execute(text)}


async def seal_rest(trial: Trial) -> None:
    async with Database(trial.urls.server, smallest=1, largest=2) as database:
        await seal_journal(database, trial.tenant, load_signer(trial.base / "home"))
