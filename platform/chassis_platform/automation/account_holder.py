"""Whom a letter about an account goes to."""

from __future__ import annotations

from typing import NamedTuple

from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement


class AccountHolder(NamedTuple):
    """An active user, as a letter needs them."""

    name: str
    username: str
    address: str
    language: str | None


async def account_holder(database: Database, tenant_id: int, user_id: str) -> AccountHolder | None:
    """The user, if there is still such a one."""
    asked = Statement(
        'SELECT u.name, u.username, u.email, u.language_locale_key FROM tenant."user" u'
        " WHERE u.tenant_id = %(tenant_id)s AND u.id = %(user_id)s AND u.is_active AND NOT u.is_deleted",
        {"tenant_id": tenant_id, "user_id": user_id},
    )
    [rows] = await database.read(Binding(tenant_id), asked)
    return AccountHolder(*rows[0]) if rows else None
