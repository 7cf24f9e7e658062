"""Flows that users start: which buttons an object has for a user, and pressing one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.errors import Forbidden, Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.flow import Flow, flows_started_by
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.flows.chain import observed
from chassis_platform.automation.flows.frame import Item
from chassis_platform.automation.flows.handler import matching
from chassis_platform.automation.flows.run import Effect
from chassis_platform.automation.flows.runner import flow_named, start
from chassis_platform.sql.check import referred_records
from chassis_platform.sql.formula_context import asking
from chassis_tenants.database import Database, Transaction

MOST_RECORDS = 200


def may_press(context: Context, flow: Flow) -> bool:
    """Whether the user holds what the button asks for, and may see the object at all."""
    permission = flow.trigger.get("permission")
    readable = flow.object_name is not None and context.policy.on(flow.object_name).read
    return readable and (permission is None or permission in context.policy.grants.custom)


def buttons_of(context: Context, object_name: str, language: str) -> list[dict[str, Any]]:
    """The buttons of an object that the user may press."""
    snapshot = context.snapshot
    return [
        {
            "name": flow.name,
            "label": flow.label_in(snapshot, language),
            "placements": list(flow.trigger.get("placements", ("record",))),
            "message": _message(context, flow, language),
            "inputs": [{"name": each.name, "type": each.kind.value} for each in flow.variables if each.is_input],
        }
        for flow in flows_started_by(snapshot, "button")
        if flow.object_name == object_name and may_press(context, flow)
    ]


def _message(context: Context, flow: Flow, language: str) -> str | None:
    message = flow.trigger.get("message")
    key = f"flows.{flow.name}.trigger.button.message"
    return None if message is None else context.snapshot.text(language, key, message)


async def press(
    database: Database, context: Context, name: str, record_ids: Sequence[str], variables: Mapping[str, Any]
) -> list[Effect]:
    """Run a button's flow on records that the user sees; all of it or nothing. Raises what is wrong."""
    flow = flow_named(context, name)
    if flow.start != "button":
        raise NotFound.of("not_found", f"The flow {name!r} has no button.")
    if not may_press(context, flow):
        raise Forbidden.of("insufficient_access", f"You may not start {flow.label!r}.")
    obj = context.snapshot.objects[str(flow.object_name)]
    ids = _ids(obj, record_ids)
    async with database.transaction(context.binding) as transaction:
        await check_visible(transaction, context, obj, ids)
        items = [Item(number, each) for number, each in enumerate(ids)]
        if len(await matching(transaction, context, flow, items)) < len(items):
            raise Invalid.of("invalid_operation", f"{flow.label} is not possible for all of these records.")
        with observed() as effects:
            await start(transaction, context, name, ids, variables, trigger="button")
    return effects


def _ids(obj: Object, record_ids: Sequence[str]) -> list[str]:
    if not record_ids or len(record_ids) > MOST_RECORDS:
        raise Invalid.of("invalid_field", f"recordIds names 1 to {MOST_RECORDS} records.", fields=["recordIds"])
    wrong = [each for each in record_ids if not is_id(each) or each[:3] != obj.key_prefix]
    if wrong:
        raise Invalid.of("malformed_id", f"{str(wrong[0])[:40]!r} is no id of {obj.label}.", fields=["recordIds"])
    return list(dict.fromkeys(normal_id(each) for each in record_ids))


async def check_visible(transaction: Transaction, context: Context, obj: Object, ids: Sequence[str]) -> None:
    """NotFound unless the user sees all of these records."""
    parameters = {"tenant_id": context.tenant.id, **asking(context), "ids": list(ids)}
    rows = await transaction.fetch(referred_records(obj, context).bind(**parameters))
    if len(rows) < len(set(ids)):
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
