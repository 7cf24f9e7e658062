"""The worker's look at clocks: cheap while nothing is due, whatever runs; it follows what a tenant changes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.automation.keeping import common
from chassis_platform.automation.milestones.rows import due_timers
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.loop import Pace, work
from chassis_platform.worker.schedule import SCHEDULE, queue_periodic_jobs
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR
from chassis_tenants.statement import Statement
from clocks.conftest import Desk, at

MANY = 10_000
_MANY_CLOCKS = """
INSERT INTO data.record_milestone (tenant_id, id, name, record_id, milestone_name, occurrence, state, start_time,
    running_since, due_time, next_check_time, target_minutes, remaining_minutes, warning_count, business_hours)
SELECT %(tenant_id)s, '555' || lpad(n::text, 15, '0'), 'First response', '9Ti' || lpad(n::text, 15, '0'),
    'FirstResponse', 1, 'Running', %(now)s, %(now)s, %(now)s + n * interval '1 minute',
    %(now)s + n * interval '1 minute', n, n, 2, 'Office'
FROM generate_series(1, %(many)s) AS n
"""
[LOOK] = [each for each in SCHEDULE if each.kind == "check_milestones"]


async def _many_run(desk: Desk) -> None:
    statement = Statement(_MANY_CLOCKS, {"tenant_id": desk.tenant.id, "now": desk.time, "many": MANY})
    await desk.database.read(Binding(desk.tenant.id), statement)


async def _save(desk: Desk, kind: str, name: str, body: dict[str, Any]) -> None:
    async with desk.database.transaction(Binding(desk.tenant.id)) as transaction:
        await save_component(transaction, desk.snapshots, ComponentKey(kind, name), body, OPERATOR)


async def test_ten_thousand_running_clocks_are_looked_at_through_the_index(desk: Desk, counted: Any) -> None:
    await desk.worker_looks()  # the metadata was seen
    await _many_run(desk)
    context = await desk.context()
    due = due_timers(context.snapshot).bind(**common(context, desk.time), now=desk.time, most=200)

    [plan] = await desk.database.read(Binding(desk.tenant.id), Statement(f"EXPLAIN {due.text}", due.parameters))
    lines = "\n".join(row[0] for row in plan)
    with counted() as seen:
        assert await desk.worker_looks() == 0

    assert "record_milestone__next_check_time__idx" in lines, lines
    assert "Seq Scan" not in lines
    assert seen[0] <= 3


async def test_ten_thousand_clocks_are_measured_anew_in_pages(desk: Desk, counted: Any) -> None:
    await _many_run(desk)
    with counted() as seen:
        assert await desk.worker_looks() == 0

    assert seen[0] < 60  # pages of a thousand


async def test_only_tenants_with_something_due_get_a_job(desk: Desk) -> None:
    with clock.moved_to(at("2001-01-01 00:00")):
        await desk.worker_looks()
    await desk.worker_looks()
    await desk.ticket()
    mine = "SELECT count(*) AS number FROM chassis.job WHERE tenant_id = %(id)s AND kind = 'check_milestones'"

    async def queued_at(text: str) -> int:
        with clock.moved_to(at(text)):
            await queue_periodic_jobs(desk.database, [LOOK])
        [found] = await desk.query(mine, id=desk.tenant.id)
        return int(found["number"])

    assert await queued_at("2026-03-10 10:29") == 0
    assert await queued_at("2026-03-10 10:30") == 1
    assert await queued_at("2026-03-10 10:31") == 1
    assert LOOK.kind in HANDLERS


async def test_clocks_follow_when_a_tenant_changes_its_hours(desk: Desk) -> None:
    await _save(desk, "business_hours", "Own__c", {"label": "Own", "week": {"tuesday": ["09:00-12:00"]}})
    [shop] = await desk.write("Shop", "insert", {"Name": "Own", "HoursName": "Own__c"})
    ticket = await desk.at("2026-03-10 11:30").ticket(ShopId=shop.id)
    await desk.worker_looks()
    assert (await desk.timer(ticket))["due_time"] == "2026-03-17 09:30"

    longer = {"label": "Own", "week": {"tuesday": ["09:00-11:40"], "wednesday": ["14:00-18:00"]}}
    await _save(desk, "business_hours", "Own__c", longer)
    await desk.worker_looks()

    assert (await desk.timer(ticket))["due_time"] == "2026-03-11 14:50"
    assert (await desk.timer(ticket))["next_check_time"] == "2026-03-11 14:20"
    assert await desk.value(ticket, "response_due") == "2026-03-11 14:50"


async def test_a_tenants_own_holidays_count(desk: Desk) -> None:
    await _save(desk, "holiday_calendar", "Works__c", {"label": "Works", "holidays": [{"date": "2026-03-11"}]})
    hours = {"label": "Own", "holidays": ["China", "Works__c"], "default": True}
    week = {day: ["10:00-16:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    await _save(desk, "business_hours", "Own__c", {**hours, "week": week})
    [shop] = await desk.write("Shop", "insert", {"Name": "Own", "HoursName": "Own__c"})

    ticket = await desk.at("2026-03-10 15:30").ticket(ShopId=shop.id)

    assert (await desk.timer(ticket))["due_time"] == "2026-03-12 10:30"


async def test_clocks_of_a_milestone_that_is_switched_off_end_without_a_word(desk: Desk) -> None:
    ticket = await desk.ticket()
    await _save(desk, "switch", "milestone.FirstResponse", {"active": False})

    await desk.later(days=1).worker_looks()

    timer = await desk.timer(ticket)
    assert (timer["state"], timer["is_violated"], timer["next_check_time"]) == ("Cancelled", False, None)
    assert await desk.value(ticket, "note") is None


async def test_the_real_worker_finds_and_does_what_is_due(desk: Desk, tmp_path: Path) -> None:
    ticket = await desk.ticket()
    await desk.worker_looks()
    server = WorkerServer(desk.database, desk.snapshots, PolicyStore(desk.database), Settings(home=tmp_path), tmp_path)
    pace = Pace(idle_seconds=0.05, schedule_seconds=0.05, seal_seconds=1_000, looking_share=1.0)
    stop = asyncio.Event()

    with clock.moved_to(desk.later(hours=2).time):
        task = asyncio.create_task(work(server, stop, pace=pace, schedule=(LOOK,)))
    deadline = time.monotonic() + 20
    while (await desk.timer(ticket))["state"] == "Running":
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.05)
    stop.set()
    await task

    assert (await desk.timer(ticket))["violated_time"] == "2026-03-10 11:00"
    assert await desk.value(ticket, "note") == "hsv"
