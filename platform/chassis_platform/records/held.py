"""`FOR UPDATE`: records that nobody else changes until the transaction ends in which they were asked for."""

from __future__ import annotations

from dataclasses import replace

from chassis_platform.access.context import Context
from chassis_platform.plan.query import all_columns
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.records.inquiry import LOCK_TIMEOUT
from chassis_platform.records.pages import Wanted, read_rows, who
from chassis_platform.sql.read import Shape
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Database
from chassis_tenants.joined import JoinedDatabase


async def hold_answer(database: Database, context: Context, plan: ReadPlan, wanted: Wanted) -> None:
    """Lock the records that a query is about to answer: read after that, they stay as they are answered.

    Only a transaction of several requests can hold anything, and only who may change such records.
    """
    may_change = context.policy.on(plan.object.name).update
    if not plan.is_held or not may_change or not isinstance(database, JoinedDatabase):
        return
    ids_alone = replace(plan, selected=all_columns([plan.object.fields["Id"]]))
    found = await read_rows(database, context, ids_alone, replace(wanted, shape=Shape.CELLS, child_locators=()))
    if found.ids:
        lock = lock_records(plan.object).bind(**who(context), ids=found.ids)
        await database.read(context.binding, LOCK_TIMEOUT, lock)
