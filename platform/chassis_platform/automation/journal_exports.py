"""Sending a tenant's sealed journal elsewhere: each place has a cursor, which moves when a batch was taken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog

from chassis_metadata.errors import Invalid, NotFound, Unavailable
from chassis_metadata.ids import new_id
from chassis_platform.access.context import Context
from chassis_platform.audit.sinks import Origin, SinkError, Target, deliver
from chassis_platform.audit.stream import Place, read_sealed
from chassis_platform.auth.tenant_secrets import JOURNAL_EXPORT
from chassis_platform.outbound import Destinations, NotAllowedError
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.statement import Statement

log = structlog.get_logger()

PREFIX = "0Jx"
_SCHEMES = {"syslog": ("syslog", "syslogs"), "storage": ("https", "http")}
_SHOWN = "id, kind, label, target, is_active, sequence, position, sent, last_sent_at, last_error"
_ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class NewExport:
    """A place to be sent to; `secret` is storage's secret key."""

    kind: str
    label: str
    url: str
    region: str = "us-east-1"
    access_key: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Export:
    """A place, and how far it is."""

    id: str
    target: Target
    place: Place


async def list_exports(database: Database, context: Context) -> list[dict[str, Any]]:
    """Every place, without its secret, with how far it is."""
    statement = Statement(
        f"SELECT {_SHOWN} FROM chassis.audit_export WHERE tenant_id = %(tenant_id)s ORDER BY id",  # noqa: S608
        {"tenant_id": context.tenant.id},
    )
    [rows] = await database.read(context.binding, statement)
    return [dict(zip(_SHOWN.split(", "), row, strict=True)) for row in rows]


async def add_export(database: Database, context: Context, actor: Actor, new: NewExport) -> str:
    """Send the journal there too, from its beginning on; answers the export's id."""
    if new.kind not in _SCHEMES or urlsplit(new.url).scheme not in _SCHEMES[new.kind] or not urlsplit(new.url).hostname:
        message = "kind is syslog (syslog://host:port, syslogs:// for TLS) or storage (https://host/bucket/prefix)."
        raise Invalid.of("invalid_target", message, path="url")
    if "@" in urlsplit(new.url).netloc:
        message = "The address holds no user name or password: it is shown. Storage takes access_key and secret."
        raise Invalid.of("invalid_target", message, path="url")
    export_id = new_id(PREFIX)
    target = {"url": new.url, "region": new.region, "access_key": new.access_key}
    statement = Statement(
        "INSERT INTO chassis.audit_export (tenant_id, id, kind, label, target, secret)"
        " VALUES (%(tenant_id)s, %(id)s, %(kind)s, %(label)s, %(target)s::jsonb, %(secret)s)",
        {
            "tenant_id": context.tenant.id,
            "id": export_id,
            "kind": new.kind,
            "label": new.label,
            "target": orjson.dumps(target).decode(),
            "secret": JOURNAL_EXPORT.to_seal(export_id, new.secret.encode()) if new.secret else None,
        },
        sealed=True,
    )
    change = SetupChange("addedJournalExport", "Audit", new.label, f"The journal is sent to {new.url}", after=target)
    await database.read(context.binding, statement, setup_entry(context.tenant.id, actor, change))
    return export_id


async def remove_export(database: Database, context: Context, actor: Actor, export_id: str) -> None:
    """Send nothing there any more."""
    removed = Statement(
        "DELETE FROM chassis.audit_export WHERE tenant_id = %(tenant_id)s AND id = %(id)s RETURNING label, target",
        {"tenant_id": context.tenant.id, "id": export_id},
    )
    async with database.transaction(context.binding) as transaction:
        rows = await transaction.fetch(removed)
        if not rows:
            raise NotFound.of("not_found", "There is no such export.")
        label, target = rows[0]
        change = SetupChange("removedJournalExport", "Audit", label, "The journal is not sent there any more", target)
        await transaction.fetch(setup_entry(context.tenant.id, actor, change))


async def run_exports(database: Database, settings: Settings, home: Path, tenant_id: int) -> None:
    """Send what is new to every place. One that fails is told in its row, and tried again at the next look."""
    statement = Statement(
        "SELECT id, target, sequence, position FROM chassis.audit_export WHERE tenant_id = %(tenant_id)s AND is_active",
        {"tenant_id": tenant_id},
    )
    [rows] = await database.read(Binding(tenant_id), statement)
    destinations = Destinations(settings.webhook_hosts, settings.webhook_private, "CHASSIS_WEBHOOK_HOSTS")
    for export_id, target, sequence, position in rows:
        export = _Export(export_id, Target(**target), Place(sequence, position))
        try:
            await _send_rest(database, home, destinations, tenant_id, export)
        except (OSError, SinkError, NotAllowedError, Unavailable) as error:
            log.warning("journal_not_exported", tenant_id=tenant_id, export=export_id, error=str(error))
            await _note(database, tenant_id, export_id, "last_error = %(error)s", error=str(error)[:_ERROR_LENGTH])


_SECRET = Statement(
    f"SELECT {JOURNAL_EXPORT.in_sql('secret')} FROM chassis.audit_export"  # noqa: S608  this file's names
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
    sealed=True,
)


async def _secret_of(database: Database, home: Path, tenant_id: int, export_id: str) -> str:
    """The place's secret; empty where it has none. Raises Unavailable where it can't be opened: nothing is sent."""
    [rows] = await database.read(Binding(tenant_id), _SECRET.bind(tenant_id=tenant_id, id=export_id))
    opened = JOURNAL_EXPORT.opened(home, tenant_id, export_id, rows[0][0]) if rows else None
    return "" if opened is None else opened.decode()


async def _send_rest(
    database: Database, home: Path, destinations: Destinations, tenant_id: int, export: _Export
) -> None:
    tenant, place = await tenant_by_id(database, tenant_id), export.place
    secret = await _secret_of(database, home, tenant_id, export.id)
    while tenant is not None and tenant.status == "active":
        origin = Origin(tenant.organization_id, tenant.region)
        entries = await read_sealed(database, tenant_id, place)
        if not entries:
            return
        await asyncio.to_thread(deliver, destinations, export.target, secret, entries, origin)
        place = entries[-1].place
        done = (
            "sequence = %(sequence)s, position = %(position)s, sent = sent + %(count)s, last_sent_at = now(),"
            " last_error = NULL"
        )
        values = {"sequence": place.sequence, "position": place.position, "count": len(entries)}
        await _note(database, tenant_id, export.id, done, **values)


async def _note(database: Database, tenant_id: int, export_id: str, change: str, **values: Any) -> None:
    text = f"UPDATE chassis.audit_export SET {change} WHERE tenant_id = %(tenant_id)s AND id = %(id)s"  # noqa: S608
    await database.read(Binding(tenant_id), Statement(text, {"tenant_id": tenant_id, "id": export_id, **values}))
