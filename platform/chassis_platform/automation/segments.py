"""Segments: who joined and who left since the last look is written; who stayed is not touched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chassis_metadata.errors import NotFound
from chassis_metadata.forms import near
from chassis_metadata.logic.segment import KIND, Segment, segment_of, segments_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform import clock, coverage
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.keeping import common, inserted, take_turns, updated, with_ids
from chassis_platform.automation.unattended import unattended
from chassis_platform.sql.segment_rows import joining, leaving, member_count, member_counts
from chassis_tenants.database import Database, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many joined and left, and how many members there are now."""

    joined: int
    left: int
    members: int


def segment_named(snapshot: Snapshot, name: str) -> Segment:
    """The active segment of that name; NotFound without one."""
    found = segment_of(snapshot, name)
    if found is None:
        raise NotFound.of("not_found", f"There is no segment {name!r}.{near(name, snapshot.logic_of(KIND))}")
    return found


async def refresh(transaction: Transaction, context: Context, name: str) -> Refreshed:
    """Make the membership anew inside the caller's transaction. Two refreshes of one segment take turns."""
    segment, acting = segment_named(context.snapshot, name), as_automation(context)
    await take_turns(transaction, acting, f"segment:{segment.name}")

    async def join(ids: Sequence[str]) -> None:
        rows = [_member(segment, each) for each in ids]
        listed = with_ids(acting.snapshot.objects["SegmentMember"], rows)
        await transaction.fetch_each(list(inserted(acting, "SegmentMember", listed)))

    async def leave(ids: Sequence[str]) -> None:
        rows = [{"Id": each, "LeftAt": clock.now()} for each in ids]
        await transaction.fetch_each(list(updated(acting, "SegmentMember", rows)))

    left = await _in_batches(transaction, acting, leaving(acting.snapshot, segment), leave)
    joined = await _in_batches(transaction, acting, joining(acting.snapshot, segment), join)
    [(members,)] = await transaction.fetch(member_count(acting.snapshot, segment.name).bind(**common(acting)))
    if joined or left:
        coverage.note(KIND, segment.name)
    return Refreshed(joined, left, members)


def _member(segment: Segment, record_id: str) -> dict[str, object]:
    names = {"SegmentName": segment.name, "ObjectName": segment.object_name}
    return {**names, "RecordId": record_id, "JoinedAt": clock.now(), "LeftAt": None}


async def _in_batches(
    transaction: Transaction, context: Context, statement: Statement, write: Callable[[Sequence[str]], Awaitable[None]]
) -> int:
    after, count = "", 0
    while True:
        rows = await transaction.fetch(statement.bind(**common(context), after=after, most=BATCH))
        if not rows:
            return count
        ids = [row[0] for row in rows]
        await write(ids)
        after, count = ids[-1], count + len(ids)


async def members_by_segment(transaction: Transaction, context: Context) -> dict[str, int]:
    """How many members the segments have; those without any are left out."""
    return dict(await transaction.fetch(member_counts(context.snapshot).bind(**common(context))))


async def refresh_segments(database: Database, snapshots: SnapshotStore, tenant_id: int, *, every: str) -> None:
    """Refresh a tenant's segments of this pace, those that others are made of first; each by itself."""
    context = await unattended(database, snapshots, tenant_id)
    if context is None:
        return
    for segment in segments_of(context.snapshot):
        if segment.refresh == every:
            async with database.transaction(context.binding) as transaction:
                await refresh(transaction, context, segment.name)
