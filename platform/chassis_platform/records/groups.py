"""Groups and aggregates: answered as rows, logged where a group shows a classified value."""

from __future__ import annotations

from chassis_platform.access.compile import Recent
from chassis_platform.access.context import Context
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.plan.signature import signature
from chassis_platform.records.pages import Page, Wanted, parameters
from chassis_platform.sql.groups import CompiledGroups, compile_groups
from chassis_tenants.database import Database

_groups: Recent[object, CompiledGroups] = Recent(200)


async def read_groups(database: Database, context: Context, plan: ReadPlan, wanted: Wanted) -> Page:
    """All groups of the plan: they have no second page."""
    key = (context.policy.grants.identity, context.policy.names_few, signature(plan))
    read = _groups.find(key, lambda: compile_groups(plan, context.policy, context.snapshot))
    statement = read.statement.bind(
        **parameters(context, plan, wanted, read.entry_count), fetch=plan.limit, offset=plan.offset
    )
    [[(records, count)]] = await database.read(context.binding, statement)
    return Page(records, count)
