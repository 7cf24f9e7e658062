"""Who acts when nobody does: the Context of work that the clock sets off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chassis_platform.access.context import Context
from chassis_platform.automation.identity import AUTOMATION_USER, in_nobodys_name, named
from chassis_tenants.database import Binding, Database, TenantClosedError
from chassis_tenants.registry import tenant_row
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant import Tenant


async def unattended(database: Database, snapshots: SnapshotStore, tenant_id: int) -> Context | None:
    """A Context with the rights and in the name of automation; None for a tenant that is not there or not open."""
    user = AUTOMATION_USER.bind(tenant_id=tenant_id)
    try:
        [row], users = await database.read(Binding(tenant_id), tenant_row(database, tenant_id), user)
    except TenantClosedError:
        return None
    return named(await in_nobodys_name(snapshots, Tenant(*row)), users)


async def until_none_is_left(batch: Callable[[], Awaitable[int]]) -> int:
    """Do batch after batch until one finds nothing to do; answers how much all of them did."""
    done = 0
    while found := await batch():
        done += found
    return done
