"""Setup: identity providers, who is linked to them, and whether passwords still open the door."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import NotFound
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.oauth import base_url
from chassis_platform.api.setup_users import array
from chassis_platform.api.sso import ROOT as SSO
from chassis_platform.api.standing_for import demand_no_stronger
from chassis_platform.auth.federation.links import change_policy, identities_of_provider, link_user, unlink_user
from chassis_platform.auth.federation.provider_setup import (
    create_provider,
    delete_provider,
    list_providers,
    provider_of,
    update_provider,
)
from chassis_platform.auth.federation.providers import SAML
from chassis_platform.auth.federation.saml_keys import renew_key
from chassis_platform.auth.sso_policy import read_sso_policy
from chassis_platform.auth.verification import require_recent_verification

PROVIDERS = "/setup/identity-providers"


def _demand(context: Context) -> None:
    context.policy.demand("ManageSecurity")
    require_recent_verification(context)


async def list_(context: Context, request: Request) -> Response:
    """`GET /setup/identity-providers`, with the addresses that the provider must know."""
    context.policy.demand("ManageSecurity")
    found = await list_providers(server_of(request).database, context)
    for each in found:
        url = f"{base_url(request)}{SSO}/{context.tenant.organization_id}/{each['name']}"
        if each["kind"] == "saml":
            each["addresses"] = {"metadata": f"{url}/metadata", "acs": f"{url}/acs", "slo": f"{url}/slo"}
        else:
            each["addresses"] = {"callback": f"{url}/callback"}
    return json_response({"providers": found})


async def create(context: Context, request: Request) -> Response:
    """`POST /setup/identity-providers`."""
    _demand(context)
    made = await create_provider(server_of(request).database, context, await json_object(request))
    return json_response({"id": made}, 201)


async def update(context: Context, request: Request) -> Response:
    """`PATCH /setup/identity-providers/{id}`."""
    _demand(context)
    document = await json_object(request)
    await update_provider(server_of(request).database, context, request.path_params["id"], document)
    return no_content()


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /setup/identity-providers/{id}`: its links go with it."""
    _demand(context)
    await delete_provider(server_of(request).database, context, request.path_params["id"])
    return no_content()


async def new_key(context: Context, request: Request) -> Response:
    """`POST /setup/identity-providers/{id}/key`: a new key of ours towards a SAML provider; the one before opens on."""
    _demand(context)
    server = server_of(request)
    provider = await provider_of(server.database, context, request.path_params["id"])
    if provider.kind != SAML:
        raise NotFound.of("not_found", "Only a SAML provider knows us by a key.")
    certificate = await renew_key(server.database, context, server.settings.home, provider)
    return json_response({"certificate": certificate}, 201)


async def identities(context: Context, request: Request) -> Response:
    """`GET /setup/identity-providers/{id}/identities`: who is linked."""
    context.policy.demand("ManageSecurity")
    database = server_of(request).database
    provider = await provider_of(database, context, request.path_params["id"])
    [rows] = await database.read(context.binding, identities_of_provider(context.tenant.id, provider.id))
    return json_response(b'{"identities":' + array(rows) + b"}")


async def link(context: Context, request: Request) -> Response:
    """`POST /setup/identity-providers/{id}/identities` `{"subject", "user_id"}`: needs ManageUsers too."""
    _demand(context)
    context.policy.demand("ManageUsers")
    document = await json_object(request)
    await demand_no_stronger(context, request, document.get("user_id"))
    await link_user(server_of(request).database, context, request.path_params["id"], document)
    return no_content()


async def unlink(context: Context, request: Request) -> Response:
    """`DELETE /setup/identity-providers/{id}/identities/{user}`."""
    _demand(context)
    parameters = request.path_params
    await unlink_user(server_of(request).database, context, parameters["id"], parameters["user"])
    return no_content()


async def show_policy(context: Context, request: Request) -> Response:
    """`GET /setup/sso-policy`."""
    context.policy.demand("ManageSecurity")
    policy = await read_sso_policy(server_of(request).database, context.tenant.id)
    return json_response({"only_sso": policy.only_sso, "exempt_user_ids": list(policy.exempt_user_ids)})


async def set_policy(context: Context, request: Request) -> Response:
    """`PATCH /setup/sso-policy`."""
    _demand(context)
    await change_policy(server_of(request).database, context, await json_object(request))
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(PROVIDERS, ["GET"], list_),
        route(PROVIDERS, ["POST"], create),
        route(f"{PROVIDERS}/{{id}}", ["PATCH"], update),
        route(f"{PROVIDERS}/{{id}}", ["DELETE"], delete),
        route(f"{PROVIDERS}/{{id}}/key", ["POST"], new_key),
        route(f"{PROVIDERS}/{{id}}/identities", ["GET"], identities),
        route(f"{PROVIDERS}/{{id}}/identities", ["POST"], link),
        route(f"{PROVIDERS}/{{id}}/identities/{{user}}", ["DELETE"], unlink),
        route("/setup/sso-policy", ["GET"], show_policy),
        route("/setup/sso-policy", ["PATCH"], set_policy),
    ]
