"""Task plans: tasks are made together, due by their offsets, go on when one is done, and are closed with the plan."""

from __future__ import annotations

from typing import Any

import pytest

from chassis_metadata.errors import NotFound
from chassis_platform import clock
from chassis_platform.automation.task_plans.engine import start_plan
from clocks.conftest import Desk


async def _tasks(desk: Desk, ticket: str) -> dict[str, dict[str, Any]]:
    rows = await desk.query(
        "SELECT id, name, due_time, kind, state, owner_id FROM tenant.todo"
        " WHERE ticket_id = %(id)s AND NOT is_deleted ORDER BY id",
        id=ticket,
    )
    return {row["name"]: {**row, "due_time": desk.wall(row["due_time"])} for row in rows}


async def _runs(desk: Desk, ticket: str) -> list[tuple[str, int, int]]:
    rows = await desk.query(
        "SELECT state, task_count, done_count FROM tenant.task_plan_run WHERE record_id = %(id)s ORDER BY id", id=ticket
    )
    return [(row["state"], row["task_count"], row["done_count"]) for row in rows]


async def _end(desk: Desk, todo: dict[str, Any], state: str = "Done") -> None:
    await desk.write("Todo", "update", {"Id": todo["id"], "State": state})


async def _start(desk: Desk, plan: str, *tickets: str) -> Any:
    context = await desk.context()
    with clock.moved_to(desk.time):
        async with desk.database.transaction(context.binding) as transaction:
            return await start_plan(transaction, context, plan, tickets)


async def test_a_save_starts_a_plan_and_its_tasks_are_there(desk: Desk) -> None:
    chief = await desk.colleague("chief", role="Chief")
    helper = await desk.colleague("helper", role="Helper")

    ticket = await desk.ticket(Grade="A", IsNight=True, HelperId=helper)

    tasks = await _tasks(desk, ticket)
    assert {name: each["due_time"] for name, each in tasks.items()} == {
        "Call at once": "2026-03-10 10:00",
        "Write a letter": "2026-03-10 14:00",
        "Check": "2026-03-13 10:00",
    }
    assert [each["kind"] for each in tasks.values()] == ["Call", "Letter", "Call"]
    owners = [each["owner_id"] for each in tasks.values()]
    assert (owners[0], owners[1][:3], owners[2]) == (helper, "00G", chief)
    assert await _runs(desk, ticket) == [("Running", 5, 0)]


async def test_without_a_helper_the_owner_of_the_record_gets_the_task(desk: Desk) -> None:
    ticket = await desk.ticket(Grade="A", IsNight=True, Level=5)

    tasks = await _tasks(desk, ticket)
    assert tasks["Call at once"]["owner_id"] == desk.user_id
    assert tasks["Only for level 5"]["due_time"] == "2026-03-11 10:00"


async def test_a_plan_is_not_started_twice_while_it_runs(desk: Desk) -> None:
    ticket = await desk.ticket(Grade="A", IsNight=True)

    await desk.set(ticket, Grade="B")
    await desk.set(ticket, Grade="A")

    assert len(await _runs(desk, ticket)) == 1
    assert len(await _tasks(desk, ticket)) == 3


async def test_a_task_waits_for_its_date_and_follows_it(desk: Desk) -> None:
    ticket = await desk.ticket(Grade="A", IsNight=True)

    await desk.set(ticket, VisitDate="2026-04-10")
    first = (await _tasks(desk, ticket))["Prepare the visit"]["due_time"]
    await desk.set(ticket, VisitDate="2026-04-20")

    assert (first, (await _tasks(desk, ticket))["Prepare the visit"]["due_time"]) == (
        "2026-04-07 00:00",
        "2026-04-17 00:00",
    )


async def test_the_next_task_is_made_when_the_one_before_is_done_and_then_the_plan_is_complete(desk: Desk) -> None:
    ticket = await desk.ticket(Grade="A", IsNight=True, VisitDate="2026-04-10")
    tasks = await _tasks(desk, ticket)
    assert "Ask how it was" not in tasks

    await desk.at("2026-04-12 16:00").write(
        "Todo", "update", *({"Id": each["id"], "State": "Done"} for each in tasks.values())
    )
    last = (await _tasks(desk, ticket))["Ask how it was"]
    assert last["due_time"] == "2026-04-13 16:00"
    assert await _runs(desk, ticket) == [("Running", 5, 4)]

    await _end(desk, last, "Dropped")
    assert await _runs(desk, ticket) == [("Completed", 5, 4)]
    await desk.set(ticket, Grade="B")
    await desk.set(ticket, Grade="A")
    assert len(await _runs(desk, ticket)) == 2  # it may run again now


async def test_when_a_plan_is_cancelled_its_open_tasks_are_closed(desk: Desk) -> None:
    ticket = await desk.ticket(Grade="A", IsNight=True)
    await _end(desk, (await _tasks(desk, ticket))["Call at once"])

    await desk.set(ticket, Status="Cancelled")

    tasks = await _tasks(desk, ticket)
    assert [each["state"] for each in tasks.values()] == ["Done", "Dropped", "Dropped"]
    assert await _runs(desk, ticket) == [("Cancelled", 5, 1)]


async def test_a_deleted_task_counts_as_closed(desk: Desk) -> None:
    ticket = await desk.ticket()
    await _start(desk, "ByHand", ticket)
    [one] = (await _tasks(desk, ticket)).values()

    await desk.write("Todo", "delete", {"Id": one["id"]})

    assert list(await _tasks(desk, ticket)) == ["Two"]


async def test_a_flow_starts_a_plan_for_all_its_records(desk: Desk, counted: Any) -> None:
    spent = []
    for size in (2, 200):
        with counted() as seen:
            await desk.write("Ticket", "insert", *({"Name": "x", "Level": 7} for _ in range(size)))
        spent.append(seen[0])

    assert spent[0] == spent[1]
    [count] = await desk.query("SELECT count(*) AS number FROM tenant.todo")
    assert count["number"] == 202


async def test_a_flow_ends_a_plan(desk: Desk) -> None:
    ticket = await desk.ticket()
    started = await _start(desk, "ByHand", ticket)

    await desk.write("Ticket", "update", {"Id": ticket, "Level": 9})
    again = await _start(desk, "ByHand", ticket)

    assert started[ticket] != again[ticket]


async def test_starting_answers_the_runs_and_an_unknown_plan_is_told(desk: Desk) -> None:
    ticket = await desk.ticket()

    first = await _start(desk, "ByHand", ticket)
    again = await _start(desk, "ByHand", ticket)

    assert first == again
    assert first[ticket].startswith("0Tp")
    with pytest.raises(NotFound, match="no task plan 'Nobody'"):
        await _start(desk, "Nobody", ticket)
