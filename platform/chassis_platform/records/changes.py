"""What was changed or deleted in a span of time: for those who keep a copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis_metadata.errors import Invalid
from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.compile import Recent
from chassis_platform.access.context import Context
from chassis_platform.records.pages import who
from chassis_platform.sql.changes import OLDEST_OPEN, compile_changes
from chassis_platform.sql.sources import Reach
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

#: As long as deleted records lie in the recycle bin.
FURTHEST = timedelta(days=30)
MOST_IDS = 600_000
#: A record is stamped when its change is planned, a moment before its transaction begins.
_PLANNING = timedelta(seconds=5)

#: A cache of pure functions: what is compiled depends on the key alone.
_compiled: Recent[tuple[str, str, bool], Statement] = Recent(500)


@dataclass(frozen=True, slots=True)
class Changes:
    """What was found, as a JSON array, and up to which moment nothing can be missing."""

    found: bytes
    covered: datetime


def span_of(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The span in full minutes, as the field's clients know it; Invalid where it can't be answered."""
    start, end = (each.replace(second=0, microsecond=0) for each in (start, end))
    if start >= end:
        raise _no_span("start must be before end, by a minute or more: seconds are left out of account")
    if start < now - FURTHEST:
        raise _no_span(f"start may lie {FURTHEST.days} days back, to {(now - FURTHEST).isoformat(timespec='minutes')}")
    return start, end


def _no_span(message: str) -> Invalid:
    return Invalid.of("invalid_replication_date", message)


async def changes_between(
    database: Database, context: Context, obj: Object, start: datetime, end: datetime, *, deleted: bool
) -> Changes:
    """What the user may see of an object's changes, or of its deleted records."""
    now = clock.now()
    start, end = span_of(start, end, now)
    grants = context.policy.grants.identity
    reach = Reach(context.snapshot, context.policy, include_deleted=deleted)
    statement = _compiled.find((grants, obj.name, deleted), lambda: compile_changes(obj, reach))
    asked = statement.bind(**who(context), start=start, end=end, most=MOST_IDS + 1)
    [[(oldest,)], [(found, count)]] = await database.read(context.binding, OLDEST_OPEN, asked)
    if count > MOST_IDS:
        message = f"More than {MOST_IDS:,} records: ask for a shorter span of time."
        raise Invalid.of("exceeded_id_limit", message)
    return Changes(found, min(end, now - timedelta(seconds=oldest) - _PLANNING))
