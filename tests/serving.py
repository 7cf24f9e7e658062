"""A running server for tests: the shipped application on a port of its own, over a database of the test's own."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from chassis_platform.access.compile import PolicyStore
from chassis_platform.app import make_app, make_server
from chassis_platform.auth.sign_in import secret_hash, store_password
from chassis_platform.auth.users import create_user
from chassis_platform.bulk.imports import run_import
from chassis_platform.bulk.ingest import LANES
from chassis_platform.bulk.processing import Desk as BulkDesk
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.operator import operator_context
from chassis_platform.serving import listen, serve_on
from chassis_platform.settings import Settings
from chassis_platform.tls import local_certificate
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding, Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.provision import NewTenant, create_tenant
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

ROOT = Path(__file__).parents[1]
PASSWORD = "correct-horse-battery-staple"


@dataclass(frozen=True, slots=True)
class Person:
    """A user to make: username before the @, permission sets, and what else a user has."""

    name: str
    permission_sets: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the running server is."""

    http: str
    https: str
    authority: Path


@dataclass(frozen=True, slots=True)
class Site:
    """A tenant with people on a running server."""

    address: Address
    tenant_id: int
    organization_id: str
    tenant: str
    users: dict[str, str]
    client_id: str
    client_secret: str

    @property
    def url(self) -> str:
        return self.address.http

    def username(self, name: str) -> str:
        return f"{name}@{self.tenant}.example"

    def token(self, name: str) -> str:
        """An access token by the OAuth password grant."""
        answer = httpx.post(
            f"{self.url}/services/oauth2/token",
            data={
                "grant_type": "password",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "username": self.username(name),
                "password": PASSWORD,
            },
            timeout=30,  # the first sign-in compiles the tenant's definitions
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    @contextmanager
    def partner(self, name: str) -> Iterator[httpx.Client]:
        """A client of the REST API; paths are below /services/data/v66.0/."""
        headers = {"authorization": f"Bearer {self.token(name)}"}
        with httpx.Client(base_url=f"{self.url}/services/data/v66.0/", headers=headers, timeout=30) as client:
            yield client

    @contextmanager
    def browser(self, name: str) -> Iterator[httpx.Client]:
        """A client with a session cookie and the page's token, as the web application has them."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            answer = client.post("/ui/session", json={"username": self.username(name), "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            client.headers["x-csrf-token"] = answer.json()["csrf_token"]
            yield client


@contextmanager
def running(urls: DatabaseUrls, home: Path, **more: Any) -> Iterator[Address]:
    """The application on free ports, in a thread with a loop of its own; `more` are settings."""
    # A copy: a build that runs meanwhile must not pull the files away.
    web = shutil.copytree(ROOT / "admin_ui/dist", home / "web") if (ROOT / "admin_ui/dist").is_dir() else home / "web"
    hosts = {"webhook_hosts": "example.com,*.example.com,hook.example"}
    settings = Settings(port=0, home=home, database_pool=6, web=web, packages=ROOT / "packages", **(hosts | more))
    app = make_app(make_server(settings, urls.server))
    certificate = local_certificate(home)
    plain, secure = listen(settings, 0), listen(settings, 0)
    ports = [each.getsockname()[1] for each in (plain, secure)]
    loop = asyncio.new_event_loop()
    task = loop.create_task(serve_on(app, plain, secure, certificate))
    thread = threading.Thread(target=_run_until_stopped, args=(loop, task), daemon=True)
    thread.start()
    address = Address(f"http://127.0.0.1:{ports[0]}", f"https://127.0.0.1:{ports[1]}", home / "tls/ca.pem")
    try:
        _wait_for(address.http, thread)
        yield address
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(timeout=15)


def _run_until_stopped(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def _wait_for(url: str, thread: threading.Thread) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert thread.is_alive(), "the server did not start"
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health").status_code == 200:
                return
        time.sleep(0.02)
    message = "the server did not start in time"
    raise AssertionError(message)


async def make_site(
    urls: DatabaseUrls, address: Address, tenant: str, people: list[Person], *, packages: tuple[str, ...]
) -> Site:
    """A tenant with packages, people who can sign in, and an API client."""
    async with Database(urls.server, smallest=1, largest=4) as database:
        snapshots = SnapshotStore(database)
        made = await create_tenant(urls.owner, snapshots, NewTenant(name=tenant, label=tenant.title()))
        for package in packages:
            await install(snapshots, made.id, package, actor=OPERATOR, with_dependencies=True)
        users = {each.name: await _make_person(database, made.id, tenant, each) for each in people}
        secret = "s" * 32
        client_id = f"{made.organization_id}.client"
        await database.read(
            Binding(made.id),
            Statement(
                "INSERT INTO chassis.api_client (tenant_id, client_id, secret_hash, label, run_as_user_id)"
                " VALUES (%(tenant_id)s, %(client_id)s, %(secret_hash)s, 'Test client', %(user_id)s)",
                {
                    "tenant_id": made.id,
                    "client_id": client_id,
                    "secret_hash": secret_hash(secret),
                    "user_id": users[people[0].name],
                },
            ),
        )
    return Site(address, made.id, made.organization_id, tenant, users, client_id, secret)


async def work_import(urls: DatabaseUrls, site: Site, job: str) -> None:
    """What a worker does with an import at its phase, where the server keeps its keys."""
    home = site.address.authority.parents[1]
    wrapper = wrapper_of(Settings(home=home), home)
    async with Database(urls.server, smallest=1, largest=2, wrapper=wrapper) as database:
        desk = BulkDesk(database, SnapshotStore(database), PolicyStore(database))
        for lane in reversed(range(LANES)):
            await run_import(desk, site.tenant_id, {"job": job, "lane": lane})


async def _make_person(database: Database, tenant_id: int, tenant: str, person: Person) -> str:
    current = await tenant_by_id(database, tenant_id)
    assert current is not None
    context = await operator_context(database, current, None)
    document = {
        "username": f"{person.name}@{tenant}.example",
        "last_name": person.name.title(),
        "email": f"{person.name}@{tenant}.example",
        **person.values,
    }
    user_id = await create_user(database, context, document, list(person.permission_sets))
    await database.read(Binding(tenant_id), await asyncio.to_thread(store_password, tenant_id, user_id, PASSWORD))
    return user_id
