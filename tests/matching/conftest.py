"""A tenant on the crm package: an administrator, and two sellers who don't see each other's records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from chassis_platform.access.context import Context
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database, Row, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from matching_desk import Desk
from world import make_world

MakeTenant = Callable[..., Awaitable[Tenant]]


@pytest.fixture(scope="module")
async def desk(urls: DatabaseUrls, database: Database, snapshots: SnapshotStore, make_tenant: MakeTenant) -> Desk:
    tenant = await make_tenant("crm")
    world = await make_world(urls.owner, database, snapshots, tenant)
    world.user("admin", "SystemAdministrator", "CrmAdministrator", "CrmSensitiveData")
    world.user("ann", "CrmUser")
    world.user("ben", "CrmUser")
    desk = Desk(database, snapshots, world)
    await desk.renew()
    await desk.switch_off_validation_rules()
    return desk


@pytest.fixture
async def admin(desk: Desk) -> Context:
    return await desk.user("admin")


@pytest.fixture
async def ann(desk: Desk) -> Context:
    return await desk.user("ann")


@pytest.fixture
async def ben(desk: Desk) -> Context:
    return await desk.user("ben")


@dataclass(slots=True)
class Traffic:
    """What went over the wire."""

    trips: int = 0
    statements: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A context manager that counts round trips and statements inside transactions."""

    @contextmanager
    def count() -> Iterator[Traffic]:
        traffic = Traffic()
        original = Transaction.fetch_each

        async def fetch_each(self: Transaction, statements: Any) -> list[list[Row]]:
            traffic.trips += 1
            traffic.statements += len(statements)
            return await original(self, statements)

        with monkeypatch.context() as patch:
            patch.setattr(Transaction, "fetch_each", fetch_each)
            yield traffic

    return count
