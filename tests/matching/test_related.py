"""Keys made of related records: they follow these, and duplicate rules are asked when these are saved."""

from __future__ import annotations

import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.jobs import build_keys
from chassis_platform.records.write import create_record, delete_record, undelete_record
from matching_desk import Desk, matches

KEYS = [
    {
        "name": "CityAndTitle",
        "compare": [
            {"field": "City"},
            {"related": "Contacts", "field": "Title", "criteria": 'Department = "Board"', "normalise": ["case"]},
        ],
    }
]
FIRM = {"Name": "Firm", "City": "Ulm"}


@pytest.fixture(scope="module", autouse=True)
async def rules(desk: Desk) -> None:
    await desk.declare("matching_rule", "Board__c", label="Board", object="Account", keys=KEYS)
    await desk.declare(
        "duplicate_rule", "Same_Board__c", label="Same board", object="Account", matching_rules=["Board__c"],
        on_create="report", on_update="block", message="Another firm here has such a board.",
    )  # fmt: skip


async def firm(desk: Desk, user: Context, name: str, title: str, *, department: str = "Board") -> tuple[str, str]:
    made = await desk.create(user, "Account", Name=name, City="Ulm", RecordTypeId=business(desk))
    return made, await desk.create(user, "Contact", LastName=name, AccountId=made, Title=title, Department=department)


def business(desk: Desk) -> str:
    return desk.world.snapshot.objects["Account"].record_type_ids["BusinessCustomer"]


async def test_a_related_record_makes_its_parent_match(desk: Desk, admin: Context) -> None:
    first, _ = await firm(desk, admin, "North Star", "Chair one")
    second = await desk.create(admin, "Account", Name="Deep Sea", City="Ulm", RecordTypeId=business(desk))

    problem = await desk.refused(
        admin, "Contact", LastName="B", AccountId=second, Title="chair ONE", Department="Board"
    )

    assert (problem.message, matches(problem)) == ("Another firm here has such a board.", [first])
    await desk.create(admin, "Contact", LastName="B", AccountId=second, Title="Chair one", Department="Sales")


async def test_one_of_several_related_values_is_enough(desk: Desk, admin: Context) -> None:
    first, _ = await firm(desk, admin, "East", "Chair two")
    await desk.create(admin, "Contact", LastName="Other", AccountId=first, Title="Chair three", Department="Board")

    second = await desk.create(admin, "Account", Name="West", City="Ulm", RecordTypeId=business(desk))
    problem = await desk.refused(
        admin, "Contact", LastName="W", AccountId=second, Title="chair three", Department="Board"
    )

    assert matches(problem) == [first]


async def test_what_is_deleted_or_changed_counts_no_more(desk: Desk, admin: Context) -> None:
    _, contact = await firm(desk, admin, "Old", "Chair four")
    await delete_record(desk.database, admin, "Contact", contact)
    second, other = await firm(desk, admin, "New", "Chair four")

    with pytest.raises(ChassisError):
        await undelete_record(desk.database, admin, "Contact", contact)
    await desk.update(admin, "Contact", other, Department="Sales")
    await undelete_record(desk.database, admin, "Contact", contact)

    with pytest.raises(ChassisError) as caught:
        await desk.update(admin, "Contact", other, Department="Board")
    assert caught.value.problems[0].code == "duplicates_detected"
    assert second


async def test_keys_of_what_was_there_before_are_built(desk: Desk, admin: Context) -> None:
    first, _ = await firm(desk, admin, "Built", "Chair five")
    desk.sql("DELETE FROM chassis.match_key WHERE record_id = %s", first)
    desk.sql("UPDATE chassis.match_key_build SET is_done = FALSE, last_id = ''")
    await build_keys(desk.database, desk.snapshots, desk.world.tenant.id)

    second = await desk.create(admin, "Account", Name="Late", City="Ulm", RecordTypeId=business(desk))
    problem = await desk.refused(
        admin, "Contact", LastName="L", AccountId=second, Title="Chair five", Department="Board"
    )

    assert matches(problem) == [first]


async def test_a_new_record_without_related_ones_matches_nothing(desk: Desk, admin: Context) -> None:
    values = {**FIRM, "RecordTypeId": business(desk)}
    assert (await create_record(desk.database, admin, "Account", values)).warnings == ()


@pytest.mark.parametrize(
    ("comparison", "code"),
    [
        ({"related": "Nothing", "field": "Title"}, "unknown_child_relationship"),
        ({"related": "Contacts", "field": "Nothing"}, "unknown_field"),
        ({"related": "Contacts", "field": "Title", "criteria": "1 + 1"}, "wrong_kind"),
        ({"related": "Contacts", "field": "Title", "against": "Name"}, "unused_key"),
        ({"field": "City", "criteria": "TRUE"}, "unused_key"),
    ],
)
async def test_a_comparison_that_means_nothing_is_refused(desk: Desk, comparison: dict[str, str], code: str) -> None:
    keys = [{"name": "Wrong", "compare": [comparison]}]
    with pytest.raises(ChassisError) as caught:
        await desk.declare("matching_rule", "Wrong__c", label="Wrong", object="Account", keys=keys)
    assert code in {each.code for each in caught.value.problems}, caught.value.problems
