"""In whose name automation acts when no user is at hand, and the contexts of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from chassis_platform.access.context import Context, Principal
from chassis_platform.access.policy import AccessPolicy, Grants
from chassis_platform.access.system import as_automation
from chassis_tenants.database import Binding, Database, Row, Transaction
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

_USER = Statement(
    'SELECT id, username, language_locale_key, time_zone_sid_key FROM tenant."user"'
    " WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s"
)
AUTOMATION_USER = Statement(
    'SELECT id, username, language_locale_key, time_zone_sid_key FROM tenant."user"'
    " WHERE tenant_id = %(tenant_id)s AND is_active AND NOT is_deleted"
    " ORDER BY user_type IS DISTINCT FROM 'Automation', created_date, id LIMIT 1"
)
_NOBODY = AccessPolicy("", Grants("nobody", {}))


async def context_of_job(database: Database, snapshots: SnapshotStore, tenant_id: int) -> Context | None:
    """The context of a job with automation's rights, in nobody's name yet; None where the tenant is closed."""
    tenant = await tenant_by_id(database, tenant_id)
    return await in_nobodys_name(snapshots, tenant) if tenant is not None and tenant.status == "active" else None


async def in_nobodys_name(snapshots: SnapshotStore, tenant: Tenant) -> Context:
    """The context with automation's rights for an open tenant."""
    snapshot = await snapshots.of(tenant.id, tenant.metadata_version)
    nobody = cast("str", None)  # whoever acts with it takes a name first, by `acting_as`
    principal = Principal(nobody, "automation", "worker", language=tenant.language, time_zone=tenant.time_zone)
    binding = Binding(tenant.id, metadata_version=tenant.metadata_version)
    return as_automation(Context(tenant, principal, snapshot, _NOBODY, binding))


async def acting_as(transaction: Transaction, context: Context, user_id: str | None) -> Context:
    """The same in a user's name: the one who set it off, or the tenant's user for automation, or its first user."""
    rows = []
    if user_id:
        rows = await transaction.fetch(_USER.bind(tenant_id=context.tenant.id, user_id=user_id))
    if not rows:
        rows = await transaction.fetch(AUTOMATION_USER.bind(tenant_id=context.tenant.id))
    return named(context, rows)


def named(context: Context, rows: Sequence[Row]) -> Context:
    """The context in the name of the user that was found, if one was."""
    found_id, username, language, zone = rows[0] if rows else (None, "automation", None, None)
    principal = replace(
        context.principal,
        user_id=cast("str", found_id),  # nobody, while a tenant has no users
        username=username,
        language=language or context.tenant.language,
        time_zone=zone or context.tenant.time_zone,
    )
    return as_automation(replace(context, principal=principal))
