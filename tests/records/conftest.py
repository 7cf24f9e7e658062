"""People at a garage: an administrator and two employees, each with a Context as a request would have it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from chassis_metadata.ids import new_id
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_tenants.database import Binding, Database, Row, Transaction
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class People:
    """Makes users of one tenant."""

    database: Database
    snapshots: SnapshotStore
    tenant: Tenant

    async def add(self, username: str, *permission_sets: str, role: str | None = None) -> str:
        """A user with these permission sets; answers the id."""
        user_id = new_id("005")
        common = {"tenant_id": self.tenant.id, "user_id": user_id, "username": username, "role": role}
        await self.database.read(
            Binding(self.tenant.id),
            Statement(
                'INSERT INTO data."user" (tenant_id, id, name, username, last_name, email, user_role_id) VALUES'
                " (%(tenant_id)s, %(user_id)s, %(username)s, %(username)s, %(username)s, 'a@b.cd',"
                " (SELECT id FROM tenant.user_role WHERE developer_name = %(role)s))",
                common,
            ),
            *(
                Statement(
                    "INSERT INTO data.permission_set_assignment (tenant_id, id, assignee_id, permission_set_id)"
                    " SELECT %(tenant_id)s, %(id)s, %(user_id)s, id FROM tenant.permission_set WHERE name = %(name)s",
                    {**common, "id": new_id("0Pa"), "name": name},
                )
                for name in permission_sets
            ),
        )
        return user_id

    async def context(self, user_id: str, username: str) -> Context:
        """The Context that a request of this user has now."""
        tenant = await tenant_by_id(self.database, self.tenant.id)
        assert tenant is not None
        snapshot = await self.snapshots.of(tenant.id, tenant.metadata_version)
        policy = await PolicyStore(self.database).of(tenant, user_id, snapshot, tenant.access_version)
        principal = Principal(user_id, username, "api")
        return Context(tenant, principal, snapshot, policy, Binding(tenant.id, tenant.metadata_version))


@pytest.fixture(scope="module")
async def people(database: Database, snapshots: SnapshotStore, tenant: Tenant) -> People:
    return People(database, snapshots, tenant)


@pytest.fixture(scope="module")
async def admin(people: People) -> Context:
    user_id = await people.add("admin", "GarageAdmin", "SystemAdministrator", "StandardUser")
    return await people.context(user_id, "admin")


@pytest.fixture(scope="module")
async def ann(people: People) -> Context:
    user_id = await people.add("ann", "GarageUser", "StandardUser", role="GarageForeman")
    return await people.context(user_id, "ann")


@pytest.fixture(scope="module")
async def ben(people: People) -> Context:
    user_id = await people.add("ben", "GarageUser", "StandardUser", role="GarageForeman")
    return await people.context(user_id, "ben")


@pytest.fixture
def rows(database: Database, tenant: Tenant) -> Callable[..., Awaitable[list[Row]]]:
    """A function that runs a query in the tenant."""

    async def run(text: str, **parameters: Any) -> list[Row]:
        [found] = await database.read(Binding(tenant.id), Statement(text, parameters))
        return found

    return run


@dataclass(slots=True)
class Traffic:
    """What went over the wire."""

    trips: int = 0
    statements: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A context manager that counts round trips and statements."""

    @contextmanager
    def count() -> Iterator[Traffic]:
        traffic = Traffic()
        with monkeypatch.context() as patch:
            _watch(patch, traffic)
            yield traffic

    return count


def _watch(patch: pytest.MonkeyPatch, traffic: Traffic) -> None:
    def watched(name: str, size: Callable[..., int]) -> None:
        original = getattr(Transaction, name)

        async def run(self: Transaction, *args: Any) -> Any:
            traffic.trips += 1
            traffic.statements += size(*args)
            return await original(self, *args)

        patch.setattr(Transaction, name, run)

    watched("fetch", lambda _: 1)
    watched("fetch_each", len)
    watched("commit_with", lambda statements=(): len(statements))
    read = Database.read

    async def counted_read(self: Database, binding: Binding, *statements: Statement) -> Any:
        traffic.trips += 1
        traffic.statements += len(statements)
        return await read(self, binding, *statements)

    patch.setattr(Database, "read", counted_read)


@pytest.fixture(scope="module")
async def answer(database: Database) -> Callable[[Awaitable[Any]], Any]:
    """A function that waits for a coroutine in a test that is none itself (the generated ones can't be)."""
    assert database
    loop = asyncio.get_running_loop()
    return loop.run_until_complete
