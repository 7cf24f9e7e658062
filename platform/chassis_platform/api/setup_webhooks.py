"""Setup, webhooks: made, changed, tried, their calls looked at and made again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Forbidden, Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.standing_for import demand_no_stronger
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.automation.webhook_subscriptions import replay
from chassis_platform.automation.webhook_subscriptions.definition import Definition, read_definition
from chassis_platform.automation.webhook_subscriptions.payload import context_of_reader
from chassis_platform.automation.webhook_subscriptions.store import (
    create_webhook,
    declared_webhooks,
    delete_webhook,
    list_webhooks,
    rotate_secret,
    show_webhook,
    update_webhook,
)
from chassis_platform.automation.webhooks import destinations_of
from chassis_platform.outbound import NotAllowedError, demand_allowed

WEBHOOKS = "/setup/webhooks"
PERMISSION = "ManageConnections"
_SHOWN = 50


def _id(request: Request) -> str:
    return str(request.path_params["id"])


def _demand(context: Context) -> None:
    context.policy.demand(PERMISSION)
    require_recent_verification(context)


async def _definition(context: Context, request: Request, document: dict[str, Any]) -> Definition:
    """What was sent, as the user may have it that the webhook is to run as: nobody lends what is not theirs."""
    user_id = document.get("run_as_user_id", context.principal.user_id)
    if not isinstance(user_id, str):
        raise Invalid.of("invalid_field", "run_as_user_id is a user's id.", fields=["run_as_user_id"])
    if user_id != context.principal.user_id and not context.policy.may("ManageUsers"):
        raise Forbidden.of("insufficient_access", "To have it run as somebody else needs the permission ManageUsers.")
    await demand_no_stronger(context, request, user_id)
    server, label = server_of(request), str(document.get("label"))
    tenant_id = context.tenant.id
    reader = await context_of_reader(server.database, server.snapshots, server.policies, tenant_id, user_id, label)
    if reader is None:
        message = "The user to run as is not there or not active."
        raise Invalid.of("invalid_field", message, fields=["run_as_user_id"])
    return read_definition(reader, {**document, "run_as_user_id": user_id})


def _demand_target(request: Request, url: str) -> None:
    """Refuse at once what would never be called. What a name stands for is looked at with each call."""
    try:
        demand_allowed(destinations_of(server_of(request).settings), urlsplit(url))
    except NotAllowedError as error:
        raise Invalid.of("target_not_allowed", str(error), fields=["url"]) from None


async def list_(context: Context, request: Request) -> Response:
    """`GET /setup/webhooks`, with those that packages declare and that lead nowhere yet."""
    context.policy.demand(PERMISSION)
    found = await list_webhooks(server_of(request).database, context)
    declared = declared_webhooks(context, {each["declared"] for each in found})
    return json_response({"webhooks": found, "declared": declared})


async def show(context: Context, request: Request) -> Response:
    """`GET /setup/webhooks/{id}`."""
    context.policy.demand(PERMISSION)
    return json_response(await show_webhook(server_of(request).database, context, _id(request)))


async def create(context: Context, request: Request) -> Response:
    """`POST /setup/webhooks`: answers its id and, this once, its secret."""
    _demand(context)
    definition = await _definition(context, request, await json_object(request))
    _demand_target(request, definition.url)
    made, secret = await create_webhook(server_of(request).database, context, definition)
    return json_response({"id": made, "secret": secret}, 201)


async def update(context: Context, request: Request) -> Response:
    """`PATCH /setup/webhooks/{id}`: what is not named stays as it is."""
    _demand(context)
    database = server_of(request).database
    before = await show_webhook(database, context, _id(request))
    run_as = (before["run_as"] or {}).get("id", context.principal.user_id)
    kept = {name: before[name] for name in ("label", "url", "objects", "batch_size", "is_active", "declared")}
    document = {**kept, "run_as_user_id": run_as, **await json_object(request)}
    definition = await _definition(context, request, document)
    if definition.url != before["url"]:
        _demand_target(request, definition.url)
    await update_webhook(database, context, _id(request), definition, {**kept, "run_as": run_as})
    return no_content()


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /setup/webhooks/{id}`."""
    _demand(context)
    await delete_webhook(server_of(request).database, context, _id(request))
    return no_content()


async def new_secret(context: Context, request: Request) -> Response:
    """`POST /setup/webhooks/{id}/secret`: a new one, answered this once; the one before signs too, for a day."""
    _demand(context)
    secret, until = await rotate_secret(server_of(request).database, context, _id(request))
    return json_response({"secret": secret, "old_secret_until": until})


async def ping(context: Context, request: Request) -> Response:
    """`POST /setup/webhooks/{id}/test`: answers the delivery to look for."""
    _demand(context)
    return json_response({"delivery": await replay.ping(server_of(request).database, context, _id(request))}, 202)


async def deliveries(context: Context, request: Request) -> Response:
    """`GET /setup/webhooks/{id}/deliveries?status=&limit=`, the newest first."""
    context.policy.demand(PERMISSION)
    server, limit = server_of(request), request.query_params.get("limit", str(_SHOWN))
    if not is_whole_number(limit):
        raise Invalid.of("invalid_query_parameter", "limit must be a whole number, such as 50.")
    status = request.query_params.get("status") or None
    found = await replay.list_deliveries(
        server.database, context, server.settings.home, _id(request), status, int(limit)
    )
    return json_response({"deliveries": found})


async def replay_dead(context: Context, request: Request) -> Response:
    """`POST /setup/webhooks/{id}/replay` `{"ids": […]}`: these dead calls are made again, without `ids` all."""
    _demand(context)
    ids = (await json_object(request)).get("ids")
    if ids is not None and not (isinstance(ids, list) and all(isinstance(each, str) for each in ids)):
        raise Invalid.of("invalid_field", "ids is a list of deliveries' ids.", fields=["ids"])
    return json_response({"replayed": await replay.replay(server_of(request).database, context, _id(request), ids)})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(WEBHOOKS, ["GET"], list_),
        route(WEBHOOKS, ["POST"], create),
        route(f"{WEBHOOKS}/{{id}}", ["GET"], show),
        route(f"{WEBHOOKS}/{{id}}", ["PATCH"], update),
        route(f"{WEBHOOKS}/{{id}}", ["DELETE"], delete),
        route(f"{WEBHOOKS}/{{id}}/secret", ["POST"], new_secret),
        route(f"{WEBHOOKS}/{{id}}/test", ["POST"], ping),
        route(f"{WEBHOOKS}/{{id}}/deliveries", ["GET"], deliveries),
        route(f"{WEBHOOKS}/{{id}}/replay", ["POST"], replay_dead),
    ]
