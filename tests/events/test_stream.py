"""The order of changes, and what each subscriber is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.events.stream import expire_changes
from chassis_platform.records.purge import purge_within
from chassis_platform.records.write import (
    create_record,
    delete_record,
    undelete_record,
    update_record,
    write_records,
    write_within,
)
from chassis_tenants.database import Database
from conftest import MakeTenant
from events.conftest import Follow
from records.conftest import People

_codes = count(1)
Rows = Callable[..., Awaitable[list[tuple[Any, ...]]]]


async def make(database: Database, context: Context, **values: Any) -> str:
    values = {"Name": "Works", "Code": f"e{next(_codes)}", "OwnerId": context.principal.user_id, **values}
    return str((await create_record(database, context, "Workshop", values)).id)


async def test_a_record_is_told_of_from_its_beginning_to_its_return(
    database: Database, ann: Context, follow: Follow
) -> None:
    subscriber = await follow(ann)

    made = await make(database, ann, Region="North")
    await update_record(database, ann, "Workshop", made, {"Region": "West", "Name": "Works"})
    [created, changed] = await subscriber.news()
    await update_record(database, ann, "Workshop", made, {"Region": "West"})  # which is what it was

    assert created["ChangeEventHeader"] | {"changedFields": ["Name", "Region"]} == created["ChangeEventHeader"] | {
        "entityName": "Workshop",
        "recordIds": [made],
        "changeType": "CREATE",
        "changeOrigin": "api",
        "sequenceNumber": 1,
        "commitUser": ann.principal.user_id,
        "changedFields": ["Name", "Region"],
    }
    assert changed["ChangeEventHeader"]["changedFields"] == ["Region"]
    assert changed["records"][0]["Region"] == "West"
    assert set(changed["records"][0]) == {"attributes", "Id", "Region", "SystemModstamp"}
    assert created["records"][0]["Code"].startswith("e")
    assert await subscriber.news() == []


async def test_an_object_may_be_left_out_of_the_stream(database: Database, ann: Context, follow: Follow) -> None:
    subscriber = await follow(ann)
    objects = ann.snapshot.objects
    quiet = replace(ann.snapshot, objects={**objects, "Workshop": replace(objects["Workshop"], change_events=False)})

    await make(database, replace(ann, snapshot=quiet))

    assert await subscriber.news() == []


async def test_what_goes_into_the_bin_with_its_master_is_told_of_too(
    database: Database, admin: Context, follow: Follow
) -> None:
    workshop = await make(database, admin)
    subscriber = await follow(admin)

    stay = str((await create_record(database, admin, "Stay", {"WorkshopId": workshop})).id)
    await delete_record(database, admin, "Workshop", workshop)
    await undelete_record(database, admin, "Workshop", workshop)
    told = await subscriber.changes()

    assert told[0] == ("CREATE", [stay])
    assert sorted(told[1:3]) == sorted([("DELETE", [workshop]), ("DELETE", [stay])])
    assert sorted(told[3:]) == sorted([("UNDELETE", [workshop]), ("UNDELETE", [stay])])


async def test_a_batch_is_one_event_for_all_records_that_changed_alike(
    database: Database, ann: Context, follow: Follow
) -> None:
    made = [await make(database, ann, Region="North") for _ in range(3)]
    subscriber = await follow(ann)
    changes = [{"Id": each, "Region": "South"} for each in made[:2]] + [{"Id": made[2], "Notes": "new"}]

    await write_records(database, ann, "Workshop", "update", changes)
    [regions, notes] = await subscriber.news()

    headers = [regions["ChangeEventHeader"], notes["ChangeEventHeader"]]
    assert [(each["recordIds"], each["changedFields"]) for each in headers] == [
        (made[:2], ["Region"]),
        (made[2:], ["Notes"]),
    ]
    assert [each["sequenceNumber"] for each in headers] == [1, 2]
    assert headers[0]["transactionKey"] == headers[1]["transactionKey"]


async def test_what_is_rolled_back_is_not_told(database: Database, ann: Context, follow: Follow) -> None:
    made = await make(database, ann)
    subscriber = await follow(ann)

    wrong = [{"Id": made, "Region": "West"}, {"Id": made[:-1] + "x", "Region": "West"}]
    await write_records(database, ann, "Workshop", "update", wrong, all_or_none=True)

    assert await subscriber.news() == []


async def test_nobody_is_told_of_records_that_they_do_not_see(
    database: Database, ann: Context, people: People, admin: Context, follow: Follow
) -> None:
    stranger = await people.context(await people.add("stranger", "GarageUser", "StandardUser"), "stranger")
    theirs, boss = await follow(stranger), await follow(admin)

    made = await make(database, ann)
    await update_record(database, admin, "Workshop", made, {"Region": "West"})
    await delete_record(database, admin, "Workshop", made)

    assert await theirs.news() == []
    assert [kind for kind, _ in await boss.changes()] == ["DELETE"]  # of what is in the bin by now, that is all


async def test_of_fields_that_may_not_be_read_nothing_is_told(
    database: Database, ann: Context, admin: Context, follow: Follow
) -> None:
    made = await make(database, ann)
    hers, boss = await follow(ann), await follow(admin)

    await update_record(database, admin, "Workshop", made, {"TaxNumber": "7", "Region": "West"})
    await update_record(database, admin, "Workshop", made, {"TaxNumber": "8"})
    [told] = await hers.news()

    assert told["ChangeEventHeader"]["changedFields"] == ["Region"]
    assert "TaxNumber" not in told["records"][0]
    assert [each["ChangeEventHeader"]["changedFields"] for each in await boss.news()] == [
        ["Region", "TaxNumber"],
        ["TaxNumber"],
    ]


async def test_classified_values_that_are_told_are_in_the_access_log(
    database: Database, ann: Context, follow: Follow, rows: Rows
) -> None:
    subscriber = await follow(ann)
    made = await make(database, ann, Email="a@b.example")

    await subscriber.news()

    [(fields, ids)] = await rows("SELECT fields, record_ids FROM tenant.access_log WHERE door = 'events' AND"
                                 " record_ids @> ARRAY[%(id)s]", id=made)  # fmt: skip
    assert "Email" in fields
    assert ids == [made]


async def test_a_slow_transaction_is_not_skipped_and_holds_nobody_up(
    database: Database, ann: Context, follow: Follow
) -> None:
    subscriber = await follow(ann)
    code = {"OwnerId": ann.principal.user_id, "Name": "Slow", "Code": f"e{next(_codes)}"}

    async with database.transaction(ann.binding) as slow:
        [written] = await write_within(slow, ann, "Workshop", "insert", [code])
        quick = await make(database, ann)
        before = await subscriber.changes()
        quicker = await make(database, ann)
        then = await subscriber.changes()
    after = await subscriber.changes()

    assert (before, then) == ([("CREATE", [quick])], [("CREATE", [quicker])])
    assert after == [("CREATE", [written.id])]


async def test_changes_of_one_record_come_in_the_order_in_which_they_were_committed(
    database: Database, ann: Context, follow: Follow
) -> None:
    shared, other = await make(database, ann), await make(database, ann)
    subscriber = await follow(ann)

    async with database.transaction(ann.binding) as early:  # has the lower transaction number, and comes second
        await write_within(early, ann, "Workshop", "update", [{"Id": other, "Region": "North"}])
        await update_record(database, ann, "Workshop", shared, {"Region": "South"})
        await write_within(early, ann, "Workshop", "update", [{"Id": shared, "Notes": "second"}])
    told = await subscriber.news()

    of_shared = [each["ChangeEventHeader"] for each in told if shared in each["ChangeEventHeader"]["recordIds"]]
    assert [each["changedFields"] for each in of_shared] == [["Region"], ["Notes"]]


async def test_however_many_write_and_read_at_once_each_reader_gets_each_change_once_and_in_order(
    database: Database, ann: Context, follow: Follow
) -> None:
    made = [await make(database, ann, Budget=0) for _ in range(3)]
    readers = [await follow(ann) for _ in range(3)]
    writing = asyncio.Event()

    async def write(number: int) -> None:
        for step in range(6):
            await update_record(
                database, ann, "Workshop", made[(number + step) % 3], {"Budget": number * 10 + step + 1}
            )

    async def read(place: int) -> list[tuple[str, list[str]]]:
        found: list[tuple[str, list[str]]] = []
        while not writing.is_set():
            found += await readers[place].changes(most=2)
        return found + await readers[place].changes(most=2)

    reading = [asyncio.create_task(read(place)) for place in range(3)]
    await asyncio.gather(*(write(number) for number in range(4)))
    writing.set()
    [first, *others] = await asyncio.gather(*reading)

    assert len(first) == 24
    assert all(each == first for each in others)


async def test_a_subscriber_goes_on_where_it_stopped_and_may_ask_for_some_objects(
    database: Database, admin: Context, follow: Follow
) -> None:
    subscriber = await follow(admin)
    ids = [await make(database, admin) for _ in range(5)]
    await create_record(database, admin, "Customer", {"LastName": "Somebody"})
    start = subscriber.replay_id

    small = await subscriber.changes(most=2)
    again = await follow(admin, start, ("workshop",))

    assert [each for _, each in small[:5]] == [[each] for each in ids]
    assert await again.changes() == small[:5]
    assert small[5][0] == "CREATE"
    with pytest.raises(Invalid):
        await (await follow(admin, start, ("Nothing",))).news()


async def test_what_is_gone_for_good_is_told_to_those_who_see_all(
    database: Database, admin: Context, ann: Context, follow: Follow
) -> None:
    made = await make(database, admin, OwnerId=ann.principal.user_id)
    boss, hers = await follow(admin), await follow(ann)
    await delete_record(database, admin, "Workshop", made)
    common = {"tenant": admin.tenant.id, "tenant_id": admin.tenant.id, "stamp": datetime.now(UTC)}

    async with database.transaction(admin.binding) as transaction:
        await purge_within(transaction, admin.snapshot, admin.snapshot.objects["Workshop"], [made], common)

    assert await boss.changes() == [("DELETE", [made])]
    assert await hers.changes() == []  # whether she saw it is known to nobody any more


async def test_a_row_that_a_reader_gives_its_place_costs_no_second_statement(
    database: Database, ann: Context, follow: Follow, counted: Any
) -> None:
    """Two round trips a page, however many events of however many records."""
    subscriber = await follow(ann)
    await write_records(
        database,
        ann,
        "Workshop",
        "insert",
        [{"Name": "W", "Code": f"e{next(_codes)}", "OwnerId": ann.principal.user_id} for _ in range(150)],
    )
    for _ in range(5):
        await make(database, ann)

    with counted() as reading:
        news = await subscriber.news()

    assert sum(len(each["records"]) for each in news) == 155
    assert (reading.trips, reading.statements) == (2, 3)


async def test_changes_are_kept_for_some_days_and_who_missed_some_is_told(
    database: Database, admin: Context, follow: Follow
) -> None:
    early = await follow(admin)
    await make(database, admin)
    unread = early.replay_id

    with clock.moved_to(datetime.now(UTC) + timedelta(hours=73)):
        await expire_changes(database, admin.tenant.id)

    with pytest.raises(Invalid, match="kept no longer"):
        await follow(admin, unread)
    later = await follow(admin, "-2")
    made = await make(database, admin)
    assert await later.changes() == [("CREATE", [made])]


@pytest.mark.parametrize("replay_id", ["-3", "1e3", "٣", "999999999999", "'; --", ""])
async def test_a_replay_id_that_the_stream_never_gave_is_refused(ann: Context, follow: Follow, replay_id: str) -> None:
    with pytest.raises(Invalid, match="invalid"):
        await follow(ann, replay_id)


async def test_another_tenant_s_changes_are_none_of_ours(
    database: Database, admin: Context, make_tenant: MakeTenant, snapshots: Any, follow: Follow
) -> None:
    other = People(database, snapshots, await make_tenant("garage"))
    theirs = await other.context(await other.add("admin", "GarageAdmin", "StandardUser"), "admin")
    subscriber = await follow(theirs)

    await make(database, admin)

    assert await subscriber.news() == []
    assert (await follow(theirs, "-2")).replay_id == subscriber.replay_id
