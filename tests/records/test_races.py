"""Two at once: nothing is lost, nothing is there twice, nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError
from chassis_platform.access.context import Context
from chassis_platform.records import inquiry
from chassis_platform.records.purge import purge_deleted
from chassis_platform.records.write import Expectation, create_record, update_record, write_records, write_within
from chassis_tenants.database import Database, Row
from chassis_tenants.statement import Statement

Rows = Callable[..., Awaitable[list[Row]]]


async def attempt(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except ChassisError as error:
        return error.problems[0].code


async def test_of_two_who_take_the_same_unique_value_one_is_told(database: Database, ann: Context) -> None:
    for turn in range(10):
        made = [create_record(database, ann, "Workshop", {"Name": "r", "Code": f"race-{turn}"}) for _ in range(4)]

        outcomes = await asyncio.gather(*map(attempt, made))

        assert sorted(str(each) for each in outcomes if isinstance(each, str)) == ["duplicate_value"] * 3


async def test_of_two_who_save_the_same_version_one_is_told(database: Database, ann: Context) -> None:
    made = await create_record(database, ann, "Workshop", {"Name": "v", "Code": "versions"})
    saves = [
        update_record(database, ann, "Workshop", str(made.id), {"Budget": n}, expectation=Expectation(version=1))
        for n in range(4)
    ]

    outcomes = await asyncio.gather(*map(attempt, saves))

    assert sorted(str(each) for each in outcomes if isinstance(each, str)) == ["stale_version"] * 3


async def test_many_who_upsert_the_same_new_key_make_one_record(database: Database, ann: Context, rows: Rows) -> None:
    payload = {"Code": "upserted", "Name": "u"}
    upserts = [
        write_records(database, ann, "Workshop", "upsert", [payload], external_id_field="Code") for _ in range(4)
    ]

    outcomes = await asyncio.gather(*upserts)

    assert sum(result.created for [result] in outcomes) == 1
    assert len({result.id for [result] in outcomes if result.success}) == 1
    assert await rows("SELECT count(*) FROM tenant.workshop WHERE code = 'upserted'") == [(1,)]


async def test_batches_with_the_same_records_in_other_orders_both_get_through(database: Database, ann: Context) -> None:
    made = await write_records(
        database, ann, "Workshop", "insert", [{"Name": "o", "Code": f"order-{n}"} for n in range(40)]
    )
    forth = [{"Id": each.id, "Budget": 1} for each in made]

    outcomes = await asyncio.gather(
        *(
            write_records(database, ann, "Workshop", "update", batch)
            for batch in (forth, forth[::-1], forth[::2] + forth[1::2])
        )
    )

    assert all(result.success for results in outcomes for result in results)


async def test_numbers_given_at_the_same_time_never_repeat(database: Database, ann: Context, rows: Rows) -> None:
    batches = [[{"Name": "n", "Code": f"number-{b}-{n}"} for n in range(1 + b % 5)] for b in range(20)]

    await asyncio.gather(*(write_records(database, ann, "Workshop", "insert", batch) for batch in batches))

    [(total, different)] = await rows("SELECT count(*), count(DISTINCT workshop_number) FROM tenant.workshop")
    assert total == different


async def test_who_meets_a_record_that_is_held_is_told_after_a_while(
    database: Database, ann: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await create_record(database, ann, "Workshop", {"Name": "h", "Code": "held"})
    monkeypatch.setattr(inquiry, "LOCK_TIMEOUT", Statement("SET LOCAL lock_timeout = '20ms'"))

    async with database.transaction(ann.binding) as transaction:
        await write_within(transaction, ann, "Workshop", "update", [{"Id": made.id, "Budget": 1}])
        outcome = await attempt(update_record(database, ann, "Workshop", str(made.id), {"Budget": 2}))

    assert outcome == "unable_to_lock_row"


async def test_a_parent_purged_while_a_child_is_made_leaves_no_child_behind(
    database: Database, admin: Context, rows: Rows
) -> None:
    for turn in range(5):
        parent = await create_record(database, admin, "Workshop", {"Name": "p", "Code": f"purge-{turn}"})
        deleting = write_records(database, admin, "Workshop", "delete", [{"Id": parent.id}])
        adding = attempt(create_record(database, admin, "Stay", {"WorkshopId": parent.id}))
        await asyncio.gather(deleting, adding)

    soon = datetime.now(UTC) + timedelta(minutes=1)
    await purge_deleted(database, admin.binding, admin.snapshot, older_than=soon)

    orphans = "SELECT FROM tenant.stay v WHERE NOT EXISTS (SELECT FROM tenant.workshop w WHERE w.id = v.workshop_id)"
    assert await rows(orphans) == []
