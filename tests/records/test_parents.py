"""A roll-up summary that moves is a change of the parent: its rules and triggers that read it are asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest

from chassis_metadata.logic.triggers import Event, Trigger
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.records import after_save
from chassis_platform.records.after_save import Fired
from chassis_platform.records.write import create_record, write_records
from chassis_tenants.database import Database, Row, Transaction
from chassis_tenants.snapshots import SnapshotStore
from made_by_tenants import reacting, told, with_components

Rows = Callable[..., Awaitable[list[Row]]]
Counted = Callable[[], AbstractContextManager[Any]]

COMPONENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("field", "Workshop.Total__c"): {
        "type": "rollup_summary",
        "label": "Total",
        "child": "Stays",
        "function": "sum",
        "field": "Amount",
    },
    ("validation_rule", "Workshop.Total_Within_Budget__c"): {
        "formula": "AND(Total__c > Budget, Total__c > PRIORVALUE(Total__c))",
        "message": "The stays cost more than the budget.",
    },
    ("field", "Workshop.BranchesTotal__c"): {
        "type": "rollup_summary",
        "label": "Total of the branches",
        "child": "Branches",
        "function": "sum",
        "field": "Total__c",
    },
    ("validation_rule", "Workshop.Branches_Within_Budget__c"): {
        "formula": "AND(BranchesTotal__c > Budget, BranchesTotal__c > PRIORVALUE(BranchesTotal__c))",
        "message": "The branches cost more than the budget.",
    },
    ("validation_rule", "Workshop.Unrelated__c"): {
        "formula": "Rating > 5",
        "message": "Too good.",
        "events": ["update"],
    },
}


@pytest.fixture(scope="module")
async def summed(database: Database, snapshots: SnapshotStore, admin: Context) -> Context:
    """Automation at a garage whose workshops sum up their stays."""
    return as_automation(await with_components(database, snapshots, admin, COMPONENTS))


async def workshop(database: Database, context: Context, code: str, budget: int) -> str:
    made = await create_record(database, context, "Workshop", {"Name": code, "Code": code, "Budget": budget})
    return str(made.id)


async def stays(database: Database, context: Context, workshop_id: str, *amounts: int, **how: Any) -> list[Any]:
    records = [{"WorkshopId": workshop_id, "Amount": amount} for amount in amounts]
    return await write_records(database, context, "Stay", "insert", records, **how)


async def total(rows: Rows, workshop_id: str) -> Any:
    [(found,)] = await rows(
        "SELECT coalesce((custom ->> 'Total__c')::numeric, 0) FROM tenant.workshop WHERE id = %(id)s", id=workshop_id
    )
    return found


async def test_a_child_that_breaks_a_rule_of_its_parent_is_refused(
    database: Database, summed: Context, rows: Rows
) -> None:
    small, large = await workshop(database, summed, "small", 100), await workshop(database, summed, "large", 1000)
    records = [{"WorkshopId": small, "Amount": 150}, {"WorkshopId": large, "Amount": 150}]

    results = await write_records(database, summed, "Stay", "insert", records)

    assert told(results) == [["The stays cost more than the budget."], []]
    assert (await total(rows, small), await total(rows, large)) == (0, 150)


async def test_a_rule_of_the_parent_that_does_not_read_the_summary_is_not_asked(
    database: Database, summed: Context
) -> None:
    made = await create_record(database, summed, "Workshop", {"Name": "w", "Code": "good", "Rating": 9, "Budget": 50})

    [result] = await stays(database, summed, str(made.id), 10)

    assert result.success


async def test_less_is_no_violation_of_a_rule_that_asks_for_more(
    database: Database, summed: Context, rows: Rows
) -> None:
    parent = await workshop(database, summed, "less", 100)
    results = await stays(database, summed, parent, 60, 30)
    await write_records(database, summed, "Workshop", "update", [{"Id": parent, "Budget": 50}])

    deleted = await write_records(database, summed, "Stay", "delete", [{"Id": results[1].id}])
    restored = await write_records(database, summed, "Stay", "undelete", [{"Id": results[1].id}])

    assert deleted[0].success
    assert told(restored) == [["The stays cost more than the budget."]]
    assert await total(rows, parent) == 60


async def branch(database: Database, context: Context, parent: str, code: str) -> str:
    values = {"Name": code, "Code": code, "Budget": 10_000, "ParentWorkshopId": parent}
    return str((await create_record(database, context, "Workshop", values)).id)


async def test_a_summary_of_summaries_that_breaks_a_rule_of_the_grandparent_is_refused(
    database: Database, summed: Context, rows: Rows
) -> None:
    small, large = await workshop(database, summed, "above", 100), await workshop(database, summed, "far above", 1000)
    below, beside = await branch(database, summed, small, "below"), await branch(database, summed, large, "beside")
    records = [{"WorkshopId": each, "Amount": 60} for each in (below, beside)]
    kept = await write_records(database, summed, "Stay", "insert", records)

    more = await write_records(database, summed, "Stay", "update", [{"Id": each.id, "Amount": 150} for each in kept])

    assert told(more) == [["The branches cost more than the budget."], []]
    assert (await total(rows, below), await total(rows, beside)) == (60, 150)


async def test_what_is_deleted_with_a_record_is_asked_of_its_other_parents_too(
    database: Database, summed: Context, seen: list[Any]
) -> None:
    above = await workshop(database, summed, "owns", 1000)
    below = await branch(database, summed, above, "owned")
    await stays(database, summed, below, 15)
    trigger = Trigger("test", "Less", "Workshop", frozenset({Event.UPDATE}), "BranchesTotal__c < 10", becomes=True)

    context = reacting(summed, trigger)
    [gone] = await write_records(database, context, "Workshop", "delete", [{"Id": below}])

    assert gone.success
    assert [each[0] for each in seen] == ["Less"]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    heard: list[Any] = []

    async def hear(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
        del transaction, context
        for each in fired:
            olds = [((change.old or {})["Total__c"], change.now("Total__c")) for change in each.changes]
            heard.append((each.trigger.name, each.event.value, olds))

    monkeypatch.setitem(after_save._handlers, "test", hear)  # noqa: SLF001  an engine for the time of a test
    return heard


async def test_a_trigger_of_the_parent_knows_the_old_summary(
    database: Database, summed: Context, seen: list[Any]
) -> None:
    parent = await workshop(database, summed, "fires", 1000)
    trigger = Trigger("test", "Busy", "Workshop", frozenset({Event.UPDATE}), "Total__c >= 20", becomes=True)
    context = reacting(summed, trigger)

    for amount in (15, 10, 5):
        await stays(database, context, parent, amount)

    assert seen == [("Busy", "update", [(15, 25)])]


async def test_many_children_cost_as_many_statements_as_one(
    database: Database, summed: Context, counted: Counted
) -> None:
    async def write(count: int, code: str) -> tuple[int, int]:
        parents = [await workshop(database, summed, f"{code}{n}", 10_000) for n in range(min(count, 20))]
        records = [{"WorkshopId": parents[n % len(parents)], "Amount": 1} for n in range(count)]
        with counted() as traffic:
            results = await write_records(database, summed, "Stay", "insert", records, all_or_none=True)
        assert all(result.success for result in results)
        return traffic.trips, traffic.statements

    one, many = await write(1, "p"), await write(200, "q")

    assert (one[0] - many[0], one[1] - many[1]) in {(0, 0), (-1, -1)}  # a number may be left from the last block
