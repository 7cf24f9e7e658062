"""OpenID Connect for connected apps: who one is, where everything is, and the keys of identity tokens."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_platform.access.context import Context
from chassis_platform.access.scopes import SCOPES
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route, open_route, server_of
from chassis_platform.api.oauth import LONG_NAMES, ROOT, base_url
from chassis_platform.auth.federation.people import Person, find_person
from chassis_platform.auth.federation.signing import ALGORITHM, load_identity_signer


def identity_document(request: Request, context: Context, person: Person) -> dict[str, Any]:
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
    } | person.claims(principal.scopes)


async def identity(context: Context, request: Request) -> Response:
    """`GET /services/oauth2/userinfo` and `/id/{organization}/{user}`."""
    person = await find_person(server_of(request).database, context.tenant.id, context.principal.user_id)
    return json_response(orjson.dumps(identity_document(request, context, person)))


async def configuration(request: Request) -> Response:
    """`GET /.well-known/openid-configuration` (OpenID Connect Discovery, RFC 8414)."""
    url = base_url(request)
    return json_response(
        {
            "issuer": url,
            "authorization_endpoint": f"{url}{ROOT}/authorize",
            "token_endpoint": f"{url}{ROOT}/token",
            "revocation_endpoint": f"{url}{ROOT}/revoke",
            "introspection_endpoint": f"{url}{ROOT}/introspect",
            "userinfo_endpoint": f"{url}{ROOT}/userinfo",
            "device_authorization_endpoint": f"{url}{ROOT}/device_authorization",
            "jwks_uri": f"{url}/id/keys",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "password",
                *LONG_NAMES,
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["sub", "name", "given_name", "family_name", "email", "preferred_username"],
        }
    )


async def keys(request: Request) -> Response:
    """`GET /id/keys`: the public keys of identity tokens."""
    return json_response({"keys": [load_identity_signer(server_of(request).settings.home).key_document()]})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        open_route("/.well-known/openid-configuration", ["GET"], configuration),
        open_route("/.well-known/oauth-authorization-server", ["GET"], configuration),
        open_route("/id/keys", ["GET"], keys),
        definitions_route(f"{ROOT}/userinfo", ["GET", "POST"], identity),
        definitions_route("/id/{organization}/{user}", ["GET"], identity),
    ]
