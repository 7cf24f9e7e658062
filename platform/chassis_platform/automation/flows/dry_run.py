"""What a flow would do to records, without doing it: it runs, tells what it did, and everything is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.errors import NotFound
from chassis_metadata.logic.flow_triggers import prior_fields
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.flows.buttons import check_visible
from chassis_platform.automation.flows.chain import observed
from chassis_platform.automation.flows.frame import Item
from chassis_platform.automation.flows.handler import matching
from chassis_platform.automation.flows.runner import flow_named, run_flow
from chassis_platform.automation.keeping import common
from chassis_platform.automation.record_ids import ids_of
from chassis_platform.sql.candidates import candidate_row
from chassis_platform.sql.check import values_of
from chassis_tenants.database import Database, Transaction


class _UndoneError(Exception):
    """Everything was seen: now it is undone."""


async def dry_run(
    database: Database,
    context: Context,
    name: str,
    record_ids: Sequence[str],
    variables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the flow, and all that it would set off, would do; and for which records its criteria hold.

    The records count as saved without a change. Mails and calls are told of and not made.
    """
    found: dict[str, Any] = {}
    try:
        async with database.transaction(context.binding) as transaction:
            with observed() as effects:
                found = await _tried(transaction, context, name, record_ids, variables or {})
                found["effects"] = [each.document() for each in effects]
            raise _UndoneError  # noqa: TRY301  leaving is what undoes
    except _UndoneError:
        return found


async def _seen(transaction: Transaction, context: Context, obj: Object, record_ids: Sequence[str]) -> Sequence[str]:
    """The records' Ids. NotFound where the user doesn't see one: what a flow would do tells what stands in it."""
    if not context.policy.on(obj.name).read:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    ids = ids_of(obj, record_ids)
    await check_visible(transaction, context, obj, ids)
    return ids


async def _tried(
    transaction: Transaction, context: Context, name: str, record_ids: Sequence[str], variables: Mapping[str, Any]
) -> dict[str, Any]:
    flow = flow_named(context, name)
    if flow.object_name is not None:
        record_ids = await _seen(transaction, context, context.snapshot.objects[flow.object_name], record_ids)
    items = [Item(number, each, variables=dict(variables)) for number, each in enumerate(record_ids)]
    if flow.object_name is None and not items:
        items = [Item(0, None, variables=dict(variables))]
    known = prior_fields(flow, context.snapshot) if flow.knows_prior else frozenset()
    if known:
        obj = context.snapshot.objects[str(flow.object_name)]
        names = sorted(known)
        rows = await transaction.fetch(
            values_of(obj, names).bind(**common(context), ids=[str(each) for each in record_ids])
        )
        stored = {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
        for item in items:
            if item.record_id in stored:
                item.prior = candidate_row(obj, names, item.record_id, stored[item.record_id])
    matched = await matching(transaction, as_automation(context), flow, items)
    run = await run_flow(transaction, context, flow, matched, known=known)
    return {
        "flow": flow.name,
        "matched": [each.record_id for each in matched if each.record_id],
        "problems": [
            {
                "id": items[root].record_id,
                "errorCode": problem.code.upper(),
                "message": problem.message,
                "fields": list(problem.fields),
            }
            for root, problems in run.problems.items()
            for problem in problems
        ],
    }
