"""Destroying a tenant's keys: an administrator of the tenant wants it and a second one agrees, an operator does it.

What the keys sealed is blank from then on, in the database and in every backup whose keys are destroyed too. The next
value that is saved makes new keys.
"""

from __future__ import annotations

from datetime import timedelta

from chassis_metadata.errors import Conflict, Invalid
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.auth.tenant_secrets import destroy_former
from chassis_platform.automation.encryption.rotation import KEYS_CHANGED, SECTION
from chassis_tenants.conversions import unfinished
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR, SetupChange, setup_entry
from chassis_tenants.statement import Statement

#: An operator who waited longer asks again whether it is still wanted.
VALID_FOR = timedelta(days=7)
LONGEST_REASON = 1_000
_PREFIX = "0Kw"

_WISH = Statement(
    "INSERT INTO chassis.key_wish (tenant_id, id, reason, asked_by, asked_at, expires_at)"
    " VALUES (%(tenant_id)s, %(id)s, %(reason)s, %(user_id)s, %(now)s, %(expires)s)"
)
_WITHDRAW = Statement(
    "UPDATE chassis.key_wish SET withdrawn_at = %(now)s WHERE tenant_id = %(tenant_id)s AND done_at IS NULL"
    " AND withdrawn_at IS NULL RETURNING id"
)
_DONE = Statement(
    "UPDATE chassis.key_wish SET done_at = %(now)s WHERE tenant_id = %(tenant_id)s AND done_at IS NULL"
    " AND withdrawn_at IS NULL AND expires_at > %(now)s RETURNING reason"
)
_DESTROY = Statement(
    "UPDATE chassis.tenant_key SET wrapped = NULL, destroyed_at = %(now)s WHERE tenant_id = %(tenant_id)s"
    " AND wrapped IS NOT NULL RETURNING kind, number"
)


async def wish_destruction(database: Database, context: Context, reason: str) -> str:
    """Note that the tenant wants its keys destroyed; answers the wish's id. The caller has seen to the four eyes."""
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        message = f"Say why, in at most {LONGEST_REASON:,} characters."
        raise Invalid.of("required_field_missing", message, fields=["reason"])
    wish, now, tenant_id = new_id(_PREFIX), clock.now(), context.tenant.id
    asked = {"tenant_id": tenant_id, "id": wish, "reason": reason, "user_id": context.principal.user_id, "now": now}
    said = SetupChange("askedToDestroyKeys", SECTION, "all keys", "Asked for the destruction of all keys", after=reason)
    async with database.transaction(context.unversioned.binding) as transaction:
        await transaction.fetch_each(
            [_WISH.bind(**asked, expires=now + VALID_FOR), setup_entry(tenant_id, context.actor, said)]
        )
    return wish


async def withdraw_wish(database: Database, context: Context) -> None:
    """The keys are to stay."""
    said = SetupChange("keptKeys", SECTION, "all keys", "Withdrew the wish to destroy all keys")
    async with database.transaction(context.unversioned.binding) as transaction:
        if not await transaction.fetch(_WITHDRAW.bind(tenant_id=context.tenant.id, now=clock.now())):
            raise Conflict.of("nothing_to_withdraw", "Nobody wants the keys destroyed.")
        await transaction.fetch(setup_entry(context.tenant.id, context.actor, said))


async def destroy_keys(database: Database, tenant_id: int) -> int:
    """Destroy all keys of a tenant that wants it; answers how many there were. Nothing brings the values back."""
    now = clock.now()
    async with database.transaction(Binding(tenant_id)) as transaction:
        if await transaction.fetch(unfinished(tenant_id)):
            message = "Values are being encrypted, or laid in clear, right now. Wait until that is done."
            raise Conflict.of("conversion_running", message)
        wishes = await transaction.fetch(_DONE.bind(tenant_id=tenant_id, now=now))
        if not wishes:
            message = "No administrator of the tenant wants its keys destroyed, or the wish is older than a week."
            raise Conflict.of("not_wanted", message)
        destroyed = await transaction.fetch(_DESTROY.bind(tenant_id=tenant_id, now=now))
        names = ", ".join(f"{kind} {number}" for kind, number in sorted(destroyed))
        said = SetupChange("destroyedKeys", SECTION, "all keys", f"Destroyed the keys {names}", before=wishes[0][0])
        changed = [KEYS_CHANGED.bind(tenant_id=tenant_id), *destroy_former(tenant_id)]
        await transaction.fetch_each([*changed, setup_entry(tenant_id, OPERATOR, said)])
    return len(destroyed)
