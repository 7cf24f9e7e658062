"""OAuth 2 for clients: tokens by password or client credentials, revocation, and who one is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route, open_route, server_of, source_ip
from chassis_platform.auth.sessions import organization_of, revoke_session, token_hash
from chassis_platform.auth.sign_in import Caller, SignedIn, find_client, sign_in, sign_in_client
from chassis_tenants.database import Binding
from chassis_tenants.registry import tenant_by_organization_id


def base_url(request: Request) -> str:
    """The address that the client should go on using."""
    public = server_of(request).settings.public_url
    return public.rstrip("/") if public else f"{request.url.scheme}://{request.url.netloc}"


async def token(request: Request) -> Response:
    """`POST /services/oauth2/token`, form-encoded (RFC 6749 4.3, 4.4). Errors have OAuth's own shape."""
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    try:
        signed_in = await _grant(request, form)
    except ChassisError as error:
        return _oauth_error(error)
    return json_response(_token_document(request, signed_in, form.get("grant_type", "")))


async def _grant(request: Request, form: Mapping[str, str]) -> SignedIn:
    server = server_of(request)
    grant = form.get("grant_type", "")
    if grant not in ("password", "client_credentials"):
        raise Invalid.of("unsupported_grant_type", "grant type not supported: use password or client_credentials")
    client_id, client_secret = _client_credentials(request, form)
    caller = Caller(source_ip(request), request.headers.get("user-agent"), client_id, "api")
    if grant == "client_credentials":
        return await sign_in_client(server.database, server.settings, client_id, client_secret, caller)
    tenant_id, label, _ = await find_client(server.database, client_id, client_secret)
    caller = Caller(caller.source_ip, caller.user_agent, label, "api")
    signed_in = await sign_in(
        server.database, server.settings, form.get("username", ""), form.get("password", ""), caller
    )
    if signed_in.tenant_id != tenant_id:
        await server.database.read(
            Binding(signed_in.tenant_id), revoke_session(signed_in.tenant_id, token_hash(signed_in.token))
        )
        raise Invalid.of("invalid_grant", "authentication failure")
    return signed_in


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
    code = "invalid_grant" if problem.code == "invalid_login" else problem.code
    description = "authentication failure" if code == "invalid_grant" else problem.message
    return json_response({"error": code, "error_description": description}, 400)


def _token_document(request: Request, signed_in: SignedIn, grant: str) -> dict[str, str]:
    url = base_url(request)
    organization_id = organization_of(signed_in.token)
    document = {
        "access_token": signed_in.token,
        "instance_url": url,
        "id": f"{url}/id/{organization_id}/{signed_in.user_id}",
        "token_type": "Bearer",
        "issued_at": str(int(datetime.now(UTC).timestamp() * 1000)),
        "scope": "api",
        "signature": token_hash(signed_in.token).hex(),
    }
    return document | {"api_instance_url": url} if grant == "client_credentials" else document


async def revoke(request: Request) -> Response:
    """`POST /services/oauth2/revoke`: ends the session of a token (RFC 7009); an unknown token is no error."""
    form = await request.form()
    found = str(form.get("token") or request.query_params.get("token", ""))
    server = server_of(request)
    try:
        tenant = await tenant_by_organization_id(server.database, organization_of(found))
    except ChassisError:
        tenant = None
    if tenant is not None:
        await server.database.read(Binding(tenant.id), revoke_session(tenant.id, token_hash(found)))
        server.forget(found)
    return Response(status_code=200)


def identity_document(request: Request, context: Context) -> dict[str, Any]:
    """Who the token stands for, in the keys that both OpenID and the field's identity service use."""
    url = base_url(request)
    principal, tenant = context.principal, context.tenant
    identity = f"{url}/id/{tenant.organization_id}/{principal.user_id}"
    rest = f"{url}/services/data/v{{version}}/"
    return {
        "sub": identity,
        "id": identity,
        "user_id": principal.user_id,
        "organization_id": tenant.organization_id,
        "username": principal.username,
        "preferred_username": principal.username,
        "display_name": principal.username,
        "nick_name": principal.username,
        "active": True,
        "user_type": "STANDARD",
        "language": principal.language,
        "locale": principal.language,
        "zoneinfo": principal.time_zone,
        "asserted_user": True,
        "photos": {},
        "urls": {
            "rest": rest,
            "sobjects": f"{rest}sobjects/",
            "query": f"{rest}query/",
            "search": f"{rest}search/",
            "custom_domain": url,
        },
    }


async def identity(context: Context, request: Request) -> Response:
    """`GET /services/oauth2/userinfo` and `/id/{organization}/{user}`."""
    return json_response(orjson.dumps(identity_document(request, context)))


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        open_route("/services/oauth2/token", ["POST"], token),
        open_route("/services/oauth2/revoke", ["POST", "GET"], revoke),
        definitions_route("/services/oauth2/userinfo", ["GET", "POST"], identity),
        definitions_route("/id/{organization}/{user}", ["GET"], identity),
    ]
