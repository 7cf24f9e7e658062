"""The worker looks after clocks: what fell due is done once, in order; changed business hours are followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis_metadata.logic.milestone import Milestone, milestones_of
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.automation.milestones.effects import Outcome, carry_out
from chassis_platform.automation.milestones.hours import clock_of
from chassis_platform.automation.milestones.rows import (
    due_timers,
    running_timers,
    timer_of_row,
    timers_by_id,
    written,
)
from chassis_platform.automation.milestones.timer import State, Timer, due_until, ended, recalculated, retargeted
from chassis_platform.automation.unattended import unattended, until_none_is_left
from chassis_platform.records.inquiry import LOCK_TIMEOUT
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Database, Row, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

#: Clocks of one transaction.
BATCH = 200
_RECALCULATED = "milestones_at_metadata_version"


async def check_milestones(database: Database, snapshots: SnapshotStore, tenant_id: int) -> int:
    """Do what fell due in a tenant; answers how many clocks that was. Safe to run twice, and beside saves."""
    context = await unattended(database, snapshots, tenant_id)
    if context is None:
        return 0
    await follow_changed_hours(database, context)
    now = clock.now()
    return await until_none_is_left(lambda: _check_batch(database, context, now))


async def _check_batch(database: Database, context: Context, now: datetime) -> int:
    due = due_timers(context.snapshot).bind(**common(context, now), now=now, most=BATCH)
    [found] = await database.read(context.binding, due)
    if not found:
        return 0
    async with database.transaction(context.binding) as transaction:
        outcome, known = Outcome(), milestones_of(context.snapshot)
        lost: list[Timer] = []
        for timer in await _locked(transaction, context, found):
            milestone = known.get(timer.milestone)
            if milestone is None:
                lost.append(ended(timer, State.CANCELLED, now))
                continue
            after, happened = due_until(timer, milestone, clock_of(context, timer), now)
            if happened:  # another worker may have been faster
                outcome.take(after, happened)
        await transaction.fetch_each(written(context, lost, known))
        await carry_out(transaction, context, outcome)
        return len(found)


async def _locked(transaction: Transaction, context: Context, found: Sequence[Row]) -> list[Timer]:
    """The clocks once their records are locked: in the order in which saves lock, so that nobody waits in a ring."""
    by_object: dict[str, list[str]] = {}
    for _, record_id, _ in found:
        by_object.setdefault(record_id[:3], []).append(record_id)
    same, prefixes = common(context), context.snapshot.objects_by_prefix
    locks = [
        lock_records(prefixes[prefix]).bind(**same, ids=sorted(ids))
        for prefix, ids in sorted(by_object.items())
        if prefix in prefixes
    ]
    again = timers_by_id(context.snapshot).bind(**same, ids=[row[0] for row in found])
    *_, rows = await transaction.fetch_each([LOCK_TIMEOUT, *locks, again])
    return [timer_of_row(row) for row in rows]


_SEEN = Statement("SELECT value FROM chassis.counter WHERE tenant_id = %(tenant)s AND name = %(name)s")
_NOTE = Statement(
    "INSERT INTO chassis.counter (tenant_id, name, value) VALUES (%(tenant)s, %(name)s, %(value)s)"
    " ON CONFLICT (tenant_id, name) DO UPDATE SET value = %(value)s"
)


async def follow_changed_hours(database: Database, context: Context) -> int:
    """Where the metadata changed since the last time, measure anew when running clocks end; answers how many moved."""
    version = context.tenant.metadata_version
    counter = {"tenant": context.tenant.id, "name": _RECALCULATED}
    [seen] = await database.read(context.binding, _SEEN.bind(**counter))
    if seen and seen[0][0] == version:
        return 0
    moved, last = 0, ""
    while True:
        async with database.transaction(context.binding) as transaction:
            changed, last = await _recalculate(transaction, context, after=last)
        moved += changed
        if not last:
            break
    await database.read(context.binding, _NOTE.bind(**counter, value=version))
    return moved


async def _recalculate(transaction: Transaction, context: Context, *, after: str) -> tuple[int, str]:
    """A page of running clocks; how many moved, and the last id, empty at the end."""
    running = running_timers(context.snapshot).bind(**common(context), after=after, most=BATCH * 5)
    found = [timer_of_row(row) for row in await transaction.fetch(running)]
    if not found:
        return 0, ""
    known = milestones_of(context.snapshot)
    moved = [each for each in found if _follow(context, each, known.get(each.milestone)) != each]
    if moved:
        rows = [(each.id, each.record_id, each.milestone) for each in moved]
        outcome = Outcome()
        for timer in await _locked(transaction, context, rows):
            outcome.take(_follow(context, timer, known.get(timer.milestone)))
        await carry_out(transaction, context, outcome)
    return len(moved), found[-1].id


def _follow(context: Context, timer: Timer, milestone: Milestone | None) -> Timer:
    """The clock by its hours as they are now. A given end stays where it is."""
    if milestone is None or milestone.until is not None:
        return timer
    its_clock, duration = clock_of(context, timer), milestone.target
    if duration is not None and duration.is_business_days and timer.since == timer.start:
        due = its_clock.working_days_after(timer.start, duration.days)
        after = retargeted(timer, milestone, its_clock, due)
    else:
        after = recalculated(timer, milestone, its_clock)
    return timer if after.due == timer.due else after
