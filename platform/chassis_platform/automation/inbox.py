"""A user's own notifications: a page of them, how many are unread, and noting that they were read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

_PAGE = Statement(
    "SELECT id, title, body, object_name, record_id, is_read, created_date FROM tenant.notification"
    " WHERE tenant_id = %(tenant_id)s AND owner_id = %(user_id)s AND NOT is_deleted"
    " AND (%(after)s::text IS NULL OR id < %(after)s) AND (NOT %(unread)s OR NOT is_read)"
    " ORDER BY id DESC LIMIT %(limit)s + 1"
)
_UNREAD = Statement(
    "SELECT count(*) FROM tenant.notification"
    " WHERE tenant_id = %(tenant_id)s AND owner_id = %(user_id)s AND NOT is_deleted AND NOT is_read"
)
_READ = Statement(
    "UPDATE data.notification SET is_read = true, read_at = %(now)s, system_modstamp = %(now)s,"
    " last_modified_date = %(now)s, row_version = row_version + 1"
    " WHERE tenant_id = %(tenant_id)s AND owner_id = %(user_id)s AND NOT is_read"
    " AND (%(ids)s::text[] IS NULL OR id = ANY (%(ids)s))"
)


def _own(context: Context) -> dict[str, Any]:
    return {"tenant_id": context.tenant.id, "user_id": context.principal.user_id}


async def page(database: Database, context: Context, *, limit: int, after: str | None, unread: bool) -> dict[str, Any]:
    """The newest first; `next` is what to send as `after`."""
    asked = _PAGE.bind(**_own(context), limit=limit, after=after, unread=unread)
    rows, [(count,)] = await database.read(context.binding, asked, _UNREAD.bind(**_own(context)))
    names = ("id", "title", "body", "object", "record_id", "is_read", "date")
    found = [dict(zip(names, row, strict=True)) for row in rows[:limit]]
    return {"notifications": found, "unread": count, "next": found[-1]["id"] if len(rows) > limit else None}


async def mark_read(database: Database, context: Context, ids: Sequence[str] | None) -> None:
    """Note that the user has read these, or all."""
    chosen = None if ids is None else list(ids)
    await database.read(context.binding, _READ.bind(**_own(context), now=clock.now(), ids=chosen))
