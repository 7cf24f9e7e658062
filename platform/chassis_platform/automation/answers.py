"""What became of a call to another system: the next attempt is queued, and a flow hears of this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from typing import Any

import orjson

from chassis_metadata.logic.flow import flows
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.runner import start
from chassis_platform.automation.identity import acting_as, context_of_job
from chassis_platform.automation.webhooks import JOB, make_call
from chassis_platform.outbound import NotAllowedError
from chassis_platform.settings import Settings
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import enqueue
from chassis_tenants.snapshots import SnapshotStore

#: Minutes until the next attempt, by the attempts that were made; the last holds for those behind it.
PAUSES = (1, 5, 15, 60, 240)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The HTTP status of an answer, if there was one, and what went wrong."""

    status: int | None
    error: str | None = None


async def call_webhook(
    database: Database, snapshots: SnapshotStore, settings: Settings, tenant_id: int, payload: Mapping[str, Any]
) -> None:
    """Make one call. Raises where it must be made again; the delivery's id stays, so that a receiver can tell.

    A call that counts its attempts itself raises nothing: it queues the next one, and tells of this one.
    """
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None:
        return
    if payload.get("attempts") is None:
        await make_call(database, context, settings, payload)
        return
    try:
        outcome = Outcome(await make_call(database, context, settings, payload))
    except (OSError, NotAllowedError, HTTPException) as error:
        outcome = Outcome(getattr(error, "status", None), str(error) or type(error).__name__)
    async with database.transaction(context.binding) as transaction:
        await conclude(transaction, context, payload, outcome)


async def conclude(transaction: Transaction, context: Context, payload: Mapping[str, Any], outcome: Outcome) -> None:
    """Queue the next attempt of a call that failed, if there may be one; tell the flow that wants to know."""
    attempt = payload.get("attempt", 0) + 1
    is_last = outcome.error is None or attempt >= payload["attempts"]
    if not is_last:
        pause = timedelta(minutes=PAUSES[min(attempt, len(PAUSES)) - 1])
        again = enqueue(context.tenant.id, JOB, {**payload, "attempt": attempt}, run_at=clock.now() + pause)
        await transaction.fetch(again)
    if payload.get("answer"):
        await _tell(transaction, context, payload, outcome, attempt=attempt, is_last=is_last)


async def _tell(
    transaction: Transaction,
    context: Context,
    payload: Mapping[str, Any],
    outcome: Outcome,
    *,
    attempt: int,
    is_last: bool,
) -> None:
    name, about = payload["answer"]
    flow = flows(context.snapshot).get(name)
    if flow is None:
        return  # switched off meanwhile
    said = payload["document"]
    told = {
        "Succeeded": outcome.error is None,
        "IsLast": is_last,
        "Attempt": attempt,
        "Answer": outcome.status,
        "Error": outcome.error,
        "Said": said if isinstance(said, str) else orjson.dumps(said).decode(),
    }
    inputs = {each.name for each in flow.variables if each.is_input}
    acting = await acting_as(transaction, context, payload.get("user"))
    await start(transaction, acting, name, [about], {key: each for key, each in told.items() if key in inputs})
