"""The order of execution, as docs/reference/order-of-execution.md tells it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from chassis_metadata.logic.triggers import BeforeSaveUpdate, Event, Trigger
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.records import after_save
from chassis_platform.records.after_save import Fired
from chassis_platform.records.write import create_record, write_records
from chassis_tenants.database import Database, Row, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from made_by_tenants import codes, told, with_components

Rows = Callable[..., Awaitable[list[Row]]]
BOTH = frozenset({Event.CREATE, Event.UPDATE})

COMPONENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("field", "Workshop.Total__c"): {
        "type": "rollup_summary",
        "label": "Total",
        "child": "Stays",
        "function": "sum",
        "field": "Amount",
    },
    ("field", "Stay.Step1__c"): {"type": "text", "label": "One", "default_formula": '"default"'},
    ("field", "Stay.Step2__c"): {"type": "text", "label": "Two", "tracked": True},
    ("validation_rule", "Stay.Sees_Updates__c"): {"formula": 'Step2__c = "default, forbidden"', "message": "No."},
}
UPDATES = {
    "Stay": (
        BeforeSaveUpdate("test", "Second", "Stay", BOTH, {"Step2__c": 'Step1__c & ", " & TEXT(Status)'}, order=1),
        BeforeSaveUpdate(
            "test", "Third", "Stay", BOTH, {"Step2__c": 'Step1__c & ", forbidden"'}, "Amount = 13", order=2
        ),
    )
}
TRIGGERS = {
    "Stay": (
        Trigger("test", "Child_First", "Stay", BOTH, 'BEGINS(Step2__c, "default")', order=1),
        Trigger("test", "Child_Second", "Stay", BOTH, order=2),
    ),
    "Workshop": (Trigger("test", "Parent", "Workshop", BOTH, "Total__c > 0"),),
}


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What acted, and the parent's total at that moment."""
    acted: list[tuple[str, Any]] = []

    async def act(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
        del context
        for each in fired:
            asked = "SELECT max((custom ->> 'Total__c')::numeric) FROM tenant.workshop WHERE code = 'order'"
            acted.append((each.trigger.name, (await transaction.fetch(Statement(asked)))[0][0]))

    monkeypatch.setitem(after_save._handlers, "test", act)  # noqa: SLF001  an engine for the time of a test
    return acted


@pytest.fixture(scope="module")
async def ordered(database: Database, snapshots: SnapshotStore, admin: Context) -> Context:
    context = as_automation(await with_components(database, snapshots, admin, COMPONENTS))
    context.snapshot.kept["triggers"] = TRIGGERS
    context.snapshot.kept["before_save_updates"] = UPDATES
    return context


async def test_steps_come_in_the_documented_order(
    database: Database, ordered: Context, heard: list[tuple[str, Any]], rows: Rows
) -> None:
    parent = await create_record(database, ordered, "Workshop", {"Name": "order", "Code": "order"})

    made = await create_record(database, ordered, "Stay", {"WorkshopId": parent.id, "Amount": 7})

    kept = await rows("SELECT custom, row_version FROM tenant.stay WHERE id = %(id)s", id=made.id)
    assert kept == [({"Step1__c": "default", "Step2__c": "default, Planned"}, 1)]
    assert heard == [("Parent", 7), ("Child_First", 7), ("Child_Second", 7)]


async def test_a_rule_sees_what_was_set_and_nothing_comes_after_a_violation(
    database: Database, ordered: Context, heard: list[tuple[str, Any]], rows: Rows
) -> None:
    parent = await create_record(database, ordered, "Workshop", {"Name": "rule", "Code": "rule"})
    records = [{"WorkshopId": parent.id, "Amount": 13}]

    results = await write_records(database, ordered, "Stay", "insert", records)

    assert told(results) == [["No."]]
    assert heard == []
    assert await rows("SELECT FROM tenant.stay WHERE workshop_id = %(id)s", id=parent.id) == []


async def test_the_records_own_rules_come_before_validation_rules(database: Database, ordered: Context) -> None:
    [result] = await write_records(database, ordered, "Stay", "insert", [{"Amount": 13}])

    assert codes(result.problems) == ["required_field_missing"]


async def test_the_rest_of_a_batch_is_written_again_with_all_that_follows(
    database: Database, ordered: Context, heard: list[tuple[str, Any]], rows: Rows
) -> None:
    parent = await create_record(database, ordered, "Workshop", {"Name": "again", "Code": "again"})
    records = [{"WorkshopId": parent.id, "Amount": amount} for amount in (1, 13, 2)]

    results = await write_records(database, ordered, "Stay", "insert", records)

    assert [each.success for each in results] == [True, False, True]
    total = await rows("SELECT (custom ->> 'Total__c')::numeric FROM tenant.workshop WHERE code = 'again'")
    assert total == [(3,)]
    assert [name for name, _ in heard] == ["Parent", "Child_First", "Child_Second"]
