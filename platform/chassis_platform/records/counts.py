"""How many records of each object a user may read: counted, not estimated, for estimates are made of everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.records.pages import count_statement, planned
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

#: So many records are counted for one call, shared evenly among its objects.
MOST_COUNTED = 1_000_000


@dataclass(frozen=True, slots=True)
class RecordCount:
    """The records of an object. `is_bounded`: there are so many at least."""

    object_name: str
    count: int
    is_bounded: bool


async def count_of_each(database: Database, context: Context, objects: Sequence[Object]) -> list[RecordCount]:
    """The records of these objects that the user may read, in one round trip."""
    if not objects:
        return []
    most = MOST_COUNTED // len(objects)
    answers = await database.read(context.binding, *(_statement(context, each, most) for each in objects))
    counts = [int(count) for [(count,)] in answers]
    return [RecordCount(each.name, count, count >= most) for each, count in zip(objects, counts, strict=True)]


def _statement(context: Context, obj: Object, most: int) -> Statement:
    plan = planned(context, f"SELECT COUNT() FROM {obj.name}", include_deleted=False)  # noqa: S608  a known name
    return count_statement(context, plan, most=most)
