"""BUSINESS_MINUTES and ADD_BUSINESS_MINUTES: time that runs while it is open, by the business hours of the metadata."""

from __future__ import annotations

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Operation
from chassis_metadata.logic.business_hours import ALWAYS, BusinessHours, named_hours
from chassis_platform.sql.business_time import MOST_DAYS, MOST_MINUTES, minutes_between, moment_after
from chassis_platform.sql.formulas.arithmetic import numeric
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.pieces import Condition, Piece, Template, any_failed, as_kind, number, truth
from chassis_platform.sql.formulas.rows import ORGANIZATION

_MOMENT = sa.DateTime(timezone=True)
_LONGEST = sa.literal_column(f"INTERVAL '{MOST_DAYS} days'", sa.Interval())
#: The same in every time zone: years 1 to 9999 with room on both sides.
_FIRST = sa.literal_column("TIMESTAMPTZ '0002-01-01 00:00:00+00'", _MOMENT)
_LAST = sa.literal_column("TIMESTAMPTZ '9900-01-01 00:00:00+00'", _MOMENT)


def _hours(compiler: Compiler, node: Operation) -> BusinessHours:
    """The hours that are named, or the default; it is always open where there is no metadata."""
    snapshot = compiler.rows.snapshot
    return named_hours(snapshot, *node.detail) if snapshot is not None else ALWAYS


def _zone(hours: BusinessHours) -> tuple[str, tuple[sa.ColumnElement[str], ...]]:
    """The zone in SQL, with the parts that stand for `{2}`: the tenant's zone, where the hours name none."""
    if hours.time_zone is not None:
        return "'" + hours.time_zone.replace("'", "") + "'", ()
    return "coalesce(({2})::json ->> 'timezone', 'UTC')", (ORGANIZATION,)


def _outside(*moments: sa.ColumnElement[object]) -> Condition:
    return truth(sa.or_(*((each < _FIRST) | (each > _LAST) for each in moments)))


def _minutes(compiler: Compiler, node: Operation) -> Piece:
    start, end = compiler.pieces(node.arguments)
    since, until = as_kind(start, Kind.DATETIME), as_kind(end, Kind.DATETIME)
    hours = _hours(compiler, node)
    zone, more = _zone(hours)
    # A span that is too long fails; it must not be walked through before that is known.
    too_long = sa.or_(_outside(since, until), truth((since - until > _LONGEST) | (until - since > _LONGEST)))
    held = sa.case((too_long, sa.cast(sa.null(), _MOMENT)), else_=until)
    value = Template(minutes_between(hours, "{0}", "{1}", zone), since, held, *more, type_=sa.Numeric())
    return Piece(Kind.NUMBER, value, any_failed([start.failed, end.failed, too_long]), is_rounded=True)


def _after(compiler: Compiler, node: Operation) -> Piece:
    start, count = compiler.pieces(node.arguments)
    moment, minutes = as_kind(start, Kind.DATETIME), numeric(compiler, count)
    hours = _hours(compiler, node)
    zone, more = _zone(hours)
    outside = truth((minutes.value < number(0)) | (minutes.value > number(MOST_MINUTES)))
    impossible = sa.or_(outside, _outside(moment))
    held = sa.case((impossible, sa.cast(sa.null(), _MOMENT)), else_=moment)
    value = Template(moment_after(hours, "{0}", "{1}", zone), held, minutes.value, *more, type_=_MOMENT)
    return Piece(Kind.DATETIME, value, any_failed([start.failed, minutes.failed, impossible]))


BUSINESS: dict[str, Function] = {"BUSINESS_MINUTES": _minutes, "ADD_BUSINESS_MINUTES": _after}
