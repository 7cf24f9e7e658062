"""A desk with tickets, in a tenant of the module's own, with the flows that the module's tests are about."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import chassis_platform.automation.engines  # noqa: F401  flows act on saves
from chassis_metadata.package import read_package
from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.records.write import create_record, update_record, write_records
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.publisher import publish
from chassis_tenants.snapshots import SnapshotStore
from conftest import MakeTenant
from records.conftest import counted  # noqa: F401  a fixture
from world import World, make_world

PACKAGE = Path(__file__).parent / "package"


@dataclass
class Desk:
    """A tenant with the desk package and its people."""

    world: World
    snapshots: SnapshotStore
    home: Path
    settings: Settings

    @property
    def database(self) -> Database:
        return self.world.database

    async def as_(self, name: str = "ann") -> Context:
        return await self.world.as_user(name)

    async def make(self, name: str = "Ticket", by: str = "ann", **values: Any) -> str:
        result = await create_record(self.database, await self.as_(by), name, {"Name": "One", **values})
        return str(result.id)

    async def change(self, record_id: str, by: str = "ann", name: str = "Ticket", **values: Any) -> None:
        await update_record(self.database, await self.as_(by), name, record_id, values)

    async def write(self, operation: Any, records: Any, name: str = "Ticket", **more: Any) -> Any:
        return await write_records(self.database, await self.as_(), name, operation, records, **more)

    def row(self, record_id: str, *columns: str, table: str = "ticket") -> Any:
        [values] = self.world.sql(f"SELECT {', '.join(columns)} FROM data.{table} WHERE id = %s", record_id)  # noqa: S608
        return values if len(columns) > 1 else values[0]

    def all(self, table: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        return self.world.sql(f"SELECT {', '.join(columns)} FROM data.{table} WHERE {where} ORDER BY id")  # noqa: S608

    def runs(self, flow: str) -> list[tuple[Any, ...]]:
        """Status, trigger, records and error of the runs of a flow."""
        return self.world.sql(
            "SELECT status, trigger, record_count, error FROM data.flow_run WHERE flow_name = %s ORDER BY id", flow
        )

    def forget(self, *tables: str) -> None:
        for each in (*tables, "data.flow_run", "data.flow_wait", "data.notification", "chassis.job"):
            self.world.sql(f"DELETE FROM {each}")  # noqa: S608

    @property
    def worker(self) -> WorkerServer:
        return WorkerServer(self.database, self.snapshots, PolicyStore(self.database), self.settings, self.home)

    async def work(self) -> int:
        """Run the jobs that are due by the moved clock, as the cases of packages do; answers how many."""
        done = 0
        while rows := self.world.sql(
            "DELETE FROM chassis.job WHERE run_at <= %s OR run_at = created_at RETURNING kind, payload", clock.now()
        ):
            for kind, payload in rows:
                await HANDLERS[kind](self.worker, self.world.tenant.id, payload)
            done += len(rows)
        return done

    async def look(self) -> None:
        """The clock's look, and what follows from it."""
        await HANDLERS["flows_due"](self.worker, self.world.tenant.id, {})
        await self.work()

    def effects(self, flow: str) -> list[dict[str, Any]]:
        """What the latest run of a flow did."""
        [(text,), *_] = self.world.sql(
            "SELECT changes FROM data.flow_run WHERE flow_name = %s ORDER BY id DESC LIMIT 1", flow
        )
        found: list[dict[str, Any]] = json.loads(text)
        return found


MakeDesk = Callable[..., Awaitable[Desk]]


def package_with(folder: Path, files: Mapping[str, str]) -> Path:
    """The desk's package and these files, in a new folder."""
    shutil.copytree(PACKAGE, folder)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def make_desk(
    urls: DatabaseUrls,
    make_tenant: MakeTenant,
    database: Database,
    snapshots: SnapshotStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> MakeDesk:
    """A function: `await make_desk({"flows/Greet.yaml": "…"})`; once in a module."""

    async def make(files: Mapping[str, str], **settings: Any) -> Desk:
        home = tmp_path_factory.mktemp("desk")
        publish(urls.owner, read_package(package_with(home / "package", files)))
        tenant = await make_tenant("desk", time_zone="Asia/Shanghai")
        world = await make_world(urls.owner, database, snapshots, tenant)
        world.user("ann", "Clerk", role="Head", queues=("FirstLine",))
        world.user("ben", "Clerk", "Presser", queues=("FirstLine",))
        world.user("admin", "Clerk", "SystemAdministrator")
        return Desk(world, snapshots, home, Settings(home=home, **settings))

    return make


def at(text: str) -> Any:
    """Inside, it is this moment."""
    return clock.moved_to(datetime.fromisoformat(text))
