"""Bearer tokens of directories: made and revoked in Setup, shown once, stored as hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chassis_metadata.errors import ChassisError, NotFound
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.auth.federation.documents import Reading
from chassis_platform.auth.federation.provider_setup import demand_may_give
from chassis_platform.auth.federation.scim.problems import ScimError
from chassis_platform.auth.sessions import new_token, organization_of, token_hash
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.registry import tenant_by_organization_id
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

SECTION, TOKEN_PREFIX = "Provisioning", "0SC"
LONGEST_DAYS = 730

_FIND = Statement(
    "SELECT id, label, permission_sets FROM chassis.scim_token WHERE tenant_id = %(tenant_id)s"
    " AND token_hash = %(hashed)s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %(now)s)"
)
_USED = Statement(
    "UPDATE chassis.scim_token SET last_used_at = %(now)s WHERE tenant_id = %(tenant_id)s AND token_hash = %(hashed)s"
    " AND (last_used_at IS NULL OR last_used_at < %(before)s)"
)
_INSERT = Statement(
    "INSERT INTO chassis.scim_token (tenant_id, token_hash, id, label, permission_sets, created_at, created_by,"
    " expires_at) VALUES (%(tenant_id)s, %(hashed)s, %(id)s, %(label)s, %(permission_sets)s, %(now)s, %(user_id)s,"
    " %(expires_at)s)"
)
_LIST = Statement(
    "SELECT json_build_object('id', id, 'label', label, 'permission_sets', permission_sets, 'created', created_at,"
    " 'expires', expires_at, 'last_used', last_used_at) FROM chassis.scim_token"
    " WHERE tenant_id = %(tenant_id)s AND revoked_at IS NULL ORDER BY lower(label), id"
)
_REVOKE = Statement(
    "UPDATE chassis.scim_token SET revoked_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND revoked_at IS NULL RETURNING label"
)


@dataclass(frozen=True, slots=True)
class Directory:
    """Who provisions: the tenant, the token's label, and the permission sets that it sees as groups."""

    tenant: Tenant
    token_id: str
    label: str
    permission_sets: tuple[str, ...]


async def find_directory(database: Database, organization_id: str, token: str) -> Directory:
    """The directory behind a token of this organization; raises ScimError (401)."""
    refused = ScimError(401, "The bearer token is not valid.")
    try:
        if organization_of(token) != organization_id:
            raise refused
    except ChassisError as error:
        raise refused from error
    tenant = await tenant_by_organization_id(database, organization_id)
    if tenant is None or tenant.status != "active":
        raise refused
    now, hashed = clock.now(), token_hash(token)
    key = {"tenant_id": tenant.id, "hashed": hashed, "now": now}
    used = _USED.bind(**key, before=now - timedelta(minutes=10))
    rows, _ = await database.read(Binding(tenant.id), _FIND.bind(**key), used)
    if not rows:
        raise refused
    return Directory(tenant, rows[0][0], rows[0][1], tuple(rows[0][2]))


def list_tokens(tenant_id: int) -> Statement:
    """A JSON document of each token that was not revoked; the token itself is not known."""
    return _LIST.bind(tenant_id=tenant_id)


async def create_token(database: Database, context: Context, document: Mapping[str, Any]) -> str:
    """Make a token and answer it, this once."""
    reading = Reading({"label": None, "permission_sets": [], "days": 365, **document})
    reading.refuse_unknown(("label", "permission_sets", "days"))
    reading.text("label", required=True)
    reading.names("permission_sets")
    reading.number("days", 1, LONGEST_DAYS)
    reading.raise_problems()
    values = reading.values
    for each in values["permission_sets"]:
        if each not in context.snapshot.permission_sets:
            reading.refuse("permission_sets", f"There is no permission set {each!r}.")
    reading.raise_problems()
    demand_may_give(context, values["permission_sets"])
    token, now = new_token(context.tenant.organization_id), clock.now()
    inserted = _INSERT.bind(
        tenant_id=context.tenant.id,
        hashed=token_hash(token),
        id=new_id(TOKEN_PREFIX),
        label=values["label"],
        permission_sets=values["permission_sets"],
        now=now,
        user_id=context.principal.user_id,
        expires_at=now + timedelta(days=values["days"]),
    )
    label = str(values["label"])
    change = SetupChange("createdScimToken", SECTION, label, f"Created the SCIM token {label}", after=values)
    await database.read(context.binding, inserted, setup_entry(context.tenant.id, context.actor, change))
    return token


async def revoke_token(database: Database, context: Context, token_id: str) -> None:
    """End a token for good."""
    key = {"tenant_id": context.tenant.id, "id": token_id}
    [rows] = await database.read(context.binding, _REVOKE.bind(**key, now=clock.now()))
    if not rows:
        raise NotFound.of("not_found", "There is no such token, or it was revoked already.")
    change = SetupChange("revokedScimToken", SECTION, rows[0][0], f"Revoked the SCIM token {rows[0][0]}")
    await database.read(context.binding, setup_entry(context.tenant.id, context.actor, change))
