"""While a record is in approval: what can't be changed, who sees it, and how it is taken back or passed on."""

from __future__ import annotations

from typing import Any

import pytest

from approval_office import Office
from chassis_metadata.errors import Forbidden, Invalid, NotFound
from chassis_platform.automation.approvals.requests import Outcome
from chassis_platform.records.write import create_record, delete_record, write_records


def codes(outcome: Outcome) -> list[str]:
    return [each.code for each in outcome.problems]


async def test_a_record_in_approval_can_not_be_changed(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    with pytest.raises(Invalid) as refused:
        await office.change("clerk", record_id, Amount=1)

    [problem] = refused.value.problems
    assert problem.code == "entity_is_locked"
    assert "Simple purchase" in problem.message


async def test_a_record_in_approval_can_not_be_deleted(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    with pytest.raises(Invalid) as refused:
        await delete_record(office.database, await office.as_("clerk"), "Purchase", record_id)

    assert refused.value.problems[0].code == "entity_is_locked"


async def test_saving_what_is_there_already_is_no_change(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    await office.change("clerk", record_id, Amount=500)


async def test_an_administrator_changes_a_locked_record(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    await office.change("admin", record_id, Amount=700)

    assert office.row(record_id, "amount") == 700


async def test_whoever_owns_the_record_and_is_asked_changes_the_fields_of_the_step(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")
    office.world.sql("UPDATE data.purchase SET owner_id = %s WHERE id = %s", office.user("manager"), record_id)

    await office.change("manager", record_id, Granted=300)
    with pytest.raises(Invalid) as refused:
        await office.change("manager", record_id, Granted=200, Amount=1)

    assert refused.value.problems[0].fields == ("Amount",)
    assert "Discount, Granted" in refused.value.problems[0].message
    assert office.row(record_id, "granted", "amount") == (300, 500)


async def test_after_the_decision_the_record_is_free_again(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")
    await office.reject("manager", record_id, comments="no")

    await office.change("clerk", record_id, Amount=1)


async def test_a_process_may_keep_the_record_locked_after_it_was_approved(office: Office) -> None:
    record_id = await office.purchase("approver", Kind="Kept")
    await office.submit(record_id, "approver")
    await office.approve("accountant", record_id)

    with pytest.raises(Invalid):
        await office.change("approver", record_id, Amount=1)


async def test_of_a_batch_only_the_locked_records_are_refused(office: Office) -> None:
    locked, _ = await office.submitted(Kind="Simple")
    free = await office.purchase()

    results = await office.write("clerk", "update", [{"Id": each, "Amount": 9} for each in (locked, free)])

    assert [each.success for each in results] == [False, True]


async def test_whoever_is_asked_sees_the_record_as_long_as_the_request_waits(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Chain", SiteId=office.ids["Site"])
    seen = "SELECT Id, Amount FROM Purchase WHERE Site.Name = 'Harbour'"

    assert [each["Id"] for each in await office.world.rows("buyer", seen)] == [record_id]
    assert await office.world.rows("stranger", seen) == []
    await office.approve("buyer", record_id)
    assert await office.world.rows("buyer", seen) == []


async def test_seeing_a_record_in_approval_is_not_changing_it(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    with pytest.raises(Forbidden):
        await office.change("manager", record_id, Granted=1)


async def test_members_of_the_queue_see_the_record_and_its_history(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Chain", SiteId=office.ids["Bare"])

    text = "SELECT Id, (SELECT Status, CurrentStep FROM ProcessInstances) FROM Purchase"
    [found] = [each for each in await office.world.rows("accountant", text) if each["Id"] == record_id]

    assert found["ProcessInstances"]["records"] == [{"Status": "Pending", "CurrentStep": "Buyer of the site"}]
    assert await office.world.rows("stranger", "SELECT Id FROM ProcessInstanceStep") == []


async def test_own_requests_can_be_queried_as_records(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    found = await office.world.rows(
        "manager",
        "SELECT StepName, ActorId, ProcessInstance.TargetObjectId FROM ProcessInstanceWorkitem",
    )

    wanted = {"StepName": "Manager", "ActorId": office.user("manager")}
    assert {**wanted, "ProcessInstance": {"TargetObjectId": record_id}} in found
    assert await office.world.rows("stranger", "SELECT Id FROM ProcessInstanceWorkitem") == []


async def test_the_submitter_takes_a_request_back(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    outcome = await office.recall("clerk", record_id, comments="wrong price")

    assert (outcome.status, office.asked(record_id)) == ("Removed", [])
    assert office.row(record_id, "status") == "Draft"
    assert office.history(record_id)[-1] == ("Removed", None, "clerk")
    await office.change("clerk", record_id, Amount=1)


async def test_nobody_else_takes_it_back_but_an_administrator(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    assert codes(await office.recall("manager", record_id)) == ["insufficient_access_or_readonly"]
    assert (await office.recall("admin", record_id)).status == "Removed"
    assert codes(await office.recall("clerk", record_id)) == ["already_processed"]


async def test_a_recall_is_allowed_until_the_step_that_the_process_names_is_decided(office: Office) -> None:
    early, _ = await office.submitted(Kind="Chain", SiteId=office.ids["Site"], Amount=5000)
    late, _ = await office.submitted(Kind="Chain", SiteId=office.ids["Site"], Amount=5000)
    await office.approve("buyer", late)

    assert (await office.recall("clerk", early)).status == "Removed"
    assert codes(await office.recall("clerk", late)) == ["recall_not_allowed"]


async def test_a_process_may_allow_no_recall(office: Office) -> None:
    record_id = await office.purchase(Kind="Chosen")
    await office.submit(record_id, next_approvers=[office.user("stranger")])

    assert codes(await office.recall("clerk", record_id)) == ["recall_not_allowed"]


async def test_a_recalled_record_can_be_submitted_again(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")
    await office.recall("clerk", record_id)

    assert (await office.submit(record_id)).status == "Pending"
    assert [line[0] for line in office.history(record_id)] == ["Started", "Removed", "Started"]


async def test_a_request_is_passed_on(office: Office) -> None:
    record_id, outcome = await office.submitted(Kind="Simple")

    passed = await office.reassign("manager", outcome.workitem_ids[0], office.user("buyer"), comments="your turn")

    assert office.asked(record_id) == ["buyer"]
    assert office.history(record_id)[-1] == ("Reassigned", "Manager", "manager")
    assert codes(await office.approve("manager", record_id)) == ["insufficient_access_on_cross_reference_entity"]
    assert (await office.approve("buyer", passed.workitem_ids[0])).status == "Approved"


async def test_a_request_is_passed_on_to_somebody_who_can_decide_it(office: Office) -> None:
    _, outcome = await office.submitted(Kind="Simple")
    [item] = outcome.workitem_ids

    assert codes(await office.reassign("stranger", item, office.user("buyer"))) == [
        "insufficient_access_on_cross_reference_entity"
    ]
    assert codes(await office.reassign("manager", item, office.user("clerk"))) == ["invalid_cross_reference_key"]
    assert codes(await office.reassign("manager", item, office.ids["Site"])) == ["malformed_id"]
    assert (await office.reassign("admin", item, office.ids["Finance"])).actor_ids == (office.ids["Finance"],)


async def test_the_journal_keeps_every_line(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")
    await office.approve("manager", record_id, comments="ok")

    entries = await office.sql(
        "SELECT old_value, new_value FROM tenant.field_history WHERE record_id = %(id)s AND field_name = 'approval'"
        " ORDER BY id",
        id=record_id,
    )

    assert entries == [("Simple", "Started"), ("Simple: Manager", "Approved: ok")]


@pytest.mark.parametrize("name", ["ProcessInstance", "ProcessInstanceStep", "ProcessInstanceWorkitem"])
async def test_nobody_writes_approvals_by_hand(office: Office, name: str) -> None:
    admin = await office.as_("admin")

    [result] = await write_records(office.database, admin, name, "insert", [{"Name": "x"}])

    assert [each.code for each in result.problems] == ["cannot_insert_update_activate_entity"]


async def test_deleting_the_record_takes_its_history_along(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")
    await delete_record(office.database, await office.as_("admin"), "Purchase", record_id)

    with pytest.raises(NotFound):
        await office.change("clerk", record_id, Amount=1)
    assert codes(await office.approve("manager", record_id)) == ["already_processed"]


async def wrong(office: Office, by: str, name: str, operation: Any, *records: dict[str, Any]) -> list[list[str]]:
    results = await write_records(office.database, await office.as_(by), name, operation, records, all_or_none=False)
    return [[each.code for each in result.problems] for result in results]


async def test_details_of_a_locked_record_are_locked_with_it(office: Office) -> None:
    record_id, free = await office.purchase(Kind="Simple"), await office.purchase(Kind="Simple")
    clerk = await office.as_("clerk")
    line, other = [
        str((await create_record(office.database, clerk, "Line", {"Name": "L", "PurchaseId": each})).id)
        for each in (record_id, free)
    ]
    part = str((await create_record(office.database, clerk, "Part", {"Name": "P", "LineId": line})).id)
    await office.submit(record_id)
    locked = ["entity_is_locked"]

    assert await wrong(office, "clerk", "Line", "insert", {"Name": "New", "PurchaseId": record_id}) == [locked]
    changes = ({"Id": line, "Count": 1}, {"Id": other, "Count": 1}, {"Id": other, "PurchaseId": record_id})
    assert await wrong(office, "clerk", "Line", "update", *changes[:2]) == [locked, []]
    assert await wrong(office, "clerk", "Line", "update", changes[2]) == [locked]
    assert await wrong(office, "clerk", "Line", "update", {"Id": line, "PurchaseId": free}) == [locked]
    assert await wrong(office, "clerk", "Line", "update", {"Id": line, "Name": "L"}) == [[]]
    assert await wrong(office, "clerk", "Part", "update", {"Id": part, "Count": 2}) == [locked]
    assert await wrong(office, "clerk", "Part", "insert", {"Name": "Q", "LineId": line}) == [locked]
    assert await wrong(office, "clerk", "Line", "delete", {"Id": line}, {"Id": other}) == [locked, []]
    assert await wrong(office, "admin", "Line", "update", {"Id": line, "Count": 9}) == [[]]

    await office.approve("manager", record_id)

    assert await wrong(office, "clerk", "Part", "update", {"Id": part, "Count": 2}) == [[]]
    assert await wrong(office, "clerk", "Line", "delete", {"Id": line}) == [[]]


async def test_the_lock_of_a_master_costs_one_statement_however_many_details(office: Office, counted: Any) -> None:
    record_id = await office.purchase(Kind="Simple")
    rows = [{"Name": str(number), "PurchaseId": record_id} for number in range(200)]
    with counted() as one:
        assert await wrong(office, "clerk", "Line", "insert", rows[0]) == [[]]
    with counted() as many:
        await wrong(office, "clerk", "Line", "insert", *rows)
    assert many.statements <= one.statements
