"""Writing what is judged only when it is written: what turns out wrong is undone, and the rest is written again.

Every attempt runs behind a savepoint, or takes the whole transaction down. After a few rounds (each refusal may make
other records wrong) the records that are left go one by one. A new record that turns out to be none, because it
belongs to one that is there, is undone in the same way, and handed over when the others are written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from dataclasses import replace
from itertools import count
from typing import Any

from chassis_metadata.errors import ChassisError, Problem
from chassis_platform.plan.changes import Attachment, Change
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.after_save import Fired, act, attach
from chassis_platform.records.inquiry import everywhere
from chassis_platform.sql.check import versions_of
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

MOST_ROUNDS = 3
#: Writes inside writes inside writes: engines have lower limits of their own and tell more.
DEEPEST = 16

_depth: ContextVar[int] = ContextVar("write_depth", default=0)
_numbers = count(1)


class BlamedOnAllError(Exception):
    """An engine can't say which of several records is to blame: they go one by one, until it shows."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(*problems)
        self.problems = problems


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
    diverts = any(each.diverts for each in plan.logic.triggers)
    if not (within or diverts) and (plan.all_or_none or len(_fine(plan)) == 1):
        await _try(plan, attempt, [])
        if _is_over(plan):
            raise UndoneError
        return []
    savepoint = f"judged_{next(_numbers)}"
    if not await _rounds(transaction, plan, attempt, savepoint):
        if plan.all_or_none:
            _give_up(plan)
        else:
            await _one_by_one(transaction, plan, attempt, f"{savepoint}_alone")
    if _is_over(plan) and not within:
        raise UndoneError
    return [Statement(f"RELEASE SAVEPOINT {savepoint}")]


async def _one_by_one(transaction: Transaction, plan: WritePlan, attempt: Attempt, savepoint: str) -> None:
    for change in _fine(plan):
        alone = replace(plan, changes=(change,))
        if not await _rounds(transaction, alone, attempt, savepoint):
            _give_up(alone)
        await transaction.fetch_each([Statement(f"RELEASE SAVEPOINT {savepoint}")])


def _give_up(plan: WritePlan) -> None:
    """Nothing was wrong, and yet others were in the way in every round."""
    if all(not change.problems for change in plan.changes):
        for change in plan.changes:
            change.wrong("unable_to_lock_row", "unable to obtain exclusive access to this record")


async def _rounds(transaction: Transaction, plan: WritePlan, attempt: Attempt, savepoint: str) -> bool:
    """Whether all that is left was written; otherwise nothing was."""
    first = [Statement(f"SAVEPOINT {savepoint}")]
    for _ in range(MOST_ROUNDS):
        fine = _fine(plan)
        if not fine:
            return False
        attached = [_attachment(change) for change in fine]
        blamed = await _try(plan, attempt, first)
        if not blamed and all(
            not each.problems and each.attached is known for each, known in zip(fine, attached, strict=True)
        ):
            return True
        await transaction.fetch_each([Statement(f"ROLLBACK TO SAVEPOINT {savepoint}")])
        first = []
        if blamed or (plan.all_or_none and any(change.problems for change in fine)):
            return False
    return False


async def _try(plan: WritePlan, attempt: Attempt, first: Sequence[Statement]) -> bool:
    """Whether the attempt ended with a problem of which nobody knows whose it is. Of one record it is that one's."""
    try:
        await attempt(plan, first)
    except BlamedOnAllError as error:
        fine = _fine(plan)
        if len(fine) > 1 and not plan.all_or_none:
            return True
        for change in fine:
            change.problems.extend(error.problems)
    return False


def _attachment(change: Change) -> Attachment | None:
    """Where the record goes instead; nowhere any more if that one was refused meanwhile."""
    if change.attached is not None and change.attached.is_void:
        change.attached = None
    return change.attached


def _fine(plan: WritePlan) -> list[Change]:
    return [change for change in plan.changes if not change.problems]


def _is_over(plan: WritePlan) -> bool:
    """Whether nothing of the plan may stay."""
    wrong = any(change.problems for change in plan.changes)
    return wrong and (plan.all_or_none or not _fine(plan))


async def set_off(transaction: Transaction, plan: WritePlan, changes: Sequence[Change], fired: Sequence[Fired]) -> None:
    """Let the engines act on what fired; where that sets off writes without an end, every record has a problem.

    What an engine raises is wrong with the records that it names, or with all that it was given.
    """
    if not fired:
        return
    concerned = list({id(each): each for one in fired for each in one.changes}.values())
    await _deeper(plan, changes, concerned, act(transaction, plan.context, fired))
    await _learn_versions(transaction, plan, [change for change in changes if not change.problems])


async def hand_over(transaction: Transaction, plan: WritePlan) -> None:
    """What is not created goes to the records that it belongs to."""
    attached = [change for change in plan.changes if change.attached and not change.problems]
    if attached:
        await _deeper(plan, attached, attached, attach(transaction, plan.context, plan.obj, attached))
        await _learn_versions(transaction, plan, [change for change in attached if not change.problems])


async def _deeper(
    plan: WritePlan, changes: Sequence[Change], concerned: Sequence[Change], acting: Coroutine[Any, Any, None]
) -> None:
    """Let engines act a level deeper. A problem whose path is a record's id is that record's; others are of all."""
    depth = _depth.get() + 1
    if depth > DEEPEST:
        acting.close()
        message = f"Automation set off automation {DEEPEST} times in a row, so the record was not saved."
        for change in changes:
            change.wrong("cannot_execute_flow_trigger", message)
        return
    token = _depth.set(depth)
    try:
        await acting
    except ChassisError as error:
        by_id = {str(change.id): change for change in concerned}
        if len(concerned) > 1 and not plan.all_or_none and any(each.path not in by_id for each in error.problems):
            raise BlamedOnAllError(error.problems) from error
        for problem in error.problems:
            for change in [by_id[problem.path]] if problem.path in by_id else concerned:
                change.problems.append(replace(problem, path="") if problem.path in by_id else problem)
    finally:
        _depth.reset(token)


async def _learn_versions(transaction: Transaction, plan: WritePlan, changes: Sequence[Change]) -> None:
    """What engines write on a record makes a new version of it, which is the one to tell."""
    if not changes:
        return
    ids = [change.attached.target_id if change.attached else change.id for change in changes]
    asked = versions_of(plan.obj).bind(**everywhere(plan), ids=ids)
    [rows] = await transaction.fetch_each([asked])
    versions: dict[str | None, int] = dict(rows)
    for record_id, change in zip(ids, changes, strict=True):
        change.version = versions.get(record_id, change.version)
