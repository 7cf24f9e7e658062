from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette

from chassis_platform.access.compile import PolicyStore
from chassis_platform.api import functions, inbound, setup_inbound, setup_inbound_preview
from chassis_platform.api.deps import Server
from chassis_platform.auth.sessions import NewSession, insert_session, new_token
from chassis_platform.inbound.keys import create_inbound_key
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.snapshots import SnapshotStore
from world import World, make_world


@dataclass
class Dealership:
    """A tenant with the automotive package, a sender's key and an administrator's session, behind HTTP."""

    world: World
    client: httpx.AsyncClient
    key: str
    admin: str

    async def post(self, content: bytes, mapping: str = "adf", **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.key}", **headers}
        return await self.client.post(f"/inbound/{mapping}", content=content, headers=sent)

    async def setup(self, method: str, path: str, document: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.admin}"}
        return await self.client.request(method, path, headers=headers, json=document)

    def count(self, table: str) -> int:
        [(found,)] = self.world.sql(
            f"SELECT count(*) FROM data.{table} WHERE tenant_id = %s",  # noqa: S608  a table of this test
            self.world.tenant.id,
        )
        return int(found)


async def session(database: Database, world: World, user: str) -> str:
    token = new_token(world.tenant.organization_id)
    begun = NewSession(world.users[user], "api", "tests")
    await database.read(
        Binding(world.tenant.id), insert_session(world.tenant.id, token, begun, idle_minutes=60, hours=8)
    )
    return token


@pytest.fixture(scope="module")
async def dealership(
    owner_dsn: str, database: Database, snapshots: SnapshotStore, make_tenant: object
) -> AsyncIterator[Dealership]:
    tenant = await make_tenant("automotive", time_zone="Asia/Shanghai")  # type: ignore[operator]  # conftest's MakeTenant
    world = await make_world(owner_dsn, database, snapshots, tenant)
    sender = world.user("portal", "AutoIntegration", "AutoLeadDesk", "AutoServiceCampaign")
    world.user("admin", "SystemAdministrator")
    key = await create_inbound_key(database, tenant.id, "Portal X", sender)
    rooms = (inbound, setup_inbound, setup_inbound_preview, functions)
    app = Starlette(routes=[each for room in rooms for each in room.routes()])
    app.state.server = Server(database, snapshots, PolicyStore(database), Settings())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Dealership(world, client, key, await session(database, world, "admin"))
