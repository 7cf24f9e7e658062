"""What was looked at, was changed or is asked for by id costs the same however many records there are."""

from __future__ import annotations

import itertools
from datetime import timedelta

import orjson
import pytest

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.records.changes import changes_between
from chassis_platform.records.pages import who
from chassis_platform.records.read import find_record, query
from chassis_platform.records.recent import recent_items, remember
from chassis_platform.sql.changes import compile_changes
from chassis_platform.sql.sources import Reach
from chassis_tenants.statement import Statement
from world import CountingDatabase, World

_codes = itertools.count(1)


def counting(world: World) -> CountingDatabase:
    return CountingDatabase(inner=world.database)


async def looked_at(world: World, context: Context, count: int) -> list[str]:
    owner = world.users["admin"]
    ids = [world.record("Workshop", Name="Seen", Code=f"L{next(_codes)}", OwnerId=owner) for _ in range(count)]
    database = counting(world)
    await remember(database, context, world.snapshot.objects["Workshop"], ids)
    assert (database.trips, len(database.statements)) == (1, 2)
    return ids


async def test_recent_records_are_read_in_two_trips_one_or_many(world: World) -> None:
    context = await world.as_user("admin")
    one = await looked_at(world, context, 1)
    many = await looked_at(world, context, 60)
    database = counting(world)
    items = await recent_items(database, context)
    assert (database.trips, len(database.statements)) == (2, 2)
    assert {each["Id"] for each in items} == {*one, *many}


async def test_a_query_without_for_view_notes_nothing(world: World) -> None:
    context = await world.as_user("head")
    database = counting(world)
    await query(database, context, "SELECT Id FROM Workshop")
    assert database.trips == 1
    assert await recent_items(world.database, context) == []


async def test_a_record_and_its_version_are_one_trip(world: World) -> None:
    context = await world.as_user("admin")
    [record_id] = await looked_at(world, context, 1)
    database = counting(world)
    found = await find_record(database, context, "Workshop", record_id)
    assert (database.trips, found.version, found.tag) == (1, 1, "1")


async def test_changes_are_found_in_one_trip(world: World) -> None:
    context = await world.as_user("admin")
    ids = await looked_at(world, context, 2)
    database, now = counting(world), clock.now()
    obj, hour = world.snapshot.objects["Workshop"], timedelta(hours=1)
    changes = await changes_between(database, context, obj, now - hour, now + hour, deleted=False)
    assert set(ids) <= set(orjson.loads(changes.found))
    assert (database.trips, len(database.statements)) == (1, 2)


@pytest.mark.parametrize(
    ("deleted", "index"), [(False, "workshop__system_modstamp__idx"), (True, "workshop__bin__idx")]
)
async def test_changes_are_found_by_an_index(world: World, *, deleted: bool, index: str) -> None:
    context, now = await world.as_user("admin"), clock.now()
    reach = Reach(world.snapshot, context.policy, include_deleted=deleted)
    statement = compile_changes(world.snapshot.objects["Workshop"], reach)
    bound = statement.bind(**who(context), start=now - timedelta(hours=1), end=now, most=10)
    _, plan = await world.database.read(
        context.binding,
        Statement("SET LOCAL enable_seqscan = off"),
        Statement(f"EXPLAIN {bound.text}", bound.parameters, sealed=bound.sealed),
    )
    assert any(index in line for (line,) in plan)
