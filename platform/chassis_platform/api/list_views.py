"""`sobjects/{Object}/listviews`: the views of an object, what each is, and its records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.components import ListView
from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import component_id
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.printer import print_query
from chassis_metadata.soql.tree import Path, Query
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_response
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import Document, field_label
from chassis_platform.api.describe_objects import object_url
from chassis_platform.api.ui_objects import clear_order, list_view_label, list_views_of, readable_columns
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.plan.names import Names
from chassis_platform.plan.query import HIGHEST_OFFSET
from chassis_platform.records.list_views import view_query, view_records
from chassis_platform.records.read import readable_object

_PREFIX = "00B"
_DEFAULT_LIMIT, _MOST = 25, 2_000
_OPERATORS: Mapping[str, str] = {
    "=": "equals",
    "!=": "notEqual",
    "<": "lessThan",
    "<=": "lessThanOrEqualTo",
    ">": "greaterThan",
    ">=": "greaterThanOrEqualTo",
    "LIKE": "like",
    "IN": "in",
    "NOT IN": "notIn",
    "INCLUDES": "includes",
    "EXCLUDES": "excludes",
}


def _names(context: Context) -> Names:
    return Names(context.snapshot, context.policy)


def view_id(obj: Object, view: ListView) -> str:
    """A view's id; the same in every tenant."""
    return component_id(_PREFIX, f"{obj.name}.{view.name}")


async def list_views(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/listviews`."""
    version = demand_version(request)
    obj = readable_object(context, request.path_params["object"])
    found = [_summary(context, obj, each, version) for each in list_views_of(obj, _names(context))]
    document = {"done": True, "listviews": found, "nextRecordsUrl": None, "size": len(found), "sobjectType": obj.name}
    return json_response(document)


def _summary(context: Context, obj: Object, view: ListView, version: str) -> Document:
    url = f"{object_url(obj, version)}/listviews/{view_id(obj, view)}"
    return {
        "describeUrl": f"{url}/describe",
        "developerName": view.name,
        "id": view_id(obj, view),
        "label": list_view_label(context, obj, view),
        "resultsUrl": f"{url}/results",
        "soqlCompatible": True,
        "url": url,
    }


def _view(context: Context, request: Request) -> tuple[Object, ListView]:
    """The view named by its id or its name; NotFound where the user has none such."""
    obj, wanted = readable_object(context, request.path_params["object"]), request.path_params["view"]
    for each in list_views_of(obj, _names(context)):
        if wanted in (each.name, view_id(obj, each), view_id(obj, each)[:15]):
            return obj, each
    raise NotFound.of("not_found", "The requested resource does not exist")


async def one(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/listviews/{id}`."""
    obj, view = _view(context, request)
    return json_response(_summary(context, obj, view, demand_version(request)))


def _query(context: Context, obj: Object, view: ListView) -> Query:
    names = _names(context)
    return view_query(context, obj, view, readable_columns(obj, view, names), clear_order(obj, view, names))


async def describe(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/listviews/{id}/describe`: columns, order, conditions, and its query."""
    demand_version(request)
    obj, view = _view(context, request)
    orders = clear_order(obj, view, _names(context))
    return json_response(
        {
            "columns": _columns(context, obj, view),
            "id": view_id(obj, view),
            "orderBy": [
                {
                    "fieldNameOrPath": name,
                    "nullsPosition": "last" if descending else "first",
                    "sortDirection": "descending" if descending else "ascending",
                }
                for name, descending in orders
            ],
            "query": print_query(_query(context, obj, view)),
            "relatedEntityId": None,
            "scope": view.owner if view.owner == "mine" else "everything",
            "scopeEntityId": None,
            "sobjectType": obj.name,
            "whereCondition": _where(view),
        }
    )


def _where(view: ListView) -> Document | None:
    """The conditions of a view; one with a logic of its own has them in its query alone."""
    if view.logic:
        return None
    return {
        "conditions": [
            {"field": each.field, "operator": _OPERATORS[each.operator], "values": _texts(each.value)}
            for each in view.filters
        ],
        "conjunction": "and",
    }


def _texts(value: Any) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list | tuple) else [value])]


def _columns(context: Context, obj: Object, view: ListView) -> list[Document]:
    orders = clear_order(obj, view, _names(context))
    directions = {name: (place, descending) for place, (name, descending) in enumerate(orders)}
    shown = readable_columns(obj, view, _names(context))
    hidden = () if "Id" in shown else ("Id",)
    return [_column(context, obj, each, directions.get(each), is_hidden=each in hidden) for each in (*shown, *hidden)]


def _column(context: Context, obj: Object, path: str, order: tuple[int, bool] | None, *, is_hidden: bool) -> Document:
    names = _names(context)
    operand = names.field(obj, Path(tuple(path.split("."))))
    is_clear = names.mask_of(operand) is None
    direction = None if order is None else "descending" if order[1] else "ascending"
    return {
        "ascendingLabel": None,
        "descendingLabel": None,
        "fieldNameOrPath": path,
        "hidden": is_hidden,
        "label": field_label(context, operand.field),
        "searchable": operand.field.searchable or operand.field.is_name,
        "selectListItem": path,
        "sortDirection": direction,
        "sortIndex": None if order is None else order[0],
        "sortable": operand.field.traits.sortable and is_clear,
        "type": operand.field.traits.wire_type,
    }


async def results(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/listviews/{id}/results?limit=&offset=`."""
    version = demand_version(request)
    obj, view = _view(context, request)
    limit = _number(request, "limit", default=_DEFAULT_LIMIT, lowest=1, most=_MOST)
    offset = _number(request, "offset", default=0, lowest=0, most=HIGHEST_OFFSET)
    database, query = server_of(request).database, _query(context, obj, view)
    page = await view_records(database, context, query, limit=limit, offset=offset, version=version)
    columns = _columns(context, obj, view)
    paths = [str(each["fieldNameOrPath"]) for each in columns]
    return json_response(
        {
            "columns": columns,
            "developerName": view.name,
            "done": page.next_key is None,
            "id": view_id(obj, view),
            "label": list_view_label(context, obj, view),
            "records": [_row(each, paths) for each in orjson.loads(page.records)],
            "size": page.count,
        }
    )


def _number(request: Request, name: str, *, default: int, lowest: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not is_whole_number(text) or not lowest <= int(text) <= most:
        raise Invalid.of("number_outside_valid_range", f"{name} must be a whole number from {lowest} to {most}.")
    return int(text)


def _row(record: Mapping[str, Any], paths: list[str]) -> Document:
    return {"columns": [{"fieldNameOrPath": path, "value": _text(_value_at(record, path))} for path in paths]}


def _value_at(record: Mapping[str, Any], path: str) -> Any:
    found: Any = record
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str | None:
    """The wire has texts alone here."""
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/sobjects/{{object}}/listviews"
    return [
        definitions_route(base, ["GET"], list_views),
        definitions_route(f"{base}/{{view}}", ["GET"], one),
        definitions_route(f"{base}/{{view}}/describe", ["GET"], describe),
        route(f"{base}/{{view}}/results", ["GET"], results),
    ]
