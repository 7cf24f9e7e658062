"""Who acts when nobody does: the Context of work that the clock sets off."""

from __future__ import annotations

from chassis_platform.access.context import Context
from chassis_platform.automation.identity import acting_as, context_of_job
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore


async def unattended(database: Database, snapshots: SnapshotStore, tenant_id: int) -> Context | None:
    """A Context with the rights and in the name of automation; None for a tenant that is not there or not open."""
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None:
        return None
    async with database.transaction(context.binding) as transaction:
        return await acting_as(transaction, context, None)
