"""Snapshots: one value for all tenants with the same packages, compiled once, never old."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import psycopg
import pytest

from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_metadata.snapshot import Snapshot
from chassis_tenants import snapshots as snapshots_module
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database, StaleBindingError
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant
from conftest import MakeTenant

MOTTO = {"type": "text", "label": "Motto", "length": 80}


async def current(database: Database, tenant: Tenant) -> Tenant:
    found = await tenant_by_id(database, tenant.id)
    assert found is not None
    return found


async def add_motto(snapshots: SnapshotStore, tenant: Tenant) -> Tenant:
    async with snapshots.database.transaction(Binding(tenant.id)) as tx:
        await save_component(tx, snapshots, ComponentKey("field", "Workshop.Motto__c"), MOTTO, OPERATOR)
    return await current(snapshots.database, tenant)


async def test_tenants_with_the_same_packages_share_one_snapshot(
    snapshots: SnapshotStore, make_tenant: MakeTenant
) -> None:
    one, two = await make_tenant("garage"), await make_tenant("garage")

    assert await snapshots.of(one.id, one.metadata_version) is await snapshots.of(two.id, two.metadata_version)


async def test_a_tenants_own_field_leaves_the_others_objects_shared(
    snapshots: SnapshotStore, make_tenant: MakeTenant
) -> None:
    plain, special = await make_tenant("garage"), await make_tenant("garage")
    special = await add_motto(snapshots, special)

    base = await snapshots.of(plain.id, plain.metadata_version)
    own = await snapshots.of(special.id, special.metadata_version)

    assert "Motto__c" in own.objects["Workshop"].fields
    assert "Motto__c" not in base.objects["Workshop"].fields
    assert own.objects["Customer"] is base.objects["Customer"]


async def test_an_old_version_is_refused(snapshots: SnapshotStore, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant("garage")
    await add_motto(snapshots, tenant)

    with pytest.raises(StaleBindingError):
        await SnapshotStore(snapshots.database).of(tenant.id, tenant.metadata_version)


@pytest.mark.usefixtures("nothing_compiled")
async def test_twenty_requests_at_once_compile_once(
    database: Database, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = [await make_tenant("garage") for _ in range(4)]
    store, calls = SnapshotStore(database), []

    def counting(packages: list[Package]) -> Snapshot:
        calls.append(packages)
        return compile_snapshot(packages)

    monkeypatch.setattr(snapshots_module, "compile_snapshot", counting)
    found = await asyncio.gather(*(store.of(each.id, each.metadata_version) for each in tenants * 5))

    assert len(calls) == 1
    assert len({id(each) for each in found}) == 1


async def test_an_idle_tenant_costs_less_than_50_kilobytes(database: Database, make_tenant: MakeTenant) -> None:
    tenants = [await add_motto(SnapshotStore(database), await make_tenant("garage")) for _ in range(5)]
    store = SnapshotStore(database)
    await store.of(tenants[0].id, tenants[0].metadata_version)
    gc.collect()
    tracemalloc.start()

    for each in tenants[1:]:
        await store.of(each.id, each.metadata_version)

    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown / (len(tenants) - 1) < 50_000


async def test_the_store_keeps_the_tenants_used_last(database: Database, make_tenant: MakeTenant) -> None:
    store = SnapshotStore(database, most=2)
    tenants = [await add_motto(store, await make_tenant("garage")) for _ in range(3)]
    first, *others = [await store.of(each.id, each.metadata_version) for each in tenants]

    assert [await store.of(each.id, each.metadata_version) for each in tenants[1:]] == others
    assert await store.of(tenants[0].id, tenants[0].metadata_version) is not first


async def test_a_component_that_cannot_be_read_any_more_is_left_out(
    owner_dsn: str, snapshots: SnapshotStore, make_tenant: MakeTenant, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = await make_tenant("garage")
    with psycopg.connect(owner_dsn) as connection:
        connection.execute(
            "INSERT INTO chassis.component (tenant_id, kind, name, body)"
            " VALUES (%s, 'field', 'Workshop.Old__c', '{\"type\": \"hologram\"}')",
            [tenant.id],
        )

    snapshot = await snapshots.of(tenant.id, tenant.metadata_version)

    assert "Old__c" not in snapshot.objects["Workshop"].fields
    assert "Workshop.Old__c is left out" in caplog.text
