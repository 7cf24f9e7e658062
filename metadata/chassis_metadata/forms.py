"""The form of a component: JSON Schema's complaints as Problems, in words that say what would be right."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from chassis_metadata.fields import PLANNED_TYPES
from chassis_metadata.logic.kinds import LOGIC_KINDS
from chassis_metadata.places import Where

MAX_DEPTH = 40
_BASE = "json-schema:///"
_SHOWN = 60

#: What can be checked by itself, and its schema: whole files first, then the components inside them.
SCHEMA_OF = {
    "package": "package.schema.json",
    "object": "object.schema.json",
    "app": "app.schema.json",
    "permission_set": "permission_set.schema.json",
    "inbound": "inbound.schema.json",
    "function": "function.schema.json",
    "translation": "translation.schema.json",
    "data": "data.schema.json",
    "field": "fields.schema.json#/$defs/field",
    "record_type": "record_types.schema.json#/$defs/record_type",
    "path": "paths.schema.json#/$defs/path",
    "list_view": "list_views.schema.json#/$defs/list_view",
    "layout": "layouts.schema.json#/$defs/layout",
    "role": "roles.schema.json#/$defs/role",
    "queue": "queues.schema.json#/$defs/queue",
    "value_set": "value_sets.schema.json#/$defs/value_set",
    "name": "common.schema.json#/$defs/name",
    "snake_name": "common.schema.json#/$defs/snake_name",
    "logic_name": "common.schema.json#/$defs/logic_name",
    "cases": "cases.schema.json",
    "security_policy": "security_policy.schema.json",
    **{each.kind: each.schema for each in LOGIC_KINDS.values()},
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """A problem at a place inside the value that was looked at."""

    where: Where
    code: str
    message: str


def near(name: object, choices: Iterable[str]) -> str:
    """` Did you mean 'Status'?`, or nothing if no choice is near."""
    found = get_close_matches(str(name)[:100], list(choices), n=1, cutoff=0.6)
    return f" Did you mean {found[0]!r}?" if found else ""


def complaints(kind: str, value: Any) -> list[Complaint]:
    """Everything that is wrong with the form of `value`; an empty list if nothing is."""
    unfit = list(_unfit(value))
    if unfit:
        return unfit
    if _fits(kind, value):
        return []
    return [each for error in _validator(kind).iter_errors(value) for each in _explain(error)]


@lru_cache
def schema(name: str) -> Mapping[str, Any]:
    """The content of `schemas/<name>`."""
    text = files("chassis_metadata").joinpath("schemas", name).read_text(encoding="utf-8")
    content: Mapping[str, Any] = json.loads(text)
    return content


@lru_cache
def _registry() -> Registry[Any]:
    names = {ref.partition("#")[0] for ref in SCHEMA_OF.values()}
    return Registry().with_resources((name, DRAFT202012.create_resource(schema(name))) for name in sorted(names))


@lru_cache
def _validator(kind: str) -> Draft202012Validator:
    validator: Draft202012Validator = _Validator(_whole(kind), registry=_registry())
    return validator


@lru_cache
def _whole(kind: str) -> Any:
    return _inlined({"$ref": SCHEMA_OF[kind]}, "", ())


def _fits(kind: str, value: Any) -> bool:
    """The quick answer for what is right, a hundred times faster; it has no words for what is wrong."""
    try:
        return _quick(kind).is_valid(value)
    except (TypeError, ValueError):  # not JSON: the other knows what to say
        return False


@lru_cache
def _quick(kind: str) -> jsonschema_rs.Draft202012Validator:
    files_by_name = {ref.partition("#")[0] for ref in SCHEMA_OF.values()}
    registry = jsonschema_rs.Registry([(f"{_BASE}{name}", dict(schema(name))) for name in sorted(files_by_name)])
    return jsonschema_rs.Draft202012Validator(_whole(kind), registry=registry, base_uri=f"{_BASE}{kind}")


def _inlined(part: Any, file: str, above: tuple[str, ...]) -> Any:
    """A schema with its references written out, which halves the time of a check; circular ones stay references."""
    if isinstance(part, list):
        return [_inlined(each, file, above) for each in part]
    if not isinstance(part, dict):
        return part
    rest = {key: _inlined(each, file, above) for key, each in part.items() if key not in ("$ref", "$defs")}
    if "$ref" not in part:
        return rest
    name, _, pointer = part["$ref"].partition("#")
    target = f"{name or file}#{pointer}"
    if target in above:
        return {"$ref": target, **rest}
    found: Any = schema(name or file)
    for step in filter(None, pointer.split("/")):
        found = found[step]
    return {**_inlined(found, name or file, (*above, target)), **rest}


def _to_the_end(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Check a pattern whose `$` is the very end: Python's own lets a line break follow."""
    if isinstance(instance, str) and not re.search(_DOLLAR.sub(r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match")


_DOLLAR = re.compile(r"\$$")
_Validator = extend(Draft202012Validator, {"pattern": _to_the_end})  # type: ignore[no-untyped-call]


def _unfit(value: Any) -> Iterator[Complaint]:
    """What JSON text of any kind may carry but no component can: depth without end, NUL, half characters, infinity."""
    waiting: list[tuple[Where, Any]] = [((), value)]
    while waiting:
        where, each = waiting.pop()
        if len(where) > MAX_DEPTH:
            yield Complaint(where[:3], "too_deep", f"Nested deeper than {MAX_DEPTH} levels.")
            return
        if isinstance(each, str) and not _is_clean(each):
            yield Complaint(where, "invalid_text", "A text has no NUL and no half characters (surrogates).")
        elif isinstance(each, float) and not math.isfinite(each):
            yield Complaint(where, "wrong_type", "A number must be finite.")
        elif isinstance(each, Mapping):
            waiting += [((*where, str(key)), one) for key, one in each.items()]
            waiting += [(where, key) for key in each if not isinstance(key, str) or not _is_clean(key)]
        elif isinstance(each, list):
            waiting += [((*where, index), one) for index, one in enumerate(each)]
        elif each is not None and not isinstance(each, str | bool | int | float):
            yield Complaint(where, "wrong_type", f"{type(each).__name__} is nothing that JSON knows.")


def _is_clean(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text))


def _rule(error: ValidationError) -> Any:
    """What the schema demands here: a list of keys, a bound, a pattern."""
    return error.validator_value


def _instance(error: ValidationError) -> Any:
    return error.instance


def _notes(error: ValidationError) -> Mapping[str, Any]:
    """The part of the schema that complains, with our own annotations."""
    return error.schema if isinstance(error.schema, Mapping) else {}


def _explain(error: ValidationError) -> Iterator[Complaint]:
    where: Where = tuple(error.absolute_path)
    name = str(error.validator)
    if name == "additionalProperties":
        yield from _unknown_keys(where, error)
    elif name == "required":
        yield from _missing_keys(where, error)
    elif error.context:
        # Of several forms that would do, the one that fits deepest is what the author had in mind.
        yield from _explain(max(error.context, key=lambda each: len(each.absolute_path)))
    else:
        yield _MESSAGES.get(name, _other)(where, error)


def _unknown_keys(where: Where, error: ValidationError) -> Iterator[Complaint]:
    known = _notes(error).get("properties", {})
    instance: Mapping[str, Any] = _instance(error)
    for key in instance:
        if key not in known:
            message = f"{_show(key)} is no key here.{near(key, known)} Known: {', '.join(known)}."
            yield Complaint((*where, key), "unknown_key", message)


def _missing_keys(where: Where, error: ValidationError) -> Iterator[Complaint]:
    # jsonschema reports each missing key by itself, naming it only in its message.
    for key in _rule(error):
        if error.message.startswith(f"{key!r} "):
            yield Complaint(where, "required_key_missing", f"{key!r} is missing.")


def _enum(where: Where, error: ValidationError) -> Complaint:
    allowed = [str(each) for each in _rule(error)]
    code = _notes(error).get("problemCode", "unknown_value")
    planned = PLANNED_TYPES.get(str(error.instance))
    if code == "unknown_field_type" and planned:
        return Complaint(where, "planned_field_type", planned)
    hint = near(error.instance, allowed)
    message = f"{_show(error.instance)} is not known here.{hint} Use one of: {', '.join(allowed)}."
    if isinstance(error.instance, str) and error.parent is None and "propertyNames" in error.absolute_schema_path:
        where = (*where, error.instance)
    return Complaint(where, code, message)


def _type(where: Where, error: ValidationError) -> Complaint:
    wanted = _rule(error) if isinstance(_rule(error), list) else [_rule(error)]
    hint = ""
    if "string" in wanted and isinstance(error.instance, int | float):
        hint = " Put it in quotes."
    expected = " or ".join(_TYPE_WORDS[each] for each in wanted)
    return Complaint(where, "wrong_type", f"{_show(error.instance)} is not {expected}.{hint}")


def _pattern(where: Where, error: ValidationError) -> Complaint:
    if "propertyNames" in error.absolute_schema_path and isinstance(error.instance, str):
        where = (*where, error.instance)
    hint = _notes(error).get("patternErrorMessage", f"It must match {_rule(error)}.")
    return Complaint(where, "invalid_format", f"{_show(error.instance)} will not do. {hint}")


def _range(where: Where, error: ValidationError) -> Complaint:
    bound = f"{_rule(error):,}"
    message = _RANGE_WORDS[str(error.validator)].format(bound)
    return Complaint(where, "out_of_range", f"{_show(error.instance)}: {message}.")


def _unique(where: Where, error: ValidationError) -> Complaint:
    items: Any = error.instance
    twice = [each for index, each in enumerate(items) if each in items[:index]]
    return Complaint(where, "duplicate_value", f"{_show(twice[0] if twice else items)} is in the list twice.")


def _other(where: Where, error: ValidationError) -> Complaint:
    return Complaint(where, "invalid_format", error.message[:200])


def _show(value: Any) -> str:
    if isinstance(value, Mapping):
        return "A map"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "A list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


_TYPE_WORDS = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "null",
}
_RANGE_WORDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} in the list",
    "maxItems": "at most {} in the list",
}
_MESSAGES = {"enum": _enum, "type": _type, "pattern": _pattern, "uniqueItems": _unique} | dict.fromkeys(
    _RANGE_WORDS, _range
)
