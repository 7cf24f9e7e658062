"""`ui-api/records`: records with what is shown of each value; one, or a batch of several objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid, NotFound
from chassis_metadata.ids import normal_id
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Path
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content, values_in
from chassis_platform.api.conditions import expectation_of
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.describe import Document, visible_object
from chassis_platform.api.errors import problem_document, status_of
from chassis_platform.api.idempotency import idempotent
from chassis_platform.api.ui_api_shapes import LAYOUT_TYPES, SYSTEM, layout_fields, one_of, record_document
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.plan.names import Names
from chassis_platform.records.read import find_record
from chassis_platform.records.several import find_records
from chassis_platform.records.write import create_record, delete_record, update_record

MOST_RECORDS = 200
_NO_RECORD = "The requested resource does not exist"
_FOUND = 200


def _object_of(context: Context, record_id: str) -> Object:
    """The object behind an id; the same NotFound whatever is wrong with it."""
    obj = context.snapshot.object_of_id(record_id)
    if obj is None or not context.policy.on(obj.name).read:
        raise NotFound.of("not_found", _NO_RECORD)
    return obj


async def get(context: Context, request: Request) -> Response:
    """`GET /ui-api/records/{id}?fields=Lead.Name,…` or `?layoutTypes=Full`; `optionalFields` may be unknown."""
    demand_version(request)
    record_id = request.path_params["id"]
    obj = _object_of(context, record_id)
    _demand_own(obj, [*_listed(request, "fields"), *_listed(request, "optionalFields")])
    return json_response(await _answer(context, request, obj, record_id, _wanted(context, request, obj)))


async def get_batch(context: Context, request: Request) -> Response:
    """`GET /ui-api/records/batch/{ids}`: the same of several, with a status each. One statement for each object."""
    demand_version(request)
    ids = [each.strip() for each in request.path_params["ids"].split(",") if each.strip()]
    if not 0 < len(ids) <= MOST_RECORDS:
        raise Invalid.of("exceeded_max_size_request", f"Name 1 to {MOST_RECORDS} ids; {len(ids)} came.")
    results: dict[str, Document] = {}
    by_object: dict[str, list[str]] = {}
    for each in dict.fromkeys(ids):
        try:
            by_object.setdefault(_object_of(context, each).name, []).append(each)
        except NotFound as error:
            results[each] = _refusal(error)
    for name, some in by_object.items():
        results |= await _answers(context, request, context.snapshot.objects[name], some)
    answered = [results[each] for each in ids]
    has_errors = any(each["statusCode"] != _FOUND for each in answered)
    return json_response({"hasErrors": has_errors, "results": answered})


async def _answers(context: Context, request: Request, obj: Object, ids: Sequence[str]) -> dict[str, Document]:
    """What is answered of records of one object; of each the refusal, where their fields are refused."""
    try:
        asked, fields = _with_system(context, obj, _wanted(context, request, obj))
        found = await find_records(server_of(request).database, context, obj, ids, fields)
    except ChassisError as error:
        return dict.fromkeys(ids, _refusal(error))
    missing = _refusal(NotFound.of("not_found", _NO_RECORD))
    return {
        each: missing
        if (record := found.get(normal_id(each))) is None
        else {"result": record_document(context, obj, orjson.loads(record.body), asked, record), "statusCode": _FOUND}
        for each in ids
    }


def _refusal(error: ChassisError) -> Document:
    return {"result": [problem_document(each) for each in error.problems], "statusCode": status_of(error)}


def _wanted(context: Context, request: Request, obj: Object) -> list[str]:
    """The paths from an object that are asked for by name, or as those of layouts."""
    named = _own_paths(obj, _listed(request, "fields"))
    seen = [each for each in _own_paths(obj, _listed(request, "optionalFields")) if _is_seen(context, obj, each)]
    kinds = _listed(request, "layoutTypes")
    laid_out = [each for kind in kinds for each in _fields_of_layout(context, obj, one_of(kind, LAYOUT_TYPES))]
    if not any(_listed(request, each) for each in ("fields", "optionalFields", "layoutTypes")):
        message = "Name what is wanted: fields, optionalFields or layoutTypes."
        raise Invalid.of("required_field_missing", message, fields=["fields"])
    return [*named, *seen, *laid_out]


def _listed(request: Request, name: str) -> list[str]:
    return [each.strip() for each in request.query_params.get(name, "").split(",") if each.strip()]


def _demand_own(obj: Object, names: Sequence[str]) -> None:
    strange = [each for each in names if not each.lower().startswith(f"{obj.name}.".lower())]
    if strange:
        message = f"{strange[0]}: a field is named with its object, as {obj.name}.Name"
        raise Invalid.of("invalid_field", message, fields=strange)


def _own_paths(obj: Object, names: Sequence[str]) -> list[str]:
    """The paths behind the object's name, which stands before each; those of other objects are not concerned."""
    start = f"{obj.name}."
    return [each[len(start) :] for each in names if each.lower().startswith(start.lower())]


def _is_seen(context: Context, obj: Object, path: str) -> bool:
    try:
        Names(context.snapshot, context.policy).field(obj, Path(tuple(path.split("."))))
    except Invalid:
        return False
    return True


def _fields_of_layout(context: Context, obj: Object, kind: str) -> list[str]:
    """The fields of all the object's layouts, or its highlights; of what is referred to, the name too."""
    layouts = obj.layouts if kind == "Full" else ()
    names = dict.fromkeys(name for each in layouts for name in layout_fields(obj, each))
    shown = [*names, *SYSTEM] if kind == "Full" else ["Name", *obj.compact_fields]
    found = [each for each in dict.fromkeys(shown) if each in context.policy.on(obj.name).readable]
    parents = (obj.fields[each].relationship_name for each in found if obj.fields[each].is_reference)
    return [*found, *(path for each in parents if each and _is_seen(context, obj, path := f"{each}.Name"))]


async def _answer(context: Context, request: Request, obj: Object, record_id: str, paths: Sequence[str]) -> Document:
    asked, fields = _with_system(context, obj, paths)
    found = await find_record(server_of(request).database, context, obj.name, record_id, fields)
    return record_document(context, obj, orjson.loads(found.body), asked, found)


def _with_system(context: Context, obj: Object, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """The paths, each once; and with them what is told of every record."""
    asked = list({each.lower(): each for each in paths}.values())
    known = {each.lower() for each in asked}
    readable = context.policy.on(obj.name).readable
    return asked, [*asked, *(each for each in SYSTEM if each in readable and each.lower() not in known)]


async def create(context: Context, request: Request) -> Response:
    """`POST /ui-api/records` `{"apiName", "fields"}`: 201 with the record."""
    demand_version(request)
    document = await json_object(request)
    name = document.get("apiName")
    if not isinstance(name, str):
        raise Invalid.of("required_field_missing", "Required fields are missing: [apiName]", fields=["apiName"])
    obj = visible_object(context, name)
    asking = _as_asked(context, document)
    made = await create_record(server_of(request).database, asking, obj.name, values_in(document, "fields"))
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


async def update(context: Context, request: Request) -> Response:
    """`PATCH /ui-api/records/{id}` `{"fields"}`: 200 with the record as it is now."""
    demand_version(request)
    record_id, document = request.path_params["id"], await json_object(request)
    obj = _object_of(context, record_id)
    expectation = expectation_of(request)
    asking, database = _as_asked(context, document), server_of(request).database
    await update_record(database, asking, obj.name, record_id, values_in(document, "fields"), expectation=expectation)
    return await _answer_written(context, request, obj, normal_id(record_id), 200)


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /ui-api/records/{id}`: 204."""
    demand_version(request)
    record_id = request.path_params["id"]
    obj = _object_of(context, record_id)
    expectation = expectation_of(request)
    await delete_record(server_of(request).database, context, obj.name, record_id, expectation=expectation)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/ui-api/records"
    return [
        route(base, ["POST"], idempotent(create)),
        route(f"{base}/batch/{{ids}}", ["GET"], get_batch),
        route(f"{base}/{{id}}", ["GET"], get),
        route(f"{base}/{{id}}", ["PATCH"], update),
        route(f"{base}/{{id}}", ["DELETE"], delete),
    ]
