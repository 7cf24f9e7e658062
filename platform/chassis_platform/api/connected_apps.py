"""Connected apps: what asks the user, whom the user let in, and Setup's list of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Forbidden, Invalid, NotFound
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.scopes import demand_in_person
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.setup_users import array
from chassis_platform.api.standing_for import demand_no_stronger
from chassis_platform.auth.federation.app_setup import create_app, list_apps, renew_secret, revoke_app, update_app
from chassis_platform.auth.federation.apps import ConnectedApp, demand_admitted
from chassis_platform.auth.federation.authorize import (
    AuthorizationRequest,
    RefusedRequestError,
    allow,
    is_consented,
    read_request,
)
from chassis_platform.auth.federation.device import decide_device, find_device
from chassis_platform.auth.federation.tokens import end_grants
from chassis_platform.auth.verification import require_recent_verification
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

APPS = "/setup/connected-apps"

_CONSENTS = (
    "SELECT json_build_object('app', json_build_object('id', a.client_id, 'label', a.label,"
    " 'description', a.description), 'user', json_build_object('id', u.id, 'name', u.name, 'username', u.username),"
    " 'scopes', c.scopes, 'granted', c.granted_at, 'last_used', c.last_used_at)"
    " FROM chassis.app_consent c"
    " JOIN chassis.api_client a ON a.tenant_id = c.tenant_id AND a.client_id = c.client_id AND a.revoked_at IS NULL"
    ' JOIN tenant."user" u ON u.tenant_id = c.tenant_id AND u.id = c.user_id'
    " WHERE c.tenant_id = %(tenant_id)s"
)
_MINE = Statement(f"{_CONSENTS} AND c.user_id = %(user_id)s ORDER BY lower(a.label), a.client_id LIMIT 500")
_RUNS_AS = Statement(
    "SELECT run_as_user_id FROM chassis.api_client WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s"
)
_OF_APP = Statement(f"{_CONSENTS} AND c.client_id = %(client_id)s ORDER BY lower(u.name), u.id LIMIT 500")
_WITHDRAW = Statement(
    "DELETE FROM chassis.app_consent WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s"
    " AND user_id = %(user_id)s RETURNING client_id"
)
_SESSION_BEGAN = Statement(
    "SELECT created_at FROM chassis.session WHERE tenant_id = %(tenant_id)s AND id = %(session_id)s"
)


def _asked(app: ConnectedApp, scopes: tuple[str, ...]) -> dict[str, Any]:
    shown = {"id": app.client_id, "label": app.label, "description": app.description}
    return {"app": shown, "scopes": list(scopes)}


async def _of_this_tenant(context: Context, request: Request, query: Mapping[str, str]) -> AuthorizationRequest:
    asked = await read_request(server_of(request).database, query)
    if asked.app.tenant_id != context.tenant.id:
        raise Forbidden.of("insufficient_access", "The app belongs to another organization: sign in there.")
    return asked


async def show_request(context: Context, request: Request) -> Response:
    """`GET /ui/oauth/authorization`, with the query of `/services/oauth2/authorize`: what the consent page shows."""
    demand_in_person(context)
    query = dict(request.query_params)
    try:
        asked = await _of_this_tenant(context, request, query)
    except RefusedRequestError as refused:
        return json_response({"redirect": refused.address})
    database, user_id = server_of(request).database, context.principal.user_id
    await demand_admitted(database, asked.app, user_id)
    known = query.get("prompt") != "consent" and await is_consented(database, asked.app, user_id, asked.scopes)
    return json_response({**_asked(asked.app, asked.scopes), "is_consented": known, "redirect_uri": asked.redirect_uri})


async def decide_request(context: Context, request: Request) -> Response:
    """`POST /ui/oauth/authorization` `{"query", "allow"}`: where the browser goes on to."""
    demand_in_person(context)
    document = await json_object(request)
    query = document.get("query")
    if not isinstance(query, dict) or not all(isinstance(each, str) for each in query.values()):
        raise Invalid.of("json_parser_error", '"query" must be an object of texts.')
    try:
        asked = await _of_this_tenant(context, request, query)
    except RefusedRequestError as refused:
        return json_response({"redirect": refused.address})
    if document.get("allow") is not True:
        return json_response({"redirect": asked.answer(error="access_denied")})
    database, key = server_of(request).database, {"session_id": context.principal.session_id}
    [rows] = await database.read(context.binding, _SESSION_BEGAN.bind(tenant_id=context.tenant.id, **key))
    authenticated_at = rows[0][0] if rows else clock.now()
    address = await allow(database, asked, context.principal.user_id, authenticated_at)
    return json_response({"redirect": address})


async def show_device(context: Context, request: Request) -> Response:
    """`GET /ui/oauth/device?user_code=`: what the device that shows the code asks for."""
    demand_in_person(context)
    code = request.query_params.get("user_code", "")
    found = await find_device(server_of(request).database, context.tenant.id, code)
    return json_response(_asked(found.app, found.scopes))


async def decide_for_device(context: Context, request: Request) -> Response:
    """`POST /ui/oauth/device` `{"user_code", "allow"}`."""
    demand_in_person(context)
    document = await json_object(request)
    database, code = server_of(request).database, str(document.get("user_code", ""))
    found = await find_device(database, context.tenant.id, code)
    user_id, is_allowed = context.principal.user_id, document.get("allow") is True
    await decide_device(database, found.app, code, user_id, allow=is_allowed)
    return no_content()


async def my_apps(context: Context, request: Request) -> Response:
    """`GET /ui/me/apps`: the apps that one let in."""
    key = {"tenant_id": context.tenant.id, "user_id": context.principal.user_id}
    [rows] = await server_of(request).database.read(context.binding, _MINE.bind(**key))
    return json_response(b'{"apps":' + array(rows) + b"}")


async def leave_app(context: Context, request: Request) -> Response:
    """`DELETE /ui/me/apps/{id}`: take one's consent back; the app's tokens end."""
    await _withdraw(context, request, context.principal.user_id)
    return no_content()


async def _withdraw(context: Context, request: Request, user_id: str) -> None:
    client_id = request.path_params["id"]
    key = {"client_id": client_id, "user_id": user_id}
    change = SetupChange("withdrewAppConsent", "Connected apps", client_id, f"Ended the app's grants of {user_id}")
    rows, *_ = await server_of(request).database.read(
        context.binding,
        _WITHDRAW.bind(tenant_id=context.tenant.id, **key),
        *end_grants(context.tenant.id, **key),
        setup_entry(context.tenant.id, context.actor, change),
    )
    if not rows:
        raise NotFound.of("not_found", "The user has not let this app in.")


async def list_(context: Context, request: Request) -> Response:
    """`GET /setup/connected-apps`."""
    context.policy.demand("ManageConnections")
    [rows] = await server_of(request).database.read(context.binding, list_apps(context.tenant.id))
    return json_response(b'{"apps":' + array(rows) + b"}")


async def create(context: Context, request: Request) -> Response:
    """`POST /setup/connected-apps`: answers id and secret, once."""
    context.policy.demand("ManageConnections")
    require_recent_verification(context)
    document = await json_object(request)
    await demand_no_stronger(context, request, document.get("run_as_user_id"))
    made = await create_app(server_of(request).database, context, document)
    return json_response({"client_id": made.client_id, "client_secret": made.secret}, 201)


async def update(context: Context, request: Request) -> Response:
    """`PATCH /setup/connected-apps/{id}`."""
    context.policy.demand("ManageConnections")
    require_recent_verification(context)
    document = await json_object(request)
    await _demand_may_run(context, request)
    await demand_no_stronger(context, request, document.get("run_as_user_id"))
    await update_app(server_of(request).database, context, request.path_params["id"], document)
    return no_content()


async def _demand_may_run(context: Context, request: Request) -> None:
    """Who changes an app, or gets a secret of it, acts as the user it runs as."""
    asked = _RUNS_AS.bind(tenant_id=context.tenant.id, client_id=request.path_params["id"])
    [rows] = await server_of(request).database.read(context.binding, asked)
    await demand_no_stronger(context, request, rows[0][0] if rows else None)


async def renew(context: Context, request: Request) -> Response:
    """`POST /setup/connected-apps/{id}/secret`: a new secret, answered once."""
    context.policy.demand("ManageConnections")
    require_recent_verification(context)
    await _demand_may_run(context, request)
    secret = await renew_secret(server_of(request).database, context, request.path_params["id"])
    return json_response({"client_secret": secret})


async def remove(context: Context, request: Request) -> Response:
    """`DELETE /setup/connected-apps/{id}`: ends the app and all its tokens."""
    context.policy.demand("ManageConnections")
    await revoke_app(server_of(request).database, context, request.path_params["id"])
    return no_content()


async def users(context: Context, request: Request) -> Response:
    """`GET /setup/connected-apps/{id}/users`: who let the app in."""
    context.policy.demand("ManageConnections")
    key = {"tenant_id": context.tenant.id, "client_id": request.path_params["id"]}
    [rows] = await server_of(request).database.read(context.binding, _OF_APP.bind(**key))
    return json_response(b'{"users":' + array(rows) + b"}")


async def withdraw(context: Context, request: Request) -> Response:
    """`DELETE /setup/connected-apps/{id}/users/{user}`: ends what a user let the app do."""
    context.policy.demand("ManageConnections")
    await _withdraw(context, request, request.path_params["user"])
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/oauth/authorization", ["GET"], show_request),
        route("/ui/oauth/authorization", ["POST"], decide_request),
        route("/ui/oauth/device", ["GET"], show_device),
        route("/ui/oauth/device", ["POST"], decide_for_device),
        route("/ui/me/apps", ["GET"], my_apps),
        route("/ui/me/apps/{id}", ["DELETE"], leave_app),
        route(APPS, ["GET"], list_),
        route(APPS, ["POST"], create),
        route(f"{APPS}/{{id}}", ["PATCH"], update),
        route(f"{APPS}/{{id}}", ["DELETE"], remove),
        route(f"{APPS}/{{id}}/secret", ["POST"], renew),
        route(f"{APPS}/{{id}}/users", ["GET"], users),
        route(f"{APPS}/{{id}}/users/{{user}}", ["DELETE"], withdraw),
    ]
