"""List views as queries: what a view shows, narrowed to what the user may read, and its records."""

from __future__ import annotations

from dataclasses import replace

from chassis_metadata.components import ListView
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Query
from chassis_platform.access.context import Context
from chassis_platform.plan.listing import ListRequest, list_query
from chassis_platform.plan.query import plan_query
from chassis_platform.records.pages import LATEST_VERSION, Page, Wanted, read_page
from chassis_tenants.database import Database


def view_query(
    context: Context, obj: Object, view: ListView, columns: tuple[str, ...], order_by: tuple[tuple[str, bool], ...]
) -> Query:
    """The query that a view stands for, with these of its columns, in this order."""
    names = {each.lower(): each for each in (*columns, "Id")}
    request = ListRequest(
        columns=tuple(names.values()), filters=view.filters, logic=view.logic, owner=view.owner, order_by=order_by
    )
    return list_query(request, obj, context)


async def view_records(
    database: Database, context: Context, query: Query, *, limit: int, offset: int, version: str = LATEST_VERSION
) -> Page:
    """A page of the view's records."""
    plan = plan_query(replace(query, offset=offset), context)
    return await read_page(database, context, plan, Wanted("list", limit, version=version))
