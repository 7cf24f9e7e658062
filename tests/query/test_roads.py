"""The roads to a page find the same records in the same order, whoever asks and however many they see."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from chassis_metadata.errors import NotFound
from chassis_platform.access.context import Context
from chassis_platform.access.road_memory import LOOKS_AMONG_ALL, Extent, RoadMemory
from chassis_platform.records import read
from world import World, counting

_MANY = 1_000_000
_TEXTS = (
    "SELECT Name FROM Workshop ORDER BY Name",
    "SELECT Name FROM Workshop ORDER BY Rating DESC NULLS LAST, Name",
    "SELECT Name FROM Workshop WHERE Rating > 1 ORDER BY CreatedDate DESC, Id",
    "SELECT Name FROM Workshop WHERE Code LIKE 'R%' ORDER BY Rating LIMIT 4 OFFSET 1",
    "SELECT Name FROM Workshop",
)


#: Who sees few, many, and most of all.
EXTENTS = (Extent(0, 0, 0), Extent(_MANY, _MANY, 0.01), Extent(_MANY, _MANY, 1))


def led(context: Context, extent: Extent | None) -> Context:
    """The context of somebody who is taken to see so much of all workshops."""
    roads = RoadMemory()
    if extent is not None:
        roads.keep_extent("Workshop", extent)
    return replace(context, policy=replace(context.policy, roads=roads))


@pytest.fixture(scope="module")
def workshops(world: World) -> dict[str, str]:
    """By name: some are the foreman's, some another's, some have no rating."""
    owners = [world.users["foreman"], world.users["stranger"]]
    return {
        f"R{number}": world.record(
            "Workshop", Name=f"R{number}", Code=f"R{number}", Rating=number % 3 or None, OwnerId=owners[number % 2]
        )
        for number in range(12)
    }


@pytest.mark.parametrize("text", _TEXTS)
@pytest.mark.parametrize("user", ["foreman", "stranger", "head"])
async def test_each_road_finds_the_same(world: World, workshops: dict[str, str], text: str, user: str) -> None:
    context = await world.as_user(user)
    assert workshops

    found = [orjson.loads(await read.query(world.database, led(context, each), text)) for each in (None, *EXTENTS)]

    assert found[0]["records"]
    assert all(each == found[0] for each in found)


@pytest.mark.usefixtures("workshops")
async def test_who_asks_is_counted_what_they_see_once_in_a_while(world: World) -> None:
    context = led(await world.as_user("foreman"), None)
    asked = []
    for _ in range(3):
        async with counting(world) as counted:
            await read.query(world.database, context, _TEXTS[0])
        asked.append((counted.trips, len(counted.statements)))

    assert asked == [(1, 2), (1, 1), (1, 1)]
    extent = context.policy.roads.extent_of("Workshop")
    assert extent is not None
    assert (extent.within, extent.share) == (6, 0.5)


async def test_a_record_that_is_not_ones_own_is_looked_for_among_all(world: World, workshops: dict[str, str]) -> None:
    context = led(await world.as_user("foreman"), None)
    own, shared = workshops["R0"], workshops["R1"]
    world.record(
        "RecordShare", ObjectName="Workshop", RecordId=shared, UserOrGroupId=world.users["foreman"], AccessLevel="Read"
    )
    trips = []
    for each in [own, shared, *[shared] * LOOKS_AMONG_ALL, own]:
        async with counting(world) as counted:
            await read.get_record(world.database, context, "Workshop", each, ["Name"])
        trips.append(counted.trips)

    assert trips == [1, 2, *[1] * LOOKS_AMONG_ALL, 1]


async def test_no_look_finds_what_is_out_of_reach(world: World, workshops: dict[str, str]) -> None:
    context = led(await world.as_user("foreman"), None)
    others = workshops["R3"]
    for _ in range(3):
        with pytest.raises(NotFound):
            await read.get_record(world.database, context, "Workshop", others, ["Name"])
