"""Schedules and times relative to dates, with a moved clock; the tenant is in Shanghai, eight hours ahead of UTC."""

from __future__ import annotations

from typing import Any

import pytest

from chassis_metadata.ids import new_ids
from chassis_platform.worker.schedule import SCHEDULE, queue_periodic_jobs
from flows.conftest import Desk, MakeDesk, at

FILES = {
    "flows/Nightly.yaml": """
label: Nightly
object: Ticket
trigger: {schedule: {cron: "30 2 * * *", criteria: 'ISPICKVAL(Status, "Open")'}}
steps: [{update: {Score: 'BLANKVALUE(Score, 0) + 1'}}]
""",
    "flows/Tick.yaml": """
label: Tick
trigger: {schedule: {cron: "0 9 * * mon"}}
steps:
  - create: {object: Ticket, fields: {Name: '"Weekly " & TEXT(TODAY())', Status: '"Done"'}}
""",
    "flows/Workdays.yaml": """
label: Workdays
trigger: {schedule: {cron: "0 8 * * *", working_days: true, business_hours: Office}}
steps: [{create: {object: Part, fields: {Name: '"Workday"'}}}]
""",
    "flows/Week_After.yaml": """
label: A week after
object: Ticket
trigger: {relative: {field: DueOn, offset: 7 days, at: "09:00", criteria: 'ISPICKVAL(Status, "Open")'}}
steps: [{update: {Note: 'BLANKVALUE(Note, "") & "x"'}}]
""",
    "flows/Before_Meeting.yaml": """
label: Before the meeting
object: Ticket
trigger: {relative: {field: MeetAt, offset: -2 hours, max_late: 1 h}}
steps: [{update: {Tags: '"reminded"'}}]
""",
    "flows/Business_Days.yaml": """
label: Three business days after
object: Ticket
trigger:
  relative: {field: DueOn, offset: 3 business days, at: "10:00", business_hours: Office, criteria: 'Name = "Biz"'}
steps: [{update: {Email: '"biz@example.com"'}}]
""",
    "business_hours/Office.yaml": """
label: Office
week:
  monday: [09:00-18:00]
  tuesday: [09:00-18:00]
  wednesday: [09:00-18:00]
  thursday: [09:00-18:00]
  friday: [09:00-18:00]
""",
}


@pytest.fixture(scope="module")
async def made(make_desk: MakeDesk) -> Desk:
    return await make_desk(FILES)


@pytest.fixture
def desk(made: Desk) -> Desk:
    made.forget("chassis.flow_clock", "chassis.flow_mark", "data.ticket", "data.part")
    return made


async def look_at(desk: Desk, *moments: str) -> None:
    for each in moments:
        with at(f"{each}:00+00:00"):
            await desk.look()


async def test_a_schedule_runs_over_what_matches_at_its_time_in_the_tenants_zone(desk: Desk) -> None:
    opened = await desk.make(Status="Open")
    await desk.make(Status="New")
    await look_at(desk, "2026-03-02T12:00", "2026-03-02T18:29")
    assert desk.row(opened, "score") is None
    await look_at(desk, "2026-03-02T18:30", "2026-03-02T18:31", "2026-03-03T18:29")
    assert desk.all("ticket", "score") == [(1,), (None,)]
    assert desk.runs("Nightly") == [("Succeeded", "schedule", 1, None)]


async def test_a_schedule_that_was_missed_runs_once(desk: Desk) -> None:
    opened = await desk.make(Status="Open")
    await look_at(desk, "2026-03-02T12:00", "2026-03-12T12:00", "2026-03-12T12:01")
    assert desk.row(opened, "score") == 1


async def test_a_schedule_without_an_object_runs_once_by_itself(desk: Desk) -> None:
    await look_at(desk, "2026-03-02T00:00", "2026-03-02T01:00", "2026-03-09T01:00")
    assert desk.all("ticket", "name", where="status = 'Done'") == [("Weekly 2026-03-02",), ("Weekly 2026-03-09",)]


async def test_a_schedule_can_keep_to_working_days(desk: Desk) -> None:
    await look_at(desk, *(f"2026-03-{day:02}T00:30" for day in range(5, 11)))
    assert len(desk.all("part", "id")) == 3  # Friday, Monday, Tuesday: looking began on Thursday


async def test_time_after_a_date_comes_once_for_each_record_and_date(desk: Desk) -> None:
    with at("2026-03-01T00:00:00+00:00"):
        await desk.look()
        record_id = await desk.make(Status="Open", DueOn="2026-03-02")
        other = await desk.make(Status="New", DueOn="2026-03-02")
    await look_at(desk, "2026-03-09T00:59")
    assert desk.row(record_id, "note") is None
    await look_at(desk, "2026-03-09T01:00", "2026-03-09T01:01", "2026-03-20T01:00")
    assert desk.row(record_id, "note") == "x"
    with at("2026-03-20T02:00:00+00:00"):
        await desk.change(record_id, DueOn="2026-03-20")
        await desk.change(other, Status="Open")  # its time came when it was not open
    await look_at(desk, "2026-03-21T01:00", "2026-03-27T01:00", "2026-03-28T01:00")
    assert desk.row(record_id, "note") == "xx"
    assert desk.row(other, "note") is None


async def test_what_was_missed_is_made_up_for(desk: Desk) -> None:
    with at("2026-03-01T00:00:00+00:00"):
        await desk.look()
        ids = [await desk.make(Status="Open", DueOn=f"2026-03-{day:02}") for day in (2, 10, 29)]
    await look_at(desk, "2026-03-31T00:00")
    assert [desk.row(each, "note") for each in ids] == ["x", "x", None]


async def test_a_date_that_is_moved_into_the_past_is_due_at_once(desk: Desk) -> None:
    with at("2026-03-01T00:00:00+00:00"):
        await desk.look()
        record_id = await desk.make(Status="Open", DueOn="2026-06-01")
    await look_at(desk, "2026-04-20T00:00")
    with at("2026-04-20T01:00:00+00:00"):
        await desk.change(record_id, DueOn="2026-03-05")
    await look_at(desk, "2026-04-20T01:01")
    assert desk.row(record_id, "note") == "x"


async def test_what_was_due_before_the_flow_was_there_is_left_alone(desk: Desk) -> None:
    with at("2026-03-20T00:00:00+00:00"):
        record_id = await desk.make(Status="Open", DueOn="2026-03-02")
    await look_at(desk, "2026-03-20T00:01", "2026-03-20T00:02")
    assert desk.row(record_id, "note") is None


async def test_time_before_a_moment_is_let_go_when_it_is_too_late(desk: Desk) -> None:
    with at("2026-03-02T00:00:00+00:00"):
        await desk.look()
        soon = await desk.make(MeetAt="2026-03-02T10:00:00Z")
        sooner = await desk.make(MeetAt="2026-03-02T08:30:00Z")
    await look_at(desk, "2026-03-02T07:59", "2026-03-02T08:01")
    assert desk.row(soon, "tags") == ["reminded"]
    assert desk.row(sooner, "tags") is None  # its time was half past six


async def test_business_days_leave_out_the_weekend(desk: Desk) -> None:
    with at("2026-03-01T00:00:00+00:00"):
        await desk.look()
        record_id = await desk.make(Name="Biz", DueOn="2026-03-05")  # a Thursday
    await look_at(desk, "2026-03-10T01:59")
    assert desk.row(record_id, "email") is None
    await look_at(desk, "2026-03-10T02:00")
    assert desk.row(record_id, "email") == "biz@example.com"


async def test_looking_is_told_when_to_look_again(desk: Desk) -> None:
    await look_at(desk, "2026-03-02T12:00")
    [(due, version)] = desk.world.sql("SELECT next_due::text, metadata_version FROM chassis.flow_clock WHERE flow = ''")
    assert due.startswith("2026-03-02 12:01")
    assert version == desk.world.tenant.metadata_version


async def test_a_thousand_records_are_looked_at_page_by_page(desk: Desk, counted: Any) -> None:
    with at("2026-03-01T00:00:00+00:00"):
        await desk.look()
        desk.world.sql(
            "INSERT INTO data.ticket (tenant_id, id, name, status, due_on, owner_id)"
            " SELECT %s, id, 'T', 'Open', '2026-03-02', %s FROM unnest(%s::text[]) AS n (id)",
            desk.world.tenant.id,
            desk.world.users["ann"],
            new_ids("tT1", 1200),
        )
    with at("2026-03-09T01:00:00+00:00"), counted() as traffic:
        await desk.look()
    assert desk.world.sql("SELECT count(*) FROM data.ticket WHERE note = 'x'") == [(1200,)]
    assert [count for _, _, count, _ in desk.runs("Week_After")] == [200] * 6
    assert traffic.statements < 300  # thirteen runs, whatever the number of records


async def test_only_tenants_with_something_due_get_a_job(desk: Desk) -> None:
    schedule = [each for each in SCHEDULE if each.kind == "flows_due"]
    with at("2026-03-02T12:00:00+00:00"):
        assert await queue_periodic_jobs(desk.database, schedule) >= 1  # never looked at
        desk.world.sql("DELETE FROM chassis.job")
        await desk.look()
        assert await queue_periodic_jobs(desk.database, schedule) == 0
    with at("2026-03-02T12:01:00+00:00"):
        assert await queue_periodic_jobs(desk.database, schedule) == 1


async def test_marks_that_nobody_asks_for_any_more_are_forgotten(desk: Desk) -> None:
    with at("2026-03-01T00:00:00+00:00"):
        await desk.look()
        for values in ({"MeetAt": "2026-03-02T05:00:00Z"}, {"Status": "Open", "DueOn": "2026-02-24"}):
            await desk.make(**values)
        desk.world.sql(
            "INSERT INTO chassis.flow_mark (tenant_id, flow, record_id, mark, marked_at)"
            " SELECT tenant_id, 'Gone', id, 'x', now() FROM data.ticket LIMIT 1"
        )
    await look_at(desk, "2026-03-02T03:00", "2026-03-03T01:00")
    marks = desk.world.sql("SELECT flow FROM chassis.flow_mark ORDER BY flow")
    assert marks == [("Week_After",)]  # without max_late a mark is needed for good
    assert desk.all("ticket", "tags", where="meet_at IS NOT NULL") == [(["reminded"],)]
