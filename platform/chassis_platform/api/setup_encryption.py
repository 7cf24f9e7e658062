"""Setup, encryption: a tenant's keys, what they seal, a new one, the wish to have them destroyed."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_metadata.fields import ENCRYPTABLE_TYPES
from chassis_metadata.snapshot import Field, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import field_label, object_label
from chassis_platform.api.setup_four_eyes import with_four_eyes
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.automation.encryption.destruction import wish_destruction, withdraw_wish
from chassis_platform.automation.encryption.rotation import encrypted_fields, rotate, state_of_keys
from chassis_platform.automation.four_eyes import FIELD_DECRYPTION, KEY_DESTRUCTION
from chassis_tenants.customise import begin_storing_in_clear
from chassis_tenants.sealed_columns import place_of

PERMISSION = "ManageKeys"


async def keys(context: Context, request: Request) -> Response:
    """`GET /setup/encryption`: keys by number, the newest rotation, fields, conversions, a wish that stands."""
    context.policy.demand(PERMISSION)
    state = await state_of_keys(server_of(request).database, context.tenant.id)
    fields = [_field(context, each) for each in encrypted_fields(context.snapshot)]
    encryptable = [_named(context, each) for each in _encryptable(context.snapshot)]
    return json_response({**state, "fields": fields, "encryptable": encryptable})


def _encryptable(snapshot: Snapshot) -> list[Field]:
    """The tenant's own text fields that lie in clear."""
    fields = (each for _, obj in sorted(snapshot.objects.items()) for _, each in sorted(obj.fields.items()))
    return [
        each
        for each in fields
        if each.is_custom and each.type in ENCRYPTABLE_TYPES and not (each.encrypted or each.is_calculated)
    ]


def _field(context: Context, field: Field) -> dict[str, Any]:
    return {
        **_named(context, field),
        "classification": field.classification.value,
        "found": field.has_index,
        "own": field.is_custom,
    }


def _named(context: Context, field: Field) -> dict[str, Any]:
    return {
        "field": place_of(field),
        "label": field_label(context, field),
        "object": field.object_name,
        "object_label": object_label(context, context.snapshot.objects[field.object_name]),
    }


async def lay_in_clear(context: Context, request: Request) -> Response:
    """`POST /setup/encryption/decryption` `{"field"}`: a field of the tenant's own is to be stored in clear again."""
    context.policy.demand(PERMISSION)
    require_recent_verification(context)
    name = (await json_object(request)).get("field")
    if not isinstance(name, str):
        raise Invalid.of("required_field_missing", "Required fields are missing: [field]", fields=["field"])
    server = server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        await begin_storing_in_clear(transaction, server.snapshots, name, context.actor)
    return no_content()


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
    cleared = with_four_eyes(FIELD_DECRYPTION, PERMISSION, lay_in_clear)
    return [
        definitions_route("/setup/encryption", ["GET"], keys),
        route("/setup/encryption/decryption", ["POST"], cleared),
        route("/setup/encryption/rotate", ["POST"], new_key),
        route("/setup/encryption/destruction", ["POST"], wished),
        route("/setup/encryption/destruction", ["DELETE"], keep_keys),
    ]
