"""A record on its way through a process: submitted, decided, and what follows from it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from approval_office import Office
from chassis_metadata.errors import Invalid
from chassis_platform.automation.approvals.requests import Decision, Outcome, Recall, Submission
from chassis_platform.records.write import create_record


def codes(outcome: Outcome) -> list[str]:
    return [each.code for each in outcome.problems]


async def test_a_submitted_record_waits_for_the_submitters_manager(office: Office) -> None:
    record_id, outcome = await office.submitted(Kind="Simple")

    assert outcome.status == "Pending"
    assert outcome.actor_ids == (office.user("manager"),)
    assert len(outcome.workitem_ids) == 1
    assert office.row(record_id, "status") == "Submitted"
    assert office.history(record_id) == [("Started", None, "clerk")]


async def test_an_approval_updates_the_record_and_makes_what_the_process_says(office: Office) -> None:
    record_id, outcome = await office.submitted(Kind="Simple")

    done = await office.approve("manager", outcome.workitem_ids[0], comments="fine")

    assert done.status == "Approved"
    assert office.row(record_id, "status", "granted") == ("Approved", 500)
    assert office.history(record_id)[-1] == ("Approved", "Manager", "manager")
    assert await office.sql("SELECT name, text FROM tenant.note WHERE purchase_id = %(id)s", id=record_id) == [
        ("Approved: Printer", "fine")
    ]


async def test_a_rejection_ends_the_process_and_its_reason_can_be_kept(office: Office) -> None:
    record_id, outcome = await office.submitted(Kind="Simple")

    done = await office.reject("manager", outcome.workitem_ids[0], comments="too dear")

    assert done.status == "Rejected"
    assert office.row(record_id, "status", "remark") == ("Rejected", "Rejected: too dear")
    assert office.asked(record_id) == []


async def test_a_rejection_needs_a_comment_where_the_process_says_so(office: Office) -> None:
    _, outcome = await office.submitted(Kind="Simple")

    refused = await office.reject("manager", outcome.workitem_ids[0], comments="  ")

    assert codes(refused) == ["required_field_missing"]
    assert refused.problems[0].fields == ("comments",)


async def test_only_who_is_asked_may_decide(office: Office) -> None:
    record_id, outcome = await office.submitted(Kind="Simple")

    for name in ("clerk", "stranger", "admin", "director"):
        refused = await office.approve(name, outcome.workitem_ids[0])
        assert codes(refused) == ["insufficient_access_on_cross_reference_entity"], name

    assert office.asked(record_id) == ["manager"]


async def test_a_decision_names_the_request_the_approval_or_the_record(office: Office) -> None:
    by_request, first = await office.submitted(Kind="Simple")
    by_approval, second = await office.submitted(Kind="Simple")
    by_record, _ = await office.submitted(Kind="Simple")

    for any_id in (first.workitem_ids[0], str(second.instance_id), by_record):
        assert (await office.approve("manager", any_id)).status == "Approved"
    assert [office.row(each, "status") for each in (by_request, by_approval, by_record)] == ["Approved"] * 3


async def test_steps_follow_one_another_and_one_whose_criteria_do_not_hold_is_skipped(office: Office) -> None:
    small, outcome = await office.submitted(Kind="Chain", SiteId=office.ids["Site"], Amount=900)
    assert office.asked(small) == ["buyer"]

    assert (await office.approve("buyer", str(outcome.instance_id))).status == "Approved"

    assert office.row(small, "status", "remark") == ("Approved", "Step Buyer")
    assert office.history(small) == [
        ("Started", None, "clerk"),
        ("Approved", "Buyer", "buyer"),
        ("Skipped", "Director", None),
    ]
    large, outcome = await office.submitted(Kind="Chain", SiteId=office.ids["Site"], Amount=5000)
    assert (await office.approve("buyer", large)).actor_ids == (office.user("director"), office.user("codirector"))
    assert (await office.approve("codirector", large)).status == "Approved"


async def test_where_a_field_names_nobody_the_next_approver_in_line_is_asked(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Chain", SiteId=office.ids["Bare"])

    assert office.asked(record_id) == ["Finance"]
    assert (await office.approve("bookkeeper", record_id)).status == "Approved"


async def test_nobody_decides_an_own_request_the_next_one_above_does(office: Office) -> None:
    record_id, _ = await office.submitted("buyer", Kind="Chain", SiteId=office.ids["Site"])

    assert office.asked(record_id) == ["director"]


async def test_an_inactive_approver_is_replaced_by_the_manager(office: Office) -> None:
    office.world.sql('UPDATE data."user" SET is_active = false WHERE id = %s', office.user("manager"))
    try:
        record_id, _ = await office.submitted(Kind="Simple")
    finally:
        office.world.sql('UPDATE data."user" SET is_active = true WHERE id = %s', office.user("manager"))

    assert office.asked(record_id) == ["director"]


async def test_where_nobody_can_decide_the_submission_is_refused(office: Office) -> None:
    record_id = await office.purchase("stranger", Kind="Simple")

    outcome = await office.submit(record_id, "stranger")

    assert codes(outcome) == ["no_approver"]
    assert office.row(record_id, "status") == "Draft"
    assert office.history(record_id) == []


async def test_the_tree_of_regions_is_walked_until_a_head_is_found(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Region", SiteId=office.ids["Site"])

    assert office.asked(record_id) == ["director"]


async def test_approvers_are_found_by_permission_in_the_records_site(office: Office) -> None:
    world = office.world
    world.record("SiteMember", SiteId=office.ids["Site"], UserId=office.user("approver"))
    world.record("SiteMember", SiteId=office.ids["Site"], UserId=office.user("stranger"))
    record_id, _ = await office.submitted(Kind="Region", SiteId=office.ids["Site"])

    outcome = await office.approve("director", record_id)

    assert outcome.actor_ids == (office.user("approver"),)


async def test_parallel_steps_are_asked_at_once_and_all_must_agree(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Parallel")
    assert office.asked(record_id) == ["Finance", "manager"]

    assert (await office.approve("accountant", record_id)).status == "Pending"
    assert office.asked(record_id) == ["manager"]
    assert (await office.approve("manager", record_id)).status == "Approved"


async def test_one_no_of_parallel_steps_ends_the_process(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Parallel")

    assert (await office.reject("manager", record_id)).status == "Rejected"
    assert office.asked(record_id) == []


async def test_a_queues_request_is_decided_by_the_first_member(office: Office) -> None:
    record_id, outcome = await office.submitted(Kind="Parallel")
    item = next(each for each in outcome.workitem_ids)

    await office.approve("accountant", item)

    assert codes(await office.approve("bookkeeper", item)) == ["already_processed"]
    assert office.asked(record_id) == ["manager"]


async def test_a_unanimous_step_waits_for_everybody(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Unanimous")
    assert office.asked(record_id) == ["codirector", "director", "manager"]

    for name in ("manager", "director"):
        assert (await office.approve(name, record_id)).status == "Pending"
    assert (await office.approve("codirector", record_id)).status == "Approved"


async def test_a_unanimous_step_is_over_with_one_no(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Unanimous")

    assert (await office.reject("director", record_id)).status == "Rejected"
    assert office.asked(record_id) == []


@pytest.mark.parametrize(
    ("amount", "status", "remark"), [(50, "Approved", "small"), (200_000, "Rejected", None), (500, "Draft", None)]
)
async def test_formulas_approve_and_reject_by_themselves(office: Office, amount: int, status: str, remark: str) -> None:
    record_id, _ = await office.submitted(Kind="Auto", Amount=amount)

    assert office.row(record_id, "status", "remark") == (status, remark)


async def test_a_rejection_can_go_back_to_an_earlier_step(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Back")
    await office.approve("manager", record_id)

    outcome = await office.reject("accountant", record_id)

    assert (outcome.status, office.asked(record_id)) == ("Pending", ["manager"])
    await office.approve("manager", record_id)
    assert (await office.approve("bookkeeper", record_id)).status == "Approved"


async def test_the_submitter_can_be_let_choose_who_decides(office: Office) -> None:
    record_id = await office.purchase(Kind="Chosen")

    assert codes(await office.submit(record_id)) == ["no_approver"]
    outcome = await office.submit(record_id, next_approvers=[office.user("stranger")])

    assert outcome.actor_ids == (office.user("stranger"),)


async def test_approvers_may_fill_in_the_fields_of_their_step(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    refused = await office.approve("manager", record_id, fields={"Granted": 400, "Name": "Other"})
    assert codes(refused) == ["insufficient_access_or_readonly"]
    done = await office.approve("manager", record_id, fields={"Discount": 4})

    assert done.status == "Approved"
    assert office.row(record_id, "discount", "name") == (Decimal(4), "Printer")


async def test_a_value_that_is_refused_leaves_the_request_open(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    refused = await office.approve("manager", record_id, fields={"Discount": "much"})

    assert codes(refused) == ["json_parser_error"]
    assert (office.asked(record_id), office.row(record_id, "status")) == (["manager"], "Submitted")


async def test_only_records_that_meet_the_entry_criteria_are_taken(office: Office) -> None:
    record_id = await office.purchase(Kind="Simple", Amount=0)

    assert codes(await office.submit(record_id)) == ["no_applicable_process"]
    assert codes(await office.submit(record_id, process="Simple")) == ["no_applicable_process"]
    assert codes(await office.submit(record_id, process="Nothing")) == ["no_applicable_process"]
    assert (await office.submit(record_id, process="Simple", skips_entry=True)).status == "Pending"


async def test_a_record_is_in_one_approval_at_a_time(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")

    assert codes(await office.submit(record_id)) == ["already_in_process"]


async def test_who_may_not_change_the_record_may_not_submit_it(office: Office) -> None:
    record_id = await office.purchase(Kind="Simple")
    kept = await office.purchase(Kind="Kept")

    assert codes(await office.submit(record_id, "stranger")) == ["not_found"]
    assert codes(await office.submit(kept)) == ["insufficient_access_or_readonly"]


async def test_an_administrator_submits_for_somebody_else(office: Office) -> None:
    record_id = await office.purchase(Kind="Simple")

    refused = await office.submit(record_id, "clerk", submitter_id=office.user("buyer"))
    outcome = await office.submit(record_id, "admin", submitter_id=office.user("clerk"))

    assert codes(refused) == ["insufficient_access_or_readonly"]
    assert outcome.actor_ids == (office.user("manager"),)


async def test_a_process_whose_approver_is_missing_asks_its_fallback(office: Office) -> None:
    record_id = await office.purchase("approver", Kind="Kept")

    outcome = await office.submit(record_id, "approver")

    assert outcome.actor_ids == (office.ids["Finance"],)


async def test_a_record_that_breaks_a_rule_is_not_submitted(office: Office) -> None:
    record_id = await office.purchase(Kind="Chain", SiteId=office.ids["Site"])
    office.world.sql("UPDATE data.purchase SET amount = -1 WHERE id = %s", record_id)

    assert codes(await office.submit(record_id)) == ["field_custom_validation_exception"]


async def test_saving_a_record_submits_it_where_the_process_says_when(office: Office) -> None:
    record_id = await office.purchase()

    await office.change("clerk", record_id, Status="Lost")

    assert office.asked(record_id) == ["manager"]
    await office.reject("manager", record_id)
    assert office.row(record_id, "status") == "Draft"


async def test_a_save_that_submits_is_refused_where_nobody_can_decide(office: Office) -> None:
    record_id = await office.purchase("stranger")

    with pytest.raises(Invalid) as refused:
        await office.change("stranger", record_id, Status="Lost")

    assert refused.value.problems[0].code == "no_approver"
    assert office.row(record_id, "status") == "Draft"


async def test_a_call_may_mix_requests_and_each_has_its_own_result(office: Office) -> None:
    first, _ = await office.submitted(Kind="Simple")
    second = await office.purchase("manager", Kind="Simple")
    bad = await office.purchase("manager", Kind="Simple", Amount=0)

    results = await office.do(
        "manager", Submission(second), Decision(first, approves=True), Submission(bad), Recall("nonsense")
    )

    assert [each.status for each in results] == ["Pending", "Approved", None, None]
    assert [codes(each) for each in results[2:]] == [["no_applicable_process"], ["already_processed"]]


async def test_all_or_none_takes_everything_back(office: Office) -> None:
    good, bad = await office.purchase(Kind="Simple"), await office.purchase(Kind="Simple", Amount=0)

    results = await office.do("clerk", Submission(good), Submission(bad), all_or_none=True)

    assert [codes(each) for each in results] == [["all_or_none_operation_rolled_back"], ["no_applicable_process"]]
    assert office.history(good) == []


async def test_of_two_approvers_at_once_one_decides_and_the_other_is_told(office: Office) -> None:
    record_id, outcome = await office.submitted(Kind="Chain", SiteId=office.ids["Bare"])
    item = outcome.workitem_ids[0]

    results = await asyncio.gather(
        office.approve("accountant", item), office.reject("bookkeeper", item), office.approve("bookkeeper", item)
    )

    assert sorted(str(codes(each)) for each in results) == ["['already_processed']", "['already_processed']", "[]"]
    assert len([line for line in office.history(record_id) if line[1] == "Buyer"]) == 1


async def test_a_record_submitted_twice_at_once_is_in_approval_once(office: Office) -> None:
    record_id = await office.purchase(Kind="Simple")

    results = await asyncio.gather(office.submit(record_id), office.submit(record_id))

    assert sorted(map(str, map(codes, results))) == ["['already_in_process']", "[]"]
    assert office.asked(record_id) == ["manager"]


@pytest.mark.parametrize(
    ("attachment", "told"),
    [
        ("http://files.example.com/offer.pdf", "neither an https address"),
        ("javascript:alert(1)", "neither an https address"),
        ("https://", "neither an https address"),
        ("https://user@evil.example.com/x", "neither an https address"),
        ("https://files.example.com/my offer.pdf", "has blanks"),
        ("offer.pdf", "neither an https address"),
        ("pN1000000000000CAA", "no such record"),
        ("zzz000000000000AAA", "no such record"),
    ],
)
async def test_an_attachment_is_an_address_or_a_record_that_can_be_seen(
    office: Office, attachment: str, told: str
) -> None:
    fine, wrong = await office.purchase(Kind="Simple"), await office.purchase(Kind="Simple")
    note = str((await create_record(office.database, await office.as_("clerk"), "Note", {"Name": "Offer"})).id)

    outcomes = await office.do(
        "clerk",
        Submission(fine, attachments=["https://files.example.com/offer.pdf?v=2", note]),
        Submission(wrong, attachments=[note, attachment]),
    )

    assert [each.status for each in outcomes] == ["Pending", None]
    [problem] = outcomes[1].problems
    assert (problem.code, problem.fields) == ("invalid_attachment", ("attachments",))
    assert told in problem.message


async def test_what_an_approver_may_not_read_is_no_attachment(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")
    [(unseen,), *_] = office.world.sql("SELECT id FROM data.permission_set")

    outcome = await office.approve("manager", record_id, attachments=[unseen])

    assert [each.code for each in outcome.problems] == ["invalid_attachment"]
    assert (await office.approve("manager", record_id, attachments=[record_id])).status == "Approved"
