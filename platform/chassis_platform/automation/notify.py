"""Notices to users: what they find behind the bell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import inserted, with_ids
from chassis_tenants.database import Transaction

OBJECT = "Notification"
TITLE_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice to one user, in the user's language already; about a record, if there is one."""

    user_id: str
    title: str
    body: str | None = None
    object_name: str | None = None
    record_id: str | None = None
    source: str | None = None  # flow.AssignLead


async def give_notice(transaction: Transaction, context: Context, notices: Sequence[Notice]) -> None:
    """Keep notices, in the caller's transaction."""
    rows = [
        {
            "OwnerId": each.user_id,
            "UserId": each.user_id,
            "Title": each.title[:TITLE_LENGTH],
            "Body": each.body,
            "ObjectName": each.object_name,
            "RecordId": each.record_id,
            "Source": each.source,
            "IsRead": False,
        }
        for each in notices
    ]
    obj = context.snapshot.objects[OBJECT]
    await transaction.fetch_each(list(inserted(context, OBJECT, with_ids(obj, rows))))


async def notify(  # noqa: PLR0913  what a notice says
    transaction: Transaction,
    context: Context,
    users: Sequence[str],
    title: str,
    body: str | None = None,
    *,
    object_name: str | None = None,
    record_id: str | None = None,
    source: str | None = None,
) -> None:
    """Tell several users (ids) the same."""
    notices = [Notice(each, title, body, object_name, record_id, source) for each in dict.fromkeys(users)]
    if notices:
        await give_notice(transaction, context, notices)
