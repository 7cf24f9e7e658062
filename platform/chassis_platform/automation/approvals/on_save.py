"""Processes that take records by themselves: saved so that `submit_when` becomes true, they are submitted."""

from __future__ import annotations

from collections.abc import Sequence

from chassis_metadata.logic.approval import KIND
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.approvals.requests import Submission
from chassis_platform.automation.approvals.submit import submit
from chassis_platform.plan.changes import Change
from chassis_platform.records.after_save import Fired, handle
from chassis_tenants.database import Transaction

#: No reason to refuse a save: the process has the record already, or does not want it.
_HARMLESS = frozenset({"already_in_process", "no_applicable_process"})


async def submit_fired(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Submit the records of these triggers together; of several processes, the first takes a record."""
    wanted: dict[str, tuple[Change, str]] = {}
    for each in fired:
        for change in each.changes:
            if change.id is not None and not change.problems:
                wanted.setdefault(change.id, (change, each.trigger.name))
    submissions = [Submission(record_id, process=name) for record_id, (_, name) in wanted.items()]
    if not submissions:
        return
    batch = await submit(transaction, as_automation(context), submissions, is_saving=True)
    for (change, _), outcome in zip(wanted.values(), batch.outcomes(), strict=True):
        change.problems += [each for each in outcome.problems if each.code not in _HARMLESS]


handle(KIND, submit_fired)
