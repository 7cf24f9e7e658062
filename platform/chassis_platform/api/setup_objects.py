"""Setup: the object manager. A tenant's own objects and fields are rows, so making one runs no DDL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.naming import free_key_prefix
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.own_components import delete_own, save_own
from chassis_platform.access.policy import ObjectAccess
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import object_label
from chassis_platform.api.setup_permissions import is_custom, set_document
from chassis_platform.api.ui_objects import object_document
from chassis_platform.auth.users import assign
from chassis_platform.automation.four_eyes import PERMISSION_SET, is_guarded
from chassis_tenants.customise import ComponentKey, save_component, stored_body
from chassis_tenants.database import Transaction
from chassis_tenants.snapshots import SnapshotStore

#: Where new objects and fields are granted unless the request names other sets.
OWN_SET = "Customizations__c"


def _object(context: Context, request: Request) -> Object:
    obj = context.snapshot.object(request.path_params["object"])
    if obj is None:
        raise NotFound.of("not_found", f"There is no object {request.path_params['object']!r}.")
    return obj


def custom_name(name: object) -> str:
    """A tenant-made component's name, with the suffix added where it is missing."""
    if not isinstance(name, str) or not name:
        raise Invalid.of("required_field_missing", "Required fields are missing: [name]", fields=["name"])
    return name if is_custom(name) else f"{name}__c"


async def list_objects(context: Context, request: Request) -> Response:
    """`GET /setup/objects`."""
    del request
    context.policy.demand("ViewSetup")
    found = [
        {
            "name": each.name,
            "label": object_label(context, each),
            "plural_label": object_label(context, each, plural=True),
            "key_prefix": each.key_prefix,
            "icon": each.icon,
            "package": each.package,
            "custom": each.is_custom,
            "fields": len(each.fields),
            "sharing": each.sharing.value,
        }
        for each in sorted(context.snapshot.objects.values(), key=lambda each: each.name)
    ]
    return json_response({"objects": found})


async def get_object(context: Context, request: Request) -> Response:
    """`GET /setup/objects/{Object}`: complete, whatever the field permissions."""
    context.policy.demand("ViewSetup")
    obj = _object(context, request)
    everything = frozenset(obj.fields)
    access = ObjectAccess(read=True, create=True, update=True, delete=True, readable=everything, editable=everything)
    return json_response(object_document(context, obj, access))


async def create_object(context: Context, request: Request) -> Response:
    """`POST /setup/objects`."""
    context.policy.demand("ManageMetadata")
    document = await json_object(request)
    name = custom_name(document.get("name"))
    if context.snapshot.object(name) is not None:
        raise Invalid.of("duplicate_developer_name", f"There is an object {name} already.", fields=["name"])
    body = {key: value for key, value in document.items() if key not in ("name", "grant_to", "name_field")}
    if "name_field" in document:
        body["name"] = document["name_field"]
    body.setdefault("name", {"type": "text", "label": "Name"})
    body.setdefault("plural_label", body.get("label", name))
    body.setdefault("key_prefix", free_key_prefix(context.snapshot.objects_by_prefix))
    grants = {name: ["create", "read", "update", "delete"]}
    return await _create(
        context, request, document, ComponentKey("object", name), body, Granted(grants, {f"{name}.*": "edit"})
    )


@dataclass(frozen=True, slots=True)
class Granted:
    """What a new component's sets get: acts by object, `edit` by field path."""

    objects: Mapping[str, Sequence[str]]
    fields: Mapping[str, str]


async def _create(
    context: Context,
    request: Request,
    document: Mapping[str, Any],
    key: ComponentKey,
    body: Mapping[str, Any],
    granted: Granted,
) -> Response:
    sets = _grantees(context, document)
    server = server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        await save_own(transaction, server.snapshots, context, key, body)
        for each in sets:
            await _grant(transaction, server.snapshots, context, each, granted)
    await _give_to_caller(context, request, sets)
    return json_response({"name": key.name.rpartition(".")[2]}, 201)


async def update_object(context: Context, request: Request) -> Response:
    """`PATCH /setup/objects/{Object}`: the tenant's own only."""
    return await _change(context, request, _own_object(context, request))


async def _change(context: Context, request: Request, key: ComponentKey) -> Response:
    """Replace the keys that the body names, keep the others."""
    document = await json_object(request)
    server = server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        before = await stored_body(transaction, key)
        await save_own(transaction, server.snapshots, context, key, {**before, **document})
    return no_content()


async def _delete(context: Context, request: Request, key: ComponentKey) -> Response:
    server = server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        await delete_own(transaction, server.snapshots, context, key)
    return no_content()


async def delete_object(context: Context, request: Request) -> Response:
    """`DELETE /setup/objects/{Object}`: the tenant's own only."""
    return await _delete(context, request, _own_object(context, request))


def _own_object(context: Context, request: Request) -> ComponentKey:
    context.policy.demand("ManageMetadata")
    name = _object(context, request).name
    _demand_own(name)
    return ComponentKey("object", name)


def _demand_own(name: str) -> None:
    if not is_custom(name):
        raise Invalid.of(
            "cannot_modify_managed_object", f"{name} belongs to a package. Add fields of your own to it instead."
        )


async def create_field(context: Context, request: Request) -> Response:
    """`POST /setup/objects/{Object}/fields`."""
    context.policy.demand("ManageMetadata")
    obj = _object(context, request)
    document = await json_object(request)
    name = custom_name(document.get("name"))
    if name.lower() in obj.fields_by_lower_name:
        raise Invalid.of("duplicate_developer_name", f"{obj.name} has a field {name} already.", fields=["name"])
    body = {key: value for key, value in document.items() if key not in ("name", "grant_to")}
    granted = Granted({}, {f"{obj.name}.{name}": "edit"})
    return await _create(context, request, document, ComponentKey("field", f"{obj.name}.{name}"), body, granted)


async def update_field(context: Context, request: Request) -> Response:
    """`PATCH /setup/objects/{Object}/fields/{field}`."""
    return await _change(context, request, _own_field(context, request))


async def delete_field(context: Context, request: Request) -> Response:
    """`DELETE /setup/objects/{Object}/fields/{field}`."""
    return await _delete(context, request, _own_field(context, request))


def _own_field(context: Context, request: Request) -> ComponentKey:
    context.policy.demand("ManageMetadata")
    obj = _object(context, request)
    field = obj.fields_by_lower_name.get(request.path_params["field"].lower())
    if field is None:
        raise NotFound.of("not_found", f"{obj.name} has no field {request.path_params['field']!r}.")
    _demand_own(field.name)
    return ComponentKey("field", f"{obj.name}.{field.name}")


def _grantees(context: Context, document: Mapping[str, Any]) -> list[str]:
    wanted = document.get("grant_to")
    if wanted is None:
        return [OWN_SET]
    if not isinstance(wanted, list) or not all(isinstance(each, str) for each in wanted):
        raise Invalid.of("json_parser_error", '"grant_to" must be an array of permission set names.')
    refused = [each for each in wanted if not is_custom(each) or each not in context.snapshot.permission_sets]
    if refused:
        raise Invalid.of(
            "cannot_modify_managed_object",
            f"Not permission sets of your own: {', '.join(refused)}. Clone a packaged set, or leave grant_to out.",
            fields=["grant_to"],
        )
    return wanted


async def _grant(
    transaction: Transaction, snapshots: SnapshotStore, context: Context, name: str, granted: Granted
) -> None:
    """Add grants to a set of the tenant's own; the default one is made when missing.

    They open what was made just now and holds nothing yet: no other permission is asked for that.
    """
    known = context.snapshot.permission_sets.get(name)
    document: dict[str, Any] = set_document(context, known) if known else {"label": "Customizations"}
    body = {key: value for key, value in document.items() if value and key not in ("name", "custom")}
    held = dict(body.get("objects", {}))
    for object_name, acts in granted.objects.items():
        held[object_name] = sorted({*held.get(object_name, ()), *acts})
    body |= {"objects": held, "fields": {**body.get("fields", {}), **granted.fields}}
    await save_component(transaction, snapshots, ComponentKey("permission_set", name), body, context.actor)


async def _give_to_caller(context: Context, request: Request, sets: Sequence[str]) -> None:
    """Who makes an object can use it at once, unless the set opens what others made, or giving it needs approval."""
    if OWN_SET not in sets or OWN_SET in context.policy.permission_sets:
        return
    is_new = OWN_SET not in context.snapshot.permission_sets
    if is_guarded(context, PERMISSION_SET) or not (is_new or context.policy.may("ManagePermissions")):
        return
    fresh = await server_of(request).refreshed(context)
    await assign(server_of(request).database, fresh, context.principal.user_id, [OWN_SET])


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = "/setup/objects"
    return [
        definitions_route(base, ["GET"], list_objects),
        route(base, ["POST"], create_object),
        definitions_route(f"{base}/{{object}}", ["GET"], get_object),
        route(f"{base}/{{object}}", ["PATCH"], update_object),
        route(f"{base}/{{object}}", ["DELETE"], delete_object),
        route(f"{base}/{{object}}/fields", ["POST"], create_field),
        route(f"{base}/{{object}}/fields/{{field}}", ["PATCH"], update_field),
        route(f"{base}/{{object}}/fields/{{field}}", ["DELETE"], delete_field),
    ]
