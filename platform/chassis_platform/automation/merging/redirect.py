"""Where a record has gone: the one that it was merged into."""

from __future__ import annotations

from chassis_metadata.ids import is_id, normal_id
from chassis_platform.access.context import Context
from chassis_platform.sql.check import referred_records
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.merging import MASTER_OF
from chassis_tenants.database import Database


async def master_of(database: Database, context: Context, record_id: str) -> str | None:
    """The record that stayed, if there is one and the user may see it."""
    if not is_id(record_id):
        return None
    [rows] = await database.read(context.binding, MASTER_OF.bind(tenant=context.tenant.id, id=normal_id(record_id)))
    if not rows:
        return None
    master_id = str(rows[0][0])
    obj = context.snapshot.objects_by_prefix.get(master_id[:3])
    if obj is None or not context.policy.on(obj.name).read:
        return None
    asked = referred_records(obj, context).bind(tenant_id=context.tenant.id, **asking(context), ids=[master_id])
    [seen] = await database.read(context.binding, asked)
    return master_id if seen else None
