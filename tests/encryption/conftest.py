"""A club whose members' personal values are encrypted: an administrator sees them in clear, the desk masked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import chassis_platform.automation.engines  # noqa: F401  duplicate rules act on saves
from chassis_metadata.package import read_package
from chassis_platform.access.compile import PolicyStore
from chassis_platform.audit.keys import load_signer
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.privacy.acts import Wish, ask, decide, read_act, run_act
from chassis_platform.records.write import create_record, update_record
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from conftest import MakeTenant
from world import World, make_world

PACKAGE = Path(__file__).parent / "package"


@dataclass
class Club:
    """A tenant with the club package and its people."""

    world: World
    snapshots: SnapshotStore
    home: Path
    urls: DatabaseUrls

    @property
    def database(self) -> Database:
        return self.world.database

    def over(self, database: Database) -> Club:
        """The same club, reached through another process's database."""
        return replace(self, world=replace(self.world, database=database))

    def another_process(self) -> Database:
        return Database(
            self.urls.server, smallest=1, largest=3, wrapper=wrapper_of(Settings(home=self.home), self.home)
        )

    async def make(self, name: str = "Member", by: str = "admin", **values: Any) -> str:
        context = await self.world.as_user(by)
        return str((await create_record(self.database, context, name, {"Name": "One", **values})).id)

    async def change(self, record_id: str, by: str = "admin", name: str = "Member", **values: Any) -> None:
        await update_record(self.database, await self.world.as_user(by), name, record_id, values)

    async def rows(self, by: str, text: str) -> list[dict[str, Any]]:
        return await self.world.rows(by, text)

    async def save(self, kind: str, name: str, body: dict[str, Any]) -> None:
        async with self.database.transaction(Binding(self.world.tenant.id)) as transaction:
            await save_component(transaction, self.snapshots, ComponentKey(kind, name), body, OPERATOR)

    async def save_field(self, name: str, **body: Any) -> None:
        """A field of the tenant's own."""
        await self.save("field", name, body)
        await self.refresh()

    async def refresh(self) -> None:
        """See the metadata as it is now."""
        tenant = await tenant_by_id(self.database, self.world.tenant.id)
        assert tenant is not None
        self.world.tenant = tenant
        self.world.snapshot = await self.snapshots.of(tenant.id, tenant.metadata_version)

    async def privacy_act(self, kind: str, *subjects: str) -> str:
        """What two officers and the worker do with a person's data; answers the act's id."""
        admin, other = await self.world.as_user("admin"), await self.world.as_user("second")
        act_id = await ask(self.database, admin, admin.actor, Wish(kind, subjects, reason="The person asked for it"))
        if kind == "erasure":
            await decide(self.database, other, other.actor, act_id, agree=True)
        await run_act(self.database, self.snapshots, load_signer(self.home), self.world.tenant.id, act_id)
        assert (await read_act(self.database, admin, act_id))["status"] == "done"
        return act_id

    async def where(self, by: str, condition: str, selected: str = "Id") -> list[dict[str, Any]]:
        return await self.rows(by, f"SELECT {selected} FROM Member WHERE {condition}")  # noqa: S608

    async def of(self, record_id: str, by: str, selected: str) -> list[dict[str, Any]]:
        return await self.where(by, f"Id = '{record_id}'", selected)

    def stored(self, record_id: str, *columns: str) -> tuple[Any, ...]:
        [row] = self.world.sql(f"SELECT {', '.join(columns)} FROM data.member WHERE id = %s", record_id)  # noqa: S608
        return row

    async def work(self) -> None:
        """Run the jobs that wait."""
        server = WorkerServer(
            self.database, self.snapshots, PolicyStore(self.database), Settings(home=self.home), self.home
        )
        while rows := self.world.sql("DELETE FROM chassis.job RETURNING kind, payload"):
            for kind, payload in rows:
                await HANDLERS[kind](server, self.world.tenant.id, payload)

    def places_of(self, *words: str) -> list[tuple[str, str, str]]:
        """Where in the whole database one of the words stands."""
        return places_of(self.world.owner_dsn, *words)


def places_of(owner_dsn: str, *words: str) -> list[tuple[str, str, str]]:
    """Where in the whole database one of the words stands: table, column, word. Every text, JSON and byte value."""
    with psycopg.connect(owner_dsn) as connection:
        return [found for table in _tables(connection) for found in _words_in(connection, table, words)]


def _tables(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('data', 'chassis')"
        " AND tablename <> 'package_version' ORDER BY 1, 2"
    ).fetchall()


def _words_in(
    connection: psycopg.Connection[Any], table: tuple[str, str], words: tuple[str, ...]
) -> list[tuple[str, str, str]]:
    """Whole rows as text; bytes are looked into as they are."""
    patterns = [f"%{word}%" for word in words] + [f"%{word.encode().hex()}%" for word in words]
    query = sql.SQL("SELECT t::text FROM {} t WHERE t::text ILIKE ANY (%s)").format(sql.Identifier(*table))
    rows = connection.execute(query, [patterns]).fetchall()
    return [(".".join(table), row, word) for (row,) in rows for word in words if word.lower() in row.lower()] + [
        (".".join(table), "bytes", row) for (row,) in rows if not any(word.lower() in row.lower() for word in words)
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
async def database(server_dsn: str, home: Path) -> AsyncIterator[Database]:
    """The server's pool, with the installation's key."""
    async with Database(server_dsn, smallest=1, largest=5, wrapper=wrapper_of(Settings(home=home), home)) as opened:
        yield opened


@pytest.fixture(scope="module")
async def club(
    urls: DatabaseUrls, database: Database, snapshots: SnapshotStore, make_tenant: MakeTenant, home: Path
) -> Club:
    publish(urls.owner, read_package(PACKAGE))
    world = await make_world(urls.owner, database, snapshots, await make_tenant("club"))
    world.user("admin", "ClubAdmin")
    world.user("second", "ClubAdmin")
    world.user("desk", "ClubDesk")
    return Club(world, snapshots, home, urls)
