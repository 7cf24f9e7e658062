"""The Context of a user who is not there: jobs, webhooks and documents are made in somebody's name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chassis_platform.access.administration import without_assignments
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.scopes import narrowed
from chassis_tenants.database import Binding, Database
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

_USER = Statement(
    "SELECT u.id, u.username, u.language_locale_key, u.time_zone_sid_key, t.metadata_version, t.access_version"
    ' FROM tenant."user" u JOIN chassis.tenant t ON t.id = u.tenant_id'
    " WHERE u.tenant_id = %(tenant_id)s AND u.id = %(user_id)s AND u.is_active AND NOT u.is_deleted"
)


@dataclass(frozen=True, slots=True)
class Errand:
    """What is done in the user's name: the kind of principal, and who asked for it, how and from where."""

    kind: str
    client_name: str | None = None
    source_ip: str | None = None
    acting_user_id: str | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class AbsentUser:
    """An active user, and the versions that the user's context depends on."""

    user_id: str
    username: str
    language: str | None
    time_zone: str | None
    metadata_version: int
    access_version: int


async def find_absent_user(database: Database, tenant_id: int, user_id: str) -> AbsentUser | None:
    """The user with that id, if active."""
    [rows] = await database.read(Binding(tenant_id), _USER.bind(tenant_id=tenant_id, user_id=user_id))
    return AbsentUser(*rows[0]) if rows else None


async def context_of_absent_user(
    database: Database, snapshots: SnapshotStore, policies: PolicyStore, tenant_id: int, user_id: str, errand: Errand
) -> Context | None:
    """With the rights that the user has by now; None where the user, or the tenant, is active no more."""
    tenant = await tenant_by_id(database, tenant_id)
    if tenant is None or tenant.status != "active":
        return None
    user = await find_absent_user(database, tenant_id, user_id)
    return None if user is None else await context_on_errand(snapshots, policies, tenant, user, errand)


async def context_on_errand(
    snapshots: SnapshotStore, policies: PolicyStore, tenant: Tenant, user: AbsentUser, errand: Errand
) -> Context:
    """The same rights as if the user were there, but for those that ask for a sign-in.

    Who is not there can't show who it is: what asks for that is not to be had in this way.
    """
    current = replace(tenant, metadata_version=user.metadata_version, access_version=user.access_version)
    snapshot = await snapshots.of(tenant.id, user.metadata_version)
    policy = without_assignments(await policies.of(current, user.user_id, snapshot, user.access_version))
    principal = Principal(
        user.user_id,
        user.username,
        errand.kind,
        client_name=errand.client_name,
        source_ip=errand.source_ip,
        language=user.language or tenant.language,
        time_zone=user.time_zone or tenant.time_zone,
        scopes=errand.scopes,
        acting_user_id=errand.acting_user_id,
    )
    policy = narrowed(policy, principal.scopes, snapshot)
    return Context(current, principal, snapshot, policy, Binding(tenant.id, user.metadata_version, user.access_version))
