"""Acts of the platform's operator, as the owner: create a tenant, suspend and resume it, export it, erase it."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_tenants.database import Binding, Row, Transaction, bind_tenant
from chassis_tenants.installer import install_within
from chassis_tenants.journal import OPERATOR, SetupChange, setup_entry
from chassis_tenants.publisher import PLATFORM_PACKAGE, Connection
from chassis_tenants.quotas import clear_override, overrides_of, set_override
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant
from chassis_tenants.wire import Wire

ORGANIZATION_PREFIX = "00D"
EXPORT_FORMAT = 1
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_BATCH = 2_000
#: Hashes and tokens: an export is for people, and they are of use to nobody who is meant to have it.
SECRET_TABLES = frozenset(
    {
        "chassis.credential",
        "chassis.session",
        "chassis.api_client",
        "chassis.inbound_key",
        "chassis.tenant_key",
        "chassis.oauth_code",
        "chassis.refresh_token",
        "chassis.device_code",
        "chassis.identity_provider",
        "chassis.sso_attempt",
        "chassis.scim_token",
        "chassis.door_token",
        "chassis.factor",
        "chassis.recovery_code",
        "chassis.known_device",
    }
)


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What a tenant is made with: a short unique name for the operator, a label for its people."""

    name: str
    label: str
    language: str = "en_US"
    time_zone: str = "UTC"
    currency: str = "USD"
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """What an export holds: rows by table."""

    path: Path
    rows: dict[str, int]


async def create_tenant(owner_dsn: str, snapshots: SnapshotStore, new: NewTenant) -> Tenant:
    """Make a tenant with its organization and the platform's package; nobody can sign in before a user is made."""
    if not _NAME.fullmatch(new.name):
        message = f"{new.name!r} is no tenant's name. Use lower-case letters, digits and hyphens, a letter first."
        raise Invalid.of("invalid_name", message, path="name")
    _check_region(new.region)
    async with _owner(owner_dsn) as connection:
        tenant = await _insert_tenant(connection, new)
        await bind_tenant(connection, tenant.id)
        tx = Transaction(Wire(connection), Binding(tenant.id), snapshots.database.keys)
        created = SetupChange("createdTenant", "Tenants", new.name, f"Created the tenant {new.label}")
        await install_within(tx, snapshots, PLATFORM_PACKAGE, actor=OPERATOR)
        await tx.fetch_each([_organization(tenant), setup_entry(tenant.id, OPERATOR, created)])
        return replace(tenant, metadata_version=tenant.metadata_version + 1, access_version=tenant.access_version + 1)


def _check_region(region: str | None) -> None:
    if region is not None and not _NAME.fullmatch(region):
        message = f"{region!r} is no region. Use lower-case letters, digits and hyphens, such as eu-central."
        raise Invalid.of("invalid_name", message, path="region")


def set_region(owner_dsn: str, tenant: Tenant, region: str | None) -> None:
    """Say where a tenant's data have to stay; None: anywhere. It moves nothing: who serves elsewhere refuses it."""
    _check_region(region)
    display = f"The data of {tenant.name} have to stay in {region}" if region else "The data may be anywhere"
    with psycopg.connect(owner_dsn) as connection:
        _check_there(connection, tenant)
        text = "UPDATE chassis.tenant SET region = %s, access_version = access_version + 1 WHERE id = %s"
        connection.execute(text, [region, tenant.id])
        _note(connection, tenant, SetupChange("setRegion", "Tenants", tenant.name, display, tenant.region, region))


def set_limits(owner_dsn: str, tenant: Tenant, overrides: Mapping[str, int | None]) -> dict[str, int]:
    """Set limits of a tenant, None takes the default back; answers the overrides that hold then."""
    with psycopg.connect(owner_dsn) as connection:
        _check_there(connection, tenant)
        before = _overrides(connection, tenant)
        for name, value in overrides.items():
            _execute(
                connection,
                clear_override(tenant.id, name) if value is None else set_override(tenant.id, name, value),
            )
        after = _overrides(connection, tenant)
        if after != before:
            told = [", ".join(f"{name}: {value:,}" for name, value in each.items()) or None for each in (before, after)]
            _note(connection, tenant, SetupChange("setLimits", "Tenants", tenant.name, "Changed the limits", *told))
    return after


def _overrides(connection: Connection, tenant: Tenant) -> dict[str, int]:
    return dict(_execute(connection, overrides_of(tenant.id)).fetchall())


def _execute(connection: Connection, statement: Statement) -> psycopg.Cursor[Row]:
    return connection.execute(statement.text.encode(), statement.parameters)


def suspend(owner_dsn: str, tenant: Tenant, reason: str = "") -> None:
    """Close a tenant: from now on every request and job of it is refused. Nothing is lost."""
    _set_status(owner_dsn, tenant, "suspended", SetupChange("suspendedTenant", "Tenants", tenant.name, reason))


def resume(owner_dsn: str, tenant: Tenant, reason: str = "") -> None:
    """Open a suspended tenant again."""
    _set_status(owner_dsn, tenant, "active", SetupChange("resumedTenant", "Tenants", tenant.name, reason))


def export_tenant(
    owner_dsn: str, tenant: Tenant, path: Path, *, now: datetime | None = None, with_secrets: bool = False
) -> Export:
    """Write all rows of a tenant, as of one moment, to a new zip file of JSON lines with a manifest.

    Hashes of passwords, sessions and keys are left out unless `with_secrets`. Only the file's owner may read it.
    """
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _check_there(connection, tenant)
        _note(connection, tenant, SetupChange("exportedTenant", "Tenants", tenant.name, f"Exported to {path.name}"))
        left_out = frozenset() if with_secrets else SECRET_TABLES
        names = [name for name in _tenant_tables(connection) if name not in left_out]
        return Export(path, _write_export(connection, path, tenant, names, now or datetime.now(UTC)))


def erase_tenant(owner_dsn: str, tenant: Tenant) -> dict[str, int]:
    """Delete every row of a tenant, for good; what is left is its organization id and that it was erased."""
    with psycopg.connect(owner_dsn) as connection:
        _check_there(connection, tenant)
        connection.execute("SET CONSTRAINTS ALL DEFERRED")
        deleted = {name: _delete_rows(connection, tenant, name) for name in _tenant_tables(connection)}
        connection.execute(
            "UPDATE chassis.tenant SET status = 'erased', name = organization_id, label = '',"
            " metadata_version = metadata_version + 1, access_version = access_version + 1 WHERE id = %s",
            [tenant.id],
        )
        return deleted


@asynccontextmanager
async def _owner(owner_dsn: str) -> AsyncIterator[AsyncConnection[Row]]:
    """A transaction of the owner, whom row-level security does not bind: every statement names its tenant."""
    async with await AsyncConnection[Row].connect(owner_dsn) as connection:
        yield connection


async def _insert_tenant(connection: AsyncConnection[Row], new: NewTenant) -> Tenant:
    try:
        cursor = await connection.execute(
            "INSERT INTO chassis.tenant (organization_id, name, label, language, time_zone, currency, region)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id, organization_id, name, label, status, language,"
            " time_zone, currency, metadata_version, access_version, region",
            [new_id(ORGANIZATION_PREFIX), new.name, new.label, new.language, new.time_zone, new.currency, new.region],
        )
    except psycopg.errors.UniqueViolation:
        raise Conflict.of("duplicate_name", f"There is a tenant {new.name!r} already.", path="name") from None
    [row] = await cursor.fetchall()
    return Tenant(*row)


def _organization(tenant: Tenant) -> Statement:
    values = {
        "tenant_id": tenant.id,
        "id": tenant.organization_id,
        "name": tenant.label,
        "instance_name": "chassis",
        "is_sandbox": False,
        "organization_type": "Chassis",
        "language_locale_key": tenant.language,
        "time_zone_sid_key": tenant.time_zone,
        "default_currency_iso_code": tenant.currency,
    }
    places = ", ".join(f"%({name})s" for name in values)
    return Statement(f"INSERT INTO data.organization ({', '.join(values)}) VALUES ({places})", values)  # noqa: S608


def _set_status(owner_dsn: str, tenant: Tenant, status: str, change: SetupChange) -> None:
    with psycopg.connect(owner_dsn) as connection:
        before = _check_there(connection, tenant)
        connection.execute("UPDATE chassis.tenant SET status = %s WHERE id = %s", [status, tenant.id])
        _note(connection, tenant, replace(change, before=before, after=status))


def _check_there(connection: Connection, tenant: Tenant) -> str:
    """The tenant's status, and nobody else changes it meanwhile."""
    row = connection.execute(
        "SELECT status FROM chassis.tenant WHERE id = %s AND status <> 'erased' FOR NO KEY UPDATE", [tenant.id]
    ).fetchone()
    if row is None:
        raise NotFound.of("unknown_tenant", f"There is no tenant {tenant.name!r} any more.")
    return str(row[0])


def _note(connection: Connection, tenant: Tenant, change: SetupChange) -> None:
    _execute(connection, setup_entry(tenant.id, OPERATOR, change))


def _tenant_tables(connection: Connection) -> list[str]:
    """Every table that holds tenants' rows."""
    rows = connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0"
        " WHERE n.nspname IN ('chassis', 'data') AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
    )
    return [row[0] for row in rows]


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split(".", 1))


def _delete_rows(connection: Connection, tenant: Tenant, name: str) -> int:
    statement = sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(_identifier(name))
    return connection.execute(statement, [tenant.id]).rowcount


def _write_export(
    connection: Connection, path: Path, tenant: Tenant, names: Iterable[str], now: datetime
) -> dict[str, int]:
    # A new file that only its owner may read; one that is there already is somebody else's.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        counts = {name: _write_table(connection, archive, tenant, name) for name in names}
        archive.writestr("manifest.json", json.dumps(_manifest(tenant, counts, now), ensure_ascii=False, indent=2))
    return counts


def _manifest(tenant: Tenant, counts: dict[str, int], now: datetime) -> dict[str, Any]:
    return {
        "format": EXPORT_FORMAT,
        "exported_at": now.isoformat(),
        "organization_id": tenant.organization_id,
        "name": tenant.name,
        "label": tenant.label,
        "rows": counts,
    }


def _write_table(connection: Connection, archive: zipfile.ZipFile, tenant: Tenant, name: str) -> int:
    """One line of JSON a row; the cursor keeps memory flat whatever the table's size."""
    query = sql.SQL("SELECT row_to_json(t)::text FROM {} t WHERE tenant_id = %s").format(_identifier(name))
    count = 0
    with connection.cursor(name="export") as cursor:
        cursor.execute(query, [tenant.id])
        with archive.open(f"{name}.jsonl", "w", force_zip64=True) as lines:
            while batch := cursor.fetchmany(_BATCH):
                lines.write("".join(f"{row[0]}\n" for row in batch).encode())
                count += len(batch)
    return count
