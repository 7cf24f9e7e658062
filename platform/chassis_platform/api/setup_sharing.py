"""Setup: org-wide defaults, what everybody may see of an object, and whom a change of one would concern."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.components import OrgWideDefault
from chassis_metadata.errors import NotFound
from chassis_metadata.logic.sharing_rule import DEFAULT, default_access, restriction_rules_of, sharing_rules_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.groups import sets_of
from chassis_platform.access.own_components import delete_own, save_own
from chassis_platform.access.user_facts import EXTERNAL_TYPES
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import object_label
from chassis_tenants.customise import ComponentKey
from chassis_tenants.statement import Statement

#: Active users who hold one of the sets: the tenant's own people, and partners.
_READERS = Statement(
    "SELECT count(*) FILTER (WHERE NOT coalesce(u.user_type, '') = ANY (%(external)s)),"
    " count(*) FILTER (WHERE coalesce(u.user_type, '') = ANY (%(external)s))"
    ' FROM tenant."user" u WHERE u.tenant_id = %(tenant_id)s AND u.is_active AND NOT u.is_deleted AND EXISTS ('
    "SELECT 1 FROM tenant.permission_set_assignment a"
    " JOIN tenant.permission_set p ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id"
    " WHERE a.tenant_id = u.tenant_id AND a.assignee_id = u.id AND NOT a.is_deleted AND p.name = ANY (%(sets)s))"
)


def _is_open(obj: Object) -> bool:
    """Journals of the platform are nobody's to open."""
    return obj.createable or obj.updateable or obj.deletable


async def list_defaults(context: Context, request: Request) -> Response:
    """`GET /setup/sharing-defaults`: what is in force for each object, and what its package says."""
    del request
    context.policy.demand("ViewSetup")
    objects = sorted(context.snapshot.objects.values(), key=lambda each: each.name)
    return json_response({"objects": [_document(context, each) for each in objects if _is_open(each)]})


def _document(context: Context, obj: Object) -> dict[str, Any]:
    snapshot = context.snapshot
    return {
        "name": obj.name,
        "label": object_label(context, obj),
        "package": obj.package,
        "internal": default_access(snapshot, obj, is_external=False).value,
        "external": default_access(snapshot, obj, is_external=True).value,
        "declared": {"internal": obj.sharing.value, "external": (obj.external_sharing or obj.sharing).value},
        "own": obj.name in snapshot.logic_of(DEFAULT),
        "by_parent": obj.sharing is OrgWideDefault.CONTROLLED_BY_PARENT,
    }


def _object(context: Context, request: Request) -> Object:
    obj = context.snapshot.object(request.path_params["object"])
    if obj is None or not _is_open(obj):
        raise NotFound.of("not_found", "There is no such object.")
    return obj


async def get_default(context: Context, request: Request) -> Response:
    """`GET /setup/sharing-defaults/{Object}`: also how many users it concerns, and which rules stand beside it."""
    context.policy.demand("ViewSetup")
    obj, snapshot = _object(context, request), context.snapshot
    reading = [
        name
        for name in snapshot.permission_sets
        if any((right := each.objects.get(obj.name)) and right.read for each in sets_of(snapshot, [name]))
    ]
    asked = _READERS.bind(tenant_id=context.tenant.id, external=sorted(EXTERNAL_TYPES), sets=reading)
    [[(internal, external)]] = await server_of(request).database.read(context.binding, asked)
    rules = {
        "sharing_rules": len(sharing_rules_of(snapshot, obj.name)),
        "restriction_rules": len(restriction_rules_of(snapshot, obj.name)),
    }
    return json_response({**_document(context, obj), "readers": {"internal": internal, "external": external}, **rules})


async def save_default(context: Context, request: Request) -> Response:
    """`PUT /setup/sharing-defaults/{Object}` `{"internal", "external"}`: the tenant's word over the package's."""
    body, server = await json_object(request), server_of(request)
    key = ComponentKey(DEFAULT, _object(context, request).name)
    async with server.database.transaction(context.binding) as transaction:
        await save_own(transaction, server.snapshots, context, key, body)
    return no_content()


async def delete_default(context: Context, request: Request) -> Response:
    """`DELETE /setup/sharing-defaults/{Object}`: back to what the package says."""
    key, server = ComponentKey(DEFAULT, _object(context, request).name), server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        await delete_own(transaction, server.snapshots, context, key)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = "/setup/sharing-defaults"
    return [
        definitions_route(base, ["GET"], list_defaults),
        route(f"{base}/{{object}}", ["GET"], get_default),
        route(f"{base}/{{object}}", ["PUT"], save_default),
        route(f"{base}/{{object}}", ["DELETE"], delete_default),
    ]
