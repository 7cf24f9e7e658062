"""`ui-api`: objects, layouts and values to choose from, as the field's own user interfaces ask for them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.components import RecordType
from chassis_metadata.errors import NotFound
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route
from chassis_platform.api.describe import (
    object_label,
    record_types_of,
    visible_object,
    visible_objects,
)
from chassis_platform.api.describe_layouts import layout_for, picklists, record_type_of_id
from chassis_platform.api.quick_actions import defaults_of
from chassis_platform.api.ui_api_shapes import (
    LAYOUT_TYPES,
    layout_document,
    layout_fields,
    name_fields,
    object_info,
    one_of,
    picklist_document,
    record_type_infos,
)
from chassis_platform.api.versions import ROOT, demand_version

_MODES = ("View", "Edit", "Create")


async def list_objects(context: Context, request: Request) -> Response:
    """`GET /ui-api/object-info`: the objects that there are."""
    root = f"/services/data/v{demand_version(request)}/ui-api/object-info"
    objects = {
        each.name: {
            "apiName": each.name,
            "keyPrefix": each.key_prefix,
            "label": object_label(context, each),
            "labelPlural": object_label(context, each, plural=True),
            "nameFields": name_fields(each),
            "objectInfoUrl": f"{root}/{each.name}",
        }
        for each in visible_objects(context)
    }
    return json_response({"eTag": context.policy.grants.identity, "objects": objects})


async def one_object(context: Context, request: Request) -> Response:
    """`GET /ui-api/object-info/{Object}`."""
    version = demand_version(request)
    return json_response(object_info(context, visible_object(context, request.path_params["object"]), version))


async def values_of_fields(context: Context, request: Request) -> Response:
    """`GET /ui-api/object-info/{Object}/picklist-values/{recordTypeId}[/{field}]`; also without `object-info`."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    record_type = record_type_of_id(obj, request.path_params["record_type"])
    root = f"/services/data/v{version}/ui-api/object-info/{obj.name}/picklist-values"
    found = {
        each.name: picklist_document(
            context, obj, each, record_type, f"{root}/{request.path_params['record_type']}/{each.name}"
        )
        for each in picklists(context, obj)
    }
    name = request.path_params.get("field")
    if name is None:
        return json_response({"eTag": context.policy.grants.identity, "picklistFieldValues": found})
    if name not in found:
        raise NotFound.of("not_found", "The requested resource does not exist")
    return json_response(found[name])


def _record_type(obj: Object, request: Request) -> RecordType:
    """The record type that is asked for, or the one that new records have."""
    named = request.query_params.get("recordTypeId")
    if named is not None:
        return record_type_of_id(obj, named)
    active = [each for each in record_types_of(obj) if each.active]
    return next((each for each in active if each.default), active[-1])


async def layout(context: Context, request: Request) -> Response:
    """`GET /ui-api/layout/{Object}?layoutType=&mode=&recordTypeId=`."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    kind = one_of(request.query_params.get("layoutType", "Full"), LAYOUT_TYPES)
    mode = one_of(request.query_params.get("mode", "View"), _MODES)
    return json_response(layout_document(context, obj, _record_type(obj, request), kind, mode))


async def record_defaults(context: Context, request: Request) -> Response:
    """`GET /ui-api/record-defaults/create/{Object}`: what a form for a new record begins with."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    kind = _record_type(obj, request)
    defaults = defaults_of(context, obj)
    names = layout_fields(obj, layout_for(obj.layouts, kind.name))
    readable = context.policy.on(obj.name).readable
    laid_out = layout_document(context, obj, kind, "Full", "Create")
    record_type_id = laid_out["recordTypeId"]
    record = {
        "apiName": obj.name,
        "childRelationships": {},
        "fields": {each: {"displayValue": None, "value": defaults.get(each)} for each in names if each in readable},
        "id": None,
        "lastModifiedById": None,
        "lastModifiedDate": None,
        "recordTypeId": record_type_id,
        "recordTypeInfo": record_type_infos(context, obj).get(str(record_type_id)),
        "systemModstamp": None,
    }
    return json_response(
        {"layout": laid_out, "objectInfos": {obj.name: object_info(context, obj, version)}, "record": record}
    )


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/ui-api"
    values = [
        f"{base}/object-info/{{object}}/picklist-values/{{record_type}}",
        f"{base}/picklist-values/{{object}}/{{record_type}}",
    ]
    definitions = [
        (f"{base}/object-info", list_objects),
        (f"{base}/object-info/{{object}}", one_object),
        *((each, values_of_fields) for each in values),
        *((f"{each}/{{field}}", values_of_fields) for each in values),
        (f"{base}/layout/{{object}}", layout),
        (f"{base}/record-defaults/create/{{object}}", record_defaults),
    ]
    return [definitions_route(path, ["GET"], handler) for path, handler in definitions]
