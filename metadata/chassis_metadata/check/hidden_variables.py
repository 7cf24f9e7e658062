"""Variables of flows that a field of the same name hides: whoever wrote the formula can't have meant the field."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.expressions.parse import parse_expression
from chassis_metadata.expressions.related import RELATED
from chassis_metadata.expressions.tree import Call, Literal, Name, Node
from chassis_metadata.logic.flow_formulas import Standing
from chassis_metadata.snapshot import Object, Snapshot


def hidden_variables(snapshot: Snapshot, standing: Standing, text: str) -> dict[str, str]:
    """Variables by name that a formula says where they mean a field, with the object that has it."""
    variables = {name.lower(): name for name, _ in standing.variables}
    if not variables:
        return {}
    named = _named(snapshot, snapshot.objects.get(standing.object_name or ""), parse_expression(text))
    return {variables[name]: obj.name for name, obj in named if name in variables and name in obj.fields_by_lower_name}


def _named(snapshot: Snapshot, obj: Object | None, node: Node) -> Iterator[tuple[str, Object]]:
    """The single names of a formula, in small letters, with the object whose fields they may be."""
    if isinstance(node, Name) and len(node.parts) == 1 and obj is not None:
        yield node.parts[0].lower(), obj
    if isinstance(node, Call):
        inside = _sought(snapshot, node) or obj
        for each in node.arguments:
            yield from _named(snapshot, inside, each)


def _sought(snapshot: Snapshot, call: Call) -> Object | None:
    """The object of EXISTS and its like."""
    first = call.arguments[0] if call.arguments and call.name in RELATED else None
    return snapshot.objects.get(str(first.value)) if isinstance(first, Literal) else None
