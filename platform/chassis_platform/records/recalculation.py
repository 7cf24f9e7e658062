"""Stored formulas and roll-up summaries of records that were there before the field, or before it changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.plan.summaries import relations_of, stored_formulas
from chassis_platform.records.rollups import maintain_all, parameters_of
from chassis_platform.sql.stored_formulas import ids_behind
from chassis_tenants.database import Database

BATCH = 500


async def recalculate(database: Database, context: Context, names: Collection[str], *, batch: int = BATCH) -> int:
    """Work out these fields (`Account.OpenOrders`) in all records, `batch` a transaction; answers how many records.

    It may run again, or beside writes: each batch locks its records and sums up what is there then.
    """
    looked_at = 0
    for object_name in sorted({name.partition(".")[0] for name in names}):
        obj = context.snapshot.objects.get(object_name)
        if obj is not None and (stored_formulas(obj) or relations_of(context.snapshot, obj)):
            looked_at += await _recalculate(database, context, obj, batch)
    return looked_at


async def _recalculate(database: Database, context: Context, obj: Object, batch: int) -> int:
    looked_at, last = 0, ""
    while True:
        async with database.transaction(context.binding) as transaction:
            which: Mapping[str, Any] = {**parameters_of(context, clock.now()), "after": last, "most": batch}
            ids = [row[0] for row in await transaction.fetch(ids_behind(obj).bind(**which))]
            if not ids:
                return looked_at
            await maintain_all(transaction, context, obj, ids)
        looked_at, last = looked_at + len(ids), ids[-1]
