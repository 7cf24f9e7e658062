"""Sign-ins under way at a provider: each belongs to one browser, one provider, and ends once.

The browser keeps a secret in a cookie, the server the hash of it. Nonce and verifier are derived from that secret and
the state, so that neither the database nor the address holds them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from chassis_metadata.errors import Unauthenticated
from chassis_platform import clock
from chassis_platform.auth.federation.identity import Identity, identity_of
from chassis_platform.auth.sessions import new_token, token_hash
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

LIFETIME = timedelta(minutes=10)
#: Stands where the hash of a browser's secret would: none is like it.
SIGNING_OUT = "signing out"

_KEEP = Statement(
    "INSERT INTO chassis.sso_attempt (tenant_id, state_hash, provider_id, body, expires_at)"
    " VALUES (%(tenant_id)s, %(state_hash)s, %(provider_id)s, %(body)s::jsonb, %(expires_at)s)"
)
_DROP_OLD = Statement("DELETE FROM chassis.sso_attempt WHERE tenant_id = %(tenant_id)s AND expires_at < %(now)s")
_WHERE = (
    " WHERE tenant_id = %(tenant_id)s AND state_hash = %(state_hash)s AND provider_id = %(provider_id)s"
    " AND expires_at > %(now)s"
)
_SEE = Statement(f"SELECT body FROM chassis.sso_attempt{_WHERE} AND NOT body ? 'identity'")  # noqa: S608  this file's text
_TAKE = Statement(f"DELETE FROM chassis.sso_attempt{_WHERE} RETURNING body")  # noqa: S608  the same
_VOUCH = Statement(
    "UPDATE chassis.sso_attempt SET body = body || jsonb_build_object('identity', %(identity)s::jsonb,"  # noqa: S608  the same
    " 'at_provider', %(at_provider)s::jsonb)"
    f"{_WHERE} AND NOT body ? 'identity' RETURNING 1"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way."""

    browser: str  # the hash of what the browser keeps
    return_to: str
    user_id: str | None = None  # who wants to link an identity; None: somebody wants to sign in
    request_id: str | None = None  # of SAML
    identity: Identity | None = None  # once the provider vouched
    at_provider: Mapping[str, str | None] | None = None  # as whom it knows the user, for signing out there


def new_browser_secret() -> str:
    """What the browser keeps in a cookie while it is away."""
    return secrets.token_urlsafe(32)


def browser_hash(secret: str) -> str:
    """What the server keeps of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derived(browser_secret: str, state: str, purpose: str) -> str:
    """A value that only this browser's sign-in has: 43 characters, as PKCE wants them."""
    digest = hmac.new(browser_secret.encode(), f"{purpose}:{state}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def refused() -> Unauthenticated:
    """One answer for every sign-in that is not believed: the login history says why."""
    return Unauthenticated.of("single_sign_on_failed", "The sign-in could not be completed. Begin again.")


async def begin_attempt(
    database: Database, tenant_id: int, organization_id: str, provider_id: str, attempt: Attempt
) -> str:
    """Keep a sign-in; answers its state."""
    state = new_token(organization_id)
    body: dict[str, Any] = {
        "browser": attempt.browser,
        "return_to": attempt.return_to,
        "user_id": attempt.user_id,
        "request_id": attempt.request_id,
    }
    kept = _KEEP.bind(
        tenant_id=tenant_id,
        state_hash=token_hash(state),
        provider_id=provider_id,
        body=orjson.dumps(body).decode(),
        expires_at=clock.now() + LIFETIME,
    )
    await database.read(Binding(tenant_id), _DROP_OLD.bind(tenant_id=tenant_id, now=clock.now()), kept)
    return state


def _key(tenant_id: int, provider_id: str, state: str) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "provider_id": provider_id,
        "state_hash": token_hash(state),
        "now": clock.now(),
    }


def _attempt(body: dict[str, Any]) -> Attempt:
    identity = body.pop("identity", None)
    return Attempt(**body, identity=identity_of(identity) if identity else None)


async def see_attempt(database: Database, tenant_id: int, provider_id: str, state: str) -> Attempt:
    """A sign-in for which nobody has vouched yet."""
    [rows] = await database.read(Binding(tenant_id), _SEE.bind(**_key(tenant_id, provider_id, state)))
    if not rows:
        raise refused()
    return _attempt(rows[0][0])


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who a provider says that somebody is, and as whom it knows them for the length of a session."""

    identity: Identity
    at_provider: Mapping[str, str | None]


async def vouch(database: Database, tenant_id: int, provider_id: str, state: str, vouched: Vouched) -> None:
    """Keep who the provider says it is until the browser comes back for it."""
    kept = _VOUCH.bind(
        **_key(tenant_id, provider_id, state),
        identity=orjson.dumps(vouched.identity.document()).decode(),
        at_provider=orjson.dumps(vouched.at_provider).decode(),
    )
    [rows] = await database.read(Binding(tenant_id), kept)
    if not rows:
        raise refused()


async def take_attempt(
    database: Database, tenant_id: int, provider_id: str, state: str, browser_secret: str | None
) -> Attempt:
    """End a sign-in: nobody comes with this state again. Another browser's is refused."""
    attempt = await _taken(database, tenant_id, provider_id, state)
    if not hmac.compare_digest(attempt.browser, browser_hash(browser_secret or "")):
        raise refused()
    return attempt


async def _taken(database: Database, tenant_id: int, provider_id: str, state: str) -> Attempt:
    [rows] = await database.read(Binding(tenant_id), _TAKE.bind(**_key(tenant_id, provider_id, state)))
    if not rows:
        raise refused()
    return _attempt(rows[0][0])


async def begin_sign_out(
    database: Database, tenant_id: int, organization_id: str, provider_id: str, request_id: str
) -> str:
    """Keep that somebody is being signed out at the provider; answers the state. No browser signs in by it."""
    attempt = Attempt(SIGNING_OUT, "/", request_id=request_id)
    return await begin_attempt(database, tenant_id, organization_id, provider_id, attempt)


async def take_sign_out(database: Database, tenant_id: int, provider_id: str, state: str) -> str:
    """The id of our request, once."""
    attempt = await _taken(database, tenant_id, provider_id, state)
    if attempt.browser != SIGNING_OUT or attempt.request_id is None:
        raise refused()
    return attempt.request_id
