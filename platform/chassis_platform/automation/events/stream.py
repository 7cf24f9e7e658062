"""A tenant's stream of changes: committed ones get their positions when somebody reads, and are read behind one.

A position is given under a lock, to changes that are committed; so none appears behind a reader's back, however long
its transaction took. Changes of one record were written while the record was locked, so they keep their order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from chassis_metadata.errors import Invalid
from chassis_platform import clock
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.statement import Statement

#: The changes that are given positions at once.
MOST_PLACED = 5_000
#: What a subscriber starts with who wants what comes from now on, or all that is kept.
NEW_ONES, ALL_KEPT = "-1", "-2"

_NUMBER = re.compile(r"[0-9]{1,18}")
PUBLISH = Statement("SELECT chassis.publish_changes(%(most)s)", {"most": MOST_PLACED})
_PAGE = Statement(
    "SELECT s.last_position, s.expired_position, s.transaction_salt, e.position, e.number, e.transaction::text,"
    " e.object_name, e.change_type, e.record_ids, e.fields, e.user_id, e.origin, e.changed_at"
    " FROM chassis.change_stream s LEFT JOIN LATERAL ("
    " SELECT * FROM chassis.change_event c WHERE c.tenant_id = %(tenant_id)s AND c.position > %(after)s"
    " AND c.object_name = ANY (%(objects)s) ORDER BY c.position LIMIT %(most)s) e ON true"
    " WHERE s.tenant_id = %(tenant_id)s ORDER BY e.position"
)

_EXPIRE = Statement("SELECT chassis.expire_changes(%(before)s, %(most)s)")
KEPT_FOR = timedelta(hours=72)


class Change(NamedTuple):
    """A change of some records of one object, as it is kept."""

    position: int
    number: int
    transaction: str
    object_name: str
    change_type: str
    record_ids: list[str]
    fields: list[str]
    user_id: str | None
    origin: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """Changes behind a position, and the position up to which that is all.

    `last` is the newest position that was given, `is_behind`: others of the committed changes still wait for theirs.
    """

    changes: Sequence[Change]
    through: int
    last: int = 0
    expired: int = 0
    more: bool = False
    is_behind: bool = False


def page_statements(tenant_id: int, after: int, objects: Sequence[str], most: int) -> list[Statement]:
    """What reads up to `most` changes of these objects behind a position."""
    asked = _PAGE.bind(tenant_id=tenant_id, after=after, objects=list(objects), most=most)
    return [PUBLISH, asked]


def kept_of(answers: Sequence[Sequence[Row]], after: int, most: int) -> Kept:
    """What these statements answered."""
    [[(placed,)], rows] = answers
    if not rows:
        return Kept((), 0)
    last, expired, salt = rows[0][:3]
    changes = [_change(row, salt) for row in rows if row[3] is not None]
    is_whole = len(changes) < most
    through = max(last, after) if is_whole else changes[-1].position
    is_behind = placed == MOST_PLACED
    return Kept(changes, through, last, expired, more=is_behind or not is_whole, is_behind=is_behind)


def _change(row: Row, salt: UUID) -> Change:
    position, number, transaction, *rest = row[3:]
    return Change(position, number, _opaque(transaction, salt), *rest)


def _opaque(transaction: str, salt: UUID) -> str:
    """The database's number of a transaction would tell how busy others are."""
    return hashlib.sha256(f"{salt} {transaction}".encode()).hexdigest()[:24]


def is_position(replay_id: str) -> bool:
    """Whether a replay id has the form of one that a stream gave."""
    return _NUMBER.fullmatch(replay_id) is not None


def position_of(replay_id: str, newest: int, expired: int) -> int:
    """The position behind which a subscriber wants to read; refused where changes behind it are gone, or never were."""
    if replay_id == NEW_ONES:
        return newest
    if replay_id == ALL_KEPT:
        return expired
    if not is_position(replay_id) or int(replay_id) > newest:
        raise _invalid(replay_id, "it is none that this stream gave")
    if int(replay_id) < expired:
        raise _invalid(replay_id, "changes behind it are kept no longer")
    return int(replay_id)


def _invalid(replay_id: str, reason: str) -> Invalid:
    message = (
        f"The replay id {replay_id[:40]!r} is invalid: {reason}. Begin anew with -2 for all that is kept or -1 for what"
        " comes from now on, and read the records that you may have missed."
    )
    return Invalid.of("invalid_replay_id", message)


def header_of(change: Change, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Any]:
    """What the event says of the change, in the words of change data capture."""
    return {
        "entityName": change.object_name,
        "recordIds": list(ids),
        "changeType": change.change_type,
        "changeOrigin": change.origin,
        "transactionKey": change.transaction,
        "sequenceNumber": change.number,
        "commitTimestamp": int(change.changed_at.timestamp() * 1000),
        "commitUser": change.user_id,
        "commitNumber": change.position,
        "changedFields": list(fields),
    }


async def expire_changes(database: Database, tenant_id: int) -> None:
    """Remove what was written too long ago, some of it at a time: readers wait meanwhile."""
    asked = _EXPIRE.bind(before=clock.now() - KEPT_FOR, most=MOST_PLACED)
    removed = MOST_PLACED
    while removed == MOST_PLACED:
        [[(removed,)]] = await database.read(Binding(tenant_id), asked)
