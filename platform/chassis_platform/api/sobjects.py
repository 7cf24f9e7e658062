"""Records over REST, in the shapes that the field's clients know."""

from __future__ import annotations

from functools import wraps
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_metadata.ids import is_id
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.conditions import conditional_answer, conditions_of, expectation_of
from chassis_platform.api.deps import Handler, route, server_of
from chassis_platform.api.describe import visible_object
from chassis_platform.api.errors import warnings_document
from chassis_platform.api.idempotency import idempotent
from chassis_platform.api.moved import moved_or_raise
from chassis_platform.api.relationships import delete_related, get_related, is_record, update_related
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.records.read import find_by_external_id, find_record, get_by_external_id
from chassis_platform.records.write import (
    RecordResult,
    create_record,
    delete_record,
    update_record,
    upsert_record,
)

_MULTIPLE_CHOICES = 300


def naming_choices(handler: Handler) -> Handler:
    """The handler; 300 with the addresses where several records have the external id."""

    @wraps(handler)
    async def named(context: Context, request: Request) -> Response:
        try:
            return await handler(context, request)
        except Conflict as error:
            choices = error.problems[0].details.get("choices")
            if choices is None:
                raise
            return json_response(choices, _MULTIPLE_CHOICES)

    return named


def _selected(request: Request) -> list[str] | None:
    text = request.query_params.get("fields")
    return [each.strip() for each in text.split(",") if each.strip()] if text else None


async def create(context: Context, request: Request) -> Response:
    """`POST /sobjects/{Object}`: 201 with the id; 200 with that of the record which took what was sent."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    result = await create_record(server_of(request).database, context, obj.name, await json_object(request))
    document: dict[str, Any] = {"id": result.id, "success": True, "errors": []}
    document |= warnings_document(result) | ({"created": False} if result.attached else {})
    if result.attached:
        return json_response(document)
    return json_response(document, 201, location=f"/services/data/v{version}/sobjects/{obj.name}/{result.id}")


async def get(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/{id}?fields=`; 304 where the caller has it as it is."""
    obj = visible_object(context, request.path_params["object"])
    return await _get_by_id(context, request, obj, request.path_params["id"])


async def _get_by_id(context: Context, request: Request, obj: Object, record_id: str) -> Response:
    version, asked = demand_version(request), conditions_of(request)
    database = server_of(request).database
    try:
        found = await find_record(database, context, obj.name, record_id, _selected(request), version=version)
    except NotFound as error:
        return await moved_or_raise(context, request, record_id, error)
    return conditional_answer(asked, found.body, found.tag, found.changed)


async def update(context: Context, request: Request) -> Response:
    """`PATCH /sobjects/{Object}/{id}`: 204."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    await update_record(
        server_of(request).database,
        context,
        obj.name,
        request.path_params["id"],
        await json_object(request),
        expectation=expectation_of(request),
    )
    return no_content()


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /sobjects/{Object}/{id}`: 204; the record lies in the recycle bin."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    await delete_record(
        server_of(request).database, context, obj.name, request.path_params["id"], expectation=expectation_of(request)
    )
    return no_content()


def _key_field(obj: Object, name: str) -> Field:
    field = obj.fields_by_lower_name.get(name.lower())
    if field is None or not (field.external_id or field.name == "Id"):
        raise NotFound.of("not_found", "Provided external ID field does not exist or is not accessible: " + name)
    return field


async def get_by_key(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/{field}/{value}`."""
    version, asked = demand_version(request), conditions_of(request)
    obj = visible_object(context, request.path_params["object"])
    if is_record(obj, request.path_params["field"]):
        return await get_related(context, request, obj)
    field, value = _key_field(obj, request.path_params["field"]), request.path_params["value"]
    if field.name == "Id":
        return await _get_by_id(context, request, obj, value)
    database, key = server_of(request).database, (field.name, value)
    found = await find_by_external_id(database, context, obj.name, key, _selected(request), version=version)
    return conditional_answer(asked, found.body, found.tag, found.changed)


async def upsert(context: Context, request: Request) -> Response:
    """`PATCH /sobjects/{Object}/{field}/{value}`: 201 when created, 200 when updated."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    if is_record(obj, request.path_params["field"]):
        return await update_related(context, request, obj)
    field, value = _key_field(obj, request.path_params["field"]), request.path_params["value"]
    values = await json_object(request)
    if field.name == "Id":
        return await _update_by_id(context, request, obj, value, values)
    values = {name: each for name, each in values.items() if name.lower() != field.name.lower()}
    if _only_updates(request) or not conditions_of(request).is_empty:
        return await _upsert_as_expected(context, request, obj, field, values)
    database = server_of(request).database
    try:
        result = await upsert_record(database, context, obj.name, {**values, field.name: value}, key=field.name)
    except Invalid as error:
        if error.problems[0].code == "duplicate_external_id":
            await id_by_key(context, request, obj, field, value)  # refuses with the addresses
        raise
    return _upserted(result, version)


def _only_updates(request: Request) -> bool:
    return request.query_params.get("updateOnly", "").lower() == "true"


async def _update_by_id(
    context: Context, request: Request, obj: Object, record_id: str, values: dict[str, Any]
) -> Response:
    expectation = expectation_of(request)
    await update_record(server_of(request).database, context, obj.name, record_id, values, expectation=expectation)
    return json_response({"id": record_id, "success": True, "errors": [], "created": False})


async def _upsert_as_expected(
    context: Context, request: Request, obj: Object, field: Field, values: dict[str, Any]
) -> Response:
    """As the request has it: create where nothing is to be there, or change what is as it is expected to be."""
    asked, version = conditions_of(request), demand_version(request)
    database, value = server_of(request).database, request.path_params["value"]
    try:
        record_id = await id_by_key(context, request, obj, field, value)
    except NotFound:
        if _only_updates(request):
            raise
        if asked.match is not None:
            raise Conflict.of("precondition_failed", "If-Match does not hold: there is no such record") from None
        return _upserted(await create_record(database, context, obj.name, {**values, field.name: value}), version)
    expectation = expectation_of(request)
    return _upserted(
        await update_record(database, context, obj.name, record_id, values, expectation=expectation), version
    )


def _upserted(result: RecordResult, version: str) -> Response:
    if float(version) < 46 and not result.created:  # noqa: PLR2004  as the API's older versions answered
        return no_content()
    document: dict[str, Any] = {"id": result.id, "success": True, "errors": [], "created": result.created}
    document |= warnings_document(result)
    return json_response(document, 201 if result.created else 200)


async def delete_by_key(context: Context, request: Request) -> Response:
    """`DELETE /sobjects/{Object}/{field}/{value}`."""
    demand_version(request)
    expectation = expectation_of(request)
    obj = visible_object(context, request.path_params["object"])
    if is_record(obj, request.path_params["field"]):
        return await delete_related(context, request, obj)
    field = _key_field(obj, request.path_params["field"])
    value = request.path_params["value"]
    database = server_of(request).database
    if field.name != "Id":
        value = await id_by_key(context, request, obj, field, value)
    await delete_record(database, context, obj.name, value, expectation=expectation)
    return no_content()


async def id_by_key(context: Context, request: Request, obj: Object, field: Field, value: str) -> str:
    """The id of the one record with that external id."""
    body = await get_by_external_id(server_of(request).database, context, obj.name, field.name, value, ["Id"])
    found = orjson.loads(body)["Id"]
    if not is_id(found):
        raise NotFound.of("not_found", "The requested resource does not exist")
    return str(found)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/sobjects"
    paths = [
        (f"{base}/{{object}}/{{field}}/{{value}}", ["GET"], naming_choices(get_by_key)),
        (f"{base}/{{object}}/{{field}}/{{value}}", ["PATCH", "POST"], naming_choices(upsert)),
        (f"{base}/{{object}}/{{field}}/{{value}}", ["DELETE"], naming_choices(delete_by_key)),
        (f"{base}/{{object}}/{{id}}", ["GET"], get),
        (f"{base}/{{object}}/{{id}}", ["PATCH"], update),
        (f"{base}/{{object}}/{{id}}", ["DELETE"], delete),
        (f"{base}/{{object}}", ["POST"], idempotent(create)),
    ]
    return [route(path, methods, handler) for path, methods, handler in paths]
