"""Clocks in their object RecordMilestone: read, written, and found when they fall due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis_metadata.logic.milestone import Milestone
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import stored, without_blanks
from chassis_platform.automation.milestones.timer import Entry, State, Timer
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants import storage
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement, compile_statement

OBJECT = "RecordMilestone"
_FIELDS = (
    *("Id", "RecordId", "MilestoneName", "Occurrence", "State", "StartTime", "RunningSince", "PausedTime"),
    *("TargetMinutes", "RemainingMinutes", "DueTime", "NextCheckTime", "WarningCount", "ViolatedTime", "EndTime"),
    *("BusinessHours", "Log"),
)
_NOW = sa.bindparam("now", type_=sa.DateTime(timezone=True))
_NAMES = sa.bindparam("names", type_=pg.ARRAY(sa.Text()))
_MOST = sa.bindparam("most", type_=sa.Integer())
_MILLISECONDS = 60_000
_NAME_LENGTH = 80


def milestone_object(snapshot: Snapshot) -> Object:
    """The object that holds the clocks."""
    return snapshot.objects[OBJECT]


def timers_of_records(snapshot: Snapshot) -> Statement:
    """All clocks of records (`ids`) for some milestones (`names`), oldest first."""
    obj = milestone_object(snapshot)

    def make() -> Statement:
        source, wanted = _selected(obj)
        here = wanted.where(source.c.record_id == sa.any_(IDS), source.c.milestone_name == sa.any_(_NAMES))
        return compile_statement(here.order_by(source.c.occurrence))

    return kept(obj, "timers_of_records", make)


def timers_by_id(snapshot: Snapshot) -> Statement:
    """Clocks (`ids`) as they are now."""
    obj = milestone_object(snapshot)

    def make() -> Statement:
        source, wanted = _selected(obj)
        return compile_statement(wanted.where(source.c.id == sa.any_(IDS)).order_by(source.c.id))

    return kept(obj, "timers_by_id", make)


def due_timers(snapshot: Snapshot) -> Statement:
    """Up to `most` clocks for which something falls due until `now`, first things first: (id, record, milestone)."""
    obj = milestone_object(snapshot)

    def make() -> Statement:
        source = storage.tenant_view(obj).alias("m")
        named = (source.c.id, source.c.record_id, source.c.milestone_name)
        due = sa.select(*named).where(*_there(obj, source), source.c.next_check_time <= _NOW)
        return compile_statement(due.order_by(source.c.next_check_time, source.c.id).limit(_MOST))

    return kept(obj, "due_timers", make)


def running_timers(snapshot: Snapshot) -> Statement:
    """Up to `most` running clocks in business time after the id `after`."""
    obj = milestone_object(snapshot)

    def make() -> Statement:
        source, wanted = _selected(obj)
        after = sa.bindparam("after", type_=sa.Text())
        running = wanted.where(source.c.next_check_time.is_not(None), source.c.business_hours.is_not(None))
        return compile_statement(running.where(source.c.id > after).order_by(source.c.id).limit(_MOST))

    return kept(obj, "running_timers", make)


def _selected(obj: Object) -> tuple[sa.FromClause, sa.Select[Any]]:
    source = storage.tenant_view(obj).alias("m")
    values = [storage.value(obj.fields[name], source) for name in _FIELDS]
    return source, sa.select(*values).where(*_there(obj, source))


def _there(obj: Object, source: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    return [*of_this_object(obj, source), source.c.is_deleted.is_(sa.false())]


def timer_of_row(row: Row) -> Timer:
    """A row of the statements above that select whole clocks."""
    row_id, record_id, name, occurrence, state, start, running, standing, target, remaining, *rest = row
    due, check, warnings, violated, end, hours, log = rest
    return Timer(
        id=row_id,
        record_id=record_id,
        milestone=name,
        occurrence=int(occurrence),
        state=State(state),
        start=start,
        since=(standing if state == State.PAUSED else running) or start,
        target=_length(target),
        remaining=_length(remaining),
        due=due,
        next_check=check,
        warnings=int(warnings),
        violated=violated,
        end=end,
        hours=hours,
        log=tuple(_entries(log)),
    )


def _length(minutes: Decimal | None) -> timedelta:
    """Minutes as they are stored, to the millisecond."""
    return timedelta(milliseconds=round((minutes or 0) * _MILLISECONDS))


def _minutes(length: timedelta) -> Decimal:
    milliseconds = round(length / timedelta(milliseconds=1))
    return (Decimal(milliseconds) / _MILLISECONDS).quantize(Decimal("0.000001"))


def _entries(log: str | None) -> Iterable[Entry]:
    for each in orjson.loads(log) if log else ():
        due, done = (datetime.fromisoformat(each[key]) for key in ("due", "done"))
        yield Entry(each["what"], due, done, each.get("problem"))


def written(context: Context, timers: Sequence[Timer], milestones: Mapping[str, Milestone]) -> list[Statement]:
    """The statements that store clocks, new ones and changed ones."""
    language = context.tenant.language

    def fixed(timer: Timer) -> dict[str, Any]:
        return {
            "Name": milestones[timer.milestone].label_in(context.snapshot, language)[:_NAME_LENGTH],
            "RecordId": timer.record_id,
            "MilestoneName": timer.milestone,
            "Occurrence": timer.occurrence,
            "StartTime": timer.start,
        }

    return stored(context, OBJECT, timers, _values, fixed)


def _values(timer: Timer) -> dict[str, Any]:
    is_paused = timer.state is State.PAUSED
    return {
        "Id": timer.id,
        "State": timer.state.value,
        "DueTime": timer.due,
        "EndTime": timer.end,
        "ViolatedTime": timer.violated,
        "IsViolated": timer.violated is not None,
        "PausedTime": timer.since if is_paused else None,
        "RunningSince": None if is_paused else timer.since,
        "TargetMinutes": _minutes(timer.target),
        "RemainingMinutes": _minutes(timer.remaining),
        "WarningCount": timer.warnings,
        "NextCheckTime": timer.next_check,
        "BusinessHours": timer.hours,
        "Log": orjson.dumps([without_blanks(each) for each in timer.log]).decode() if timer.log else None,
    }
