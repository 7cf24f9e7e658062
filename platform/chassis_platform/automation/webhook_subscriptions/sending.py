"""Making a webhook's calls: in their order, later changes of a record behind earlier ones, again where one failed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

import structlog

from chassis_metadata.errors import ChassisError
from chassis_platform import clock, outbound
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.auth.tenant_secrets import ANSWER
from chassis_platform.automation.webhook_subscriptions import notices
from chassis_platform.automation.webhook_subscriptions.deliveries import Delivery, take_changes, waiting_deliveries
from chassis_platform.automation.webhook_subscriptions.payload import body_of, context_of_reader
from chassis_platform.automation.webhook_subscriptions.store import Webhook, load_webhook
from chassis_platform.automation.webhooks import DELIVERY, SIGNATURE, destinations_of, signature
from chassis_platform.outbound import NotAllowedError
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

log = structlog.get_logger()

JOB = "send_changes"
#: Seconds until a call is made again, by the attempts that were made; the last holds for those behind it.
PAUSES = (10, 30, 120, 600, 1_800, 3_600)
GIVEN_UP_AFTER = timedelta(hours=24)
#: A webhook none of whose calls was taken for so long is switched off.
STOPPED_AFTER = timedelta(hours=72)
#: So many failures in a row, and the rest waits as long as a call that failed so often would.
_MOST_IN_A_ROW = 3
#: A go ends after so many seconds: other tenants' jobs want their turn. What is left is queued again.
_LONGEST_GO = 30.0
_GONE, _FIRST_TAKEN, _FIRST_REFUSED = 410, 200, 300
_EXCERPT, _ERROR_LENGTH = 500, 500
_UNSIGNED = "The webhook's secret was destroyed with the tenant's keys, and nothing is sent unsigned. Make a new one."

_DELIVERED = Statement(
    "UPDATE chassis.webhook_delivery SET status = 'delivered', attempts = attempts + 1, ended_at = %(now)s,"
    " http_status = %(status)s, error = NULL, answer = %(answer)s, milliseconds = %(milliseconds)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND status = 'waiting'",
    sealed=True,
)
_FAILED = Statement(
    "UPDATE chassis.webhook_delivery SET status = %(new)s, attempts = attempts + 1, due_at = %(due)s,"
    " give_up_at = %(give_up)s, ended_at = CASE WHEN %(new)s = 'dead' THEN %(now)s::timestamptz END,"
    " http_status = %(status)s, error = %(error)s, answer = %(answer)s, milliseconds = %(milliseconds)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND status = 'waiting'",
    sealed=True,
)
_NOTHING = Statement(
    "DELETE FROM chassis.webhook_delivery WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND status = 'waiting'"
)
_WELL = Statement(
    "UPDATE chassis.webhook SET failures = 0, failing_since = NULL, resume_at = NULL, last_success_at = %(now)s,"
    " last_error = NULL WHERE tenant_id = %(tenant_id)s AND id = %(webhook_id)s"
)
_REST = Statement(
    "UPDATE chassis.webhook SET resume_at = %(resume)s WHERE tenant_id = %(tenant_id)s AND id = %(webhook_id)s"
)
#: It fails since its first failure that another followed within a day, each time.
_ILL = Statement(
    "UPDATE chassis.webhook SET failures = failures + 1, resume_at = %(resume)s, last_error = %(error)s,"
    " failing_since = CASE WHEN last_failure_at > %(quiet)s THEN coalesce(failing_since, %(now)s) ELSE %(now)s END,"
    " last_failure_at = %(now)s WHERE tenant_id = %(tenant_id)s AND id = %(webhook_id)s RETURNING failing_since"
)


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs of the process."""

    database: Database
    snapshots: SnapshotStore
    policies: PolicyStore
    settings: Settings
    home: Path


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a call: the answer's status, if there was one, and what went wrong."""

    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: bytes = b""


async def send_changes(sender: Sender, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Make the calls of one webhook that are due; with `delivery`, that one, whatever else waits."""
    webhook = await load_webhook(sender.database, sender.home, tenant_id, payload["webhook"])
    if webhook is None or not (webhook.is_active or "delivery" in payload):
        return
    context = await context_of_reader(
        sender.database, sender.snapshots, sender.policies, tenant_id, webhook.run_as_user_id, webhook.label
    )
    if context is None:
        await notices.stop(sender.database, sender.snapshots, tenant_id, webhook, "run_as")
        return
    webhook = webhook.as_declared(context.snapshot)
    if webhook is None:  # switched off: what changes meanwhile is sent when it is on again, if that is soon enough
        await sender.database.read(context.binding, _rest(tenant_id, payload["webhook"]))
        return
    run = _Run(sender, context, webhook)
    if "delivery" in payload:
        for each in await waiting_deliveries(sender.database, tenant_id, webhook.id, payload["delivery"]):
            await run.attempt(each)
        return
    if not webhook.secrets:
        await notices.stop(sender.database, sender.snapshots, tenant_id, webhook, "secret")
        return
    more = True
    while more and not run.is_over:
        more = await take_changes(sender.database, tenant_id, webhook)
        more = await run.send_due() and more


class _Run:
    """One go of one webhook."""

    def __init__(self, sender: Sender, context: Context, webhook: Webhook) -> None:
        self._sender, self._context, self._webhook = sender, context, webhook
        self._in_a_row = 0
        self._until = time.monotonic() + _LONGEST_GO
        self.is_over = False

    async def send_due(self) -> bool:
        """Make what is due, and what no earlier change of the same records keeps waiting; answers whether all was."""
        held: set[str] = set()
        database, tenant_id = self._sender.database, self._context.tenant.id
        for each in await waiting_deliveries(database, tenant_id, self._webhook.id):
            waits = each.due_at > clock.now() or not held.isdisjoint(each.record_ids)
            if waits or self.is_over or not await self.attempt(each):
                held |= each.record_ids
            self.is_over = self.is_over or self._in_a_row >= _MOST_IN_A_ROW or time.monotonic() > self._until
        return not held

    async def attempt(self, delivery: Delivery) -> bool:
        """Make one call and note what came of it; answers whether it is done with."""
        try:
            body = await body_of(self._sender.database, self._context, self._webhook, delivery)
        except ChassisError as error:  # the user may not read any more what the webhook tells
            await self._note_failure(delivery, _Outcome(0, error=error.problems[0].message))
            return False
        if body is None:
            await self._write(_NOTHING.bind(id=delivery.id))
            return True
        outcome = await self._call(delivery, body)
        if outcome.error is None:
            self._in_a_row = 0
            await self._note_success(delivery, outcome)
            return True
        self._in_a_row += 1
        await self._note_failure(delivery, outcome)
        return False

    async def _call(self, delivery: Delivery, body: bytes) -> _Outcome:
        if not self._webhook.secrets:
            return _Outcome(0, error=_UNSIGNED)
        headers = _headers(self._webhook, delivery, body)
        started = time.monotonic()
        try:
            answer = await asyncio.to_thread(
                outbound.send, destinations_of(self._sender.settings), "POST", self._webhook.url, body, headers
            )
        except (OSError, NotAllowedError, HTTPException, ValueError) as error:
            return _Outcome(_since(started), error=str(error) or type(error).__name__)
        taken = _FIRST_TAKEN <= answer.status < _FIRST_REFUSED
        wrong = None if taken else f"The answer was {answer.status}."
        return _Outcome(_since(started), answer.status, wrong, answer.body[:_EXCERPT])

    async def _note_success(self, delivery: Delivery, outcome: _Outcome) -> None:
        done = _DELIVERED.bind(id=delivery.id, now=clock.now(), **_told(delivery, outcome))
        await self._write(done, *([] if delivery.is_test else [_WELL.bind(now=clock.now())]))

    async def _note_failure(self, delivery: Delivery, outcome: _Outcome) -> None:
        now, webhook = clock.now(), self._webhook
        give_up = delivery.give_up_at or now + GIVEN_UP_AFTER
        is_dead = now >= give_up or delivery.is_test
        due = min(now + _pause(delivery.attempts), give_up)
        error = str(outcome.error)[:_ERROR_LENGTH]
        failed = _FAILED.bind(
            id=delivery.id,
            new="dead" if is_dead else "waiting",
            due=due,
            give_up=give_up,
            error=error,
            now=now,
            **_told(delivery, outcome),
        )
        if delivery.is_test:
            await self._write(failed)
            return
        resume = now + _pause(webhook.failures) if self._in_a_row >= _MOST_IN_A_ROW else None
        ill = _ILL.bind(now=now, resume=resume, error=error, quiet=now - GIVEN_UP_AFTER)
        since = (await self._write(failed, ill))[-1][0][0]
        if outcome.status == _GONE or now - since >= STOPPED_AFTER:
            self.is_over = True
            reason = "gone" if outcome.status == _GONE else "failing"
            await notices.stop(self._sender.database, self._sender.snapshots, self._context.tenant.id, webhook, reason)

    async def _write(self, *statements: Statement) -> list[list[Row]]:
        tenant_id = self._context.tenant.id
        same = {"tenant_id": tenant_id, "webhook_id": self._webhook.id}
        return await self._sender.database.read(Binding(tenant_id), *(each.bind(**same) for each in statements))


def _told(delivery: Delivery, outcome: _Outcome) -> dict[str, Any]:
    answer = ANSWER.to_seal(delivery.id, outcome.answer) if outcome.answer else None
    return {"status": outcome.status, "answer": answer, "milliseconds": outcome.milliseconds}


def _rest(tenant_id: int, webhook_id: str) -> Statement:
    return _REST.bind(tenant_id=tenant_id, webhook_id=webhook_id, resume=clock.now() + timedelta(minutes=5))


def _headers(webhook: Webhook, delivery: Delivery, body: bytes) -> dict[str, str]:
    moment = int(clock.now().timestamp())
    first, *others = [signature(each, body, moment) for each in webhook.secrets]
    signed = ",".join([first, *(each.partition(",")[2] for each in others)])
    return {
        "content-type": "application/json",
        "user-agent": "chassis",
        SIGNATURE: signed,
        DELIVERY: delivery.id,
        "Idempotency-Key": delivery.id,
        "X-Chassis-Attempt": str(delivery.attempts + 1),
    }


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=PAUSES[min(attempts, len(PAUSES) - 1)])


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
