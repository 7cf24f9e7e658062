"""What becomes of the record that keeps a person's request, when the act it asked for is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from chassis_metadata.expressions.kinds import kind_of
from chassis_metadata.logic.person_request import requests_of
from chassis_metadata.logic.record_formulas import record_formula
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.keeping import common
from chassis_platform.records.write import write_within
from chassis_platform.sql.record_values import values_of_records
from chassis_tenants.database import Transaction

DONE, FAILED = "done", "failed"
log = structlog.get_logger()


async def answer_request(transaction: Transaction, context: Context, act: Mapping[str, Any], how: str) -> None:
    """Set in the request what its declaration says for this end. A request that refuses it does not undo the act."""
    request_id = str(act["request_id"] or "")
    obj = context.snapshot.objects_by_prefix.get(request_id[:3])
    request = requests_of(context.snapshot).get(obj.name) if obj is not None else None
    if obj is None or request is None:
        return
    payload = await _values(transaction, context, obj, (request_id, request.done if how == DONE else request.failed))
    if payload is None:
        return
    results = await write_within(transaction, as_automation(context), obj.name, "update", [payload])
    for problem in (problem for each in results for problem in each.problems):
        log.warning("request_not_answered", act=act["id"], object=obj.name, problem=problem.message)


async def _values(
    transaction: Transaction, context: Context, obj: Object, wanted: tuple[str, Mapping[str, str]]
) -> dict[str, Any] | None:
    """The record's id and new values; None where nothing is declared, or the record is not there any more."""
    request_id, declared = wanted
    formulas = {
        name: record_formula(context.snapshot, obj, text, kind_of(obj.fields[name])) for name, text in declared.items()
    }
    if not formulas:
        return None
    rows = await transaction.fetch(
        values_of_records(context.snapshot, obj, formulas).bind(**common(context), ids=[request_id])
    )
    return {"Id": rows[0][0], **dict(zip(formulas, rows[0][1:], strict=True))} if rows else None
