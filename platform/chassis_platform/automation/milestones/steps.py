"""Steps of milestones, run by the engine of flows; records that they fail for are left out, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chassis_metadata.errors import Problem
from chassis_metadata.logic.flow import Flow
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.frame import Item
from chassis_platform.automation.flows.run import Refused, Run
from chassis_platform.automation.flows.runner import run_flow
from chassis_platform.automation.flows.runs import note_synchronous
from chassis_tenants.database import Transaction

#: What runs show as their trigger.
TRIGGER = "milestone"
#: After so many attempts without those that failed, the rest go one by one.
_MOST_ROUNDS = 3


async def run_steps(
    transaction: Transaction, context: Context, flow: Flow, record_ids: Sequence[str]
) -> Mapping[str, str]:
    """Run the steps for records; what was wrong with some of them, by record id."""
    wrong: dict[str, str] = {}
    for _ in range(_MOST_ROUNDS):
        left = [each for each in record_ids if each not in wrong]
        refused = await _attempt(transaction, context, flow, left) if left else {}
        if not refused:
            return wrong
        wrong |= refused
    for record_id in [each for each in record_ids if each not in wrong]:
        wrong |= await _attempt(transaction, context, flow, [record_id])
    return wrong


async def _attempt(transaction: Transaction, context: Context, flow: Flow, record_ids: Sequence[str]) -> dict[str, str]:
    """All of them or none: what was wrong with which."""
    items = [Item(number, each) for number, each in enumerate(record_ids)]
    started, run = clock.now(), None
    try:
        async with transaction.savepoint():
            run = await run_flow(transaction, context, flow, items)
            run.check()  # a refusal undoes what was done for the others, too
            await note_synchronous(run, items, TRIGGER, started)
    except Refused:
        pass
    return _told(run, record_ids) if run is not None else {}


def _told(run: Run, record_ids: Sequence[str]) -> dict[str, str]:
    return {record_ids[root]: _text(problems) for root, problems in run.problems.items()}


def _text(problems: Sequence[Problem]) -> str:
    return "; ".join(each.message for each in problems)[:500]
