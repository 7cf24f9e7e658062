"""Requests in a transaction of their own: what turns out wrong is undone, and the rest is carried out without it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from psycopg import errors as pg_errors

from chassis_metadata.errors import ChassisError, Problem
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.attachments import wrong_attachments
from chassis_platform.automation.approvals.batch import Batch
from chassis_platform.automation.approvals.decide import decide
from chassis_platform.automation.approvals.recall import reassign, recall
from chassis_platform.automation.approvals.requests import Decision, Outcome, Reassignment, Recall, Request, Submission
from chassis_platform.automation.approvals.submit import submit
from chassis_tenants.database import Database, Transaction

Carry = Callable[[Transaction, Context, Sequence[Any]], Awaitable[Batch]]
_CARRY: Mapping[type, Carry] = {Submission: submit, Decision: decide, Recall: recall, Reassignment: reassign}
_IN_THE_WAY = (pg_errors.DeadlockDetected, pg_errors.SerializationFailure, pg_errors.LockNotAvailable)
#: Each round finds what an action refuses; there are seldom more than a few.
_MOST_TRIES, _MOST_ROUNDS, _PAUSE_SECONDS = 4, 8, 0.02
_NOT_DONE = Problem(
    "", "all_or_none_operation_rolled_back", "Not carried out because another request of the call was refused."
)


class _UndoneError(Exception):
    """Leave the transaction without a commit."""


async def carry_out(
    database: Database, context: Context, requests: Sequence[Request], *, all_or_none: bool = False
) -> list[Outcome]:
    """What became of each request, in their order; kinds may be mixed."""
    refused: dict[int, Outcome] = {}
    for _ in range(_MOST_ROUNDS):
        waiting = [place for place in range(len(requests)) if place not in refused]
        outcomes, is_kept = await _try(database, context, requests, waiting, all_or_none=all_or_none)
        if is_kept:
            return [(refused | outcomes)[place] for place in range(len(requests))]
        refused |= {place: each for place, each in outcomes.items() if each.problems}
        if all_or_none or len(refused) == len(requests):
            break
    return [refused.get(place, Outcome(problems=(_NOT_DONE,))) for place in range(len(requests))]


async def _try(
    database: Database, context: Context, requests: Sequence[Request], places: Sequence[int], *, all_or_none: bool
) -> tuple[dict[int, Outcome], bool]:
    """The outcomes, and whether they were kept; asked again for a while where others are in the way."""
    for tried in range(1, _MOST_TRIES + 1):
        outcomes: dict[int, Outcome] = {}
        try:
            async with database.transaction(context.binding) as transaction:
                is_clean = await _run(transaction, context, requests, places, outcomes)
                _undo_unless(is_clean and not (all_or_none and any(each.problems for each in outcomes.values())))
        except _UndoneError:
            return outcomes, False
        except _IN_THE_WAY:
            await asyncio.sleep(_PAUSE_SECONDS * tried * random.random())  # noqa: S311  no secret
        else:
            return outcomes, True
    problem = Problem("", "unable_to_lock_row", "unable to obtain exclusive access to this record")
    return {place: Outcome(problems=(problem,)) for place in places}, False


def _undo_unless(is_fine: bool) -> None:  # noqa: FBT001  one question
    if not is_fine:
        raise _UndoneError


async def _run(
    transaction: Transaction,
    context: Context,
    requests: Sequence[Request],
    places: Sequence[int],
    outcomes: dict[int, Outcome],
) -> bool:
    """Kind by kind; answers whether nothing has to be undone."""
    kinds: dict[type, list[int]] = {}
    wrong = await wrong_attachments(transaction, context, {place: requests[place] for place in places})
    outcomes |= {place: Outcome(problems=problems) for place, problems in wrong.items()}
    for place in places:
        if place in wrong:
            continue
        kinds.setdefault(type(requests[place]), []).append(place)
    for kind, own in kinds.items():
        try:
            batch = await _CARRY[kind](transaction, context, [requests[place] for place in own])
        except ChassisError as error:
            outcomes |= {place: Outcome(problems=error.problems) for place in own}
            return False
        outcomes |= dict(zip(own, batch.outcomes(), strict=True))
        if batch.must_be_undone:
            return False
    return True
