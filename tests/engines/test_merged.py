"""What engines keep of merged records: it names the one that stays, once where there may be one only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chassis_metadata.errors import Conflict
from chassis_platform.automation.keeping import inserted, with_ids
from chassis_platform.automation.ledgers.nightly import verify
from chassis_platform.automation.ledgers.post import Posting, ledger_named, post
from chassis_platform.automation.merging.merge import MergeRequest, merge_records
from chassis_platform.automation.segments import refresh
from chassis_platform.clock import now
from engines.conftest import Bureau


async def kept(bureau: Bureau, object_name: str, *rows: dict[str, Any]) -> list[str]:
    """Rows as an engine writes them."""
    async with bureau.acting() as (transaction, context):
        made = with_ids(context.snapshot.objects[object_name], rows)
        await transaction.fetch_each(list(inserted(context, object_name, made)))
    return [each["Id"] for each in made]


async def merged(bureau: Bureau, master: str, *losers: str) -> None:
    await merge_records(bureau.database, await bureau.context(), MergeRequest("Client", master, losers))


async def clients(bureau: Bureau, count: int = 2, **values: Any) -> list[str]:
    return await bureau.write("Client", "insert", *({"Name": f"C{number}", **values} for number in range(count)))


async def names(bureau: Bureau, table: str, column: str, *ids: str) -> list[str]:
    return await bureau.column(
        f"SELECT {column} FROM tenant.{table} WHERE id = ANY (%(ids)s) ORDER BY id",  # noqa: S608  the test's own names
        ids=list(ids),
    )


async def test_notes_waits_and_mails_name_the_one_that_stays(bureau: Bureau) -> None:
    stays, goes, goes_too = await clients(bureau, 3)
    notes = await kept(
        bureau, "Notification", *({"UserId": bureau.user_id, "RecordId": each} for each in (stays, goes, goes_too))
    )
    wait = {"FlowName": "Hello", "Step": "One", "Status": "Waiting", "ObjectName": "Client"}
    waits = await kept(bureau, "FlowWait", *({**wait, "RecordId": each} for each in (goes, goes_too)))

    await merged(bureau, stays, goes, goes_too)

    assert await names(bureau, "notification", "record_id", *notes) == [stays] * 3
    assert await names(bureau, "flow_wait", "record_id", *waits) == [stays, goes_too]


async def test_what_the_survivor_has_itself_it_keeps(bureau: Bureau) -> None:
    stays, goes = await clients(bureau, City="Shanghai")
    async with bureau.acting() as (transaction, context):
        await refresh(transaction, context, "Shanghai")
    score = {"ObjectName": "Client", "ComputedDate": now()}
    own, others, other_model = await kept(
        bureau,
        "ScoreResult",
        {**score, "ModelName": "One", "RecordId": stays},
        {**score, "ModelName": "One", "RecordId": goes},
        {**score, "ModelName": "Two", "RecordId": goes, "TargetId": goes},
    )

    await merged(bureau, stays, goes)

    found = await bureau.sql(
        "SELECT model_name, record_id, target_id, id = ANY (%(ids)s) FROM tenant.score_result ORDER BY id",
        ids=[own, others, other_model],
    )
    assert found == [
        ("One", stays, None, True),
        ("One", goes, None, True),
        ("Two", goes, goes, True),
        ("Two", stays, stays, False),
    ]
    async with bureau.acting() as (transaction, context):
        again = await refresh(transaction, context, "Shanghai")
    assert (again.joined, again.left, again.members) == (0, 1, 1)


async def test_clocks_plans_and_approvals_go_over(bureau: Bureau) -> None:
    stays, goes = await clients(bureau)
    start = {"State": "Running", "StartTime": now()}
    plans = await kept(
        bureau,
        "TaskPlanRun",
        {**start, "PlanName": "Welcome", "RecordId": goes, "OpenKey": f"Welcome:{goes}", "Steps": "[]"},
    )
    clocks = await kept(
        bureau,
        "RecordMilestone",
        *({**start, "MilestoneName": "Reply", "Occurrence": 1, "RecordId": each} for each in (stays, goes)),
        {**start, "MilestoneName": "Visit", "Occurrence": 1, "RecordId": goes},
    )
    instances = await approval(bureau, goes)

    await merged(bureau, stays, goes)

    assert await names(bureau, "task_plan_run", "record_id || '/' || open_key", *plans) == [f"{stays}/Welcome:{stays}"]
    assert await names(bureau, "record_milestone", "record_id", *clocks) == [stays, goes, stays]
    assert await names(bureau, "process_instance", "target_object_id", *instances) == [stays]


async def approval(bureau: Bureau, record_id: str) -> list[str]:
    running = {"ProcessDefinitionName": "Discount", "DefinitionDigest": "x", "Status": "Pending", "IsLocking": False}
    return await kept(bureau, "ProcessInstance", {**running, "TargetObjectId": record_id})


async def test_two_in_approval_are_not_merged(bureau: Bureau) -> None:
    stays, goes = await clients(bureau)
    for each in (stays, goes):
        await approval(bureau, each)

    with pytest.raises(Conflict, match="are in approval"):
        await merged(bureau, stays, goes)


async def test_points_go_over_with_the_days_on_which_they_expire(bureau: Bureau) -> None:
    stays, goes, goes_too = await clients(bureau, 3)
    far, near = date(2099, 12, 31), date(2098, 6, 30)
    postings = [
        Posting(stays, "a", Decimal(10), "Points", expires=far),
        Posting(goes, "b", Decimal(20), "Points", expires=near),
        Posting(goes, "c", Decimal(5), "Points", expires=far),
        Posting(goes, "d", Decimal(-3), "Points"),
        Posting(goes_too, "e", Decimal(-7), "Credit"),
    ]
    async with bureau.acting() as (transaction, context):
        results = await post(transaction, context, "Points", postings)
    assert [each.problem for each in results if each.problem] == []

    await merged(bureau, stays, goes, goes_too)

    balances = await bureau.sql(
        "SELECT account_id, balance_type, balance FROM tenant.ledger_balance WHERE account_id = ANY (%(ids)s)"
        " AND balance_type IN ('Points', 'Credit')",
        ids=[stays, goes, goes_too],
    )
    found = {(account, kind): balance for account, kind, balance in balances}
    assert (found[stays, "Points"], found[stays, "Credit"]) == (32, -7)
    assert (found[goes, "Points"], found[goes_too, "Credit"]) == (0, 0)
    lots = await bureau.sql(
        "SELECT expiry_date, remaining FROM tenant.ledger_lot WHERE account_id = %(id)s AND remaining > 0"
        " ORDER BY 1, 2",
        id=stays,
    )
    assert lots == [(near, 17), (far, 5), (far, 10)]
    assert await bureau.column("SELECT point_balance FROM tenant.client WHERE id = %(id)s", id=stays) == [32]
    context = await bureau.context()
    assert await verify(bureau.database, context, ledger_named(context.snapshot, "Points")) == []
