"""What a plan's statement depends on, as a value to look it up by: names and slots, but no values."""

from __future__ import annotations

from collections.abc import Hashable

from chassis_platform.plan.read_plan import (
    Aggregate,
    AllOf,
    AnyOf,
    ChildSet,
    Column,
    Compare,
    Includes,
    InQuery,
    NotSo,
    OneOf,
    PlannedCondition,
    PlannedField,
    PlannedOperand,
    PlannedOrder,
    ReadPlan,
    Selected,
    Within,
)


def signature(plan: ReadPlan) -> Hashable:
    """Two plans made with the same grants and the same signature have the same statement."""
    return (
        plan.object.name,
        tuple(map(_selected, plan.selected)),
        None if plan.where is None else _condition(plan.where),
        tuple(map(_order, plan.order_by)),
        tuple(map(_field, plan.group_by)),
        None if plan.having is None else _condition(plan.having),
        (plan.offset > 0, plan.count_only, plan.is_aggregate, plan.include_deleted),
    )


def columns_signature(columns: tuple[Column, ...]) -> Hashable:
    """The same for columns that a plan does not hold itself."""
    return tuple(map(_selected, columns))


def _selected(selected: Selected) -> Hashable:
    if isinstance(selected, ChildSet):
        return ("children", selected.name, selected.field.name, selected.plan.limit, signature(selected.plan))
    return (selected.path, _operand(selected.operand))


def _operand(operand: PlannedOperand) -> Hashable:
    if isinstance(operand, Aggregate):
        return (operand.function, None if operand.field is None else _field(operand.field))
    return _field(operand)


def _field(field: PlannedField) -> Hashable:
    hops = tuple(
        (hop.field.object_name, hop.field.name, tuple(each.name for each in hop.targets)) for hop in field.hops
    )
    return (hops, tuple((each.object_name, each.name) for each in field.fields), field.is_type)


def _order(order: PlannedOrder) -> Hashable:
    return (_operand(order.operand), order.descending, order.nulls_first)


def _condition(condition: PlannedCondition) -> Hashable:  # noqa: PLR0911  a kind of condition, a line
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            return (type(condition).__name__, tuple(map(_condition, conditions)))
        case NotSo(negated):
            return ("NotSo", _condition(negated))
        case InQuery(operand, column, source, negated):
            return ("InQuery", _field(operand), _field(column), signature(source), negated)
        case Compare(operand, operator, slot):
            return ("Compare", _operand(operand), operator, slot)
        case Within(operand, operator, start, end):
            return ("Within", _operand(operand), operator, start, end)
        case OneOf(operand, slot, with_null, negated):
            return ("OneOf", _field(operand), slot, with_null, negated)
        case Includes(operand, slots, negated):
            return ("Includes", _field(operand), slots, negated)
