"""Search over objects, and the look-up of a record to refer to: lists like any other, asked all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import ListRequest
from chassis_platform.plan.names import Names
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.records.lists import describe_column, list_plan, list_wanted
from chassis_platform.records.pages import read_pages
from chassis_tenants.database import Database

SHORTEST_SEARCH = 2
MOST_DETAILS = 3


async def search(
    database: Database, context: Context, text: str, *, objects: Sequence[str] | None = None, limit: int = 5
) -> bytes:
    """The records in whose name or searchable fields the text stands, grouped by object."""
    if len(text.strip()) < SHORTEST_SEARCH:
        return b'{"groups":[]}'
    searched = searched_objects(context, objects)
    found = await _find(database, context, searched, ListRequest((), search=text, limit=limit), door="search")
    groups = [_group(obj, records, context) for obj, records in zip(searched, found, strict=True) if records]
    return orjson.dumps({"groups": groups})


def _group(obj: Object, records: list[dict[str, Any]], context: Context) -> dict[str, Any]:
    label = context.snapshot.text(context.principal.language, f"objects.{obj.name}.plural_label", obj.plural_label)
    return {"object": obj.name, "label": label, "icon": obj.icon, "records": records}


async def lookup(database: Database, context: Context, text: str, *, objects: Sequence[str], limit: int = 10) -> bytes:
    """Records that a reference to one of these objects may point to, by name."""
    names = Names(context.snapshot, context.policy)
    looked_up = [names.object(each) for each in objects]
    request = ListRequest((), search=text, limit=limit, order_by=(("Name", False),))
    found = await _find(database, context, looked_up, request, door="lookup")
    records = [
        {"id": each["id"], "object": obj.name, "name": each["name"], "details": each["details"]}
        for obj, rows in zip(looked_up, found, strict=True)
        for each in rows
    ]
    return orjson.dumps({"records": records[:limit]})


def searched_objects(context: Context, objects: Sequence[str] | None) -> list[Object]:
    """The objects named, or those that stand in the user's apps, or else all that can be searched."""
    names = Names(context.snapshot, context.policy)
    if objects:
        return [names.object(each) for each in objects]
    readable = [each for each in context.snapshot.objects.values() if context.policy.on(each.name).read]
    searchable = [each for each in readable if each.searchable]
    tabs = set(_tabs(context))
    return [each for each in searchable if each.name in tabs] or searchable


def _tabs(context: Context) -> Iterable[str]:
    apps = context.policy.grants.apps
    return (tab for app in context.snapshot.apps if app.name in apps for tab in app.tabs)


async def _find(
    database: Database, context: Context, objects: Sequence[Object], request: ListRequest, *, door: str
) -> list[list[dict[str, Any]]]:
    """For each object the records found, all in one round trip."""
    plans = [_plan(context, obj, request) for obj in objects]
    wanted = [list_wanted(context, plan, request, door) for plan in plans]
    pages = await read_pages(database, context, list(zip(plans, wanted, strict=True)))
    return [
        [_hit(row, plan, context) for row in orjson.loads(page.records)]
        for plan, page in zip(plans, pages, strict=True)
    ]


def _plan(context: Context, obj: Object, request: ListRequest) -> ReadPlan:
    readable = Names(context.snapshot, context.policy).readable(obj)
    details = [each for each in obj.compact_fields if each in readable][:MOST_DETAILS]
    columns = tuple(dict.fromkeys(("Name", *details)))
    order_by = request.order_by if "Name" not in context.policy.on(obj.name).masks else ()
    return list_plan(context, obj.name, ListRequest(columns, search=request.search, order_by=order_by))


def _hit(row: dict[str, Any], plan: ReadPlan, context: Context) -> dict[str, Any]:
    values, labels = row["values"], row["labels"]
    details = [
        {"label": describe_column(each, context)["label"], "value": labels.get(each.path, values.get(each.path))}
        for each in plan.columns
        if each.path != "Name"
    ]
    return {"id": row["id"], "name": values["Name"], "details": [each for each in details if each["value"] is not None]}
