"""What must not happen: flows without an end, half-done work, changes of a dry run, messages that were not accepted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.automation.flows.dry_run import dry_run
from chassis_platform.inbound.intake import mapping_of, receive
from chassis_platform.inbound.messages import Post
from flows.conftest import Desk, MakeDesk

FILES = {
    "flows/Ping.yaml": """
label: Ping
object: Ticket
trigger: {record: {events: [update], criteria: 'Name = "Circle" && ISCHANGED(Score)'}}
steps: [{name: Up, update: {Score: 'Score + 1'}}, {name: Over, publish: Pinged}]
""",
    "flows/Pong.yaml": """
label: Pong
object: Ticket
trigger: {event: {name: Pinged}}
steps: [{update: {Score: 'Score + 10'}}]
""",
    "flows/Breed.yaml": """
label: Breed
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Rabbit"'}}
steps: [{create: {object: Ticket, fields: {Name: Name}}}]
""",
    "flows/Settle.yaml": """
label: Settle
object: Ticket
trigger: {record: {events: [update], criteria: 'Name = "Settles"'}}
steps: [{update: {Score: 'MIN(BLANKVALUE(Score, 0) + 1, 3)'}}]
""",
    "flows/Strict.yaml": """
label: Strict
object: Ticket
trigger: {record: {events: [create, update], criteria: 'BEGINS(Name, "S")'}}
steps:
  - create: {object: Part, fields: {Name: '"For " & Name', TicketId: Id}}
  - if: 'Score > 5'
    error: {message: 'Too much: {!Score}', field: Score}
""",
    "flows/Try_Me.yaml": """
label: Try me
object: Ticket
trigger: {record: {when: after_commit, criteria: 'ISPICKVAL(Status, "Open") && NOT(ISCHANGED(Status))'}}
steps:
  - update: {Note: '"was " & TEXT(PRIORVALUE(Status))'}
  - create: {object: Part, fields: {Name: '"Tried"', TicketId: Id}}
  - notify: {to: [{field: OwnerId}], title: 'Tried {!Name}'}
""",
    "flows/From_Outside.yaml": """
label: From outside
object: Ticket
trigger: {inbound: {mapping: tickets, criteria: 'Name <> "Quiet"'}}
steps:
  - if: 'Name = "Bad"'
    error: {message: 'No bad tickets'}
  - update: {Note: '"came in"'}
""",
    "flows/Divide.yaml": """
label: Divide
object: Ticket
trigger: {record: {events: [create], criteria: 'Name = "Divides"'}}
steps: [{name: Share, update: {Note: 'TEXT(1 / Score)'}}]
""",
    "inbound/tickets.yaml": """
label: Tickets
root: /ticket
message_key: ["@id"]
targets: [{name: ticket, object: Ticket, fields: {Name: name}}]
""",
}


@pytest.fixture(scope="module")
async def desk(make_desk: MakeDesk) -> Desk:
    return await make_desk(FILES)


async def test_flows_that_set_each_other_off_without_an_end_are_told_with_their_chain(desk: Desk) -> None:
    record_id = await desk.make(Name="Circle", Score=0)
    with pytest.raises(ChassisError, match="flows set each other off without an end: Ping -> Ping -> Ping") as refusal:
        await desk.change(record_id, Score=1)
    assert "-> Ping" in str(refusal.value)
    assert desk.row(record_id, "score") == 0


async def test_flows_over_ever_new_records_end_too(desk: Desk) -> None:
    before = desk.world.sql("SELECT count(*) FROM data.ticket")
    with pytest.raises(ChassisError, match=r"without an end: Breed -> Breed"):
        await desk.make(Name="Rabbit")
    assert desk.world.sql("SELECT count(*) FROM data.ticket") == before


async def test_a_flow_comes_again_only_while_something_changes(desk: Desk) -> None:
    record_id = await desk.make(Name="Settles")
    await desk.change(record_id, Priority="High")
    assert desk.row(record_id, "score") == 3


async def test_what_one_record_is_refused_for_does_not_touch_the_others(desk: Desk) -> None:
    results = await desk.write("insert", [{"Name": f"S{score}", "Score": score} for score in (1, 7, 2, 9)])
    assert [each.success for each in results] == [True, False, True, False]
    assert [problem.message for each in results for problem in each.problems] == ["Too much: 7", "Too much: 9"]
    parts = {name for (name,) in desk.all("part", "name") if name[-1].isdigit()}
    assert parts == {"For S1", "For S2"}


async def test_all_or_none_leaves_nothing(desk: Desk) -> None:
    results = await desk.write("insert", [{"Name": "S-A"}, {"Name": "S-B", "Score": 8}], all_or_none=True)
    assert [each.success for each in results] == [False, False]
    assert desk.all("ticket", "id", where="name LIKE 'S-_'") == []
    assert desk.all("part", "id", where="name LIKE 'For S-_'") == []


def everything(desk: Desk) -> list[Any]:
    tables = ("ticket", "part", "notification", "flow_run", "email_message")
    return [desk.all(each, "id", "row_version") for each in tables] + desk.world.sql("SELECT id FROM chassis.job")


async def test_a_dry_run_tells_what_would_happen_and_leaves_nothing(desk: Desk) -> None:
    opened = await desk.make(Name="Open one", Status="Open")
    new = await desk.make(Name="New one")
    before = everything(desk)
    told = await dry_run(desk.database, await desk.as_("admin"), "Try_Me", [opened, new])
    assert everything(desk) == before
    assert told["matched"] == [opened]
    assert told["problems"] == []
    assert [(each["did"], each.get("object")) for each in told["effects"]] == [
        ("updated", "Ticket"),
        ("created", "Part"),
        ("notified", "Ticket"),
    ]
    assert told["effects"][0]["changes"] == {"Note": [None, "was Open"]}


async def test_a_dry_run_tells_what_would_be_refused(desk: Desk) -> None:
    record_id = await desk.make(Name="Strict one")
    desk.world.sql("UPDATE data.ticket SET score = 6 WHERE id = %s", record_id)
    told = await dry_run(desk.database, await desk.as_("admin"), "Strict", [record_id])
    [problem] = told["problems"]
    assert (problem["id"], problem["message"], problem["fields"]) == (record_id, "Too much: 6", ["Score"])
    assert [each["did"] for each in told["effects"]] == ["created"]


async def post(desk: Desk, name: str) -> Any:
    context = await desk.as_("admin")
    document = f'<ticket id="{name}"><name>{name}</name></ticket>'.encode()
    message = Post(document, "text/xml", None, None)
    return await receive(desk.database, context, mapping_of(context, "tickets"), message, datetime.now(UTC))


async def test_an_inbound_message_sets_off_flows_on_what_it_made(desk: Desk) -> None:
    noted = await post(desk, "Noted")
    quiet = await post(desk, "Quiet")
    assert [desk.row(each.record_ids[0], "note") for each in (noted, quiet)] == ["came in", None]


async def test_a_flow_can_refuse_an_inbound_message(desk: Desk) -> None:
    receipt = await post(desk, "Bad")
    assert (receipt.status, [each.message for each in receipt.problems]) == ("refused", ["No bad tickets"])
    assert desk.all("ticket", "id", where="name = 'Bad'") == []


async def test_what_runs_with_a_save_leaves_one_row_of_counts_for_the_batch(desk: Desk) -> None:
    desk.forget()
    await desk.write("insert", [{"Name": f"Sync {number}"} for number in range(50)])
    assert desk.runs("Strict") == [("Succeeded", "record", 50, None)]
    assert desk.world.sql("SELECT changed_count::int, changes FROM data.flow_run") == [(50, None)]


async def test_a_save_that_a_flow_could_not_complete_leaves_the_reason(desk: Desk) -> None:
    desk.forget()
    results = await desk.write("insert", [{"Name": "Divides", "Score": score} for score in (1, 0)])
    assert [each.success for each in results] == [True, False]
    runs = {status: (count, error) for status, _, count, error in desk.runs("Divide")}
    assert runs["Succeeded"] == (1, None)
    assert runs["Refused"][1].startswith("CANNOT_EXECUTE_FLOW_TRIGGER: Divide: the formula can't be computed")
    assert desk.world.sql("SELECT failed_step FROM data.flow_run WHERE status = 'Refused'") == [("Share",)]


async def test_what_an_author_meant_to_refuse_is_no_failure(desk: Desk) -> None:
    desk.forget()
    with pytest.raises(ChassisError):
        await desk.make(Name="S", Score=9)
    assert desk.runs("Strict") == []
