"""Aggregates and groups: what GROUP BY, HAVING and COUNT(…) ask, planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Object
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
from chassis_platform.plan.names import Names
from chassis_platform.plan.problems import refuse, unsupported
from chassis_platform.plan.read_plan import (
    Aggregate,
    AllOf,
    AnyOf,
    Column,
    NotSo,
    PlannedCondition,
    PlannedField,
    PlannedOperand,
    PlannedOrder,
    ReadPlan,
)
from chassis_platform.plan.values import Slots

FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
MOST_GROUPS = 2_000
_UNORDERED = frozenset({FieldType.CHECKBOX, FieldType.MULTI_PICKLIST})


def is_aggregation(query: Query) -> bool:
    """Whether the rows of the answer are groups, not records."""
    return bool(query.group_by) or any(
        isinstance(each, SelectedField)
        and isinstance(each.operand, FunctionCall)
        and each.operand.name.upper() in FUNCTIONS
        for each in query.selected
    )


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Plans the groups of one query."""

    names: Names
    obj: Object
    query: Query
    slots: Slots

    def plan(self, plan: ReadPlan) -> ReadPlan:
        """`plan` with groups, aggregates and what is said about them."""
        groups = tuple(self._group(each) for each in self.query.group_by)
        columns = tuple(self._columns(groups))
        having = self._condition(self.query.having, groups) if self.query.having is not None else None
        order = tuple(self._order(each, columns, groups) for each in self.query.order_by)
        limit = min(plan.limit or MOST_GROUPS, MOST_GROUPS)
        return replace(
            plan, selected=columns, group_by=groups, having=having, order_by=order, limit=limit, is_aggregate=True
        )

    def _group(self, operand: Path | FunctionCall) -> PlannedField:
        if isinstance(operand, FunctionCall):
            raise unsupported(f"{operand.name}() in GROUP BY")
        found = self.names.demand_clear(self._field(operand), operand, "grouped by")
        if not found.field.traits.filterable or found.is_encrypted or found.type is FieldType.MULTI_PICKLIST:
            raise refuse("malformed_query", f"field '{operand}' can not be grouped in a query call", operand.position)
        return found

    def _field(self, path: Path) -> PlannedField:
        return self.names.field(self.obj, path, alias=self.query.source_alias)

    def _columns(self, groups: tuple[PlannedField, ...]) -> Iterator[Column]:
        """Unnamed aggregates are `expr0`, `expr1` …; a group is answered under its field's name."""
        expression = 0
        for each in self.query.selected:
            if not isinstance(each, SelectedField):
                raise unsupported("a subquery beside GROUP BY")
            operand = self._operand(each.operand, groups)
            name = each.alias or operand_name(operand, expression)
            expression += isinstance(operand, Aggregate) and each.alias is None
            yield Column(name, operand)

    def _operand(self, operand: Path | FunctionCall, groups: tuple[PlannedField, ...]) -> PlannedOperand:
        if isinstance(operand, FunctionCall):
            return self._aggregate(operand)
        found = self._field(operand)
        if found not in groups:
            message = f"Field must be grouped or aggregated: {operand}"
            raise refuse("malformed_query", message, operand.position)
        return found

    def _aggregate(self, call: FunctionCall) -> Aggregate:
        function = call.name.upper()
        if function not in FUNCTIONS:
            raise unsupported(f"{call.name}()")
        if function == "COUNT" and not call.arguments:
            return Aggregate("count", None)
        match call.arguments:
            case (Path() as path,):
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

    def _condition(self, condition: Condition, groups: tuple[PlannedField, ...]) -> PlannedCondition:
        match condition:
            case And(conditions):
                return AllOf(tuple(self._condition(each, groups) for each in conditions))
            case Or(conditions):
                return AnyOf(tuple(self._condition(each, groups) for each in conditions))
            case Not(negated):
                return NotSo(self._condition(negated, groups))
            case Comparison(operand, operator, value):
                return compare(self._operand(operand, groups), operator, value, slots=self.slots)

    def _order(self, ordering: Ordering, columns: tuple[Column, ...], groups: tuple[PlannedField, ...]) -> PlannedOrder:
        named = {each.path.lower(): each.operand for each in columns}
        operand = named.get(str(ordering.operand).lower()) if isinstance(ordering.operand, Path) else None
        nulls_first = not ordering.descending if ordering.nulls_first is None else ordering.nulls_first
        return PlannedOrder(operand or self._operand(ordering.operand, groups), ordering.descending, nulls_first)


def operand_name(operand: PlannedOperand, expression: int) -> str:
    """What an unnamed column of groups is called."""
    return operand.name if isinstance(operand, PlannedField) else f"expr{expression}"
