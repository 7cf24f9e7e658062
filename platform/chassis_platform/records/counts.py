"""How many records of each object a user may read: counted, not estimated, for estimates are made of everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.compile import Recent
from chassis_platform.access.context import Context
from chassis_platform.records.pages import planned, who
from chassis_platform.sql.bounded_count import compile_bounded_count
from chassis_platform.sql.formula_context import time_zone
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

#: So many records are counted for one call, shared evenly among its objects.
MOST_COUNTED = 1_000_000

_statements: Recent[tuple[str, str], Statement] = Recent(1_000)


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
    answers = await database.read(context.binding, *(_statement(context, each).bind(most=most) for each in objects))
    counts = [int(count) for [(count,)] in answers]
    return [RecordCount(each.name, count, count >= most) for each, count in zip(objects, counts, strict=True)]


def _statement(context: Context, obj: Object) -> Statement:
    plan = planned(context, f"SELECT COUNT() FROM {obj.name}", include_deleted=False)  # noqa: S608  a known name

    def make() -> Statement:
        return compile_bounded_count(plan, context.policy, context.snapshot)

    statement = _statements.find((context.policy.grants.identity, obj.name), make)
    return statement.bind(**who(context), **plan.bound_values(clock.now(), time_zone(context)))
