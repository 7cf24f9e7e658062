"""Flows that saves set off: before, in the transaction, and after the commit."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import errors as pg_errors

from chassis_metadata.errors import ChassisError, Conflict, Invalid
from chassis_platform.automation.flows.steps import VERBS, EngineStep, register_engine
from chassis_platform.records.after_save import is_tried_again
from flows.conftest import Desk, MakeDesk

FILES = {
    "flows/Set_Defaults.yaml": """
label: Defaults
object: Ticket
trigger: {record: {when: before_save, events: [create, update], criteria: 'Name <> "Plain"'}}
steps:
  - update: {Note: 'UPPER(Name)'}
  - decision:
      - when: 'Priority = "High"'
        steps:
          - update: {IsUrgent: true, Status: '"Open"'}
      - when: 'Score > 100'
        steps:
          - error: {message: 'A score of {!Score} is too much.', field: Score}
      - else:
          - update: {IsUrgent: false}
""",
    "flows/Follow.yaml": """
label: Follow up
object: Ticket
trigger: {record: {events: [update], criteria: 'ISPICKVAL(Status, "Done")', becomes: true}}
steps:
  - create:
      object: Part
      fields: {Name: '"Bill for " & Name', TicketId: Id, Quantity: '1 + 1'}
  - update_records:
      related: Tickets
      fields: {Status: '"Done"', Note: '"Closed with " & $This.Name'}
""",
    "flows/Brittle.yaml": """
label: Brittle
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Engine" && Score > 0'}}
steps:
  - refresh: {use: Everything, with: {Score: Score}}
  - update: {Email: '"a@b.cd"'}
""",
    "segments/Everything.yaml": "label: Everything\nobject: Ticket\ngroups: [{criteria: 'Score > 0'}]\n",
}


@pytest.fixture(scope="module")
async def desk(make_desk: MakeDesk) -> Desk:
    return await make_desk(FILES)


async def test_a_flow_before_the_save_sets_fields_of_the_record(desk: Desk) -> None:
    record_id = await desk.make(Name="abc", Priority="High")
    assert desk.row(record_id, "note", "is_urgent", "status") == ("ABC", True, "Open")
    await desk.change(record_id, Priority="Low", Name="xyz")
    assert desk.row(record_id, "note", "is_urgent", "status") == ("XYZ", False, "Open")


async def test_what_its_criteria_leave_out_stays_as_it_is(desk: Desk) -> None:
    record_id = await desk.make(Name="Plain", Priority="High")
    assert desk.row(record_id, "note", "is_urgent", "status") == (None, False, "New")


async def test_it_refuses_a_record_in_its_own_words(desk: Desk) -> None:
    with pytest.raises(ChassisError) as refusal:
        await desk.make(Score=150)
    [problem] = refusal.value.problems
    assert (problem.code, problem.fields) == ("field_custom_validation_exception", ("Score",))
    assert problem.message == "A score of 150 is too much."


async def test_a_flow_after_the_save_writes_other_records(desk: Desk) -> None:
    parent = await desk.make(Name="Big")
    child = await desk.make(Name="Small", ParentTicketId=parent)
    other = await desk.make(Name="Else")
    await desk.change(parent, Status="Done")
    assert desk.row(child, "status", "note") == ("Done", "SMALL")
    assert desk.row(other, "status") == "New"
    assert desk.all("part", "name", "ticket_id", "quantity", where=f"ticket_id = '{parent}'") == [
        ("Bill for Big", parent, 2)
    ]
    await desk.change(parent, Note="again")
    assert len(desk.all("part", "id", where=f"ticket_id = '{parent}'")) == 1


async def test_two_hundred_records_cost_as_many_statements_as_one(desk: Desk, counted: Any) -> None:
    made = await desk.write("insert", [{"Name": f"T{number}"} for number in range(200)])
    ids = [each.id for each in made]
    with counted() as few:
        await desk.write("update", [{"Id": ids[0], "Status": "Done"}])
    with counted() as many:
        await desk.write("update", [{"Id": each, "Status": "Done"} for each in ids[1:]])
    assert many.statements <= few.statements + 2


async def test_where_an_engine_blames_nobody_the_batch_is_tried_one_by_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def engine(step: EngineStep) -> None:
        if any(each["Score"] == 3 for each in step.arguments):
            raise Invalid.of("no_such_thing", "something is wrong with one of them")

    monkeypatch.setitem(VERBS, "refresh", VERBS["refresh"])
    register_engine("refresh", engine)
    records = [{"Name": "Engine", "Score": score} for score in range(6)]

    results = await desk.write("insert", records, all_or_none=False)

    assert [[each.code for each in result.problems] for result in results] == [[], [], [], ["no_such_thing"], [], []]
    kept = desk.all("ticket", "score", "email", where="name = 'Engine'")
    assert kept == [(0, None), *((score, "a@b.cd") for score in (1, 2, 4, 5))]
    refused = await desk.write("insert", records, all_or_none=True)
    assert not any(each.success for each in refused)
    assert len(desk.all("ticket", "id", where="name = 'Engine'")) == 5  # as before


async def test_a_save_that_others_were_in_the_way_of_begins_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    async def engine(_: EngineStep) -> None:
        asked.append(is_tried_again())
        if len(asked) == 1:
            raise Conflict.of("unable_to_lock_row", "somebody is at it") from pg_errors.DeadlockDetected()

    monkeypatch.setitem(VERBS, "refresh", VERBS["refresh"])
    register_engine("refresh", engine)

    record_id = await desk.make(Name="Engine", Score=9)

    assert asked == [True, True]
    assert desk.row(record_id, "email") == "a@b.cd"
    assert not is_tried_again()
