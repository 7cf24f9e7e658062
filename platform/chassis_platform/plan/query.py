"""A query tree to a ReadPlan, or to the refusal of all that it asks and may not have. Nothing here meets a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from chassis_metadata.errors import Invalid
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.tree import FunctionCall, Ordering, Path, Position, Query, SelectedField, TypeOf
from chassis_platform.access.context import Context
from chassis_platform.plan.aggregates import Aggregation, is_aggregation
from chassis_platform.plan.conditions import Conditions
from chassis_platform.plan.fiscal import start_month
from chassis_platform.plan.functions import FORM, FORMAT, LABELS, Functions, answered_at_top, no_others
from chassis_platform.plan.kinds import Kinds, path_of
from chassis_platform.plan.names import Aliases, Names, aliases_of
from chassis_platform.plan.problems import placed, refuse, unsupported
from chassis_platform.plan.read_plan import (
    Aggregate,
    AllOf,
    ChildSet,
    Column,
    Computed,
    PlannedCondition,
    PlannedField,
    PlannedOperand,
    PlannedOrder,
    ReadPlan,
    Selected,
    fields_of,
)
from chassis_platform.plan.scopes import scope_of
from chassis_platform.plan.values import Slots

HIGHEST_OFFSET = 2_000
MOST_OF_ALL_FIELDS = 200
_ENFORCED = frozenset({"SECURITY_ENFORCED", "USER_MODE"})


def plan_query(query: Query, context: Context, *, include_deleted: bool = False) -> ReadPlan:
    """The plan of a query as this user may ask it. Raises Invalid for whatever the user cannot ask."""
    names = Names(context.snapshot, context.policy, context.principal.language)
    return plan_source(query, names, include_deleted=include_deleted, currency=context.tenant.currency)


def plan_source(query: Query, names: Names, *, include_deleted: bool = False, currency: str | None = None) -> ReadPlan:
    """As plan_query, for what has no Context: the metadata as the user may see it is enough."""
    obj = names.object(query.source, query.source_position)
    slots = Slots(fiscal_start=start_month(names.snapshot), currency=currency)
    plan = _Planner(names, obj, query, slots, include_deleted=include_deleted).plan()
    return replace(plan, values=slots.values, moving=slots.moving)


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans one SELECT over one object; those inside it are planned by others that share its slots."""

    names: Names
    obj: Object
    query: Query
    slots: Slots
    include_deleted: bool
    depth: int = 0
    is_semi_join: bool = False

    def plan(self) -> ReadPlan:
        """What is refused is refused with a place in the text: at worst that of the SELECT."""
        try:
            return self._plan()
        except Invalid as error:
            raise placed(error, self.query.position) from None

    def _plan(self) -> ReadPlan:
        self._refuse_unsupported()
        plan = ReadPlan(
            object=self.obj,
            selected=(),
            where=self._where(),
            limit=self.query.limit,
            offset=self._offset(),
            count_only=self.query.count_only,
            include_deleted=self.include_deleted,
            is_looked_at=not {"VIEW", "REFERENCE"}.isdisjoint(self.query.for_clauses),
            is_held="UPDATE" in self.query.for_clauses,
        )
        if is_aggregation(self.query):
            return self._aggregation().plan(plan)
        return replace(plan, selected=tuple(self._selected()), order_by=tuple(map(self._order, self.query.order_by)))

    def _refuse_unsupported(self) -> None:
        if self.query.all_rows:
            place = self.query.places.get("ALL ROWS")
            raise refuse("malformed_query", "ALL ROWS not allowed in this context: ask queryAll", place)
        if self.query.count_only and self.query.group_by:
            message = "COUNT() counts all records, not groups: use COUNT(Id) beside GROUP BY"
            raise refuse("malformed_query", message, self.query.group_by[0].position)
        for clause, place in _unsupported_clauses(self.query):
            raise unsupported(clause, place)

    def _offset(self) -> int:
        offset = self.query.offset or 0
        if offset > HIGHEST_OFFSET:
            raise refuse("number_outside_valid_range", f"Maximum SOQL offset allowed is {HIGHEST_OFFSET}")
        return offset

    def _conditions(self) -> Conditions:
        return Conditions(self.names, self.obj, self._aliases, self.slots, self._semi_join)

    @property
    def _aliases(self) -> Aliases:
        return aliases_of(self.query)

    @property
    def _functions(self) -> Functions:
        return Functions(self.names, self.obj, self._aliases, self.slots, no_others)

    def _where(self) -> PlannedCondition | None:
        where = None if self.query.where is None else self._conditions().plan(self.query.where)
        scope = scope_of(self.query, self.obj)
        if scope is None:
            return where
        return scope if where is None else AllOf((where, scope))

    def _aggregation(self) -> Aggregation:
        return Aggregation(self.names, self.obj, self.query, self.slots)

    def _semi_join(self, query: Query) -> ReadPlan:
        if self.is_semi_join:
            raise refuse("malformed_query", "A semi-join may not stand inside another one", query.position)
        inner = self._inner(query, self.names.object(query.source, query.source_position))
        return replace(inner, is_semi_join=True).plan()

    def _inner(self, query: Query, obj: Object) -> _Planner:
        return replace(self, obj=obj, query=query, depth=self.depth + 1)

    # SELECT

    def _selected(self) -> Iterator[Selected]:
        seen: set[str] = set()
        unnamed = 0
        for each in self.query.selected:
            for selected in self._select(each, f"expr{unnamed}"):
                unnamed += isinstance(selected, Column) and selected.path == f"expr{unnamed}"
                name = selected.path if isinstance(selected, Column) else selected.name
                if name.lower() in seen:
                    raise refuse("invalid_field", f"duplicate field selected: {name}", _place_of(each))
                seen.add(name.lower())
                yield selected
        self._refuse_twice_shown()

    def _refuse_twice_shown(self) -> None:
        """A parent is shown by TYPEOF or by its paths: it has one place in the answer."""
        kinds = {str(each.relationship).lower() for each in self.query.selected if isinstance(each, TypeOf)}
        paths = (each.operand for each in self.query.selected if isinstance(each, SelectedField))
        for path in paths:
            if isinstance(path, Path) and len(path.names) > 1 and path.names[-2].lower() in kinds:
                raise refuse("invalid_field", f"duplicate field selected: {path}", path.position)

    def _select(self, each: SelectedField | TypeOf | Query, unnamed: str) -> Iterable[Selected]:
        if isinstance(each, TypeOf):
            return [Kinds(self.names, self.obj, self._aliases).plan(each)]
        if isinstance(each, Query):
            return [self._children(each)]
        if isinstance(each.operand, FunctionCall):
            if each.operand.name.upper() == "FIELDS":
                return self._expand(each.operand)
            return [self._worked_out(each.operand, each.alias, unnamed)]
        if each.alias is not None:
            message = f"only aggregates and groups take an alias: {each.alias}"
            raise refuse("malformed_query", message, each.operand.position)
        return [self._column(each.operand)]

    def _column(self, path: Path) -> Column:
        found = self.names.field(self.obj, path, aliases=self._aliases)
        return Column(path_of(found), found)

    def _worked_out(self, call: FunctionCall, alias: str | None, unnamed: str) -> Column:
        """Under its alias; what is another form of a field also stands where the field would."""
        found = self._functions.plan(call)
        if isinstance(found, PlannedField):
            found = Computed(FORM, (found,), found.type, hops=found.hops)
        if isinstance(found, Aggregate):
            raise refuse("malformed_query", f"{call.name}() stands beside fields that are not grouped", call.position)
        if alias is not None:
            return Column(alias, answered_at_top(found))
        [field, *others] = fields_of(found)
        is_form = found.function in (FORM, LABELS, FORMAT) and not others
        return Column(path_of(field), found) if is_form else Column(unnamed, found)

    def _expand(self, call: FunctionCall) -> list[Selected]:
        """`FIELDS(ALL)`, `FIELDS(STANDARD)`, `FIELDS(CUSTOM)`."""
        kind = str(call.arguments[0]).upper()
        if kind != "STANDARD" and (self.query.limit is None or self.query.limit > MOST_OF_ALL_FIELDS):
            message = f"The SOQL FIELDS function must have a LIMIT of at most {MOST_OF_ALL_FIELDS}"
            raise refuse("malformed_query", message, call.position)
        wanted = _FIELD_KINDS[kind]
        fields = (each for each in self.names.readable_fields(self.obj) if each.is_custom in wanted)
        return [Column(each.name, PlannedField((), (each,))) for each in fields]

    def _children(self, query: Query) -> ChildSet:
        if self.is_semi_join:
            raise refuse("malformed_query", "A semi-join selects exactly one field", query.position)
        if query.count_only or is_aggregation(query):
            raise unsupported("COUNT and GROUP BY in a subquery", query.position)
        relationship, child, reference = self.names.children(self.obj, query.source, query.source_position)
        plan = self._inner(query, child).plan()
        return ChildSet(relationship.name, reference, plan)

    # ORDER BY

    def _order(self, ordering: Ordering) -> PlannedOrder:
        if isinstance(ordering.operand, FunctionCall):
            return planned_order(self._functions.plan(ordering.operand, asked="sorted by"), ordering)
        found = self.names.field(self.obj, ordering.operand, aliases=self._aliases)
        return planned_order(self.names.demand_clear(found, ordering.operand, "sorted by"), ordering)


def planned_order(found: PlannedOperand, ordering: Ordering) -> PlannedOrder:
    """One term of the order; nulls come first when it rises and last when it falls, unless the query says."""
    if isinstance(found, PlannedField) and not found.field.traits.sortable:
        place = ordering.operand.position
        raise refuse("invalid_field", f"field '{ordering.operand}' can not be sorted in a query call", place)
    nulls_first = not ordering.descending if ordering.nulls_first is None else ordering.nulls_first
    return PlannedOrder(found, ordering.descending, nulls_first)


_FIELD_KINDS = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}


def all_columns(fields: Iterable[Field]) -> tuple[Column, ...]:
    """Columns of an object's own fields."""
    return tuple(Column(each.name, PlannedField((), (each,))) for each in fields)


def _place_of(each: SelectedField | TypeOf | Query) -> Position | None:
    if isinstance(each, Query):
        return each.position
    return each.relationship.position if isinstance(each, TypeOf) else each.operand.position


def _unsupported_clauses(query: Query) -> Iterator[tuple[str, Position | None]]:
    asked = query.with_clause
    if asked is not None and asked not in _ENFORCED:
        yield f"WITH {asked.split(' AT ')[0]}", query.places.get(asked.split(" WITH ")[0])
    yield from ((clause, query.places.get(clause)) for clause in query.further_clauses)
