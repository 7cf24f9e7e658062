"""Submitting records: admitted by a process, the process's actions done, the first stage begun. In sets."""

from __future__ import annotations

from collections.abc import Sequence

from chassis_metadata.logic.validation_rule import rules_of
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.approvals.actions import act
from chassis_platform.automation.approvals.admission import admit
from chassis_platform.automation.approvals.batch import Batch
from chassis_platform.automation.approvals.outside import tell
from chassis_platform.automation.approvals.requests import Submission
from chassis_platform.automation.approvals.running import Running
from chassis_platform.automation.approvals.stages import go_on
from chassis_platform.automation.approvals.store import store
from chassis_platform.records.write import write_within
from chassis_tenants.database import Transaction


async def submit(
    transaction: Transaction, context: Context, submissions: Sequence[Submission], *, is_saving: bool = False
) -> Batch:
    """Submit records in a transaction of the caller's, who undoes it where the batch says so.

    `is_saving`: the records are being saved right now, and valid.
    """
    batch = await admit(transaction, context, submissions)
    started = batch.fine
    if not is_saving:
        await _validate(transaction, context, started)
    await act(transaction, context, [(each, each.process.on_submit) for each in started])
    await go_on(transaction, context, started)
    if not batch.must_be_undone:
        await store(transaction, context, started)
        await tell(transaction, context, started)
    return batch


async def _validate(transaction: Transaction, context: Context, runnings: Sequence[Running]) -> None:
    """A record that was made before a rule, or behind its back, is not submitted while the rule says no.

    Where the process changes the record anyway, that asks the rules.
    """
    by_object: dict[str, list[Running]] = {}
    for each in runnings:
        is_saved = any(action.update for action in each.process.on_submit)
        if not is_saved and rules_of(context.snapshot, each.process.object_name):
            by_object.setdefault(each.process.object_name, []).append(each)
    for name, group in by_object.items():
        records = [{"Id": each.record_id} for each in group]
        results = await write_within(transaction, as_automation(context), name, "update", records)
        for running, result in zip(group, results, strict=True):
            running.problems += result.problems
