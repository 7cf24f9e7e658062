"""A list as CSV, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from chassis_platform.access.context import Context
from chassis_platform.plan.listing import ListRequest
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.records.csv_text import BYTE_ORDER_MARK, csv_lines
from chassis_platform.records.lists import describe_column, list_plan, list_wanted
from chassis_platform.records.pages import LARGEST_BATCH, read_page
from chassis_tenants.database import Database
from chassis_tenants.journal import Access, access_entry, digest_of


async def export_csv(
    database: Database, context: Context, object_name: str, request: ListRequest
) -> AsyncIterator[bytes]:
    """All records of the list, page by page; the first chunk comes after the first page was read.

    What the user may see is what it was when the export began, as in one long statement; the session is checked with
    every page. The last chunk comes after an entry of the access log says of how many records all of it was.
    """
    plan = list_plan(context, object_name, request)
    wanted = replace(list_wanted(context, plan, replace(request, after=None), "export"), batch=LARGEST_BATCH)
    page = await read_page(database, context, plan, wanted)
    labels = [describe_column(each, context)["label"] for each in plan.columns]
    yield (BYTE_ORDER_MARK + csv_lines([labels])).encode()
    later = replace(context, binding=replace(context.binding, metadata_version=None, access_version=None))
    ids: list[str] = []
    while True:
        rows = orjson.loads(page.records)
        ids += [row["id"] for row in rows]
        if page.next_key is None:
            await _note_all(database, later, plan, ids, request.purpose)
        yield csv_lines(_rows(rows, plan)).encode()
        if page.next_key is None:
            return
        page = await read_page(database, later, plan, replace(wanted, after=page.next_key))


async def _note_all(
    database: Database, context: Context, plan: ReadPlan, ids: Sequence[str], purpose: str | None
) -> None:
    """One entry for the whole export, with the digest of its records; each page has one that names them."""
    principal = context.principal
    access = Access(
        plan.object.name,
        (),
        [each.path for each in plan.columns],
        "export_total",
        principal.session_id,
        principal.client_name,
        purpose=purpose,
        total=len(ids),
        digest=digest_of(ids),
    )
    await database.read(context.binding, access_entry(context.tenant.id, context.actor, access))


def _rows(rows: Iterable[Mapping[str, Any]], plan: ReadPlan) -> Iterable[list[Any]]:
    paths = [each.path for each in plan.columns]
    for row in rows:
        values, labels = row["values"], row["labels"]
        yield [labels.get(path, values.get(path)) for path in paths]
