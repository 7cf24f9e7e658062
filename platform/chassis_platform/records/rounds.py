"""Writing what is judged only when it is written: what turns out wrong is undone, and the rest is written again.

Every attempt runs behind a savepoint, or takes the whole transaction down. After a few rounds (each refusal may make
other records wrong) the records that are left go one by one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import replace
from itertools import count

from chassis_metadata.errors import ChassisError
from chassis_platform.plan.changes import Change
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.after_save import Fired, act
from chassis_platform.records.inquiry import everywhere
from chassis_platform.sql.check import versions_of
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

MOST_ROUNDS = 3
#: Writes inside writes inside writes: engines have lower limits of their own and tell more.
DEEPEST = 16

_depth: ContextVar[int] = ContextVar("write_depth", default=0)
_numbers = count(1)


class UndoneError(Exception):
    """The transaction holds what must not stay: whoever opened it leaves without a commit. The plan says why."""


#: Writes what is fine in a plan and notes what turns out to be wrong with it. The statements given go out first.
Attempt = Callable[[WritePlan, Sequence[Statement]], Awaitable[None]]


async def write_in_rounds(
    transaction: Transaction, plan: WritePlan, attempt: Attempt, *, within: bool
) -> list[Statement]:
    """Write all that turns out to be fine; answer what is left to be sent.

    `within` a transaction of somebody else's, nothing but the attempt itself may be undone.
    """
    if not _fine(plan):
        return []
    if not within and (plan.all_or_none or len(_fine(plan)) == 1):
        await attempt(plan, [])
        if _is_over(plan):
            raise UndoneError
        return []
    savepoint = f"judged_{next(_numbers)}"
    release = Statement(f"RELEASE SAVEPOINT {savepoint}")
    if not await _rounds(transaction, plan, attempt, savepoint) and not plan.all_or_none:
        for change in _fine(plan):
            await _rounds(transaction, replace(plan, changes=(change,)), attempt, f"{savepoint}_alone")
            await transaction.fetch_each([Statement(f"RELEASE SAVEPOINT {savepoint}_alone")])
    return [release]


async def _rounds(transaction: Transaction, plan: WritePlan, attempt: Attempt, savepoint: str) -> bool:
    """Whether all that is left was written; otherwise nothing was."""
    first = [Statement(f"SAVEPOINT {savepoint}")]
    for _ in range(MOST_ROUNDS):
        fine = _fine(plan)
        if not fine:
            return False
        await attempt(plan, first)
        if all(not change.problems for change in fine):
            return True
        await transaction.fetch_each([Statement(f"ROLLBACK TO SAVEPOINT {savepoint}")])
        first = []
        if plan.all_or_none:
            return False
    return False


def _fine(plan: WritePlan) -> list[Change]:
    return [change for change in plan.changes if not change.problems]


def _is_over(plan: WritePlan) -> bool:
    """Whether nothing of the plan may stay."""
    wrong = any(change.problems for change in plan.changes)
    return wrong and (plan.all_or_none or not _fine(plan))


async def set_off(transaction: Transaction, plan: WritePlan, changes: Sequence[Change], fired: Sequence[Fired]) -> None:
    """Let the engines act on what fired; where that sets off writes without an end, every record has a problem.

    What an engine raises is wrong with all records that it was given.
    """
    if not fired:
        return
    depth = _depth.get() + 1
    if depth > DEEPEST:
        message = f"Automation set off automation {DEEPEST} times in a row, so the record was not saved."
        for change in changes:
            change.wrong("cannot_execute_flow_trigger", message)
        return
    token = _depth.set(depth)
    try:
        await act(transaction, plan.context, fired)
    except ChassisError as error:
        for change in {id(each): each for one in fired for each in one.changes}.values():
            change.problems.extend(error.problems)
    finally:
        _depth.reset(token)
    await _learn_versions(transaction, plan, [change for change in changes if not change.problems])


async def _learn_versions(transaction: Transaction, plan: WritePlan, changes: Sequence[Change]) -> None:
    """What engines write on a record makes a new version of it, which is the one to tell."""
    if not changes:
        return
    asked = versions_of(plan.obj).bind(**everywhere(plan), ids=[change.id for change in changes])
    [rows] = await transaction.fetch_each([asked])
    versions: dict[str | None, int] = dict(rows)
    for change in changes:
        change.version = versions.get(change.id, change.version)
