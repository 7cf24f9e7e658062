"""The garage, with people in it: an administrator, a head above a foreman, a member of the desk's queue, a stranger."""

from __future__ import annotations

import pytest

from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from world import World, make_world


@pytest.fixture(scope="module")
async def world(owner_dsn: str, database: Database, snapshots: SnapshotStore, tenant: Tenant) -> World:
    made = await make_world(owner_dsn, database, snapshots, tenant)
    made.user("admin", "GarageAdmin")
    made.user("head", "GarageUser", role="GarageHead")
    made.user("foreman", "GarageUser", role="GarageForeman")
    made.user("clerk", "GarageUser", queues=["GarageDesk"])
    made.user("stranger", "GarageUser")
    made.user("nobody")
    return made
