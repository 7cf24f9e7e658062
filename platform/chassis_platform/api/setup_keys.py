"""Setup, inbound keys: made, listed, revoked. A key is answered once, when it is made."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Forbidden, Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.setup_users import array
from chassis_platform.api.standing_for import demand_no_stronger
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.inbound.keys import create_inbound_key, list_inbound_keys, revoke_inbound_key


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Invalid.of("required_field_missing", f"Required fields are missing: [{name}]", fields=[name])
    return value.strip()


def demand_may_lend(context: Context, user_id: str) -> None:
    """Whoever has the key acts as that user: only who manages users may lend somebody else's rights."""
    if user_id != context.principal.user_id and not context.policy.may("ManageUsers"):
        raise Forbidden.of("insufficient_access", "This needs the permission ManageUsers.")


async def list_keys(context: Context, request: Request) -> Response:
    """`GET /setup/inbound-keys`."""
    context.policy.demand("ManageConnections")
    [rows] = await server_of(request).database.read(context.binding, list_inbound_keys(context.tenant.id))
    return json_response(b'{"keys":' + array(rows) + b"}")


async def create_key(context: Context, request: Request) -> Response:
    """`POST /setup/inbound-keys` `{"label", "run_as_user_id", "max_bytes"}`: answers the key."""
    context.policy.demand("ManageConnections")
    document = await json_object(request)
    label, user_id = _text(document, "label"), _text(document, "run_as_user_id")
    max_bytes = document.get("max_bytes")
    if max_bytes is not None and type(max_bytes) is not int:
        raise Invalid.of("invalid_field", "max_bytes is a whole number, or null.", fields=["max_bytes"])
    demand_may_lend(context, user_id)
    await demand_no_stronger(context, request, user_id)
    require_recent_verification(context)
    database = server_of(request).database
    await database.read(context.binding)  # is all that still so?
    key = await create_inbound_key(
        database, context.tenant.id, label, user_id, max_bytes=max_bytes, actor=context.actor
    )
    return json_response({"key": key}, 201)


async def revoke_key(context: Context, request: Request) -> Response:
    """`DELETE /setup/inbound-keys/{id}`."""
    context.policy.demand("ManageConnections")
    database, key_id = server_of(request).database, request.path_params["id"]
    await revoke_inbound_key(database, context.tenant.id, key_id, actor=context.actor)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/setup/inbound-keys", ["GET"], list_keys),
        route("/setup/inbound-keys", ["POST"], create_key),
        route("/setup/inbound-keys/{id}", ["DELETE"], revoke_key),
    ]
