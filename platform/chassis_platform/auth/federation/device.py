"""The device flow (RFC 8628): something without a browser shows a short code, and its user lets it in elsewhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.auth.federation.apps import DEVICE_CODE, ConnectedApp, demand_admitted, find_app_of
from chassis_platform.auth.federation.authorize import GRANT_PREFIX
from chassis_platform.auth.federation.tokens import Grant, invalid_grant
from chassis_platform.auth.sessions import new_token, token_hash
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

LIFETIME = timedelta(minutes=10)
INTERVAL = timedelta(seconds=5)
#: No vowels, so that no words come out, and nothing that looks like something else.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8

_KEEP = Statement(
    "INSERT INTO chassis.device_code (tenant_id, device_hash, user_code_hash, client_id, scopes, expires_at)"
    " VALUES (%(tenant_id)s, %(device_hash)s, %(user_code_hash)s, %(client_id)s, %(scopes)s, %(expires_at)s)"
)
_DROP_OLD = Statement("DELETE FROM chassis.device_code WHERE tenant_id = %(tenant_id)s AND expires_at < %(now)s")
_FIND = Statement(
    "SELECT client_id, scopes FROM chassis.device_code WHERE tenant_id = %(tenant_id)s"
    " AND user_code_hash = %(hashed)s AND status = 'waiting' AND expires_at > %(now)s"
)
_DECIDE = Statement(
    "UPDATE chassis.device_code SET status = %(status)s, user_id = %(user_id)s WHERE tenant_id = %(tenant_id)s"
    " AND user_code_hash = %(hashed)s AND status = 'waiting' AND expires_at > %(now)s RETURNING 1"
)
_POLL = Statement(
    "WITH before AS (SELECT status, polled_at FROM chassis.device_code"
    "   WHERE tenant_id = %(tenant_id)s AND device_hash = %(hashed)s FOR UPDATE)"
    " UPDATE chassis.device_code d SET polled_at = %(now)s,"
    "   status = CASE WHEN d.status = 'approved' THEN 'used' ELSE d.status END FROM before"
    " WHERE d.tenant_id = %(tenant_id)s AND d.device_hash = %(hashed)s AND d.client_id = %(client_id)s"
    "   AND d.expires_at > %(now)s RETURNING before.status, before.polled_at, d.user_id, d.scopes"
)


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """What the device keeps, and what it shows."""

    device_code: str
    user_code: str


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What a device asks for."""

    app: ConnectedApp
    scopes: tuple[str, ...]


def _user_code_hash(code: str) -> bytes:
    letters = "".join(each for each in code.upper() if each in _LETTERS)
    return token_hash(letters)


async def begin_device(database: Database, app: ConnectedApp, asked: str | None, source_ip: str | None) -> DeviceCodes:
    """Codes for a device that waits."""
    app.demand_grant(DEVICE_CODE, source_ip)
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    codes = DeviceCodes(new_token(app.organization_id), f"{letters[:4]}-{letters[4:]}")
    kept = _KEEP.bind(
        tenant_id=app.tenant_id,
        device_hash=token_hash(codes.device_code),
        user_code_hash=_user_code_hash(codes.user_code),
        client_id=app.client_id,
        scopes=list(app.scopes_for(asked)),
        expires_at=clock.now() + LIFETIME,
    )
    await database.read(Binding(app.tenant_id), _DROP_OLD.bind(tenant_id=app.tenant_id, now=clock.now()), kept)
    return codes


async def find_device(database: Database, tenant_id: int, user_code: str) -> DeviceRequest:
    """What the device that shows this code asks for."""
    found = _FIND.bind(tenant_id=tenant_id, hashed=_user_code_hash(user_code), now=clock.now())
    [rows] = await database.read(Binding(tenant_id), found)
    app = await find_app_of(database, tenant_id, rows[0][0]) if rows else None
    if app is None:
        raise _unknown()
    return DeviceRequest(app, tuple(rows[0][1]))


async def decide_device(database: Database, app: ConnectedApp, user_code: str, user_id: str, *, allow: bool) -> None:
    """Let the device in as the user, or turn it away."""
    if allow:
        await demand_admitted(database, app, user_id)
    values: dict[str, Any] = {"status": "approved" if allow else "denied", "user_id": user_id}
    decided = _DECIDE.bind(tenant_id=app.tenant_id, hashed=_user_code_hash(user_code), now=clock.now(), **values)
    [rows] = await database.read(Binding(app.tenant_id), decided)
    if not rows:
        raise _unknown()


def _unknown() -> Invalid:
    return Invalid.of("invalid_field", "No device waits with this code, or no longer.", fields=["user_code"])


async def exchange_device_code(database: Database, app: ConnectedApp, device_code: str) -> Grant:
    """The grant of a device that was let in; one that asks again too soon, or is not yet in, is told so."""
    now = clock.now()
    asked = _POLL.bind(tenant_id=app.tenant_id, hashed=token_hash(device_code), client_id=app.client_id, now=now)
    [rows] = await database.read(Binding(app.tenant_id), asked)
    if not rows:
        raise Invalid.of("expired_token", "The device code is not known, or no longer.")
    status, polled_at, user_id, scopes = rows[0]
    if status == "waiting":
        too_soon = polled_at is not None and now - polled_at < INTERVAL
        raise Invalid.of("slow_down" if too_soon else "authorization_pending", "The user has not decided yet.")
    if status == "denied":
        raise Invalid.of("access_denied", "The user turned the device away.")
    if status != "approved":
        raise invalid_grant()
    return Grant(app, user_id, new_id(GRANT_PREFIX), tuple(scopes), now)
