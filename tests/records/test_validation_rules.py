"""Validation rules on the road of every write: what is refused, for whom, with what message, at what cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.records.write import create_record, update_record, write_records, write_within
from chassis_tenants.customise import ComponentKey, delete_component
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.journal import OPERATOR
from chassis_tenants.snapshots import SnapshotStore
from made_by_tenants import afresh, codes, told, with_components

Rows = Callable[..., Awaitable[list[Row]]]
Counted = Callable[[], AbstractContextManager[Any]]

BROKEN = "field_custom_validation_exception"
RULES: dict[tuple[str, str], dict[str, Any]] = {
    ("custom_permission", "Overbook__c"): {"label": "Overbook"},
    ("permission_set", "Overbookers__c"): {"label": "Overbookers", "custom_permissions": ["Overbook__c"]},
    ("validation_rule", "Workshop.Budget_Positive__c"): {
        "formula": "Budget < 0",
        "message": "A budget is not negative.",
        "field": "Budget",
    },
    ("validation_rule", "Workshop.North_Needs_Phone__c"): {
        "formula": 'AND(ISPICKVAL(Region, "North"), ISBLANK(Phone))',
        "message": "A workshop in the north needs a phone.",
    },
    ("validation_rule", "Workshop.Budget_Not_Halved__c"): {
        "formula": "AND(ISCHANGED(Budget), Budget < PRIORVALUE(Budget) / 2)",
        "message": "A budget can't be cut by half.",
        "field": "Budget",
        "events": ["update"],
    },
    ("validation_rule", "Workshop.Rating_Divides__c"): {
        "formula": "10 / Rating > 100",
        "message": "The rating is too small.",
        "field": "Rating",
    },
    ("validation_rule", "Workshop.Independent_Has_Website__c"): {
        "formula": "ISBLANK(Website)",
        "message": "An independent workshop has a website.",
        "record_types": ["Independent"],
    },
    ("validation_rule", "Workshop.One_Foreman_One_Workshop__c"): {
        "formula": ('AND(NOT(ISBLANK(ForemanId)), EXISTS("Workshop", ForemanId = $This.ForemanId AND Id <> $This.Id))'),
        "message": "A foreman has one workshop.",
        "field": "ForemanId",
        "bypass_permission": "Overbook__c",
    },
    ("validation_rule", "Workshop.Margin_Of_Branch__c"): {
        "formula": "ParentWorkshop.Margin < Margin",
        "message": "A branch earns no more than its parent.",
        "field": "Margin",
    },
    ("translation", "zh_CN"): {"validation_rules.Workshop.Budget_Positive__c.message": "预算不能为负数。"},
}


@pytest.fixture(scope="module")
async def ruled(database: Database, snapshots: SnapshotStore, admin: Context) -> Context:
    """The administrator of a garage with rules."""
    return await with_components(database, snapshots, admin, RULES)


async def insert(database: Database, context: Context, *records: dict[str, Any], **how: Any) -> list[Any]:
    payloads = [{"Name": record["Code"], **record} for record in records]
    return await write_records(database, context, "Workshop", "insert", payloads, **how)


async def test_a_rule_that_is_true_refuses_the_record_at_its_field(database: Database, ruled: Context) -> None:
    [result] = await insert(database, ruled, {"Code": "neg", "Budget": -1})

    [problem] = result.problems
    assert (problem.code, problem.message, problem.fields) == (BROKEN, "A budget is not negative.", ("Budget",))


async def test_nothing_of_a_refused_record_stays(database: Database, ruled: Context, rows: Rows) -> None:
    await insert(database, ruled, {"Code": "gone", "Budget": -1})

    assert await rows("SELECT FROM tenant.workshop WHERE code = 'gone'") == []


async def test_all_rules_of_all_records_are_told_at_once(database: Database, ruled: Context) -> None:
    results = await insert(
        database,
        ruled,
        {"Code": "all-1", "Budget": -1, "Region": "North"},
        {"Code": "all-2"},
        {"Code": "all-3", "Region": "North"},
    )

    assert [sorted(each) for each in told(results)] == [
        ["A budget is not negative.", "A workshop in the north needs a phone."],
        [],
        ["A workshop in the north needs a phone."],
    ]


async def test_what_is_fine_is_kept_in_order(database: Database, ruled: Context, rows: Rows) -> None:
    budgets = [1, -1, 2, -2, 3]
    results = await insert(database, ruled, *({"Code": f"some-{n}", "Budget": n} for n in budgets))

    assert [each.success for each in results] == [True, False, True, False, True]
    kept = await rows("SELECT id, code FROM tenant.workshop WHERE code LIKE 'some-%%' ORDER BY code")
    assert kept == [(results[0].id, "some-1"), (results[2].id, "some-2"), (results[4].id, "some-3")]
    history = await rows(
        "SELECT count(*) FROM tenant.field_history WHERE record_id = ANY (%(ids)s)", ids=[each[0] for each in kept]
    )
    assert history == [(3,)]


async def test_all_or_none_keeps_nothing(database: Database, ruled: Context, rows: Rows) -> None:
    results = await insert(database, ruled, {"Code": "aon-1"}, {"Code": "aon-2", "Budget": -1}, all_or_none=True)

    assert [codes(each.problems) for each in results] == [["all_or_none_operation_rolled_back"], [BROKEN]]
    assert await rows("SELECT FROM tenant.workshop WHERE code LIKE 'aon-%%'") == []


async def test_a_callers_transaction_goes_on_after_a_refusal(database: Database, ruled: Context, rows: Rows) -> None:
    async with database.transaction(ruled.binding) as transaction:
        [bad] = await write_within(
            transaction, ruled, "Workshop", "insert", [{"Name": "w", "Code": "in-1", "Budget": -1}], all_or_none=True
        )
        [good] = await write_within(transaction, ruled, "Workshop", "insert", [{"Name": "w", "Code": "in-2"}])

    assert (codes(bad.problems), good.success) == ([BROKEN], True)
    assert await rows("SELECT code FROM tenant.workshop WHERE code LIKE 'in-%%'") == [("in-2",)]


async def test_old_values_are_known(database: Database, ruled: Context) -> None:
    [made] = await insert(database, ruled, {"Code": "old", "Budget": 100})

    await update_record(database, ruled, "Workshop", made.id, {"Budget": 60})
    with pytest.raises(Invalid) as refused:
        await update_record(database, ruled, "Workshop", made.id, {"Budget": 20})
    await update_record(database, ruled, "Workshop", made.id, {"Notes": "not about money"})

    assert refused.value.problems[0].message == "A budget can't be cut by half."


async def test_a_rule_of_updates_is_not_asked_of_new_records_of_the_same_batch(
    database: Database, ruled: Context
) -> None:
    await insert(database, ruled, {"Code": "mix-1", "Budget": 100})

    results = await write_records(
        database,
        ruled,
        "Workshop",
        "upsert",
        [{"Code": "mix-1", "Budget": 1}, {"Code": "mix-2", "Name": "mix-2", "Budget": 1}],
        external_id_field="Code",
    )

    assert told(results) == [["A budget can't be cut by half."], []]


async def test_a_formula_that_fails_refuses_the_record_and_says_so(database: Database, ruled: Context) -> None:
    [result] = await insert(database, ruled, {"Code": "fails", "Rating": 0})

    [problem] = result.problems
    assert (problem.code, problem.fields) == (BROKEN, ("Rating",))
    assert "Workshop.Rating_Divides__c" in problem.message


async def test_a_rule_is_for_its_record_types(database: Database, ruled: Context) -> None:
    ids = ruled.snapshot.objects["Workshop"].record_type_ids

    results = await insert(
        database,
        ruled,
        {"Code": "type-1", "RecordTypeId": ids["Independent"]},
        {"Code": "type-2", "RecordTypeId": ids["Dealer"]},
    )

    assert told(results) == [["An independent workshop has a website."], []]


async def test_a_rule_sees_the_others_of_its_batch(database: Database, ruled: Context, rows: Rows) -> None:
    foreman = ruled.principal.user_id

    both = await insert(
        database, ruled, {"Code": "sib-1", "ForemanId": foreman}, {"Code": "sib-2", "ForemanId": foreman}
    )
    assert told(both) == [["A foreman has one workshop."], ["A foreman has one workshop."]]
    [first] = await insert(database, ruled, {"Code": "sib-3", "ForemanId": foreman})
    [second] = await insert(database, ruled, {"Code": "sib-4", "ForemanId": foreman})
    assert (first.success, second.success) == (True, False)

    exempt = replace(ruled, policy=replace(ruled.policy, grants=_holding(ruled, "Overbook__c")))
    [third] = await insert(database, exempt, {"Code": "sib-5", "ForemanId": foreman})

    assert third.success
    assert await rows("SELECT count(*) FROM tenant.workshop WHERE code LIKE 'sib-%%'") == [(2,)]
    await write_records(database, ruled, "Workshop", "delete", [{"Id": first.id}, {"Id": third.id}])


def _holding(context: Context, permission: str) -> Any:
    grants = context.policy.grants
    return replace(grants, identity=f"{grants.identity}+{permission}", custom=grants.custom | {permission})


async def test_a_rule_reads_the_parent(database: Database, ruled: Context) -> None:
    [parent] = await insert(database, ruled, {"Code": "parent", "Margin": 4})

    results = await insert(
        database,
        ruled,
        {"Code": "child-1", "ParentWorkshopId": parent.id, "Margin": 5},
        {"Code": "child-2", "ParentWorkshopId": parent.id, "Margin": 3},
        {"Code": "child-3", "Margin": 5},
    )

    assert told(results) == [["A branch earns no more than its parent."], [], []]


async def test_messages_speak_the_users_language(database: Database, ruled: Context) -> None:
    chinese = replace(ruled, principal=replace(ruled.principal, language="zh_CN"))

    [result] = await insert(database, chinese, {"Code": "zh", "Budget": -1})

    assert told([result]) == [["预算不能为负数。"]]


async def test_rules_hold_for_automation_too(database: Database, ruled: Context) -> None:
    [result] = await insert(database, as_automation(ruled), {"Code": "auto", "Budget": -1})

    assert codes(result.problems) == [BROKEN]


async def test_a_batch_costs_as_many_statements_as_one_record(
    database: Database, ruled: Context, counted: Counted
) -> None:
    async def write(count: int, prefix: str) -> tuple[tuple[int, int], tuple[int, int]]:
        made = [{"Code": f"{prefix}-{n}", "Budget": 10, "OwnerId": ruled.principal.user_id} for n in range(count)]
        with counted() as creating:
            results = await insert(database, ruled, *made, all_or_none=True)
        with counted() as updating:
            changes = [{"Id": result.id, "Budget": 11} for result in results]
            updated = await write_records(database, ruled, "Workshop", "update", changes, all_or_none=True)
        assert all(result.success for result in [*results, *updated])
        return (creating.trips, creating.statements), (updating.trips, updating.statements)

    one = await write(1, "one")
    many = await write(200, "many")

    # ask (timeout, lock, load); write (update, event, history, timeout, lock of what EXISTS asks for, question); commit
    assert one[1] == many[1] == (3, 9)
    assert many[0] == (4, 8)  # number; ask (unique); write (insert, event, history, timeout, lock, question); commit
    assert one[0][0] <= 4  # a number may be left from the last block


async def test_a_refused_batch_is_written_again_without_what_was_refused(
    database: Database, ruled: Context, counted: Counted
) -> None:
    with counted() as traffic:
        results = await insert(database, ruled, *({"Code": f"again-{n}", "Budget": n - 100} for n in range(200)))

    assert sum(result.success for result in results) == 100
    assert traffic.trips <= 7  # number; ask; write; back; write; commit


async def test_records_that_make_each_other_wrong_are_refused_in_bounded_rounds(
    database: Database, ruled: Context, snapshots: SnapshotStore, rows: Rows
) -> None:
    chained = await with_components(
        database,
        snapshots,
        ruled,
        {
            ("validation_rule", "Workshop.Chain__c"): {
                "formula": (
                    'AND(BEGINS(Code, "chain-"), VALUE(MID(Code, 7, 2)) > 1,'
                    ' NOT(EXISTS("Workshop", Name = $This.Notes)))'
                ),
                "message": "The one before is missing.",
            }
        },
    )
    codes_in_order = [f"chain-{n:02}" for n in range(1, 9)]
    records: list[dict[str, Any]] = [{"Code": code, "Notes": f"chain-{n:02}"} for n, code in enumerate(codes_in_order)]
    records[1]["Budget"] = -1  # without the second, the third is wrong, and so on: each round refuses one more

    results = await insert(database, chained, *records)

    assert [result.success for result in results] == [True, *[False] * 7]
    assert await rows("SELECT code FROM tenant.workshop WHERE code LIKE 'chain-%%'") == [("chain-01",)]


async def test_a_tenant_switches_a_rule_off_and_on(
    database: Database, snapshots: SnapshotStore, ruled: Context
) -> None:
    off = {("switch", "validation_rule.Workshop.Budget_Positive__c"): {"active": False}}
    without = await with_components(database, snapshots, ruled, off)

    [result] = await insert(database, without, {"Code": "switched", "Budget": -1})
    async with database.transaction(Binding(ruled.tenant.id)) as transaction:
        key = ComponentKey("switch", "validation_rule.Workshop.Budget_Positive__c")
        await delete_component(transaction, snapshots, key, OPERATOR)
    again = await afresh(database, snapshots, ruled)
    with pytest.raises(Invalid):
        await create_record(database, again, "Workshop", {"Name": "w", "Code": "switched-2", "Budget": -1})

    assert result.success


async def test_two_at_the_same_time_do_not_both_take_what_is_there_once(
    database: Database, snapshots: SnapshotStore, ruled: Context, rows: Rows
) -> None:
    ruled, foreman = await afresh(database, snapshots, ruled), ruled.principal.user_id

    results = await asyncio.gather(
        *(insert(database, ruled, {"Code": f"race-{n}", "ForemanId": foreman}) for n in range(5))
    )

    assert sorted(result.success for [result] in results) == [False, False, False, False, True]
    kept = await rows("SELECT id FROM tenant.workshop WHERE code LIKE 'race-%%'")
    assert len(kept) == 1
    await write_records(database, ruled, "Workshop", "delete", [{"Id": kept[0][0]}])


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        ({"formula": "Budgt < 0"}, "unknown_name", "Did you mean 'Budget'"),
        ({"formula": "Budget"}, "wrong_kind", "a boolean"),
        ({"formula": "Budget < 0", "field": "Budgt"}, "unknown_field", "Budget"),
        ({"formula": "Budget < 0", "record_types": ["Deeler"]}, "unknown_record_type", "Dealer"),
        ({"formula": "Budget < 0", "bypass_permission": "Overbok__c"}, "unknown_custom_permission", "Overbook__c"),
    ],
)
async def test_a_rule_that_means_nothing_is_refused_when_it_is_saved(
    database: Database, snapshots: SnapshotStore, ruled: Context, body: dict[str, Any], code: str, word: str
) -> None:
    rule = {("validation_rule", "Workshop.Wrong__c"): {"message": "No.", **body}}

    with pytest.raises(Invalid) as refused:
        await with_components(database, snapshots, ruled, rule)

    [problem] = refused.value.problems
    assert problem.code == code
    assert word in problem.message
