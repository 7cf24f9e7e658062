"""Requests that a colleague approves: who may, what waits, what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from chassis_metadata.errors import Conflict, Forbidden, NotFound
from chassis_metadata.logic.masking_rule import MaskingRule, masking_rules
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.masking import approvers_key
from chassis_platform.automation.keeping import updated
from chassis_platform.automation.reveals.reveal import PENDING, REFUSED, SHOWN
from chassis_platform.sql.clearness import GRANT
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.reveal_conditions import conditions_met
from chassis_tenants.database import Database, Transaction
from chassis_tenants.statement import Statement

#: Requests are forgotten after a day: who needs it still asks again.
STALE = timedelta(days=1)
MOST_SHOWN = 200

_WAITING = Statement(
    "SELECT g.request_id, g.user_id, u.name, g.object_name, g.record_id, g.reason, min(g.minutes)::integer,"
    " min(g.created_date), array_agg(g.field_name ORDER BY g.id), array_agg(g.rule_name ORDER BY g.id)"
    ' FROM tenant.reveal_grant g JOIN tenant."user" u ON u.tenant_id = g.tenant_id AND u.id = g.user_id'
    " WHERE g.tenant_id = %(tenant_id)s AND g.status = 'Pending' AND g.user_id <> %(user_id)s AND NOT g.is_deleted"
    " AND g.created_date > %(since)s"
    " GROUP BY g.request_id, g.user_id, u.name, g.object_name, g.record_id, g.reason ORDER BY 8 LIMIT %(most)s"
)
_OF_REQUEST = Statement(
    "SELECT id, user_id, object_name, record_id, rule_name, status, minutes::integer FROM data.reveal_grant"
    " WHERE tenant_id = %(tenant_id)s AND request_id = %(request_id)s AND created_date > %(since)s"
    " ORDER BY id FOR UPDATE"
)


async def waiting(database: Database, context: Context) -> list[Mapping[str, Any]]:
    """The requests that the user may decide, oldest first."""
    if not _approved_by(context):
        return []
    bound = _WAITING.bind(
        tenant_id=context.tenant.id, user_id=context.principal.user_id, since=clock.now() - STALE, most=MOST_SHOWN
    )
    [rows] = await database.read(context.binding, bound)
    return [
        {
            "id": row[0],
            "user": {"id": row[1], "name": row[2]},
            "object": row[3],
            "record_id": row[4],
            "reason": row[5],
            "minutes": row[6],
            "asked": row[7],
            "fields": row[8],
        }
        for row in rows
        if set(row[9]) <= _approved_by(context)
    ]


def _approved_by(context: Context) -> frozenset[str]:
    """The rules for which the user is among the approvers."""
    held = context.policy.grants.held
    rules = masking_rules(context.snapshot).values()
    return frozenset(each.name for each in rules if _is_approver(each, held))


def _is_approver(rule: MaskingRule, held: frozenset[str]) -> bool:
    return any(approvers_key(rule, place) in held for place in range(len(rule.reveal)))


async def decide(database: Database, context: Context, request_id: str, *, approve: bool) -> None:
    """Let the values be shown from now on, or refuse it."""
    async with database.transaction(context.binding) as transaction:
        bound = _OF_REQUEST.bind(tenant_id=context.tenant.id, request_id=request_id, since=clock.now() - STALE)
        rows = await transaction.fetch(bound)
        await _check(transaction, context, rows)
        now = clock.now()
        decided = {"DecidedById": context.principal.user_id, "DecidedAt": now}
        status = {"Status": SHOWN if approve else REFUSED}
        changes = [
            {"Id": row[0], **decided, **status, "ExpiresAt": now + timedelta(minutes=row[6]) if approve else None}
            for row in rows
        ]
        await transaction.fetch_each(list(updated(context, GRANT, changes)))


async def _check(transaction: Transaction, context: Context, rows: Sequence[Sequence[Any]]) -> None:
    if not rows or not {row[4] for row in rows} <= _approved_by(context):
        raise NotFound.of("not_found", "There is no such request that you may decide.")
    _, user_id, object_name, record_id, _, status, _ = rows[0]
    if user_id == context.principal.user_id:
        raise Forbidden.of("insufficient_access", "Nobody approves the own request.")
    if status != PENDING:
        raise Conflict.of("invalid_status", f"The request is decided already: {status}.")
    obj = context.snapshot.objects.get(object_name)
    if obj is None or not await transaction.fetch(
        conditions_met(obj, (), context).bind(
            tenant_id=context.tenant.id, tenant=context.tenant.id, **asking(context), record_id=record_id
        )
    ):
        raise Forbidden.of("insufficient_access", "Who approves sees the record.")
