"""Who decides for somebody who is away, and what happens when nobody decides in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from approval_office import Office
from chassis_metadata.errors import Invalid, NotFound
from chassis_platform import clock
from chassis_platform.automation.approvals.delegates import delegate, end_delegation, my_delegates
from chassis_platform.automation.approvals.overdue import check_deadlines
from chassis_platform.automation.approvals.pending import pending_requests
from chassis_platform.automation.approvals.requests import Outcome
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.schedule import SCHEDULE
from chassis_tenants.statement import Statement

FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # the office closes at 17:00


def codes(outcome: Outcome) -> list[str]:
    return [each.code for each in outcome.problems]


async def away(office: Office, name: str, by: str, start: date, end: date, **more: Any) -> str:
    document = {"delegate_id": office.user(by), "from": start.isoformat(), "to": end.isoformat(), **more}
    return await delegate(office.database, await office.as_(name), document)


@pytest.fixture(autouse=True)
async def nobody_is_away(office: Office) -> AsyncIterator[None]:
    yield
    office.world.sql("DELETE FROM data.delegated_approver")
    office.world.sql("DELETE FROM data.process_instance_workitem")
    await office.refresh()


async def test_a_delegate_decides_from_the_first_day_to_the_last(office: Office) -> None:
    today = clock.now().date()
    await away(office, "manager", "buyer", today - timedelta(days=1), today)
    record_id, _ = await office.submitted(Kind="Simple")

    outcome = await office.approve("buyer", record_id)

    assert outcome.status == "Approved"
    assert office.history(record_id)[-1] == ("Approved", "Manager", "buyer")


@pytest.mark.parametrize("days", [(1, 5), (-5, -1)])
async def test_before_and_after_those_days_a_delegate_decides_nothing(office: Office, days: tuple[int, int]) -> None:
    today = clock.now().date()
    await away(office, "manager", "buyer", today + timedelta(days=days[0]), today + timedelta(days=days[1]))
    record_id, _ = await office.submitted(Kind="Simple")

    assert codes(await office.approve("buyer", record_id)) == ["insufficient_access_on_cross_reference_entity"]


async def test_a_delegation_may_be_for_one_process_only(office: Office) -> None:
    today = clock.now().date()
    await away(office, "manager", "buyer", today, today, process="Parallel")
    simple, _ = await office.submitted(Kind="Simple")
    parallel, _ = await office.submitted(Kind="Parallel")

    assert codes(await office.approve("buyer", simple)) == ["insufficient_access_on_cross_reference_entity"]
    assert codes(await office.approve("buyer", parallel)) == []


async def test_a_delegate_decides_no_own_request(office: Office) -> None:
    today = clock.now().date()
    await away(office, "manager", "clerk", today, today)
    record_id, _ = await office.submitted(Kind="Simple")

    assert codes(await office.approve("clerk", record_id)) == ["insufficient_access_on_cross_reference_entity"]


async def test_everybody_delegates_for_themselves_and_takes_it_back(office: Office) -> None:
    today = clock.now().date()
    with pytest.raises(Invalid):
        await away(office, "stranger", "stranger", today, today)
    with pytest.raises(Invalid):
        await away(office, "stranger", "director", today, today, user_id=office.user("director"))
    made = await away(office, "manager", "buyer", today, today)

    [found] = await my_delegates(office.database, await office.as_("manager"))
    assert (found["id"], found["delegate"]["name"]) == (made, "buyer")
    with pytest.raises(NotFound):
        await end_delegation(office.database, await office.as_("buyer"), made)
    await end_delegation(office.database, await office.as_("manager"), made)
    assert await my_delegates(office.database, await office.as_("manager")) == []


async def test_nobody_becomes_a_delegate_by_writing_the_record(office: Office) -> None:
    stranger = await office.as_("stranger")

    assert not stranger.policy.on("DelegatedApprover").create


async def test_what_waits_is_listed_by_whose_it_is(office: Office) -> None:
    today = clock.now().date()
    await away(office, "manager", "accountant", today, today)
    mine, _ = await office.submitted(Kind="Simple")
    queued, _ = await office.submitted(Kind="Chain", SiteId=office.ids["Bare"], Amount=77)

    async def listed(name: str, scope: str) -> list[str]:
        requests = await pending_requests(office.database, await office.as_(name), scope=scope)
        return [each["record"]["id"] for each in requests]

    assert await listed("accountant", "delegated") == [mine]
    assert await listed("accountant", "queues") == [queued]
    assert await listed("accountant", "mine") == []
    assert sorted(await listed("accountant", "all")) == sorted([mine, queued])
    assert await listed("manager", "mine") == [mine]
    assert await listed("stranger", "all") == []


async def test_a_listed_request_shows_what_the_process_shows(office: Office) -> None:
    _, outcome = await office.submitted(Kind="Simple", SiteId=office.ids["Site"])

    [found] = await pending_requests(office.database, await office.as_("manager"))

    assert found["id"] == outcome.workitem_ids[0]
    assert (found["process_label"], found["step_label"]) == ("Simple purchase", "Manager")
    assert found["record"]["fields"] == [
        {"path": "Name", "label": "Name", "value": "Printer"},
        {"path": "Amount", "label": "Amount", "value": 500},
        {"path": "Site.Name", "label": "Name", "value": "Harbour"},
    ]
    assert found["submitted_by"]["name"] == "clerk"
    assert found["editable_fields"] == ["Granted", "Discount"]
    assert found["comments_required"] == ["reject"]


async def timed(office: Office) -> str:
    with clock.moved_to(FRIDAY):
        record_id, _ = await office.submitted(Kind="Timed")
    return str(record_id)


async def check(office: Office, moment: datetime) -> int:
    with clock.moved_to(moment):
        return await check_deadlines(office.database, office.snapshots, office.world.tenant.id)


def notices(office: Office, name: str) -> list[str]:
    rows = office.world.sql("SELECT title FROM data.notification WHERE user_id = %s ORDER BY id", office.user(name))
    return [title for (title,) in rows]


async def test_time_runs_while_the_office_is_open(office: Office) -> None:
    record_id = await timed(office)

    [(due, escalates)] = office.world.sql(
        "SELECT due_date, escalate_date FROM data.process_instance_workitem WHERE target_object_id = %s", record_id
    )

    assert due == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # Monday
    assert escalates == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


async def test_after_the_limit_the_approver_and_the_manager_are_reminded_once(office: Office) -> None:
    record_id = await timed(office)
    before = len(notices(office, "director"))

    assert await check(office, FRIDAY + timedelta(days=3, minutes=-1)) == 0
    assert await check(office, FRIDAY + timedelta(days=3)) == 1
    assert await check(office, FRIDAY + timedelta(days=3, minutes=1)) == 0

    assert office.history(record_id) == [("Started", None, "clerk"), ("Reminded", "Manager", None)]
    assert notices(office, "manager")[-1] == "Timed · Manager · Reminded"
    assert len(notices(office, "director")) == before + 1
    assert office.asked(record_id) == ["manager"]


async def test_only_tenants_in_which_something_is_due_get_a_job(office: Office) -> None:
    await timed(office)
    queue = "SELECT chassis.queue_approval_jobs('approval_deadlines', 'job', %(until)s::timestamptz)"

    async def queued(moment: datetime) -> int:
        [(count,)] = await office.database.registry(Statement(queue, {"until": moment}))
        return int(count)

    assert await queued(FRIDAY + timedelta(days=3, minutes=-1)) == 0
    assert await queued(FRIDAY + timedelta(days=3)) == 1
    assert "approval_deadlines" in HANDLERS
    assert "approval_deadlines" in [each.kind for each in SCHEDULE]


async def test_after_twice_the_limit_the_manager_of_the_approver_is_asked(office: Office) -> None:
    record_id = await timed(office)
    await check(office, FRIDAY + timedelta(days=3))

    assert await check(office, FRIDAY + timedelta(days=4)) == 1

    assert office.asked(record_id) == ["director"]
    assert [line[0] for line in office.history(record_id)] == ["Started", "Reminded", "Escalated"]
    assert codes(await office.approve("manager", record_id)) == ["insufficient_access_on_cross_reference_entity"]
    assert (await office.approve("director", record_id)).status == "Approved"


async def test_what_a_standstill_left_undone_is_made_up_in_order(office: Office) -> None:
    record_id = await timed(office)

    await check(office, FRIDAY + timedelta(days=30))

    assert [line[0] for line in office.history(record_id)] == ["Started", "Reminded", "Escalated"]
    assert office.asked(record_id) == ["director"]


async def test_nobody_is_left_above_the_request_stays_where_it_is(office: Office) -> None:
    record_id = await timed(office)
    await check(office, FRIDAY + timedelta(days=30))

    await check(office, FRIDAY + timedelta(days=60))
    assert await check(office, FRIDAY + timedelta(days=90)) == 0

    assert office.asked(record_id) == ["director"]


async def test_a_decided_request_is_not_looked_at_again(office: Office) -> None:
    record_id = await timed(office)
    await office.approve("manager", record_id)

    assert await check(office, FRIDAY + timedelta(days=3)) == 0
    assert [line[0] for line in office.history(record_id)] == ["Started", "Approved"]


async def test_whoever_is_asked_and_whoever_submitted_are_told(office: Office) -> None:
    record_id, _ = await office.submitted(Kind="Simple")
    assert notices(office, "manager")[-1] == "Simple purchase · Manager"

    await office.reject("manager", record_id, comments="no")

    assert notices(office, "clerk")[-1] == "Simple purchase · Rejected"


async def test_whoever_decides_meanwhile_is_told_too(office: Office) -> None:
    today = clock.now().date()
    await away(office, "manager", "stranger", today, today)

    await office.submitted(Kind="Simple")

    assert notices(office, "stranger")[-1] == "Simple purchase · Manager"


async def test_notices_are_in_the_readers_language(office: Office) -> None:
    office.world.sql("UPDATE data.\"user\" SET language_locale_key = 'zh_CN' WHERE id = %s", office.user("manager"))
    try:
        await office.submitted(Kind="Simple")
    finally:
        office.world.sql("UPDATE data.\"user\" SET language_locale_key = 'en_US' WHERE id = %s", office.user("manager"))

    assert notices(office, "manager")[-1] == "简单采购 · 经理"
