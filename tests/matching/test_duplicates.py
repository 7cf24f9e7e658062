"""Saving what is there already: refused, warned of or told, with the candidates that the user may see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from chassis_platform.records.write import create_record, delete_record, undelete_record, write_records
from matching_desk import Desk, matches, wide

OPEN_LEAD = "There is an open lead of this person already."


@pytest.fixture(scope="module", autouse=True)
async def rules(desk: Desk) -> None:
    keys = [{"name": "Phone", "compare": [{"field": "Phone", "normalise": ["width", "digits"], "country_code": "86"}]}]
    await desk.declare("matching_rule", "Phone__c", label="Phone", object="Lead", keys=keys)
    await desk.declare(
        "duplicate_rule", "Block_Phone__c", label="Phone", object="Lead", matching_rules=["Phone__c"],
        on_create="block", on_update="block", message="The phone is taken.",
    )  # fmt: skip


async def test_a_blocked_duplicate_is_refused_and_tells_the_candidate(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", LastName="Wu", Phone="021-5555 0001")

    problem = await desk.refused(ann, "Lead", LastName="Wu", Phone="+86 021 5555 0001")

    assert problem.code == "duplicates_detected"
    assert problem.message == "The phone is taken."
    assert matches(problem) == [first]
    result = problem.details["duplicateResult"]
    assert (result["allowSave"], result["duplicateRule"], result["duplicateRuleEntityType"]) == (
        False, "Block_Phone__c", "Lead",
    )  # fmt: skip
    [found] = result["matchResults"]
    assert (found["matchEngine"], found["rule"], found["size"], found["success"]) == ("EXACT", "Phone__c", 1, True)
    assert found["matchRecords"][0]["matchConfidence"] == 100


async def test_allow_save_does_not_lift_a_block(desk: Desk) -> None:
    ann = await desk.user("ann", allow=True)
    await desk.create(ann, "Lead", LastName="Wu", Phone="021-5555 0002")

    assert (await desk.refused(ann, "Lead", LastName="Wu", Phone="021 55550002")).code == "duplicates_detected"


async def test_a_candidate_that_the_user_may_not_see_is_not_named(desk: Desk, ann: Context, ben: Context) -> None:
    await desk.create(ann, "Lead", LastName="Hidden", Phone="021-5555 0003")

    problem = await desk.refused(ben, "Lead", LastName="Other", Phone="021-5555 0003")

    assert matches(problem) == []
    assert problem.details["duplicateResult"]["hasHiddenMatches"] is True


async def test_an_update_is_asked_when_a_compared_field_changes(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", LastName="A", Phone="021-5555 0004")
    second = await desk.create(ann, "Lead", LastName="B", Phone="021-5555 0005")

    with pytest.raises(ChassisError) as caught:
        await desk.update(ann, "Lead", second, Phone="02155550004")
    assert matches(caught.value.problems[0]) == [first]

    await desk.update(ann, "Lead", first, Phone="021-5555 0006")
    await desk.update(ann, "Lead", second, Phone="02155550004")


async def test_an_update_of_other_fields_is_not_asked(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", LastName="A", Phone="021-5555 0007")
    desk.sql("UPDATE data.lead SET phone = '021-5555 0008' WHERE id = %s", first)  # past the write road
    await desk.create(ann, "Lead", LastName="B", Phone="021-5555 0008")

    await desk.update(ann, "Lead", first, LastName="Other name")


async def test_a_record_in_the_recycle_bin_is_no_candidate(desk: Desk, admin: Context, ann: Context) -> None:
    first = await desk.create(ann, "Lead", LastName="A", Phone="021-5555 0009")
    await delete_record(desk.database, admin, "Lead", first)

    second = await desk.create(ann, "Lead", LastName="A", Phone="021-5555 0009")
    await delete_record(desk.database, admin, "Lead", second)
    await undelete_record(desk.database, admin, "Lead", first)

    assert matches(await desk.refused(ann, "Lead", LastName="A", Phone="021-5555 0009")) == [first]


async def test_of_equal_records_in_one_batch_the_first_is_saved(desk: Desk, ann: Context) -> None:
    records = [{"LastName": f"N{place}", "Phone": "021-5555 0010"} for place in range(3)]

    results = await desk.insert(ann, "Lead", *records, {"LastName": "other", "Phone": "021-5555 0011"})

    assert [each.success for each in results] == [True, False, False, True]
    assert results[1].problems[0].code == "duplicates_detected"
    assert desk.sql("SELECT count(*) FROM data.lead WHERE phone = '021-5555 0010'") == [(1,)]


async def test_all_or_none_saves_nothing(desk: Desk, ann: Context) -> None:
    records = [{"LastName": f"N{place}", "Phone": "021-5555 0012"} for place in range(2)]

    results = await write_records(desk.database, ann, "Lead", "insert", records, all_or_none=True)

    assert [each.success for each in results] == [False, False]
    assert desk.sql("SELECT count(*) FROM data.lead WHERE phone = '021-5555 0012'") == [(0,)]


async def test_of_two_at_the_same_moment_one_is_blocked(desk: Desk, ann: Context, ben: Context) -> None:
    for turn in range(5):
        values = {"LastName": "Race", "Phone": f"021-6666 00{turn:02}"}
        made = [create_record(desk.database, each, "Lead", values) for each in (ann, ben, ann, ben)]

        outcomes = await asyncio.gather(*made, return_exceptions=True)

        codes = [each.problems[0].code for each in outcomes if isinstance(each, ChassisError)]
        assert codes == ["duplicates_detected"] * 3


async def test_two_large_batches_at_the_same_moment_share_no_record(desk: Desk, ann: Context, ben: Context) -> None:
    records = [{"LastName": f"L{place}", "Phone": f"021-7777 {place:04}"} for place in range(60)]

    both = await asyncio.gather(desk.insert(ann, "Lead", *records), desk.insert(ben, "Lead", *reversed(records)))

    assert sum(result.success for results in both for result in results) == 60
    assert desk.sql("SELECT count(*) FROM data.lead WHERE phone LIKE '021-7777%%'") == [(60,)]


async def test_what_is_reported_is_saved_told_and_kept(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", LastName="Chen", MobilePhone="13800000001")

    made = await create_record(desk.database, ann, "Lead", {"LastName": "Chen", "MobilePhone": "+86 138 0000 0001"})

    [warning] = made.warnings
    assert (warning.message, matches(warning)) == (OPEN_LEAD, [first])
    assert items_of(desk, "Repeat_Enquiry", str(made.id)) == {first, made.id}


async def test_a_third_joins_the_set_of_the_first_two(desk: Desk, ann: Context) -> None:
    made = [await desk.create(ann, "Lead", LastName="Chen", MobilePhone="13800000002") for _ in range(3)]

    assert items_of(desk, "Repeat_Enquiry", made[2]) == set(made)
    counts = "SELECT s.record_count FROM data.duplicate_record_set s JOIN data.duplicate_record_item i"
    counts += " ON i.duplicate_record_set_id = s.id WHERE i.record_id = %s"
    assert desk.sql(counts, made[0]) == [(3,)]


def items_of(desk: Desk, rule: str, record_id: str) -> set[Any]:
    rows = desk.sql(
        "SELECT i.record_id FROM data.duplicate_record_item i JOIN data.duplicate_record_set s"
        " ON s.id = i.duplicate_record_set_id WHERE s.duplicate_rule_name = %s AND s.id IN"
        " (SELECT duplicate_record_set_id FROM data.duplicate_record_item WHERE record_id = %s)",
        rule,
        record_id,
    )
    return {row[0] for row in rows}


async def test_the_other_records_criteria_are_asked(desk: Desk, ann: Context) -> None:
    first = await desk.create(ann, "Lead", LastName="Li", MobilePhone="13800000003")
    await desk.update(ann, "Lead", first, Status="Lost")

    made = await create_record(desk.database, ann, "Lead", {"LastName": "Li", "MobilePhone": "13800000003"})

    assert made.warnings == ()


async def test_a_warning_has_to_be_confirmed_by_who_can_be_asked(desk: Desk, ann: Context) -> None:
    values = {"LastName": "Zhao", "PersonMobilePhone": "13800000004"}
    first = await desk.create(ann, "Account", **values)

    problem = await desk.refused(ann, "Account", **values)
    assert problem.details["duplicateResult"]["allowSave"] is True
    assert matches(problem) == [first]

    confirmed = await create_record(desk.database, await desk.user("ann", allow=True), "Account", values)
    assert matches(confirmed.warnings[0]) == [first]
    inbound = await create_record(desk.database, await desk.user("ann", kind="inbound"), "Account", values)
    assert set(matches(inbound.warnings[0])) == {first, confirmed.id}


async def test_the_message_is_in_the_users_language(desk: Desk, ann: Context) -> None:
    values = {"LastName": "Qian", "PersonMobilePhone": "13800000005"}
    await desk.create(ann, "Account", **values)

    assert (await desk.refused(ann, "Account", **values)).message == "This person may be a customer already."
    chinese = await desk.user("ann", language="zh_CN")
    assert (await desk.refused(chinese, "Account", **values)).message == "此人可能已是客户。"


async def test_a_lead_meets_accounts_and_contacts(desk: Desk, ann: Context) -> None:
    account = await desk.create(ann, "Account", LastName="Sun", PersonMobilePhone="13800000006")
    contact = await desk.create(ann, "Contact", LastName="李雷", Email="li@example.com", AccountId=account)

    by_mobile = await create_record(desk.database, ann, "Lead", {"LastName": "S", "MobilePhone": "138 0000 0006"})
    by_name = await create_record(desk.database, ann, "Lead", {"LastName": "李蕾", "Email": "LI@example.com"})

    assert matches(by_mobile.warnings[0]) == [account]
    assert matches(by_name.warnings[0]) == [contact]
    assert by_name.warnings[0].details["duplicateResult"]["matchResults"][0]["entityType"] == "Contact"


async def test_organisations_with_similar_names_in_a_city_are_warned_of(desk: Desk, ann: Context) -> None:
    business = desk.world.snapshot.objects["Account"].record_type_ids["BusinessCustomer"]
    values = {"RecordTypeId": business, "City": "上海"}
    first = await desk.create(ann, "Account", Name="Pearl River Automotive Trading Co., Ltd", **values)

    problem = await desk.refused(ann, "Account", Name=wide("PEARL") + " RIVER Automotive  Trading Ltd", **values)
    assert matches(problem) == [first]
    near = await desk.refused(ann, "Account", Name="Pearl River Automotive Tradings", **values)
    assert near.details["duplicateResult"]["matchResults"][0]["matchEngine"] == "FUZZY"
    assert 90 <= near.details["duplicateResult"]["matchResults"][0]["matchRecords"][0]["matchConfidence"] < 100

    await desk.create(ann, "Account", Name="Pearl River Trucks", **values)
    await desk.create(ann, "Account", Name="Pearl River Automotive Trading", **{**values, "City": "广州"})


async def test_a_credit_code_is_the_same_in_any_spelling(desk: Desk, ann: Context) -> None:
    business = desk.world.snapshot.objects["Account"].record_type_ids["BusinessCustomer"]
    first = await desk.create(
        ann, "Account", Name="One", RecordTypeId=business, UnifiedSocialCreditCode="91310000MA1FL4XQ0A"
    )

    problem = await desk.refused(
        ann, "Account", Name="Two", RecordTypeId=business, UnifiedSocialCreditCode=wide("91310000") + "MA1FL4XQ0A"
    )

    assert (problem.code, matches(problem)) == ("duplicates_detected", [first])


async def test_the_same_identity_document_is_blocked(desk: Desk, admin: Context) -> None:
    first = await desk.create(admin, "Account", LastName="Zhou", IdNumberHash="ab12")

    assert matches(await desk.refused(admin, "Account", LastName="Other", IdNumberHash="ab12")) == [first]


async def test_a_lead_is_once_in_a_campaign(desk: Desk, ann: Context) -> None:
    lead = await desk.create(ann, "Lead", LastName="Member")
    days = {"StartDate": "2026-03-01", "EndDate": "2026-03-31"}
    campaigns = [await desk.create(ann, "Campaign", Name=name, **days) for name in ("Spring", "Autumn")]
    for campaign in campaigns:
        await desk.create(ann, "CampaignMember", CampaignId=campaign, LeadId=lead)

    problem = await desk.refused(ann, "CampaignMember", CampaignId=campaigns[0], LeadId=lead)

    assert problem.message == "This person is a member of the campaign already."


async def test_two_hundred_records_cost_as_many_statements_as_one(
    desk: Desk, ann: Context, counted: Callable[[], Any]
) -> None:
    def records(count: int, start: int) -> list[dict[str, str]]:
        return [
            {"LastName": f"B{n}", "Phone": f"021-8{start + n:07}", "MobilePhone": f"139{n:08}"} for n in range(count)
        ]

    await desk.insert(ann, "Lead", *records(200, 0))  # what follows matches these: told, kept
    with counted() as few:
        await desk.insert(ann, "Lead", *records(2, 1_000))
    with counted() as many:
        results = await desk.insert(ann, "Lead", *records(200, 2_000))

    assert all(each.success and each.warnings for each in results)
    assert many.trips == few.trips
    assert many.statements <= few.statements


async def test_a_rule_that_is_switched_off_does_nothing(desk: Desk, ann: Context) -> None:
    values = {"LastName": "Off", "Phone": "021-9999 0001"}
    await desk.create(ann, "Lead", **values)
    await desk.declare("switch", "duplicate_rule.Block_Phone__c", active=False)
    try:
        await desk.create(await desk.user("ann"), "Lead", **values)
    finally:
        await desk.declare("switch", "duplicate_rule.Block_Phone__c", active=True)
    assert (await desk.refused(await desk.user("ann"), "Lead", **values)).code == "duplicates_detected"
