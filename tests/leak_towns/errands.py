"""Doors to errands, which are shared with the readers of what they are about."""

from __future__ import annotations

from typing import Any

import orjson

from chassis_metadata.errors import NotFound
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import read
from chassis_platform.records.explain import why
from leak_towns.build import BuiltTown
from leak_towns.doors import Seen, rows


def _numbers(built: BuiltTown, ids: Any) -> Seen:
    return {built.errand_ids.index(each) for each in ids}


async def errands_by_query(built: BuiltTown, context: Context) -> Seen:
    return _numbers(built, [each["Id"] for each in await rows(built, context, "SELECT Id FROM Errand")])


async def errands_by_list(built: BuiltTown, context: Context) -> Seen:
    """By an indexed order, where records may be gathered from what indexes say is within reach."""
    asked = {"columns": ["Name"], "order_by": [{"field": "CreatedDate"}], "limit": 200}
    body = await read.list_records(built.database, context, "Errand", parse_list_request(asked))
    return _numbers(built, [each["id"] for each in orjson.loads(body)["records"]])


async def errands_by_count(built: BuiltTown, context: Context) -> Seen:
    found = await rows(built, context, "SELECT Name n, COUNT(Id) c FROM Errand GROUP BY Name")
    return {int(each["n"][1:]) for each in found}


async def errands_explained(built: BuiltTown, context: Context) -> Seen:
    obj = built.snapshot.objects["Errand"]
    told = [await why(built.database, context, obj, each) for each in built.errand_ids]
    return {number for number, each in enumerate(told) if each["access"] != "none" and each["grants"]}


async def changeable_errands(built: BuiltTown, context: Context) -> Seen:
    """Those whose pages offer to change them."""
    seen = set()
    for number, each in enumerate(built.errand_ids):
        try:
            body = orjson.loads(await read.record_for_ui(built.database, context, "Errand", each))
        except NotFound:
            continue
        if body["permissions"]["update"]:
            seen.add(number)
    return seen


ERRAND_DOORS = (errands_by_query, errands_by_list, errands_by_count, errands_explained)
