"""Formulas of fields as checked expressions, and what they read, through other formula fields down to storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chassis_metadata.compile_summaries import summarised_field
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression, FieldValue, RecordTypeValue, Source, walk
from chassis_metadata.snapshot import Field, Object, Snapshot

#: Formula fields inside formula fields.
DEEPEST_FORMULA = 10


def formula_of(snapshot: Snapshot, field: Field) -> Expression:
    """The formula of a formula field. Raises Invalid where the metadata no longer has what it names."""
    if field.formula is None:
        raise ValueError(f"{field.object_name}.{field.name} has no formula")
    text = field.formula

    def make() -> Expression:
        scope = Scope(snapshot, snapshot.objects[field.object_name])
        return type_expression(text, scope, expects=kind_of(field), blanks_as=field.blanks_as)

    return snapshot.keep(("formula", field.object_name, field.name), make)


def filter_of(snapshot: Snapshot, field: Field) -> Expression | None:
    """Which children a roll-up summary takes; None: all."""
    if field.summary is None or field.summary.filter is None:
        return None
    text = field.summary.filter

    def make() -> Expression:
        return type_expression(text, Scope(snapshot, child_of(snapshot, field)), expects=Kind.BOOLEAN)

    return snapshot.keep(("filter", field.object_name, field.name), make)


def child_of(snapshot: Snapshot, field: Field) -> Object:
    """The object whose records a roll-up summary is over."""
    if field.summary is None:
        raise ValueError(f"{field.object_name}.{field.name} is no summary")
    children = snapshot.objects[field.object_name].children_by_lower_name
    return snapshot.objects[children[field.summary.child.lower()].child]


def fields_read(snapshot: Snapshot, obj: Object, expression: Expression) -> frozenset[str]:
    """The record's own stored fields that decide the value, those inside other formula fields too."""
    return stored_fields(snapshot, obj, expression.fields)


def stored_fields(snapshot: Snapshot, obj: Object, names: Iterable[str]) -> frozenset[str]:
    """The stored fields behind these fields of the object."""
    found: set[str] = set()
    waiting = list(names)
    seen: set[str] = set()
    while waiting:
        field = obj.fields[waiting.pop()]
        if field.name in seen:
            continue
        seen.add(field.name)
        if field.formula is None:
            found |= {field.name, *field.components}
        else:
            waiting += formula_of(snapshot, field).fields
    return frozenset(found)


def fields_summarised(snapshot: Snapshot, field: Field) -> frozenset[str]:
    """The child's stored fields that a roll-up summary's value depends on, beside the reference to the parent."""
    child = child_of(snapshot, field)
    of = snapshot.objects[field.object_name]
    read: frozenset[str] = frozenset()
    criteria = filter_of(snapshot, field)
    if criteria is not None:
        read |= fields_read(snapshot, child, criteria)
    summarised = summarised_field(field, of, snapshot.objects)
    if summarised is None:
        return read
    if summarised.formula is None:
        return read | {summarised.name}
    return read | fields_read(snapshot, child, formula_of(snapshot, summarised))


def rests_on_own_row(snapshot: Snapshot, obj: Object, expression: Expression) -> bool:
    """Whether the value changes only when the record does: no clock, no user, no other record, however deep inside."""
    if not expression.is_deterministic:
        return False
    inner = (each for each in fields_named(snapshot, expression) if each.formula is not None)
    return all(rests_on_own_row(snapshot, obj, formula_of(snapshot, each)) for each in inner)


def fields_named(snapshot: Snapshot, expression: Expression) -> Iterator[Field]:
    """Every field that the formula names, of whatever object."""
    for node in walk(expression.root):
        value = node.identity if isinstance(node, RecordTypeValue) else node
        if isinstance(value, FieldValue) and value.source is not Source.PRIOR:
            yield snapshot.objects[value.obj].fields[value.field]
