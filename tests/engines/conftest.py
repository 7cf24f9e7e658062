"""A bureau of a module's own: a tenant with the package, users, and what a test asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import chassis_platform.automation.engines  # noqa: F401  they register themselves
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.records.write import write_records
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from engines.bureau import BUREAU
from package_folders import package_of

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """A moment by the wall clock of Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class Bureau:
    """A tenant with the package, seen by one of its users. `time` is what the clock shows."""

    database: Database
    snapshots: SnapshotStore
    tenant: Tenant
    user_id: str
    time: datetime
    users: dict[str, str] = field(default_factory=dict)

    async def context(self) -> Context:
        tenant = await tenant_by_id(self.database, self.tenant.id)
        assert tenant is not None
        snapshot = await self.snapshots.of(tenant.id, tenant.metadata_version)
        policy = await PolicyStore(self.database).of(tenant, self.user_id, snapshot, tenant.access_version)
        principal = Principal(self.user_id, "ann", "api", time_zone="Asia/Shanghai")
        return Context(tenant, principal, snapshot, policy, Binding(tenant.id, tenant.metadata_version))

    async def sql(self, text: str, **parameters: Any) -> list[tuple[Any, ...]]:
        [rows] = await self.database.read(Binding(self.tenant.id), Statement(text, parameters))
        return rows

    async def column(self, text: str, **parameters: Any) -> list[Any]:
        return [row[0] for row in await self.sql(text, **parameters)]

    def at(self, text: str) -> Bureau:
        """The clock is moved."""
        self.time = at(text)
        return self

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[tuple[Transaction, Context]]:
        """A transaction and a Context for an engine, at the time that the clock shows."""
        context = await self.context()
        with clock.moved_to(self.time):
            async with self.database.transaction(context.binding) as transaction:
                yield transaction, context

    async def write(self, object_name: str, operation: Any, *records: dict[str, Any]) -> list[str]:
        with clock.moved_to(self.time):
            results = await write_records(self.database, await self.context(), object_name, operation, records)
        assert [each.problems for each in results if each.problems] == []
        return [str(each.id) for each in results]

    async def make(self, object_name: str, **values: Any) -> str:
        [made] = await self.write(object_name, "insert", {"Name": values.pop("name", object_name), **values})
        return made

    async def user(self, name: str, *, queue: str | None = None) -> str:
        """A colleague, perhaps in a queue."""
        user_id = self.users[name] = new_id("005")
        await self.sql(
            'INSERT INTO data."user" (tenant_id, id, name, username, last_name, email, is_active) VALUES'
            " (%(tenant)s, %(id)s, %(name)s, %(username)s, %(name)s, 'a@b.cd', true)",
            tenant=self.tenant.id,
            id=user_id,
            name=name,
            username=f"{name}@{self.tenant.name}",
        )
        if queue:
            await self.sql(
                "INSERT INTO data.group_member (tenant_id, id, group_id, user_or_group_id)"
                ' SELECT %(tenant)s, %(id)s, id, %(user)s FROM tenant."group" WHERE developer_name = %(queue)s',
                tenant=self.tenant.id,
                id=new_id("011"),
                user=user_id,
                queue=queue,
            )
        return user_id


@pytest.fixture(scope="module")
def bureau_published(owner_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    publish(owner_dsn, package_of(tmp_path_factory.mktemp("bureau"), BUREAU))


@pytest.fixture
async def bureau(bureau_published: None, database: Database, snapshots: SnapshotStore, make_tenant: Any) -> Bureau:
    """A new tenant of this test's own, at ten on an ordinary Tuesday."""
    assert bureau_published is None
    tenant = await make_tenant("bureau", time_zone="Asia/Shanghai")
    made = Bureau(database, snapshots, tenant, "", at("2026-03-10 10:00"))
    made.user_id = await made.user("ann")
    await made.sql(
        "INSERT INTO data.permission_set_assignment (tenant_id, id, assignee_id, permission_set_id)"
        " SELECT %(tenant)s, '0Pa' || substr(id, 4), %(user)s, id FROM tenant.permission_set"
        " WHERE name IN ('BureauUser', 'StandardUser')",
        tenant=tenant.id,
        user=made.user_id,
    )
    made.tenant = await _fresh(database, tenant.id)
    return made


async def _fresh(database: Database, tenant_id: int) -> Tenant:
    tenant = await tenant_by_id(database, tenant_id)
    assert tenant is not None
    return tenant


@dataclass(slots=True)
class Traffic:
    """What went over the wire."""

    statements: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A context manager that counts the statements of transactions."""

    @contextmanager
    def count() -> Iterator[Traffic]:
        traffic = Traffic()
        original = Transaction.fetch_each

        async def watched(self: Transaction, statements: Any) -> Any:
            traffic.statements += len(statements)
            return await original(self, statements)

        with monkeypatch.context() as patch:
            patch.setattr(Transaction, "fetch_each", watched)
            yield traffic

    return count
