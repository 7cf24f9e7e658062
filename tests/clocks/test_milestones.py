"""Milestones: they start, stand still, go on and end with saves; the worker gives warnings and tells violations."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from clocks.conftest import Desk


async def test_a_clock_starts_with_the_record_and_its_end_is_known(desk: Desk) -> None:
    ticket = await desk.ticket()

    timer = await desk.timer(ticket)
    assert (timer["state"], timer["due_time"], timer["next_check_time"]) == (
        "Running",
        "2026-03-10 11:00",
        "2026-03-10 10:30",
    )
    assert (timer["name"], timer["business_hours"], timer["occurrence"]) == ("First response", "Office", 1)
    assert (await desk.value(ticket, "response_state"), await desk.value(ticket, "response_due")) == (
        "Running",
        "2026-03-10 11:00",
    )


@pytest.mark.parametrize(
    ("arrives", "due"),
    [
        ("2026-03-13 23:00", "2026-03-16 10:00"),  # on Friday night: an hour from Monday's opening
        ("2026-03-10 17:30", "2026-03-11 09:30"),
        ("2026-02-13 17:30", "2026-02-14 09:30"),  # the Saturday before the Spring Festival is worked
        ("2026-02-14 17:30", "2026-02-24 09:30"),
    ],
)
async def test_time_runs_while_it_is_open(desk: Desk, arrives: str, due: str) -> None:
    ticket = await desk.at(arrives).ticket()

    assert (await desk.timer(ticket))["due_time"] == due


async def test_a_record_has_the_hours_of_its_shop(desk: Desk) -> None:
    [late, strange] = await desk.write(
        "Shop", "insert", {"Name": "Late", "HoursName": "Late"}, {"Name": "Strange", "HoursName": "Nobody knows"}
    )

    evening = await desk.at("2026-03-14 21:30").ticket(ShopId=late.id)  # a Saturday
    fallback = await desk.ticket(ShopId=strange.id)
    around_the_clock = await desk.ticket(IsNight=True)

    assert (await desk.timer(evening))["due_time"] == "2026-03-15 12:30"
    assert (await desk.timer(fallback))["due_time"] == "2026-03-16 10:00"
    assert (await desk.timer(around_the_clock))["due_time"] == "2026-03-14 22:30"


async def test_warnings_and_the_violation_come_once_each_at_their_time(desk: Desk) -> None:
    ticket = await desk.ticket()

    notes = []
    for minutes in (29, 1, 0, 20, 10, 60):  # 10:29, 10:30, 10:30, 10:50, 11:00, 12:00
        await desk.later(minutes=minutes).worker_looks()
        notes.append(await desk.value(ticket, "note"))

    assert notes == [None, "h", "h", "hs", "hsv", "hsv"]
    timer = await desk.timer(ticket)
    assert (timer["state"], timer["is_violated"], timer["violated_time"]) == ("Violated", True, "2026-03-10 11:00")
    assert timer["next_check_time"] is None
    assert await desk.value(ticket, "response_state") == "Violated"
    assert await desk.query("SELECT name FROM tenant.todo WHERE ticket_id = %(id)s", id=ticket) == [
        {"name": "Apologise"}
    ]


async def test_after_a_long_rest_all_that_was_missed_is_done_in_order_with_its_own_time(desk: Desk) -> None:
    ticket = await desk.ticket()

    await desk.later(days=3).worker_looks()
    await desk.worker_looks()

    assert await desk.value(ticket, "note") == "hsv"
    timer = await desk.timer(ticket)
    log = [(each["what"], each["due"][11:16], each["done"][:10]) for each in json.loads(timer["log"])]
    assert log == [
        ("HalfTime", "02:30", "2026-03-13"),
        ("Soon", "02:50", "2026-03-13"),
        ("violation", "03:00", "2026-03-13"),
    ]
    assert timer["violated_time"] == "2026-03-10 11:00"


async def test_what_happens_in_time_is_met_and_nothing_follows(desk: Desk) -> None:
    ticket = await desk.ticket()

    await desk.later(minutes=20).set(ticket, Status="Answered")
    await desk.later(days=1).worker_looks()

    timer = await desk.timer(ticket)
    assert (timer["state"], timer["end_time"], timer["is_violated"]) == ("Met", "2026-03-10 10:20", False)
    assert await desk.value(ticket, "note") == "m"
    assert await desk.value(ticket, "response_state") == "Met"


async def test_what_happens_too_late_was_not_in_time_even_where_the_worker_was_off(desk: Desk) -> None:
    ticket = await desk.ticket()

    await desk.later(hours=2).set(ticket, Status="Answered")

    timer = await desk.timer(ticket)
    assert (timer["state"], timer["violated_time"], timer["end_time"]) == (
        "Violated",
        "2026-03-10 11:00",
        "2026-03-10 12:00",
    )
    assert await desk.value(ticket, "note") == "hsv"


async def test_a_violated_clock_has_its_end_when_it_is_met_after_all(desk: Desk) -> None:
    ticket = await desk.ticket()
    await desk.later(hours=2).worker_looks()

    await desk.later(hours=1).set(ticket, Status="Answered")

    timer = await desk.timer(ticket)
    assert (timer["state"], timer["end_time"]) == ("Violated", "2026-03-10 13:00")


async def test_a_clock_stands_still_while_it_is_paused(desk: Desk) -> None:
    ticket = await desk.ticket()

    await desk.later(minutes=40).set(ticket, Status="Waiting")
    await desk.at("2026-03-12 08:00").worker_looks()
    waiting = await desk.timer(ticket)
    assert (waiting["state"], waiting["due_time"], waiting["next_check_time"]) == ("Paused", None, None)
    assert (waiting["remaining_minutes"], waiting["paused_time"]) == (20, "2026-03-10 10:40")
    assert await desk.value(ticket, "response_due") is None

    await desk.set(ticket, Status="New")
    going = await desk.timer(ticket)
    assert (going["state"], going["due_time"]) == ("Running", "2026-03-12 09:20")
    assert going["next_check_time"] == "2026-03-12 09:10"  # half of the time was over before: not told again
    assert await desk.value(ticket, "note") == "h"


async def test_a_clock_may_begin_paused(desk: Desk) -> None:
    [result] = await desk.write(
        "Ticket", "insert", {"Name": "x", "Status": "Waiting", "PromisedTime": "2026-03-10T09:00:00Z"}
    )

    assert await desk.timers(str(result.id)) == []
    assert (await desk.timer(str(result.id), "Promise"))["due_time"] == "2026-03-10 17:00"


async def test_a_clock_is_cancelled_when_it_is_of_no_interest_any_more(desk: Desk) -> None:
    ticket = await desk.ticket()

    await desk.later(minutes=5).set(ticket, Status="Cancelled")
    await desk.later(days=1).worker_looks()

    timer = await desk.timer(ticket)
    assert (timer["state"], timer["end_time"]) == ("Cancelled", "2026-03-10 10:05")
    assert await desk.value(ticket, "note") is None


async def test_a_promise_follows_the_field_that_says_until_when(desk: Desk) -> None:
    ticket = await desk.ticket(PromisedTime="2026-03-10T09:00:00Z")

    await desk.later(hours=1).set(ticket, PromisedTime="2026-03-10T12:00:00Z")
    assert (await desk.timer(ticket, "Promise"))["due_time"] == "2026-03-10 20:00"

    await desk.at("2026-03-10 19:59").worker_looks()
    assert (await desk.timer(ticket, "Promise"))["state"] == "Running"
    await desk.at("2026-03-10 20:00").worker_looks()
    assert (await desk.timer(ticket, "Promise"))["state"] == "Violated"


async def test_a_clock_starts_anew_only_where_the_milestone_says_so(desk: Desk) -> None:
    ticket = await desk.ticket(MinutesAllowed=90)
    await desk.later(minutes=30).set(ticket, Status="Closed")

    await desk.later(minutes=30).set(ticket, Status="New", MinutesAllowed=30.5)

    first, second = await desk.timers(ticket, "Allowance")
    assert (first["state"], second["state"], second["occurrence"]) == ("Met", "Running", 2)
    assert second["due_time"] == "2026-03-10 11:30:30"
    assert len(await desk.timers(ticket)) == 1  # First response doesn't: it is running since ten


async def test_fifteen_working_days_leave_out_weekends_and_holidays(desk: Desk) -> None:
    ticket = await desk.at("2026-02-10 15:00").ticket(Grade="C")

    # 11-14 February (a worked Saturday), then 24-27, the worked 28th, 2-6 March, and one more
    assert (await desk.timer(ticket, "Answer15Days"))["due_time"] == "2026-03-09 15:00"


async def test_steps_that_fail_are_told_in_the_log_and_the_others_go_on(desk: Desk) -> None:
    good, bad = await desk.ticket(Grade="A"), await desk.ticket(Grade="A", Level=9)

    await desk.later(hours=2).worker_looks()

    assert (await desk.value(good, "level"), await desk.value(bad, "level")) == (1, 9)
    assert str(await desk.value(good, "owner_id")).startswith("00G")
    log = json.loads((await desk.timer(bad, "Escalation"))["log"])
    assert [each.get("problem") for each in log] == [None, "Nine is too many"]
    assert (await desk.timer(bad, "Escalation"))["state"] == "Violated"


async def test_clocks_go_and_come_with_their_record(desk: Desk) -> None:
    ticket = await desk.ticket()
    await desk.write("Ticket", "delete", {"Id": ticket})

    assert await desk.later(hours=3).worker_looks() == 0

    await desk.write("Ticket", "undelete", {"Id": ticket})
    await desk.worker_looks()
    assert (await desk.timer(ticket))["state"] == "Violated"


async def test_two_hundred_records_cost_the_statements_of_two(desk: Desk, counted: Any) -> None:
    await desk.ticket()
    spent = []
    for size in (2, 200):
        with counted() as seen:
            made = await desk.write("Ticket", "insert", *({"Name": f"T{number}"} for number in range(size)))
            created = seen[0]
            await desk.write("Ticket", "update", *({"Id": each.id, "Status": "Waiting"} for each in made))
            paused = seen[0]
            await desk.write("Ticket", "update", *({"Id": each.id, "Status": "Answered"} for each in made))
        spent.append((created, paused - created, seen[0] - paused))

    assert spent[0] == spent[1]
    [count] = await desk.query("SELECT count(*) AS number FROM tenant.record_milestone")
    assert count["number"] == 203


async def test_an_earlier_run_of_the_worker_leaves_nothing_for_the_next(desk: Desk, counted: Any) -> None:
    await desk.write("Ticket", "insert", *({"Name": f"T{number}", "Grade": "A"} for number in range(50)))

    assert await desk.later(hours=2).worker_looks() == 100  # two milestones each
    with counted() as seen:
        assert await desk.worker_looks() == 0
    assert seen[0] <= 3


async def test_a_flow_acts_on_clocks_whatever_their_formulas_say(desk: Desk) -> None:
    ticket = await desk.ticket()

    await desk.later(minutes=5).set(ticket, Level=8)

    assert (await desk.timer(ticket))["state"] == "Cancelled"
    assert (await desk.timer(ticket, "Allowance2"))["due_time"] == "2026-03-10 10:35"


async def test_an_end_that_nobody_means_sets_no_clock_going(desk: Desk) -> None:
    ticket = await desk.ticket(PromisedTime="9999-12-31T00:00:00Z", MinutesAllowed=999_999.5)

    assert await desk.timers(ticket, "Promise") == []
    assert (await desk.timer(ticket, "Allowance"))["state"] == "Running"


async def test_two_workers_at_once_do_everything_once(desk: Desk) -> None:
    tickets = [str(each.id) for each in await desk.write("Ticket", "insert", *({"Name": "x"} for _ in range(20)))]

    desk.later(hours=2)
    await asyncio.gather(*(desk.worker_looks() for _ in range(3)))

    assert {await desk.value(each, "note") for each in tickets} == {"hsv"}
    [todos] = await desk.query("SELECT count(*) AS number FROM tenant.todo")
    assert todos["number"] == 20


async def test_a_save_and_the_worker_do_not_get_in_each_others_way(desk: Desk) -> None:
    ticket = await desk.ticket()

    desk.later(hours=2)
    await asyncio.gather(desk.worker_looks(), desk.set(ticket, Status="Answered"))

    timer = await desk.timer(ticket)
    assert (timer["state"], timer["end_time"]) == ("Violated", "2026-03-10 12:00")
    assert await desk.value(ticket, "note") == "hsv"
