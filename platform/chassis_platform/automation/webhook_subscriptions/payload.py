"""What a call says: the changes as the user that the webhook runs as sees them by now, if the criteria hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson
import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.webhook import Watched
from chassis_metadata.snapshot import Object
from chassis_platform.access.absent_user import Errand, context_of_absent_user
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.automation.events.seen import Event, seen_by
from chassis_platform.automation.webhook_subscriptions.deliveries import Delivery
from chassis_platform.automation.webhook_subscriptions.store import Webhook
from chassis_platform.records.try_formula import demand_readable
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view

DOOR = "webhook"


async def context_of_reader(
    database: Database, snapshots: SnapshotStore, policies: PolicyStore, tenant_id: int, user_id: str, label: str
) -> Context | None:
    """The Context that a webhook reads with; None where the tenant is closed or the user is not active."""
    errand = Errand(DOOR, client_name=label)
    return await context_of_absent_user(database, snapshots, policies, tenant_id, user_id, errand)


async def body_of(database: Database, context: Context, webhook: Webhook, delivery: Delivery) -> bytes | None:
    """The body of the call; None where nothing of it is to be told."""
    events = await _events(database, context, webhook.watched, delivery)
    if not events and not delivery.is_test:
        return None
    document = {
        "webhook": webhook.id,
        "delivery": delivery.id,
        "organizationId": context.tenant.organization_id,
        "test": delivery.is_test,
        "events": [each.document for each in events],
    }
    return orjson.dumps(document)


async def _events(
    database: Database, context: Context, watched: Mapping[str, Watched], delivery: Delivery
) -> list[Event]:
    present = [each for each in delivery.changes if each.object_name in watched]  # it may be watched no more
    chosen = {name: each.fields for name, each in watched.items() if each.fields}
    seen = await seen_by(database, context, present, door=DOOR, chosen=chosen)
    meant = await _meeting_criteria(database, context, watched, seen)
    found = (_only(each, meant) for each in seen)
    return [each for each in found if each.header["recordIds"]]


def _only(event: Event, meant: Mapping[str, set[str]]) -> Event:
    ids = meant.get(event.header["entityName"])
    if ids is None:
        return event
    header = {**event.header, "recordIds": [each for each in event.header["recordIds"] if each in ids]}
    return replace(event, header=header, records=[each for each in event.records if each["Id"] in ids])


async def _meeting_criteria(
    database: Database, context: Context, watched: Mapping[str, Watched], events: Iterable[Event]
) -> dict[str, set[str]]:
    """The ids of the records that meet the criteria, by object; objects without criteria are left out."""
    asked: dict[str, dict[str, None]] = {}
    for event in events:
        if watched[event.header["entityName"]].criteria is not None:
            asked.setdefault(event.header["entityName"], {}).update(dict.fromkeys(event.header["recordIds"]))
    parameters = {**asking(context), "tenant_id": context.tenant.id}
    statements = [
        _holding(context, name, str(watched[name].criteria)).bind(**parameters, ids=list(ids))
        for name, ids in asked.items()
    ]
    answers = await database.read(context.binding, *statements) if statements else []
    return {name: {row[0] for row in rows} for name, rows in zip(asked, answers, strict=True)}


def _holding(context: Context, object_name: str, text: str) -> Statement:
    """The statement that finds which of some records meet the criteria, those in the recycle bin as they lie there."""
    obj = context.snapshot.objects[object_name]
    expression = formula_of(context.snapshot, obj, text, Kind.BOOLEAN)
    demand_readable(context, expression)  # rights may have gone since it was set
    return context.snapshot.keep(("webhook_criteria", object_name, text), lambda: _compiled(context, obj, text))


def _compiled(context: Context, obj: Object, text: str) -> Statement:
    source = tenant_view(obj).alias("t")
    expression = formula_of(context.snapshot, obj, text, Kind.BOOLEAN)
    holds: Any = compile_expression(expression, Rows(context.snapshot, obj, source)).value
    here = [*of_this_object(obj, source), source.c.id == sa.any_(IDS)]
    return compile_statement(
        sa.select(source.c.id).where(*here, sa.func.coalesce(holds, sa.false(), type_=sa.Boolean()))
    )
