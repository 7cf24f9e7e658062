"""Every door that shows values, asked as one person: what it shows of the town's workshops."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from chassis_metadata.errors import NotFound
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import read, search
from chassis_platform.records.several import get_records
from leak_towns.build import BuiltTown
from leak_towns.doors import rows
from leak_towns.values import Values

#: What a door is asked for: the fields that exist for the person.
Door = Callable[[BuiltTown, Context, Sequence[str]], Awaitable[Values]]


def of_fields(record: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {each: record[each] for each in fields}


def number_of(built: BuiltTown, record: Mapping[str, Any]) -> int:
    return built.workshop_ids.index(record.get("Id") or record["id"])


async def by_query(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    found = await rows(built, context, f"SELECT Id, {', '.join(fields)} FROM Workshop")  # noqa: S608  our own
    return {number_of(built, each): of_fields(each, fields) for each in found}


async def by_get(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    """All fields, as nobody names them."""
    shown = {}
    for number, record_id in enumerate(built.workshop_ids):
        try:
            shown[number] = orjson.loads(await read.get_record(built.database, context, "Workshop", record_id))
        except NotFound:
            continue
    return {number: of_fields(each, fields) for number, each in shown.items()}


async def by_external_id(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    shown = {}
    for number in range(len(built.workshop_ids)):
        asked = (context, "Workshop", "Code", f"T{number}", fields)
        try:
            shown[number] = of_fields(orjson.loads(await read.get_by_external_id(built.database, *asked)), fields)
        except NotFound:
            continue
    return shown


async def by_collection(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    found = orjson.loads(await get_records(built.database, context, "Workshop", built.workshop_ids, fields))
    return {number: of_fields(each, fields) for number, each in enumerate(found) if each is not None}


async def by_list(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    request = parse_list_request({"columns": list(fields), "limit": 200})
    body = orjson.loads(await read.list_records(built.database, context, "Workshop", request))
    return {number_of(built, each): of_fields(each["values"], fields) for each in body["records"]}


async def by_page(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    """Deleted ones too."""
    shown = {}
    for number, record_id in enumerate(built.workshop_ids):
        try:
            body = orjson.loads(await read.record_for_ui(built.database, context, "Workshop", record_id))
        except NotFound:
            continue
        shown[number] = of_fields(body["values"], fields)
    return shown


async def by_branches(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    """As children of another workshop that the person sees."""
    children = f"SELECT Id, {', '.join(fields)} FROM Branches"  # noqa: S608  our own
    found = await rows(built, context, f"SELECT Id, ({children}) FROM Workshop")  # noqa: S608  our own
    shown = [child for each in found if each["Branches"] for child in each["Branches"]["records"]]
    return {number_of(built, each): of_fields(each, fields) for each in shown}


async def by_path(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    """As the parent of another workshop that the person sees."""
    paths = ", ".join(f"ParentWorkshop.{each}" for each in ("Id", *fields))
    found = await rows(built, context, f"SELECT {paths} FROM Workshop")  # noqa: S608  our own
    parents = [each["ParentWorkshop"] for each in found if each["ParentWorkshop"]]
    return {number_of(built, each): of_fields(each, fields) for each in parents}


async def by_stay(built: BuiltTown, context: Context, fields: Sequence[str]) -> Values:
    """Through a path from a stay."""
    paths = ", ".join(f"Workshop.{each}" for each in ("Id", *fields))
    found = await rows(built, context, f"SELECT {paths} FROM Stay")  # noqa: S608  our own
    parents = [each["Workshop"] for each in found if each["Workshop"]]
    return {number_of(built, each): of_fields(each, fields) for each in parents}


#: Those that show all of them, and those that show the ones related to others.
WHOLE: tuple[Door, ...] = (by_query, by_get, by_external_id, by_collection, by_list)
RELATED: tuple[Door, ...] = (by_branches, by_path, by_stay)


async def by_export(built: BuiltTown, context: Context, fields: Sequence[str]) -> dict[int, list[str]]:
    """The cells of each row."""
    request = parse_list_request({"columns": ["Code", *fields]})
    text = b"".join([chunk async for chunk in read.export_list(built.database, context, "Workshop", request)]).decode()
    return {int(row[0][1:]): row[1:] for row in list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1:]}


async def marked_in_lists(built: BuiltTown, context: Context, fields: Sequence[str]) -> dict[int, set[str]]:
    """The fields that a list's rows mark as masked."""
    request = parse_list_request({"columns": list(fields), "limit": 200})
    body = orjson.loads(await read.list_records(built.database, context, "Workshop", request))
    return {number_of(built, each): set(each.get("masked", ())) for each in body["records"]}


async def labels_of_foremen(built: BuiltTown, context: Context) -> dict[int, str | None]:
    """The foreman's name: the label of the reference in a list."""
    request = parse_list_request({"columns": ["ForemanId"], "limit": 200})
    body = orjson.loads(await read.list_records(built.database, context, "Workshop", request))
    return {number_of(built, each): each["labels"].get("ForemanId") for each in body["records"]}


async def names_of_foremen(built: BuiltTown, context: Context) -> dict[int, str | None]:
    """The same by a path."""
    found = await rows(built, context, "SELECT Id, Foreman.Name FROM Workshop")
    return {number_of(built, each): each["Foreman"] and each["Foreman"]["Name"] for each in found}


async def found_by(built: BuiltTown, context: Context, text: str) -> dict[int, dict[str, Any]]:
    """What a search finds, with the details that it shows, by label."""
    found = orjson.loads(await search.search(built.database, context, text, objects=["Workshop"], limit=200))
    hits = [each for group in found["groups"] for each in group["records"]]
    return {number_of(built, each): {one["label"]: one["value"] for one in each["details"]} for each in hits}


async def looked_up(built: BuiltTown, context: Context, text: str) -> set[int]:
    """What a look-up offers."""
    found = orjson.loads(await search.lookup(built.database, context, text, objects=["Workshop"], limit=200))
    return {number_of(built, each) for each in found["records"]}


async def changes_of(built: BuiltTown, context: Context, number: int) -> set[tuple[str, Any, Any]]:
    """The history of a workshop."""
    body = await read.record_history(built.database, context, "Workshop", built.workshop_ids[number])
    return {(each["field"], each["old"], each["new"]) for each in orjson.loads(body)["changes"]}


async def names_of_customers(built: BuiltTown, context: Context) -> list[dict[int, str]]:
    """By a query, a list, a look-up and a record's page."""
    ids, database = built.customer_ids, built.database
    queried = await rows(built, context, "SELECT Id, Name FROM Customer")
    request = parse_list_request({"columns": ["Name"], "limit": 200})
    listed = orjson.loads(await read.list_records(database, context, "Customer", request))["records"]
    pages = [orjson.loads(await read.record_for_ui(database, context, "Customer", each)) for each in ids]
    return [
        {ids.index(each["Id"]): each["Name"] for each in queried},
        {ids.index(each["id"]): each["values"]["Name"] for each in listed},
        {ids.index(each["id"]): each["values"]["Name"] for each in pages},
    ]


async def names_behind_stays(built: BuiltTown, context: Context) -> list[dict[int, str | None]]:
    """Of the stays' customers, by a path and as the label of the reference."""
    queried = await rows(built, context, "SELECT Id, Customer.Name FROM Stay")
    request = parse_list_request({"columns": ["CustomerId"], "limit": 200})
    listed = orjson.loads(await read.list_records(built.database, context, "Stay", request))["records"]
    return [
        {built.stay_ids.index(each["Id"]): each["Customer"] and each["Customer"]["Name"] for each in queried},
        {built.stay_ids.index(each["id"]): each["labels"].get("CustomerId") for each in listed},
    ]


async def numbers_of_stays(built: BuiltTown, context: Context) -> dict[int, str | None]:
    """A formula that repeats the workshop's phone number."""
    found = await rows(built, context, "SELECT Id, Number__c FROM Stay")
    return {built.stay_ids.index(each["Id"]): each["Number__c"] for each in found}
