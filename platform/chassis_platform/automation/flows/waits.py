"""Flows that wait: kept as FlowWait records until the time, the event or the save they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.business_hours import named_hours
from chassis_metadata.logic.durations import read_duration
from chassis_metadata.logic.flow import Step, all_steps
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.business_time import add_duration, zone_of
from chassis_platform.automation.flows.frame import Frame, Item
from chassis_platform.automation.flows.frozen import flow_as_begun, keep_flow, version_of
from chassis_platform.automation.flows.run import Run
from chassis_platform.automation.flows.runs import queue_runs
from chassis_platform.automation.flows.steps import verb
from chassis_platform.automation.keeping import inserted, with_ids
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Row, Transaction
from chassis_tenants.journal import enqueue
from chassis_tenants.statement import Statement

OBJECT = "FlowWait"
DUE_JOB = "flows_due"
#: So many go on in one transaction.
MOST_AT_ONCE = 1_000
_NOTHING: Mapping[str, Any] = {}

_RESUME = """
WITH over AS (
    SELECT w.tenant_id, w.id FROM data.flow_wait w
    WHERE w.tenant_id = %(tenant_id)s AND w.status = 'Waiting' AND {which}
    ORDER BY w.flow_name, w.step, w.id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE data.flow_wait w
SET status = 'Resumed', due_time = NULL, resumed_at = %(now)s, resumed_by = %(by)s,
    last_modified_date = %(now)s, system_modstamp = %(now)s, row_version = w.row_version + 1
FROM over WHERE w.tenant_id = over.tenant_id AND w.id = over.id
RETURNING w.flow_name, w.step, w.record_id, w.variables, w.user_id, w.id, w.flow_version
"""
_BY_TIME = Statement(_RESUME.format(which="w.due_time <= %(now)s"))
_BY_EVENT = Statement(_RESUME.format(which="w.event_name = %(event)s AND w.record_id = ANY (%(ids)s)"))
_BY_STEP = Statement(
    _RESUME.format(which="w.flow_name = %(flow)s AND w.step = %(step)s AND w.record_id = ANY (%(ids)s)")
)
_NEXT_DUE = Statement(
    "SELECT min(due_time) FROM tenant.flow_wait"
    " WHERE tenant_id = %(tenant_id)s AND status = 'Waiting' AND due_time IS NOT NULL"
)


@verb("wait")
async def wait(run: Run, frame: Frame, step: Step) -> None:
    """Keep the records until later; what follows runs by itself then. What is so already is not waited for."""
    frame = frame.only(await _still_waiting(run, frame, step))
    if not frame.items:
        return
    due = await _due_times(run, frame, step)
    name = frame.obj.name if frame.obj else None
    rows = [
        {
            "FlowName": run.flow.name,
            "FlowVersion": version_of(run.snapshot, run.flow),
            "Step": step.place,
            "Status": "Waiting",
            "ObjectName": name,
            "RecordId": item.record_id,
            "DueTime": moment,
            "EventName": step.body.get("event"),
            "Variables": folded([item.variables])[1:-1],
            "UserId": run.context.principal.user_id,
            "OwnerId": run.context.principal.user_id,
        }
        for item, moment in zip(frame.items, due, strict=True)
    ]
    jobs = [enqueue(run.context.tenant.id, DUE_JOB, run_at=each) for each in sorted({each for each in due if each})]
    kept = with_ids(run.snapshot.objects[OBJECT], rows)
    await run.transaction.fetch_each([*keep_flow(run.context, run.flow), *inserted(run.context, OBJECT, kept), *jobs])
    for item, moment in zip(frame.items, due, strict=True):
        run.did(frame, step, "waits", name, item.record_id, until=moment)
        item.is_active = False


async def _still_waiting(run: Run, frame: Frame, step: Step) -> list[Item]:
    criteria = step.body.get("criteria")
    if criteria is None or run.formula(frame.standing, criteria, Kind.BOOLEAN).uses_prior:
        return list(frame.items)
    over = {id(each) for each in await run.holding(frame, step, criteria)}
    return [each for each in frame.items if id(each) not in over]


async def _due_times(run: Run, frame: Frame, step: Step) -> list[datetime | None]:
    until = step.body.get("until")
    formulas = [run.formula(frame.standing, until, Kind.DATETIME)] if until else []
    answers = await run.ask(frame, step, formulas)
    length = _length(run, step)
    return [min((each for each in (*answer.values, length) if each), default=None) for answer in answers]


def _length(run: Run, step: Step) -> datetime | None:
    if "for" not in step.body:
        return None
    hours = named_hours(run.snapshot, step.body.get("business_hours"))
    duration = read_duration(step.body["for"])
    tenant_zone = run.context.tenant.time_zone
    zone = zone_of(hours, tenant_zone) if duration.business else ZoneInfo(tenant_zone)
    return add_duration(hours, clock.now(), duration, zone)


async def resume_due(transaction: Transaction, context: Context, now: datetime) -> int:
    """Go on with what has waited long enough; answers how many."""
    return await _resume(transaction, context, _BY_TIME, "time", now=now)


async def resume_by_event(transaction: Transaction, context: Context, event: str, record_ids: Sequence[str]) -> int:
    """Go on with what waits for an event of these records."""
    return await _resume(transaction, context, _BY_EVENT, "event", event=event, ids=list(record_ids))


async def resume_by_save(
    transaction: Transaction, context: Context, flow: str, step: str, record_ids: Iterable[str]
) -> int:
    """Go on with a step that waited until a save made its criteria true."""
    return await _resume(transaction, context, _BY_STEP, "criteria", flow=flow, step=step, ids=list(record_ids))


async def next_due(transaction: Transaction, context: Context) -> datetime | None:
    """When the next wait is over."""
    [(moment,)] = await transaction.fetch(_NEXT_DUE.bind(tenant_id=context.tenant.id))
    found: datetime | None = moment
    return found


async def _resume(transaction: Transaction, context: Context, statement: Statement, by: str, **given: Any) -> int:
    parameters = {"tenant_id": context.tenant.id, "now": clock.now(), "by": by, "most": MOST_AT_ONCE, **given}
    rows = sorted(
        await transaction.fetch(statement.bind(**parameters)),
        key=lambda row: (*row[:2], row[4] or "", row[6] or "", row[5]),
    )
    for what, together in groupby(rows, key=lambda row: (row[0], row[1], row[4], row[6])):
        await _go_on(transaction, context, what, list(together), by)
    return len(rows)


_What = tuple[str, str, str | None, str | None]


async def _go_on(transaction: Transaction, context: Context, what: _What, rows: Sequence[Row], by: str) -> None:
    flow_name, place, user_id, version = what
    flow = await flow_as_begun(transaction, context, flow_name, version)
    if flow is None:  # switched off meanwhile: what waited is over
        return
    timed_out = _timed_out(flow.steps, place)
    told = {timed_out: by == "time"} if timed_out else {}
    items = [
        Item(number, record_id, variables={**orjson.loads(variables or b"{}"), **told})
        for number, (_, _, record_id, variables, *_) in enumerate(rows)
    ]
    acting = replace(context, principal=replace(context.principal, user_id=user_id or context.principal.user_id))
    await queue_runs(transaction, acting, flow, items, "wait", place=place, version=version)


def _timed_out(steps: Sequence[Step], place: str) -> str | None:
    body = next((each.body for each in all_steps(steps) if each.place == place), _NOTHING)
    found: str | None = body.get("timed_out")
    return found
