"""Every way to name approvers, every thing that a process may do; in processes that a tenant makes for itself."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from approval_office import Office
from chassis_platform.automation.approvals.requests import Outcome, Submission
from chassis_platform.records.write import create_record
from chassis_tenants.customise import ComponentKey, delete_component, save_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR

_numbers = count(1)
SIMPLE_STEP = {"name": "Only", "label": "Only", "approvers": [{"manager": 1}]}


def codes(outcome: Outcome) -> list[str]:
    return [each.code for each in outcome.problems]


async def saved(office: Office, kind: str, name: str, body: dict[str, Any]) -> None:
    """A component of the tenant's own."""
    async with office.database.transaction(Binding(office.world.tenant.id)) as transaction:
        await save_component(transaction, office.snapshots, ComponentKey(kind, name), body, OPERATOR)
    await office.refresh()


async def process(office: Office, *approvers: dict[str, Any], **more: Any) -> str:
    """A process of the tenant's own with one step; answers its name."""
    name = f"Own{next(_numbers)}__c"
    step = {"name": "Only", "label": "Only", "approvers": list(approvers) or [{"manager": 1}], **more.pop("step", {})}
    await saved(office, "approval", name, {"label": name, "object": "Purchase", "order": 900, "steps": [step], **more})
    return name


async def asked_by(office: Office, *approvers: dict[str, Any], by: str = "clerk", **values: Any) -> list[str]:
    """Who is asked for a purchase under a process with these approvers."""
    name = await process(office, *approvers)
    record_id = await office.purchase(by, **values)
    outcome = await office.submit(record_id, by, process=name)
    assert outcome.problems == (), outcome
    asked: list[str] = office.asked(record_id)
    return asked


async def test_a_user_by_name(office: Office) -> None:
    username = f"Stranger@{office.world.tenant.name}.example"

    assert await asked_by(office, {"user": username}) == ["stranger"]


async def test_a_queue(office: Office) -> None:
    assert await asked_by(office, {"queue": "Finance"}) == ["Finance"]


async def test_a_queue_of_which_only_the_submitter_is_a_member_is_nobody(office: Office) -> None:
    world = office.world
    world.sql('UPDATE data."user" SET is_active = false WHERE id = %s', office.user("bookkeeper"))
    try:
        found = await asked_by(office, {"queue": "Finance", "else": [{"role": "Director"}]}, by="accountant")
    finally:
        world.sql('UPDATE data."user" SET is_active = true WHERE id = %s', office.user("bookkeeper"))

    assert found == ["codirector", "director"]


async def test_the_manager_some_levels_up(office: Office) -> None:
    assert await asked_by(office, {"manager": 2}) == ["director"]


async def test_the_manager_of_a_user_on_the_record(office: Office) -> None:
    found = await asked_by(office, {"manager": 1, "of": "Site.BuyerId"}, SiteId=office.ids["Site"])

    assert found == ["director"]


async def test_a_field_by_its_relationship(office: Office) -> None:
    assert await asked_by(office, {"field": "Site.Buyer"}, SiteId=office.ids["Site"]) == ["buyer"]


async def test_a_role_without_the_submitter(office: Office) -> None:
    assert await asked_by(office, {"role": "Director"}, by="director") == ["codirector"]


async def test_a_permission_and_a_permission_set(office: Office) -> None:
    assert await asked_by(office, {"permission": "ApprovePurchases"}) == ["approver"]
    assert await asked_by(office, {"permission_set": "PurchasingAdmin"}) == ["admin"]


async def test_users_whose_field_equals_the_records(office: Office) -> None:
    for name in ("stranger", "buyer"):
        office.world.sql('UPDATE data."user" SET department = %s WHERE id = %s', "Harbour", office.user(name))

    found = await asked_by(
        office, {"permission_set": "Buyer", "match": {"Department": "Site.Name"}}, SiteId=office.ids["Site"]
    )

    assert found == ["buyer", "stranger"]


async def test_users_of_the_nearest_record_above(office: Office) -> None:
    """A region's own members, else those of the region above it."""
    world = office.world
    world.sql('UPDATE data."user" SET department = %s WHERE id = %s', office.ids["Whole"], office.user("approver"))
    search = {"role": "Clerk", "match": {"Department": "Site.RegionId"}, "up": "ParentRegionId"}
    above = {**search, "role": "Director"}
    world.sql('UPDATE data."user" SET department = %s WHERE id = %s', office.ids["Whole"], office.user("codirector"))

    assert await asked_by(office, {**search, "else": [above]}, SiteId=office.ids["Site"]) == ["codirector"]


async def test_members_of_the_records_site(office: Office) -> None:
    office.world.record("SiteMember", SiteId=office.ids["Site"], UserId=office.user("bookkeeper"))
    search = {"members": "SiteMember.UserId", "match": {"SiteId": "SiteId"}}

    assert "bookkeeper" in await asked_by(office, search, SiteId=office.ids["Site"])


async def test_a_formula_answers_whom(office: Office) -> None:
    formula = f'IF(Amount > 100, "{office.user("director")}", Site.BuyerId)'

    assert await asked_by(office, {"formula": formula}, Amount=500) == ["director"]
    assert await asked_by(office, {"formula": formula}, Amount=5, SiteId=office.ids["Site"]) == ["buyer"]


async def test_several_approvers_are_all_asked_and_nobody_twice(office: Office) -> None:
    assert await asked_by(office, {"manager": 1}, {"manager": 1}, {"queue": "Finance"}) == ["Finance", "manager"]


async def test_when_a_step_does_not_apply_the_process_may_end_either_way(office: Office) -> None:
    for way, status in (("approve", "Approved"), ("reject", "Rejected"), ("skip", "Approved")):
        name = await process(office, step={"when": "Amount > 1000", "otherwise": way})
        outcome = await office.submit(await office.purchase(), process=name)
        assert outcome.status == status


async def test_criteria_know_who_submitted(office: Office) -> None:
    name = await process(office, {"field": "Site.BuyerId"}, step={"when": "Site.BuyerId <> ApprovalSubmitterId"})
    own = await office.purchase("buyer", SiteId=office.ids["Site"])

    assert (await office.submit(own, "buyer", process=name)).status == "Approved"


async def test_a_flow_is_started_and_users_are_told(office: Office) -> None:
    body = {
        "label": "After approval",
        "object": "Purchase",
        "trigger": {"sub": {}},
        "steps": [{"update": {"Remark": '"by the flow"'}}],
    }
    await saved(office, "flow", "AfterApproval__c", body)
    name = await process(
        office,
        on_approve=[
            {"flow": "AfterApproval__c"},
            {"notify": {"to": ["Submitter", "Site.BuyerId"], "title": '"Bought: " & Name', "text": "ApprovalComments"}},
        ],
    )
    record_id = await office.purchase(SiteId=office.ids["Site"])
    await office.submit(record_id, process=name)

    await office.approve("manager", record_id, comments="at once")

    assert office.row(record_id, "remark") == "by the flow"
    for reader in ("clerk", "buyer"):
        rows = office.world.sql("SELECT title, body FROM data.notification WHERE user_id = %s", office.user(reader))
        assert ("Bought: Printer", "at once") in rows


async def test_a_flow_submits_records(office: Office) -> None:
    name = await process(office)
    body = {
        "label": "Submit",
        "object": "Purchase",
        "trigger": {"record": {"when": "after_save", "events": ["create"], "criteria": 'Name = "By flow"'}},
        "steps": [{"submit": name}],
    }
    await saved(office, "flow", "SubmitPurchase__c", body)

    record_id = await office.purchase(Name="By flow")

    assert office.asked(record_id) == ["manager"]


async def test_a_formula_that_fails_stops_the_decision_and_says_so(office: Office) -> None:
    name = await process(office, on_approve=[{"update": {"Granted": "Amount / (Amount - 500)"}}])
    record_id = await office.purchase(Amount=500)
    await office.submit(record_id, process=name)

    refused = await office.approve("manager", record_id)

    assert codes(refused) == ["cannot_execute_flow_trigger"]
    assert "Granted" in refused.problems[0].message
    assert office.asked(record_id) == ["manager"]


async def test_percent_fields_get_what_formulas_mean(office: Office) -> None:
    name = await process(office, on_approve=[{"update": {"Discount": "0.04"}}])
    record_id = await office.purchase()
    await office.submit(record_id, process=name)
    await office.approve("manager", record_id)

    assert float(office.row(record_id, "discount")) == 0.04


async def test_a_no_can_lead_to_a_step_for_disputes(office: Office) -> None:
    name = f"Own{next(_numbers)}__c"
    steps = [
        {"name": "Accept", "label": "Accept", "approvers": [{"manager": 1}], "reject_to": "Settle"},
        {"name": "Done", "label": "Done", "approvers": [{"manager": 1}], "when": "false", "otherwise": "approve"},
        {"name": "Settle", "label": "Settle", "approvers": [{"queue": "Finance"}]},
    ]
    await saved(office, "approval", name, {"label": "Dispute", "object": "Purchase", "order": 900, "steps": steps})
    accepted, disputed = await office.purchase(), await office.purchase()
    for each in (accepted, disputed):
        await office.submit(each, process=name)

    assert (await office.approve("manager", accepted)).status == "Approved"
    assert (await office.reject("manager", disputed)).actor_ids == (office.ids["Finance"],)
    assert (await office.approve("accountant", disputed)).status == "Approved"


async def test_an_action_locks_the_record_for_good_and_another_frees_it(office: Office) -> None:
    locking = await process(office, on_approve=[{"lock": True}])
    freeing = await process(office, on_approve=[{"lock": False}])
    record_id = await office.purchase()
    change = {"Id": record_id, "Amount": 1}

    await office.submit(record_id, process=locking)
    await office.approve("manager", record_id)
    [refused] = await office.write("clerk", "update", [change])
    await office.submit(record_id, process=freeing)
    await office.approve("manager", record_id)
    [done] = await office.write("clerk", "update", [change])

    assert [each.code for each in refused.problems] == ["entity_is_locked"]
    assert done.success


async def test_a_process_that_goes_round_by_itself_is_stopped(office: Office) -> None:
    name = f"Own{next(_numbers)}__c"
    steps = [
        {"name": "One", "label": "One", "approvers": [{"manager": 1}], "approve_when": "true"},
        {"name": "Two", "label": "Two", "approvers": [{"manager": 1}], "reject_when": "true", "reject_to": "One"},
    ]
    await saved(office, "approval", name, {"label": "Round", "object": "Purchase", "order": 900, "steps": steps})

    assert codes(await office.submit(await office.purchase(), process=name)) == ["process_without_end"]


async def test_a_process_that_is_switched_off_takes_nothing_and_its_locks_hold(office: Office) -> None:
    name = await process(office)
    record_id = await office.purchase()
    await office.submit(record_id, process=name)

    await saved(office, "switch", f"approval.{name}", {"active": False})

    assert codes(await office.submit(await office.purchase(), process=name)) == ["no_applicable_process"]
    [result] = await office.write("clerk", "update", [{"Id": record_id, "Amount": 1}])
    assert [each.code for each in result.problems] == ["entity_is_locked"]
    assert (await office.approve("manager", record_id)).status == "Approved"


async def test_a_version_that_the_metadata_no_longer_bears_is_told_and_can_be_recalled(office: Office) -> None:
    await saved(office, "field", "Purchase.Extra__c", {"type": "number", "label": "Extra"})
    name = await process(office, on_approve=[{"update": {"Extra__c": "1"}}])
    record_id = await office.purchase()
    await office.submit(record_id, process=name)
    body = {"label": name, "object": "Purchase", "order": 900, "steps": [SIMPLE_STEP]}
    await saved(office, "approval", name, body)
    async with office.database.transaction(Binding(office.world.tenant.id)) as transaction:
        await delete_component(transaction, office.snapshots, ComponentKey("field", "Purchase.Extra__c"), OPERATOR)
    await office.refresh()

    refused = await office.approve("manager", record_id)

    assert codes(refused) == ["process_broken"]
    assert "Extra__c" in refused.problems[0].message
    assert (await office.recall("clerk", record_id)).status == "Removed"


async def test_comments_may_be_demanded_of_every_act(office: Office) -> None:
    name = await process(office, comments_required=["submit", "approve", "recall"])
    record_id = await office.purchase()

    assert codes(await office.submit(record_id, process=name)) == ["required_field_missing"]
    await office.submit(record_id, process=name, comments="please")
    assert codes(await office.approve("manager", record_id)) == ["required_field_missing"]
    assert codes(await office.recall("clerk", record_id)) == ["required_field_missing"]


@pytest.mark.parametrize("word", ["owner", "creator", "readers", "permission_set:Buyer"])
async def test_who_may_submit_is_said_by_the_process(office: Office, word: str) -> None:
    name = await process(office, submitters=[word])

    assert (await office.submit(await office.purchase(), process=name)).status == "Pending"


async def test_records_of_a_tenants_own_object_are_approved_too(office: Office) -> None:
    await saved(
        office,
        "object",
        "Loan__c",
        {
            "label": "Loan",
            "plural_label": "Loans",
            "key_prefix": "aL1",
            "name": {"type": "text", "label": "Name"},
            "sharing": "public_read_write",
        },
    )
    await saved(office, "field", "Loan__c.Sum__c", {"type": "number", "label": "Sum"})
    step = {"name": "Only", "label": "Only", "approvers": [{"queue": "Finance"}]}
    body = {
        "label": "Loan",
        "object": "Loan__c",
        "entry": "Sum__c > 5",
        "steps": [step],
        "on_approve": [{"update": {"Sum__c": "Sum__c + 1"}}],
    }
    await saved(office, "approval", "Loan__c", body)
    admin = await office.as_("admin")
    made = await create_record(office.database, admin, "Loan__c", {"Name": "Car", "Sum__c": 7})

    [outcome] = await office.do("admin", Submission(str(made.id)))
    assert outcome.status == "Pending"
    assert (await office.approve("accountant", str(made.id))).status == "Approved"
    assert office.world.sql("SELECT custom->>'Sum__c' FROM data.custom_record WHERE id = %s", made.id) == [("8",)]
