"""Lists, records, search and the recycle bin of the web application."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_object, json_response, no_content, values_in
from chassis_platform.api.conditions import expectation_of
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.errors import warnings_document
from chassis_platform.api.moved import moved_or_raise, with_master
from chassis_platform.api.ui_objects import readable_object, readable_record
from chassis_platform.plan.listing import ListRequest, parse_list_request
from chassis_platform.records import read as reading
from chassis_platform.records import search as searching
from chassis_platform.records.recent import remember
from chassis_platform.records.write import create_record, delete_record, undelete_record, update_record

LARGEST_PAGE = 200


def _limit(request: Request, default: int) -> int:
    return _within_limits(request.query_params.get("limit", str(default)))


def _within_limits(text: str) -> int:
    if not is_whole_number(text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise Invalid.of("number_outside_valid_range", f"limit must be a whole number from 1 to {LARGEST_PAGE}.")
    return int(text)


async def _list_request(context: Context, request: Request) -> tuple[Object, ListRequest]:
    obj = readable_object(context, request.path_params["object"])
    return obj, parse_list_request(await json_object(request))


async def list_(context: Context, request: Request) -> Response:
    """`POST /ui/objects/{Object}/list`."""
    obj, wanted = await _list_request(context, request)
    return json_response(await reading.list_records(server_of(request).database, context, obj.name, wanted))


async def count(context: Context, request: Request) -> Response:
    """`POST /ui/objects/{Object}/count`: only when somebody asks."""
    obj, wanted = await _list_request(context, request)
    found = await reading.count_records(server_of(request).database, context, obj.name, wanted)
    return json_response({"count": found})


async def get(context: Context, request: Request) -> Response:
    """`GET /ui/records/{id}`."""
    obj, record_id = readable_record(context, request.path_params["id"])
    try:
        body = await reading.record_for_ui(server_of(request).database, context, obj.name, record_id)
    except NotFound as error:
        return await moved_or_raise(context, request, record_id, error)
    await remember(server_of(request).database, context, obj, [record_id])
    return json_response(await with_master(context, request, record_id, body))


async def create(context: Context, request: Request) -> Response:
    """`POST /ui/objects/{Object}/records`; 200 with the id of the record which took what was sent."""
    obj = readable_object(context, request.path_params["object"])
    values = values_in(await json_object(request), "values")
    result = await create_record(server_of(request).database, context, obj.name, values)
    document = {"id": result.id, "version": result.version} | warnings_document(result)
    return json_response(document | {"created": not result.attached}, 200 if result.attached else 201)


async def update(context: Context, request: Request) -> Response:
    """`PATCH /ui/records/{id}` with `If-Match`."""
    obj, record_id = readable_record(context, request.path_params["id"])
    values = values_in(await json_object(request), "values")
    result = await update_record(
        server_of(request).database, context, obj.name, record_id, values, expectation=expectation_of(request)
    )
    return json_response({"id": result.id, "version": result.version} | warnings_document(result))


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /ui/records/{id}`."""
    obj, record_id = readable_record(context, request.path_params["id"])
    await delete_record(server_of(request).database, context, obj.name, record_id, expectation=expectation_of(request))
    return no_content()


async def undelete(context: Context, request: Request) -> Response:
    """`POST /ui/records/{id}/undelete`."""
    obj, record_id = readable_record(context, request.path_params["id"])
    await undelete_record(server_of(request).database, context, obj.name, record_id)
    return no_content()


async def related(context: Context, request: Request) -> Response:
    """`GET /ui/records/{id}/related/{relationship}`."""
    obj, record_id = readable_record(context, request.path_params["id"])
    columns = [each for each in request.query_params.get("columns", "").split(",") if each]
    body = await reading.related_list(
        server_of(request).database,
        context,
        obj.name,
        record_id,
        request.path_params["relationship"],
        columns=columns or None,
        limit=_limit(request, 20),
        after=request.query_params.get("after"),
    )
    return json_response(body)


async def history(context: Context, request: Request) -> Response:
    """`GET /ui/records/{id}/history`."""
    obj, record_id = readable_record(context, request.path_params["id"])
    return json_response(await reading.record_history(server_of(request).database, context, obj.name, record_id))


async def recycle_bin(context: Context, request: Request) -> Response:
    """`GET /ui/recycle-bin`."""
    body = await reading.recycle_bin(
        server_of(request).database, context, limit=_limit(request, 50), after=request.query_params.get("after")
    )
    return json_response(body)


async def search(context: Context, request: Request) -> Response:
    """`POST /ui/search` `{"q", "objects"?, "limit"?}`: what is sought may name a person, and stands in no address."""
    asked = await _sought(request, 5)
    body = await searching.search(
        server_of(request).database, context, asked.text, objects=asked.objects or None, limit=asked.limit
    )
    return json_response(body)


async def lookup(context: Context, request: Request) -> Response:
    """`POST /ui/lookup` `{"q", "objects", "limit"?}`."""
    asked = await _sought(request, 10)
    if not asked.objects:
        raise Invalid.of("required_field_missing", "Name at least one object.", fields=["objects"])
    body = await searching.lookup(
        server_of(request).database, context, asked.text, objects=asked.objects, limit=asked.limit
    )
    return json_response(body)


class _Sought(NamedTuple):
    text: str
    objects: list[str]
    limit: int


async def _sought(request: Request, limit: int) -> _Sought:
    document = await json_object(request)
    text, objects, most = document.get("q", ""), document.get("objects") or [], document.get("limit", limit)
    if not isinstance(text, str):
        raise Invalid.of("invalid_value", "q must be a text.", fields=["q"])
    if not isinstance(objects, list) or not all(isinstance(each, str) for each in objects):
        raise Invalid.of("invalid_value", "objects must be a list of names.", fields=["objects"])
    return _Sought(text, objects, _within_limits(str(most)))


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/objects/{object}/list", ["POST"], list_),
        route("/ui/objects/{object}/count", ["POST"], count),
        route("/ui/objects/{object}/records", ["POST"], create),
        route("/ui/records/{id}", ["GET"], get),
        route("/ui/records/{id}", ["PATCH"], update),
        route("/ui/records/{id}", ["DELETE"], delete),
        route("/ui/records/{id}/undelete", ["POST"], undelete),
        route("/ui/records/{id}/related/{relationship}", ["GET"], related),
        route("/ui/records/{id}/history", ["GET"], history),
        route("/ui/recycle-bin", ["GET"], recycle_bin),
        route("/ui/search", ["POST"], search),
        route("/ui/lookup", ["POST"], lookup),
    ]
