"""Installing a package into a tenant: a few rows, one transaction, nothing twice."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from chassis_metadata.components import Package, RoleDefinition
from chassis_metadata.errors import Conflict, NotFound
from chassis_metadata.ids import component_id
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Binding, Database, StaleBindingError
from chassis_tenants.installer import install, install_within
from chassis_tenants.journal import OPERATOR
from chassis_tenants.provision import NewTenant, create_tenant
from chassis_tenants.publisher import publish
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from conftest import MakeTenant


async def rows_of(database: Database, tenant: Tenant, query: str) -> list[tuple[Any, ...]]:
    [rows] = await database.read(Binding(tenant.id), Statement(query))
    return rows


async def test_components_become_records(database: Database, tenant: Tenant) -> None:
    types = await rows_of(
        database, tenant, "SELECT id, developer_name, sobject_type FROM tenant.record_type ORDER BY 2"
    )
    sets = await rows_of(database, tenant, "SELECT name FROM tenant.permission_set ORDER BY 1")
    roles = await rows_of(
        database,
        tenant,
        "SELECT r.developer_name, p.developer_name FROM tenant.user_role r"
        " LEFT JOIN tenant.user_role p ON p.id = r.parent_role_id ORDER BY 1",
    )
    queues = await rows_of(database, tenant, 'SELECT developer_name, type FROM tenant."group"')

    assert sorted(types) == sorted(
        (component_id("012", f"Workshop.{name}"), name, "Workshop") for name in ("Dealer", "Independent")
    )
    assert {"GarageUser", "GarageAdmin", "SystemAdministrator", "Auditor"} <= {row[0] for row in sets}
    assert roles == [("GarageForeman", "GarageHead"), ("GarageHead", None)]
    assert queues == [("GarageDesk", "Queue")]


async def test_reference_data_comes_with_its_parents_and_defaults(database: Database, tenant: Tenant) -> None:
    kinds = await rows_of(
        database,
        tenant,
        "SELECT k.code, k.name, k.hours::float8, k.is_offered, k.tags, p.code FROM tenant.service_kind k"
        " LEFT JOIN tenant.service_kind p ON p.id = k.parent_kind_id ORDER BY 1",
    )

    assert kinds == [
        ("TYRES", "Tyre change", 1.5, True, ["quick", "winter"], "WHEELS"),
        ("WHEELS", "Wheels", None, False, None, None),
    ]


async def test_installing_again_changes_no_record(snapshots: SnapshotStore, make_tenant: MakeTenant) -> None:
    database, tenant = snapshots.database, await make_tenant("garage")
    everything = (
        "SELECT id, row_version, system_modstamp FROM tenant.service_kind UNION ALL"
        " SELECT id, row_version, system_modstamp FROM tenant.permission_set UNION ALL"
        " SELECT id, row_version, system_modstamp FROM tenant.user_role ORDER BY 1"
    )
    before = await rows_of(database, tenant, everything)

    await install(snapshots, tenant.id, "garage", actor=OPERATOR)

    assert await rows_of(database, tenant, everything) == before


async def test_what_the_tenant_made_itself_stays(snapshots: SnapshotStore, make_tenant: MakeTenant) -> None:
    database, tenant = snapshots.database, await make_tenant()
    own = Statement(
        "INSERT INTO data.user_role (tenant_id, id, name, developer_name)"
        " VALUES (%(tenant_id)s, '00EmyOwnRole', 'Our boss', 'garagehead')",
        {"tenant_id": tenant.id},
    )
    async with database.transaction(Binding(tenant.id)) as tx:
        await tx.fetch(own)

    await install(snapshots, tenant.id, "garage", actor=OPERATOR)

    roles = await rows_of(database, tenant, "SELECT name, parent_role_id FROM tenant.user_role ORDER BY 1")
    assert roles == [("Foreman", "00EmyOwnRole"), ("Our boss", None)]


async def test_the_next_request_sees_the_new_objects(snapshots: SnapshotStore, make_tenant: MakeTenant) -> None:
    database, tenant = snapshots.database, await make_tenant()
    before = await snapshots.of(tenant.id, tenant.metadata_version)
    assert before.object("Workshop") is None

    await install(snapshots, tenant.id, "garage", actor=OPERATOR)

    with pytest.raises(StaleBindingError):
        await database.read(Binding(tenant.id, tenant.metadata_version), Statement("SELECT 1"))
    current = await tenant_by_id(database, tenant.id)
    assert current is not None
    assert (await snapshots.of(tenant.id, current.metadata_version)).object("Workshop") is not None


async def test_the_audit_trail_tells_of_it(database: Database, tenant: Tenant) -> None:
    told = await rows_of(
        database,
        tenant,
        "SELECT action, target_name, new_value, username FROM tenant.setup_audit_trail ORDER BY id",
    )

    assert ("installedPackage", "platform", "1.6.0", "operator") in told
    assert ("installedPackage", "garage", "1.0.0", "operator") in told


async def test_a_missing_dependency_is_named(own_urls: DatabaseUrls, packages: dict[str, Package]) -> None:
    garage = packages["garage"]
    tuning = Package(manifest=replace(garage.manifest, name="tuning", depends_on={"garage": "1.0.0"}))
    publish(own_urls.owner, tuning)
    async with Database(own_urls.server, smallest=1, largest=2) as database:
        store = SnapshotStore(database)
        tenant = await create_tenant(own_urls.owner, store, NewTenant("acme", "Acme"))

        with pytest.raises(Conflict, match=r"tuning 1\.0\.0 needs garage\. Install garage 1\.0\.0 first"):
            await install(store, tenant.id, "tuning", actor=OPERATOR)
        assert await rows_of(database, tenant, "SELECT package FROM chassis.installation") == [("platform",)]

        done = await install(store, tenant.id, "tuning", actor=OPERATOR, with_dependencies=True)
        assert [each.package for each in done.versions] == ["garage", "tuning"]


async def test_an_upgrade_brings_what_is_new_and_never_goes_back(
    own_urls: DatabaseUrls, packages: dict[str, Package]
) -> None:
    garage = packages["garage"]
    new = replace(
        garage,
        manifest=replace(garage.manifest, version="1.10.0"),
        roles=(*garage.roles, RoleDefinition("GarageTrainee", "Trainee", "GarageForeman")),
    )
    async with Database(own_urls.server, smallest=1, largest=2) as database:
        store = SnapshotStore(database)
        tenant = await create_tenant(own_urls.owner, store, NewTenant("acme", "Acme"))
        await install(store, tenant.id, "garage", actor=OPERATOR)
        publish(own_urls.owner, new)

        done = await install(store, tenant.id, "garage", actor=OPERATOR)

        assert [(each.package, each.version) for each in done.versions] == [("garage", "1.10.0")]
        trainee = await rows_of(
            database,
            tenant,
            "SELECT p.developer_name FROM tenant.user_role r JOIN tenant.user_role p ON p.id = r.parent_role_id"
            " WHERE r.developer_name = 'GarageTrainee'",
        )
        assert trainee == [("GarageForeman",)]
        with pytest.raises(Conflict, match=r"garage 1\.10\.0 is installed"):
            await install(store, tenant.id, "garage", "1.0.0", actor=OPERATOR)


async def test_an_unknown_package_is_told_with_those_there_are(snapshots: SnapshotStore, tenant: Tenant) -> None:
    with pytest.raises(NotFound, match=r"There is: .*garage"):
        await install(snapshots, tenant.id, "garden", actor=OPERATOR)
    with pytest.raises(NotFound, match=r"garage 9\.9\.9 is not published"):
        await install(snapshots, tenant.id, "garage", "9.9.9", actor=OPERATOR)


async def test_a_failed_installation_leaves_nothing(snapshots: SnapshotStore, make_tenant: MakeTenant) -> None:
    database, tenant = snapshots.database, await make_tenant()

    async def install_and_fail() -> None:
        async with database.transaction(Binding(tenant.id)) as tx:
            await install_within(tx, snapshots, "garage", actor=OPERATOR)
            raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError, match="power"):
        await install_and_fail()

    assert await rows_of(database, tenant, "SELECT package FROM chassis.installation") == [("platform",)]
    assert await rows_of(database, tenant, "SELECT id FROM tenant.service_kind") == []


@pytest.mark.parametrize("package", ["crm", "automotive"])
async def test_a_large_package_installs_in_moments(
    package: str, snapshots: SnapshotStore, make_tenant: MakeTenant
) -> None:
    await make_tenant(package)
    tenant = await make_tenant()
    started = time.perf_counter()

    await install(snapshots, tenant.id, package, actor=OPERATOR, with_dependencies=True)

    assert time.perf_counter() - started < 1, "a tenth of it is usual; a busy machine may take longer"
