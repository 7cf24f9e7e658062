"""Tokens of connected apps: a code or a refresh token becomes a session of limited scopes; what is reused ends all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_platform import clock
from chassis_platform.access.scopes import OFFLINE, REFRESH
from chassis_platform.auth.federation.apps import ConnectedApp, demand_admitted
from chassis_platform.auth.federation.authorize import proves
from chassis_platform.auth.sessions import Delegation, new_token, token_hash
from chassis_platform.auth.sign_in import Caller, Judge, SignedIn, sign_in_user
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.statement import Statement

#: Two that use a token at once: one of them finds no row.
_USE_CODE = Statement(
    "UPDATE chassis.oauth_code SET used_at = %(now)s WHERE tenant_id = %(tenant_id)s AND code_hash = %(hashed)s"
    " AND client_id = %(client_id)s AND used_at IS NULL AND expires_at > %(now)s"
    " RETURNING user_id, grant_id, scopes, authenticated_at, redirect_uri, challenge, nonce"
)
_CODE_GRANT = Statement(
    "SELECT grant_id FROM chassis.oauth_code WHERE tenant_id = %(tenant_id)s AND code_hash = %(hashed)s"
    " AND used_at IS NOT NULL"
)
_USE_REFRESH = Statement(
    "UPDATE chassis.refresh_token SET used_at = %(now)s WHERE tenant_id = %(tenant_id)s AND token_hash = %(hashed)s"
    " AND client_id = %(client_id)s AND used_at IS NULL AND revoked_at IS NULL AND expires_at > %(now)s"
    " RETURNING user_id, grant_id, scopes, authenticated_at"
)
_REFRESH_GRANT = Statement(
    "SELECT grant_id FROM chassis.refresh_token WHERE tenant_id = %(tenant_id)s AND token_hash = %(hashed)s"
    " AND (used_at IS NOT NULL OR revoked_at IS NOT NULL)"
)
_KEEP_REFRESH = Statement(
    "INSERT INTO chassis.refresh_token (tenant_id, token_hash, client_id, user_id, grant_id, scopes, authenticated_at,"
    " created_at, expires_at) VALUES (%(tenant_id)s, %(token_hash)s, %(client_id)s, %(user_id)s, %(grant_id)s,"
    " %(scopes)s, %(authenticated_at)s, %(now)s, %(expires_at)s)"
)
_DROP_OLD_REFRESH = Statement(
    "DELETE FROM chassis.refresh_token WHERE tenant_id = %(tenant_id)s AND expires_at < %(before)s"
)
_USED = Statement(
    "UPDATE chassis.app_consent SET last_used_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s AND user_id = %(user_id)s"
)
_END_FAMILY = (
    "UPDATE chassis.refresh_token SET revoked_at = %(now)s WHERE tenant_id = %(tenant_id)s AND revoked_at IS NULL AND ",
    "UPDATE chassis.session SET revoked_at = %(now)s WHERE tenant_id = %(tenant_id)s AND revoked_at IS NULL AND ",
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user let an app do: every token of it is of one family."""

    app: ConnectedApp
    user_id: str
    grant_id: str | None
    scopes: tuple[str, ...]
    authenticated_at: datetime
    nonce: str | None = None
    refresh_scopes: tuple[str, ...] = ()  # where the app asked for less this time: a refresh token keeps all


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an app gets."""

    signed_in: SignedIn
    grant: Grant
    refresh_token: str | None = None


def invalid_grant() -> Invalid:
    """One answer for what is wrong, old, or another app's."""
    return Invalid.of("invalid_grant", "authentication failure")


async def exchange_code(database: Database, app: ConnectedApp, code: str, redirect_uri: str, verifier: str) -> Grant:
    """The grant behind a code. A code that comes twice was stolen: all that came of it ends."""
    key = {"tenant_id": app.tenant_id, "hashed": token_hash(code)}
    used = _USE_CODE.bind(**key, client_id=app.client_id, now=clock.now())
    [rows] = await database.read(Binding(app.tenant_id), used)
    if not rows:
        await _end_reused(database, app.tenant_id, _CODE_GRANT.bind(**key))
        raise invalid_grant()
    user_id, grant_id, scopes, authenticated_at, registered, challenge, nonce = rows[0]
    if redirect_uri != registered or not proves(verifier, challenge or ""):
        raise invalid_grant()
    return Grant(app, user_id, grant_id, tuple(scopes), authenticated_at, nonce)


async def exchange_refresh_token(database: Database, app: ConnectedApp, token: str, asked: str | None) -> Grant:
    """The grant behind a refresh token, which is used up by it; narrower scopes may be asked for."""
    key = {"tenant_id": app.tenant_id, "hashed": token_hash(token)}
    used = _USE_REFRESH.bind(**key, client_id=app.client_id, now=clock.now())
    [rows] = await database.read(Binding(app.tenant_id), used)
    if not rows:
        await _end_reused(database, app.tenant_id, _REFRESH_GRANT.bind(**key))
        raise invalid_grant()
    user_id, grant_id, scopes, authenticated_at = rows[0]
    allowed = _still_allowed(app, scopes, asked)
    return Grant(app, user_id, grant_id, allowed, authenticated_at, refresh_scopes=tuple(scopes))


def _still_allowed(app: ConnectedApp, granted: list[str], asked: str | None) -> tuple[str, ...]:
    """What the administrator took away from the app since is gone; and no more than was granted."""
    wanted = (asked or "").split() or granted
    if not set(wanted) <= set(granted):
        raise Invalid.of("invalid_scope", "The scopes are more than was granted.")
    left = tuple(each for each in wanted if each in app.scopes)
    if not left:
        raise invalid_grant()
    return left


async def _end_reused(database: Database, tenant_id: int, found: Statement) -> None:
    [rows] = await database.read(Binding(tenant_id), found)
    if rows:
        await database.read(Binding(tenant_id), *end_grants(tenant_id, grant_id=rows[0][0]))


def end_grants(tenant_id: int, **key: Any) -> list[Statement]:
    """End refresh tokens and sessions by `grant_id`, by `client_id`, by `user_id`, or by several of them."""
    condition = " AND ".join(f"{name} = %({name})s" for name in key)
    values = {"tenant_id": tenant_id, "now": clock.now(), **key}
    return [Statement(text + condition, values) for text in _END_FAMILY]


async def begin(database: Database, settings: Settings, grant: Grant, caller: Caller, judge: Judge) -> Tokens:
    """Begin a session with the grant's scopes, and keep a refresh token where they hold one."""
    app = grant.app
    await demand_admitted(database, app, grant.user_id)
    delegation = Delegation(app.client_id, grant.scopes, grant.grant_id)
    signed_in = await sign_in_user(
        database,
        settings,
        app.tenant_id,
        grant.user_id,
        caller,
        delegation=delegation,
        proofs=("grant",),
        verified_at=grant.authenticated_at,
        judge=judge,
    )
    used = _USED.bind(tenant_id=app.tenant_id, client_id=app.client_id, user_id=grant.user_id, now=clock.now())
    if grant.grant_id is None or not {REFRESH, OFFLINE} & set(grant.refresh_scopes or grant.scopes):
        await database.read(Binding(app.tenant_id), used)
        return Tokens(signed_in, grant)
    token = new_token(app.organization_id)
    await database.read(Binding(app.tenant_id), used, *_keep(grant, token))
    return Tokens(signed_in, grant, token)


def _keep(grant: Grant, token: str) -> list[Statement]:
    app, now = grant.app, clock.now()
    key: dict[str, Any] = {"tenant_id": app.tenant_id, "client_id": app.client_id, "user_id": grant.user_id}
    kept = _KEEP_REFRESH.bind(
        **key,
        token_hash=token_hash(token),
        grant_id=grant.grant_id,
        scopes=list(grant.refresh_scopes or grant.scopes),
        authenticated_at=grant.authenticated_at,
        now=now,
        expires_at=now + timedelta(days=app.refresh_days),
    )
    old = _DROP_OLD_REFRESH.bind(tenant_id=app.tenant_id, before=now - timedelta(days=1))
    return [old, kept]


async def find_refresh_token(database: Database, tenant_id: int, token: str) -> Row | None:
    """(client id, user id, grant id, scopes, expiry) of a refresh token that still holds."""
    found = Statement(
        "SELECT client_id, user_id, grant_id, scopes, expires_at FROM chassis.refresh_token"
        " WHERE tenant_id = %(tenant_id)s AND token_hash = %(hashed)s AND used_at IS NULL AND revoked_at IS NULL"
        " AND expires_at > %(now)s",
        {"tenant_id": tenant_id, "hashed": token_hash(token), "now": clock.now()},
    )
    [rows] = await database.read(Binding(tenant_id), found)
    return rows[0] if rows else None
