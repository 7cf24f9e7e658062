"""Who may be contacted: what was said last counts, for this purpose and channel, unless the person's data must rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chassis_metadata.errors import ChassisError, Invalid
from chassis_platform.automation.consent import may_contact, not_restricted
from chassis_platform.automation.flows.runner import start
from chassis_platform.automation.segments import refresh
from chassis_platform.plan.listing import ListRequest
from chassis_platform.privacy.consents import consent_overview
from chassis_platform.records.export import export_list
from privacy.test_automotive import office as office  # noqa: PLC0414  the automotive tenant

if TYPE_CHECKING:
    from privacy.conftest import Office


async def purpose(office: Office, code: str) -> str:
    return office.desk.world.record(
        "DataUsePurpose", Name=code, PurposeCode=code, LegalBasis="Consent", RetentionMonths=12, NoticeVersion="1"
    )


def consent(office: Office, person: str, of: str, status: str, year: int, channel: str | None = "Email") -> None:
    office.desk.world.record(
        "ContactPointConsent",
        PersonId=person,
        DataUsePurposeId=of,
        Channel=channel,
        ConsentStatus=status,
        CapturedTime=f"{year}-01-01T00:00:00Z",
    )


def restrict(office: Office, person: str) -> None:
    office.desk.world.record(
        "DataSubjectRequest",
        PersonId=person,
        RequestType="Restrict",
        ReceivedChannel="Email",
        ReceivedTime="2025-01-01T00:00:00Z",
        Status="Fulfilled",
    )


async def allowed(office: Office, code: str, persons: list[str], channel: str | None = "Email") -> set[str]:
    context = await office.context("olga")
    async with office.desk.database.transaction(context.binding) as transaction:
        return set(await may_contact(transaction, context, code, channel, persons))


async def test_what_somebody_said_last_counts_for_this_purpose_and_channel(office: Office) -> None:
    news, survey = await purpose(office, "NEWS"), await purpose(office, "SURVEY")
    said_yes, withdrew, other, silent, any_channel = (
        office.desk.world.record("Account", Name=f"Person {number}") for number in range(5)
    )
    consent(office, said_yes, news, "OptOut", 2020)
    consent(office, said_yes, news, "OptIn", 2024)
    consent(office, withdrew, news, "OptIn", 2020)
    consent(office, withdrew, news, "OptOut", 2024)
    consent(office, other, survey, "OptIn", 2024)
    consent(office, other, news, "OptIn", 2024, "Sms")
    consent(office, any_channel, news, "OptIn", 2024, None)
    everyone = [said_yes, withdrew, other, silent, any_channel]

    assert await allowed(office, "NEWS", everyone) == {said_yes, any_channel}
    assert await allowed(office, "NEWS", everyone, "Sms") == {other, any_channel}
    assert await allowed(office, "SURVEY", everyone) == {other}
    assert await allowed(office, "NOTHING", everyone) == set()


async def test_whoever_had_processing_restricted_is_not_contacted(office: Office) -> None:
    offers = await purpose(office, "OFFERS")
    free, restricted = (office.desk.world.record("Account", Name=f"Person {number}") for number in range(2))
    for each in (free, restricted):
        consent(office, each, offers, "OptIn", 2024)
    restrict(office, restricted)

    context = await office.context("olga")
    async with office.desk.database.transaction(context.binding) as transaction:
        left = await not_restricted(transaction, context, [free, restricted])

    assert await allowed(office, "OFFERS", [free, restricted]) == {free}
    assert left == {free}


async def test_a_segment_leaves_out_whose_data_must_rest(office: Office) -> None:
    free, restricted = (office.desk.world.record("Account", Name="Segment person") for _ in range(2))
    await office.desk.declare(
        "segment", "People__c", label="People", object="Account", groups=[{"criteria": 'Name = "Segment person"'}]
    )

    assert await members(office) == {free, restricted}
    restrict(office, restricted)
    assert await members(office) == {free}


async def members(office: Office) -> set[str]:
    context = await office.context("olga")
    async with office.desk.database.transaction(context.binding) as transaction:
        await refresh(transaction, context, "People__c")
    rows = office.desk.sql(
        "SELECT record_id FROM data.segment_member WHERE left_at IS NULL AND segment_name = 'People__c'"
    )
    return {row[0] for row in rows}


async def test_an_e_mail_with_a_purpose_goes_only_to_who_agreed(office: Office) -> None:
    offers = await purpose(office, "MAILS")
    yes, no = (
        office.desk.world.record("Account", Name="Reader", PersonEmail=f"{name}@example.com") for name in ("yes", "no")
    )
    consent(office, yes, offers, "OptIn", 2024)
    texts = {"label": "Offer", "object": "Account", "subject": "An offer", "text": "Hello {!Name}"}
    await office.desk.declare("email_template", "Offer__c", **texts)
    step = {"template": "Offer__c", "to": [{"email": "PersonEmail"}], "purpose": "MAILS"}
    flow = {"label": "Offer", "object": "Account", "trigger": {"sub": {}}, "steps": [{"email": step}]}
    await office.desk.declare("flow", "Offer__c", **flow)

    context = await office.context("olga")
    async with office.desk.database.transaction(context.binding) as transaction:
        await start(transaction, context, "Offer__c", [yes, no])

    assert office.desk.sql("SELECT to_address FROM data.email_message WHERE template = 'Offer__c'") == [
        ("yes@example.com",)
    ]


async def test_no_e_mail_to_people_forgets_to_say_what_for(office: Office) -> None:
    step: dict[str, Any] = {"template": "Offer__c", "to": [{"email": "PersonEmail"}]}
    flow = {"label": "Answer", "object": "Account", "trigger": {"sub": {}}}
    for wrong in (step, {**step, "purpose": "MAILS", "without_consent": "Answers"}):
        with pytest.raises(Invalid, match="without_consent"):
            await office.desk.declare("flow", "Answer__c", **flow, steps=[{"email": wrong}])
    await office.desk.declare("flow", "Answer__c", **flow, steps=[{"email": {**step, "without_consent": "Answers"}}])


async def test_many_persons_cost_one_round_trip(office: Office, counted: Any) -> None:
    offers = await purpose(office, "MANY")
    persons = [office.desk.world.record("Account", Name=f"Person {number}") for number in range(20)]
    for each in persons:
        consent(office, each, offers, "OptIn", 2024)

    with counted() as counts:
        assert await allowed(office, "MANY", persons) == set(persons)
    assert len(counts) == 1


@pytest.mark.parametrize("persons", [[], ["001000000000000001"]])
async def test_nobody_and_strangers_may_not(office: Office, persons: list[str]) -> None:
    assert await allowed(office, "NEWS", persons) == set()


async def test_the_overview_counts_what_people_said_last(office: Office) -> None:
    event = await purpose(office, "EVENT")
    people = [office.desk.world.record("Account", Name=f"Guest {number}") for number in range(3)]
    for person in people:
        consent(office, person, event, "OptIn", 2020)
    consent(office, people[0], event, "OptOut", 2024)
    consent(office, people[0], event, "OptIn", 2024, channel="Sms")
    before = await restricted_people(office)
    restrict(office, people[1])

    [model] = await consent_overview(office.desk.database, await office.context("olga"))

    assert [each for each in model["figures"] if each["purpose"] == "EVENT"] == [
        {"purpose": "EVENT", "channel": "Email", "agreed": 2, "others": 1},
        {"purpose": "EVENT", "channel": "Sms", "agreed": 1, "others": 0},
    ]
    assert model["restriction"] == {
        "object": "DataSubjectRequest",
        "person": "PersonId",
        "values": {"RequestType": "Restrict"},
        "people": before + 1,
    }


async def restricted_people(office: Office) -> int:
    [model] = await consent_overview(office.desk.database, await office.context("olga"))
    return int(model["restriction"]["people"])


async def exported(office: Office, object_name: str, **wanted: Any) -> set[str]:
    request = ListRequest(("Name",), **wanted)
    chunks = [
        each async for each in export_list(office.desk.database, await office.context("olga"), object_name, request)
    ]
    return set(b"".join(chunks).decode().splitlines()[1:])


async def test_an_export_with_a_purpose_leaves_out_who_did_not_agree_to_it(office: Office) -> None:
    letters = await purpose(office, "LETTERS")
    yes, by_phone, no, silent, restricted = (
        office.desk.world.record("Account", Name=f"Exported{number}") for number in range(5)
    )
    for person, status, channel in (
        (yes, "OptIn", "Email"), (by_phone, "OptIn", "Phone"), (no, "OptIn", "Email"), (restricted, "OptIn", "Email"),
    ):  # fmt: skip
        consent(office, person, letters, status, 2023, channel)
    consent(office, no, letters, "OptOut", 2024)
    restrict(office, restricted)
    office.desk.world.record("Contact", Name="OfYes", LastName="OfYes", AccountId=yes)
    office.desk.world.record("Contact", Name="OfSilent", LastName="OfSilent", AccountId=silent)

    assert {"Exported0", "Exported3"} < await exported(office, "Account")
    assert await exported(office, "Account", purpose="LETTERS") == {"Exported0", "Exported1"}
    assert await exported(office, "Account", purpose="LETTERS", channel="Email") == {"Exported0"}
    assert await exported(office, "Account", purpose="OTHER") == set()
    assert await exported(office, "Contact", purpose="LETTERS", person="AccountId") == {"OfYes"}
    last = "SELECT purpose, record_count FROM data.access_log WHERE door = 'export_total' ORDER BY id DESC LIMIT 1"
    assert office.desk.sql(last) == [("LETTERS", 1)]
    for wrong in ({"person": "AccountId"}, {"purpose": "LETTERS", "person": "Name"}):
        with pytest.raises(ChassisError):
            await exported(office, "Contact", **wrong)


async def test_a_webhook_with_a_purpose_says_nothing_of_who_did_not_agree(office: Office) -> None:
    sharing = await purpose(office, "SHARING")
    yes, no = (office.desk.world.record("Account", Name=name) for name in ("Agreed", "Silent"))
    consent(office, yes, sharing, "OptIn", 2024, None)
    await office.desk.declare("setting", "Partner__c", label="Partner", type="text", default="https://partner.example")
    step = {"url": "Partner__c", "body": {"who": "Id"}, "purpose": "SHARING", "person": "Id"}
    flow = {"label": "Tell", "object": "Account", "trigger": {"sub": {}}, "steps": [{"webhook": step}]}
    await office.desk.declare("flow", "Tell__c", **flow)

    context = await office.context("olga")
    async with office.desk.database.transaction(context.binding) as transaction:
        await start(transaction, context, "Tell__c", [yes, no])

    said = office.desk.sql("SELECT payload -> 'document' FROM chassis.job WHERE kind = 'call_webhook'")
    assert said == [({"who": yes},)]
