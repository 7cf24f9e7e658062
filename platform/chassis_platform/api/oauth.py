"""OAuth 2 for connected apps: tokens by every grant, what they are worth, and their revocation."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid, Unauthenticated
from chassis_platform import clock
from chassis_platform.access.scopes import OPENID
from chassis_platform.api.bodies import body_bytes, json_response
from chassis_platform.api.deps import open_route, server_of, source_ip
from chassis_platform.auth.federation.apps import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    PASSWORD,
    ConnectedApp,
    authenticated_app,
)
from chassis_platform.auth.federation.assertion import exchange_assertion
from chassis_platform.auth.federation.authorize import RefusedRequestError, read_request
from chassis_platform.auth.federation.device import INTERVAL, LIFETIME, begin_device, exchange_device_code
from chassis_platform.auth.federation.passwords import exchange_password
from chassis_platform.auth.federation.people import Person, find_person
from chassis_platform.auth.federation.redirects import with_parameters
from chassis_platform.auth.federation.signing import Subject, identity_token, load_identity_signer
from chassis_platform.auth.federation.tokens import (
    Grant,
    Tokens,
    begin,
    end_grants,
    exchange_code,
    exchange_refresh_token,
    find_refresh_token,
)
from chassis_platform.auth.sessions import organization_of, revoke_session, token_hash
from chassis_platform.auth.sign_in import Caller
from chassis_tenants.database import Binding
from chassis_tenants.registry import tenant_by_organization_id
from chassis_tenants.statement import Statement

ROOT = "/services/oauth2"
_LARGEST_FORM = 64 * 1024
#: The wire's names of grants that have longer ones.
LONG_NAMES = {
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "jwt_bearer",
    "urn:ietf:params:oauth:grant-type:device_code": DEVICE_CODE,
}
_ACCESS_TOKEN = Statement(
    "SELECT s.client_id, s.user_id, s.scopes, s.created_at, s.expires_at, u.username FROM chassis.session s"
    ' JOIN tenant."user" u ON u.tenant_id = s.tenant_id AND u.id = s.user_id AND u.is_active'
    " WHERE s.tenant_id = %(tenant_id)s AND s.token_hash = %(hashed)s AND s.client_id = %(client_id)s"
    " AND s.revoked_at IS NULL AND s.expires_at > now()"
)


def base_url(request: Request) -> str:
    """The address that the client should go on using."""
    public = server_of(request).settings.public_url
    return public.rstrip("/") if public else f"{request.url.scheme}://{request.url.netloc}"


async def _form(request: Request) -> dict[str, str]:
    await body_bytes(request, largest=_LARGEST_FORM)
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


async def authorize(request: Request) -> Response:
    """`GET /services/oauth2/authorize`: to the page that asks the user, or back to the app with what is wrong."""
    query = dict(request.query_params)
    try:
        await read_request(server_of(request).database, query)
    except RefusedRequestError as refused:
        return RedirectResponse(refused.address, 303)
    return RedirectResponse(with_parameters("/authorize", dict(query)), 303)


async def token(request: Request) -> Response:
    """`POST /services/oauth2/token`, form-encoded (RFC 6749). Errors have OAuth's own shape."""
    form = await _form(request)
    try:
        tokens = await _tokens(request, form)
        person = await find_person(server_of(request).database, tokens.grant.app.tenant_id, tokens.signed_in.user_id)
    except ChassisError as error:
        return _oauth_error(error)
    document = _token_document(request, tokens, person)
    return _not_kept(json_response(document | _signature(document, _client_credentials(request, form)[1])))


def _not_kept(response: Response) -> Response:
    """A response that nobody may keep (RFC 6749 5.1)."""
    response.headers["cache-control"] = "no-store"
    response.headers["pragma"] = "no-cache"
    return response


async def _tokens(request: Request, form: Mapping[str, str]) -> Tokens:
    server = server_of(request)
    grant = await _grant(request, form)
    caller = Caller(source_ip(request), request.headers.get("user-agent"), grant.app.label, "api")
    return await begin(server.database, server.settings, grant, caller, server.judge)


async def _grant(request: Request, form: Mapping[str, str]) -> Grant:
    named = form.get("grant_type", "")
    kind = LONG_NAMES.get(named, named)
    database = server_of(request).database
    if kind == "jwt_bearer":
        url = base_url(request)
        return await exchange_assertion(
            database, form.get("assertion", ""), [url, f"{url}/", f"{url}{ROOT}/token"], source_ip(request)
        )
    if kind not in (AUTHORIZATION_CODE, "refresh_token", DEVICE_CODE, CLIENT_CREDENTIALS, PASSWORD):
        raise Invalid.of("unsupported_grant_type", "grant type not supported")
    app = await authenticated_app(database, *_client_credentials(request, form))
    return await _grant_of(request, app, kind, form)


async def _grant_of(request: Request, app: ConnectedApp, kind: str, form: Mapping[str, str]) -> Grant:
    database = server_of(request).database
    if kind == "refresh_token":
        app.demand_address(source_ip(request))
        return await exchange_refresh_token(database, app, form.get("refresh_token", ""), form.get("scope"))
    app.demand_grant(kind, source_ip(request))
    if kind == AUTHORIZATION_CODE:
        code, verifier = form.get("code", ""), form.get("code_verifier", "")
        return await exchange_code(database, app, code, form.get("redirect_uri", ""), verifier)
    if kind == DEVICE_CODE:
        return await exchange_device_code(database, app, form.get("device_code") or form.get("code", ""))
    if kind == PASSWORD:
        caller = Caller(source_ip(request), request.headers.get("user-agent"), app.label, "api")
        return await exchange_password(database, app, form, caller, server_of(request).judge)
    if app.run_as_user_id is None:
        raise Invalid.of("invalid_grant", "no user is set for this client to run as")
    return Grant(app, app.run_as_user_id, None, app.scopes_for(form.get("scope")), clock.now())


def _client_credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Invalid.of("invalid_client", "invalid client credentials") from None
    return client_id, secret


def _oauth_error(error: ChassisError) -> Response:
    problem = error.problems[0]
    wrong_person = problem.code == "invalid_login" or isinstance(error, Unauthenticated)
    code = "invalid_grant" if wrong_person else problem.code
    description = "authentication failure" if wrong_person else problem.message
    return json_response({"error": code, "error_description": description}, 400)


def _token_document(request: Request, tokens: Tokens, person: Person) -> dict[str, str]:
    url, grant = base_url(request), tokens.grant
    organization_id, access_token = grant.app.organization_id, tokens.signed_in.token
    identity = f"{url}/id/{organization_id}/{tokens.signed_in.user_id}"
    document = {
        "access_token": access_token,
        "instance_url": url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": str(int(datetime.now(UTC).timestamp() * 1000)),
        "scope": " ".join(grant.scopes),
        "api_instance_url": url,
    }
    if tokens.refresh_token:
        document["refresh_token"] = tokens.refresh_token
    if OPENID in grant.scopes:
        subject = Subject(url, identity, grant.app.client_id, grant.authenticated_at, grant.nonce)
        signer = load_identity_signer(server_of(request).settings.home)
        document["id_token"] = identity_token(signer, subject, access_token, person.claims(frozenset(grant.scopes)))
    return document


def _signature(document: Mapping[str, str], secret: str) -> dict[str, str]:
    """By which a client that showed its secret knows that the answer comes from who knows it too."""
    if not secret:
        return {}
    signed = hmac.digest(secret.encode(), f"{document['id']}{document['issued_at']}".encode(), "sha256")
    return {"signature": base64.b64encode(signed).decode()}


async def revoke(request: Request) -> Response:
    """`POST /services/oauth2/revoke` (RFC 7009): a refresh token ends its family. An unknown token is no error."""
    found = (await _form(request)).get("token") or request.query_params.get("token", "")
    server = server_of(request)
    try:
        tenant = await tenant_by_organization_id(server.database, organization_of(found))
    except ChassisError:
        tenant = None
    if tenant is not None:
        row = await find_refresh_token(server.database, tenant.id, found)
        ended = end_grants(tenant.id, grant_id=row[2]) if row else []
        await server.database.read(Binding(tenant.id), revoke_session(tenant.id, token_hash(found)), *ended)
        server.forget(found)
    return Response(status_code=200)


async def introspect(request: Request) -> Response:
    """`POST /services/oauth2/introspect` (RFC 7662): what an app's own token is worth."""
    form = await _form(request)
    try:
        app = await authenticated_app(server_of(request).database, *_client_credentials(request, form))
        if app.secret_hash is None:
            raise Invalid.of("invalid_client", "Only an app with a secret may ask.")
    except ChassisError as error:
        return _oauth_error(error)
    return _not_kept(json_response(await _worth(request, app, form.get("token", ""))))


async def _worth(request: Request, app: ConnectedApp, found: str) -> dict[str, Any]:
    database, hashed = server_of(request).database, token_hash(found)
    asked = _ACCESS_TOKEN.bind(tenant_id=app.tenant_id, hashed=hashed, client_id=app.client_id)
    [rows] = await database.read(Binding(app.tenant_id), asked)
    if rows:
        _, user_id, scopes, created, expires, username = rows[0]
        more = {"token_type": "access_token", "username": username, "iat": int(created.timestamp())}
    else:
        row = await find_refresh_token(database, app.tenant_id, found)
        if row is None or row[0] != app.client_id:
            return {"active": False}
        _, user_id, _, scopes, expires = row
        more = {"token_type": "refresh_token"}
    identity = f"{base_url(request)}/id/{app.organization_id}/{user_id}"
    worth = {"active": True, "client_id": app.client_id, "scope": " ".join(scopes), "sub": identity}
    return worth | more | {"exp": int(expires.timestamp())}


async def device(request: Request) -> Response:
    """`POST /services/oauth2/device_authorization` (RFC 8628)."""
    form = await _form(request)
    try:
        database = server_of(request).database
        app = await authenticated_app(database, *_client_credentials(request, form))
        codes = await begin_device(database, app, form.get("scope"), source_ip(request))
    except ChassisError as error:
        return _oauth_error(error)
    url = f"{base_url(request)}/device"
    return json_response(
        {
            "device_code": codes.device_code,
            "user_code": codes.user_code,
            "verification_uri": url,
            "verification_uri_complete": f"{url}?user_code={codes.user_code}",
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": int(INTERVAL.total_seconds()),
        }
    )


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        open_route(f"{ROOT}/token", ["POST"], token),
        open_route(f"{ROOT}/authorize", ["GET"], authorize),
        open_route(f"{ROOT}/revoke", ["POST", "GET"], revoke),
        open_route(f"{ROOT}/introspect", ["POST"], introspect),
        open_route(f"{ROOT}/device_authorization", ["POST"], device),
    ]
