"""One's own identities: as whom one is known at the tenant's providers, linked and unlinked by oneself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import NotFound
from chassis_platform.access.context import Context
from chassis_platform.access.scopes import demand_in_person
from chassis_platform.api.bodies import json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.setup_users import array
from chassis_platform.api.sso import Door, browser_secret, way_to, with_cookie
from chassis_platform.auth.federation.attempts import Attempt, browser_hash
from chassis_platform.auth.federation.links import identities_of_user, unlink_user
from chassis_platform.auth.federation.oidc import NotBelievedError
from chassis_platform.auth.federation.providers import find_provider
from chassis_platform.auth.federation.redirects import own_path


async def my_identities(context: Context, request: Request) -> Response:
    """`GET /ui/me/identities`: the providers, and as whom one is linked there."""
    asked = identities_of_user(context.tenant.id, context.principal.user_id)
    [rows] = await server_of(request).database.read(context.binding, asked)
    return json_response(b'{"identities":' + array(rows) + b"}")


async def begin_link(context: Context, request: Request) -> Response:
    """`POST /ui/me/identities/{provider}`: where to go so that one's identity there is linked."""
    demand_in_person(context)
    provider = await find_provider(server_of(request).database, context.tenant.id, request.path_params["provider"])
    if provider is None or not provider.is_active:
        raise NotFound.of("not_found", "There is no such identity provider.")
    door, secret = Door(request, context.tenant, provider), browser_secret(request)
    return_to = own_path(request.query_params.get("return"))
    try:
        address = await way_to(door, secret, Attempt(browser_hash(secret), return_to, context.principal.user_id))
    except NotBelievedError as error:
        raise NotFound.of("identity_provider_unavailable", f"The provider cannot be reached: {error}") from error
    return with_cookie(request, json_response({"redirect": address}), secret)


async def end_link(context: Context, request: Request) -> Response:
    """`DELETE /ui/me/identities/{provider}`."""
    demand_in_person(context)
    user_id, key = context.principal.user_id, request.path_params["provider"]
    await unlink_user(server_of(request).database, context, key, user_id)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/me/identities", ["GET"], my_identities),
        route("/ui/me/identities/{provider}", ["POST"], begin_link),
        route("/ui/me/identities/{provider}", ["DELETE"], end_link),
    ]
