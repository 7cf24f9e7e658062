"""Every door to records, asked as one person: which of the town's workshops and stays come through it."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from chassis_metadata.errors import NotFound
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import read, search
from chassis_platform.records.query_explain import explain
from chassis_platform.records.sosl import find
from leak_towns.build import BuiltTown

#: The numbers of the workshops seen.
Seen = set[int]
Door = Callable[[BuiltTown, Context], Awaitable[Seen]]


async def rows(built: BuiltTown, context: Context, text: str) -> list[dict[str, Any]]:
    body: list[dict[str, Any]] = orjson.loads(await read.query(built.database, context, text))["records"]
    return body


def numbers(built: BuiltTown, ids: Any) -> Seen:
    return {built.workshop_ids.index(each) for each in ids if each is not None}


async def by_query(built: BuiltTown, context: Context) -> Seen:
    return numbers(built, [each["Id"] for each in await rows(built, context, "SELECT Id FROM Workshop")])


async def by_sorted_query(built: BuiltTown, context: Context) -> Seen:
    found = await rows(built, context, "SELECT Id FROM Workshop ORDER BY Name DESC NULLS LAST LIMIT 100")
    return numbers(built, [each["Id"] for each in found])


async def by_semi_join(built: BuiltTown, context: Context) -> Seen:
    text = "SELECT Id FROM Workshop WHERE Id IN (SELECT Id FROM Workshop WHERE Name LIKE 'Case%')"
    return numbers(built, [each["Id"] for each in await rows(built, context, text)])


async def by_anti_join(built: BuiltTown, context: Context) -> Seen:
    """What an anti-join leaves out of all that the person sees is what it must not see: nothing."""
    text = "SELECT Id FROM Workshop WHERE Id NOT IN (SELECT ParentWorkshopId FROM Workshop WHERE Name = 'nobody')"
    return numbers(built, [each["Id"] for each in await rows(built, context, text)])


async def by_aggregate(built: BuiltTown, context: Context) -> Seen:
    found = await rows(built, context, "SELECT Code, COUNT(Id) n FROM Workshop GROUP BY Code")
    assert sum(each["n"] for each in found) == len(found)
    return {int(each["Code"][1:]) for each in found}


async def by_count(built: BuiltTown, context: Context) -> Seen:
    """The whole count, told through one number at a time."""
    seen = set()
    for number in range(len(built.workshop_ids)):
        text = f"SELECT COUNT() FROM Workshop WHERE Code = 'T{number}'"  # noqa: S608
        if orjson.loads(await read.query(built.database, context, text))["totalSize"]:
            seen.add(number)
    return seen


async def by_list(built: BuiltTown, context: Context) -> Seen:
    request = parse_list_request({"columns": ["Name"], "search": "Case", "limit": 200})
    body = orjson.loads(await read.list_records(built.database, context, "Workshop", request))
    assert await read.count_records(built.database, context, "Workshop", request) == len(body["records"])
    return numbers(built, [each["id"] for each in body["records"]])


async def by_sorted_list(built: BuiltTown, context: Context) -> Seen:
    request = parse_list_request(
        {"columns": ["Name", "Owner.Name"], "order_by": [{"field": "CreatedDate", "descending": True}], "limit": 200}
    )
    body = orjson.loads(await read.list_records(built.database, context, "Workshop", request))
    return numbers(built, [each["id"] for each in body["records"]])


async def by_pages(built: BuiltTown, context: Context) -> Seen:
    """Two at a time, behind cursors."""
    seen: list[str] = []
    after: str | None = None
    while True:
        asked = {
            "columns": ["Name"],
            "order_by": [{"field": "Rating"}],
            "limit": 2,
            **({"after": after} if after else {}),
        }
        body = orjson.loads(await read.list_records(built.database, context, "Workshop", parse_list_request(asked)))
        seen += [each["id"] for each in body["records"]]
        after = body["next"]
        if after is None:
            assert len(seen) == len(set(seen))
            return numbers(built, seen)


async def by_export(built: BuiltTown, context: Context) -> Seen:
    request = parse_list_request({"columns": ["Code"]})
    text = b"".join([chunk async for chunk in read.export_csv(built.database, context, "Workshop", request)]).decode()
    return {int(row[0][1:]) for row in list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1:]}


async def by_search(built: BuiltTown, context: Context) -> Seen:
    found = orjson.loads(await search.search(built.database, context, "Case", objects=["Workshop"], limit=200))
    return numbers(built, [each["id"] for group in found["groups"] for each in group["records"]])


async def by_sosl(built: BuiltTown, context: Context) -> Seen:
    """A search, by a text, by the digits of no number and by what is misspelled; it finds all by the text."""
    text = "FIND {Case OR 99999 OR Caase} RETURNING Workshop(Id), Stay(Id WHERE Id = null)"
    found = orjson.loads(await find(built.database, context, text))
    return numbers(built, [each["Id"] for each in found["searchRecords"]])


async def by_totals(built: BuiltTown, context: Context) -> Seen:
    """Totals count what the groups hold, and nothing else."""
    text = "SELECT Code, GROUPING(Code) g, COUNT(Id) n FROM Workshop GROUP BY ROLLUP(Code)"
    found = await rows(built, context, text)
    [total] = [each["n"] for each in found if each["g"]]
    groups = [each for each in found if not each["g"]]
    assert total == sum(each["n"] for each in groups)
    return {int(each["Code"][1:]) for each in groups}


async def by_scope(built: BuiltTown, context: Context) -> Seen:
    """A scope narrows and never widens."""
    text = "SELECT Id FROM Workshop USING SCOPE everything FOR VIEW"
    return numbers(built, [each["Id"] for each in await rows(built, context, text)])


async def by_explain(built: BuiltTown, context: Context) -> Seen:
    """How many there are, told by the way to them; which they are is the query's to say."""
    text = "SELECT Id FROM Workshop WHERE Name LIKE 'Case%'"
    [plan] = orjson.loads(await explain(built.database, context, text))["plans"]
    seen = await by_query(built, context)
    assert (plan["cardinality"], plan["sobjectCardinality"]) == (len(seen), len(seen))
    return seen


async def by_lookup(built: BuiltTown, context: Context) -> Seen:
    found = orjson.loads(await search.lookup(built.database, context, "Case", objects=["Workshop"], limit=200))
    return numbers(built, [each["id"] for each in found["records"]])


async def by_get(built: BuiltTown, context: Context) -> Seen:
    seen = set()
    for number, record_id in enumerate(built.workshop_ids):
        try:
            await read.get_record(built.database, context, "Workshop", record_id, ["Name"])
        except NotFound:
            continue
        seen.add(number)
    return seen


async def by_external_id(built: BuiltTown, context: Context) -> Seen:
    seen = set()
    for number in range(len(built.workshop_ids)):
        try:
            await read.get_by_external_id(built.database, context, "Workshop", "Code", f"T{number}", ["Name"])
        except NotFound:
            continue
        seen.add(number)
    return seen


async def by_page(built: BuiltTown, context: Context) -> Seen:
    """The record's page, which also says whether it may be changed."""
    seen = set()
    for number, record_id in enumerate(built.workshop_ids):
        try:
            body = orjson.loads(await read.record_for_ui(built.database, context, "Workshop", record_id))
        except NotFound:
            continue
        if not body["is_deleted"]:
            seen.add(number)
    return seen


async def changeable(built: BuiltTown, context: Context) -> Seen:
    """The workshops that the record page offers to change."""
    seen = set()
    for number, record_id in enumerate(built.workshop_ids):
        try:
            body = orjson.loads(await read.record_for_ui(built.database, context, "Workshop", record_id))
        except NotFound:
            continue
        if body["permissions"]["update"]:
            seen.add(number)
    return seen


DOORS: tuple[Door, ...] = (
    by_query,
    by_sorted_query,
    by_semi_join,
    by_anti_join,
    by_aggregate,
    by_count,
    by_list,
    by_sorted_list,
    by_pages,
    by_export,
    by_search,
    by_sosl,
    by_totals,
    by_scope,
    by_explain,
    by_lookup,
    by_get,
    by_external_id,
    by_page,
)


async def stays_by_query(built: BuiltTown, context: Context) -> Seen:
    found = await rows(built, context, "SELECT Id FROM Stay")
    return {built.stay_ids.index(each["Id"]) for each in found}


async def stays_by_parent(built: BuiltTown, context: Context) -> Seen:
    """Through a subquery over each workshop that the person sees."""
    found = await rows(built, context, "SELECT Id, (SELECT Id FROM Stays) FROM Workshop")
    children = [child for each in found if each["Stays"] for child in each["Stays"]["records"]]
    return {built.stay_ids.index(each["Id"]) for each in children}


async def workshops_by_stay(built: BuiltTown, context: Context) -> Seen:
    """The workshops whose names show through a path from a stay."""
    found = await rows(built, context, "SELECT Workshop.Name FROM Stay")
    return {int(each["Workshop"]["Name"].rsplit(" ", 1)[1]) for each in found if each["Workshop"]}


async def parents_by_child(built: BuiltTown, context: Context) -> Seen:
    """The workshops whose codes show through a path from another workshop."""
    found = await rows(built, context, "SELECT ParentWorkshop.Code FROM Workshop")
    return {int(each["ParentWorkshop"]["Code"][1:]) for each in found if each["ParentWorkshop"]}
