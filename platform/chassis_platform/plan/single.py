"""Reads of one record and of all fields, as query trees: they go down the same road as every query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.tree import Comparison, Literal, Operator, Path, Query, SelectedField
from chassis_platform.access.context import Context
from chassis_platform.plan.names import Names
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import Column, Hop, PlannedField, ReadPlan


def plan_record(
    context: Context, obj: Object, key: Field, value: object, *, fields: Sequence[str] | None, include_deleted: bool
) -> ReadPlan:
    """The record with that key; all fields that the user may read where none are named."""
    names = Names(context.snapshot, context.policy)
    selected = _with_id(fields) if fields is not None else [each.name for each in names.readable_fields(obj)]
    query = Query(
        selected=tuple(SelectedField(Path(tuple(each.split(".")))) for each in selected),
        source=obj.name,
        where=Comparison(Path((key.name,)), Operator.EQUALS, Literal(value)),  # type: ignore[arg-type]  # checked
    )
    return plan_query(query, context, include_deleted=include_deleted)


def _with_id(fields: Sequence[str]) -> list[str]:
    """The fields asked for, each once, and the Id in any case."""
    return list({each.lower(): each for each in (*fields, "Id")}.values())


def labels_of(columns: Sequence[Column], context: Context) -> tuple[Column, ...]:
    """For each reference among the columns, the name of the record referred to, under the same path."""
    names = Names(context.snapshot, context.policy)
    return tuple(label for label in (_label(each, names) for each in columns) if label is not None)


def _label(column: Column, names: Names) -> Column | None:
    operand = column.operand
    if not isinstance(operand, PlannedField) or operand.is_type or not operand.field.is_reference:
        return None
    field = operand.field
    targets = tuple(
        target
        for target in map(names.snapshot.objects.get, field.references)
        if target is not None and "Name" in names.readable(target)
    )
    if not targets:
        return None
    hop = Hop(field.relationship_name or field.name, field, targets)
    return Column(column.path, PlannedField((*operand.hops, hop), tuple(each.fields["Name"] for each in targets)))


def without_compounds(plan: ReadPlan) -> ReadPlan:
    """For the web application, where a compound has no value of its own: its components do."""
    kept = tuple(each for each in plan.selected if not (isinstance(each, Column) and _is_compound(each)))
    return replace(plan, selected=kept)


def _is_compound(column: Column) -> bool:
    return isinstance(column.operand, PlannedField) and column.operand.field.is_compound


def masked_parts(obj: Object, names: Sequence[str]) -> list[str]:
    """The stored fields behind these: of a compound its components; a formula has none."""
    parts = [part for name in names for part in (obj.fields[name].components or (name,))]
    return [each for each in dict.fromkeys(parts) if not obj.fields[each].is_computed]
