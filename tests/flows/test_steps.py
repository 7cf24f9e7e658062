"""Every verb of steps, over records of a real desk."""

from __future__ import annotations

from typing import Any

import pytest

from chassis_metadata.errors import ChassisError, Invalid, Problem
from chassis_platform.automation.flows.frame import Item
from chassis_platform.automation.flows.runner import flow_named, run_flow, start
from chassis_platform.automation.flows.steps import VERBS, EngineStep, register_engine
from flows.conftest import Desk, MakeDesk

SUB = "label: A flow\nobject: Ticket\ntrigger: {sub: {}}\n"
FILES = {
    "flows/Update_It.yaml": SUB
    + """
variables:
  Much: {type: number, value: 'Score * 2'}
  Given: {type: text, input: true}
steps:
  - set: {Much: 'Much + 1'}
  - update: {Score: Much, Note: 'Given & " " & TEXT(TODAY())', Tags: '"a;b"', DueOn: 'TODAY() + 7', Priority: null}
""",
    "flows/Create_Them.yaml": SUB
    + """
variables: {Made: {type: id}}
steps:
  - create: {object: Ticket, fields: {Name: '"Sub of " & Name', ParentTicketId: Id}, into: Made}
  - create:
      object: Part
      for_each: {related: Parts, criteria: 'Quantity > $This.Score', order_by: [{field: Quantity, descending: true}]}
      fields: {Name: '"Again " & Name', TicketId: Made, Quantity: 'Quantity * 10'}
""",
    "flows/Change_Others.yaml": SUB
    + """
steps:
  - update_records:
      object: Ticket
      criteria: 'ParentTicketId = $This.Id && Name <> "Leave"'
      fields: {Note: '$This.Name & "/" & Name', Score: '$This.Score + 1'}
  - delete: {related: Parts, criteria: 'ISPICKVAL(State, "Used")'}
""",
    "flows/Remove.yaml": SUB + "steps:\n  - delete: {}\n",
    "flows/To_Queue.yaml": SUB + "steps:\n  - queue: FirstLine\n",
    "flows/Decide.yaml": SUB
    + """
steps:
  - if: 'Name <> "Skip"'
    decision:
      - when: 'Score > 10'
        steps:
          - update: {Note: '"much"'}
          - if: 'Score > 100'
            stop: true
      - when: 'Score > 5'
        steps: [{update: {Note: '"some"'}}]
      - else: [{update: {Note: '"little"'}}]
  - update: {IsUrgent: true}
""",
    "flows/Loop.yaml": SUB
    + """
steps:
  - for_each:
      related: Tickets
      steps:
        - update: {Note: '"in " & $This.Name'}
        - for_each:
            related: Parts
            steps:
              - update: {Name: 'Name & " of " & $This.Name'}
""",
    "flows/Refuse.yaml": SUB
    + """
steps:
  - if: 'Score > 3'
    error: {message: 'No more than three, not {!Score} for {!Name}', field: Score}
  - update: {Note: '"fine"'}
""",
    "flows/Bad_Value.yaml": SUB + "steps:\n  - update: {Score: '0 - 1'}\n",
    "flows/Cannot_Compute.yaml": SUB + "steps:\n  - name: Divide\n    update: {Note: 'TEXT(1 / Score)'}\n",
    "flows/Outer.yaml": SUB
    + """
variables: {Seen: {type: text, value: '"outer"'}}
steps:
  - call: {flow: Inner, with: {Word: '"from " & Name'}}
  - update: {Email: '"ok@" & "example.com"'}
""",
    "flows/Inner.yaml": SUB
    + """
variables: {Word: {type: text, input: true}}
steps:
  - update: {Note: 'Word'}
""",
    "flows/Ask_Engine.yaml": SUB
    + """
variables: {Got: {type: text}}
steps:
  - refresh: {use: Everything, with: {Since: 'TODAY()', Much: 'Score * 2'}, into: Got}
  - update: {Note: Got}
""",
    "flows/Up.yaml": SUB
    + """
steps:
  - update_records: {parent: ParentTicketId, criteria: 'Name <> "Not me"', fields: {Note: '"from " & $This.Name'}}
""",
    "flows/Tell_Up.yaml": SUB
    + """
trace: all
steps:
  - update_records: {parent: ParentTicketId, fields: {Note: '"from " & $This.Name'}}
""",
    "flows/Count_Up.yaml": SUB
    + """
steps:
  - update_records: {parent: ParentTicketId, fields: {Score: 'BLANKVALUE(Score, 0) + $This.Score'}}
""",
    "segments/Everything.yaml": """
label: Everything
object: Ticket
groups: [{name: All, criteria: 'TRUE'}]
""",
}


@pytest.fixture(scope="module")
async def desk(make_desk: MakeDesk) -> Desk:
    return await make_desk(FILES)


async def run(desk: Desk, flow: str, *record_ids: str, **variables: Any) -> None:
    context = await desk.as_()
    async with desk.database.transaction(context.binding) as transaction:
        await start(transaction, context, flow, record_ids, variables)


async def test_update_takes_formulas_variables_and_plain_values(desk: Desk) -> None:
    record_id = await desk.make(Score=4, Priority="High")
    await run(desk, "Update_It", record_id, Given="hello")
    score, note, tags, days, priority = desk.row(
        record_id, "score", "note", "tags", "due_on - current_date", "priority"
    )
    assert (score, tags, priority) == (9, ["a", "b"], None)
    assert note.startswith("hello 20")
    assert days in (7, 8)


async def test_variables_that_it_does_not_take_are_refused(desk: Desk) -> None:
    with pytest.raises(ChassisError, match=r"takes no Much.*inputs: Given"):
        await run(desk, "Update_It", await desk.make(), Much=3)


async def test_create_makes_one_or_one_for_each_found_record(desk: Desk) -> None:
    record_id = await desk.make(Name="T", Score=2)
    for quantity in (1, 3, 5):
        await desk.make("Part", Name=f"P{quantity}", TicketId=record_id, Quantity=quantity)
    await run(desk, "Create_Them", record_id)
    [(made,)] = desk.all("ticket", "id", where=f"parent_ticket_id = '{record_id}'")
    assert desk.row(made, "name") == "Sub of T"
    parts = desk.all("part", "name", "quantity", where=f"ticket_id = '{made}'")
    assert parts == [("Again P5", 50), ("Again P3", 30)]


async def test_other_records_are_found_by_criteria_and_changed_or_deleted(desk: Desk) -> None:
    record_id = await desk.make(Name="T", Score=2)
    child, left = [await desk.make(Name=name, ParentTicketId=record_id) for name in ("C", "Leave")]
    used = await desk.make("Part", TicketId=record_id, State="Used")
    kept = await desk.make("Part", TicketId=record_id, State="Ordered")
    await run(desk, "Change_Others", record_id)
    assert desk.row(child, "note", "score") == ("T/C", 3)
    assert desk.row(left, "note") is None
    assert [desk.row(each, "is_deleted", table="part") for each in (used, kept)] == [True, False]


async def test_delete_without_more_takes_the_record_itself(desk: Desk) -> None:
    record_id = await desk.make()
    await run(desk, "Remove", record_id)
    assert desk.row(record_id, "is_deleted") is True


async def test_queue_gives_the_record_to_a_queue(desk: Desk) -> None:
    record_id = await desk.make()
    await run(desk, "To_Queue", record_id)
    assert desk.row(record_id, "owner_id") == desk.world.id_of("group", "FirstLine", "developer_name")


async def test_each_record_takes_the_first_branch_that_is_true(desk: Desk) -> None:
    scores = {200: ("much", False), 20: ("much", True), 7: ("some", True), None: ("little", True)}
    ids = [await desk.make(Score=score) for score in scores]
    skipped = await desk.make(Name="Skip", Score=20)
    await run(desk, "Decide", *ids, skipped)
    assert [desk.row(each, "note", "is_urgent") for each in ids] == list(scores.values())
    assert desk.row(skipped, "note", "is_urgent") == (None, True)


async def test_loops_go_over_what_is_found_level_by_level(desk: Desk) -> None:
    top = await desk.make(Name="Top")
    middle = [await desk.make(Name=name, ParentTicketId=top) for name in ("M1", "M2")]
    parts = [await desk.make("Part", Name="P", TicketId=each) for each in middle for _ in range(2)]
    await run(desk, "Loop", top)
    assert [desk.row(each, "note") for each in middle] == ["in Top", "in Top"]
    assert [desk.row(each, "name", table="part") for each in parts] == ["P of M1", "P of M1", "P of M2", "P of M2"]


async def test_error_refuses_with_the_records_values_at_the_field(desk: Desk) -> None:
    with pytest.raises(ChassisError) as refusal:
        await run(desk, "Refuse", await desk.make(Score=1), await desk.make(Name="Big", Score=4))
    [problem] = refusal.value.problems
    assert problem.message == "No more than three, not 4 for Big"
    assert problem.fields == ("Score",)


async def test_what_a_rule_refuses_is_refused_in_the_flows_name(desk: Desk) -> None:
    with pytest.raises(ChassisError) as refusal:
        await run(desk, "Bad_Value", await desk.make())
    [problem] = refusal.value.problems
    assert problem.message == "A flow: The score is never below zero."
    assert problem.fields == ("Score",)


async def test_a_formula_that_cannot_be_computed_is_told(desk: Desk) -> None:
    with pytest.raises(ChassisError, match=r"A flow: the formula can't be computed for this record: TEXT\(1 / Score\)"):
        await run(desk, "Cannot_Compute", await desk.make(Score=0))


async def test_a_flow_calls_another_with_arguments(desk: Desk) -> None:
    record_id = await desk.make(Name="T")
    await run(desk, "Outer", record_id)
    assert desk.row(record_id, "note", "email") == ("from T", "ok@example.com")


async def test_nothing_is_written_where_nothing_changes(desk: Desk) -> None:
    record_id = await desk.make(Name="T")
    await run(desk, "Outer", record_id)
    version = desk.row(record_id, "row_version")
    await run(desk, "Outer", record_id)
    assert desk.row(record_id, "row_version") == version


async def test_the_record_that_is_referred_to_can_be_changed(desk: Desk) -> None:
    parent, other = await desk.make(Name="P"), await desk.make(Name="Not me")
    ids = [await desk.make(Name=f"C{number}", ParentTicketId=parent) for number in range(2)]
    left, alone = await desk.make(ParentTicketId=other), await desk.make()
    await run(desk, "Up", *ids, left, alone)
    assert [desk.row(each, "note") for each in (parent, other)] == ["from C1", None]


async def test_another_engine_runs_its_own_verb(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[EngineStep] = []

    async def engine(step: EngineStep) -> dict[str, Any]:
        asked.append(step)
        return {each: f"seen {each[-3:]}" for each in step.record_ids}

    monkeypatch.setitem(VERBS, "refresh", VERBS["refresh"])  # the true one comes back
    register_engine("refresh", engine)
    record_id = await desk.make(Score=4)
    await run(desk, "Ask_Engine", record_id)
    [step] = asked
    assert (step.use, step.record_ids, step.arguments[0]["Much"]) == ("Everything", (record_id,), 8)
    assert desk.row(record_id, "note") == f"seen {record_id[-3:]}"


async def test_what_an_engine_refuses_is_laid_at_the_records_door(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fine, wrong = await desk.make(), await desk.make()

    async def engine(_: EngineStep) -> None:
        raise Invalid(Problem(wrong, "no_such_thing", "not this one"))

    monkeypatch.setitem(VERBS, "refresh", VERBS["refresh"])
    register_engine("refresh", engine)
    context = await desk.as_()
    async with desk.database.transaction(context.binding) as transaction:
        flow = flow_named(context, "Ask_Engine")
        tried = await run_flow(transaction, context, flow, [Item(0, fine), Item(1, wrong)])
    assert {root: [each.message for each in problems] for root, problems in tried.problems.items()} == {
        1: ["A flow: not this one"]
    }


async def test_a_record_that_is_found_for_several_is_changed_by_one_after_the_other(desk: Desk) -> None:
    parent = await desk.make(Name="Sum", Score=1)
    children = [await desk.make(Name=f"Part {n}", Score=n, ParentTicketId=parent) for n in (2, 3, 4)]

    await run(desk, "Count_Up", *children)

    assert desk.row(parent, "score") == 10


async def test_what_a_later_record_says_otherwise_is_told(desk: Desk) -> None:
    parent = await desk.make(Name="Told")
    children = [await desk.make(Name=name, ParentTicketId=parent) for name in ("a", "b")]

    await run(desk, "Tell_Up", *children)

    assert desk.row(parent, "note") == "from b"
    [lost] = [each for each in desk.effects("Tell_Up") if each["did"] == "overruled"]
    assert (lost["id"], lost["changes"]) == (parent, {"Note": "from a"})
