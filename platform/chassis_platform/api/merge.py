"""Duplicates and merging: what matches a record or a form, what a merge would do, and the merge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.duplicate_rule import duplicate_rules
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.describe import visible_object
from chassis_platform.api.ui_objects import readable_object, readable_record
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.automation.matching.details import add_record_details
from chassis_platform.automation.matching.search import duplicates_of_record, duplicates_of_values
from chassis_platform.automation.merging.merge import MergeRequest, merge_records, object_to_merge
from chassis_platform.automation.merging.preview import preview_merge
from chassis_platform.records.read import get_record
from chassis_tenants.journal import enqueue


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid.of("required_field_missing", f'"{name}" is missing: a text.', fields=[name])
    return value


def _ids(document: Mapping[str, Any], name: str) -> list[str]:
    value = document.get(name)
    if not isinstance(value, list) or not value or not all(is_id(each) for each in value):
        raise Invalid.of("malformed_id", f'"{name}" must be a list of record ids.', fields=[name])
    return [normal_id(each) for each in value]


def _map(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name) or {}
    if not isinstance(value, dict):
        raise Invalid.of("json_parser_error", f'"{name}" must be an object.', fields=[name])
    return value


async def merge(context: Context, request: Request) -> Response:
    """`POST /sobjects/{Object}/merge`, with the keys of Salesforce's MergeRequest."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    document = await json_object(request)
    master = _map(document, "masterRecord")
    values = {name: value for name, value in master.items() if name.lower() not in ("id", "attributes")}
    wanted = MergeRequest(
        obj.name,
        _text(master, "Id"),
        _ids(document, "recordToMergeIds"),
        sources=_map(document, "fieldSources"),
        values=values,
        fill_blanks=document.get("fillBlanks", True) is not False,
        reason=_reason(document),
    )
    result = await merge_records(server_of(request).database, context, wanted)
    related = list(result.updated_related_ids)
    merged = {"mergedRecordIds": list(result.merged_ids), "updatedRelatedIds": related}
    return json_response({"id": result.id, "success": True, **merged, "errors": []})


def _reason(document: Mapping[str, Any]) -> str | None:
    reason = document.get("reason")
    return None if reason is None else str(reason)[:1000]


async def merge_in_ui(context: Context, request: Request) -> Response:
    """`POST /ui/merge`."""
    document = await json_object(request)
    master_id = _text(document, "masterId")
    version = document.get("version")
    wanted = MergeRequest(
        readable_record(context, master_id)[0].name,
        master_id,
        _ids(document, "ids"),
        sources=_map(document, "sources"),
        values=_map(document, "values"),
        reason=_reason(document),
        version=version if isinstance(version, int) else None,
    )
    result = await merge_records(server_of(request).database, context, wanted)
    return json_response({"id": result.id, "merged": list(result.merged_ids), "moved": len(result.updated_related_ids)})


async def preview(context: Context, request: Request) -> Response:
    """`POST /ui/merge/preview`."""
    document = await json_object(request)
    ids = _ids(document, "ids")
    master_id = normal_id(_text(document, "masterId")) if document.get("masterId") else ids[0]
    obj = object_to_merge(context, readable_record(context, master_id)[0].name)
    if master_id not in ids or any(each[:3] != obj.key_prefix for each in ids):
        raise Invalid.of("malformed_id", f"A merge is of records of one object, here {obj.name}.")
    return json_response(
        await preview_merge(server_of(request).database, context, obj, list(dict.fromkeys(ids)), master_id=master_id)
    )


async def duplicates_of_form(context: Context, request: Request) -> Response:
    """`POST /ui/objects/{Object}/duplicates` with the values of a form."""
    obj = readable_object(context, request.path_params["object"])
    document = await json_object(request)
    record_id = document.get("id")
    found = await duplicates_of_values(
        server_of(request).database,
        context,
        obj,
        _map(document, "values"),
        record_id=normal_id(str(record_id)) if is_id(record_id) else None,
    )
    await add_record_details(server_of(request).database, context, found)
    return json_response({"duplicates": found})


async def duplicates_of_stored(context: Context, request: Request) -> Response:
    """`GET /ui/records/{id}/duplicates`."""
    record_id, database = request.path_params["id"], server_of(request).database
    obj, _ = readable_record(context, record_id)
    seen = orjson.loads(await get_record(database, context, obj.name, record_id, ["Id"]))
    found = await duplicates_of_record(database, context, obj, seen["Id"])
    await add_record_details(database, context, found)
    return json_response({"duplicates": found})


async def find_everywhere(context: Context, request: Request) -> Response:
    """`POST /setup/duplicate-rules/{name}/find`: look over all records, in the background."""
    context.policy.demand("ModifyAllData")
    name = request.path_params["name"]
    if name not in duplicate_rules(context.snapshot):
        raise NotFound.of("unknown_component", f"There is no duplicate rule {name!r} in force.")
    job = enqueue(context.tenant.id, "find_duplicates", {"rule": name}, lock_key=f"find_duplicates:{name}")
    await server_of(request).database.read(context.binding, job)
    return json_response({"rule": name, "status": "queued"}, 202)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(f"{ROOT}/sobjects/{{object}}/merge", ["POST"], merge),
        route("/ui/merge", ["POST"], merge_in_ui),
        route("/ui/merge/preview", ["POST"], preview),
        route("/ui/objects/{object}/duplicates", ["POST"], duplicates_of_form),
        route("/ui/records/{id}/duplicates", ["GET"], duplicates_of_stored),
        route("/setup/duplicate-rules/{name}/find", ["POST"], find_everywhere),
    ]
