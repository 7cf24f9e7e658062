"""What formulas set before a record is written, and what they demand of it: defaults, updates, required, read-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import new_id
from chassis_metadata.logic.triggers import BeforeSaveUpdate, Event
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.records.write import create_record, update_record, write_records
from chassis_tenants.database import Database, Row
from chassis_tenants.snapshots import SnapshotStore
from made_by_tenants import codes, reacting, told, with_components

Rows = Callable[..., Awaitable[list[Row]]]
Counted = Callable[[], AbstractContextManager[Any]]
BOTH = frozenset({Event.CREATE, Event.UPDATE})

FIELDS: dict[tuple[str, str], dict[str, Any]] = {
    ("field", "Workshop.Motto__c"): {
        "type": "text",
        "label": "Motto",
        "length": 40,
        "default_formula": '"We are " & Name',
        "tracked": True,
    },
    ("field", "Workshop.Opened__c"): {"type": "date", "label": "Opened", "default_formula": "TODAY()"},
    ("field", "Workshop.Share__c"): {"type": "percent", "label": "Share", "default_formula": "Budget / 1000"},
    ("field", "Workshop.Reason__c"): {
        "type": "text",
        "label": "Reason",
        "required_when": "AND(NOT(IsActive), Budget > 0)",
    },
    ("field", "Workshop.Contract__c"): {
        "type": "text",
        "label": "Contract",
        "read_only_when": 'BEGINS(Contract__c, "signed")',
    },
    ("field", "Workshop.Trade__c"): {"type": "picklist", "label": "Trade", "values": ["Cars", "Boats"]},
    ("field", "Workshop.Branch__c"): {
        "type": "picklist",
        "label": "Branch",
        "controlling_field": "Trade__c",
        "values": ["Paint", {"value": "Sails", "controlled_by": ["Boats"]}],
    },
}


@pytest.fixture(scope="module")
async def clever(database: Database, snapshots: SnapshotStore, admin: Context) -> Context:
    """The administrator of a garage whose fields have formulas beside them."""
    return await with_components(database, snapshots, admin, FIELDS)


def update(name: str, assignments: dict[str, str], criteria: str | None = None, **more: Any) -> BeforeSaveUpdate:
    events = more.pop("events", BOTH)
    return BeforeSaveUpdate("test", name, "Workshop", events, assignments, criteria, **more)


async def insert(database: Database, context: Context, *records: dict[str, Any], **how: Any) -> list[Any]:
    payloads = [{"Name": record["Code"], **record} for record in records]
    return await write_records(database, context, "Workshop", "insert", payloads, **how)


async def one(rows: Rows, code: str, *columns: str) -> Row:
    [row] = await rows(f"SELECT {', '.join(columns)} FROM tenant.workshop WHERE code = %(code)s", code=code)  # noqa: S608
    return row


async def test_a_default_formula_fills_what_was_not_sent(database: Database, clever: Context, rows: Rows) -> None:
    await insert(
        database,
        clever,
        {"Code": "d-1", "Budget": 40},
        {"Code": "d-2", "Motto__c": "mine", "Share__c": 7},
        {"Code": "d-3", "Motto__c": None},
    )

    mine = "custom ->> 'Motto__c'", "(custom ->> 'Share__c')::numeric"
    assert await one(rows, "d-1", *mine) == ("We are d-1", Decimal("0.04"))  # a percent is a fraction
    assert await one(rows, "d-2", *mine) == ("mine", 7)
    assert await one(rows, "d-3", *mine) == (None, None)
    assert await one(rows, "d-1", "(custom ->> 'Opened__c')::date = current_date") == (True,)


async def test_a_default_that_does_not_fit_is_told_as_if_it_was_sent(database: Database, clever: Context) -> None:
    [result] = await insert(database, clever, {"Code": "long", "Name": "x" * 60})

    assert codes(result.problems) == ["string_too_long"]


async def test_updates_see_one_after_the_other_what_was_set(database: Database, clever: Context, rows: Rows) -> None:
    context = reacting(
        clever,
        update("A", {"Budget": "Budget * 2", "Notes": '"first"'}, order=1),
        update("B", {"Budget": "Budget + 1", "Motto__c": "TEXT(Budget) & Notes"}, order=2),
        update("C", {"Notes": "Motto__c"}, 'Region = "South"', order=3),
    )

    await insert(database, context, {"Code": "u-1", "Budget": 5}, {"Code": "u-2", "Budget": 1, "Region": "South"})

    assert await one(rows, "u-1", "budget", "notes", "custom ->> 'Motto__c'") == (11, "first", "10first")
    assert await one(rows, "u-2", "budget", "notes") == (3, "2first")


async def test_an_update_knows_old_values_and_is_part_of_the_same_write(
    database: Database, clever: Context, rows: Rows
) -> None:
    context = reacting(clever, update("Trace", {"Notes": "TEXT(PRIORVALUE(Budget))"}, "ISCHANGED(Budget)"))
    [made] = await insert(database, context, {"Code": "p-1", "Budget": 5})

    updated = await update_record(database, context, "Workshop", made.id, {"Budget": 6})
    await update_record(database, context, "Workshop", made.id, {"Website": "a.example"})

    assert updated.version == 2
    assert await one(rows, "p-1", "notes", "row_version") == ("5", 3)


async def test_what_an_update_sets_is_in_the_history_once(database: Database, clever: Context, rows: Rows) -> None:
    context = reacting(
        clever, update("Region", {"Region": '"South"'}, "Budget > 100", events=frozenset({Event.UPDATE}))
    )
    [made] = await insert(database, context, {"Code": "h-1", "Region": "North", "Budget": 1})

    await update_record(database, context, "Workshop", made.id, {"Budget": 200, "Region": "West"})

    history = await rows(
        "SELECT field_name, old_value, new_value FROM tenant.field_history"
        " WHERE record_id = %(id)s AND field_name <> 'created' ORDER BY field_name",
        id=made.id,
    )
    assert history == [("Budget", "1.00", "200.00"), ("Region", "North", "South")]


async def test_an_update_that_becomes_true_runs_once(database: Database, clever: Context, rows: Rows) -> None:
    context = reacting(clever, update("Count", {"Rating": "BLANKVALUE(Rating, 0) + 1"}, "Budget > 10", becomes=True))
    [made] = await insert(database, context, {"Code": "b-1", "Budget": 5})

    for budget in (11, 12, 9, 20):
        await update_record(database, context, "Workshop", made.id, {"Budget": budget})

    assert await one(rows, "b-1", "rating") == (2,)


async def test_an_update_whose_formula_fails_refuses_the_record(database: Database, clever: Context) -> None:
    context = reacting(clever, update("Divide", {"Rating": "1 / Budget"}))

    results = await insert(database, context, {"Code": "f-1", "Budget": 0}, {"Code": "f-2", "Budget": 2})

    assert [codes(each.problems) for each in results] == [["cannot_execute_flow_trigger"], []]
    assert "Divide" in told(results)[0][0]


async def test_what_an_update_sets_must_be_a_choice_of_the_record_type(database: Database, clever: Context) -> None:
    context = reacting(clever, update("West", {"Region": '"West"'}), update("Odd", {"Region": '"East"'}, "Budget > 9"))
    ids = clever.snapshot.objects["Workshop"].record_type_ids

    results = await insert(
        database,
        context,
        {"Code": "c-1", "RecordTypeId": ids["Independent"]},
        {"Code": "c-2", "RecordTypeId": ids["Dealer"]},
        {"Code": "c-3", "Budget": 10},
    )

    choice = "invalid_or_null_for_restricted_picklist"
    assert [codes(each.problems) for each in results] == [[choice], [], [choice]]


async def test_what_an_update_sets_must_agree_with_the_field_that_controls_it(
    database: Database, clever: Context
) -> None:
    context = reacting(clever, update("Sails", {"Branch__c": '"Sails"'}, "Budget > 1"))

    results = await insert(
        database,
        context,
        {"Code": "dp-1", "Trade__c": "Cars", "Budget": 2},
        {"Code": "dp-2", "Trade__c": "Boats", "Budget": 2},
    )
    [changed] = await write_records(
        database, context, "Workshop", "update", [{"Id": results[1].id, "Trade__c": "Cars"}]
    )

    choice = "invalid_or_null_for_restricted_picklist"
    assert [codes(each.problems) for each in [*results, changed]] == [[choice], [], [choice]]


async def test_a_required_field_may_be_filled_by_a_formula(database: Database, clever: Context, rows: Rows) -> None:
    context = reacting(clever, update("Code", {"Code": '"made-" & Name'}, "ISBLANK(Code)"))

    results = await write_records(database, context, "Workshop", "insert", [{"Name": "one"}, {"Name": None}])

    assert [codes(each.problems) for each in results] == [[], ["required_field_missing"]]
    assert await one(rows, "made-one", "name") == ("one",)


async def test_a_reference_that_a_formula_sets_must_lead_somewhere(
    database: Database, clever: Context, rows: Rows
) -> None:
    [parent] = await insert(database, clever, {"Code": "r-parent"})
    good = reacting(clever, update("Ref", {"ParentWorkshopId": f'"{parent.id}"'}))
    bad = reacting(clever, update("Ref", {"ParentWorkshopId": f'"{new_id("gW1")}"'}))

    [fine] = await insert(database, good, {"Code": "r-1"})
    [lost] = await insert(database, bad, {"Code": "r-2"})

    assert (fine.success, codes(lost.problems)) == (True, ["invalid_cross_reference_key"])
    assert await one(rows, "r-1", "parent_workshop_id") == (parent.id,)


async def test_a_unique_value_that_a_formula_sets_is_looked_up(database: Database, clever: Context) -> None:
    context = reacting(clever, update("Serial", {"SerialNumber": '"same"'}))

    results = await insert(database, context, {"Code": "s-1"}, {"Code": "s-2"})

    assert [codes(each.problems) for each in results] == [[], ["duplicate_value"]]


async def test_a_field_is_required_while_its_formula_says_so(database: Database, clever: Context) -> None:
    results = await insert(
        database,
        clever,
        {"Code": "q-1", "IsActive": False, "Budget": 1},
        {"Code": "q-2", "IsActive": False, "Budget": 1, "Reason__c": "rent"},
        {"Code": "q-3", "IsActive": True},
    )

    assert told(results) == [["Required fields are missing: [Reason__c]"], [], []]
    with pytest.raises(Invalid):
        await update_record(database, clever, "Workshop", results[2].id, {"IsActive": False, "Budget": 3})


async def test_a_field_is_read_only_while_the_stored_record_says_so(database: Database, clever: Context) -> None:
    [made] = await insert(database, clever, {"Code": "ro-1", "Contract__c": "draft"})
    await update_record(database, clever, "Workshop", made.id, {"Contract__c": "signed today"})

    with pytest.raises(Invalid) as refused:
        await update_record(database, clever, "Workshop", made.id, {"Contract__c": "other"})
    await update_record(database, clever, "Workshop", made.id, {"Contract__c": "signed today", "Budget": 1})
    await update_record(database, as_automation(clever), "Workshop", made.id, {"Contract__c": "by a flow"})

    [problem] = refused.value.problems
    assert (problem.code, problem.fields) == ("invalid_field_for_insert_update", ("Contract__c",))


async def test_working_out_values_costs_one_trip_however_many_records(
    database: Database, clever: Context, counted: Counted
) -> None:
    context = reacting(clever, update("A", {"Notes": "Name"}), update("B", {"Budget": "BLANKVALUE(Budget, 0) + 1"}))

    async def write(count: int, prefix: str) -> tuple[int, int]:
        made = [{"Code": f"{prefix}-{n}", "OwnerId": clever.principal.user_id} for n in range(count)]
        results = await insert(database, context, *made, all_or_none=True)
        with counted() as updating:
            changes = [{"Id": result.id, "Region": "North"} for result in results]
            await write_records(database, context, "Workshop", "update", changes, all_or_none=True)
        return updating.trips, updating.statements

    # Ask; work out; write, event, history, question; commit.
    assert await write(1, "k") == await write(200, "m") == (4, 8)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "date", "default_formula": '"x"'}, "wrong_kind"),
        ({"type": "text", "default": "a", "default_formula": '"b"'}, "misplaced_key"),
        ({"type": "text", "required_when": "Nonsense"}, "unknown_name"),
        ({"type": "auto_number", "format": "{0}", "read_only_when": "TRUE"}, "misplaced_key"),
        ({"type": "text", "gap_free": True}, "misplaced_key"),
    ],
)
async def test_a_formula_beside_a_field_must_fit(
    database: Database, snapshots: SnapshotStore, clever: Context, body: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await with_components(database, snapshots, clever, {("field", "Workshop.Odd__c"): {"label": "Odd", **body}})

    assert [problem.code for problem in refused.value.problems] == [code]


async def test_a_formula_over_a_new_record_knows_who_makes_it(database: Database, clever: Context, rows: Rows) -> None:
    context = reacting(clever, update("Who", {"Notes": "CreatedById & $User.Username"}))

    await create_record(database, context, "Workshop", {"Name": "w", "Code": "who"})

    me = clever.principal
    assert (await one(rows, "who", "notes"))[0].startswith(f"{me.user_id}{me.username}")
