"""What the operator does with whole tenants: create, suspend, resume, export, erase."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_metadata.ids import is_id, new_id
from chassis_tenants.database import Binding, Database, TenantClosedError
from chassis_tenants.journal import enqueue
from chassis_tenants.provision import NewTenant, create_tenant, erase_tenant, export_tenant, resume, set_region, suspend
from chassis_tenants.registry import (
    count_elsewhere,
    list_tenants,
    tenant_by_id,
    tenant_by_name,
    tenant_by_organization_id,
)
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from conftest import MakeTenant


async def fill(database: Database, tenant: Tenant) -> None:
    """A row in many tables, with references in a circle, a login name and a secret."""
    values = {"tenant_id": tenant.id, "one": new_id("gW1"), "two": new_id("gW1"), "name": f"ann@{tenant.name}"}
    statements = [
        "INSERT INTO data.user (tenant_id, id, name, username) VALUES (%(tenant_id)s, '005a', 'Ann', %(name)s)",
        "INSERT INTO data.workshop (tenant_id, id, name, foreman_id) VALUES (%(tenant_id)s, %(one)s, '北方', '005a')",
        "INSERT INTO data.workshop (tenant_id, id, name) VALUES (%(tenant_id)s, %(two)s, 'Ulm')",
        "UPDATE data.workshop SET parent_workshop_id = %(one)s WHERE tenant_id = %(tenant_id)s AND id = %(two)s",
        "UPDATE data.workshop SET parent_workshop_id = %(two)s WHERE tenant_id = %(tenant_id)s AND id = %(one)s",
        "INSERT INTO chassis.login_name (tenant_id, username, user_id) VALUES (%(tenant_id)s, %(name)s, '005a')",
        "INSERT INTO chassis.credential (tenant_id, user_id, password_hash) VALUES (%(tenant_id)s, '005a', 'secret')",
        "INSERT INTO chassis.counter (tenant_id, name, value) VALUES (%(tenant_id)s, 'x', 1)",
    ]
    async with database.transaction(Binding(tenant.id)) as tx:
        await tx.fetch_each([Statement(each, values) for each in statements] + [enqueue(tenant.id, "mail")])


def count_everything(owner_dsn: str, tenant: Tenant) -> dict[str, int]:
    with psycopg.connect(owner_dsn) as connection:
        names = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.columns"
            " WHERE column_name = 'tenant_id' AND table_schema IN ('data', 'chassis')"
        ).fetchall()
        counts = {}
        for schema, name in names:
            query = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(sql.Identifier(schema, name))
            [(counts[f"{schema}.{name}"],)] = connection.execute(query, [tenant.id])
        return counts


async def test_a_new_tenant_has_its_organization_and_the_platforms_package(
    database: Database, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(name="nordwind", language="zh_CN", time_zone="Asia/Shanghai", currency="CNY")

    [organization, installed] = await database.read(
        Binding(tenant.id, tenant.metadata_version, tenant.access_version),
        Statement("SELECT id, name, language_locale_key, default_currency_iso_code FROM tenant.organization"),
        Statement("SELECT package FROM chassis.installation"),
    )

    assert is_id(tenant.organization_id)
    assert organization == [(tenant.organization_id, "Nordwind", "zh_CN", "CNY")]
    assert installed == [("platform",)]
    assert await tenant_by_name(database, "nordwind") == tenant
    assert await tenant_by_organization_id(database, tenant.organization_id) == tenant
    assert tenant in await list_tenants(database)


async def test_create_tells_the_versions_that_the_tenant_has(
    owner_dsn: str, database: Database, snapshots: SnapshotStore
) -> None:
    created = await create_tenant(owner_dsn, snapshots, NewTenant("ostwind", "Ostwind"))

    assert created == await tenant_by_id(database, created.id)


async def test_a_name_is_one_tenants(owner_dsn: str, snapshots: SnapshotStore) -> None:
    await create_tenant(owner_dsn, snapshots, NewTenant("twice", "Twice"))

    with pytest.raises(Conflict, match="There is a tenant 'twice' already"):
        await create_tenant(owner_dsn, snapshots, NewTenant("twice", "Twice"))


async def test_a_suspended_tenant_is_closed_until_it_is_resumed(
    owner_dsn: str, database: Database, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    async with database.transaction(Binding(tenant.id)) as tx:
        await tx.fetch(enqueue(tenant.id, "mail"))

    suspend(owner_dsn, tenant, "unpaid")

    with pytest.raises(TenantClosedError):
        await database.read(Binding(tenant.id), Statement("SELECT 1"))
    claimed = await database.registry(Statement("SELECT tenant_id FROM chassis.claim_jobs(100, 60)"))
    assert (tenant.id,) not in claimed
    resume(owner_dsn, tenant)
    [told] = await database.read(
        Binding(tenant.id),
        Statement(
            "SELECT action, display, old_value, new_value FROM tenant.setup_audit_trail ORDER BY id DESC LIMIT 2"
        ),
    )
    assert told == [
        ("resumedTenant", "", "suspended", "active"),
        ("suspendedTenant", "unpaid", "active", "suspended"),
    ]


async def test_an_export_has_every_row_and_no_secret(
    owner_dsn: str, database: Database, make_tenant: MakeTenant, tmp_path: Path
) -> None:
    tenant, other = await make_tenant("garage"), await make_tenant("garage")
    await fill(database, tenant)
    await fill(database, other)
    path = tmp_path / "export.zip"

    export = export_tenant(owner_dsn, tenant, path)

    expected = {name: count for name, count in count_everything(owner_dsn, tenant).items() if name in export.rows}
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        lines = archive.read("data.workshop.jsonl").decode().splitlines()
        users = archive.read("data.user.jsonl").decode()
        names = archive.namelist()
    assert manifest["organization_id"] == tenant.organization_id
    assert manifest["rows"] == export.rows == expected
    assert {json.loads(line)["name"] for line in lines} == {"北方", "Ulm"}
    assert f"ann@{tenant.name}" in users
    assert f"ann@{other.name}" not in users
    assert "chassis.credential.jsonl" not in names
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        export_tenant(owner_dsn, tenant, path)


async def test_erasing_leaves_nothing_and_touches_nobody_else(
    owner_dsn: str, database: Database, make_tenant: MakeTenant
) -> None:
    tenant, other = await make_tenant("garage", name="gone"), await make_tenant("garage")
    await fill(database, tenant)
    await fill(database, other)
    others = count_everything(owner_dsn, other)

    erase_tenant(owner_dsn, tenant)

    assert set(count_everything(owner_dsn, tenant).values()) == {0}
    assert count_everything(owner_dsn, other) == others
    left = await tenant_by_organization_id(database, tenant.organization_id)
    assert left is not None
    assert (left.status, left.label) == ("erased", "")
    assert tenant.id not in {each.id for each in await list_tenants(database)}
    with pytest.raises(TenantClosedError):
        await database.read(Binding(tenant.id), Statement("SELECT 1"))
    with pytest.raises(NotFound):
        erase_tenant(owner_dsn, tenant)
    assert (await make_tenant(name="gone")).id != tenant.id


async def test_a_tenant_is_closed_to_processes_of_another_region(
    database: Database, owner_dsn: str, server_dsn: str, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(name="heimat", region="eu-central")
    (anywhere,) = await database.read(Binding(tenant.id), Statement("SELECT 1"))
    assert (anywhere, tenant.region) == ([(1,)], "eu-central")
    await database.read(Binding(tenant.id), enqueue(tenant.id, "mail"))

    async with Database(server_dsn, smallest=1, largest=1, region="cn") as elsewhere:
        with pytest.raises(TenantClosedError):
            await elsewhere.read(Binding(tenant.id), Statement("SELECT 1"))
        with pytest.raises(TenantClosedError):
            async with elsewhere.transaction(Binding(tenant.id)) as tx:
                await tx.fetch(Statement("SELECT 1"))
        found = await tenant_by_name(elsewhere, "heimat")
        assert found is not None
        assert (found.status, await count_elsewhere(elsewhere)) == ("elsewhere", 1)
        claimed = "SELECT tenant_id FROM chassis.claim_jobs(400, 1, %(region)s)"
        assert (tenant.id,) not in await elsewhere.registry(Statement(claimed, {"region": "cn"}))

        set_region(owner_dsn, tenant, None)
        assert await elsewhere.read(Binding(tenant.id), Statement("SELECT 1")) == [[(1,)]]
        with pytest.raises(Invalid):
            set_region(owner_dsn, tenant, "Somewhere else")
