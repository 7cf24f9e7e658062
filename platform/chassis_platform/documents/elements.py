"""JSON values and names of others as elements: so one language of paths serves what has no format of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from lxml import etree

from chassis_metadata.errors import Invalid

MAX_DEPTH = 100
_BEGINS = (
    "A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NOT_IN_A_NAME = re.compile(f"[^{_BEGINS}0-9.\u00b7\u0300-\u036f\u203f-\u2040-]")
_BEGINS_NO_NAME = re.compile(f"(?![{_BEGINS}])")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """A text without the characters that no XML may hold."""
    return _NOT_XML.sub(" ", text)


def element_name(key: str) -> str:
    """A key as the name of an element: what may not stand in one becomes `_`."""
    name = _NOT_IN_A_NAME.sub("_", key)[:100]
    return f"_{name}" if _BEGINS_NO_NAME.match(name) else name


def grow(element: etree._Element, value: Any, depth: int = 0) -> None:
    """Keys become elements, lists repeat them."""
    refuse_deeper(depth)
    if isinstance(value, Mapping):
        for key, each in value.items():
            for one in each if isinstance(each, list) else [each]:
                grow(etree.SubElement(element, element_name(key)), one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            grow(etree.SubElement(element, "item"), one, depth + 1)
    elif value is not None:
        element.text = xml_text(value if isinstance(value, str) else orjson.dumps(value).decode())


def refuse_deep(value: Any, depth: int = 0) -> None:
    """Invalid where a JSON value is nested deeper than anybody means."""
    refuse_deeper(depth)
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            refuse_deep(each, depth + 1)


def refuse_deeper(depth: int) -> None:
    """Invalid beyond the depth that is allowed."""
    if depth > MAX_DEPTH:
        raise Invalid.of("too_deep", f"The document is nested deeper than {MAX_DEPTH} levels.")
