"""What became of a webhook's calls, as Setup shows it; and calls made again, or for a test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from chassis_metadata.errors import Invalid, Unavailable
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.auth.tenant_secrets import ANSWER
from chassis_platform.automation.webhook_subscriptions.deliveries import add_test
from chassis_platform.automation.webhook_subscriptions.sending import JOB
from chassis_platform.automation.webhook_subscriptions.store import show_webhook
from chassis_tenants.database import Database
from chassis_tenants.journal import SetupChange, enqueue, setup_entry
from chassis_tenants.statement import Statement

STATUSES = ("waiting", "delivered", "dead")
MOST_SHOWN, MOST_REPLAYED = 200, 10_000

_LIST = Statement(
    "SELECT json_build_object('id', d.id, 'status', d.status, 'is_test', d.is_test, 'attempts', d.attempts,"  # noqa: S608
    " 'due_at', d.due_at, 'give_up_at', d.give_up_at, 'ended_at', d.ended_at, 'http_status', d.http_status,"
    " 'error', d.error, 'milliseconds', d.milliseconds, 'created_at', d.created_at,"
    " 'record_count', cardinality(d.record_ids), 'changes', (SELECT json_agg(json_build_object("
    "'object', c -> 3, 'type', c -> 4, 'record_ids', c -> 5)) FROM jsonb_array_elements(d.changes) c)),"
    f" {ANSWER.in_sql('d.answer', 'd.id')}"
    " FROM chassis.webhook_delivery d WHERE d.tenant_id = %(tenant_id)s AND d.webhook_id = %(webhook_id)s"
    " AND (%(status)s::text IS NULL OR d.status = %(status)s::text) ORDER BY d.place DESC LIMIT %(most)s",
    sealed=True,
)
#: In their first order, and as if they had never been tried.
_REPLAY = Statement(
    "WITH chosen AS (SELECT d.id FROM chassis.webhook_delivery d WHERE d.tenant_id = %(tenant_id)s"
    " AND d.webhook_id = %(webhook_id)s AND d.status = 'dead' AND NOT d.is_test"
    " AND (%(ids)s::text[] IS NULL OR d.id = ANY (%(ids)s::text[])) ORDER BY d.place LIMIT %(most)s)"
    " UPDATE chassis.webhook_delivery d SET status = 'waiting', attempts = 0, due_at = %(now)s, give_up_at = NULL,"
    " ended_at = NULL FROM chosen c WHERE d.tenant_id = %(tenant_id)s AND d.id = c.id RETURNING d.id"
)
_RESUME = Statement(
    "UPDATE chassis.webhook SET resume_at = NULL, failures = 0 WHERE tenant_id = %(tenant_id)s AND id = %(webhook_id)s"
)


async def list_deliveries(
    database: Database, context: Context, home: Path, webhook_id: str, status: str | None, most: int
) -> list[Any]:
    """The newest calls, with the beginning of what was answered."""
    await show_webhook(database, context, webhook_id)
    if status is not None and status not in STATUSES:
        raise Invalid.of("invalid_query_parameter", f"status is one of {', '.join(STATUSES)}.")
    asked = _LIST.bind(
        tenant_id=context.tenant.id, webhook_id=webhook_id, status=status, most=min(max(most, 1), MOST_SHOWN)
    )
    [rows] = await database.read(context.binding, asked)
    found = [(orjson.loads(document), answer) for document, answer in rows]
    return [{**each, "answer": _opened(home, context, each["id"], answer)} for each, answer in found]


def _opened(home: Path, context: Context, delivery_id: str, answer: bytes | None) -> str | None:
    """The answer; nothing where nobody can open it any more."""
    try:
        opened = ANSWER.opened(home, context.tenant.id, delivery_id, answer)
    except Unavailable:
        return None
    return None if opened is None else opened.decode(errors="replace")


async def replay(database: Database, context: Context, webhook_id: str, ids: Sequence[str] | None) -> int:
    """Make dead calls again, these or all; answers how many there are."""
    label = (await show_webhook(database, context, webhook_id))["label"]
    tenant_id = context.tenant.id
    same = {"tenant_id": tenant_id, "webhook_id": webhook_id}
    asked = _REPLAY.bind(**same, ids=None if ids is None else list(ids), most=MOST_REPLAYED, now=clock.now())
    async with database.transaction(context.binding) as transaction:
        count = len(await transaction.fetch(asked))
        if count:
            display = f"{count} calls of the webhook {label} are made again"
            change = SetupChange("replayedWebhook", "Webhooks", label, display, after=count)
            await transaction.fetch_each([_RESUME.bind(**same), setup_entry(tenant_id, context.actor, change)])
        return count


async def ping(database: Database, context: Context, webhook_id: str) -> str:
    """Have a call made that tells of nothing; answers its delivery's id."""
    await show_webhook(database, context, webhook_id)
    tenant_id = context.tenant.id
    async with database.transaction(context.binding) as transaction:
        delivery_id = await add_test(transaction, tenant_id, webhook_id)
        payload = {"webhook": webhook_id, "delivery": delivery_id}
        await transaction.fetch(enqueue(tenant_id, JOB, payload, lock_key=f"webhook {webhook_id}"))
    return delivery_id
