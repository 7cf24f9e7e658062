"""What flows do by the clock: schedules, times before and after dates of records, waits that are over.

Looked at by a job per tenant. What is due is queued in the transaction that notes that it was: exactly once, also after
a crash, and late where nobody looked in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chassis_metadata.logic.business_hours import named_hours
from chassis_metadata.logic.cron import read_cron
from chassis_metadata.logic.flow import Flow, flows_started_by
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.business_time import is_business_day
from chassis_platform.automation.flows.frame import Item
from chassis_platform.automation.flows.relative import (
    MARK,
    PAGE,
    PRUNE_GONE,
    PRUNE_LATE,
    Timing,
    Window,
    dated_records,
    matching_records,
    timing_of,
)
from chassis_platform.automation.flows.runs import queue_runs
from chassis_platform.automation.flows.waits import MOST_AT_ONCE, next_due, resume_due
from chassis_platform.automation.unattended import unattended
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Database, Row, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

#: How often flows relative to dates are looked at.
LOOK_AGAIN = timedelta(minutes=1)

_CLOCKS = Statement(
    "SELECT flow, since, checked_until FROM chassis.flow_clock WHERE tenant_id = %(tenant_id)s FOR UPDATE"
)
_START = Statement(
    "INSERT INTO chassis.flow_clock (tenant_id, flow, since, checked_until)"
    " SELECT %(tenant_id)s, name, %(now)s, %(now)s FROM unnest(%(names)s::text[]) AS n (name)"
    " ON CONFLICT (tenant_id, flow) DO NOTHING"
)
_STOP = Statement(
    "DELETE FROM chassis.flow_clock WHERE tenant_id = %(tenant_id)s AND flow <> '' AND NOT flow = ANY (%(names)s)"
)
_CHECKED = Statement(
    "UPDATE chassis.flow_clock SET checked_until = %(until)s"
    " WHERE tenant_id = %(tenant_id)s AND flow = %(flow)s AND checked_until < %(until)s RETURNING flow"
)
_NOTHING_DUE = Statement(
    "UPDATE chassis.flow_clock SET checked_until = %(until)s"
    " WHERE tenant_id = %(tenant_id)s AND flow = ANY (%(flows)s) AND checked_until < %(until)s"
)
_LOOKED = Statement(
    "INSERT INTO chassis.flow_clock (tenant_id, flow, since, checked_until, next_due, metadata_version)"
    " VALUES (%(tenant_id)s, '', %(now)s, %(now)s, %(next)s, %(version)s)"
    " ON CONFLICT (tenant_id, flow) DO UPDATE SET checked_until = excluded.checked_until,"
    " next_due = excluded.next_due, metadata_version = excluded.metadata_version"
)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a tenant's clocks."""

    database: Database
    context: Context
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.context.tenant.time_zone)


async def flows_due(database: Database, snapshots: SnapshotStore, tenant_id: int) -> None:
    """Queue what a tenant's flows have to do by now, and note when to look again."""
    context = await unattended(database, snapshots, tenant_id)
    if context is None:
        return
    look = _Look(database, context, clock.now())
    async with database.transaction(context.binding) as transaction:
        clocks = await _clocks(look, transaction)
        due = await _with_something(look, transaction, clocks)
    for flow in flows_started_by(context.snapshot, "schedule"):
        await _scheduled(look, flow, clocks[flow.name][1])
    for flow in due:
        await _relative(look, flow, clocks[flow.name])
    await _prune(look, clocks)
    while not await _is_over(look):
        pass


async def _clocks(look: _Look, transaction: Transaction) -> dict[str, tuple[datetime, datetime]]:
    """Since when each flow is there, and until when it was looked at; one that is new begins now."""
    snapshot, tenant_id = look.context.snapshot, look.context.tenant.id
    names = [each.name for start in ("schedule", "relative") for each in flows_started_by(snapshot, start)]
    given = {"tenant_id": tenant_id, "names": names, "now": look.now}
    *_, rows = await transaction.fetch_each([each.bind(**given) for each in (_STOP, _START, _CLOCKS)])
    return {flow: (since, checked) for flow, since, checked in rows}


async def _scheduled(look: _Look, flow: Flow, checked: datetime) -> None:
    """Run what came round since: once, however many times were missed."""
    latest = read_cron(flow.trigger["cron"]).last_until(look.now, look.zone)
    if latest is None or latest <= checked:
        return
    first_page = [matching_records(look.context, flow, "")] if flow.object_name is not None else []
    async with look.database.transaction(look.context.binding) as transaction:
        is_first, *pages = await transaction.fetch_each([_checked(look, flow, latest), *first_page])
        if not is_first or _is_off(look, flow, latest):
            return
        if not pages:
            await queue_runs(transaction, look.context, flow, [Item(0, None)], "schedule")
        for page in pages:
            await _queue_pages(look, transaction, flow, page)


async def _queue_pages(look: _Look, transaction: Transaction, flow: Flow, page: Sequence[Row]) -> None:
    """Queue runs for a page of records and all behind it."""
    while page:
        items = [Item(number, record_id) for number, (record_id,) in enumerate(page)]
        await queue_runs(transaction, look.context, flow, items, "schedule")
        page = await transaction.fetch(matching_records(look.context, flow, page[-1][0]))


def _checked(look: _Look, flow: Flow, until: datetime) -> Statement:
    """Notes that the flow's clock was looked at; answers a row if nobody had looked up to then."""
    return _CHECKED.bind(tenant_id=look.context.tenant.id, flow=flow.name, until=until)


def _is_off(look: _Look, flow: Flow, moment: datetime) -> bool:
    if not flow.trigger.get("working_days"):
        return False
    hours = named_hours(look.context.snapshot, flow.trigger.get("business_hours"))
    return not is_business_day(hours, moment.astimezone(look.zone).date(), look.zone)


async def _with_something(
    look: _Look, transaction: Transaction, clocks: Mapping[str, tuple[datetime, datetime]]
) -> list[Flow]:
    """The flows relative to dates for which something may be due; the others, most at most times, were looked at."""
    flows = flows_started_by(look.context.snapshot, "relative")
    if not flows:
        return []
    windows = [timing_of(look.context, each).window(look.now, *clocks[each.name]) for each in flows]
    asked = [dated_records(look.context, *each, "") for each in zip(flows, windows, strict=True)]
    pages = await transaction.fetch_each(asked)
    idle = [flow.name for flow, rows in zip(flows, pages, strict=True) if not rows]
    await transaction.commit_with([_NOTHING_DUE.bind(tenant_id=look.context.tenant.id, until=look.now, flows=idle)])
    return [flow for flow, rows in zip(flows, pages, strict=True) if rows]


async def _relative(look: _Look, flow: Flow, clocks: tuple[datetime, datetime]) -> None:
    """Run what became due since; a record whose date was changed meanwhile is looked at anew."""
    timing = timing_of(look.context, flow)
    window = timing.window(look.now, *clocks)
    after: str | None = ""
    while after is not None:
        async with look.database.transaction(look.context.binding) as transaction:
            after = await _relative_page(look, transaction, flow, timing, window, after)
    async with look.database.transaction(look.context.binding) as transaction:
        await transaction.commit_with([_checked(look, flow, look.now)])


async def _relative_page(
    look: _Look, transaction: Transaction, flow: Flow, timing: Timing, window: Window, after: str
) -> str | None:
    """One page of records; answers where the next begins, None after the last."""
    rows = await transaction.fetch(dated_records(look.context, flow, window, after))
    due = [row for row in rows if window.floor < timing.moment(row[1]) <= look.now]
    given = {"tenant_id": look.context.tenant.id, "flow": flow.name, "now": look.now}
    marks = folded({"record_id": row[0], "mark": row[2]} for row in due)
    new = {record_id for (record_id,) in await transaction.fetch(MARK.bind(**given, marks=marks))} if due else set()
    chosen = [row[0] for row in due if row[3] and row[0] in new]
    if chosen:
        items = [Item(number, each) for number, each in enumerate(chosen)]
        await queue_runs(transaction, look.context, flow, items, "relative")
    return str(rows[-1][0]) if len(rows) == PAGE else None


async def _prune(look: _Look, clocks: Mapping[str, tuple[datetime, datetime]]) -> None:
    """Once a day, forget what no flow will ask for any more.

    A mark is made when its time has come or is past: what was marked before the flow's window begins was due before.
    """
    flows = flows_started_by(look.context.snapshot, "relative")
    checked = [clocks[each.name][1] for each in flows]
    if all(each.date() == look.now.date() for each in checked):
        return
    tenant_id = look.context.tenant.id
    floors = {each.name: timing_of(look.context, each).window(look.now, *clocks[each.name]).floor for each in flows}
    statements = [PRUNE_LATE.bind(tenant_id=tenant_id, flow=name, floor=floor) for name, floor in floors.items()]
    async with look.database.transaction(look.context.binding) as transaction:
        await transaction.fetch_each([PRUNE_GONE.bind(tenant_id=tenant_id, names=list(floors)), *statements])


async def _is_over(look: _Look) -> bool:
    """Go on with waits that are over, many at once; after the last, note that all was looked at."""
    async with look.database.transaction(look.context.binding) as transaction:
        if await resume_due(transaction, look.context, look.now) == MOST_AT_ONCE:
            return False
        given = {"tenant_id": look.context.tenant.id, "version": look.context.tenant.metadata_version}
        noted = _LOOKED.bind(**given, now=look.now, next=await _next(look, transaction))
        await transaction.commit_with([noted])
    return True


async def _next(look: _Look, transaction: Transaction) -> datetime | None:
    """When to look again."""
    snapshot = look.context.snapshot
    schedules = flows_started_by(snapshot, "schedule")
    times = [read_cron(each.trigger["cron"]).next_after(look.now, look.zone) for each in schedules]
    if flows_started_by(snapshot, "relative"):
        times.append(look.now + LOOK_AGAIN)
    times.append(await next_due(transaction, look.context))
    return min((each for each in times if each is not None), default=None)
