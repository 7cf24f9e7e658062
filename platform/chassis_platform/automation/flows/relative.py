"""Times before and after dates of records: when each is due, and the statements that find what may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import FieldType
from chassis_metadata.logic.business_hours import BusinessHours, named_hours
from chassis_metadata.logic.flow import Flow, Relative
from chassis_metadata.logic.flow_formulas import Standing, flow_formula
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.automation.business_time import add_duration, zone_of
from chassis_platform.automation.keeping import common
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import of_this_object
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

#: So many records are looked at in one transaction.
PAGE = 1_000
#: What was written by transactions that ended after the last look.
_MARGIN = timedelta(hours=1)
_A_DAY = timedelta(days=1)

MARK = Statement(
    "INSERT INTO chassis.flow_mark (tenant_id, flow, record_id, mark, marked_at)"
    " SELECT %(tenant_id)s, %(flow)s, r.record_id, r.mark, %(now)s"
    " FROM json_to_recordset(%(marks)s::json) AS r (record_id text, mark text)"
    " ON CONFLICT (tenant_id, flow, record_id, mark) DO NOTHING RETURNING record_id"
)
#: Marks without which nothing is done twice: of flows that are gone, and of what is too late by now to be done at all.
PRUNE_GONE = Statement(
    "DELETE FROM chassis.flow_mark WHERE tenant_id = %(tenant_id)s AND NOT flow = ANY (%(names)s::text[])"
)
PRUNE_LATE = Statement(
    "DELETE FROM chassis.flow_mark WHERE tenant_id = %(tenant_id)s AND flow = %(flow)s AND marked_at < %(floor)s"
)


@dataclass(frozen=True, slots=True)
class Window:
    """Between which dates a look searches: up to `upper`; from `recent`, or from `lower` what changed `since`."""

    lower: datetime
    recent: datetime
    upper: datetime
    since: datetime
    floor: datetime  # what was due before is none of the flow's business


@dataclass(frozen=True, slots=True)
class Timing:
    """When a flow is due for a date."""

    relative: Relative
    hours: BusinessHours
    zone: ZoneInfo
    is_date: bool

    def moment(self, at: date) -> datetime:
        """When the flow is due for a date, or a date and time."""
        offset = self.relative.offset
        clock_time = time.fromisoformat(self.relative.at) if self.relative.at else None
        if not isinstance(at, datetime):
            start = datetime.combine(at, clock_time or time(), self.zone)
        elif clock_time is not None and offset.unit in ("d", "w"):
            start = datetime.combine(at.astimezone(self.zone).date(), clock_time, self.zone)
        else:
            start = at
        return add_duration(self.hours, start, offset, self.zone)

    def window(self, now: datetime, since: datetime, checked: datetime) -> Window:
        """Where to search; wider than what is due, never narrower."""
        offset = self.relative.offset
        slack = 2 * _A_DAY
        if offset.business:
            slack += 4 * abs(offset.length) + 30 * _A_DAY
        late = self.relative.max_late
        floor = since if late is None else max(since, now - late.length)
        return Window(
            lower=floor - offset.length - slack,
            recent=checked - offset.length - slack,
            upper=now - offset.length + slack,
            since=checked - _MARGIN,
            floor=floor,
        )


def timing_of(context: Context, flow: Flow) -> Timing:
    """How a relative flow counts."""
    assert flow.relative is not None  # noqa: S101  the caller chose flows that have it
    obj = context.snapshot.objects[str(flow.object_name)]
    hours = named_hours(context.snapshot, flow.relative.business_hours)
    zone = zone_of(hours, context.tenant.time_zone) if flow.relative.offset.business else None
    is_date = obj.fields[flow.relative.field].type is FieldType.DATE
    return Timing(flow.relative, hours, zone or ZoneInfo(context.tenant.time_zone), is_date)


def dated_records(context: Context, flow: Flow, window: Window, after: str) -> Statement:
    """Records whose date may be due: (id, date, mark, whether the criteria hold), by id."""
    statement = context.snapshot.keep(("dated_records", flow.name), lambda: _dated(context.snapshot, flow))
    return statement.bind(
        **common(context),
        flow=flow.name,
        after=after,
        lower=window.lower,
        recent=window.recent,
        upper=window.upper,
        since=window.since,
    )


_MARKS = sa.table(
    "flow_mark",
    *(sa.column(name, sa.Text()) for name in ("flow", "record_id", "mark")),
    sa.column("tenant_id", sa.Integer()),
    schema="chassis",
)


def _dated(snapshot: Snapshot, flow: Flow) -> Statement:
    obj = snapshot.objects[str(flow.object_name)]
    assert flow.relative is not None  # noqa: S101  as timing_of
    source = tenant_view(obj).alias("t")
    field = obj.fields[flow.relative.field]
    at = value(field, source)
    kind: sa.types.TypeEngine[Any] = sa.Date() if field.type is FieldType.DATE else sa.DateTime(timezone=True)
    bounds = {name: sa.cast(sa.bindparam(name, type_=sa.DateTime(timezone=True)), kind) for name in _BOUNDS}
    since = sa.bindparam("since", type_=sa.DateTime(timezone=True))
    mark = sa.cast(at if field.type is FieldType.DATE else sa.extract("epoch", at), sa.Text())
    marked = sa.exists().where(
        _MARKS.c.tenant_id == source.c.tenant_id,
        _MARKS.c.flow == sa.bindparam("flow", type_=sa.Text()),
        _MARKS.c.record_id == source.c.id,
        _MARKS.c.mark == mark,
    )
    listed = [source.c.id, at.label("at"), mark.label("mark"), _criteria(snapshot, flow, obj, source).label("holds")]
    return compile_statement(
        sa.select(*listed)
        .where(
            *_living(obj, source),
            at >= bounds["lower"],
            at <= bounds["upper"],
            sa.or_(at >= bounds["recent"], source.c.system_modstamp >= since),
            ~marked,
        )
        .order_by(source.c.id)
        .limit(PAGE)
    )


_BOUNDS = ("lower", "recent", "upper")


def _living(obj: Object, source: sa.FromClause) -> list[ColumnElement[bool]]:
    after = sa.bindparam("after", type_=sa.Text(collation="C"))
    return [*of_this_object(obj, source), ~source.c.is_deleted, source.c.id > after]


def _criteria(snapshot: Snapshot, flow: Flow, obj: Object, source: sa.FromClause) -> ColumnElement[bool]:
    if flow.criteria is None:
        return sa.true()
    expression = flow_formula(snapshot, Standing(obj.name), flow.criteria, Kind.BOOLEAN)
    return sa.func.coalesce(compile_expression(expression, Rows(snapshot, obj, source)).value, sa.false())


def matching_records(context: Context, flow: Flow, after: str) -> Statement:
    """The next records of the flow's object for which its criteria hold, by id."""
    statement = context.snapshot.keep(("matching_records", flow.name), lambda: _matching(context.snapshot, flow))
    return statement.bind(**common(context), after=after)


def _matching(snapshot: Snapshot, flow: Flow) -> Statement:
    obj = snapshot.objects[str(flow.object_name)]
    source = tenant_view(obj).alias("t")
    here = [*_living(obj, source), _criteria(snapshot, flow, obj, source)]
    return compile_statement(sa.select(source.c.id).where(*here).order_by(source.c.id).limit(PAGE))
