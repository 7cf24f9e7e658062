"""The reference page of logic, made from the JSON Schemas: `python -m chassis_metadata.schema_page > docs/…`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.forms import schema
from chassis_metadata.logic.kinds import LOGIC_KINDS, LogicKind, Place

Schema = Mapping[str, Any]

_HEAD = """# Logic, key by key

Made from the JSON Schemas in `metadata/chassis_metadata/schemas/` by `python -m chassis_metadata.schema_page`; a test
keeps it in step. Editors complete and check the same while you write. What the engines do is told on their own pages.
"""
_PLACES = {
    Place.OBJECT: "`objects/<Object>/{key}.yaml`, a map of names",
    Place.FILE: "`{key}.yaml`, a map of names",
    Place.FOLDER: "`{key}/<Name>.yaml`, a file each",
    Place.TENANT: "in no package: made by a tenant in Setup",
}
#: Deeper than that, the schema itself is the better text.
_DEEPEST = 2


def page() -> str:
    """The whole page in Markdown."""
    return "\n".join([_HEAD, *(line for kind in LOGIC_KINDS.values() for line in _section(kind))])


def _section(kind: LogicKind) -> Iterator[str]:
    yield f"## {kind.heading} (`{kind.kind}`)\n"
    yield f"Written in {_PLACES[kind.place].format(key=kind.key)}.\n"
    file, _, pointer = kind.schema.partition("#")
    document = _at(schema(file), pointer)
    if document.get("description"):
        yield f"{document['description']}\n"
    rows = list(_rows(document, file, "", 0, ()))
    if rows:
        yield "| Key | Value | Meaning |\n|---|---|---|"
        yield from rows
        yield ""


def _at(document: Schema, pointer: str) -> Schema:
    for step in filter(None, pointer.split("/")):
        document = document[step]
    return document


def _resolved(part: Schema, file: str, above: tuple[str, ...]) -> tuple[Schema, str, tuple[str, ...]]:
    """The schema behind references, with what stands beside them; the file it is in; what was passed on the way."""
    while "$ref" in part:
        name, _, pointer = part["$ref"].partition("#")
        target = name or file
        if f"{target}#{pointer}" in above:
            return {"description": part.get("description", "As above.")}, file, above
        above = (*above, f"{target}#{pointer}")
        beside = {key: value for key, value in part.items() if key != "$ref"}
        part, file = {**_at(schema(target), pointer), **beside}, target
    return part, file, above


def _rows(document: Schema, file: str, path: str, depth: int, above: tuple[str, ...]) -> Iterator[str]:
    document, file, above = _resolved(document, file, above)
    required = set(document.get("required", ()))
    for key, value in document.get("properties", {}).items():
        part, where, passed = _resolved(value, file, above)
        name = f"{path}{key}"
        mark = "" if key not in required else " *"
        meaning = str(part.get("description", "")).replace("|", "\\|").replace("\n", " ")
        yield f"| `{name}`{mark} | {_kind_of(part)} | {meaning}{_default(part)} |"
        if depth < _DEEPEST:
            yield from _inner(part, where, name, depth + 1, passed)


def _inner(part: Schema, file: str, name: str, depth: int, above: tuple[str, ...]) -> Iterator[str]:
    if part.get("properties"):
        yield from _rows(part, file, f"{name}.", depth, above)
    items = part.get("items")
    if isinstance(items, Mapping):
        resolved, where, passed = _resolved(items, file, above)
        if resolved.get("properties"):
            yield from _rows(resolved, where, f"{name}[].", depth, passed)
    more = part.get("additionalProperties")
    if isinstance(more, Mapping):
        resolved, where, passed = _resolved(more, file, above)
        if resolved.get("properties"):
            yield from _rows(resolved, where, f"{name}.<name>.", depth, passed)


def _kind_of(part: Schema) -> str:
    if "enum" in part:
        return " ".join(f"`{each}`" for each in part["enum"])
    if "const" in part:
        return f"`{part['const']}`"
    kinds = part.get("type", "")
    words = [kinds] if isinstance(kinds, str) else list(kinds)
    names = {"object": "map", "array": "list", "string": "text", "boolean": "true or false", "null": "nothing"}
    return " or ".join(names.get(each, each) for each in words if each) or "any"


def _default(part: Schema) -> str:
    if "default" not in part:
        return ""
    value = part["default"]
    shown = {True: "true", False: "false", None: "nothing"}.get(value, value) if not isinstance(value, list) else value
    return f" Default: `{shown}`."


if __name__ == "__main__":
    sys.stdout.write(page())
