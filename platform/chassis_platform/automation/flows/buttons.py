"""Flows that users start: which buttons an object has for a user, and pressing one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.errors import Forbidden, Invalid, NotFound
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.flow import Flow, flows_started_by
from chassis_metadata.logic.flow_formulas import Standing, flow_formula
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.flows.chain import observed
from chassis_platform.automation.flows.evaluate import Question, ask
from chassis_platform.automation.flows.frame import Frame, Item
from chassis_platform.automation.flows.handler import matching
from chassis_platform.automation.flows.run import Effect
from chassis_platform.automation.flows.runner import flow_named, start
from chassis_platform.automation.record_ids import ids_of
from chassis_platform.sql.check import referred_records
from chassis_platform.sql.formula_context import asking
from chassis_tenants.database import Database, Transaction

RECORD = "record"


def may_press(context: Context, flow: Flow) -> bool:
    """Whether the user holds what the button asks for, and may see the object at all."""
    permission = flow.trigger.get("permission")
    readable = flow.object_name is not None and context.policy.on(flow.object_name).read
    return readable and (permission is None or permission in context.policy.grants.custom)


def buttons_of(context: Context, object_name: str, language: str) -> list[dict[str, Any]]:
    """The buttons of an object that the user may press."""
    return [_document(context, each, language) for each in _offered(context, object_name)]


async def buttons_of_record(
    database: Database, context: Context, obj: Object, record_id: str, language: str
) -> list[dict[str, Any]]:
    """Those of them that stand on a record and whose criteria hold for this one. NotFound where the user sees none."""
    flows = [each for each in _offered(context, obj.name) if RECORD in _placements(each)]
    [record_id] = ids_of(obj, [record_id])
    async with database.transaction(context.binding) as transaction:
        await check_visible(transaction, context, obj, [record_id])
        possible = await _possible(transaction, context, flows, obj, record_id)
    return [_document(context, each, language) for each in possible]


async def _possible(
    transaction: Transaction, context: Context, flows: Sequence[Flow], obj: Object, record_id: str
) -> list[Flow]:
    """The flows that the record meets the criteria of, all asked in one statement."""
    asked = [each for each in flows if each.criteria is not None]
    if not asked:
        return list(flows)
    standing = Standing(obj.name)
    expressions = [flow_formula(context.snapshot, standing, str(each.criteria), Kind.BOOLEAN) for each in asked]
    frame = Frame(asked[0], context.snapshot, standing, (Item(0, record_id),))
    [answer] = await ask(transaction, as_automation(context), frame, Question(tuple(expressions)), frozenset())
    refused = {each.name for each, holds in zip(asked, answer.values, strict=True) if not holds}
    return [each for each in flows if each.name not in refused]


def _offered(context: Context, object_name: str) -> list[Flow]:
    started = flows_started_by(context.snapshot, "button")
    return [each for each in started if each.object_name == object_name and may_press(context, each)]


def _placements(flow: Flow) -> Sequence[str]:
    placements: Sequence[str] = flow.trigger.get("placements", (RECORD,))
    return placements


def _document(context: Context, flow: Flow, language: str) -> dict[str, Any]:
    return {
        "name": flow.name,
        "label": flow.label_in(context.snapshot, language),
        "placements": list(_placements(flow)),
        "message": _message(context, flow, language),
        "inputs": flow.inputs_in(context.snapshot, language),
    }


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
    ids = ids_of(obj, record_ids)
    async with database.transaction(context.binding) as transaction:
        await check_visible(transaction, context, obj, ids)
        items = [Item(number, each) for number, each in enumerate(ids)]
        if len(await matching(transaction, context, flow, items)) < len(items):
            raise Invalid.of("invalid_operation", f"{flow.label} is not possible for all of these records.")
        with observed() as effects:
            await start(transaction, context, name, ids, variables, trigger="button")
    return effects


async def check_visible(transaction: Transaction, context: Context, obj: Object, ids: Sequence[str]) -> None:
    """NotFound unless the user sees all of these records."""
    parameters = {"tenant_id": context.tenant.id, **asking(context), "ids": list(ids)}
    rows = await transaction.fetch(referred_records(obj, context).bind(**parameters))
    if len(rows) < len(set(ids)):
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
