"""From a session's token to its Context, and what is asked of each of its requests: place, hour, browser."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any, Protocol

from starlette.requests import Request

from chassis_metadata.components import LoginRestriction
from chassis_metadata.errors import Unauthenticated
from chassis_metadata.snapshot import Snapshot
from chassis_platform import clock
from chassis_platform.access.administration import without_assignments
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.door import Door, make_door
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.scopes import narrowed
from chassis_platform.access.security_policy import SecurityPolicy, read_policy, stored_policy
from chassis_platform.auth.devices import device_of
from chassis_platform.auth.pending import pending_of
from chassis_platform.auth.sessions import (
    BREAK_GLASS,
    FoundSession,
    find_session,
    invalid_session,
    organization_of,
    revoke_session,
    touch_session,
)
from chassis_platform.auth.sign_in import Judgement
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import login_entry
from chassis_tenants.registry import tenant_by_id, tenant_by_organization_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant


class Server(Protocol):
    """What of a server process is asked here: deps.Server has it."""

    database: Database
    snapshots: SnapshotStore
    policies: PolicyStore
    settings: Settings
    contexts: OrderedDict[bytes, Any]


async def make_context(server: Server, token: str, hashed: bytes) -> Context:
    """The Context of a token; raises Unauthenticated where no session holds."""
    tenant = await tenant_by_organization_id(server.database, organization_of(token))
    if tenant is None or tenant.status != "active":
        raise invalid_session()
    [rows] = await server.database.read(Binding(tenant.id), find_session(tenant.id, hashed))
    if not rows:
        raise invalid_session()
    found = FoundSession(*rows[0])
    current = replace(tenant, metadata_version=found.metadata_version, access_version=found.access_version)
    snapshot = await server.snapshots.of(tenant.id, found.metadata_version)
    policy = await server.policies.of(current, found.user_id, snapshot, found.access_version)
    security = read_policy(found.security_policy)
    login = _restrictions(snapshot, policy)
    if found.kind == "browser" or "permission_set" in security.four_eyes:
        policy = without_assignments(policy)
    principal = _principal(found, current, security, needs_factor=_needs_factor(security, login))
    return Context(
        tenant=current,
        principal=principal,
        snapshot=snapshot,
        policy=narrowed(policy, principal.scopes, snapshot),
        binding=Binding(tenant.id, found.metadata_version, found.access_version, hashed),
        door=_door(found, security, login, principal.time_zone),
        security=security,
    )


def _principal(found: FoundSession, tenant: Tenant, security: SecurityPolicy, *, needs_factor: bool) -> Principal:
    return Principal(
        user_id=found.user_id,
        username=found.username,
        kind=found.kind,
        session_id=found.id,
        client_name=found.client_name,
        source_ip=found.source_ip,
        language=found.language or tenant.language,
        time_zone=found.time_zone or tenant.time_zone,
        client_id=found.client_id,
        scopes=None if found.scopes is None else frozenset(found.scopes),
        ip_ranges=tuple(found.ip_ranges or ()),
        acting_user_id=found.acting_user_id,
        verified_at=found.verified_at,
        is_emergency=BREAK_GLASS in found.proofs,
        pending=pending_of(found, security, needs_factor=needs_factor, now=clock.now()),
    )


def _restrictions(snapshot: Snapshot, policy: AccessPolicy) -> list[LoginRestriction]:
    sets = (snapshot.permission_sets.get(name) for name in policy.permission_sets)
    return [each.login for each in sets if each is not None and each.login is not None]


def _needs_factor(security: SecurityPolicy, login: list[LoginRestriction]) -> bool:
    of_tenant = security.login is not None and security.login.second_factor
    return security.second_factor.required or of_tenant or any(each.second_factor for each in login)


def _door(found: FoundSession, security: SecurityPolicy, login: list[LoginRestriction], time_zone: str) -> Door:
    door = make_door(security.login, login, time_zone)
    if found.kind != "browser":
        return door
    rules = security.session
    return replace(
        door,
        device=found.device if rules.bind_browser else None,
        source_ip=found.source_ip if rules.bind_address else None,
    )


async def judge(server: Server, tenant_id: int, user_id: str, address: str | None) -> Judgement:
    """Whether a user who showed who it is may come in now and from there, and what more is asked of them."""
    tenant = await tenant_by_id(server.database, tenant_id)
    if tenant is None:
        raise invalid_session()
    snapshot = await server.snapshots.of(tenant.id, tenant.metadata_version)
    policy = await server.policies.of(tenant, user_id, snapshot, tenant.access_version)
    zone = Statement(
        'SELECT time_zone_sid_key FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s',
        {"tenant_id": tenant_id, "user_id": user_id},
    )
    zones, bodies = await server.database.read(Binding(tenant_id), zone, stored_policy(tenant_id))
    security = read_policy(bodies[0][0] if bodies else None)
    login = _restrictions(snapshot, policy)
    door = make_door(security.login, login, (zones[0][0] if zones else None) or tenant.time_zone)
    return Judgement(door.refusal(address, clock.now()), needs_factor=_needs_factor(security, login))


async def check_door(server: Server, context: Context, request: Request) -> None:
    """Refuse a request from where or when its session does not work. One that was taken elsewhere ends."""
    door, address = context.door, context.principal.source_ip
    if door.stands_open:
        return
    if door.is_elsewhere(lambda: device_of(request.headers.get("user-agent")), address):
        await server.database.read(context.binding)  # whether it is bound may have changed
        await _end(server, context, request)
        raise invalid_session()
    refusal = door.refusal(address, clock.now())
    if refusal is not None:
        raise Unauthenticated.of("login_restricted", f"You may not work from here or now: {refusal}.")


async def _end(server: Server, context: Context, request: Request) -> None:
    principal, hashed = context.principal, context.binding.session_hash
    if hashed is None:
        return
    entry = login_entry(
        context.tenant.id,
        user_id=principal.user_id,
        username=principal.username,
        status="Ended: the session was used elsewhere",
        login_type="Application",
        application=principal.client_name or "Web application",
        source_ip=principal.source_ip,
        user_agent=request.headers.get("user-agent"),
        acting_user_id=principal.acting_user_id,
    )
    await server.database.read(Binding(context.tenant.id), revoke_session(context.tenant.id, hashed), entry)
    server.contexts.pop(hashed, None)


async def touch(server: Server, context: Context, hashed: bytes) -> None:
    """Move the end of a session that is in use."""
    rules, settings = context.security.session, server.settings
    touched = touch_session(
        context.tenant.id,
        hashed,
        idle_minutes=rules.idle_minutes or settings.session_idle_minutes,
        hours=rules.hours or settings.session_hours,
    )
    await server.database.read(Binding(context.tenant.id), touched)
