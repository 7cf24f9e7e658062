"""Duplicate rules that attach: no second record, the one that is there takes what was sent, whatever the door."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import RecordResult
from chassis_platform.records.preview import preview
from chassis_platform.records.write import create_record, update_record, write_records
from matching_desk import Desk, matches

TOUCH = {
    "label": "Take a repeat",
    "object": "Lead",
    "trigger": {"sub": {}},
    "variables": {"Source": {"type": "text", "input": True}, "Key": {"type": "text", "input": True}},
    "steps": [
        {"if": 'Source = "Roadshow"', "error": {"message": "Roadshows are not taken."}},
        {"create": {"object": "Task", "fields": {"Name": 'Source & " by " & Key', "WhoId": "Id"}}},
        {"update": {"Description": 'BLANKVALUE(Description, "") & Source & ";"'}},
    ],
}


@pytest.fixture(scope="module", autouse=True)
async def rules(desk: Desk) -> None:
    keys = [{"name": "Number", "compare": [{"field": "ExternalLeadId"}]}]
    open_only = 'NOT(ISPICKVAL(Status, "Lost"))'
    await desk.declare("matching_rule", "Open__c", label="Open", object="Lead", keys=keys, against_criteria=open_only)
    await desk.declare("flow", "Take__c", **TOUCH)
    await desk.declare(
        "duplicate_rule", "Attach__c", label="Attach", object="Lead", matching_rules=["Open__c"], on_create="attach",
        on_update="nothing", message="Added to the open lead.",
        attach={
            "flow": "Take__c",
            "criteria": 'BLANKVALUE(Company, "-") = BLANKVALUE($This.Company, "-")',
            "with": {"Source": "TEXT($This.LeadSource)", "Key": "MatchKey"},
        },
    )  # fmt: skip


def lead(user: str, **values: Any) -> dict[str, Any]:
    return {"LastName": "Wu", "ExternalLeadId": user, **values}


def stored(desk: Desk, user: str) -> list[tuple[Any, ...]]:
    rows = "SELECT id, description FROM data.lead WHERE external_lead_id = %s ORDER BY id"
    return desk.sql(rows, user)


def told(results: Sequence[RecordResult]) -> list[tuple[bool, bool, bool]]:
    return [(each.success, each.created, each.attached) for each in results]


async def test_what_repeats_goes_to_the_record_that_is_there(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", **lead("w1"))

    made = await create_record(desk.database, ann, "Lead", lead("W1 ", LeadSource="App"))

    assert (made.id, made.created, made.attached) == (first, False, True)
    [warning] = made.warnings
    assert (warning.message, matches(warning)) == ("Added to the open lead.", [first])
    assert stored(desk, "w1") == [(first, "App;")]
    assert desk.sql("SELECT name FROM data.task WHERE who_id = %s", first) == [("App by Number",)]
    [[version]] = desk.sql("SELECT row_version FROM data.lead WHERE id = %s", first)
    assert made.version == version


async def test_nothing_is_left_of_the_record_that_was_none(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", **lead("w2"))
    keys = "SELECT count(*) FROM chassis.match_key WHERE record_id NOT IN (SELECT id FROM data.lead)"
    keys += " AND record_id LIKE '00Q%%'"

    await create_record(desk.database, ann, "Lead", lead("w2"))

    assert desk.sql(keys) == [(0,)]
    assert [row[0] for row in stored(desk, "w2")] == [first]


async def test_a_match_that_does_not_meet_the_criteria_takes_nothing(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", **lead("w3", Company="One"))

    other = await create_record(desk.database, ann, "Lead", lead("w3", Company="Two"))
    again = await create_record(desk.database, ann, "Lead", lead("w3", Company="Two"))

    assert (other.attached, other.warnings) == (False, ())
    assert again.id == other.id != first


async def test_of_equal_records_in_one_batch_the_first_takes_the_others(desk: Desk, ann: Context) -> None:
    records = [lead("w4"), lead("w5"), lead("w4", LeadSource="App"), lead("w4", LeadSource="Website")]

    results = await desk.insert(ann, "Lead", *records)

    assert told(results) == [(True, True, False), (True, True, False), (True, False, True), (True, False, True)]
    assert results[2].id == results[3].id == results[0].id
    assert desk.sql("SELECT count(*) FROM data.task WHERE who_id = %s", results[0].id) == [(2,)]


async def test_where_the_first_is_refused_the_next_is_the_record(desk: Desk, ann: Context) -> None:
    """The first is refused by a flow, which is asked only after it was found that the second goes to it."""
    refusing = {
        "label": "Refuse",
        "object": "Lead",
        "trigger": {"record": {"events": ["create"], "criteria": 'Company = "Refused"'}},
        "steps": [{"error": {"message": "Not this one."}}],
    }
    await desk.declare("flow", "Refuse__c", **refusing)
    ann = await desk.user("ann")
    records = [
        lead("w6", Company="Refused", LastName="First"),
        lead("w6", Company="Refused", LastName="Second", LeadSource="App"),
        lead("w7", LastName="Other"),
    ]

    results = await desk.insert(ann, "Lead", *records)

    assert [each.success for each in results] == [False, False, True]
    assert results[0].problems[0].message == results[1].problems[0].message == "Not this one."


async def test_what_the_flow_refuses_is_refused_and_the_rest_is_saved(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", **lead("w8"))
    records = [lead("w8", LeadSource="Roadshow"), lead("w9"), lead("w8", LeadSource="App")]

    results = await desk.insert(ann, "Lead", *records)

    assert told(results) == [(False, False, False), (True, True, False), (True, False, True)]
    assert results[0].problems[0].message == "Roadshows are not taken."
    assert stored(desk, "w8") == [(first, "App;")]


async def test_all_or_none_holds_for_what_is_attached(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", **lead("w10"))
    wrong = [lead("w10", LeadSource="App"), lead("w11"), lead("w10", LeadSource="Roadshow")]
    fine = wrong[:2]

    refused = await write_records(desk.database, ann, "Lead", "insert", wrong, all_or_none=True)
    assert [each.success for each in refused] == [False, False, False]
    assert stored(desk, "w10") == [(first, None)]
    assert stored(desk, "w11") == []

    results = await write_records(desk.database, ann, "Lead", "insert", fine, all_or_none=True)
    assert told(results) == [(True, False, True), (True, True, False)]
    assert stored(desk, "w10") == [(first, "App;")]


async def test_of_two_at_the_same_moment_one_is_a_record(desk: Desk, ann: Context, ben: Context) -> None:
    for turn in range(5):
        made = [create_record(desk.database, each, "Lead", lead(f"race{turn}")) for each in (ann, ben, ann, ben)]

        results = await asyncio.gather(*made)

        assert sorted(each.created for each in results) == [False, False, False, True]
        [(record_id, description)] = stored(desk, f"race{turn}")
        assert {each.id for each in results} == {record_id}
        assert description == "Other;Other;Other;"


async def test_two_batches_at_the_same_moment_share_the_records(desk: Desk, ann: Context, ben: Context) -> None:
    records = [lead(f"both{place}") for place in range(40)]

    both = await asyncio.gather(desk.insert(ann, "Lead", *records), desk.insert(ben, "Lead", *reversed(records)))

    assert all(each.success for results in both for each in results)
    assert sum(each.created for results in both for each in results) == 40
    assert desk.sql("SELECT count(*) FROM data.lead WHERE external_lead_id LIKE 'both%%'") == [(40,)]


async def test_a_lead_that_was_closed_meanwhile_takes_nothing(desk: Desk, ann: Context) -> None:
    """The record is locked and asked once more before it takes anything."""
    first = await desk.create(ann, "Lead", **lead("w12"))
    await update_record(desk.database, ann, "Lead", first, {"Status": "Lost", "LostReason": "Price"})

    made = await create_record(desk.database, ann, "Lead", lead("w12"))

    assert made.created
    assert made.id != first


async def test_allow_save_makes_no_second_record(desk: Desk) -> None:
    ann = await desk.user("ann", allow=True)
    first = await desk.create(ann, "Lead", **lead("w13"))

    assert (await create_record(desk.database, ann, "Lead", lead("w13"))).id == first


async def test_what_another_rule_blocks_is_not_attached(desk: Desk, ann: Context) -> None:
    await desk.declare(
        "duplicate_rule", "Block__c", label="Block", object="Lead", matching_rules=["Open__c"],
        criteria='LastName = "Blocked"', on_create="block", on_update="nothing",
    )  # fmt: skip
    ann = await desk.user("ann")
    await desk.create(ann, "Lead", **lead("w14"))

    assert (await desk.refused(ann, "Lead", **lead("w14", LastName="Blocked"))).code == "duplicates_detected"


async def test_a_preview_tells_and_does_nothing(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", **lead("w15"))

    seen = await preview(desk.database, ann, "Lead", "insert", [lead("w15")])

    assert (seen.results[0].id, seen.results[0].attached) == (first, True)
    assert stored(desk, "w15") == [(first, None)]


async def test_a_large_batch_takes_as_many_statements_as_one_record(desk: Desk, ann: Context, counted: Any) -> None:
    await desk.insert(ann, "Lead", *(lead(f"many{place}") for place in range(100)))
    await create_record(desk.database, ann, "Lead", lead("many0"))

    with counted() as one:
        await desk.insert(ann, "Lead", lead("many0"), lead("fresh"))
    with counted() as many:
        await desk.insert(ann, "Lead", *(lead(f"many{place}") for place in range(100)))

    assert many.statements <= one.statements


async def test_where_the_flow_is_switched_off_the_record_is_saved_and_told(desk: Desk) -> None:
    await desk.declare("switch", "flow.Take__c", active=False)
    try:
        ann = await desk.user("ann")
        first = await desk.create(ann, "Lead", **lead("w16"))

        made = await create_record(desk.database, ann, "Lead", lead("w16"))

        assert made.created
        assert matches(made.warnings[0]) == [first]
    finally:
        await desk.declare("switch", "flow.Take__c", active=True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"on_create": "attach"}, "required_key_missing"),
        ({"on_create": "warn", "attach": {"flow": "Take__c"}}, "unused_key"),
        ({"on_create": "attach", "attach": {"flow": "Nothing__c"}}, "unknown_flow"),
        ({"on_create": "attach", "attach": {"flow": "Take__c", "with": {"Wrong": "Name"}}}, "unknown_input_variable"),
        ({"on_create": "attach", "attach": {"flow": "Take__c", "with": {"Source": "Nothing"}}}, "unknown_name"),
        ({"on_create": "attach", "attach": {"flow": "Take__c", "criteria": "1 + 1"}}, "wrong_kind"),
        (
            {"on_create": "attach", "matching_rules": ["Lead_Known_Customer"], "attach": {"flow": "Take__c"}},
            "wrong_object",
        ),
    ],
)
async def test_a_rule_that_can_not_attach_is_refused(desk: Desk, body: dict[str, Any], code: str) -> None:
    rule = {"label": "Wrong", "object": "Lead", "matching_rules": ["Open__c"], "on_update": "nothing", **body}
    with pytest.raises(ChassisError) as caught:
        await desk.declare("duplicate_rule", "Wrong__c", **rule)
    assert code in {each.code for each in caught.value.problems}, caught.value.problems
