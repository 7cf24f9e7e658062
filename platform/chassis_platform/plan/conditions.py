"""WHERE and HAVING, planned: operators checked against types, values in slots, subqueries as plans of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_metadata.fields import REFERENCE_TYPES, FieldType
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import (
    And,
    Comparison,
    Condition,
    DateLiteral,
    FunctionCall,
    Literal,
    Not,
    Operator,
    Or,
    Path,
    Query,
    SearchForm,
    SelectedField,
)
from chassis_platform.plan.functions import Functions, no_others
from chassis_platform.plan.names import Aliases, Names
from chassis_platform.plan.problems import masked_field, placed, refuse, unsupported
from chassis_platform.plan.read_plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Compare,
    Computed,
    Formed,
    Includes,
    InQuery,
    NotSo,
    OneOf,
    PlannedCondition,
    PlannedField,
    PlannedOperand,
    ReadPlan,
    Seen,
    Within,
)
from chassis_platform.plan.values import DAY_TYPES, ID_TYPES, Slots, check_value, wrong_type
from chassis_tenants.sealed_columns import finding_mark

MOST_VALUES = 4_000
#: So many whole values of a masked field may be looked up at once: a customer has a few, a list of guesses has many.
MOST_LOOKED_UP = 5
EQUALITY = frozenset({Operator.EQUALS, Operator.NOT_EQUALS})
RANGE = frozenset({Operator.LESS, Operator.LESS_OR_EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL})
LISTS = frozenset({Operator.IN, Operator.NOT_IN})
MEMBERS = frozenset({Operator.INCLUDES, Operator.EXCLUDES})
#: Comparisons with a reference, and what they say or deny.
_AFFIRMED = {
    Operator.EQUALS: Operator.EQUALS,
    Operator.NOT_EQUALS: Operator.EQUALS,
    Operator.IN: Operator.IN,
    Operator.NOT_IN: Operator.IN,
}
#: An id is compared with a text that is a pattern nowhere; ids are ordered, though, and tools page by that.
_TERMS = {FieldType.CHECKBOX: "boolean", FieldType.MULTI_PICKLIST: "multipicklist"}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Plans the conditions of one query over `obj`."""

    names: Names
    obj: Object
    aliases: Aliases
    slots: Slots
    plan_source: Callable[[Query], ReadPlan]

    def plan(self, condition: Condition) -> PlannedCondition:
        """The condition with its names resolved and its values in slots."""
        match condition:
            case And(conditions):
                return AllOf(tuple(map(self.plan, conditions)))
            case Or(conditions):
                return AnyOf(tuple(map(self.plan, conditions)))
            case Not(negated):
                return NotSo(self.plan(negated))
            case Comparison():
                return self._placed(condition)

    def _placed(self, comparison: Comparison) -> PlannedCondition:
        try:
            return self._comparison(comparison)
        except Invalid as error:
            raise placed(error, comparison.operand.position) from None

    def _comparison(self, comparison: Comparison) -> PlannedCondition:
        if isinstance(comparison.operand, FunctionCall):
            return self._of_call(comparison.operand, comparison)
        field = self.names.field(self.obj, comparison.operand, aliases=self.aliases)
        check_filterable(field, comparison.operand)
        if self.names.mask_of(field) is not None:
            return self._of_masked(field, comparison)
        return self._compare(field, comparison.operator, comparison)

    def _of_call(self, call: FunctionCall, comparison: Comparison) -> PlannedCondition:
        functions = Functions(self.names, self.obj, self.aliases, self.slots, no_others)
        found = functions.plan(call, asked="filtered by")
        return compare(found, comparison.operator, comparison.value, slots=self.slots)

    def _compare(self, field: PlannedField, operator: Operator, comparison: Comparison) -> PlannedCondition:
        if comparison.form is not None and isinstance(comparison.value, Literal):
            return self._formed(field, comparison.form, comparison.value)
        return compare(field, operator, comparison.value, slots=self.slots, subquery=self._in_query)

    def _formed(self, field: PlannedField, form: SearchForm, value: Literal) -> PlannedCondition:
        """Digits and misspelled words are another question than the text itself; a pair is the same one."""
        slot = self.slots.put(value.value)
        formed = Formed(field, form, slot)
        return AllOf((Compare(field, Operator.LIKE, slot), formed)) if form is SearchForm.PAIR else formed

    def _of_masked(self, field: PlannedField, comparison: Comparison) -> PlannedCondition:
        """What a search compares, and where references lead, counts as far as the user sees it in clear.

        By what a mask hides nothing is found; by the whole value only where a rule allows to look it up.
        """
        operator = comparison.operator
        mask = self.names.mask_of(field)
        if comparison.as_seen:
            return Seen(self._compare(field, operator, comparison), field)
        if mask is not None and mask.lookup and _names_values(comparison):
            return self._compare(field, operator, comparison)
        if field.type in REFERENCE_TYPES and operator in _AFFIRMED:
            return self._by_reference(field, comparison)
        raise masked_field(str(comparison.operand), "filtered by", comparison.operand.position)

    def _by_reference(self, field: PlannedField, comparison: Comparison) -> PlannedCondition:
        """A masked reference leads nowhere: it counts as null."""
        operator, is_null = comparison.operator, comparison.value == Literal(None)
        negated = operator in (Operator.NOT_EQUALS, Operator.NOT_IN)
        if isinstance(comparison.value, tuple) and Literal(None) in comparison.value:
            raise masked_field(str(comparison.operand), "filtered by", comparison.operand.position)
        wanted = Operator.NOT_EQUALS if is_null else _AFFIRMED[operator]
        seen = Seen(self._compare(field, wanted, comparison), field)
        return NotSo(seen) if negated is not is_null else seen

    def _in_query(self, field: PlannedField, query: Query, operator: Operator) -> InQuery:
        if field.type not in ID_TYPES:
            message = f"The selected field '{field.name}' in the outer query must be an ID or a reference field"
            raise refuse("malformed_query", message, query.position)
        if query.limit is not None or query.offset is not None or query.order_by:
            raise refuse("malformed_query", "LIMIT, OFFSET and ORDER BY may not stand in a semi-join", query.position)
        match query.selected:
            case (SelectedField(Path()),):
                source = self.plan_source(query)
            case _:
                raise refuse("malformed_query", "A semi-join selects exactly one field", query.position)
        column = source.columns[0].operand
        if not isinstance(column, PlannedField) or column.type not in ID_TYPES:
            raise refuse("malformed_query", "A semi-join must select an ID or a reference field", query.position)
        return InQuery(field, column, source, negated=operator is Operator.NOT_IN)


def check_filterable(field: PlannedField, path: Path) -> None:
    """Refuse a filter by a field whose type has none, or whose values can't be found by the same hash."""
    if not field.field.traits.filterable or (field.is_encrypted and len(field.fields) > 1):
        raise refuse("invalid_field", f"field '{path}' can not be filtered in a query call", path.position)


def _names_values(comparison: Comparison) -> bool:
    """Whether whole values are asked for: who asks knows them."""
    if comparison.operator is Operator.EQUALS:
        return isinstance(comparison.value, Literal) and comparison.value.value not in (None, "")
    return (
        comparison.operator is Operator.IN
        and isinstance(comparison.value, tuple)
        and len(comparison.value) <= MOST_LOOKED_UP
        and all(each.value not in (None, "") for each in comparison.value)
    )


SubqueryPlanner = Callable[[PlannedField, Query, Operator], PlannedCondition]


def compare(
    operand: PlannedOperand,
    operator: Operator,
    value: Literal | tuple[Literal, ...] | Query,
    *,
    slots: Slots,
    subquery: SubqueryPlanner | None = None,
) -> PlannedCondition:
    """One comparison; every operator checked against the type of the operand."""
    if isinstance(value, Query):
        if subquery is None or not isinstance(operand, PlannedField):
            raise unsupported("a subquery in this place")
        return subquery(operand, value, operator)
    check_operator(operand, operator)
    if isinstance(value, Literal):
        return _single(operand, operator, value, slots)
    if len(value) > MOST_VALUES:
        raise refuse("malformed_query", f"A list has {len(value)} values; at most {MOST_VALUES} are allowed")
    if isinstance(operand, Aggregate):
        return _any_of(operand, operator, value, slots)
    if operator in MEMBERS and isinstance(operand, PlannedField):
        return _includes(operand, operator, value, slots)
    return _one_of(operand, operator, value, slots)


def type_of(operand: PlannedOperand) -> FieldType:
    """The type of the operand's value."""
    if not isinstance(operand, Aggregate):
        return operand.type
    counted = operand.field is None or operand.function in ("count", "count_distinct", "sum", "avg")
    return FieldType.NUMBER if counted or operand.field is None else operand.field.type


def name_of(operand: PlannedOperand) -> str:
    """What messages call the operand."""
    if isinstance(operand, PlannedField):
        return operand.name
    if isinstance(operand, Computed):
        return f"{operand.function}({', '.join(map(name_of, operand.operands))})"
    return f"{operand.function}({operand.field.name if operand.field else ''})"


def check_operator(operand: PlannedOperand, operator: Operator) -> None:
    """Refuse an operator that the type does not know."""
    field_type = type_of(operand)
    is_members = field_type is FieldType.MULTI_PICKLIST
    if operator in EQUALITY or (operator in LISTS and not is_members):
        return
    if isinstance(operand, PlannedField) and operand.is_encrypted:
        message = (
            f"invalid operator {operator} on encrypted field '{name_of(operand)}': ask for whole values with = or IN"
        )
        raise refuse("invalid_query_filter_operator", message)
    known = _KNOWN.get(operator)
    if known is None or not known(field_type):
        term = _TERMS.get(field_type, str(field_type))
        message = f"invalid operator {operator} on {term} field '{name_of(operand)}'"
        raise refuse("invalid_query_filter_operator", message)


def _is_ranged(field_type: FieldType) -> bool:
    return field_type not in (FieldType.CHECKBOX, FieldType.MULTI_PICKLIST)


def _is_text(field_type: FieldType) -> bool:
    return field_type in _PATTERN_TYPES


def _has_members(field_type: FieldType) -> bool:
    return field_type is FieldType.MULTI_PICKLIST


_PATTERN_TYPES = frozenset(
    {FieldType.TEXT, FieldType.PICKLIST, FieldType.EMAIL, FieldType.PHONE, FieldType.URL, FieldType.AUTO_NUMBER}
)
_KNOWN: dict[Operator, Callable[[FieldType], bool]] = {
    **dict.fromkeys(RANGE, _is_ranged),
    **dict.fromkeys(MEMBERS, _has_members),
    Operator.LIKE: _is_text,
}


def _single(operand: PlannedOperand, operator: Operator, literal: Literal, slots: Slots) -> PlannedCondition:
    field_type, name = type_of(operand), name_of(operand)
    if operator in MEMBERS or operator in LISTS:
        raise refuse("malformed_query", f"{operator} needs a list in parentheses")
    if isinstance(literal.value, DateLiteral):
        if field_type not in DAY_TYPES:
            raise wrong_type(field_type, name)
        return Within(operand, operator, *slots.put_range(literal.value, field_type))
    if field_type is FieldType.MULTI_PICKLIST:
        return Compare(operand, operator, _put(_members(literal, name), slots))
    value = check_value(slots.plain(literal, field_type, name), field_type, name)
    if value is None and operator not in EQUALITY:
        raise refuse("malformed_query", f"null may only be compared with = and !=, not {operator}, on field '{name}'")
    if value is not None and isinstance(operand, PlannedField) and _is_converted(operand):  # either form of the value
        slot = slots.put([_compared(operand, value)])
        return OneOf(operand, slot, with_null=False, negated=operator is Operator.NOT_EQUALS)
    return Compare(operand, operator, _put(_compared(operand, value), slots))


def _is_converted(operand: PlannedField) -> bool:
    return operand.is_encrypted and operand.field.conversion is not None


def _compared(operand: PlannedOperand, value: Any) -> Any:
    """The value to bind; what an encrypted field is compared with becomes the hash of it on the way."""
    if value is None or not isinstance(operand, PlannedField) or not operand.is_encrypted:
        return value
    return finding_mark(operand.field, str(value))


def _put(value: object, slots: Slots) -> str | None:
    return None if value is None else slots.put(value)


def _members(literal: Literal, name: str) -> list[str] | None:
    value = check_value(literal, FieldType.MULTI_PICKLIST, name)
    return None if value is None else [each.strip() for each in str(value).split(";") if each.strip()]


def _includes(field: PlannedField, operator: Operator, members: tuple[Literal, ...], slots: Slots) -> PlannedCondition:
    wanted = [found for each in members if (found := _members(each, field.name))]
    single = [each[0] for each in wanted if len(each) == 1]
    several = [each for each in wanted if len(each) > 1]
    # One slot for all that stand alone keeps the statement the same whatever their number.
    names = tuple([slots.put(single)] + [slots.put(each) for each in several])
    return Includes(field, names, negated=operator is Operator.EXCLUDES)


def _any_of(
    operand: PlannedOperand, operator: Operator, literals: tuple[Literal, ...], slots: Slots
) -> PlannedCondition:
    equals = AnyOf(tuple(_single(operand, Operator.EQUALS, each, slots) for each in literals))
    return NotSo(equals) if operator is Operator.NOT_IN else equals


def _one_of(
    field: PlannedField | Computed, operator: Operator, literals: tuple[Literal, ...], slots: Slots
) -> PlannedCondition:
    if any(isinstance(each.value, DateLiteral) for each in literals):
        return _any_of(field, operator, literals, slots)
    name = name_of(field)
    values = [check_value(slots.plain(each, field.type, name), field.type, name) for each in literals]
    slot = slots.put([_compared(field, each) for each in values if each is not None])
    return OneOf(field, slot, with_null=None in values, negated=operator is Operator.NOT_IN)
