"""A real PostgreSQL for every test: started once, its database filled once, copied for each module that asks."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import structlog
from argon2 import PasswordHasher
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

import chassis_platform.automation.engines  # noqa: F401  they register themselves with the write road
from chassis_metadata.components import Package
from chassis_metadata.package import read_package
from chassis_metadata.snapshot import Snapshot
from chassis_platform.auth import passwords
from chassis_platform.key_encryption import LocalKeys
from chassis_platform.migrate import migrate
from chassis_tenants.bootstrap import DatabaseUrls, prepare_database
from chassis_tenants.database import Database
from chassis_tenants.embedded import EmbeddedServer, start_embedded
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.provision import NewTenant, create_tenant
from chassis_tenants.publisher import publish
from chassis_tenants.registry import PackageLibrary, PackageVersion, tenant_by_id
from chassis_tenants.sealing import KEY_BYTES
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from serving import Address, running


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a worker often waits, for the database or the browser."""
    return (os.cpu_count() or 1) + 1


def pytest_sessionfinish() -> None:
    """Millions of compiled objects are looked through once more, for what pytest reports, and not again at the exit."""
    gc.collect()
    gc.freeze()


ROOT = Path(__file__).parents[1]
TEMPLATE = "chassis_template"
#: Published in this order.
PACKAGE_FOLDERS = (
    ROOT / "packages/platform",
    ROOT / "tests/fixtures/packages/garage",
    ROOT / "packages/crm",
    ROOT / "packages/automotive",
)
#: Nothing here has to outlive the machine's next power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}

#: Bytes that a whole run of one process may need.
ROOM_IN_MEMORY = 6 << 30

# The same inputs in each run, so that a change is judged by itself; `CHASSIS_EXPLORE=1 pytest` looks for new ones.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("explore" if os.environ.get("CHASSIS_EXPLORE") else "gate")

# Unconfigured, structlog draws every variable of every frame of a traceback: minutes, while the server stands still.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(),
    ]
)

# Compiled packages are millions of objects that stay: looking through them again and again took an eighth of the time.
gc.set_threshold(100_000, 50, 100)

# People are made and sign in thousands of times: the same hash, but cheap. What is shipped has a test of its own.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # noqa: SLF001
passwords._NOBODY = passwords._hasher.hash("nobody's")  # noqa: SLF001

# Packages are named by their digests, and a base by those of its packages: the modules of a process have the same ones,
# read and compiled once.
_PACKAGES: dict[str, Package] = {}
_BASES: dict[frozenset[PackageVersion], Snapshot] = {}
_load = PackageLibrary.load
_compile_base = SnapshotStore._compile_base  # noqa: SLF001


async def _load_once(self: PackageLibrary, versions: Iterable[PackageVersion]) -> list[Package]:
    self._packages = _PACKAGES
    return await _load(self, versions)


async def _compile_base_once(self: SnapshotStore, versions: frozenset[PackageVersion]) -> Snapshot:
    if versions not in _BASES:
        _BASES[versions] = await _compile_base(self, versions)
    return _BASES[versions]


PackageLibrary.load = _load_once  # type: ignore[method-assign]
SnapshotStore._compile_base = _compile_base_once  # type: ignore[method-assign]  # noqa: SLF001

# httpx reads all of the machine's certificates for each client that is made, which is nearly all that one costs.
httpx._transports.default.create_ssl_context = functools.cache(  # type: ignore[attr-defined]  # noqa: SLF001
    httpx.create_ssl_context
)

#: Of the installation that the tests are: packages declare encrypted fields.
WRAPPER = LocalKeys([bytes(KEY_BYTES)], "the tests")
MakeTenant = Callable[..., Awaitable[Tenant]]


def _folder() -> Path:
    """A fresh folder: in memory, where a thousand small files are made at once, if the machine has enough of it."""
    memory = Path("/dev/shm")  # noqa: S108  not a fixed name: a fresh folder below it
    if not memory.is_dir() or shutil.disk_usage(memory).free < ROOM_IN_MEMORY:
        return Path(tempfile.mkdtemp(prefix="chassis-tests-"))
    for left in memory.glob("chassis-tests-*"):  # by a process that was killed
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"chassis-tests-{os.getpid()}-", dir=memory))


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The embedded server; its DSN is a superuser's."""
    base = _folder()
    with start_embedded(base, linger_seconds=0.1, settings=FAST) as started:
        yield started
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def packages() -> dict[str, Package]:
    """The packages in the repository, by name."""
    found = [read_package(folder) for folder in PACKAGE_FOLDERS]
    return {each.manifest.name: each for each in found}


@pytest.fixture(scope="session")
def template(server: EmbeddedServer, packages: dict[str, Package]) -> str:
    """The name of a database with all tables and published packages, and no tenant. Copy it; never connect to it."""
    urls = prepare_database(server.dsn, TEMPLATE)
    migrate(urls.owner)
    for package in packages.values():
        publish(urls.owner, package)
    return TEMPLATE


_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def copy_database(server: EmbeddedServer, template: str) -> Callable[[], DatabaseUrls]:
    """A function that copies the template and gives the DSNs of owner and server."""

    def copy() -> DatabaseUrls:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER chassis_owner STRATEGY FILE_COPY").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return prepare_database(server.dsn, name)

    return copy


@pytest.fixture(scope="module")
def urls(copy_database: Callable[[], DatabaseUrls], server: EmbeddedServer) -> Iterator[DatabaseUrls]:
    """A database of the module's own."""
    copied = copy_database()
    yield copied
    drop_database(server, copied)


@pytest.fixture
def own_urls(copy_database: Callable[[], DatabaseUrls], server: EmbeddedServer) -> Iterator[DatabaseUrls]:
    """A database of the test's own, for what would disturb its neighbours."""
    copied = copy_database()
    yield copied
    drop_database(server, copied)


def drop_database(server: EmbeddedServer, urls: DatabaseUrls) -> None:
    """Remove a copy, also when a test left a connection open."""
    name = psycopg.conninfo.conninfo_to_dict(urls.owner)["dbname"]
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))


@pytest.fixture(scope="module")
def address(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A running server over the module's database."""
    with running(urls, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="module")
def owner_dsn(urls: DatabaseUrls) -> str:
    """The owner's DSN of the module's database."""
    return urls.owner


@pytest.fixture(scope="module")
def server_dsn(urls: DatabaseUrls) -> str:
    """The server role's DSN of the module's database."""
    return urls.server


@pytest.fixture(scope="module")
def superuser_dsn(server: EmbeddedServer, urls: DatabaseUrls) -> str:
    """A superuser's DSN of the module's database."""
    return make_conninfo(server.dsn, dbname=psycopg.conninfo.conninfo_to_dict(urls.owner)["dbname"])


@pytest.fixture(scope="module")
async def database(server_dsn: str) -> AsyncIterator[Database]:
    """The server's pool on the module's database."""
    async with Database(server_dsn, smallest=1, largest=5, wrapper=WRAPPER) as opened:
        yield opened


@pytest.fixture(scope="module")
def snapshots(database: Database) -> SnapshotStore:
    """The module's snapshot store."""
    return SnapshotStore(database)


@pytest.fixture(scope="module")
def make_tenant(owner_dsn: str, snapshots: SnapshotStore) -> MakeTenant:
    """A function: `await make_tenant("crm", name="acme", language="zh_CN")` with these packages, and what they need."""

    async def make(*packages: str, name: str | None = None, **settings: str) -> Tenant:
        name = name or f"tenant{next(_numbers)}"
        tenant = await create_tenant(owner_dsn, snapshots, NewTenant(name=name, label=name.title(), **settings))
        for package in packages:
            await install(snapshots, tenant.id, package, actor=OPERATOR, with_dependencies=True)
        current = await tenant_by_id(snapshots.database, tenant.id)
        assert current is not None
        return current

    return make


@pytest.fixture(scope="module")
async def tenant(make_tenant: MakeTenant) -> Tenant:
    """A tenant with the garage package, shared by the module."""
    return await make_tenant("garage")


@pytest.fixture
def nothing_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages are read and bases compiled by each store, as in a process of its own."""
    monkeypatch.setattr(PackageLibrary, "load", _load)
    monkeypatch.setattr(SnapshotStore, "_compile_base", _compile_base)
