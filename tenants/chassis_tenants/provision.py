"""Acts of the platform's operator, as the owner: create a tenant, suspend and resume it, export it, erase it."""

from __future__ import annotations

import asyncio
import json
import os
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from chassis_metadata.errors import Conflict, NotFound
from chassis_metadata.ids import new_id
from chassis_tenants.database import Binding, Row, Transaction, bind_tenant
from chassis_tenants.installer import install_within
from chassis_tenants.journal import OPERATOR, SetupChange, setup_entry
from chassis_tenants.publisher import PLATFORM_PACKAGE
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

ORGANIZATION_PREFIX = "00D"
EXPORT_FORMAT = 1
_BATCH = 2_000
#: Hashes and tokens: an export is for people, and they are of use to nobody who is meant to have it.
SECRET_TABLES = frozenset({"chassis.credential", "chassis.session", "chassis.api_client", "chassis.inbound_key"})


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What a tenant is made with: a short unique name for the operator, a label for its people."""

    name: str
    label: str
    language: str = "en_US"
    time_zone: str = "UTC"
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Export:
    """What an export holds: rows by table."""

    path: Path
    rows: dict[str, int]


async def create_tenant(owner_dsn: str, snapshots: SnapshotStore, new: NewTenant) -> Tenant:
    """Make a tenant with its organization and the platform's package; nobody can sign in before a user is made."""
    async with _owner(owner_dsn) as connection:
        tenant = await _insert_tenant(connection, new)
        await bind_tenant(connection, tenant.id)
        tx = Transaction(connection, Binding(tenant.id))
        created = SetupChange("createdTenant", "Tenants", new.name, f"Created the tenant {new.label}")
        await install_within(tx, snapshots, PLATFORM_PACKAGE, actor=OPERATOR)
        await tx.fetch_each([_organization(tenant), setup_entry(tenant.id, OPERATOR, created)])
        return replace(tenant, metadata_version=tenant.metadata_version + 1, access_version=tenant.access_version + 1)


async def suspend_tenant(owner_dsn: str, tenant_id: int, reason: str = "") -> None:
    """Close a tenant: from now on every request and job of it is refused. Nothing is lost."""
    await _set_status(owner_dsn, tenant_id, "suspended", SetupChange("suspendedTenant", "Tenants", "", reason))


async def resume_tenant(owner_dsn: str, tenant_id: int, reason: str = "") -> None:
    """Open a suspended tenant again."""
    await _set_status(owner_dsn, tenant_id, "active", SetupChange("resumedTenant", "Tenants", "", reason))


async def export_tenant(
    owner_dsn: str, tenant_id: int, path: Path, *, now: datetime | None = None, with_secrets: bool = False
) -> Export:
    """Write all rows of a tenant, as of one moment, to a zip file of JSON lines with a manifest.

    Hashes of passwords, sessions and keys are left out unless `with_secrets`. Only the file's owner may read it.
    """
    async with _owner(owner_dsn) as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        tenant = await _tenant(connection, tenant_id)
        exported = SetupChange("exportedTenant", "Tenants", tenant.name, f"Exported all data to {path.name}")
        await _note(connection, tenant_id, exported)
        left_out = frozenset() if with_secrets else SECRET_TABLES
        names = [name for name in await _tenant_tables(connection) if name not in left_out]
        rows = await _write_export(connection, path, tenant, names, now or datetime.now(UTC))
    return Export(path, rows)


async def erase_tenant(owner_dsn: str, tenant_id: int) -> dict[str, int]:
    """Delete every row of a tenant, for good; what is left is its organization id and that it was erased."""
    async with _owner(owner_dsn) as connection:
        tenant = await _tenant(connection, tenant_id)
        await connection.execute("SET CONSTRAINTS ALL DEFERRED")
        deleted = {}
        for name in await _tenant_tables(connection):
            cursor = await connection.execute(
                sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(_identifier(name)), [tenant_id]
            )
            deleted[name] = cursor.rowcount
        await connection.execute(
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
            "INSERT INTO chassis.tenant (organization_id, name, label, language, time_zone, currency)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id, organization_id, name, label, status, language, time_zone,"
            " currency, metadata_version, access_version",
            [new_id(ORGANIZATION_PREFIX), new.name, new.label, new.language, new.time_zone, new.currency],
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


async def _set_status(owner_dsn: str, tenant_id: int, status: str, change: SetupChange) -> None:
    async with _owner(owner_dsn) as connection:
        tenant = await _tenant(connection, tenant_id)
        await connection.execute("UPDATE chassis.tenant SET status = %s WHERE id = %s", [status, tenant_id])
        await _note(connection, tenant_id, replace(change, target=tenant.name, before=tenant.status, after=status))


async def _tenant(connection: AsyncConnection[Row], tenant_id: int) -> Tenant:
    cursor = await connection.execute(
        "SELECT id, organization_id, name, label, status, language, time_zone, currency, metadata_version,"
        " access_version FROM chassis.tenant WHERE id = %s AND status <> 'erased' FOR NO KEY UPDATE",
        [tenant_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound.of("unknown_tenant", f"There is no tenant {tenant_id}.")
    return Tenant(*row)


async def _note(connection: AsyncConnection[Row], tenant_id: int, change: SetupChange) -> None:
    entry = setup_entry(tenant_id, OPERATOR, change)
    await bind_tenant(connection, tenant_id)
    await connection.execute(entry.text, entry.parameters)


async def _tenant_tables(connection: AsyncConnection[Row]) -> list[str]:
    """Every table that holds tenants' rows."""
    cursor = await connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnum > 0"
        " WHERE n.nspname IN ('chassis', 'data') AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
    )
    return [row[0] for row in await cursor.fetchall()]


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split(".", 1))


async def _write_export(
    connection: AsyncConnection[Row], path: Path, tenant: Tenant, names: Iterable[str], now: datetime
) -> dict[str, int]:
    counts = {}
    # A new file that only its owner may read; one that is there already is somebody else's.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            counts[name] = await _write_table(connection, archive, tenant.id, name)
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


async def _write_table(
    connection: AsyncConnection[Row], archive: zipfile.ZipFile, tenant_id: int, name: str
) -> int:
    """One line of JSON a row; the cursor keeps memory flat whatever the table's size."""
    query = sql.SQL("SELECT row_to_json(t)::text FROM {} t WHERE tenant_id = %s").format(_identifier(name))
    count = 0
    async with connection.cursor(name="export") as cursor:
        await cursor.execute(query, [tenant_id])
        with archive.open(f"{name}.jsonl", "w", force_zip64=True) as lines:
            while batch := await cursor.fetchmany(_BATCH):
                await asyncio.to_thread(lines.write, "".join(_lines(batch)).encode())
                count += len(batch)
    return count


def _lines(batch: Iterable[Row]) -> Iterator[str]:
    return (f"{row[0]}\n" for row in batch)
