"""`sobjects/{Object}/{id}/{relationship}`: the parent of a record, or its children, by the relationship's name."""

from __future__ import annotations

import re
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import ChildRelationship, Field, Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.conditions import conditional_answer, conditions_of, expectation_of
from chassis_platform.api.deps import server_of
from chassis_platform.api.versions import demand_version
from chassis_platform.plan.names import Names
from chassis_platform.records.read import find_record, get_record, query
from chassis_platform.records.write import delete_record, update_record

_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*){0,5}")
_NONE: dict[str, Any] = {"totalSize": 0, "done": True, "records": []}


def is_record(obj: Object, name: str) -> bool:
    """Whether what stands where a field's name may stand is a record's id."""
    return is_id(name) and name.lower() not in obj.fields_by_lower_name


def _no_relationship() -> NotFound:
    return NotFound.of("not_found", "The requested resource does not exist")


async def get_related(context: Context, request: Request, obj: Object) -> Response:
    """`GET`: the parent as a record, or the children as a query answers them."""
    version, name = demand_version(request), request.path_params["value"]
    fields = _selected(request)
    relationship = obj.children_by_lower_name.get(name.lower())
    if relationship is not None:
        return await _get_children(context, request, obj, relationship)
    parent, parent_id = await _parent(context, request, obj)
    asked, database = conditions_of(request), server_of(request).database
    found = await find_record(database, context, parent.name, parent_id, fields, version=version)
    return conditional_answer(asked, found.body, found.tag, found.changed)


def _selected(request: Request) -> list[str] | None:
    text = request.query_params.get("fields")
    if not text:
        return None
    names = [each.strip() for each in text.split(",") if each.strip()]
    wrong = [each for each in names if not _PATH.fullmatch(each)]
    if wrong:
        raise Invalid.of("invalid_field", f"No such column '{wrong[0][:80]}'.", fields=[wrong[0][:80]])
    return names


async def _get_children(context: Context, request: Request, obj: Object, relationship: ChildRelationship) -> Response:
    """As a subquery of the record, so that who may not see the record does not see its children here either."""
    names = Names(context.snapshot, context.policy)
    child = context.snapshot.objects[relationship.child]
    if relationship.field not in context.policy.on(child.name).readable or not context.policy.on(child.name).read:
        raise _no_relationship()
    fields = _selected(request) or [each.name for each in names.readable_fields(child)]
    record_id = _record_id(request, obj)
    text = (
        f"SELECT (SELECT {', '.join(fields)} FROM {relationship.name}) FROM {obj.name}"  # noqa: S608  names, and an id
        f" WHERE Id = '{record_id}'"
    )
    body = await query(server_of(request).database, context, text, version=demand_version(request))
    records = orjson.loads(body)["records"]
    if not records:
        raise _no_relationship()
    return json_response(records[0][relationship.name] or _NONE)


def _record_id(request: Request, obj: Object) -> str:
    record_id = normal_id(request.path_params["field"])
    if record_id[:3] != obj.key_prefix:
        raise _no_relationship()
    return record_id


async def _parent(context: Context, request: Request, obj: Object) -> tuple[Object, str]:
    """Which record the reference names; of several kinds, its id says of which it is."""
    field = _reference(context, obj, request.path_params["value"])
    body = await get_record(server_of(request).database, context, obj.name, _record_id(request, obj), [field.name])
    parent_id = orjson.loads(body)[field.name]
    parent = context.snapshot.object_of_id(parent_id or "")
    if parent is None:
        raise _no_relationship()
    return parent, parent_id


def _reference(context: Context, obj: Object, name: str) -> Field:
    field = obj.fields_by_relationship.get(name.lower())
    if field is None or field.name not in context.policy.on(obj.name).readable:
        raise _no_relationship()
    return field


async def update_related(context: Context, request: Request, obj: Object) -> Response:
    """`PATCH`: change the parent; 204."""
    _demand_one(request, obj)
    parent, parent_id = await _parent(context, request, obj)
    values, expectation = await json_object(request), expectation_of(request)
    await update_record(server_of(request).database, context, parent.name, parent_id, values, expectation=expectation)
    return no_content()


async def delete_related(context: Context, request: Request, obj: Object) -> Response:
    """`DELETE`: put the parent into the recycle bin; 204."""
    _demand_one(request, obj)
    parent, parent_id = await _parent(context, request, obj)
    expectation = expectation_of(request)
    await delete_record(server_of(request).database, context, parent.name, parent_id, expectation=expectation)
    return no_content()


def _demand_one(request: Request, obj: Object) -> None:
    if request.path_params["value"].lower() in obj.children_by_lower_name:
        message = f"HTTP Method '{request.method}' not allowed. Allowed are GET: several records may be related so."
        raise Invalid.of("method_not_allowed", message)
