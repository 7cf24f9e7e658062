"""An erasure reaches every place where a person is known, and leaves the journal's proofs as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chassis_metadata.errors import ChassisError, Conflict, Forbidden, Invalid
from chassis_platform.access.system import as_automation, as_system
from chassis_platform.audit import seal
from chassis_platform.audit.entries import FORMATS
from chassis_platform.audit.retention import place_hold, release_hold
from chassis_platform.privacy.acts import list_acts, preview
from chassis_platform.records.write import write_records

if TYPE_CHECKING:
    from privacy.conftest import Office


async def person(office: Office, phone: str = "+8613812340001") -> tuple[str, str, str]:
    """A contact who was a lead, with a case and a task."""
    account = await office.make("Account", Name=f"Customer {phone[-4:]}")
    named = {"LastName": "Zhang", "FirstName": "Wei", "AccountId": account}
    contact = await office.make("Contact", **named, MobilePhone=phone, Email="wei@example.com")
    case = await office.make("Case", Subject="Noise", ContactId=contact, ContactName="Zhang Wei", ContactPhone=phone)
    task = await office.make("Task", Name="Call Zhang Wei", WhoId=contact)
    return contact, case, task


async def test_what_would_happen_is_told_and_nothing_does(office: Office) -> None:
    contact, case, task = await person(office)

    found = await preview(office.desk.database, await office.context("olga"), [contact])

    lines = {name: (each["action"], each["records"]) for name, each in found["objects"].items()}
    assert lines == {"Contact": ("anonymise", 1), "Case": ("anonymise", 1), "Task": ("delete", 1)}
    assert office.kept("contact", contact)["mobile_phone"] is not None
    assert office.row("task", task) is not None
    assert case


async def test_records_that_may_be_the_same_person_are_offered(office: Office) -> None:
    contact, _, _ = await person(office, "+8613812340077")
    await office.desk.renew()
    olga = await office.context("olga")
    other, _, _ = await person(office, "+8613812340088")
    office.desk.sql("UPDATE data.contact SET mobile_phone = '+8613812340077' WHERE id = %s", other)

    found = await preview(office.desk.database, olga, [contact])

    assert other in found["alike"]


async def test_fields_are_emptied_rows_removed_and_match_keys_renewed(office: Office) -> None:
    contact, case, task = await person(office, "+8613812340002")
    keys = "SELECT count(*) FROM chassis.match_key WHERE record_id = %s"
    before = office.desk.sql(keys, contact)[0][0]

    act = await office.erase(contact)

    assert act["status"] == "done", act["result"]
    row = office.row("contact", contact)
    assert row is not None
    said = str(row)
    assert "Zhang" not in said
    assert "0002" not in row.get("mobile_phone", "") if row["mobile_phone"] else True
    assert (row["first_name"], row["email"]) == (None, None)
    assert row["last_name"].startswith("Erased ") or contact in row["last_name"]
    assert office.kept("case", case)["contact_phone"] is None
    assert office.row("task", task) is None
    assert act["result"]["removed"] == {"Task": 1}
    assert before == 0 or office.desk.sql(keys, contact)[0][0] < before


async def test_what_the_platform_keeps_about_the_record_goes_too(office: Office) -> None:
    contact, _, _ = await person(office, "+8613812340003")
    world = office.desk.world
    mail = world.record("EmailMessage", ToAddress="wei@example.com", RecordId=contact, TextBody="Dear Zhang Wei")
    notice = world.record(
        "Notification",
        Title="Zhang Wei called",
        RecordId=contact,
        UserId=(await office.context("sam")).principal.user_id,
    )

    await office.erase(contact)

    assert office.row("email_message", mail) is None
    assert office.row("notification", notice) is None


@pytest.mark.parametrize("text_format", FORMATS)
async def test_the_history_keeps_who_and_when_but_not_what_and_the_seals_still_verify(
    office: Office, monkeypatch: pytest.MonkeyPatch, text_format: int
) -> None:
    contact, _, _ = await person(office, f"+861381234004{text_format}")
    entry_id = f"01700000000000000{text_format}"
    olga = await office.context("olga")
    office.desk.sql(
        "INSERT INTO data.field_history (tenant_id, id, name, object_name, record_id, field_name, old_value, new_value,"
        " user_id, created_by_id, last_modified_by_id, created_date, last_modified_date, system_modstamp)"
        " SELECT %s, %s, %s, 'Contact', %s, 'MobilePhone', '+8613812340000', '+8613812340004', %s, %s, %s, m, m, m"
        " FROM (SELECT now() - interval '10 seconds' AS m) t",
        olga.tenant.id,
        *[entry_id] * 2,
        contact,
        *[olga.principal.user_id] * 3,
    )
    with monkeypatch.context() as patch:
        patch.setattr(seal, "FORMAT", text_format)
        await office.seal()
    assert office.verify().is_intact

    await office.erase(contact)
    await office.seal()

    entry = office.row("field_history", entry_id)
    assert entry is not None
    assert (entry["old_value"], entry["new_value"]) == (None, None)
    assert (entry["field_name"], entry["record_id"]) == ("MobilePhone", contact)
    assert office.verify().is_intact, office.verify().findings

    office.desk.sql("UPDATE data.field_history SET new_value = 'x' WHERE id = %s", entry_id)
    assert [each.kind.value for each in office.verify().findings] == ["entry_changed"]
    office.desk.sql("UPDATE data.field_history SET new_value = NULL WHERE id = %s", entry_id)
    office.desk.sql("UPDATE chassis.audit_redacted SET statement = replace(statement, '\"source\"', '\"sourcE\"')")
    assert {each.kind.value for each in office.verify().findings} == {"statement_altered", "entry_changed"}
    office.desk.sql("UPDATE chassis.audit_redacted SET statement = replace(statement, '\"sourcE\"', '\"source\"')")


async def test_nobody_agrees_to_an_erasure_of_their_own(office: Office) -> None:
    contact, _, _ = await person(office, "+8613812340005")
    act_id = await office.ask("erasure", contact, reason="Asked for")

    with pytest.raises(Forbidden):
        await office.decide(act_id, "olga")
    assert (await office.work(act_id))["status"] == "waiting"
    await office.decide(act_id, "paul", agree=False)
    with pytest.raises(Conflict):
        await office.decide(act_id, "paul")
    assert office.kept("contact", contact)["email"] == "wei@example.com"


async def test_a_legal_hold_stops_an_erasure_and_says_so(office: Office) -> None:
    contact, _, _ = await person(office, "+8613812340006")
    olga = await office.context("olga")
    hold = await place_hold(
        office.desk.database, olga.tenant.id, office.actor(olga), scope="record", subject=contact, reason="Lawsuit 7"
    )

    act = await office.erase(contact)
    await release_hold(office.desk.database, olga.tenant.id, office.actor(olga), hold)

    assert act["status"] == "failed"
    assert "Lawsuit 7" in act["result"]["error"]
    assert office.kept("contact", contact)["email"] == "wei@example.com"


async def test_a_job_that_runs_twice_erases_once(office: Office) -> None:
    contact, _, _ = await person(office, "+8613812340007")
    act = await office.erase(contact)

    assert (await office.work(act["id"]))["ended_at"] == act["ended_at"]


async def test_a_person_with_many_records_costs_no_more_statements(office: Office, counted: Any) -> None:
    few, _, _ = await person(office, "+8613812340008")
    many, _, _ = await person(office, "+8613812340009")
    for number in range(5):
        await office.make("Case", Subject=f"Case {number}", ContactId=many, ContactName="Zhang Wei")

    with counted() as first:
        await office.erase(few)
    with counted() as second:
        await office.erase(many)

    assert sum(first) == sum(second)


async def test_what_is_no_person_and_no_reason_are_refused(office: Office) -> None:
    _, case, _ = await person(office, "+8613812340010")

    with pytest.raises(Invalid, match="is no person"):
        await office.ask("erasure", case, reason="Asked for")
    contact, _, _ = await person(office, "+8613812340011")
    with pytest.raises(Invalid, match="Say why"):
        await office.ask("erasure", contact)


async def declare_requests(office: Office) -> None:
    """Cases are requests here: those in progress ask for an erasure, assigned ones for an archive."""
    request = {
        "person": "ContactId",
        "erasure": 'ISPICKVAL(Status, "InProgress")',
        "export": 'ISPICKVAL(Status, "Assigned")',
        "reason": "Subject",
        "done": {"Status": '"Resolved"'},
        "failed": {"Status": '"Escalated"'},
    }
    await office.desk.declare("data_subject", "Requests__c", label="Requests", requests={"Case": request})


async def asked_for(office: Office, request: str) -> list[dict[str, Any]]:
    """The acts that a request started."""
    acts = await list_acts(office.desk.database, await office.context("olga"))
    return [each for each in acts if each["request_id"] == request]


async def test_a_request_that_somebody_agrees_to_is_carried_out_and_answered(office: Office) -> None:
    await declare_requests(office)
    contact, _, _ = await person(office, "+8613812340021")
    request = await office.make("Case", Subject="Forget me", ContactId=contact)

    await office.desk.update(await office.context("paul"), "Case", request, Status="InProgress")
    [act] = await asked_for(office, request)
    olga, paul = await office.context("olga"), await office.context("paul")
    assert (act["status"], act["subjects"], act["reason"]) == ("queued", [contact], "Forget me")
    assert (act["requested_by"], act["decided_by"]) == (olga.principal.user_id, paul.principal.user_id)

    assert (await office.work(act["id"]))["status"] == "done"
    assert office.kept("contact", contact)["email"] is None
    assert office.kept("case", request)["status"] == "Resolved"


async def test_many_requests_agreed_to_at_once_cost_no_more_statements(office: Office, counted: Any) -> None:
    contact, _, _ = await person(office, "+8613812340025")
    requests = [await office.make("Case", Subject=f"Request {n}", ContactId=contact) for n in range(5)]
    paul, database = await office.context("paul"), office.desk.database
    counts = []
    for some in (requests[:2], requests[2:]):
        with counted() as statements:
            agreed = [{"Id": each, "Status": "InProgress"} for each in some]
            assert all(each.success for each in await write_records(database, paul, "Case", "update", agreed))
        counts.append(sum(statements))
    assert counts[0] == counts[1]

    acts = [act for each in requests for act in await asked_for(office, each)]
    assert [act["reason"] for act in acts] == [f"Request {n}" for n in range(5)]
    asked = office.desk.sql("SELECT target_name FROM data.setup_audit_trail WHERE action = 'asked_erasure'")
    assert {act["id"] for act in acts} <= {row[0] for row in asked}
    queued = office.desk.sql("SELECT payload ->> 'act' FROM chassis.job WHERE kind = 'privacy_act'")
    assert {act["id"] for act in acts} <= {row[0] for row in queued}


async def test_an_own_request_waits_for_another_officer_who_may_refuse(office: Office) -> None:
    contact, _, _ = await person(office, "+8613812340022")
    request = await office.make("Case", Subject="Forget me", ContactId=contact)

    await office.desk.update(await office.context("olga"), "Case", request, Status="InProgress")
    [act] = await asked_for(office, request)
    assert (act["status"], act["decided_by"]) == ("waiting", None)

    await office.decide(act["id"], "paul", agree=False)
    assert office.kept("case", request)["status"] == "Escalated"
    assert office.kept("contact", contact)["email"] == "wei@example.com"


async def test_who_may_not_manage_privacy_starts_no_act_but_an_approval_does(office: Office) -> None:
    contact, _, _ = await person(office, "+8613812340023")
    request = await office.make("Case", Subject="My data", ContactId=contact)
    sam = await office.desk.user("sam")

    with pytest.raises(ChassisError) as refused:
        await office.desk.update(as_system(sam, "Case"), "Case", request, Status="Assigned")
    assert "takes an approval" in refused.value.problems[0].message
    await office.desk.update(as_automation(sam), "Case", request, Status="Assigned")

    [act] = await asked_for(office, request)
    assert act["kind"] == "export"
    assert (await office.work(act["id"]))["status"] == "done"
    assert office.kept("case", request)["status"] == "Resolved"


async def test_a_request_that_fails_is_answered_too_and_one_without_a_person_is_refused(office: Office) -> None:
    contact, _, _ = await person(office, "+8613812340024")
    request = await office.make("Case", Subject="Forget me", ContactId=contact)
    olga, paul = await office.context("olga"), await office.context("paul")
    holding = {"scope": "record", "subject": contact, "reason": "Lawsuit 8"}
    hold = await place_hold(office.desk.database, olga.tenant.id, office.actor(olga), **holding)
    await office.desk.update(paul, "Case", request, Status="InProgress")
    [act] = await asked_for(office, request)
    await office.work(act["id"])
    await release_hold(office.desk.database, olga.tenant.id, office.actor(olga), hold)
    nobody = await office.make("Case", Subject="Forget me")

    assert office.kept("case", request)["status"] == "Escalated"
    with pytest.raises(ChassisError, match="names no person"):
        await office.desk.update(paul, "Case", nobody, Status="InProgress")
