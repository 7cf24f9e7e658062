"""PATCH (RFC 7644 3.5.2): operations on a resource's document, by the names and paths of its schema."""

from __future__ import annotations

import copy
from typing import Any

from chassis_platform.auth.federation.scim.filters import AllOf, AnyOf, AttributePath, Compare, Filter, Not, parse_path
from chassis_platform.auth.federation.scim.problems import ScimError, invalid_filter, invalid_path, invalid_value
from chassis_platform.auth.federation.scim.schema import EXTENSION, Attribute, ResourceType

MOST_OPERATIONS = 500

Document = dict[str, Any]


def apply_patch(kind: ResourceType, document: Document, body: Document) -> Document:
    """The document as the operations leave it; the one given stays as it is."""
    operations = _get(body, "operations")
    if not isinstance(operations, list) or not 0 < len(operations) <= MOST_OPERATIONS:
        raise ScimError(400, f"Operations must be an array of 1 to {MOST_OPERATIONS}.", "invalidSyntax")
    changed = copy.deepcopy(document)
    for each in operations:
        if not isinstance(each, dict):
            raise ScimError(400, "An operation must be an object.", "invalidSyntax")
        _apply(kind, changed, each)
    return changed


def _get(body: Document, name: str) -> Any:
    return next((value for key, value in body.items() if key.lower() == name), None)


def _apply(kind: ResourceType, document: Document, operation: Document) -> None:
    act, path, value = str(_get(operation, "op")).lower(), _get(operation, "path"), _get(operation, "value")
    if act not in ("add", "replace", "remove"):
        raise ScimError(400, "op must be add, replace or remove.", "invalidSyntax")
    if path is None or path == "":
        if act == "remove":
            raise ScimError(400, "remove needs a path.", "noTarget")
        _merge(kind, document, value, act)
        return
    if not isinstance(path, str):
        raise invalid_path("path must be a text.")
    _apply_at(kind, document, path, act, value)


def _merge(kind: ResourceType, document: Document, value: Any, act: str) -> None:
    """Without a path the value names the attributes; some directories write paths as names there."""
    if not isinstance(value, dict):
        raise invalid_value("Without a path, value must be an object of attributes.")
    for name, inner in value.items():
        if name.lower() in ("schemas", "id", "meta"):
            continue
        _apply_at(kind, document, name, act, inner)


def _apply_at(kind: ResourceType, document: Document, path: str, act: str, value: Any) -> None:
    if path.lower() == EXTENSION.name.lower() and kind.attribute(EXTENSION.name) is not None:
        if act == "remove":
            document.pop(EXTENSION.name, None)
            return
        for name, inner in (value if isinstance(value, dict) else {}).items():
            _apply_at(kind, document, f"{EXTENSION.name}:{name}", act, inner)
        return
    found = parse_path(path)
    attribute, holder = _target(kind, document, found.path)
    if attribute.read_only:
        return  # RFC 7643 2.2: a directory may send what it may not change; it is left out
    if found.filter is not None:
        _among(attribute, holder, found.filter, found.part, act, value)
    elif found.path.part is not None:
        _inside(attribute, holder, found.path.part, act, value)
    else:
        _whole(attribute, holder, act, value)


def _target(kind: ResourceType, document: Document, path: AttributePath) -> tuple[Attribute, Document]:
    """The attribute, and the object that it stands in."""
    if path.schema == EXTENSION.name.lower() and kind.attribute(EXTENSION.name) is not None:
        attribute = EXTENSION.part(path.name)
        holder = document.setdefault(EXTENSION.name, {})
    elif path.schema in (None, kind.schema.lower()):
        attribute, holder = kind.attribute(path.name), document
    else:
        attribute, holder = None, document
    if attribute is None:
        raise invalid_path(f"There is no attribute {path.name}.")
    return attribute, holder


def _whole(attribute: Attribute, holder: Document, act: str, value: Any) -> None:
    name = attribute.name
    if attribute.many:
        values = checked(attribute, value if isinstance(value, list) or value is None else [value])
        held = holder.get(name) or []
        if act == "remove":
            # Some directories name the values to remove instead of a filter.
            gone = [each.get("value") for each in values]
            holder[name] = [each for each in held if gone and each.get("value") not in gone]
        else:
            holder[name] = _joined(held if act == "add" else [], values)
    elif act == "remove" or value is None:
        holder.pop(name, None)
    elif attribute.parts and act == "add":
        holder[name] = {**(holder.get(name) or {}), **checked(attribute, value)}
    else:
        holder[name] = checked(attribute, value)


def _joined(held: list[Document], added: list[Document]) -> list[Document]:
    """Values of an array are a set; a new primary one takes the place of the old."""
    joined = [each for each in held if each.get("value") not in {new.get("value") for new in added}]
    if any(each.get("primary") for each in added):
        joined = [{**each, "primary": False} for each in joined]
    return [*joined, *added]


def _inside(attribute: Attribute, holder: Document, part: str, act: str, value: Any) -> None:
    """A part of an object, or of every value of an array."""
    found = _part(attribute, part)
    if found.read_only:
        return
    if attribute.many:
        for each in holder.get(attribute.name) or []:
            _set(each, found, act, value)
        return
    _set(holder.setdefault(attribute.name, {}), found, act, value)


def _part(attribute: Attribute, name: str) -> Attribute:
    found = attribute.part(name)
    if found is None:
        raise invalid_path(f"{attribute.name} has no part {name}.")
    return found


def _set(holder: Document, attribute: Attribute, act: str, value: Any) -> None:
    if act == "remove" or value is None:
        holder.pop(attribute.name, None)
    else:
        holder[attribute.name] = checked(attribute, value)


def _among(attribute: Attribute, holder: Document, condition: Filter, part: str | None, act: str, value: Any) -> None:
    if not attribute.many:
        raise invalid_path(f"{attribute.name} has one value only.")
    held: list[Document] = holder.get(attribute.name) or []
    chosen = [each for each in held if matches(attribute, each, condition)]
    if act == "remove" and part is None:
        holder[attribute.name] = [each for each in held if each not in chosen]
        return
    if not chosen:
        if act == "remove":
            return
        chosen = [_new_value(condition)]
        held = [*held, *chosen]
        holder[attribute.name] = held
    for each in chosen:
        if part is not None:
            _set(each, _part(attribute, part), act, value)
        else:
            each.update(checked(attribute, [value])[0])


def _new_value(condition: Filter) -> Document:
    """`emails[type eq "work"].value` of a user without such a one makes it, as directories expect."""
    if isinstance(condition, Compare) and condition.operator == "eq" and condition.path.part is None:
        return {condition.path.name: condition.value}
    raise ScimError(400, "No value matches the path.", "noTarget")


def matches(attribute: Attribute, value: Document, condition: Filter) -> bool:
    """Whether a value of an array is one that a filter in brackets means."""
    match condition:
        case AllOf(parts):
            return all(matches(attribute, value, each) for each in parts)
        case AnyOf(parts):
            return any(matches(attribute, value, each) for each in parts)
        case Not(part):
            return not matches(attribute, value, part)
        case Compare():
            return _compares(attribute, value, condition)
        case _:
            raise invalid_filter("Brackets do not stand in brackets.")


def _compares(attribute: Attribute, value: Document, condition: Compare) -> bool:
    if condition.path.part is not None:
        raise invalid_filter(f"{attribute.name} has no such part.")
    held = value.get(_part(attribute, condition.path.name).name)
    if condition.operator == "pr":
        return held not in (None, "")
    wanted = condition.value
    if condition.operator in ("eq", "ne"):
        same = held.lower() == wanted.lower() if isinstance(held, str) and isinstance(wanted, str) else held == wanted
        return same if condition.operator == "eq" else not same
    if not isinstance(held, str) or not isinstance(wanted, str):
        return False
    text, piece = held.lower(), wanted.lower()
    tests = {"co": piece in text, "sw": text.startswith(piece), "ew": text.endswith(piece)}
    if condition.operator not in tests:
        raise invalid_filter(f"{condition.operator} is not for {attribute.name}.")
    return tests[condition.operator]


def checked(attribute: Attribute, value: Any) -> Any:
    """The value in the attribute's kind, under the schema's names; raises ScimError (invalidValue)."""
    if attribute.many:
        if value is None:
            return []
        if not isinstance(value, list):
            raise invalid_value(f"{attribute.name} must be an array.")
        return [_object(attribute, each if isinstance(each, dict) else {"value": each}) for each in value]
    if attribute.parts:
        # A manager may be named by the bare id.
        return _object(attribute, value if isinstance(value, dict) else {"value": value})
    return _simple(attribute, value)


def _object(attribute: Attribute, value: Document) -> Document:
    found: Document = {}
    for name, inner in value.items():
        part = attribute.part(name.lower())
        if part is not None and not part.read_only and inner is not None:
            found[part.name] = checked(part, inner)
    return found


def _simple(attribute: Attribute, value: Any) -> Any:
    if attribute.kind == "boolean":
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if isinstance(value, bool):
            return value
        raise invalid_value(f"{attribute.name} must be true or false.")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise invalid_value(f"{attribute.name} must be a text.")
    return str(value)


def read_resource(kind: ResourceType, body: Document) -> Document:
    """A whole resource as it was sent, under the schema's names; what is unknown or not to be written is left out."""
    found: Document = {}
    for name, value in body.items():
        attribute = kind.attribute(name)
        if attribute is not None and not attribute.read_only and value is not None:
            found[attribute.name] = checked(attribute, value)
    return found
