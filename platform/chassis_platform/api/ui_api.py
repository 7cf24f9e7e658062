"""`ui-api`: records, objects, layouts and values to choose from, as the field's own user interfaces ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.components import RecordType
from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Path
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.conditions import expectation_of
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import (
    Document,
    object_label,
    record_types_of,
    visible_object,
    visible_objects,
)
from chassis_platform.api.describe_layouts import layout_for, picklists, record_type_of_id
from chassis_platform.api.idempotency import idempotent
from chassis_platform.api.quick_actions import defaults_of
from chassis_platform.api.ui_api_shapes import (
    SYSTEM,
    layout_document,
    layout_fields,
    name_fields,
    object_info,
    picklist_document,
    record_document,
    record_type_infos,
)
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.plan.names import Names
from chassis_platform.records.read import find_record
from chassis_platform.records.write import create_record, delete_record, update_record

_TYPES, _MODES = ("Full", "Compact"), ("View", "Edit", "Create")


# Records


def _object_of(context: Context, record_id: str) -> Object:
    """The object behind an id; the same NotFound whatever is wrong with it."""
    obj = context.snapshot.objects_by_prefix.get(record_id[:3]) if is_id(record_id) else None
    if obj is None or not context.policy.on(obj.name).read:
        raise NotFound.of("not_found", "The requested resource does not exist")
    return obj


async def get(context: Context, request: Request) -> Response:
    """`GET /ui-api/records/{id}?fields=Lead.Name,…` or `?layoutTypes=Full`; `optionalFields` may be unknown."""
    demand_version(request)
    record_id = request.path_params["id"]
    obj = _object_of(context, record_id)
    named = _own_paths(obj, _listed(request, "fields"))
    seen = [each for each in _own_paths(obj, _listed(request, "optionalFields")) if _is_seen(context, obj, each)]
    kinds = _listed(request, "layoutTypes")
    laid_out = [each for kind in kinds for each in _fields_of_layout(context, obj, _one_of(kind, _TYPES))]
    if not named and not seen and not kinds:
        message = "Name what is wanted: fields, optionalFields or layoutTypes."
        raise Invalid.of("required_field_missing", message, fields=["fields"])
    return json_response(await _answer(context, request, obj, record_id, [*named, *seen, *laid_out]))


def _listed(request: Request, name: str) -> list[str]:
    return [each.strip() for each in request.query_params.get(name, "").split(",") if each.strip()]


def _own_paths(obj: Object, names: Sequence[str]) -> list[str]:
    """The paths behind the object's name, which stands before each."""
    start = f"{obj.name}.".lower()
    strange = [each for each in names if not each.lower().startswith(start)]
    if strange:
        message = f"{strange[0]}: a field is named with its object, as {obj.name}.Name"
        raise Invalid.of("invalid_field", message, fields=strange)
    return [each[len(start) :] for each in names]


def _is_seen(context: Context, obj: Object, path: str) -> bool:
    try:
        Names(context.snapshot, context.policy).field(obj, Path(tuple(path.split("."))))
    except Invalid:
        return False
    return True


def _one_of(word: str, words: Sequence[str]) -> str:
    if word not in words:
        raise Invalid.of("invalid_value", f"{word[:40]!r} is none of {', '.join(words)}.")
    return word


def _fields_of_layout(context: Context, obj: Object, kind: str) -> list[str]:
    """The fields of all the object's layouts, or its highlights; of what is referred to, the name too."""
    layouts = obj.layouts if kind == "Full" else ()
    names = dict.fromkeys(name for each in layouts for name in layout_fields(obj, each))
    shown = [*names, *SYSTEM] if kind == "Full" else ["Name", *obj.compact_fields]
    found = [each for each in dict.fromkeys(shown) if each in context.policy.on(obj.name).readable]
    parents = (obj.fields[each].relationship_name for each in found if obj.fields[each].is_reference)
    return [*found, *(path for each in parents if each and _is_seen(context, obj, path := f"{each}.Name"))]


async def _answer(context: Context, request: Request, obj: Object, record_id: str, paths: Sequence[str]) -> Document:
    asked = list({each.lower(): each for each in paths}.values())
    readable = context.policy.on(obj.name).readable
    known = {each.lower() for each in asked}
    system = [each for each in SYSTEM if each in readable and each.lower() not in known]
    found = await find_record(server_of(request).database, context, obj.name, record_id, [*asked, *system])
    return record_document(context, obj, orjson.loads(found.body), asked, found)


async def create(context: Context, request: Request) -> Response:
    """`POST /ui-api/records` `{"apiName", "fields"}`: 201 with the record."""
    demand_version(request)
    document = await json_object(request)
    name = document.get("apiName")
    if not isinstance(name, str):
        raise Invalid.of("required_field_missing", "Required fields are missing: [apiName]", fields=["apiName"])
    obj = visible_object(context, name)
    asking = _as_asked(context, document)
    made = await create_record(server_of(request).database, asking, obj.name, _values(document))
    return await _answer_written(context, request, obj, str(made.id), 200 if made.attached else 201)


async def _answer_written(context: Context, request: Request, obj: Object, record_id: str, status: int) -> Response:
    """The record as it is now; its id alone, where whoever wrote it may not see what became of it."""
    try:
        document = await _answer(context, request, obj, record_id, _fields_of_layout(context, obj, "Full"))
    except NotFound:
        document = {"apiName": obj.name, "childRelationships": {}, "fields": {}, "id": record_id}
    return json_response(document, status)


def _as_asked(context: Context, document: dict[str, Any]) -> Context:
    return replace(context, allow_duplicates=True) if document.get("allowSaveOnDuplicate") is True else context


def _values(document: dict[str, Any]) -> dict[str, Any]:
    values = document.get("fields")
    if not isinstance(values, dict):
        raise Invalid.of("json_parser_error", 'The body must have "fields": an object of field values.')
    return values


async def update(context: Context, request: Request) -> Response:
    """`PATCH /ui-api/records/{id}` `{"fields"}`: 200 with the record as it is now."""
    demand_version(request)
    record_id, document = request.path_params["id"], await json_object(request)
    obj = _object_of(context, record_id)
    expectation = expectation_of(request)
    asking, database = _as_asked(context, document), server_of(request).database
    await update_record(database, asking, obj.name, record_id, _values(document), expectation=expectation)
    return await _answer_written(context, request, obj, normal_id(record_id), 200)


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /ui-api/records/{id}`: 204."""
    demand_version(request)
    record_id = request.path_params["id"]
    obj = _object_of(context, record_id)
    expectation = expectation_of(request)
    await delete_record(server_of(request).database, context, obj.name, record_id, expectation=expectation)
    return no_content()


# Definitions


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
    kind = _one_of(request.query_params.get("layoutType", "Full"), _TYPES)
    mode = _one_of(request.query_params.get("mode", "View"), _MODES)
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
    return [
        route(f"{base}/records", ["POST"], idempotent(create)),
        route(f"{base}/records/{{id}}", ["GET"], get),
        route(f"{base}/records/{{id}}", ["PATCH"], update),
        route(f"{base}/records/{{id}}", ["DELETE"], delete),
        *(definitions_route(path, ["GET"], handler) for path, handler in definitions),
    ]
