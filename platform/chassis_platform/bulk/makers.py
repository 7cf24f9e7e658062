"""In whose name a job's records are written: its maker's, with the rights that the maker has by then."""

from __future__ import annotations

from dataclasses import replace

from chassis_platform.access.administration import without_assignments
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.scopes import narrowed
from chassis_platform.bulk.jobs import BulkJob
from chassis_tenants.database import Binding, Database
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

_MAKER = Statement(
    "SELECT u.username, u.language_locale_key, u.time_zone_sid_key, t.metadata_version, t.access_version"
    ' FROM tenant."user" u JOIN chassis.tenant t ON t.id = u.tenant_id'
    " WHERE u.tenant_id = %(tenant_id)s AND u.id = %(user_id)s AND u.is_active AND NOT u.is_deleted"
)
#: In a job's settings: what the connected app that made it may do in the user's name.
SCOPES = "scopes"


async def context_of_maker(
    database: Database, snapshots: SnapshotStore, policies: PolicyStore, tenant_id: int, job: BulkJob
) -> Context | None:
    """The maker's Context as of now; None where the user, or the tenant, is active no more.

    A job can't show who made it: what asks for that is not to be had through it.
    """
    tenant = await tenant_by_id(database, tenant_id)
    if tenant is None or tenant.status != "active":
        return None
    [rows] = await database.read(Binding(tenant_id), _MAKER.bind(tenant_id=tenant_id, user_id=job.user_id))
    if not rows:
        return None
    username, language, zone, metadata_version, access_version = rows[0]
    current = replace(tenant, metadata_version=metadata_version, access_version=access_version)
    snapshot = await snapshots.of(tenant_id, metadata_version)
    policy = without_assignments(await policies.of(current, job.user_id, snapshot, access_version))
    scopes = job.settings.get(SCOPES)
    principal = Principal(
        job.user_id,
        username,
        "api",
        client_name=job.client_name,
        source_ip=job.source_ip,
        language=language or tenant.language,
        time_zone=zone or tenant.time_zone,
        scopes=None if scopes is None else frozenset(scopes),
        acting_user_id=job.acting_user_id,
    )
    policy = narrowed(policy, principal.scopes, snapshot)
    return Context(current, principal, snapshot, policy, Binding(tenant_id, metadata_version, access_version))
