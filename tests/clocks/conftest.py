"""A helpdesk whose tickets have clocks: a user of it, the clock's hand, and the worker's look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import chassis_platform.automation.engines  # noqa: F401  they register themselves
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.automation.milestones.check import check_milestones
from chassis_platform.plan.changes import RecordResult
from chassis_platform.records.write import write_records
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from clocks.helpdesk import HELPDESK
from package_folders import package_of

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """A moment by the wall clock of Shanghai: `2026-03-10 10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class Desk:
    """A tenant with the helpdesk, seen by one of its users. `time` is what the clock shows."""

    database: Database
    snapshots: SnapshotStore
    tenant: Tenant
    user_id: str
    time: datetime

    async def context(self) -> Context:
        tenant = await tenant_by_id(self.database, self.tenant.id)
        assert tenant is not None
        snapshot = await self.snapshots.of(tenant.id, tenant.metadata_version)
        policy = await PolicyStore(self.database).of(tenant, self.user_id, snapshot, tenant.access_version)
        principal = Principal(self.user_id, "ann", "api", time_zone="Asia/Shanghai")
        return Context(tenant, principal, snapshot, policy, Binding(tenant.id, tenant.metadata_version))

    async def query(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows as dicts by column."""
        wrapped = f"SELECT row_to_json(q)::jsonb FROM ({text}) q"  # noqa: S608  a test's own text
        [rows] = await self.database.read(Binding(self.tenant.id), Statement(wrapped, parameters))
        return [row[0] for row in rows]

    def at(self, text: str) -> Desk:
        """The clock is moved."""
        self.time = at(text)
        return self

    def later(self, **length: float) -> Desk:
        self.time += timedelta(**length)
        return self

    async def write(self, object_name: str, operation: Any, *records: dict[str, Any]) -> list[RecordResult]:
        with clock.moved_to(self.time):
            results = await write_records(self.database, await self.context(), object_name, operation, records)
        assert [each.problems for each in results if each.problems] == []
        return results

    async def ticket(self, **values: Any) -> str:
        [result] = await self.write("Ticket", "insert", {"Name": "Help", **values})
        return str(result.id)

    async def set(self, record_id: str, **values: Any) -> None:
        await self.write("Ticket", "update", {"Id": record_id, **values})

    async def worker_looks(self) -> int:
        with clock.moved_to(self.time):
            return await check_milestones(self.database, self.snapshots, self.tenant.id)

    async def timers(self, record_id: str, milestone: str = "FirstResponse") -> list[dict[str, Any]]:
        found = await self.query(
            "SELECT * FROM tenant.record_milestone WHERE record_id = %(id)s AND milestone_name = %(name)s"
            " AND NOT is_deleted ORDER BY occurrence",
            id=record_id,
            name=milestone,
        )
        return [{key: _wall(value) for key, value in each.items()} for each in found]

    async def timer(self, record_id: str, milestone: str = "FirstResponse") -> dict[str, Any]:
        [found] = await self.timers(record_id, milestone)
        return found

    async def colleague(self, name: str, *, role: str) -> str:
        """Another user, with a role."""
        user_id = new_id("005")
        statement = Statement(
            'INSERT INTO data."user" (tenant_id, id, name, username, last_name, email, is_active, user_role_id) VALUES'
            " (%(tenant_id)s, %(id)s, %(name)s, %(username)s, %(name)s, 'a@b.cd', true,"
            " (SELECT id FROM tenant.user_role WHERE developer_name = %(role)s))",
            {"tenant_id": self.tenant.id, "id": user_id, "name": name, "role": role}
            | {"username": f"{name}@{self.tenant.name}"},
        )
        await self.database.read(Binding(self.tenant.id), statement)
        return user_id

    def wall(self, value: Any) -> Any:
        """A time as the wall clock of Shanghai shows it."""
        return _wall(value)

    async def value(self, record_id: str, column: str) -> Any:
        [row] = await self.query("SELECT * FROM tenant.ticket WHERE id = %(id)s", id=record_id)
        return _wall(row[column])


def _wall(value: Any) -> Any:
    """Times as the wall clock of Shanghai shows them."""
    if isinstance(value, str) and len(value) > 18 and value[4] == "-" and "T" in value:
        return datetime.fromisoformat(value).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    return value


@pytest.fixture(scope="module")
def helpdesk(owner_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The package, published in the module's database; its name."""
    package = package_of(tmp_path_factory.mktemp("helpdesk"), HELPDESK)
    publish(owner_dsn, package)
    return package.manifest.name


@pytest.fixture
async def desk(helpdesk: str, database: Database, snapshots: SnapshotStore, make_tenant: Any) -> Desk:
    """A new tenant of this test's own, at ten on an ordinary Tuesday."""
    tenant = await make_tenant(helpdesk, time_zone="Asia/Shanghai")
    user_id = new_id("005")
    added = Statement(
        'INSERT INTO data."user" (tenant_id, id, name, username, last_name, email) VALUES'
        " (%(tenant_id)s, %(user_id)s, 'ann', %(username)s, 'ann', 'a@b.cd')",
        {"tenant_id": tenant.id, "user_id": user_id, "username": f"ann@{tenant.name}"},
    )
    allowed = Statement(
        "INSERT INTO data.permission_set_assignment (tenant_id, id, assignee_id, permission_set_id)"
        " SELECT %(tenant_id)s, id || '', %(user_id)s, id FROM tenant.permission_set"
        " WHERE name IN ('HelpdeskUser', 'StandardUser')",
        {"tenant_id": tenant.id, "user_id": user_id},
    )
    await database.read(Binding(tenant.id), added, allowed)
    return Desk(database, snapshots, tenant, user_id, at("2026-03-10 10:00"))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A context manager that counts the statements of transactions."""

    @contextmanager
    def count() -> Iterator[list[int]]:
        seen = [0]
        with monkeypatch.context() as patch:
            for name in ("fetch_each", "commit_with"):
                patch.setattr(Transaction, name, _counting(getattr(Transaction, name), seen))
            yield seen

    return count


def _counting(original: Any, seen: list[int]) -> Any:
    async def run(self: Transaction, statements: Any = ()) -> Any:
        seen[0] += len(statements)
        return await original(self, statements)

    return run
