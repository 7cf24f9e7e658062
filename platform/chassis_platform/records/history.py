"""The history of a record: who changed which of its fields, from what to what, and when."""

from __future__ import annotations

from typing import Any

import orjson

from chassis_metadata.errors import NotFound
from chassis_metadata.snapshot import Object
from chassis_platform.access.compile import Recent
from chassis_platform.access.context import Context
from chassis_platform.plan.names import Names
from chassis_platform.records.lists import field_label
from chassis_platform.records.pages import log_parameters, who
from chassis_platform.sql.history import compile_history
from chassis_platform.sql.sources import Reach
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

_histories: Recent[tuple[str, str], Statement] = Recent(200)


async def record_history(
    database: Database, context: Context, object_name: str, record_id: str, *, door: str = "history"
) -> bytes:
    """The changes of the fields that the user may read, newest first."""
    names = Names(context.snapshot, context.policy)
    obj = names.object(object_name)
    readable = names.readable_fields(obj)
    statement = _statement(context, obj).bind(
        **who(context),
        **log_parameters(context, door, 1),
        record_id=record_id,
        readable=[each.name for each in readable],
        classified=[each.name for each in readable if each.classification.is_logged],
    )
    [[(is_visible, changes)]] = await database.read(context.binding, statement)
    if not is_visible:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    return orjson.dumps({"changes": [_labelled(each, obj, context) for each in orjson.loads(changes)]})


def _statement(context: Context, obj: Object) -> Statement:
    key = (context.policy.grants.identity, obj.name)
    reach = Reach(context.snapshot, context.policy, include_deleted=True)
    return _histories.find(key, lambda: compile_history(obj, reach))


def _labelled(change: dict[str, Any], obj: Object, context: Context) -> dict[str, Any]:
    return {**change, "label": field_label(obj.fields[change["field"]], context)}
