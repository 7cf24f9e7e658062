"""Outbound documents: fields and children that are there, names that XML allows, expressions that can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chassis_metadata.check.look import Look, path_complaints, unknown
from chassis_metadata.check.mapping_expressions import ExpressionCheck
from chassis_metadata.components import LogicComponent
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

_ONLY_OF_XML = ("instruction", "namespaces")
_ONLY_OF_CSV = ("rows", "columns", "delimiter")


def check_outbound_document(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Everything that a document names."""
    body = each.body
    obj = look.after.objects.get(body["object"])
    if obj is None:
        yield unknown((*where, "object"), "object", body["object"], look.after.objects)
        return
    yield from path_complaints(look.after, obj, body.get("fields", ()), (*where, "fields"))
    yield from _check_children(look, obj, body.get("children", {}), (*where, "children"))
    yield from _check_form(body, where)
    check = ExpressionCheck(look, "xml", {}, frozenset(body.get("values", {})))
    for name, expression in body.get("values", {}).items():
        yield from check.expression(expression, (*where, "values", name))
    if "file_name" in body:
        yield from check.expression(body["file_name"], (*where, "file_name"))
    if "rows" in body:
        yield from check.path(body["rows"], (*where, "rows"))
    for number, column in enumerate(body.get("columns", ())):
        yield from check.expression(column["text"], (*where, "columns", number, "text"))
    prefixes = set(body.get("namespaces", {}))
    yield from _check_nodes(check, body.get("content", ()), (*where, "content"), prefixes)


def _check_children(look: Look, obj: Object, children: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    for name, child in children.items():
        found = obj.children_by_lower_name.get(name.lower())
        if found is None:
            yield unknown((*where, name), "child relationship", name, [each.name for each in obj.children])
            continue
        of = look.after.objects[found.child]
        order = [child["order_by"]] if "order_by" in child else []
        yield from path_complaints(look.after, of, [*child["fields"], *order], (*where, name, "fields"))


def _check_form(body: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    kind = body["format"]
    needed = "columns" if kind == "csv" else "content"
    if needed not in body:
        yield Complaint(where, "required_key_missing", f"What does it say? Give {needed!r}.")
    unused = [*(() if kind == "xml" else _ONLY_OF_XML), *(("content",) if kind == "csv" else _ONLY_OF_CSV)]
    yield from (Complaint((*where, key), "unused_key", f"{kind} has no {key!r}.") for key in unused if key in body)
    if kind == "xml" and len(body.get("content", ())) != 1:
        yield Complaint((*where, "content"), "wrong_count", "XML has one outermost element.")
    if kind == "xml" and any("each" in node for node in body.get("content", ())):
        yield Complaint((*where, "content"), "unused_key", "The outermost element stands once.")


def _check_nodes(
    check: ExpressionCheck, nodes: Sequence[Mapping[str, Any]], where: Where, prefixes: set[str]
) -> Iterator[Complaint]:
    for number, node in enumerate(nodes):
        here = (*where, number)
        for name in (node["name"], *node.get("attributes", {})):
            prefix, colon, _ = name.rpartition(":")
            if colon and prefix not in prefixes:
                yield unknown(here, "namespace", prefix, prefixes)
        if "text" in node:
            yield from check.expression(node["text"], (*here, "text"))
        for name, expression in node.get("attributes", {}).items():
            yield from check.expression(expression, (*here, "attributes", name))
        if "each" in node:
            yield from check.path(node["each"], (*here, "each"))
        if "when" in node:
            yield from check.condition(node["when"], (*here, "when"))
        yield from _check_nodes(check, node.get("content", ()), (*here, "content"), prefixes)
