"""All records of a plan, page by page, as rows of cells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from chassis_metadata.soql.tree import Position
from chassis_platform.access.context import Context
from chassis_platform.plan.problems import refuse
from chassis_platform.plan.read_plan import Column, PlannedField, ReadPlan
from chassis_platform.records.pages import Rows, Wanted, read_rows
from chassis_tenants.database import Database


async def all_rows(
    database: Database, context: Context, plan: ReadPlan, wanted: Wanted, *, most: int | None = None
) -> AsyncIterator[Rows]:
    """Every page from `wanted` on, up to the plan's limit and to `most` records.

    What the user may see is what it was when the first page was read, as in one long statement; the session is checked
    with every page.
    """
    later = context.unversioned
    last = None if most is None else wanted.position + most
    page = await read_rows(database, context, plan, _within(wanted, last))
    yield page
    while page.next_key is not None:
        wanted = replace(wanted, after=page.next_key, position=wanted.position + len(page.ids))
        if wanted.position == last:
            return
        page = await read_rows(database, later, plan, _within(wanted, last))
        yield page


def _within(wanted: Wanted, last: int | None) -> Wanted:
    return wanted if last is None else replace(wanted, batch=min(wanted.batch, last - wanted.position))


def demand_rows(plan: ReadPlan, place: Position | None = None) -> ReadPlan:
    """The plan, if its answer is a table: a row a record, a value a column."""
    if plan.is_aggregate or plan.count_only:
        raise refuse("malformed_query", "A file lists records: take aggregates and GROUP BY out of the query", place)
    for each in plan.selected:
        if not isinstance(each, Column):
            message = f"A file has one value a column: take {each.name} (a subquery or TYPEOF) out of the query"
            raise refuse("malformed_query", message, place)
        if isinstance(each.operand, PlannedField) and each.operand.field.is_compound:
            parts = ", ".join(each.operand.field.components)
            message = f"{each.path} is a compound of several fields: name those that you want ({parts})"
            raise refuse("malformed_query", message, place)
    return plan
