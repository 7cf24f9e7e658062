"""The results of a query job in parts that can be fetched side by side: each from one record's id to another's."""

from __future__ import annotations

from dataclasses import replace

from chassis_metadata.soql.parse import parse_query
from chassis_metadata.soql.tree import Path, SelectedField
from chassis_platform.access.context import Context
from chassis_platform.bulk.jobs import BulkJob
from chassis_platform.bulk.query import QUERY_ALL, bulk_plan
from chassis_platform.bulk.query_results import DOOR, Place, demand_complete, records_a_statement
from chassis_platform.plan.problems import refuse
from chassis_platform.plan.query import plan_query
from chassis_platform.records.all_rows import all_rows
from chassis_platform.records.pages import Wanted
from chassis_platform.sql.read import Shape
from chassis_tenants.database import Database

#: So many parts are told at once.
MOST_PAGES = 5


async def result_pages(
    database: Database, context: Context, job: BulkJob, place: Place
) -> tuple[list[Place], Place | None]:
    """The next parts of the job's results, and where those behind them begin. The last part of all has no end."""
    demand_complete(job)
    text = job.query_text or ""
    plan = bulk_plan(context, text, job.operation)
    if plan.order_by:
        message = "Parts of sorted results can't be read side by side: take ORDER BY out, or follow Sforce-Locator"
        raise refuse("functionality_not_enabled", message)
    size = records_a_statement(plan)
    ids = replace(parse_query(text), selected=(SelectedField(Path(("Id",))),))
    plan = plan_query(ids, context, include_deleted=job.operation == QUERY_ALL)
    wanted = Wanted(DOOR, size, shape=Shape.TEXTS, after=place.after, position=place.position)
    pages: list[Place] = []
    begin = replace(place, until=None)
    async for page in all_rows(database, context, plan, wanted, most=size * MOST_PAGES):
        if page.next_key is None:
            return [*pages, begin], None
        pages.append(replace(begin, until=page.ids[-1]))
        begin = Place(begin.position + len(page.ids), page.next_key)
    return pages, begin
