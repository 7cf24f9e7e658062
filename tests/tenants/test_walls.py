"""The walls round a tenant, proven as the server's role: what forgets the tenant sees and changes nothing."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from chassis_metadata.ids import new_id
from chassis_tenants.database import Binding, Database
from chassis_tenants.isolation import BOUND_TENANT, check_walls, missing_walls
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from conftest import MakeTenant

INSERT = "INSERT INTO data.workshop (tenant_id, id, name) VALUES (%(tenant_id)s, %(id)s, 'Nordwind')"


def bound_to(tenant: Tenant) -> str:
    return f"SET LOCAL app.tenant_id = '{tenant.id}'"


def workshop_of(tenant: Tenant) -> dict[str, Any]:
    return {"tenant_id": tenant.id, "id": new_id("gW1")}


@pytest.fixture(scope="module")
async def workshop(database: Database, tenant: Tenant) -> str:
    values = workshop_of(tenant)
    async with database.transaction(Binding(tenant.id)) as tx:
        await tx.fetch(Statement(INSERT, values))
    return str(values["id"])


@pytest.fixture(scope="module")
async def neighbour(make_tenant: MakeTenant) -> Tenant:
    return await make_tenant("garage")


async def test_no_wall_is_missing(database: Database) -> None:
    assert await check_walls(database) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("ALTER TABLE data.workshop DISABLE ROW LEVEL SECURITY", "data.workshop has no row-level security"),
        ("DROP POLICY isolation ON data.stay", "data.stay has no policy `isolation`"),
        ("ALTER POLICY isolation ON data.stay USING (true)", "data.stay has no policy `isolation`"),
        ("CREATE POLICY guests ON chassis.component USING (true)", "chassis.component has another policy: guests"),
        ("CREATE TABLE data.loose (id text)", "data.loose has no tenant_id"),
        ("CREATE TABLE data.open (tenant_id integer)", "data.open has no row-level security"),
        ("GRANT INSERT ON chassis.package_version TO chassis_server", "chassis.package_version has no tenant_id"),
        (
            "CREATE OR REPLACE VIEW tenant.workshop AS SELECT * FROM data.workshop",
            "tenant.workshop does not show the bound tenant's rows",
        ),
        (
            f"CREATE OR REPLACE VIEW tenant.stay AS TABLE data.stay LIMIT nullif({BOUND_TENANT}, 0)",
            "tenant.stay does not show the bound tenant's rows",
        ),
        ("CREATE VIEW tenant.stray AS SELECT 1 AS one", "tenant.stray"),
        (
            "CREATE VIEW data.all_stays AS TABLE data.stay; GRANT SELECT ON data.all_stays TO chassis_server",
            "chassis_server may read the view data.all_stays",
        ),
        ("ALTER VIEW tenant.stay SET (security_barrier = true)", "tenant.stay is a security barrier"),
        ("ALTER VIEW tenant.stay OWNER TO postgres", "tenant.stay is owned by another role"),
        ("ALTER VIEW tenant.stay RESET (check_option)", "tenant.stay has no check option"),
        ("GRANT UPDATE ON data.access_log TO chassis_server", "may change or remove entries of data.access_log"),
        ("GRANT UPDATE (display) ON data.setup_audit_trail TO chassis_server", "entries of data.setup_audit_trail"),
        ("GRANT TRUNCATE ON data.stay TO chassis_server", "may empty, refer to or put triggers on data.stay"),
        ("GRANT CREATE ON SCHEMA data TO chassis_server", "may make tables in schema data"),
        ("GRANT chassis_owner TO chassis_server", "chassis_server is a member of chassis_owner"),
        ("ALTER ROLE chassis_server BYPASSRLS", "chassis_server may bypass row-level security"),
        ("ALTER TABLE data.stay OWNER TO chassis_server", "chassis_server owns data.stay"),
        (
            "CREATE FUNCTION public.everything() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
            "everything() runs as its owner",
        ),
    ],
)
def test_a_missing_wall_is_told(superuser_dsn: str, damage: str, told: str) -> None:
    with psycopg.connect(superuser_dsn) as connection:
        connection.execute(damage.encode())

        missing = missing_walls(connection)
        connection.rollback()

    assert any(told in each for each in missing), missing


@pytest.mark.usefixtures("workshop")
def test_without_a_tenant_nothing_is_seen_or_changed(server_dsn: str, tenant: Tenant) -> None:
    with psycopg.connect(server_dsn) as connection:
        for relation in ("tenant.workshop", "data.workshop", "chassis.installation", 'data."user"'):
            assert connection.execute(f"SELECT * FROM {relation}".encode()).fetchall() == []  # noqa: S608
        assert connection.execute("UPDATE data.workshop SET name = 'x'").rowcount == 0
        assert connection.execute("DELETE FROM data.workshop").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(INSERT, workshop_of(tenant))


def test_another_tenants_rows_are_out_of_reach(
    server_dsn: str, tenant: Tenant, neighbour: Tenant, workshop: str
) -> None:
    with psycopg.connect(server_dsn) as connection:
        connection.execute(bound_to(neighbour).encode())

        for relation in ("tenant.workshop", "data.workshop"):
            seen = connection.execute(f"SELECT * FROM {relation} WHERE id = %s".encode(), [workshop])  # noqa: S608
            assert seen.fetchall() == []
        assert connection.execute("UPDATE data.workshop SET name = 'x' WHERE id = %s", [workshop]).rowcount == 0
        assert connection.execute("DELETE FROM data.workshop WHERE tenant_id = %s", [tenant.id]).rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(INSERT, workshop_of(tenant))


def test_a_row_cannot_be_moved_to_another_tenant(
    server_dsn: str, tenant: Tenant, neighbour: Tenant, workshop: str
) -> None:
    with psycopg.connect(server_dsn) as connection:
        connection.execute(bound_to(tenant).encode())

        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute("UPDATE data.workshop SET tenant_id = %s WHERE id = %s", [neighbour.id, workshop])


def test_a_reference_to_another_tenants_row_is_refused(server_dsn: str, neighbour: Tenant, workshop: str) -> None:
    with psycopg.connect(server_dsn) as connection:
        connection.execute(bound_to(neighbour).encode())
        row = workshop_of(neighbour) | {"parent": workshop}

        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute(
                "INSERT INTO data.workshop (tenant_id, id, name, parent_workshop_id)"
                " VALUES (%(tenant_id)s, %(id)s, 'x', %(parent)s)",
                row,
            )


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE data.mine (tenant_id integer)",
        "CREATE TABLE public.mine (tenant_id integer)",
        "CREATE TEMPORARY TABLE mine (tenant_id integer)",
        "CREATE SCHEMA mine",
        "ALTER TABLE data.workshop DISABLE ROW LEVEL SECURITY",
        "DROP POLICY isolation ON data.workshop",
        "TRUNCATE data.workshop",
        "CREATE INDEX mine ON data.workshop (name)",
        "SET ROLE chassis_owner",
        "ALTER ROLE chassis_server BYPASSRLS",
        "INSERT INTO chassis.tenant (organization_id, name, label) VALUES ('x', 'x', 'x')",
        "UPDATE chassis.tenant SET status = 'active'",
        "UPDATE chassis.package_version SET digest = ''",
        "UPDATE data.setup_audit_trail SET display = ''",
        "DELETE FROM data.access_log",
        "INSERT INTO tenant.workshop (tenant_id, id) VALUES (1, 'x')",
    ],
)
def test_the_server_may_not(server_dsn: str, statement: str) -> None:
    with psycopg.connect(server_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.usefixtures("neighbour")
def test_the_server_changes_the_versions_of_the_bound_tenant_only(server_dsn: str, tenant: Tenant) -> None:
    with psycopg.connect(server_dsn) as connection:
        connection.execute(bound_to(tenant).encode())

        changed = connection.execute("UPDATE chassis.tenant SET metadata_version = metadata_version + 1 RETURNING id")

        assert changed.fetchall() == [(tenant.id,)]
        connection.rollback()


def test_the_binding_ends_with_the_transaction(server_dsn: str, tenant: Tenant, workshop: str) -> None:
    with psycopg.connect(server_dsn) as connection:
        connection.execute(bound_to(tenant).encode())
        assert len(connection.execute("SELECT * FROM tenant.workshop WHERE id = %s", [workshop]).fetchall()) == 1
        connection.commit()

        assert connection.execute("SELECT * FROM tenant.workshop").fetchall() == []
