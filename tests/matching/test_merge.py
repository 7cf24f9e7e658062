"""Merging: one record stays, with what belonged to all; the others lead to it."""

from __future__ import annotations

from typing import Any

import pytest

from chassis_metadata.errors import Conflict, Forbidden, Invalid, NotFound
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.search import duplicates_of_record
from chassis_platform.automation.merging.merge import MergeRequest, merge_records
from chassis_platform.automation.merging.preview import preview_merge
from chassis_platform.automation.merging.redirect import master_of
from chassis_platform.operator import operator_context
from chassis_platform.records.write import undelete_record
from matching_desk import Desk

DAYS = {"StartDate": "2026-03-01", "EndDate": "2026-03-31"}


@pytest.fixture(scope="module", autouse=True)
async def definitions(desk: Desk) -> None:
    """A summary, and references of the tenant's own: on an object that is there, and on one that the tenant made."""
    named = {"label": "Booking", "plural_label": "Bookings", "key_prefix": "a0V", "sharing": "public_read_write"}
    await desk.declare("object", "Booking__c", **named, name={"type": "text", "label": "Name"})
    for name in ("Booking__c.Host__c", "Contact.Broker__c"):
        await desk.declare("field", name, type="lookup", label="Account", references="Account", indexed=True)
    summary = {"type": "rollup_summary", "label": "People", "child": "Contacts", "function": "count"}
    await desk.declare("field", "Account.People__c", **summary)


@pytest.fixture
async def root(desk: Desk) -> Context:
    return await operator_context(desk.database, desk.world.tenant, desk.world.users["admin"], snapshots=desk.snapshots)


async def merge(desk: Desk, context: Context, master: str, *losers: str, **options: Any) -> list[str]:
    name = desk.world.snapshot.objects_by_prefix[master[:3]].name
    result = await merge_records(desk.database, context, MergeRequest(name, master, losers, **options))
    return list(result.updated_related_ids)


def value(desk: Desk, table: str, column: str, record_id: str) -> Any:
    [[found]] = desk.sql(f"SELECT {column} FROM data.{table} WHERE id = %s", record_id)  # noqa: S608  test's own names
    return found


async def accounts(desk: Desk, context: Context, count: int, **values: object) -> list[str]:
    return [await desk.create(context, "Account", LastName=f"Person {n}", **values) for n in range(count)]


async def test_children_in_many_objects_follow(desk: Desk, admin: Context) -> None:
    stays, goes, goes_too = await accounts(desk, admin, 3)
    contact = await desk.create(admin, "Contact", LastName="C", AccountId=goes)
    case = await desk.create(admin, "Case", Subject="S", AccountId=goes)
    lead = await desk.create(admin, "Lead", LastName="L", LeadProviderId=goes_too)
    below = await desk.create(admin, "Account", LastName="Child", ParentId=goes)
    task = await desk.create(admin, "Task", Name="Call", WhatId=goes)
    deal = await desk.create(admin, "Opportunity", Name="D", AccountId=goes_too, CloseDate="2026-05-01")
    other = await desk.create(admin, "Contact", LastName="Stays", AccountId=stays)

    moved = await merge(desk, admin, stays, goes, goes_too)

    assert {contact, case, lead, below, task, deal} <= set(moved)
    assert other not in moved
    for table, column, child in (
        ("contact", "account_id", contact),
        ("case", "account_id", case),
        ("lead", "lead_provider_id", lead),
        ("account", "parent_id", below),
        ("task", "what_id", task),
        ("opportunity", "account_id", deal),
    ):
        assert value(desk, f'"{table}"', column, child) == stays
        assert value(desk, f'"{table}"', "is_deleted", child) is False
    assert [value(desk, "account", "is_deleted", each) for each in (stays, goes, goes_too)] == [False, True, True]


async def test_references_that_the_tenant_made_follow(desk: Desk, admin: Context, root: Context) -> None:
    stays, goes = await accounts(desk, admin, 2)
    booking = await desk.create(root, "Booking__c", Name="V", Host__c=goes)
    contact = await desk.create(root, "Contact", LastName="C", AccountId=stays, Broker__c=goes)

    assert set(await merge(desk, admin, stays, goes)) == {booking, contact}

    kept = "SELECT text_value FROM data.custom_index WHERE record_id = ANY(%s) ORDER BY 1"
    assert desk.sql(kept, [booking, contact]) == [(stays,), (stays,)]
    assert value(desk, "custom_record", "custom->>'Host__c'", booking) == stays


async def test_summaries_are_right_afterwards(desk: Desk, admin: Context) -> None:
    stays, goes = await accounts(desk, admin, 2)
    for account in (stays, goes, goes):
        await desk.create(admin, "Contact", LastName="C", AccountId=account)

    await merge(desk, admin, stays, goes)

    assert float(value(desk, "account", "custom->>'People__c'", stays)) == 3


async def test_the_history_of_what_was_moved_tells_it(desk: Desk, admin: Context) -> None:
    campaign = await desk.create(admin, "Campaign", Name="C", **DAYS)
    stays, goes = [await desk.create(admin, "Lead", LastName=f"L{n}") for n in range(2)]
    member = await desk.create(admin, "CampaignMember", CampaignId=campaign, LeadId=goes)

    await merge(desk, admin, stays, goes, reason="The same person.")

    assert value(desk, "campaign_member", "lead_id", member) == stays
    history = "SELECT old_value, new_value, user_id FROM data.field_history"
    history += " WHERE field_name = 'merged' AND record_id = %s"
    assert desk.sql(history, goes) == [(goes, stays, desk.world.users["admin"])]
    [[action, new_value]] = desk.sql(
        "SELECT action, new_value FROM data.setup_audit_trail WHERE target_name = %s", stays
    )
    assert action == "mergedRecords"
    assert "The same person." in new_value


async def test_chosen_values_win_and_blanks_are_filled(desk: Desk, admin: Context) -> None:
    stays = await desk.create(admin, "Account", LastName="Wu", City="上海", BillingCity="上海")
    goes = await desk.create(
        admin, "Account", LastName="Wu", FirstName="Min", City="北京", Province="B", BillingCity="北京",
        BillingStreet="1 Road", PersonBirthdate="1990-02-03", IdNumberHash="h1", AccountNumber="A-77",
    )  # fmt: skip

    await merge(desk, admin, stays, goes, sources={"City": goes}, values={"Occupation": "Pilot"})

    columns = "city, province, occupation, person_birthdate::text, id_number_hash, account_number"
    [row] = desk.sql(f"SELECT {columns} FROM data.account WHERE id = %s", stays)  # noqa: S608  test's own names
    assert row == ("北京", "B", "Pilot", "1990-02-03", "h1", "A-77")
    [row] = desk.sql("SELECT first_name, billing_city, billing_street FROM data.account WHERE id = %s", stays)
    assert row == (None, "上海", None)  # a name and an address are of one record


async def test_blanks_can_stay(desk: Desk, admin: Context) -> None:
    stays, goes = await accounts(desk, admin, 2)
    await desk.update(admin, "Account", goes, Occupation="Pilot")

    await merge(desk, admin, stays, goes, fill_blanks=False)

    assert value(desk, "account", "occupation", stays) is None


async def test_what_a_rule_says_cannot_be_overruled(desk: Desk, admin: Context) -> None:
    stays = await desk.create(admin, "Lead", LastName="L", ConsentStatus="Granted")
    goes = await desk.create(admin, "Lead", LastName="L", ConsentStatus="Unknown")
    withdrawn = await desk.create(admin, "Lead", LastName="L", ConsentStatus="Withdrawn")

    with pytest.raises(Invalid, match="a rule says which value stays"):
        await merge(desk, admin, stays, withdrawn, sources={"ConsentStatus": stays})
    await merge(desk, admin, stays, goes, withdrawn)

    assert value(desk, "lead", "consent_status", stays) == "Withdrawn"


async def test_the_losing_id_leads_to_the_one_that_stayed(desk: Desk, admin: Context, ann: Context) -> None:
    first, second, third = await accounts(desk, admin, 3)
    await merge(desk, admin, second, first)
    await merge(desk, admin, third, second)

    assert await master_of(desk.database, admin, first) == third
    assert await master_of(desk.database, admin, second) == third
    assert await master_of(desk.database, admin, third) is None
    assert await master_of(desk.database, ann, first) is None  # she may not see it


async def test_a_loser_that_is_restored_has_nothing_left(desk: Desk, admin: Context) -> None:
    stays, goes = await accounts(desk, admin, 2)
    contact = await desk.create(admin, "Contact", LastName="C", AccountId=goes)
    await merge(desk, admin, stays, goes)

    await undelete_record(desk.database, admin, "Account", goes)

    assert value(desk, "contact", "account_id", contact) == stays


async def test_what_went_into_the_recycle_bin_before_follows_too(desk: Desk, admin: Context) -> None:
    stays, goes = await accounts(desk, admin, 2)
    contact = await desk.create(admin, "Contact", LastName="C", AccountId=goes)
    desk.sql("UPDATE data.contact SET is_deleted = true, deleted_date = now() WHERE id = %s", contact)

    assert await merge(desk, admin, stays, goes) == [contact]


async def test_a_survivor_below_a_loser_takes_its_place(desk: Desk, admin: Context) -> None:
    [top] = await accounts(desk, admin, 1)
    middle = await desk.create(admin, "Account", LastName="M", ParentId=top)
    low = await desk.create(admin, "Account", LastName="L", ParentId=middle)

    await merge(desk, admin, low, middle)

    assert value(desk, "account", "parent_id", low) == top


async def test_a_circle_is_refused_and_nothing_has_happened(desk: Desk, admin: Context) -> None:
    [top] = await accounts(desk, admin, 1)
    middle = await desk.create(admin, "Account", LastName="M", ParentId=top)
    low = await desk.create(admin, "Account", LastName="L", ParentId=middle)

    with pytest.raises(Conflict, match="its own ancestor"):
        await merge(desk, admin, low, top)

    assert value(desk, "account", "parent_id", middle) == top
    assert value(desk, "account", "is_deleted", top) is False


async def test_two_that_hold_something_once_only_are_told(desk: Desk, admin: Context) -> None:
    stays, goes = await accounts(desk, admin, 2)
    people = [await desk.create(admin, "Contact", LastName="C", AccountId=stays) for _ in range(2)]
    for account, person in zip((stays, goes), people, strict=True):
        await desk.update(admin, "Account", account, PersonContactId=person)

    with pytest.raises(Conflict, match="which is unique"):
        await merge(desk, admin, people[0], people[1])


async def test_rights_are_asked(desk: Desk, admin: Context, ann: Context, ben: Context, root: Context) -> None:
    mine, hers = await desk.create(ben, "Account", LastName="B"), await desk.create(ann, "Account", LastName="A")

    with pytest.raises(Forbidden, match="may not delete"):
        await merge(desk, ann, hers, mine)  # a seller deletes no accounts
    with pytest.raises(NotFound):
        await merge(desk, admin, hers, "001000000000000AAA")
    with pytest.raises(Invalid, match="incorrect type"):
        await merge(desk, admin, hers, "003000000000000AAA")
    with pytest.raises(Invalid, match="each once"):
        await merge(desk, admin, hers, hers)
    with pytest.raises(Invalid, match="may choose"):
        await merge(desk, admin, hers, mine, sources={"AccountNo": mine, "CreatedDate": mine})
    user_ids = list(desk.world.users.values())
    with pytest.raises(Invalid, match="can't be merged"):
        await merge(desk, root, user_ids[0], user_ids[1])


async def test_a_version_that_is_old_is_told(desk: Desk, admin: Context) -> None:
    stays, goes = await accounts(desk, admin, 2)
    await desk.update(admin, "Account", stays, City="C")

    with pytest.raises(Conflict, match="saved meanwhile"):
        await merge(desk, admin, stays, goes, version=1)


async def test_the_set_of_what_was_merged_is_settled(desk: Desk, admin: Context) -> None:
    stays, goes = [await desk.create(admin, "Lead", LastName="L", MobilePhone="13700000001") for _ in range(2)]
    sets = "SELECT s.status FROM data.duplicate_record_set s JOIN data.duplicate_record_item i ON i.duplicate_record_set_id = s.id WHERE i.record_id = %s"  # noqa: E501
    assert desk.sql(sets, stays) == [("Open",)]

    await merge(desk, admin, stays, goes)

    assert desk.sql(sets, stays) == [("Merged",)]
    obj = desk.world.snapshot.objects["Lead"]
    assert await duplicates_of_record(desk.database, admin, obj, stays) == []


async def test_a_preview_tells_what_would_stay_and_what_would_move(desk: Desk, admin: Context) -> None:
    stays = await desk.create(admin, "Lead", LastName="L", ConsentStatus="Granted", City="上海")
    goes = await desk.create(admin, "Lead", LastName="L", ConsentStatus="Withdrawn", Company="Pearl")
    await desk.create(admin, "Task", Name="Call", WhoId=goes)
    obj = desk.world.snapshot.objects["Lead"]

    found = await preview_merge(desk.database, admin, obj, [goes, stays], master_id=stays)

    fields = {each["name"]: each for each in found["fields"]}
    assert [each["id"] for each in found["records"]] == [stays, goes]
    assert (fields["ConsentStatus"]["source"], fields["ConsentStatus"]["canChoose"]) == (goes, False)
    assert (fields["City"]["source"], fields["Company"]["source"]) == (stays, goes)
    assert {"object": "Task", "field": "WhoId", "label": "Tasks", "count": 1} in found["related"]


async def test_of_what_both_had_one_stays(desk: Desk, admin: Context) -> None:
    stays, goes, goes_too = [await desk.create(admin, "Lead", LastName=f"L{n}") for n in range(3)]
    spring, autumn = [await desk.create(admin, "Campaign", Name=name, **DAYS) for name in ("Spring", "Autumn")]
    old = await desk.create(admin, "CampaignMember", CampaignId=spring, LeadId=stays)
    repeated = await desk.create(admin, "CampaignMember", CampaignId=spring, LeadId=goes)
    first = await desk.create(admin, "CampaignMember", CampaignId=autumn, LeadId=goes)
    second = await desk.create(admin, "CampaignMember", CampaignId=autumn, LeadId=goes_too)

    await merge(desk, admin, stays, goes, goes_too)

    members = [old, repeated, first, second]
    assert [value(desk, "campaign_member", "is_deleted", each) for each in members] == [False, True, False, True]
