"""Aggregates and groups: what GROUP BY, HAVING and COUNT(…) ask, planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chassis_metadata.errors import Invalid
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.functions import AGGREGATES
from chassis_metadata.soql.tree import (
    And,
    Comparison,
    Condition,
    FunctionCall,
    Not,
    Or,
    Ordering,
    Path,
    Query,
    SelectedField,
)
from chassis_platform.plan.conditions import compare
from chassis_platform.plan.functions import GROUPING, Functions, answered_at_top, bare_fields
from chassis_platform.plan.names import Names, aliases_of
from chassis_platform.plan.problems import placed, refuse, unsupported
from chassis_platform.plan.read_plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Column,
    Computed,
    NotSo,
    PlannedCondition,
    PlannedField,
    PlannedOperand,
    PlannedOrder,
    ReadPlan,
)
from chassis_platform.plan.values import Slots

MOST_GROUPS = 2_000
MOST_ROLLED_UP = 3
CURRENCY = "CONVERTCURRENCY"
Group = PlannedField | Computed
Groups = tuple[Group, ...]
_GROUPINGS = frozenset({"ROLLUP", "CUBE"})
_UNORDERED = frozenset({FieldType.CHECKBOX, FieldType.MULTI_PICKLIST})


def is_aggregation(query: Query) -> bool:
    """Whether the rows of the answer are groups, not records."""
    return bool(query.group_by) or any(
        isinstance(each, SelectedField) and _aggregates(each.operand) for each in query.selected
    )


def _aggregates(operand: object) -> bool:
    if not isinstance(operand, FunctionCall):
        return False
    return operand.name.upper() in AGGREGATES or any(map(_aggregates, operand.arguments))


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Plans the groups of one query."""

    names: Names
    obj: Object
    query: Query
    slots: Slots

    @property
    def _functions(self) -> Functions:
        return Functions(self.names, self.obj, aliases_of(self.query), self.slots, self._aggregate)

    def plan(self, plan: ReadPlan) -> ReadPlan:
        """`plan` with groups, aggregates and what is said about them."""
        if self.query.group_by_kind is not None and len(self.query.group_by) > MOST_ROLLED_UP:
            message = f"{self.query.group_by_kind} takes at most {MOST_ROLLED_UP} fields"
            raise refuse("malformed_query", message, self.query.group_by[MOST_ROLLED_UP].position)
        groups = tuple(self._group(each) for each in self.query.group_by)
        columns = tuple(self._columns(groups))
        having = self._condition(self.query.having, groups) if self.query.having is not None else None
        order = tuple(self._order(each, columns, groups) for each in self.query.order_by)
        limit = MOST_GROUPS if plan.limit is None else min(plan.limit, MOST_GROUPS)
        return replace(
            plan,
            selected=columns,
            group_by=groups,
            group_kind=self.query.group_by_kind,
            having=having,
            order_by=order,
            limit=limit,
            is_aggregate=True,
        )

    def _group(self, operand: Path | FunctionCall) -> Group:
        if isinstance(operand, FunctionCall):
            if operand.name.upper() in _GROUPINGS:
                message = f"GROUP BY {operand.name.upper()}(…) stands alone: put all fields between its parentheses"
                raise refuse("malformed_query", message, operand.position)
            planned = self._functions.plan(operand, asked="grouped by")
            if isinstance(planned, Aggregate):
                raise refuse("malformed_query", f"{operand.name}() can not be grouped by", operand.position)
            return planned
        found = self.names.demand_clear(self._field(operand), operand, "grouped by")
        if not found.field.traits.filterable or found.is_encrypted or found.type is FieldType.MULTI_PICKLIST:
            raise refuse("malformed_query", f"field '{operand}' can not be grouped in a query call", operand.position)
        return found

    def _field(self, path: Path) -> PlannedField:
        return self.names.field(self.obj, path, aliases=aliases_of(self.query))

    def _columns(self, groups: Groups) -> Iterator[Column]:
        """Unnamed aggregates are `expr0`, `expr1` …; a group is answered under its field's name."""
        expression = 0
        for each in self.query.selected:
            if not isinstance(each, SelectedField):
                place = each.position if isinstance(each, Query) else each.relationship.position
                raise unsupported("a subquery or TYPEOF beside GROUP BY", place)
            operand = self._operand(each.operand, groups)
            name = each.alias or operand_name(operand, expression)
            expression += not isinstance(operand, PlannedField) and each.alias is None
            yield Column(name, operand)

    def _operand(self, operand: Path | FunctionCall, groups: Groups) -> PlannedOperand:
        if isinstance(operand, FunctionCall):
            return self._call(operand, groups)
        found = self._field(operand)
        if found not in groups:
            message = f"Field must be grouped or aggregated: {operand}"
            raise refuse("malformed_query", message, operand.position)
        return found

    def _call(self, call: FunctionCall, groups: Groups) -> PlannedOperand:
        """An aggregate, one of the groups, or something worked out of either."""
        if call.name.upper() == GROUPING:
            return self._grouping(call, groups)
        found = answered_at_top(self._functions.plan(call, asked="grouped by"))
        same = next((each for each in groups if answered_at_top(each) == found), None)
        if same is None and any(each not in groups for each in bare_fields(found)):
            raise refuse("malformed_query", f"Field must be grouped or aggregated: {call.name}()", call.position)
        return found if same is None else same

    def _grouping(self, call: FunctionCall, groups: Groups) -> Computed:
        match call.arguments:
            case (Path() | FunctionCall() as operand,) if self.query.group_by_kind is not None:
                group = self._operand(operand, groups)
                if group in groups:
                    return Computed(GROUPING, (group,), FieldType.NUMBER)
        message = "GROUPING() takes one of the fields of GROUP BY ROLLUP or GROUP BY CUBE"
        raise refuse("malformed_query", message, call.position)

    def _aggregate(self, call: FunctionCall) -> Aggregate:
        function = call.name.upper()
        if function not in AGGREGATES:
            raise unsupported(f"{call.name}()", call.position)
        if function == "COUNT" and not call.arguments:
            return Aggregate("count", None)
        match call.arguments:
            case (Path() as path,):
                return self._checked(function.lower(), self._field(path), path)
            case (FunctionCall(name=inner, arguments=(Path() as path,)) as converted,) if inner.upper() == CURRENCY:
                self._functions.plan(converted)
                return self._checked(function.lower(), self._field(path), path)
            case _:
                raise refuse("malformed_query", f"{call.name}() takes one field", call.position)

    def _checked(self, function: str, found: PlannedField, path: Path) -> Aggregate:
        numeric = found.type in NUMERIC_TYPES
        fits = {"sum": numeric, "avg": numeric}.get(function, found.field.traits.filterable)
        if (function in ("min", "max") and found.type in _UNORDERED) or (function != "count" and found.is_encrypted):
            fits = False
        if function != "count":
            self.names.demand_clear(found, path, f"aggregated by {function.upper()}")
        if not fits:
            message = f"field {path} does not support aggregate operator {function.upper()}"
            raise refuse("malformed_query", message, path.position)
        return Aggregate(function, found)

    def _condition(self, condition: Condition, groups: Groups) -> PlannedCondition:
        match condition:
            case And(conditions):
                return AllOf(tuple(self._condition(each, groups) for each in conditions))
            case Or(conditions):
                return AnyOf(tuple(self._condition(each, groups) for each in conditions))
            case Not(negated):
                return NotSo(self._condition(negated, groups))
            case Comparison(operand):
                return self._compared(self._operand(operand, groups), condition)

    def _compared(self, operand: PlannedOperand, comparison: Comparison) -> PlannedCondition:
        try:
            return compare(operand, comparison.operator, comparison.value, slots=self.slots)
        except Invalid as error:
            raise placed(error, comparison.operand.position) from None

    def _order(self, ordering: Ordering, columns: tuple[Column, ...], groups: Groups) -> PlannedOrder:
        named = {each.path.lower(): each.operand for each in columns}
        """By what a column is called, or by what it is."""
        operand = named.get(str(ordering.operand).lower()) if isinstance(ordering.operand, Path) else None
        nulls_first = not ordering.descending if ordering.nulls_first is None else ordering.nulls_first
        return PlannedOrder(operand or self._operand(ordering.operand, groups), ordering.descending, nulls_first)


def operand_name(operand: PlannedOperand, expression: int) -> str:
    """What an unnamed column of groups is called."""
    return operand.name if isinstance(operand, PlannedField) else f"expr{expression}"
