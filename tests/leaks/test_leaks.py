"""Generated tenants: what every door shows of every record to everybody is what the reference says, and no more.

`CHASSIS_LEAK_TOWNS=200` compares a hundred thousand answers, as is done at night; the default some thousands.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from chassis_platform.access.context import Context
from chassis_platform.records.explain import why
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from leak_towns.build import BuiltTown, build
from leak_towns.doors import DOORS, changeable, parents_by_child, stays_by_parent, stays_by_query, workshops_by_stay
from leak_towns.plan import Town, towns
from leak_towns.visibility import Visibility
from world import make_world

TOWNS = int(os.environ.get("CHASSIS_LEAK_TOWNS", "6"))
AT_NIGHT = TOWNS > 6

compared = 0


def same(found: set[int], wanted: set[int], what: str, of: int) -> None:
    """One comparison for each record that could have come through."""
    global compared  # noqa: PLW0603  told at the end
    compared += of
    assert found == wanted, f"{what}: shows {sorted(found - wanted)} too much, {sorted(wanted - found)} too little"


@settings(
    max_examples=TOWNS,
    deadline=None,
    derandomize=not AT_NIGHT,
    database=None,
    phases=[Phase.generate, Phase.shrink] if AT_NIGHT else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(town=towns())
async def test_no_door_shows_more_or_less_than_the_reference(
    town: Town, owner_dsn: str, database: Database, snapshots: SnapshotStore, make_tenant: Any
) -> None:
    world = await make_world(owner_dsn, database, snapshots, await make_tenant("garage"))
    built = await build(world, snapshots, town)
    for person in range(len(town.people)):
        await compare(built, await built.as_user(f"p{person}"), Visibility(town, person))


async def compare(built: BuiltTown, context: Context, wanted: Visibility) -> None:
    """All doors, for one person."""
    workshops = built.town.workshops
    alive = {number for number, each in enumerate(workshops) if not each.is_deleted}
    seen = {number for number in alive if wanted.sees(number)}
    who = f"person {wanted.person} of {built.town}"
    for door in DOORS:
        same(await door(built, context), seen, f"{door.__name__}, {who}", len(workshops))
    writable = {number for number in seen if wanted.may_change(number)}
    same(await changeable(built, context), writable, f"changeable, {who}", len(workshops))
    await compare_explanations(built, context, seen, writable)
    await compare_stays(built, context, wanted, seen)


async def compare_explanations(built: BuiltTown, context: Context, seen: set[int], writable: set[int]) -> None:
    """What is said of why somebody sees a record agrees with what somebody sees."""
    obj = built.snapshot.objects["Workshop"]
    told = [await why(built.database, context, obj, each) for each in built.workshop_ids]
    read = {number for number, each in enumerate(told) if each["access"] != "none"}
    same(read, seen, "explained", len(told))
    same({number for number in read if told[number]["access"] == "edit"}, writable, "explained to edit", len(told))
    assert all(each["grants"] for number, each in enumerate(told) if number in seen)
    assert all(each["refusal"] for number, each in enumerate(told) if number not in seen)


async def compare_stays(built: BuiltTown, context: Context, wanted: Visibility, seen: set[int]) -> None:
    """What is controlled by its parent, and what shows of parents through it."""
    town, count = built.town, len(built.town.stays)
    stays = {number for number in range(count) if wanted.sees_stay(number)}
    same(await stays_by_query(built, context), stays, "stays by query", count)
    under = {number for number in stays if town.stays[number].workshop in seen}
    same(await stays_by_parent(built, context), under, "stays by parent", count)
    through = {town.stays[number].workshop for number in stays} & seen
    same(await workshops_by_stay(built, context), {each for each in through if each is not None}, "by stay", count)
    parents = {town.workshops[number].parent for number in seen} & seen
    same(await parents_by_child(built, context), {each for each in parents if each is not None}, "by child", count)


def test_enough_was_compared() -> None:
    """The promise is two thousand comparisons in every run."""
    assert compared >= 2_000
