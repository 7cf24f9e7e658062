"""Records over REST, in the shapes that the field's clients know."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_object, json_response, no_content
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import describe_global, describe_object, object_basics
from chassis_platform.api.errors import warnings_document
from chassis_platform.api.moved import moved_or_raise
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.records.read import get_by_external_id, get_record
from chassis_platform.records.write import (
    Expectation,
    create_record,
    delete_record,
    update_record,
    upsert_record,
)


def visible_object(context: Context, name: str) -> Object:
    """The object of that name if it exists for the user; the same NotFound otherwise."""
    obj = context.snapshot.object(name)
    access = context.policy.on(obj.name) if obj else None
    if obj is None or access is None or not (access.read or access.create):
        raise NotFound.of("not_found", "The requested resource does not exist")
    return obj


def _selected(request: Request) -> list[str] | None:
    text = request.query_params.get("fields")
    return [each.strip() for each in text.split(",") if each.strip()] if text else None


async def list_objects(context: Context, request: Request) -> Response:
    """`GET /sobjects`."""
    return json_response(describe_global(context, demand_version(request)))


async def basics(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}`."""
    obj = visible_object(context, request.path_params["object"])
    return json_response(object_basics(context, obj, demand_version(request)))


async def describe(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/describe`."""
    obj = visible_object(context, request.path_params["object"])
    return json_response(describe_object(context, obj, demand_version(request)))


async def create(context: Context, request: Request) -> Response:
    """`POST /sobjects/{Object}`: 201 with the id; 200 with that of the record which took what was sent."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    result = await create_record(server_of(request).database, context, obj.name, await json_object(request))
    document: dict[str, Any] = {"id": result.id, "success": True, "errors": []}
    document |= warnings_document(result) | ({"created": False} if result.attached else {})
    return json_response(document, 200 if result.attached else 201)


async def get(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/{id}?fields=`."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    record_id = request.path_params["id"]
    try:
        body = await get_record(
            server_of(request).database, context, obj.name, record_id, _selected(request), version=version
        )
    except NotFound as error:
        return await moved_or_raise(context, request, record_id, error)
    return json_response(body)


def _expectation(request: Request) -> Expectation | None:
    """What the caller believes about the record: unmodified since a time, or at a version."""
    since = request.headers.get("if-unmodified-since")
    tag = request.headers.get("if-match")
    if since is None and tag is None:
        return None
    return Expectation(version=_version(tag), unmodified_since=_http_date(since))


def _version(tag: str | None) -> int | None:
    if tag is None:
        return None
    number = tag.strip().removeprefix("W/").strip('"')
    if not is_whole_number(number):
        raise Invalid.of("invalid_header", 'If-Match must be a record\'s version in quotes, such as "3".')
    return int(number)


def _http_date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        raise Invalid.of(
            "invalid_header", "If-Unmodified-Since must be an HTTP date, such as Sun, 22 Nov 2026 08:00:00 GMT."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


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
        expectation=_expectation(request),
    )
    return no_content()


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /sobjects/{Object}/{id}`: 204; the record lies in the recycle bin."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    await delete_record(
        server_of(request).database, context, obj.name, request.path_params["id"], expectation=_expectation(request)
    )
    return no_content()


def _key_field(obj: Object, name: str) -> Field:
    field = obj.fields_by_lower_name.get(name.lower())
    if field is None or not (field.external_id or field.name == "Id"):
        raise NotFound.of("not_found", "Provided external ID field does not exist or is not accessible: " + name)
    return field


async def get_by_key(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/{field}/{value}`."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    field = _key_field(obj, request.path_params["field"])
    value = request.path_params["value"]
    database = server_of(request).database
    if field.name == "Id":
        return json_response(await get_record(database, context, obj.name, value, _selected(request), version=version))
    return json_response(
        await get_by_external_id(database, context, obj.name, field.name, value, _selected(request), version=version)
    )


async def upsert(context: Context, request: Request) -> Response:
    """`PATCH /sobjects/{Object}/{field}/{value}`: 201 when created, 200 when updated."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    field = _key_field(obj, request.path_params["field"])
    values = await json_object(request)
    database = server_of(request).database
    if field.name == "Id":
        await update_record(database, context, obj.name, request.path_params["value"], values)
        return json_response({"id": request.path_params["value"], "success": True, "errors": [], "created": False})
    values = {name: value for name, value in values.items() if name.lower() != field.name.lower()}
    values[field.name] = request.path_params["value"]
    result = await upsert_record(database, context, obj.name, values, key=field.name)
    if float(version) < 46 and not result.created:  # noqa: PLR2004  as the API's older versions answered
        return no_content()
    document: dict[str, Any] = {"id": result.id, "success": True, "errors": [], "created": result.created}
    document |= warnings_document(result)
    return json_response(document, 201 if result.created else 200)


async def delete_by_key(context: Context, request: Request) -> Response:
    """`DELETE /sobjects/{Object}/{field}/{value}`."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    field = _key_field(obj, request.path_params["field"])
    value = request.path_params["value"]
    database = server_of(request).database
    if field.name != "Id":
        value = await id_by_key(context, request, obj, field, value)
    await delete_record(database, context, obj.name, value)
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
    definitions = [
        (base, list_objects),
        (f"{base}/{{object}}", basics),
        (f"{base}/{{object}}/describe", describe),
    ]
    paths = [
        (f"{base}/{{object}}/{{field}}/{{value}}", ["GET"], get_by_key),
        (f"{base}/{{object}}/{{field}}/{{value}}", ["PATCH", "POST"], upsert),
        (f"{base}/{{object}}/{{field}}/{{value}}", ["DELETE"], delete_by_key),
        (f"{base}/{{object}}/{{id}}", ["GET"], get),
        (f"{base}/{{object}}/{{id}}", ["PATCH"], update),
        (f"{base}/{{object}}/{{id}}", ["DELETE"], delete),
        (f"{base}/{{object}}", ["POST"], create),
    ]
    return [
        *(definitions_route(path, ["GET"], handler) for path, handler in definitions),
        *(route(path, methods, handler) for path, methods, handler in paths),
    ]
