"""Setup, encryption: a tenant's keys, what they seal, a new one, the wish to have them destroyed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.setup_four_eyes import with_four_eyes
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.automation.encryption.destruction import wish_destruction, withdraw_wish
from chassis_platform.automation.encryption.rotation import encrypted_fields, rotate, state_of_keys
from chassis_platform.automation.four_eyes import KEY_DESTRUCTION
from chassis_tenants.sealed_columns import place_of

PERMISSION = "ManageKeys"


async def keys(context: Context, request: Request) -> Response:
    """`GET /setup/encryption`: the keys by number, the newest rotation, a wish that stands, encrypted fields."""
    context.policy.demand(PERMISSION)
    state = await state_of_keys(server_of(request).database, context.tenant.id)
    return json_response({**state, "fields": [place_of(each) for each in encrypted_fields(context.snapshot)]})


async def new_key(context: Context, request: Request) -> Response:
    """`POST /setup/encryption/rotate`: begin with a new data key; answers its number."""
    context.policy.demand(PERMISSION)
    require_recent_verification(context)
    number = await rotate(server_of(request).database, context.tenant.id, context.actor)
    return json_response({"number": number}, 201)


async def want_destruction(context: Context, request: Request) -> Response:
    """`POST /setup/encryption/destruction` `{"reason"}`, always by two: an operator may destroy the keys then."""
    context.policy.demand(PERMISSION)
    reason = (await json_object(request)).get("reason")
    if not isinstance(reason, str):
        raise Invalid.of("required_field_missing", "Required fields are missing: [reason]", fields=["reason"])
    wish = await wish_destruction(server_of(request).database, context, reason)
    return json_response({"id": wish}, 201)


async def keep_keys(context: Context, request: Request) -> Response:
    """`DELETE /setup/encryption/destruction`: the keys stay."""
    context.policy.demand(PERMISSION)
    await withdraw_wish(server_of(request).database, context)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    wished = with_four_eyes(KEY_DESTRUCTION, PERMISSION, want_destruction, always=True)
    return [
        route("/setup/encryption", ["GET"], keys),
        route("/setup/encryption/rotate", ["POST"], new_key),
        route("/setup/encryption/destruction", ["POST"], wished),
        route("/setup/encryption/destruction", ["DELETE"], keep_keys),
    ]
