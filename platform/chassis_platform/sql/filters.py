"""Planned conditions as SQL: comparisons that indexes serve, and nulls that neither hide nor show by accident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, Select

from chassis_metadata.fields import CASELESS_TYPES, NUMERIC_TYPES, REFERENCE_TYPES, FieldType
from chassis_metadata.snapshot import Field
from chassis_metadata.soql.tree import Operator
from chassis_platform.access.sharing import GROUP_IDS, TENANT_ID, USER_ID
from chassis_platform.plan.conditions import type_of
from chassis_platform.plan.functions import DISTANCE
from chassis_platform.plan.read_plan import (
    Aggregate,
    Agreed,
    AllOf,
    AnyOf,
    Compare,
    Computed,
    Formed,
    Includes,
    InQuery,
    NotSo,
    OneOf,
    OwnedBy,
    PlannedCondition,
    PlannedField,
    PlannedOperand,
    Seen,
    Within,
)
from chassis_platform.sql.calls import latitudes_within, worked_out
from chassis_platform.sql.consent_rows import agreed
from chassis_platform.sql.search_forms import in_form
from chassis_platform.sql.sources import Sources
from chassis_tenants import storage
from chassis_tenants.sealed_columns import FoundBy

Values = ColumnElement[Any]
_RANGES: dict[Operator, Callable[[Values, Values], ColumnElement[bool]]] = {
    Operator.EQUALS: lambda left, right: left == right,
    Operator.LESS: lambda left, right: left < right,
    Operator.LESS_OR_EQUAL: lambda left, right: left <= right,
    Operator.GREATER: lambda left, right: left > right,
    Operator.GREATER_OR_EQUAL: lambda left, right: left >= right,
}
_PIVOTED_TYPES = (CASELESS_TYPES | NUMERIC_TYPES | REFERENCE_TYPES | {FieldType.DATE, FieldType.DATETIME}) - {
    FieldType.CHECKBOX
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions over the rows of `sources`; `find` says what a semi-join reads, `aggregate` what HAVING's mean."""

    sources: Sources
    find: Callable[[InQuery], tuple[Select[Any], Values]]
    aggregate: Callable[[Aggregate], Values] | None = None

    def where(self, condition: PlannedCondition) -> ColumnElement[bool]:  # noqa: C901, PLR0911  a kind of condition, a line
        """The condition as SQL."""
        match condition:
            case AllOf(conditions) | AnyOf(conditions):
                joined = sa.and_ if isinstance(condition, AllOf) else sa.or_
                return joined(*map(self.where, conditions))
            case NotSo(negated):
                return self.where(negated).is_not(sa.true())
            case Seen(inner, operand):
                clear = self.sources.clear(operand)
                return self.where(inner) if clear is None else sa.and_(self.where(inner), clear)
            case Agreed():
                return self._agreed(condition)
            case OwnedBy(groups):
                owner = self.sources.root.c.owner_id
                own = owner == USER_ID
                return sa.or_(own, owner == sa.any_(GROUP_IDS)) if groups else own
            case Compare():
                return self._compare(condition)
            case Formed(operand, form, slot):
                return in_form(form, self.sources.comparable(operand), bound_value(operand, slot))
            case Within():
                return self._within(condition)
            case OneOf():
                return self._one_of(condition)
            case Includes():
                return self._includes(condition)
            case InQuery():
                return self._in_query(condition)

    def _agreed(self, condition: Agreed) -> ColumnElement[bool]:
        words = (sa.bindparam(each, type_=sa.Text()) for each in (condition.purpose, condition.channel))
        return sa.and_(*agreed(self.sources.reach.snapshot, self.sources.comparable(condition.person), *words))

    def _comparable(self, operand: PlannedOperand) -> Values:
        if isinstance(operand, Aggregate):
            if self.aggregate is None:
                raise ValueError("an aggregate outside HAVING")
            return self.aggregate(operand)
        if isinstance(operand, Computed):
            found = worked_out(operand, self.sources, self.aggregate)
            return sa.func.lower(found).collate("C") if operand.type is FieldType.TEXT else found
        if operand.type is FieldType.CHECKBOX:
            return sa.func.coalesce(self.sources.value(operand), sa.false())
        return self.sources.comparable(operand)

    def _compare(self, condition: Compare) -> ColumnElement[bool]:
        operand, operator = condition.operand, condition.operator
        if condition.slot is None:
            return self._compare_null(operand, is_null=operator is Operator.EQUALS)
        bound = bound_value(operand, condition.slot)
        if type_of(operand) is FieldType.MULTI_PICKLIST and isinstance(operand, PlannedField):
            same = _same_members(self.sources.value(operand), condition.slot)
            return same if operator is Operator.EQUALS else same.is_not(sa.true())
        if operator is Operator.NOT_EQUALS:
            return self._comparable(operand).is_distinct_from(bound)
        pivoted = _pivoted_field(operand, self.sources)
        if pivoted is not None:
            field, source = pivoted
            return _in_pivot(field, source, lambda column: _apply(operator, column, _pivot_bound(field, bound)))
        compared = _apply(operator, self._comparable(operand), bound)
        near = self._near(operand, operator, bound)
        return compared if near is None else sa.and_(near, compared)

    def _near(self, operand: PlannedOperand, operator: Operator, bound: Values) -> ColumnElement[bool] | None:
        """Within a distance are only latitudes within it, for which there may be an index."""
        if not isinstance(operand, Computed) or operand.function != DISTANCE:
            return None
        if operator not in (Operator.LESS, Operator.LESS_OR_EQUAL, Operator.EQUALS):
            return None
        first = operand.operands[0]
        if not isinstance(first, PlannedField):
            return None
        lowest, highest = latitudes_within(operand, bound)
        return self.sources.comparable(first).between(lowest, highest)

    def _compare_null(self, operand: PlannedOperand, *, is_null: bool) -> ColumnElement[bool]:
        if type_of(operand) is FieldType.CHECKBOX:
            return self._comparable(operand).is_(sa.literal_column("false") if is_null else sa.literal_column("true"))
        if type_of(operand) is FieldType.MULTI_PICKLIST and isinstance(operand, PlannedField):
            members = sa.func.coalesce(sa.func.cardinality(self.sources.value(operand)), 0)
            return members == sa.literal_column("0") if is_null else members > sa.literal_column("0")
        left = self._comparable(operand)
        return left.is_(None) if is_null else left.is_not(None)

    def _within(self, condition: Within) -> ColumnElement[bool]:
        """A date literal is a range: before it, in it, behind it."""
        operand = condition.operand
        start, end = bound_value(operand, condition.start), bound_value(operand, condition.end)
        pivoted = _pivoted_field(operand, self.sources)
        if pivoted is not None and condition.operator is not Operator.NOT_EQUALS:
            field, source = pivoted
            bounds = _pivot_bound(field, start), _pivot_bound(field, end)
            return _in_pivot(field, source, lambda column: _in_range(condition.operator, column, *bounds))
        return _in_range(condition.operator, self._comparable(operand), start, end)

    def _one_of(self, condition: OneOf) -> ColumnElement[bool]:
        operand = condition.operand
        values = bound_values(operand, condition.slot)
        pivoted = _pivoted_field(operand, self.sources)
        if pivoted is not None and not condition.negated and not condition.with_null:
            field, source = pivoted
            return _in_pivot(field, source, lambda column: column == sa.any_(_pivot_bounds(field, values)))
        left = self._comparable(operand)
        among = self._among(operand, left, values)
        if condition.negated:
            outside = among.is_not(sa.true())
            return sa.and_(outside, left.is_not(None)) if condition.with_null else outside
        return sa.or_(among, left.is_(None)) if condition.with_null else among

    def _among(self, operand: PlannedField | Computed, left: Values, values: Values) -> ColumnElement[bool]:
        if not isinstance(operand, PlannedField) or operand.is_type or operand.field.conversion is None:
            return left == sa.any_(values)
        [(field, source)] = self.sources.each(operand)
        return storage.is_among(field, source, values)

    def _includes(self, condition: Includes) -> ColumnElement[bool]:
        members = self.sources.value(condition.operand)
        any_alone, *together = condition.slots
        found = sa.or_(
            members.op("&&", is_comparison=True)(_texts(any_alone)),
            *(members.op("@>", is_comparison=True)(_texts(slot)) for slot in together),
        )
        return found.is_not(sa.true()) if condition.negated else found

    def _in_query(self, condition: InQuery) -> ColumnElement[bool]:
        query, column = self.find(condition)
        left = self.sources.value(condition.operand)
        if condition.negated:
            return sa.not_(query.where(column == left).exists())
        return left.in_(query)


def _apply(operator: Operator, left: Values, right: Values) -> ColumnElement[bool]:
    if operator is Operator.LIKE:
        return left.like(right)
    return _RANGES[operator](left, right)


def _in_range(operator: Operator, left: Values, start: Values, end: Values) -> ColumnElement[bool]:
    match operator:
        case Operator.LESS:
            return left < start
        case Operator.LESS_OR_EQUAL:
            return left < end
        case Operator.GREATER:
            return left >= end
        case Operator.GREATER_OR_EQUAL:
            return left >= start
        case Operator.NOT_EQUALS:
            return sa.and_(left >= start, left < end).is_not(sa.true())
        case _:
            return sa.and_(left >= start, left < end)


def _texts(slot: str) -> Values:
    return sa.bindparam(slot, type_=pg.ARRAY(sa.Text()))


def _same_members(members: Values, slot: str) -> ColumnElement[bool]:
    wanted = _texts(slot)
    return sa.and_(members.op("@>", is_comparison=True)(wanted), members.op("<@", is_comparison=True)(wanted))


def value_type(field_type: FieldType) -> sa.types.TypeEngine[Any]:
    """The type in which a value of the query is sent: numbers as float8, as their companions are."""
    if field_type in NUMERIC_TYPES:
        return sa.Float()
    return storage.column_type(_plain(field_type)) if field_type is not FieldType.MULTI_PICKLIST else sa.Text()


def _plain(field_type: FieldType) -> Field:
    return Field(object_name="", name="", type=field_type, label="", column=None)


def bound_value(operand: PlannedOperand, slot: str) -> Values:
    """The slot's value in the form in which the operand is compared."""
    bound: Values = sa.bindparam(slot, type_=_sent_type(type_of(operand)))
    if isinstance(operand, Aggregate):
        return bound
    if isinstance(operand, Computed):
        return sa.func.lower(bound) if operand.type is FieldType.TEXT else bound
    if _is_caseless(operand):
        return sa.func.lower(bound)
    return bound


def bound_values(operand: PlannedField | Computed, slot: str) -> Values:
    """The slot's list in the form in which the operand is compared."""
    kind = _sent_type(operand.type)
    values: Values = sa.bindparam(slot, type_=pg.ARRAY(kind))
    if _is_caseless(operand):
        each = sa.func.unnest(values).column_valued("listed")
        return sa.func.array(sa.select(sa.func.lower(each)).scalar_subquery(), type_=pg.ARRAY(sa.Text()))
    return values


def _is_caseless(operand: PlannedField | Computed) -> bool:
    """Whether case is taken off in SQL; what an encrypted field is found by had it taken off before."""
    if isinstance(operand, Computed):
        return operand.type is FieldType.TEXT
    if operand.is_type or operand.is_encrypted:
        return operand.is_type
    return operand.type in CASELESS_TYPES and not operand.field.case_sensitive


def _sent_type(field_type: FieldType) -> sa.types.TypeEngine[Any]:
    kind = value_type(field_type)
    return sa.Text() if isinstance(kind, sa.Text) else kind


# A tenant's own indexed fields: their values lie in a narrow table beside the record.


def _pivoted_field(operand: PlannedOperand, sources: Sources) -> tuple[Field, FromClause] | None:
    if not isinstance(operand, PlannedField) or len(operand.fields) > 1 or operand.is_type:
        return None
    [(field, source)] = sources.each(operand)
    return (field, source) if storage.is_pivoted(field) and field.type in _PIVOTED_TYPES else None


def _in_pivot(
    field: Field, source: FromClause, condition: Callable[[Values], ColumnElement[bool]]
) -> ColumnElement[bool]:
    pivot = storage.pivot_view.alias("indexed")
    indexed: Values = pivot.c[storage.pivot_kind(field)]
    found = sa.select(pivot.c.record_id).where(
        pivot.c.tenant_id == TENANT_ID,
        pivot.c.object_name == sa.literal(field.object_name, sa.Text()),
        pivot.c.field_name == sa.literal(field.name, sa.Text()),
        condition(FoundBy(indexed) if field.encrypted else indexed),
    )
    return source.c.id.in_(found)


def _pivot_bound(field: Field, bound: Values) -> Values:
    """Days are kept as the moment at which they begin in UTC."""
    if field.type is FieldType.DATE:
        return sa.func.timezone("UTC", sa.cast(bound, sa.DateTime()))
    return bound


def _pivot_bounds(field: Field, values: Values) -> Values:
    if field.type is FieldType.DATE:
        each = sa.func.unnest(values).column_valued("listed")
        days = sa.select(sa.func.timezone("UTC", sa.cast(each, sa.DateTime())))
        return sa.func.array(days.scalar_subquery(), type_=pg.ARRAY(sa.DateTime(timezone=True)))
    return values
