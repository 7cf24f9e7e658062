"""What formula fields and roll-up summaries are made of: their value would repeat what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chassis_metadata.compile_summaries import summarised_field
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.fields import child_of, formula_of
from chassis_metadata.expressions.typed import Expression, FieldValue, Related, Source, Typed, children
from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Snapshot

ObjectField = tuple[str, str]
#: For each calculated field: fields of the same record that it reads, and fields of other records.
FormulaSources = Mapping[ObjectField, tuple[frozenset[str], frozenset[ObjectField]]]

_Found = dict[ObjectField, tuple[frozenset[str], frozenset[ObjectField]]]


def formula_sources(snapshot: Snapshot) -> FormulaSources:
    """The calculated fields that can repeat a value, with all that they read, other calculated fields' reads too."""

    def make() -> FormulaSources:
        found: _Found = {}
        for obj in snapshot.objects.values():
            for field in obj.fields.values():
                if field.is_calculated and field.type is not FieldType.CHECKBOX:
                    _read_by(snapshot, field, found, ())
        return found

    return snapshot.keep(("formula_sources",), make)


def _read_by(
    snapshot: Snapshot, field: Field, found: _Found, within: tuple[ObjectField, ...]
) -> tuple[frozenset[str], frozenset[ObjectField]]:
    key = (field.object_name, field.name)
    if key in found or key in within:
        return found.get(key, (frozenset(), frozenset()))
    own: set[str] = set()
    foreign: set[ObjectField] = set()
    for object_name, name, is_own in _named(snapshot, field):
        named = snapshot.objects[object_name].fields.get(name)
        if named is None:
            continue
        (own.add(name) if is_own else foreign.add((object_name, name)))
        if named.is_calculated:
            inner_own, inner_foreign = _read_by(snapshot, named, found, (*within, key))
            foreign |= inner_foreign
            if is_own:
                own |= inner_own
            else:
                foreign |= {(object_name, each) for each in inner_own}
    found[key] = (frozenset(own), frozenset(foreign))
    return found[key]


def _named(snapshot: Snapshot, field: Field) -> Iterable[tuple[str, str, bool]]:
    """Object, field, and whether it is one of the record's own."""
    if field.summary is not None:
        summarised = summarised_field(field, snapshot.objects[field.object_name], snapshot.objects)
        if summarised is not None and field.summary.function != "count":
            yield child_of(snapshot, field).name, summarised.name, False
        return
    try:
        root = formula_of(snapshot, field).root
    except Invalid:  # the metadata lost what it names: it is blank
        return
    yield from _of_node(root, is_inside=False)


def fields_read(expression: Expression) -> frozenset[ObjectField]:
    """The fields, of whatever object, that a formula reads."""
    return frozenset((object_name, name) for object_name, name, _ in _of_node(expression.root, is_inside=False))


def _of_node(node: Typed, *, is_inside: bool) -> Iterable[tuple[str, str, bool]]:
    if isinstance(node, FieldValue):
        if node.source is Source.USER:
            return
        is_own = not is_inside or node.source is not Source.ROW
        standing = node.root or node.obj
        for place, step in enumerate(node.steps):
            yield standing, step.field, is_own and place == 0
            standing = step.target
        yield node.obj, node.field, is_own and not node.steps
        return
    for each in children(node):
        yield from _of_node(each, is_inside=is_inside or isinstance(node, Related))
