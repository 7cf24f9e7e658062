"""One subscriber's way through the stream: page after page of what the user may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis_platform.access.context import Context
from chassis_platform.automation.events.seen import Event, page_of, seen_by
from chassis_platform.automation.events.stream import is_position, kept_of, page_statements, position_of
from chassis_platform.plan.names import Names
from chassis_platform.records.told import is_told_of
from chassis_tenants.database import Database

#: The most events of a page.
MOST_EVENTS = 200
DOOR = "events"


@dataclass(frozen=True, slots=True)
class Page:
    """Events, the replay id behind which to go on, and whether there is more already."""

    events: Sequence[Event]
    replay_id: str
    more: bool


def objects_of(context: Context, asked: Sequence[str]) -> tuple[str, ...]:
    """The objects whose changes are asked for, all that the user may read where none are named; others are refused."""
    names = Names(context.snapshot, context.policy)
    if asked:
        return tuple(dict.fromkeys(names.object(each).name for each in asked))
    policy = context.policy
    return tuple(name for name, obj in context.snapshot.objects.items() if policy.on(name).read and is_told_of(obj))


async def next_page(  # noqa: PLR0913  what a subscriber may say, by name
    database: Database,
    context: Context,
    replay_id: str,
    *,
    objects: Sequence[str] = (),
    most: int = MOST_EVENTS,
    version: str,
    door: str = DOOR,
) -> Page:
    """The first events behind a replay id of the stream. An empty page moves on, too, over what the user sees not."""
    after = int(replay_id) if is_position(replay_id) else 0
    asked = page_statements(context.tenant.id, after, objects_of(context, objects), most)
    kept = kept_of(await database.read(context.binding, *asked), after, most)
    start = position_of(replay_id, kept.last, kept.expired)
    changes = page_of(kept.changes)
    is_whole = len(changes) == len(kept.changes)
    through = max(kept.through, start) if is_whole else changes[-1].position
    events = await seen_by(database, context, changes, door=door, version=version)
    return Page(events, str(through), more=kept.more or not is_whole)


async def starting_point(database: Database, context: Context, replay_id: str) -> str:
    """The replay id that a subscriber begins with: what `-1` and `-2` mean by now; refused where it is none."""
    while True:
        kept = kept_of(await database.read(context.binding, *page_statements(context.tenant.id, 0, (), 1)), 0, 1)
        if not kept.is_behind:
            return str(position_of(replay_id, kept.last, kept.expired))
