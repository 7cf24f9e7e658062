"""Inbound mappings and declared functions: what they name is there, what they say in other languages can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.components import InboundMapping
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where

#: Keys whose text is an XPath, and those whose text is a regular expression.
_PATHS = frozenset({"path", "each", "sort_by", "root"})
_PATTERNS = frozenset({"extract", "match", "matches", "pattern"})


def check_inbound(look: Look) -> Iterator[Complaint]:
    """The package's mappings and functions."""
    for mapping in look.package.inbound_mappings:
        where: Where = ("inbound", mapping.name)
        yield from _check_targets(look, where, mapping)
        for place, key, value in _parts(mapping.body, where):
            yield from _check_part(look, mapping, place, (key, value))
    for function in look.package.functions:
        here: Where = ("functions", function.name)
        for place, key, value in _parts({**function.body, "files": None}, here):
            if key in _PATTERNS:
                yield from _check_pattern(place, value)
            if key == "data" and value not in function.body.get("files", {}):
                yield unknown(place, "data file", value, function.body.get("files", {}))


def _parts(value: object, where: Where) -> Iterator[tuple[Where, str, Any]]:
    """Every key anywhere in the body, with its place."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield (*where, key), key, each
            yield from _parts(each, (*where, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _parts(each, (*where, index))


def _check_targets(look: Look, where: Where, mapping: InboundMapping) -> Iterator[Complaint]:
    made: list[str] = []
    for index, target in enumerate(mapping.body["targets"]):
        here = (*where, "targets", index)
        obj = look.after.objects.get(target["object"])
        if obj is None:
            yield unknown((*here, "object"), "object", target["object"], look.after.objects)
            continue
        for name in target["fields"]:
            if name not in obj.fields:
                yield missing_field((*here, "fields", name), obj, name)
        for place, key, value in _parts(target["fields"], (*here, "fields")):
            if key == "record" and isinstance(value, str) and value not in made:
                yield unknown(place, "earlier target", value, made)
        made.append(target.get("name", target["object"]))


def _check_part(look: Look, mapping: InboundMapping, where: Where, part: tuple[str, Any]) -> Iterator[Complaint]:
    match part:
        case ("lookup", {"object": object_name, "by": by, **rest}):
            yield from _check_lookup(look, where, object_name, (by, str(rest.get("take", "Id"))))
        case ("function", {"name": name}) if name not in look.after.functions:
            yield unknown(where, "function", name, look.after.functions)
        case (key, str() as text) if key in _PATHS:
            yield from _check_path(mapping, where, text)
        case (key, str() as text) if key in _PATTERNS:
            yield from _check_pattern(where, text)


def _check_lookup(look: Look, where: Where, object_name: str, fields: tuple[str, ...]) -> Iterator[Complaint]:
    obj = look.after.objects.get(object_name)
    if obj is None:
        yield unknown((*where, "object"), "object", object_name, look.after.objects)
        return
    yield from (missing_field(where, obj, name) for name in fields if name not in obj.fields)


def _check_path(mapping: InboundMapping, where: Where, text: str) -> Iterator[Complaint]:
    try:
        etree.XPath(text.removeprefix("$unit/"), namespaces=dict(mapping.body.get("namespaces", {})) or None)
    except etree.XPathError as error:
        yield Complaint(where, "invalid_path", f"{text!r} is no XPath: {error}.")


def _check_pattern(where: Where, text: str) -> Iterator[Complaint]:
    try:
        re.compile(text)
    except re.error as error:
        yield Complaint(where, "invalid_pattern", f"{text!r} is no regular expression: {error}.")
