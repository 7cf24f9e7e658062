"""What a plan's statement depends on, as a value to look it up by: names and slots, but no values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import fields
from typing import Any

from chassis_platform.plan.read_plan import (
    Aggregate,
    Agreed,
    AllOf,
    AnyOf,
    ChildSet,
    Column,
    Compare,
    Computed,
    Formed,
    Hop,
    Includes,
    InQuery,
    KindSet,
    NotSo,
    OneOf,
    OwnedBy,
    PlannedCondition,
    PlannedField,
    PlannedOperand,
    PlannedOrder,
    ReadPlan,
    Seen,
    Selected,
    Within,
)


class Signature:
    """A value to look a statement up by. It is deep, so its hash is worked out once."""

    __slots__ = ("_hash", "_parts")

    def __init__(self, parts: Hashable) -> None:
        self._parts = parts
        self._hash = hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Signature) and self._parts == other._parts)


def signature(plan: ReadPlan) -> Hashable:
    """Two plans made with the same grants and the same signature have the same statement."""
    if plan.known_signature is None:
        _know(plan, Signature(_signature(plan)))
    return plan.known_signature


def with_values(plan: ReadPlan, values: Mapping[str, Any]) -> ReadPlan:
    """The same plan with other values in its slots, which its signature does not depend on."""
    known, other = signature(plan), object.__new__(ReadPlan)
    for name in _PARTS:  # dataclasses.replace() goes through the fields' definitions, which takes five times as long
        object.__setattr__(other, name, getattr(plan, name))
    object.__setattr__(other, "values", values)
    _know(other, known)
    return other


_PARTS = tuple(each.name for each in fields(ReadPlan))


def _know(plan: ReadPlan, known: Hashable) -> None:
    object.__setattr__(plan, "known_signature", known)  # the plan is frozen, and its signature follows from it


def _signature(plan: ReadPlan) -> Hashable:
    return (
        plan.object.name,
        tuple(map(_selected, plan.selected)),
        None if plan.where is None else _condition(plan.where),
        tuple(map(_order, plan.order_by)),
        (plan.group_kind, tuple(map(_operand, plan.group_by))),
        None if plan.having is None else _condition(plan.having),
        (plan.offset > 0, plan.count_only, plan.is_aggregate, plan.include_deleted),
    )


def columns_signature(columns: tuple[Column, ...]) -> Hashable:
    """The same for columns that a plan does not hold itself."""
    return tuple(map(_selected, columns))


def _selected(selected: Selected) -> Hashable:
    if isinstance(selected, ChildSet):
        plan = selected.plan
        return ("children", selected.name, selected.field.name, plan.limit, plan.offset, signature(plan))
    if isinstance(selected, KindSet):
        return (
            "kinds",
            selected.name,
            tuple((_hop(hop), tuple(map(_selected, each))) for hop, each in selected.branches),
        )
    return (selected.path, _operand(selected.operand))


def _operand(operand: PlannedOperand) -> Hashable:
    if isinstance(operand, Aggregate):
        return (operand.function, None if operand.field is None else _field(operand.field))
    if isinstance(operand, Computed):
        hops = tuple(map(_hop, operand.hops))
        parts = tuple(map(_operand, operand.operands))
        return (operand.function, parts, operand.type, operand.slots, operand.words, operand.in_zone, hops)
    return _field(operand)


def _hop(hop: Hop) -> Hashable:
    return (hop.field.object_name, hop.field.name, tuple(each.name for each in hop.targets))


def _field(field: PlannedField) -> Hashable:
    return (tuple(map(_hop, field.hops)), tuple((each.object_name, each.name) for each in field.fields), field.is_type)


def _order(order: PlannedOrder) -> Hashable:
    return (_operand(order.operand), order.descending, order.nulls_first)


def _condition(condition: PlannedCondition) -> Hashable:  # noqa: C901, PLR0911  a kind of condition, a line
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            return (type(condition).__name__, tuple(map(_condition, conditions)))
        case NotSo(negated):
            return ("NotSo", _condition(negated))
        case Seen(condition=inner, operand=operand):
            return ("Seen", _condition(inner), _field(operand))
        case OwnedBy(groups):
            return ("OwnedBy", groups)
        case Agreed(person, purpose, channel):
            return ("Agreed", _field(person), purpose, channel)
        case InQuery(operand, column, source, negated):
            return ("InQuery", _field(operand), _field(column), signature(source), negated)
        case Compare(operand, operator, slot):
            return ("Compare", _operand(operand), operator, slot)
        case Formed(operand, form, slot):
            return ("Formed", _field(operand), form, slot)
        case Within(operand, operator, start, end):
            return ("Within", _operand(operand), operator, start, end)
        case OneOf(operand, slot, with_null, negated):
            return ("OneOf", _operand(operand), slot, with_null, negated)
        case Includes(operand, slots, negated):
            return ("Includes", _field(operand), slots, negated)
