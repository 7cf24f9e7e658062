"""Authorization requests (RFC 6749 4.1, RFC 7636): what an app asks for, what the user consented to, the code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.auth.federation.apps import AUTHORIZATION_CODE, ConnectedApp, demand_admitted, find_app
from chassis_platform.auth.federation.redirects import is_registered, with_parameters
from chassis_platform.auth.sessions import new_token, token_hash
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

GRANT_PREFIX = "0Gr"
CODE_LIFETIME = timedelta(minutes=5)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")

_CONSENTED = Statement(
    "SELECT scopes FROM chassis.app_consent"
    " WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s AND user_id = %(user_id)s"
)
_CONSENT = Statement(
    "INSERT INTO chassis.app_consent AS c (tenant_id, client_id, user_id, scopes, granted_at)"
    " VALUES (%(tenant_id)s, %(client_id)s, %(user_id)s, %(scopes)s, %(now)s)"
    " ON CONFLICT (tenant_id, client_id, user_id) DO UPDATE SET granted_at = excluded.granted_at,"
    " scopes = ARRAY(SELECT DISTINCT unnest(c.scopes || excluded.scopes) ORDER BY 1)"
)
_KEEP_CODE = Statement(
    "INSERT INTO chassis.oauth_code (tenant_id, code_hash, client_id, user_id, grant_id, redirect_uri, scopes,"
    " challenge, nonce, authenticated_at, expires_at) VALUES (%(tenant_id)s, %(code_hash)s, %(client_id)s,"
    " %(user_id)s, %(grant_id)s, %(redirect_uri)s, %(scopes)s, %(challenge)s, %(nonce)s, %(authenticated_at)s,"
    " %(expires_at)s)"
)
_DROP_OLD_CODES = Statement(
    "DELETE FROM chassis.oauth_code WHERE tenant_id = %(tenant_id)s AND expires_at < %(before)s"
)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What an app asks the user for; checked against what the app registered."""

    app: ConnectedApp
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    state: str | None
    nonce: str | None

    def answer(self, **parameters: str | None) -> str:
        """The app's address with the answer."""
        return with_parameters(self.redirect_uri, {**parameters, "state": self.state})


class RefusedRequestError(Exception):
    """The request is wrong, and the app is to be told at its own address."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


async def read_request(database: Database, query: Mapping[str, str]) -> AuthorizationRequest:
    """The request of a query.

    Raises Invalid where client or address are not known (the browser must not be sent anywhere then), and
    RefusedRequestError with the address to tell for everything else.
    """
    app = await find_app(database, query.get("client_id", ""))
    uri = query.get("redirect_uri") or (app.redirect_uris[0] if len(app.redirect_uris) == 1 else "")
    if not is_registered(uri, app.redirect_uris):
        raise Invalid.of("redirect_uri_mismatch", "redirect_uri must match configuration", fields=["redirect_uri"])
    state = query.get("state")
    try:
        scopes = _checked_scopes(app, query)
    except Invalid as refused:
        problem = refused.problems[0]
        told = {"error": problem.code, "error_description": problem.message, "state": state}
        raise RefusedRequestError(with_parameters(uri, told)) from None
    return AuthorizationRequest(app, uri, scopes, query["code_challenge"], state, query.get("nonce"))


def _checked_scopes(app: ConnectedApp, query: Mapping[str, str]) -> tuple[str, ...]:
    if query.get("response_type") != "code":
        raise Invalid.of("unsupported_response_type", "response_type must be code")
    if AUTHORIZATION_CODE not in app.grants:
        raise Invalid.of("unauthorized_client", "This app may not ask users.")
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        raise Invalid.of("invalid_request", "code_challenge with code_challenge_method=S256 is required (PKCE)")
    if query.get("prompt") == "none":
        raise Invalid.of("interaction_required", "The user has to be asked.")
    return app.scopes_for(query.get("scope"))


async def is_consented(database: Database, app: ConnectedApp, user_id: str, scopes: tuple[str, ...]) -> bool:
    """Whether the user let the app have all these scopes before; an approved app's users need not be asked."""
    if app.admission == "approved":
        return True
    key = {"tenant_id": app.tenant_id, "client_id": app.client_id, "user_id": user_id}
    [rows] = await database.read(Binding(app.tenant_id), _CONSENTED.bind(**key))
    return bool(rows) and set(scopes) <= set(rows[0][0])


async def allow(database: Database, request: AuthorizationRequest, user_id: str, authenticated_at: datetime) -> str:
    """Keep the user's consent; answers the app's address with a code that is good once, for some minutes."""
    app, now = request.app, clock.now()
    await demand_admitted(database, app, user_id)
    code = new_token(app.organization_id)
    key = {"tenant_id": app.tenant_id, "client_id": app.client_id, "user_id": user_id, "scopes": list(request.scopes)}
    kept = _KEEP_CODE.bind(
        **key,
        code_hash=token_hash(code),
        grant_id=new_id(GRANT_PREFIX),
        redirect_uri=request.redirect_uri,
        challenge=request.challenge,
        nonce=request.nonce,
        authenticated_at=authenticated_at,
        expires_at=now + CODE_LIFETIME,
    )
    dropped = _DROP_OLD_CODES.bind(tenant_id=app.tenant_id, before=now - timedelta(days=1))
    await database.read(Binding(app.tenant_id), dropped, _CONSENT.bind(**key, now=now), kept)
    return request.answer(code=code)


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier (S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def proves(verifier: str, challenge: str) -> bool:
    """Whether a verifier is the one that the challenge was made from."""
    fits = _VERIFIER.fullmatch(verifier) is not None
    return fits and hmac.compare_digest(challenge_of(verifier).encode(), challenge.encode())
