"""Wrapping tenants' keys anew, after the installation's key changed: values stay as they are."""

from __future__ import annotations

from psycopg import AsyncConnection

from chassis_tenants.database import Row
from chassis_tenants.tenant_keys import KeyWrapper, purpose_of

_WRAPPED = (
    "SELECT tenant_id, kind, number, wrapped, wrapped_by FROM chassis.tenant_key WHERE wrapped IS NOT NULL"
    " ORDER BY tenant_id, kind, number FOR UPDATE"
)
_WRAP = "UPDATE chassis.tenant_key SET wrapped = %s, wrapped_by = %s WHERE tenant_id = %s AND kind = %s AND number = %s"


async def wrap_anew(owner_dsn: str, wrapper: KeyWrapper) -> int:
    """Unwrap every key, of all tenants, with what wrapped it, and wrap it with the key of now; answers how many.

    All or none: until it is done, the wrapping key of before must stay at hand.
    """
    connection: AsyncConnection[Row] = await AsyncConnection.connect(owner_dsn)
    async with connection:
        found = await (await connection.execute(_WRAPPED)).fetchall()
        for tenant_id, kind, number, wrapped, wrapped_by in found:
            purpose = purpose_of(tenant_id, kind, number)
            key = await wrapper.unwrap(bytes(wrapped), wrapped_by, purpose)
            anew = await wrapper.wrap(key, purpose)
            await connection.execute(_WRAP, [anew, wrapper.wrapping_id, tenant_id, kind, number])
    return len(found)
