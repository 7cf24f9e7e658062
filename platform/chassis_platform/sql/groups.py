"""Groups as one SELECT: `AggregateResult` rows, with HAVING, order and limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, Select

from chassis_metadata.fields import NUMERIC_TYPES
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.plan.functions import GROUPING
from chassis_platform.plan.logged import logged_reads
from chassis_platform.plan.read_plan import (
    Aggregate,
    Column,
    Computed,
    PlannedField,
    PlannedOperand,
    PlannedOrder,
    ReadPlan,
    fields_of,
)
from chassis_platform.sql.access_log import entries
from chassis_platform.sql.calls import grouped_by, worked_out
from chassis_platform.sql.filters import Filters
from chassis_platform.sql.found import conditions, filters, root_sources
from chassis_platform.sql.json_values import JSON, Spelling, built_object, spelled
from chassis_platform.sql.page import FETCH, OFFSET
from chassis_platform.sql.record_conditions import scan_of_all
from chassis_platform.sql.sources import Reach, Sources
from chassis_tenants.statement import Statement, compile_statement

_ATTRIBUTES = sa.literal_column('\'{"type":"AggregateResult"}\'::json', JSON)


@dataclass(frozen=True, slots=True)
class CompiledGroups:
    """A statement that answers (records, groups found), and how many log entries it writes."""

    statement: Statement
    entry_count: int


def compile_groups(plan: ReadPlan, policy: AccessPolicy, snapshot: Snapshot) -> CompiledGroups:
    """The statement of a plan with groups."""
    sources = root_sources(plan, Reach(snapshot, policy, plan.include_deleted))
    logged = logged_reads(plan.columns, policy=policy)
    groups = _grouped(plan, sources).cte("groups") if logged else _grouped(plan, sources).subquery("groups")
    records = sa.func.json_agg(aggregate_order_by(groups.c.body, groups.c.position), type_=JSON)
    result = sa.select(
        sa.func.coalesce(records, sa.literal_column("'[]'::json", JSON), type_=JSON).label("records"),
        sa.func.count().label("found"),
    ).select_from(groups)
    read: list[FromClause] = [groups for _ in logged]
    return CompiledGroups(compile_statement(result.add_cte(*entries(logged, read)) if logged else result), len(logged))


def _grouped(plan: ReadPlan, sources: Sources) -> Select[Any]:
    where = conditions(plan, sources, scan_of_all(sources.reach.policy))
    by = [grouped_by(each, sources) for each in plan.group_by]
    members = [(each.path, _answered(each, sources, plan)) for each in plan.columns]
    order = [_ordered(each, sources) for each in plan.order_by] or by
    having = None if plan.having is None else _having(sources).where(plan.having)
    position = sa.func.row_number().over(order_by=order) if order else sa.literal_column("1")
    body = built_object([("attributes", _ATTRIBUTES), *members])
    grouped = sa.select(body.label("body"), position.label("position")).select_from(sources.all()).where(*where)
    grouped = grouped.group_by(*_GROUPINGS[plan.group_kind](by)) if by else grouped
    grouped = grouped if having is None else grouped.having(having)
    grouped = grouped.order_by(*order) if order else grouped
    return (grouped.offset(OFFSET) if plan.offset else grouped).limit(FETCH)


def _having(sources: Sources) -> Filters:
    plain = filters(sources)
    return Filters(sources, plain.find, lambda each: aggregate(each, sources))


_GROUPINGS: Mapping[str | None, Callable[[list[ColumnElement[Any]]], list[ColumnElement[Any]]]] = {
    None: lambda by: by,
    "ROLLUP": lambda by: [sa.func.rollup(*by)],
    "CUBE": lambda by: [sa.func.cube(*by)],
}


def _answered(column: Column, sources: Sources, plan: ReadPlan) -> ColumnElement[Any]:
    """A group's value is one of those that compare alike: texts that differ in case alone make one group."""
    operand = column.operand
    if isinstance(operand, Computed):
        return spelled(operand.type, _worked_out(operand, sources, plan), Spelling.REST)
    if isinstance(operand, Aggregate):
        kind = operand.field.type if operand.field is not None and operand.function in ("min", "max") else None
        value = aggregate(operand, sources, shown=True)
        return value if kind is None else spelled(kind, value, Spelling.REST)
    return spelled(operand.type, _of_group(operand, _one_of_group(operand, sources), sources, plan), Spelling.REST)


def _worked_out(operand: Computed, sources: Sources, plan: ReadPlan) -> ColumnElement[Any]:
    """What is grouped by, an aggregate in another form, or a form of what is grouped by."""
    if operand in plan.group_by or operand.function == GROUPING or _aggregates(operand):
        return worked_out(operand, sources, lambda each: aggregate(each, sources, shown=True))
    [field] = fields_of(operand)
    return _of_group(field, sa.func.min(worked_out(operand, sources)), sources, plan)


def _aggregates(operand: PlannedOperand) -> bool:
    return isinstance(operand, Aggregate) or (isinstance(operand, Computed) and any(map(_aggregates, operand.operands)))


def _of_group(operand: PlannedField, value: ColumnElement[Any], sources: Sources, plan: ReadPlan) -> ColumnElement[Any]:
    """The value, but for the rows of totals, which are about all groups."""
    if plan.group_kind is None:
        return value
    return sa.case((sa.func.grouping(sources.comparable(operand)) == sa.literal_column("0"), value))


def _one_of_group(operand: PlannedField, sources: Sources) -> ColumnElement[Any]:
    value = sources.value(operand)
    if isinstance(value.type, sa.Boolean):
        return sa.func.bool_and(value)
    if isinstance(value.type, sa.String):
        return sa.func.chassis.any_of(value, type_=value.type)  # any will do, and comparing them all takes longer
    return sa.func.min(value)


def aggregate(operand: Aggregate, sources: Sources, *, shown: bool = False) -> ColumnElement[Any]:
    """The aggregate over one group; MIN and MAX in the form that is shown, or that is compared."""
    if operand.field is None or (operand.function == "count" and _is_own_id(operand.field)):
        return sa.func.count()
    value = sources.value(operand.field)
    match operand.function:
        case "count":
            return sa.func.count(value)
        case "count_distinct":
            return sa.func.count(sources.comparable(operand.field).distinct())
        case "sum":
            return sa.func.sum(value)
        case "avg":
            return sa.func.avg(value)
    compared = value if shown or operand.field.type in NUMERIC_TYPES else sources.comparable(operand.field)
    return sa.func.min(compared) if operand.function == "min" else sa.func.max(compared)


def _is_own_id(operand: PlannedField) -> bool:
    """Whether it is what no row is without."""
    return operand.name == "Id" and not operand.hops


def _ordered(order: PlannedOrder, sources: Sources) -> ColumnElement[Any]:
    operand: PlannedOperand = order.operand
    value = _order_value(operand, sources)
    term = value.desc() if order.descending else value.asc()
    return term.nulls_first() if order.nulls_first else term.nulls_last()


def _order_value(operand: PlannedOperand, sources: Sources) -> ColumnElement[Any]:
    if isinstance(operand, Aggregate):
        return aggregate(operand, sources)
    if isinstance(operand, Computed):
        return worked_out(operand, sources, lambda each: aggregate(each, sources))
    return sources.comparable(operand)
