"""Rules that assign by themselves when records are saved."""

from __future__ import annotations

from collections.abc import Sequence

from chassis_metadata.logic.assignment import KIND
from chassis_platform.access.context import Context
from chassis_platform.automation.assignment.assign import assign
from chassis_platform.records.after_save import Fired, handle
from chassis_tenants.database import Transaction


async def assign_saved(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Assign what was saved; a record that can't be is refused with what is wrong."""
    for each in fired:
        by_id = {str(change.id): change for change in each.changes}
        for assignment in await assign(transaction, context, each.trigger.name, list(by_id)):
            for problem in assignment.problems:
                by_id[assignment.record_id].wrong(problem.code, problem.message, *problem.fields)


handle(KIND, assign_saved)
