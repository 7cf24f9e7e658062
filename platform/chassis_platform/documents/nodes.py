"""A place in a document: an element (of XML, or of a table's rows) or a JSON value; what paths find from there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from lxml import etree

from chassis_metadata.document_paths import JSON, compile_path
from chassis_metadata.errors import Invalid

#: `$.a.b` and `name` need no machinery: most paths are such.
_JSON_NAMES = re.compile(r"\$?((?:\.[A-Za-z_]\w*)*)", re.ASCII)
_ELEMENT_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Json:
    """A value somewhere in a JSON document."""

    value: Any


Node = etree._Element | Json  # noqa: SLF001  lxml's public type


def found(path: str, node: Node, namespaces: Sequence[tuple[str, str]]) -> list[Any]:
    """What a path without a start finds: nodes, or texts where an XPath names attributes or texts."""
    if isinstance(node, Json):
        return [Json(each) for each in _in_json(path, node.value)]
    if _ELEMENT_NAME.fullmatch(path):
        return node.findall(path)
    try:
        answer = compile_path("xml", path, dict(namespaces))(node)
    except etree.XPathError as error:
        raise Invalid.of("invalid_mapping", f"The path {path!r} does not work: {error}.") from None
    return answer if isinstance(answer, list) else [answer]


def _in_json(path: str, value: Any) -> list[Any]:
    names = _names(path)
    if names is None:
        return list(compile_path(JSON, path, {})(value))
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return []
        value = value[name]
    return [value]


@lru_cache(maxsize=4_000)
def _names(path: str) -> tuple[str, ...] | None:
    simple = _JSON_NAMES.fullmatch(path)
    return None if simple is None else tuple(simple[1].split(".")[1:])


def is_node(value: Any) -> bool:
    """Whether what a path found is a place from which other paths may go on: no mere text, no JSON null."""
    return isinstance(value, etree._Element) or (isinstance(value, Json) and value.value is not None)  # noqa: SLF001


def text_of(value: Any) -> str:
    """The text of what a path found: all of an element's, a JSON value's own or, of a list or object, its JSON."""
    if isinstance(value, etree._Element):  # noqa: SLF001
        raw = value.text or "" if not len(value) else "".join(map(str, value.itertext(with_tail=False)))
    elif isinstance(value, Json):
        raw = _json_text(value.value)
    else:
        raw = str(value)
    return raw.replace("\r\n", "\n").strip()


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    # NUL is the one character that no text of the database can hold.
    return (value if isinstance(value, str) else orjson.dumps(value).decode()).replace("\0", " ")


def content_of(node: Node) -> bytes:
    """The part of a document that a node is, as bytes."""
    if isinstance(node, Json):
        return orjson.dumps(node.value)
    return etree.tostring(node, encoding="utf-8", with_tail=False)


def digest_of(node: Node) -> str:
    """A digest of what a node says, however it is written."""
    if isinstance(node, Json):
        canonical = orjson.dumps(node.value, option=orjson.OPT_SORT_KEYS)
    else:
        canonical = etree.tostring(node, method="c14n", with_tail=False)
    return "sha256:" + hashlib.sha256(canonical).hexdigest()


def line_of(node: Node) -> int:
    """The line of the document in which a node begins; JSON knows none, and says the first."""
    line: object = None if isinstance(node, Json) else node.sourceline
    return line if isinstance(line, int) else 1


def beginning_of(node: Node) -> str:
    """What a document begins with, for a problem's text."""
    if isinstance(node, Json):
        return f"It is a JSON {'list' if isinstance(node.value, list) else type(node.value).__name__}."
    return f"Its first element is <{etree.QName(node).localname}>."
