"""Documents that flows asked for: made as the user who set the flow off, and posted as every other call is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chassis_platform import clock
from chassis_platform.access.administration import without_assignments
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.automation.identity import acting_as, context_of_job
from chassis_platform.automation.webhooks import make_call
from chassis_platform.documents.outbound import document_named, make_document
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

_USER = Statement(
    "SELECT u.username, u.language_locale_key, u.time_zone_sid_key, t.metadata_version, t.access_version"
    ' FROM tenant."user" u JOIN chassis.tenant t ON t.id = u.tenant_id'
    " WHERE u.tenant_id = %(tenant_id)s AND u.id = %(user_id)s AND u.is_active AND NOT u.is_deleted"
)


async def send_document(
    database: Database,
    snapshots: SnapshotStore,
    policies: PolicyStore,
    settings: Settings,
    tenant_id: int,
    payload: Mapping[str, Any],
) -> None:
    """Make the document of a job and post it. Raises where it must be tried again; the delivery's id stays."""
    automation = await context_of_job(database, snapshots, tenant_id)
    if automation is None:
        return
    if payload["clear"]:
        async with database.transaction(automation.binding) as transaction:
            context: Context | None = await acting_as(transaction, automation, payload["user"])
    else:
        context = await _context_of_user(database, snapshots, policies, automation.tenant, payload["user"])
    if context is None:
        return  # whose rights were to hold has none any more
    document = document_named(context, payload["name"])
    made = await make_document(database, context, document, payload["record"], clock.now())
    said = {"document": made.content.decode(), "type": f"{made.content_type}; charset=utf-8"}
    await make_call(automation, settings, {**payload, **said})


async def _context_of_user(
    database: Database, snapshots: SnapshotStore, policies: PolicyStore, tenant: Tenant, user_id: str
) -> Context | None:
    [rows] = await database.read(Binding(tenant.id), _USER.bind(tenant_id=tenant.id, user_id=user_id))
    if not rows:
        return None
    username, language, zone, metadata_version, access_version = rows[0]
    current = replace(tenant, metadata_version=metadata_version, access_version=access_version)
    snapshot = await snapshots.of(tenant.id, metadata_version)
    policy = without_assignments(await policies.of(current, user_id, snapshot, access_version))
    principal = Principal(
        user_id, username, "worker", language=language or tenant.language, time_zone=zone or tenant.time_zone
    )
    return Context(current, principal, snapshot, policy, Binding(tenant.id, metadata_version, access_version))
