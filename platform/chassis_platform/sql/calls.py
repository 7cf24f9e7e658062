"""Functions of the query language as SQL: parts of days, distances, labels, formats, sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.soql.functions import SIGNS
from chassis_platform.plan.conditions import type_of
from chassis_platform.plan.day_patterns import counts_half_days, day_pattern
from chassis_platform.plan.fiscal import start_month, years_ahead
from chassis_platform.plan.functions import DISTANCE, FORMAT, GROUPING, LABELS
from chassis_platform.plan.read_plan import Aggregate, Computed, PlannedField, PlannedOperand, fields_of
from chassis_platform.sql.formulas.rows import ZONE
from chassis_platform.sql.sources import Sources

Value = ColumnElement[Any]
Aggregated = Callable[[Aggregate], Value]
#: Kilometres of a mile, the radius of the earth, and what a degree of latitude measures at least.
_KILOMETRES = {"km": "1", "mi": "1.609344"}
_RADIUS = "6371.0088"
_DEGREE = "111.19"
_UTC: ColumnElement[str] = sa.literal_column("'UTC'", sa.Text())


def worked_out(call: Computed, sources: Sources, aggregate: Aggregated | None = None) -> Value:
    """The value of a call, typed; `aggregate` says what aggregates in it mean."""
    if id(call) not in sources.calls:
        sources.calls[id(call)] = _worked_out(call, sources, aggregate)
    return sources.calls[id(call)]


def clear_of(call: Computed, sources: Sources) -> ColumnElement[bool] | None:
    """Whether a row shows all that the call is made of in clear; None: all rows do."""
    found = [clear for field in fields_of(call) if (clear := sources.clear(field)) is not None]
    return sa.and_(*found) if found else None


def _worked_out(  # noqa: PLR0911  a kind of function, a line
    call: Computed, sources: Sources, aggregate: Aggregated | None
) -> Value:
    if call.function == DISTANCE:
        return _distance(call, sources)
    if call.function == GROUPING:
        return sa.func.grouping(grouped_by(call.operands[0], sources), type_=sa.Integer())
    operand = call.operands[0]
    value = _value(operand, sources, aggregate)
    if call.function == LABELS:
        return _labelled(call, value)
    if call.function == FORMAT:
        return _formatted(call, value, type_of(operand))
    if call.function in SIGNS:
        other = _value(call.operands[1], sources, aggregate)
        return value + other if call.function == "+" else value - other
    if call.function in _DAY_PARTS:
        return _DAY_PARTS[call.function](_local(value, operand, in_zone=call.in_zone), sources)
    return value


def grouped_by(operand: PlannedOperand, sources: Sources) -> Value:
    """What rows are grouped by."""
    return sources.comparable(operand) if isinstance(operand, PlannedField) else _value(operand, sources, None)


def _value(operand: PlannedOperand, sources: Sources, aggregate: Aggregated | None) -> Value:
    if isinstance(operand, Computed):
        return worked_out(operand, sources, aggregate)
    if isinstance(operand, PlannedField):
        return sources.value(operand)
    if aggregate is None:
        raise ValueError("an aggregate of one record")
    return aggregate(operand)


# Parts of days


def _local(value: Value, operand: PlannedOperand, *, in_zone: bool) -> Value:
    """The moment as a clock shows it: in UTC, or where the user is."""
    if type_of(operand) is FieldType.DATE:
        return sa.cast(value, sa.DateTime())
    zone = sa.cast(ZONE, sa.Text()) if in_zone else _UTC
    return sa.func.timezone(zone, value, type_=sa.DateTime())


DayPart = Callable[[Value, Sources], Value]


def _part(name: str, *, more: int = 0) -> DayPart:
    def part(moment: Value, _: Sources) -> Value:
        found = sa.cast(sa.extract(name, moment), sa.Integer())
        return found + sa.literal_column(str(more)) if more else found

    return part


def _week(name: str) -> DayPart:
    """Weeks are counted from the first day of the month or year, seven days each."""

    def week(moment: Value, _: Sources) -> Value:
        day = sa.cast(sa.extract(name, moment), sa.Integer())
        return sa.cast((day + sa.literal_column("6")) / sa.literal_column("7"), sa.Integer())

    return week


def _fiscal(name: str, *, is_year: bool = False) -> DayPart:
    def part(moment: Value, sources: Sources) -> Value:
        snapshot = sources.reach.snapshot
        months = sa.literal_column(f"interval '{start_month(snapshot) - 1} months'", sa.Interval())
        found = sa.cast(sa.extract(name, moment - months), sa.Integer())
        return found + sa.literal_column(str(years_ahead(snapshot))) if is_year else found

    return part


_DAY_PARTS: Mapping[str, DayPart] = {
    "CALENDAR_YEAR": _part("year"),
    "CALENDAR_QUARTER": _part("quarter"),
    "CALENDAR_MONTH": _part("month"),
    "DAY_IN_MONTH": _part("day"),
    "DAY_IN_WEEK": _part("dow", more=1),
    "DAY_IN_YEAR": _part("doy"),
    "DAY_ONLY": lambda moment, _: sa.cast(moment, sa.Date()),
    "HOUR_IN_DAY": _part("hour"),
    "WEEK_IN_MONTH": _week("day"),
    "WEEK_IN_YEAR": _week("doy"),
    "FISCAL_YEAR": _fiscal("year", is_year=True),
    "FISCAL_QUARTER": _fiscal("quarter"),
    "FISCAL_MONTH": _fiscal("month"),
}


# Distances


def _distance(call: Computed, sources: Sources) -> Value:
    """Along the great circle, in the unit asked for."""
    here = [_radians(sources.value(each)) for each in call.operands if isinstance(each, PlannedField)]
    there = [_radians(sa.cast(sa.bindparam(slot, type_=sa.Float()), sa.Float())) for slot in call.slots]
    half = [_sine_squared((one - other) / sa.literal_column("2")) for one, other in zip(here, there, strict=True)]
    chord = half[0] + sa.func.cos(here[0]) * sa.func.cos(there[0]) * half[1]
    most: Value = sa.literal_column("1")  # what rounding makes more of has no arc; LEAST would make it of nothing, too
    arc = sa.func.asin(sa.func.sqrt(sa.case((chord > most, most), else_=chord)), type_=sa.Float())
    unit = sa.literal_column(f"(2 * {_RADIUS} / {_kilometres(call)})::double precision", sa.Float())
    return arc * unit


def _radians(degrees: Value) -> Value:
    return sa.func.radians(sa.cast(degrees, sa.Float()), type_=sa.Float())


def _sine_squared(angle: Value) -> Value:
    return sa.func.power(sa.func.sin(angle, type_=sa.Float()), sa.literal_column("2"), type_=sa.Float())


def _kilometres(call: Computed) -> str:
    return _KILOMETRES[dict(call.words)["unit"]]


def latitudes_within(call: Computed, distance: Value) -> tuple[Value, Value]:
    """The lowest and highest latitude that lie within a distance of the call's point."""
    degree = sa.literal_column(f"({_DEGREE} / {_kilometres(call)})::double precision", sa.Float())
    reach = sa.cast(distance, sa.Float()) / degree
    middle = sa.cast(sa.bindparam(call.slots[0], type_=sa.Float()), sa.Float())
    return middle - reach, middle + reach


# Labels and formats


def _labelled(call: Computed, value: Value) -> Value:
    """A value's label; a value without one is its own."""
    is_list = isinstance(value.type, pg.ARRAY)
    if not call.words:
        return sa.func.array_to_string(value, _quoted("; "), type_=sa.Text()) if is_list else value
    if is_list:
        each: Value = sa.func.unnest(value).column_valued("chosen")
        labels = sa.func.string_agg(_label(call, each), _quoted("; "), type_=sa.Text())
        return sa.select(labels).scalar_subquery()
    return _label(call, value)


def _label(call: Computed, value: Value) -> Value:
    known = [(sa.literal(key, sa.Text()), sa.literal(label, sa.Text())) for key, label in call.words]
    return sa.case(*((value == key, label) for key, label in known), else_=value)


_LARGEST = "FM999,999,999,999,999,999,990"


def _formatted(call: Computed, value: Value, field_type: FieldType) -> Value:
    language = dict(call.words)["language"]
    day, hour = day_pattern(language), "FMHH12:MI AM" if counts_half_days(language) else "HH24:MI"
    if field_type in NUMERIC_TYPES:
        return _number(call, value)
    if field_type is FieldType.DATE:
        return sa.func.to_char(value, _quoted(day), type_=sa.Text())
    if field_type is FieldType.DATETIME:
        local = sa.func.timezone(sa.cast(ZONE, sa.Text()), value)
        return sa.func.to_char(local, _quoted(f"{day} {hour}"), type_=sa.Text())
    return sa.func.to_char(value, _quoted(hour), type_=sa.Text())


def _number(call: Computed, value: Value) -> Value:
    operand = call.operands[0]
    found = operand.field if isinstance(operand, PlannedField | Aggregate) else None
    field = found.field if isinstance(found, PlannedField) else found
    digits = (field.scale or 0) if field is not None else 2
    form = _LARGEST + ("." + "0" * digits if digits else "")
    return sa.func.to_char(sa.cast(value, sa.Numeric()), _quoted(form), type_=sa.Text())


def _quoted(text: str) -> ColumnElement[str]:
    """A text of this file."""
    return sa.literal_column(f"'{text}'", sa.Text())
