"""What a rule about other records compares: the keys that two writers at the same time must not both take.

`EXISTS("Booking", RoomId = $This.RoomId AND …)` is only right if nobody else books the same room meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeGuard

from chassis_metadata.expressions.typed import (
    Expression,
    FieldValue,
    Inlined,
    Operation,
    Related,
    Source,
    Typed,
    Variable,
    children,
)


@dataclass(frozen=True, slots=True, order=True)
class CandidateKey:
    """Fields of an object and those of the saved record that they are compared with, in the order of their names."""

    obj: str
    pairs: tuple[tuple[str, str], ...]


def candidate_keys(expressions: Iterable[Expression]) -> tuple[CandidateKey, ...]:
    """The keys by which the formulas look for other records."""
    found = {key for each in expressions for key in _keys(each.root, {})}
    return tuple(sorted(found))


_Bindings = Mapping[str, Typed]


def _keys(node: Typed, bindings: _Bindings) -> Iterator[CandidateKey]:
    if isinstance(node, Related) and node.criteria is not None:
        pairs = sorted({pair for each in _conjuncts(node.criteria) for pair in _pairs(each, node.obj, bindings)})
        if pairs:
            yield CandidateKey(node.obj, tuple(pairs))
    if isinstance(node, Inlined):
        bound = {name: _of_saved(_resolved(value, bindings)) for name, value in node.bindings}
        yield from _keys(node.expression.root, bound)
        return
    for each in children(node):
        yield from _keys(each, bindings)


def _conjuncts(node: Typed) -> Iterator[Typed]:
    if isinstance(node, Operation) and node.name == "AND":
        for each in node.arguments:
            yield from _conjuncts(each)
    else:
        yield node


def _pairs(node: Typed, obj: str, bindings: _Bindings) -> Iterator[tuple[str, str]]:
    """`RoomId = $This.RoomId`, either way round, also through the argument of a declared function."""
    if not isinstance(node, Operation) or node.name != "=":
        return
    left, right = (_resolved(each, bindings) for each in node.arguments)
    for one, other in ((left, right), (right, left)):
        if _is_field(one, Source.ROW) and one.obj == obj and _is_field(other, Source.THIS):
            yield one.field, other.field


def _resolved(node: Typed, bindings: _Bindings) -> Typed:
    return bindings.get(node.name, node) if isinstance(node, Variable) else node


def _of_saved(node: Typed) -> Typed:
    """An argument that is a field is one of the saved record, wherever the function asks for it."""
    return replace(node, source=Source.THIS) if _is_field(node, Source.ROW) else node


def _is_field(node: Typed, source: Source) -> TypeGuard[FieldValue]:
    return isinstance(node, FieldValue) and not node.steps and node.source is source
