"""What would happen: records are written on the ordinary road, looked at, and everything is undone.

Rules, flows and whatever else a write sets off really run, so what is answered is what a save would answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import RecordResult
from chassis_platform.plan.write import Operation, Payload, object_to_write
from chassis_platform.records.write import write_within
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.shown_values import read_shown, shown_values
from chassis_tenants.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Preview:
    """One result a record in their order, and its stored fields as they would be; None of a record that is refused."""

    results: tuple[RecordResult, ...]
    values: tuple[Mapping[str, Any] | None, ...]


class _SeenError(Exception):
    """Carries what was seen out of the transaction, which ends without a commit."""

    def __init__(self, seen: Preview) -> None:
        self.seen = seen
        super().__init__()


async def preview(
    database: Database,
    context: Context,
    object_name: str,
    operation: Operation,
    records: Sequence[Payload],
    *,
    external_id_field: str | None = None,
) -> Preview:
    """Write records and undo it. Ids of records that would be created mean nothing afterwards."""
    obj = object_to_write(context, object_name)
    try:
        async with database.transaction(context.binding) as transaction:
            results = await write_within(
                transaction, context, obj.name, operation, records, external_id_field=external_id_field
            )
            _leave(Preview(tuple(results), tuple(await _values(transaction, context, obj, results))))
    except _SeenError as end:
        return end.seen


def _leave(seen: Preview) -> NoReturn:
    raise _SeenError(seen)


async def _values(
    transaction: Transaction, context: Context, obj: Object, results: Sequence[RecordResult]
) -> list[Mapping[str, Any] | None]:
    """The fields that the user may read, as the user would see them."""
    readable = context.policy.on(obj.name).readable
    names = [
        each.name
        for each in obj.fields.values()
        if each.name in readable and not (each.is_compound or each.is_computed)
    ]
    ids = [result.id for result in results if result.success]
    tenant_id = context.tenant.id
    asked = shown_values(obj, names, context).bind(tenant=tenant_id, tenant_id=tenant_id, ids=ids, **asking(context))
    found = read_shown(names, await transaction.fetch(asked) if ids else [])
    return [found.get(str(result.id)) if result.success else None for result in results]
