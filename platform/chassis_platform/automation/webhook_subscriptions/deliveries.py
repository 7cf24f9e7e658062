"""Calls to be made: taken from the stream behind a webhook's position, and kept until they were made or given up.

A delivery keeps which changes it tells of, and no value. It is there before it is sent and until it is noted that it
was: who dies between sends it once more, under the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from chassis_metadata.ids import new_ids
from chassis_metadata.logic.webhook import Watched
from chassis_platform import clock
from chassis_platform.automation.events.seen import page_of
from chassis_platform.automation.events.stream import Change, kept_of, page_statements
from chassis_platform.automation.webhook_subscriptions.store import Webhook
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.statement import Statement

DELIVERY_PREFIX = "0Wd"
#: So many calls of a webhook wait at most; the rest stays in the stream.
MOST_WAITING = 500
_MOST_TAKEN = 1_000

_LOCK = Statement(
    "SELECT w.position, (SELECT count(*) FROM chassis.webhook_delivery d WHERE d.tenant_id = w.tenant_id"
    " AND d.webhook_id = w.id AND d.status = 'waiting') FROM chassis.webhook w"
    " WHERE w.tenant_id = %(tenant_id)s AND w.id = %(webhook_id)s FOR UPDATE OF w"
)
_INSERT = Statement(
    "INSERT INTO chassis.webhook_delivery (tenant_id, id, webhook_id, changes, record_ids, is_test, due_at)"
    " SELECT %(tenant_id)s, r.id, %(webhook_id)s, r.changes, r.record_ids, %(is_test)s, %(now)s"
    " FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (place integer, id text, changes jsonb, record_ids text[])"
    " ORDER BY r.place"
)
_MOVE = Statement(
    "UPDATE chassis.webhook SET position = %(position)s, missed = missed + %(missed)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(webhook_id)s"
)
_WAITING = Statement(
    "SELECT id, changes, record_ids, is_test, attempts, due_at, give_up_at FROM chassis.webhook_delivery"
    " WHERE tenant_id = %(tenant_id)s AND webhook_id = %(webhook_id)s AND status = 'waiting'"
    " AND (%(only)s::text IS NULL OR id = %(only)s::text) ORDER BY place LIMIT %(most)s"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call to be made."""

    id: str
    changes: tuple[Change, ...]
    record_ids: frozenset[str]
    is_test: bool
    attempts: int
    due_at: datetime
    give_up_at: datetime | None


async def take_changes(database: Database, tenant_id: int, webhook: Webhook) -> bool:
    """Make deliveries of what came since the last look; answers whether there may be more.

    The position moves in the same transaction: each change is taken once, also by two workers.
    """
    async with database.transaction(Binding(tenant_id)) as transaction:
        rows = await transaction.fetch(_LOCK.bind(tenant_id=tenant_id, webhook_id=webhook.id))
        if not rows or rows[0][1] >= MOST_WAITING:
            return False
        position = int(rows[0][0])
        asked = page_statements(tenant_id, position, list(webhook.watched), _MOST_TAKEN)
        kept = kept_of(await transaction.fetch_each(asked), position, _MOST_TAKEN)
        changes = page_of(kept.changes)
        is_whole = len(changes) == len(kept.changes)
        through = kept.through if is_whole else changes[-1].position
        wanted = (each for each in changes if _is_wanted(webhook.watched, each))
        parts = list(_in_parts(wanted, webhook.batch_size))
        missed = max(0, kept.expired - position)
        moved = _MOVE.bind(tenant_id=tenant_id, webhook_id=webhook.id, position=through, missed=missed)
        statements = [moved] if through > position else []
        await transaction.fetch_each([*statements, *_inserted(tenant_id, webhook.id, parts)])
        return kept.more or not is_whole


def _is_wanted(watched: Mapping[str, Watched], change: Change) -> bool:
    return watched[change.object_name].wants(change.change_type, change.fields)


def _in_parts(changes: Iterable[Change], most: int) -> Iterable[list[Change]]:
    """Changes in their order, so many records in each part; one of more records is divided."""
    part: list[Change] = []
    room = most
    for change in changes:
        ids = change.record_ids
        while ids:
            part.append(change._replace(record_ids=ids[:room]))
            ids, room = ids[room:], room - min(room, len(ids))
            if not room:
                yield part
                part, room = [], most
    if part:
        yield part


def _inserted(
    tenant_id: int, webhook_id: str, parts: Sequence[Sequence[Change]], *, is_test: bool = False
) -> Iterable[Statement]:
    if not parts:
        return
    rows = [
        {
            "place": place,
            "id": delivery_id,
            "changes": [list(each) for each in part],
            "record_ids": sorted({each for change in part for each in change.record_ids}),
        }
        for place, (delivery_id, part) in enumerate(zip(new_ids(DELIVERY_PREFIX, len(parts)), parts, strict=True))
    ]
    told = orjson.dumps(rows).decode()
    yield _INSERT.bind(tenant_id=tenant_id, webhook_id=webhook_id, rows=told, is_test=is_test, now=clock.now())


async def add_test(transaction: Transaction, tenant_id: int, webhook_id: str) -> str:
    """A delivery that tells of nothing, to see whether the other side hears; answers its id."""
    [delivery_id] = new_ids(DELIVERY_PREFIX, 1)
    rows = orjson.dumps([{"place": 0, "id": delivery_id, "changes": [], "record_ids": []}]).decode()
    await transaction.fetch(
        _INSERT.bind(tenant_id=tenant_id, webhook_id=webhook_id, rows=rows, is_test=True, now=clock.now())
    )
    return delivery_id


async def waiting_deliveries(
    database: Database, tenant_id: int, webhook_id: str, only: str | None = None
) -> list[Delivery]:
    """What waits, in its order; or the one of that id, if it does."""
    asked = _WAITING.bind(tenant_id=tenant_id, webhook_id=webhook_id, only=only, most=MOST_WAITING)
    [rows] = await database.read(Binding(tenant_id), asked)
    return [_delivery(*row) for row in rows]


def _delivery(delivery_id: str, changes: Sequence[Sequence[Any]], record_ids: Sequence[str], *rest: Any) -> Delivery:
    return Delivery(delivery_id, tuple(map(_change, changes)), frozenset(record_ids), *rest)


def _change(kept: Sequence[Any]) -> Change:
    return Change._make([*kept[:-1], datetime.fromisoformat(kept[-1])])
