"""Flows that run by themselves: each queued run is done with its work, tried again where it fails, and can be replayed.

A run is done exactly once: that it is done is written in the transaction of what it does.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog
from psycopg import OperationalError

from chassis_metadata.errors import Conflict, NotFound, Problem
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.flow import Flow, flows
from chassis_metadata.logic.flow_triggers import prior_fields
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.chain import led_by
from chassis_platform.automation.flows.frame import Item
from chassis_platform.automation.flows.frozen import flow_as_begun
from chassis_platform.automation.flows.run import Run
from chassis_platform.automation.flows.runner import run_flow
from chassis_platform.automation.flows.runs import (
    FAILED,
    JOB,
    QUEUED,
    REPLAYED,
    RETRYING,
    Kept,
    end,
    error_text,
    input_of,
    note,
    queue_runs,
    take,
)
from chassis_platform.automation.identity import acting_as, context_of_job
from chassis_platform.automation.keeping import common
from chassis_platform.sql.check import remaining_records
from chassis_tenants.database import Database, StaleBindingError, TenantClosedError, Transaction
from chassis_tenants.journal import enqueue
from chassis_tenants.snapshots import SnapshotStore

log = structlog.get_logger()

#: How long to wait after the first, second … failure; after the last a run has failed.
PAUSES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
#: No fault of the flow's: the queue tries again.
_NOT_OURS = (OperationalError, StaleBindingError, TenantClosedError)


@dataclass(slots=True)
class _MissedError(Exception):
    """What was done must be undone; `run` says why."""

    run: Run


async def run_queued(database: Database, snapshots: SnapshotStore, tenant_id: int, run_id: str) -> None:
    """Do a queued run, if it is not done."""
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None:
        return
    kept: Kept | None = None
    try:
        async with database.transaction(context.binding) as transaction:
            kept = await take(transaction, context, run_id, QUEUED, RETRYING)
            if kept is not None:
                await _do(transaction, context, kept)
    except _NOT_OURS:
        raise
    except _MissedError as missed:
        run = missed.run
        await _missed(database, context, run_id, _Miss(run.problems, run.failed_step, run.is_whole))
    except Exception as error:  # noqa: BLE001  whatever it is, it is noted and tried again
        flow, last_steps = kept.flow if kept else None, traceback.format_exc(limit=-4)
        log.error("flow failed", flow=flow, tenant_id=tenant_id, run=run_id, traceback=last_steps)  # noqa: TRY400  with locals it is endless
        everything = [Problem("", "unknown_exception", f"{type(error).__name__}: {error}")]
        places = range(len(kept.items) if kept else 0)
        await _missed(database, context, run_id, _Miss(dict.fromkeys(places, everything), None, is_whole=True))


async def _do(transaction: Transaction, context: Context, kept: Kept) -> None:
    flow = await flow_as_begun(transaction, context, kept.flow, kept.version)
    if flow is None:
        await note(
            transaction, context, kept.id, Status=FAILED, Error="The flow is not there any more, or switched off."
        )
        return
    acting = await acting_as(transaction, context, kept.user_id)
    known = prior_fields(flow, context.snapshot) if flow.object_name else frozenset()
    kept = replace(kept, items=await _still_there(transaction, context, flow, kept))
    started = clock.now()
    with led_by(kept.links):
        run = await run_flow(transaction, acting, flow, kept.items, known=known, after=kept.place)
    if run.problems:
        raise _MissedError(run)
    await end(run, kept.id, kept.attempts + 1, started)


async def _still_there(transaction: Transaction, context: Context, flow: Flow, kept: Kept) -> tuple[Item, ...]:
    """The items but for records that were deleted while the flow waited."""
    obj = context.snapshot.objects.get(flow.object_name or "")
    if obj is None or kept.trigger != "wait":
        return kept.items
    ids = [each.record_id for each in kept.items]
    left = {
        record_id for (record_id,) in await transaction.fetch(remaining_records(obj).bind(**common(context), ids=ids))
    }
    return tuple(each for each in kept.items if each.record_id in left)


@dataclass(frozen=True, slots=True)
class _Miss:
    """What was wrong, by record; at which step; and whether it may be all records' because of one."""

    problems: Mapping[int, Sequence[Problem]]
    step: str | None
    is_whole: bool


async def _missed(database: Database, context: Context, run_id: str, miss: _Miss) -> None:
    """Note why a run failed and queue it again; records with which nothing is wrong go on by themselves at once.

    Where it can't be said which record is to blame, the run is halved until it can.
    """
    async with database.transaction(context.binding) as transaction:
        kept = await take(transaction, context, run_id, QUEUED, RETRYING)
        if kept is None:
            return
        acting = await acting_as(transaction, context, kept.user_id)
        half = len(kept.items) // 2
        if miss.is_whole and half:
            await _go_on_with(transaction, acting, kept, kept.items[half:])
            await _again(transaction, acting, kept, kept.items[:half])
            return
        await _go_on_with(transaction, acting, kept, [each for each in kept.items if each.root not in miss.problems])
        await _note_failure(transaction, acting, kept, miss)


async def _go_on_with(transaction: Transaction, context: Context, kept: Kept, items: Sequence[Item]) -> None:
    """Queue some of a run's records as a run of their own."""
    if items:
        with led_by(kept.links):
            flow = flows(context.snapshot)[kept.flow]
            await queue_runs(transaction, context, flow, items, kept.trigger, place=kept.place, version=kept.version)


async def _again(transaction: Transaction, context: Context, kept: Kept, items: Sequence[Item]) -> None:
    await note(transaction, context, kept.id, **_rest(kept, items))
    await transaction.fetch(enqueue(context.tenant.id, JOB, {"run": kept.id}))


def _rest(kept: Kept, items: Sequence[Item]) -> dict[str, Any]:
    """What is noted of a run whose other records go on by themselves."""
    ids = [each.record_id for each in items if each.record_id]
    return {
        "Input": input_of(items, kept.place, kept.version, kept.links),
        "RecordIds": ids or None,
        "RecordCount": len(items),
    }


async def _note_failure(transaction: Transaction, context: Context, kept: Kept, miss: _Miss) -> None:
    left = [each for each in kept.items if each.root in miss.problems] or list(kept.items)
    is_over = kept.attempts >= len(PAUSES)
    next_attempt = None if is_over else clock.now() + PAUSES[kept.attempts]
    await note(
        transaction,
        context,
        kept.id,
        Status=FAILED if is_over else RETRYING,
        Attempts=kept.attempts + 1,
        NextAttemptAt=next_attempt,
        FailedStep=miss.step,
        Error=error_text(left, miss.problems),
        **_rest(kept, left),
    )
    if next_attempt is not None:
        await transaction.fetch(enqueue(context.tenant.id, JOB, {"run": kept.id}, run_at=next_attempt))


async def replay(transaction: Transaction, context: Context, run_id: str) -> str:
    """Queue a failed run anew, as it began; answers the new run's id."""
    if not is_id(run_id):
        raise NotFound.of("not_found", "There is no such run.")
    kept = await take(transaction, context, normal_id(run_id), FAILED)
    if kept is None:
        raise Conflict.of("not_failed", "There is no such run, or it has not failed: nothing to replay.")
    flow: Flow | None = flows(context.snapshot).get(kept.flow)
    if flow is None:
        raise NotFound.of("not_found", f"There is no flow {kept.flow!r} any more, or it is switched off.")
    acting = replace(context, principal=replace(context.principal, user_id=kept.user_id or context.principal.user_id))
    with led_by(kept.links):
        [new] = await queue_runs(
            transaction,
            acting,
            flow,
            kept.items,
            kept.trigger,
            place=kept.place,
            version=kept.version,
            replay_of=kept.id,
        )
    await note(transaction, context, kept.id, Status=REPLAYED)
    return new
