"""Every door to records, asked as one person: which of the town's workshops and stays come through it."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from typing import Any

import openpyxl
import orjson
from pyarrow import parquet

from chassis_metadata.components import Filter, ListView
from chassis_metadata.errors import NotFound
from chassis_metadata.ids import new_id
from chassis_metadata.logic.outbound_document import OutboundDocument
from chassis_metadata.logic.webhook import Watched
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.events.stream import Change
from chassis_platform.automation.events.subscription import next_page, starting_point
from chassis_platform.automation.webhook_subscriptions.deliveries import Delivery
from chassis_platform.automation.webhook_subscriptions.payload import body_of
from chassis_platform.automation.webhook_subscriptions.store import Webhook
from chassis_platform.bulk.chunks import Part, outcomes_of, read_outcomes
from chassis_platform.bulk.jobs import PREFIX, BulkJob, State
from chassis_platform.bulk.query import QUERY
from chassis_platform.bulk.query_result_pages import result_pages
from chassis_platform.bulk.query_results import Place, read_results
from chassis_platform.bulk.writing import Rows, Task, write_part
from chassis_platform.documents.outbound import make_document
from chassis_platform.documents.questions import LookupKey, answer_all
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records import read, search
from chassis_platform.records.changes import Changes, changes_between
from chassis_platform.records.counts import count_of_each
from chassis_platform.records.export_files import FileFormat
from chassis_platform.records.list_views import view_query, view_records
from chassis_platform.records.query_explain import explain
from chassis_platform.records.recent import recent_items, remember
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
    text = b"".join([chunk async for chunk in read.export_list(built.database, context, "Workshop", request)]).decode()
    return {int(row[0][1:]) for row in list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1:]}


async def file_of(built: BuiltTown, context: Context, file_format: FileFormat) -> bytes:
    text = "SELECT Code, ParentWorkshop.Name FROM Workshop"
    return b"".join([chunk async for chunk in read.export_query(built.database, context, text, file_format)])


async def by_spreadsheet(built: BuiltTown, context: Context) -> Seen:
    book = openpyxl.load_workbook(io.BytesIO(await file_of(built, context, FileFormat.XLSX)), read_only=True)
    return {int(str(row[0])[1:]) for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)}


async def by_parquet(built: BuiltTown, context: Context) -> Seen:
    table = parquet.read_table(io.BytesIO(await file_of(built, context, FileFormat.PARQUET)))
    return {int(code[1:]) for code in table.column("Code").to_pylist()}


async def by_bulk_query(built: BuiltTown, context: Context) -> Seen:
    """A job's results, three at a time."""
    known: dict[str, Any] = {each.name: None for each in fields(BulkJob)}
    asked = {"state": State.JOB_COMPLETE, "operation": QUERY, "settings": {}, "query_text": "SELECT Code FROM Workshop"}
    job = BulkJob(**known | asked)
    seen: list[int] = []
    place: Place | None = Place()
    while place is not None:
        found = await read_results(built.database, context, job, place, most=3)
        seen += [int(line.strip('"')[1:]) for line in b"".join(found.parts).decode().split()[1:]]
        place = found.next_place
    assert len(seen) == len(set(seen))
    return set(seen)


async def by_result_pages(built: BuiltTown, context: Context) -> Seen:
    """A job's results in parts: where each begins tells of no record that the person does not see."""
    known: dict[str, Any] = {each.name: None for each in fields(BulkJob)}
    asked = {"state": State.JOB_COMPLETE, "operation": QUERY, "settings": {}, "query_text": "SELECT Id FROM Workshop"}
    job = BulkJob(**known | asked)
    pages, following = await result_pages(built.database, context, job, Place())
    assert following is None
    found = [await read_results(built.database, context, job, each) for each in pages]
    seen = [line.strip('"') for each in found for line in b"".join(each.parts).decode().split()[1:]]
    return numbers(built, seen)


async def by_record_count(built: BuiltTown, context: Context) -> Seen:
    """How many there are; which they are is the query's to say."""
    seen = await by_query(built, context)
    [counted] = await count_of_each(built.database, context, [built.snapshot.objects["Workshop"]])
    assert counted.count == len(seen)
    return seen


async def by_bulk_ingest(built: BuiltTown, context: Context) -> Seen:
    """What an import's dry run tells of each workshop: that it is there, or that it is not."""
    if not context.policy.on("Workshop").update:
        return await by_get(built, context)
    part = Part(new_id(PREFIX), "check", 0, 0)
    rows = Rows([{"Id": each} for each in built.workshop_ids])
    await write_part(built.database, Task(context, "Workshop", "update", is_dry=True), part, rows)
    asked = read_outcomes(built.tenant.id, part.job_id, part.phase, part.number)
    told = outcomes_of((await built.database.read(context.binding, asked))[0])
    gone = ("NOT_FOUND:", "ENTITY_IS_DELETED:")
    return {place for place, outcome in told.items() if not (outcome.error or "").startswith(gone)}


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


_TOLD = """
INSERT INTO chassis.change_event (tenant_id, object_name, change_type, record_ids, fields, changed_at)
SELECT %s, 'Workshop', 'CREATE', %s, '{}', now()
WHERE NOT EXISTS (SELECT FROM chassis.change_event WHERE tenant_id = %s)
"""


async def by_events(built: BuiltTown, context: Context) -> Seen:
    """The stream, in which one event tells of all workshops."""
    built.sql(_TOLD, built.tenant.id, built.workshop_ids, built.tenant.id)
    start = await starting_point(built.database, context, "-2")
    page = await next_page(built.database, context, start, version="66.0")
    told = [each for event in page.events for each in event.header["recordIds"]]
    assert told == [each["Id"] for event in page.events for each in event.records]
    return numbers(built, told)


async def by_webhook(built: BuiltTown, context: Context) -> Seen:
    """What a webhook that runs as the person would send."""
    change = Change(1, 1, "", "Workshop", "CREATE", built.workshop_ids, [], None, None, clock.now())
    watched = {"Workshop": Watched("Workshop", frozenset({"CREATE"}), criteria="BEGINS(Name, 'Case')")}
    webhook = Webhook("", "", "", watched, context.principal.user_id, 50, True, 0, 0, ())
    delivery = Delivery("", (change,), frozenset(built.workshop_ids), False, 0, clock.now(), None)
    body = await body_of(built.database, context, webhook, delivery)
    events = [] if body is None else orjson.loads(body)["events"]
    return numbers(built, [each["Id"] for event in events for each in event["records"]])


async def by_updated(built: BuiltTown, context: Context) -> Seen:
    """What is told to have changed, to whoever keeps a copy."""
    return numbers(built, orjson.loads((await _changes(built, context, deleted=False)).found))


async def by_deleted(built: BuiltTown, context: Context) -> Seen:
    """What is told to lie in the recycle bin."""
    built.sql("UPDATE data.workshop SET deleted_date = now() WHERE is_deleted AND deleted_date IS NULL")
    found = orjson.loads((await _changes(built, context, deleted=True)).found)
    return numbers(built, [each["id"] for each in found])


async def _changes(built: BuiltTown, context: Context, *, deleted: bool) -> Changes:
    now = clock.now()
    obj = built.snapshot.objects["Workshop"]
    start, end = now - timedelta(days=1), now + timedelta(days=1)
    return await changes_between(built.database, context, obj, start, end, deleted=deleted)


async def by_recent(built: BuiltTown, context: Context) -> Seen:
    """All workshops were looked at once; which of them are still told of?"""
    obj = built.snapshot.objects["Workshop"]
    await remember(built.database, context, obj, built.workshop_ids)
    return numbers(built, [each["Id"] for each in await recent_items(built.database, context, obj)])


async def by_list_view(built: BuiltTown, context: Context) -> Seen:
    obj = built.snapshot.objects["Workshop"]
    view = ListView("Workshop", "Cases", "Cases", ("Name",), (Filter("Name", "LIKE", "Case%"),))
    query = view_query(context, obj, view, view.columns, (("Name", True),))
    page = await view_records(built.database, context, query, limit=200, offset=0)
    return numbers(built, [each["Id"] for each in orjson.loads(page.records)])


DOCUMENT = OutboundDocument(
    "Workshop",
    "Workshop",
    "Workshop",
    "json",
    "application/json",
    {"fields": ["Code"], "content": [{"name": "code", "text": "Code"}]},
)


async def by_document(built: BuiltTown, context: Context) -> Seen:
    """Outbound documents: one is told of nothing but records that one sees."""
    seen = set()
    for number, each in enumerate(built.workshop_ids):
        with suppress(NotFound):
            made = await make_document(built.database, context, DOCUMENT, each, clock.now())
            assert orjson.loads(made.content) == {"code": f"T{number}"}
            seen.add(number)
    return seen


async def by_inbound_lookup(built: BuiltTown, context: Context) -> Seen:
    """What look-ups of a mapping find for the user that a sender's key runs as."""
    wanted = {LookupKey("Workshop", ("Code",), (f"T{number}",), "Id") for number in range(len(built.workshop_ids))}
    found = await answer_all(built.database, context, wanted, "inbound")
    return numbers(built, found.values())


DOORS: tuple[Door, ...] = (
    by_document,
    by_inbound_lookup,
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
    by_spreadsheet,
    by_parquet,
    by_bulk_query,
    by_result_pages,
    by_record_count,
    by_bulk_ingest,
    by_search,
    by_sosl,
    by_totals,
    by_scope,
    by_explain,
    by_lookup,
    by_get,
    by_external_id,
    by_page,
    by_updated,
    by_recent,
    by_list_view,
    by_events,
    by_webhook,
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
