"""The nodes of an outbound document, evaluated and written: XML, JSON, or the lines of CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from lxml import etree

from chassis_platform.documents.elements import xml_text
from chassis_platform.documents.expressions import At, evaluate, holds, nodes
from chassis_platform.records.csv_text import is_formula

Node = Mapping[str, Any]
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def write_xml(body: Mapping[str, Any], at: At) -> bytes:
    """One outermost element, which stands even with nothing in it."""
    names = {prefix or None: uri for prefix, uri in body.get("namespaces", {}).items()}
    [node] = body["content"]
    root = etree.Element(_qualified(node["name"], names), nsmap=names)  # type: ignore[arg-type]  # None: the default
    _fill(root, node, at, names)
    etree.indent(root, " ")
    head = ['<?xml version="1.0" encoding="UTF-8"?>']
    if "instruction" in body:
        head.append(f"<?{body['instruction']}?>")
    return b"\n".join([*(each.encode() for each in head), etree.tostring(root, encoding="utf-8"), b""])


def _qualified(name: str, names: Mapping[str | None, str]) -> str:
    prefix, colon, local = name.rpartition(":")
    uri = names.get(prefix if colon else None)
    return f"{{{uri}}}{local}" if uri else local


def _attribute(name: str, names: Mapping[str | None, str]) -> str:
    """An attribute without a prefix is in no namespace, whatever the default is."""
    return _qualified(name, names) if ":" in name else name


def _fill(element: etree._Element, node: Node, at: At, names: Mapping[str | None, str]) -> None:
    for name, expression in node.get("attributes", {}).items():
        value = text_of(evaluate(expression, at))
        if value is not None:
            element.set(_attribute(name, names), xml_text(value))
    said = text_of(evaluate(node["text"], at)) if "text" in node else None
    if said is not None:
        element.text = xml_text(said)
    for inner, place in _inner(node, at):
        child = etree.SubElement(element, _qualified(inner["name"], names))
        _fill(child, inner, place, names)
        # Attributes alone, such as a type, say nothing without what they are about.
        says = inner.get("keep_empty") or (child.attrib and not {"text", "content"} & inner.keys())
        if child.text is None and not len(child) and not says:
            element.remove(child)


def _inner(node: Node, at: At) -> Iterator[tuple[Node, At]]:
    """What stands inside a node, each with the place at which it is evaluated."""
    for inner in node.get("content", ()):
        for place in _places(inner, at):
            if "when" not in inner or holds(inner["when"], place):
                yield inner, place


def _places(node: Node, at: At) -> Sequence[At]:
    return [at.moved_to(each) for each in nodes(node["each"], at)] if "each" in node else [at]


def write_json(body: Mapping[str, Any], at: At) -> bytes:
    """An object with the keys in order."""
    return orjson.dumps(_object({"content": body["content"]}, at), option=orjson.OPT_INDENT_2) + b"\n"


def _object(node: Node, at: At) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for inner, place in _inner(node, at):
        value = _value(inner, place)
        if value is None or (value == {} and not inner.get("keep_empty")):
            continue
        if "each" in inner:
            made.setdefault(inner["name"], []).append(value)
        else:
            made[inner["name"]] = value
    return made


def _value(node: Node, at: At) -> Any:
    if "content" in node:
        return _object(node, at)
    value = evaluate(node.get("text", {"path": "."}), at)
    if value is None:
        return None
    match node.get("as"):
        case "number":
            return _number(value)
        case "boolean":
            return value if isinstance(value, bool) else str(value).lower() == "true"
    return text_of(value)


def _number(value: Any) -> int | float | None:
    try:
        number = Decimal(str(value))
        return int(number) if number == number.to_integral_value() else float(number)
    except (InvalidOperation, ValueError, OverflowError):
        return None


def write_csv(body: Mapping[str, Any], at: At) -> bytes:
    """A header and a line for each place; what a spreadsheet would take for a formula is disarmed."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=_DELIMITERS[body.get("delimiter", "comma")])
    columns = body["columns"]
    writer.writerow([_disarmed(each["heading"]) for each in columns])
    for place in [at.moved_to(each) for each in nodes(body["rows"], at)] if "rows" in body else [at]:
        writer.writerow([_cell(evaluate(each["text"], place)) for each in columns])
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return value if is_number else _disarmed(text_of(value) or "")


def _disarmed(text: str) -> str:
    return "'" + text if is_formula(text) else text


def text_of(value: Any) -> str | None:
    """A value as documents say it: ISO dates, plain numbers."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


WRITERS: Mapping[str, Callable[[Mapping[str, Any], At], bytes]] = {
    "xml": write_xml,
    "json": write_json,
    "csv": write_csv,
}
