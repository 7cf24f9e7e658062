"""Flows that engines set off by name: for records that got another band, for accounts that are warned."""

from __future__ import annotations

from collections.abc import Iterable

from chassis_metadata.logic.flow import flows
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.flows.frame import Item
from chassis_platform.automation.flows.runs import queue_runs
from chassis_tenants.database import Transaction


async def follow(transaction: Transaction, context: Context, flow_name: str | None, record_ids: Iterable[str]) -> None:
    """Queue the flow for the records; it runs after the commit. A flow that is switched off does nothing."""
    flow = flows(context.snapshot).get(flow_name or "")
    items = [Item(number, record_id) for number, record_id in enumerate(dict.fromkeys(record_ids))]
    if flow is not None and items:
        await queue_runs(transaction, as_automation(context), flow, items, "event")
