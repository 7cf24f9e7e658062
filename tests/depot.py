"""A depot and what is summed up over it: a package of calculated fields, published for the tests that ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chassis_metadata.package import read_package
from chassis_platform.records.read import get_record
from chassis_platform.records.write import delete_record, undelete_record, update_record, write_records
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.provision import NewTenant, create_tenant
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from world import World, make_world, plain

FOLDER = Path(__file__).parent / "fixtures/packages/depot"


@dataclass
class Depots(World):
    """The world of the depots: records are written by the ordinary road."""

    async def make(self, object_name: str, *records: dict[str, Any], user: str = "admin") -> list[str]:
        """Create records; answers their ids."""
        context = await self.as_user(user)
        results = await write_records(self.database, context, object_name, "insert", records)
        assert all(each.success for each in results), [each.problems for each in results]
        return [str(each.id) for each in results]

    async def change(self, object_name: str, *records: dict[str, Any], user: str = "admin") -> None:
        """Update records."""
        context = await self.as_user(user)
        results = await write_records(self.database, context, object_name, "update", records)
        assert all(each.success for each in results), [each.problems for each in results]

    async def set(self, object_name: str, record_id: str, **values: Any) -> None:
        """Update one record."""
        await update_record(self.database, await self.as_user("admin"), object_name, record_id, values)

    async def delete(self, object_name: str, record_id: str) -> None:
        """Put a record into the recycle bin."""
        await delete_record(self.database, await self.as_user("admin"), object_name, record_id)

    async def undelete(self, object_name: str, record_id: str) -> None:
        """Take it out again."""
        await undelete_record(self.database, await self.as_user("admin"), object_name, record_id)

    async def get(self, object_name: str, record_id: str, *names: str, user: str = "admin") -> Any:
        """A field of a record, or several, as the user reads them."""
        context = await self.as_user(user)
        found = plain(orjson.loads(await get_record(self.database, context, object_name, record_id, names or None)))
        return found[names[0]] if len(names) == 1 else found

    async def customise(self, snapshots: SnapshotStore, components: dict[tuple[str, str], dict[str, Any]]) -> None:
        """Make components of the tenant's own; users of before see them too."""
        async with self.database.transaction(Binding(self.tenant.id)) as transaction:
            for (kind, name), body in components.items():
                await save_component(transaction, snapshots, ComponentKey(kind, name), body, OPERATOR)
        await self.refresh(snapshots)

    async def refresh(self, snapshots: SnapshotStore) -> None:
        """See the metadata that is in force now."""
        tenant = await tenant_by_id(self.database, self.tenant.id)
        assert tenant is not None
        self.tenant = tenant
        self.snapshot = await snapshots.of(tenant.id, tenant.metadata_version)


async def make_depots(owner_dsn: str, database: Database, snapshots: SnapshotStore, name: str = "depots") -> Depots:
    """A tenant with the depot package and two users."""
    publish(owner_dsn, read_package(FOLDER))
    tenant = await create_tenant(owner_dsn, snapshots, NewTenant(name=name, label="Depots"))
    await install(snapshots, tenant.id, "depot", actor=OPERATOR)
    current = await tenant_by_id(database, tenant.id)
    assert current is not None
    plain_world = await make_world(owner_dsn, database, snapshots, current)
    depots = Depots(owner_dsn, database, current, plain_world.snapshot)
    depots.user("admin", "DepotAdmin")
    depots.user("clerk", "DepotUser")
    depots.user("far", "DepotAdmin", time_zone="Pacific/Kiritimati")
    return depots
