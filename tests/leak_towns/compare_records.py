"""Which records the doors show to one person, compared with the reference."""

from __future__ import annotations

from dataclasses import replace

from chassis_platform.access.context import Context
from chassis_platform.access.road_memory import Extent, RoadMemory
from chassis_platform.records.explain import why
from leak_towns.build import BuiltTown
from leak_towns.counted import same_records
from leak_towns.doors import (
    DOORS,
    by_deleted,
    changeable,
    parents_by_child,
    stays_by_parent,
    stays_by_query,
    workshops_by_stay,
)
from leak_towns.errands import ERRAND_DOORS, changeable_errands
from leak_towns.handlers import HANDLER_DOORS, by_children, workshops_by_relationship
from leak_towns.visibility import Visibility

#: How many records a person is taken to see: unknown, few, or many. Each door is asked by another road.
TAKEN_FOR = (None, Extent(0, 0, 0), Extent(1_000_000, 1_000_000, 0.01), Extent(1_000_000, 1_000_000, 1))


def by_road(context: Context, number: int) -> Context:
    """The same context, which takes one of the roads to its records."""
    roads, extent = RoadMemory(), TAKEN_FOR[number % len(TAKEN_FOR)]
    if extent is not None:
        for name in ("Workshop", "Stay", "Errand"):
            roads.keep_extent(name, extent)
    return replace(context, policy=replace(context.policy, roads=roads))


async def compare_records(built: BuiltTown, context: Context, wanted: Visibility) -> None:
    """All doors, for one person."""
    workshops = built.town.workshops
    seen = wanted.seen
    who = f"person {wanted.person}"
    for number, door in enumerate((*DOORS, *HANDLER_DOORS), wanted.person):
        same_records(await door(built, by_road(context, number)), seen, f"{door.__name__}, {who}", len(workshops))
    gone = {number for number, each in enumerate(workshops) if each.is_deleted and wanted.sees(number)}
    same_records(await by_deleted(built, context), gone, f"deleted, {who}", len(workshops))
    writable = {number for number in seen if wanted.may_change(number)}
    same_records(await changeable(built, context), writable, f"changeable, {who}", len(workshops))
    await compare_explanations(built, context, seen, writable)
    await compare_stays(built, context, wanted, seen)
    await compare_errands(built, context, wanted)


async def compare_explanations(built: BuiltTown, context: Context, seen: set[int], writable: set[int]) -> None:
    """What is said of why somebody sees a record agrees with what somebody sees."""
    obj = built.snapshot.objects["Workshop"]
    told = [await why(built.database, context, obj, each) for each in built.workshop_ids]
    read = {number for number, each in enumerate(told) if each["access"] != "none"}
    same_records(read, seen, "explained", len(told))
    same_records(
        {number for number in read if told[number]["access"] == "edit"}, writable, "explained to edit", len(told)
    )
    assert all(each["grants"] for number, each in enumerate(told) if number in seen)
    assert all(each["refusal"] for number, each in enumerate(told) if number not in seen)


async def compare_stays(built: BuiltTown, context: Context, wanted: Visibility, seen: set[int]) -> None:
    """What is controlled by its parent, and what shows of parents through it."""
    town, count = built.town, len(built.town.stays)
    stays = {number for number in range(count) if wanted.sees_stay(number)}
    same_records(await stays_by_query(built, context), stays, "stays by query", count)
    under = {number for number in stays if town.stays[number].workshop in seen}
    same_records(await stays_by_parent(built, context), under, "stays by parent", count)
    answering, named = await by_children(built, context)
    same_records(answering, seen, "by children", len(town.workshops))
    same_records(named, under, "stays by relationship", count)
    through = {town.stays[number].workshop for number in stays} & seen
    referred_to = {each for each in through if each is not None}
    same_records(await workshops_by_stay(built, context), referred_to, "by stay", count)
    same_records(await workshops_by_relationship(built, context), referred_to, "by stay's relationship", count)
    parents = {town.workshops[number].parent for number in seen} & seen
    same_records(
        await parents_by_child(built, context), {each for each in parents if each is not None}, "by child", count
    )


async def compare_errands(built: BuiltTown, context: Context, wanted: Visibility) -> None:
    """What is shared with the readers of another record."""
    count = len(built.town.errands)
    seen = {number for number in range(count) if wanted.sees_errand(number)}
    for number, door in enumerate(ERRAND_DOORS, wanted.person):
        same_records(
            await door(built, by_road(context, number)), seen, f"{door.__name__}, person {wanted.person}", count
        )
    writable = {number for number in seen if wanted.sees_errand(number, edit=True)}
    same_records(await changeable_errands(built, context), writable, f"errands, person {wanted.person}", count)
