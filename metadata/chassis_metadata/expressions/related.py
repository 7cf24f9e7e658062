"""Functions over the rows of other objects: EXISTS, COUNT, SUM, AVG, MIN, MAX, LOOKUP, SET, VLOOKUP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chassis_metadata.expressions.catalogue import CATALOGUE
from chassis_metadata.expressions.infer import NOTHING, Checker, named
from chassis_metadata.expressions.kinds import Kind, common_kind
from chassis_metadata.expressions.scope import near
from chassis_metadata.expressions.tree import Call, Literal, Name, Node
from chassis_metadata.expressions.typed import FieldValue, Operation, Related, Source, Typed
from chassis_metadata.snapshot import Object

DEEPEST = 3  # EXISTS inside EXISTS inside EXISTS

_SUMMED = frozenset({Kind.NUMBER, Kind.NULL})
_ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.NULL})
_VALUES: dict[str, frozenset[Kind]] = {
    "SUM": _SUMMED,
    "AVG": _SUMMED,
    "MIN": _ORDERED,
    "MAX": _ORDERED,
    "LOOKUP": frozenset(Kind) - {Kind.LOCATION, Kind.MULTI_PICKLIST},
    "SET": frozenset(Kind) - {Kind.LOCATION, Kind.MULTI_PICKLIST, Kind.BOOLEAN},
}


def _related(checker: Checker, call: Call) -> Typed:
    valued = call.name in _VALUES
    usage = (
        CATALOGUE[call.name].usage if call.name not in {"MIN", "MAX"} else f"{call.name}(Object, expression, criteria)"
    )
    if not (2 if valued else 1) <= len(call.arguments) <= (3 if valued else 2):
        return checker.complain(call, "wrong_argument_count", f"Write {usage}.")
    obj = _object(checker, call.arguments[0], usage)
    if obj is None:
        return NOTHING
    inner = Checker(checker.text, checker.scope.over(obj), checker.problems)
    value = _value(inner, call) if valued else None
    criteria = _criteria(inner, call.arguments[2 if valued else 1 :])
    return Related(_kind(call.name, value), call.name, obj.name, value, criteria)


def _object(checker: Checker, node: Node, usage: str) -> Object | None:
    snapshot = checker.scope.snapshot
    if not isinstance(node, Literal) or not isinstance(node.value, str):
        checker.complain(node, "object_expected", f"Write {usage}, with the object's name in quotes.")
        return None
    found = snapshot.object(node.value) if snapshot is not None else None
    if found is None:
        known = snapshot.objects if snapshot is not None else ()
        checker.complain(node, "unknown_object", f"There is no object {node.value!r}.{near(node.value, known)}")
    return found


def _value(inner: Checker, call: Call) -> Typed:
    value = inner.typed(call.arguments[1])
    if value.kind not in _VALUES[call.name]:
        message = f"{call.name} does not take {named(value.kind)} here."
        return inner.complain(call.arguments[1], "wrong_kind", message)
    return value


def _criteria(inner: Checker, nodes: tuple[Node, ...]) -> Typed | None:
    if not nodes:
        return None
    criteria = inner.typed(nodes[0])
    inner.accept(nodes[0], criteria, "boolean", "The criteria")
    return criteria


def _kind(name: str, value: Typed | None) -> Kind:
    if name == "EXISTS":
        return Kind.BOOLEAN
    if value is None or name in {"SUM", "AVG"}:
        return Kind.NUMBER
    return value.kind


def _vlookup(checker: Checker, call: Call) -> Typed:
    """`VLOOKUP($ObjectType.Region.Fields.Name, $ObjectType.Region.Fields.Code, code)`, or `Region.Name` for short."""
    if len(call.arguments) != 3:  # noqa: PLR2004  what, where, value
        return checker.complain(call, "wrong_argument_count", f"Write {CATALOGUE[call.name].usage}.")
    wanted, searched = (_field_of(checker, node) for node in call.arguments[:2])
    value = checker.typed(call.arguments[2])
    if wanted is None or searched is None:
        return NOTHING
    if wanted.obj != searched.obj or common_kind(searched.kind, value.kind) is None:
        return checker.complain(call, "wrong_kind", "VLOOKUP compares a field of the same object with a like value.")
    outer = _outward(value)
    criteria = Operation(Kind.BOOLEAN, "=", (searched, outer))
    return Related(wanted.kind, "LOOKUP", wanted.obj, wanted, criteria)


def _outward(value: Typed) -> Typed:
    """The same value seen from a row of another object."""
    match value:
        case FieldValue(source=Source.ROW):
            return replace(value, source=Source.THIS)
        case Operation():
            return replace(value, arguments=tuple(_outward(each) for each in value.arguments))
        case _:
            return value


def _field_of(checker: Checker, node: Node) -> FieldValue | None:
    parts = node.parts if isinstance(node, Name) else ()
    if parts and parts[0].lower() == "$objecttype":
        parts = tuple(part for part in parts[1:] if part.lower() != "fields")
    obj = checker.scope.snapshot.object(parts[0]) if len(parts) == 2 and checker.scope.snapshot else None  # noqa: PLR2004
    if obj is None:
        checker.complain(node, "field_expected", "Write the field as Object.Field.")
        return None
    inner = Checker(checker.text, checker.scope.over(obj), checker.problems)
    found = inner.typed(Name(parts[1:], node.position))
    return found if isinstance(found, FieldValue) else None


RELATED: dict[str, Callable[[Checker, Call], Typed]] = {
    "EXISTS": _related,
    "COUNT": _related,
    **dict.fromkeys(_VALUES, _related),
    "VLOOKUP": _vlookup,
}
