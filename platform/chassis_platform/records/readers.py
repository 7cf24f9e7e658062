"""Who sees a record: the active users, one after the other, each with what grants it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from chassis_metadata.snapshot import Object
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.records.explain import NONE, why
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

#: So many users are looked at for one page.
USERS_A_PAGE = 100

_USERS = Statement(
    'SELECT id, name, username FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND is_active'
    " AND NOT is_deleted AND id > %(after)s ORDER BY id LIMIT %(most)s"
)


async def readers_of(
    database: Database, policies: PolicyStore, context: Context, record: tuple[Object, str], after: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Those of the next hundred users who see the record; behind which user to go on."""
    asked = _USERS.bind(tenant_id=context.tenant.id, after=after, most=USERS_A_PAGE + 1)
    [users] = await database.read(context.binding, asked)
    found: list[dict[str, Any]] = []
    for user_id, name, username in users[:USERS_A_PAGE]:
        explained = await why(database, await as_user(policies, context, user_id, username), *record)
        if explained["access"] != NONE:
            found.append({"id": user_id, "name": name, "username": username, **explained})
    return found, users[USERS_A_PAGE - 1][0] if len(users) > USERS_A_PAGE else None


async def all_readers_of(
    database: Database, policies: PolicyStore, context: Context, record: tuple[Object, str]
) -> AsyncIterator[dict[str, Any]]:
    """All of them, a page at a time."""
    after: str | None = ""
    while after is not None:
        found, after = await readers_of(database, policies, context, record, after)
        for each in found:
            yield each


async def as_user(policies: PolicyStore, context: Context, user_id: str, username: str) -> Context:
    """The Context that the user would have, to be asked and never to be acted in."""
    policy = await policies.of(context.tenant, user_id, context.snapshot, context.tenant.access_version)
    principal = replace(context.principal, user_id=user_id, username=username)
    return replace(context, principal=principal, policy=policy)
