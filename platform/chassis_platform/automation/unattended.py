"""Who acts when nobody does: the Context of work that the clock sets off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

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


async def until_none_is_left(batch: Callable[[], Awaitable[int]]) -> int:
    """Do batch after batch until one finds nothing to do; answers how much all of them did."""
    done = 0
    while found := await batch():
        done += found
    return done
