"""Values as they are stored, read a batch at once, and put back in another form with what finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.sql.pivot import DROP_INDEX_ROWS, KEEP_INDEX_ROWS, index_row
from chassis_platform.sql.rows import folded
from chassis_platform.sql.sealed_values import replaced_values, value_count, values_of_both_kinds
from chassis_tenants.database import Row, Transaction
from chassis_tenants.sealed_columns import sealing_mark
from chassis_tenants.storage import needs_pivot

BATCH = 500


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value as it lies there, and in clear; None: it is sealed, and its key was destroyed."""

    record_id: str
    stored: str
    clear: str | None
    looks_sealed: bool

    @property
    def is_sealed(self) -> bool:
        """Whether it is; a text may look so that nobody sealed, and then is in clear what it is."""
        return self.looks_sealed and self.clear != self.stored


async def count_values(transaction: Transaction, context: Context, field: Field) -> int:
    """How many records have one."""
    obj = context.snapshot.objects[field.object_name]
    [(count,)] = await transaction.fetch(value_count(obj, field).bind(tenant_id=context.tenant.id))
    return int(count)


async def next_values(
    transaction: Transaction, context: Context, field: Field, after: str, *, everything: bool
) -> list[StoredValue]:
    """The next values of a field that is converted: all, or those that look as they no longer should."""
    obj = context.snapshot.objects[field.object_name]
    statement = values_of_both_kinds(obj, field, sealed=None if everything else not field.is_sealed_when_saved)
    asked = {"tenant_id": context.tenant.id, "after": after, "most": BATCH}
    return [StoredValue(*row) for row in await transaction.fetch(statement.bind(**asked))]


async def put_values(transaction: Transaction, context: Context, field: Field, values: Sequence[StoredValue]) -> None:
    """Put these in the form in which the field's values are saved now, and what finds them beside."""
    obj = context.snapshot.objects[field.object_name]
    changed = await replace_values(transaction, obj, field, [_row(field, each) for each in values])
    if not changed or not needs_pivot(field):
        return
    clear = {each.record_id: each.clear for each in values}
    kept = [_index_row(field, record_id, clear[record_id], is_deleted=gone) for record_id, gone in changed]
    dropped = [{"field_name": field.name, "record_id": each} for each, _ in changed if clear[each] is None]
    of = {"tenant": context.tenant.id, "object_name": obj.name}
    await transaction.fetch_each(
        [
            KEEP_INDEX_ROWS.bind(**of, rows=folded(each for each in kept if each is not None)),
            DROP_INDEX_ROWS.bind(**of, rows=folded(dropped)),
        ]
    )


def _row(field: Field, each: StoredValue) -> dict[str, Any]:
    becomes = each.clear
    if field.is_sealed_when_saved and becomes is not None:
        becomes = sealing_mark(field, each.record_id, becomes)
    return {"id": each.record_id, "was": each.stored, "becomes": becomes}


def _index_row(field: Field, record_id: str, clear: str | None, *, is_deleted: bool) -> dict[str, Any] | None:
    if clear is None:
        return None
    row = index_row(field, record_id, clear)
    return {**row, "unique_value": None} if is_deleted else row


async def replace_values(
    transaction: Transaction, obj: Object, field: Field, rows: Sequence[Mapping[str, Any]]
) -> list[Row]:
    """Rows of `id`, `was` and `becomes`; answers id and deleted of those that were as it says."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    return await transaction.fetch(
        replaced_values(obj, field).bind(tenant=transaction.tenant_id, ids=ids, rows=folded(rows))
    )
