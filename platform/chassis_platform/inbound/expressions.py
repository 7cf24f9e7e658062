"""Expressions of a mapping, evaluated on one element. Pure: what only the database knows is asked for and tried again.

An expression is a path (a text), or a map with one source (`path`, `all`, `first`, `join`, `constant`, `value`, `case`,
`lookup`, `function`, `record`, `running_user`, `days`, `unknown`) and the steps in `then`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_metadata.functions import evaluate as evaluate_function
from chassis_platform.inbound.steps import apply_steps

Expression = str | Mapping[str, Any]
MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class LookupKey:
    """A question to the database: of the record of `object_name` whose `by` is `value`, the field `take`."""

    object_name: str
    by: str
    value: str
    take: str


@dataclass(frozen=True, slots=True)
class RecordReference:
    """The id of the record that a target of the same unit will have got."""

    target: str


@dataclass(slots=True)
class Scope:
    """What expressions may refer to. `known` holds answered look-ups; `wanted` gathers those that are not yet."""

    values: Mapping[str, Expression]
    functions: Mapping[str, FunctionDefinition]
    namespaces: Mapping[str, str]
    known_elements: frozenset[str]
    user_id: str
    zone: ZoneInfo
    today: date
    known: Mapping[LookupKey, Any] = field(default_factory=dict)
    wanted: set[LookupKey] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class At:
    """Where an expression is evaluated: an element, the unit around it, and how deep in other expressions."""

    element: etree._Element
    unit: etree._Element
    scope: Scope
    depth: int = 0


def evaluate(expression: Expression, at: At) -> Any:
    """The value, or None. Texts are trimmed; an empty one is none."""
    if at.depth > MAX_DEPTH:
        raise Invalid.of("too_deep", "The mapping's values refer to each other without end.")
    if isinstance(expression, str):
        return next(texts(expression, at), None)
    inner = At(at.element, at.unit, at.scope, at.depth + 1)
    name = next((each for each in SOURCES if each in expression), None)
    if name is None:
        raise Invalid.of("invalid_mapping", f"An expression needs one of: {', '.join(SOURCES)}.")
    found = SOURCES[name](expression[name], inner)
    return apply_steps(expression.get("then", ()), found, at.scope.zone)


def elements(path: str, at: At) -> list[etree._Element]:
    """The elements that a path names."""
    return [each for each in _found(path, at) if isinstance(each, etree._Element)]  # noqa: SLF001  lxml's public type


def texts(path: str, at: At) -> Iterator[str]:
    """The texts that a path names, trimmed, without the empty ones. A path from `$unit` begins at the unit."""
    for each in _found(path, at):
        raw = "".join(map(str, each.itertext(with_tail=False))) if isinstance(each, etree._Element) else str(each)  # noqa: SLF001
        text = raw.replace("\r\n", "\n").strip()
        if text:
            yield text


def _found(path: str, at: At) -> Sequence[Any]:
    start = at.unit if path.startswith("$unit/") else at.element
    try:
        found: Any = _compiled(path.removeprefix("$unit/"), tuple(sorted(at.scope.namespaces.items())))(start)
    except etree.XPathError as error:
        raise Invalid.of("invalid_mapping", f"The path {path!r} does not work: {error}.") from None
    return found if isinstance(found, list) else [found]


@lru_cache(maxsize=2_000)
def _compiled(path: str, namespaces: tuple[tuple[str, str], ...]) -> etree.XPath:
    try:
        return etree.XPath(path, namespaces=dict(namespaces) or None, smart_strings=False)
    except etree.XPathError as error:
        raise Invalid.of("invalid_mapping", f"{path!r} is no path: {error}.") from None


def holds(condition: Mapping[str, Any], at: At) -> bool:
    """Whether a condition is true: `any`, `all`, `not`, `exists`, or `value` with `is` or `matches`."""
    if "any" in condition:
        return any(holds(each, at) for each in condition["any"])
    if "all" in condition:
        return all(holds(each, at) for each in condition["all"])
    if "not" in condition:
        return not holds(condition["not"], at)
    found = evaluate(condition.get("exists", condition.get("value", "")), at)
    if "exists" in condition or found is None:
        return found is not None
    return _is_one_of(str(found), condition)


def _is_one_of(text: str, condition: Mapping[str, Any]) -> bool:
    if "matches" in condition:
        return re.search(condition["matches"], text[:1000]) is not None
    wanted = condition["is"]
    choices = [wanted] if isinstance(wanted, str) else wanted
    return text.lower() in [str(each).lower() for each in choices]


def _path(path: str, at: At) -> str | None:
    return next(texts(path, at), None)


def _all(option: Mapping[str, Any], at: At) -> str | None:
    """Every text of a path, or an expression for every element; joined."""
    if "each" in option:
        inner = (At(each, at.unit, at.scope, at.depth) for each in _sorted(option, at))
        found = [evaluate(option["value"], each) for each in inner]
    else:
        found = list(texts(option["path"], at))
    skipped = [str(each) for each in found if each is not None][option.get("skip", 0) :]
    return option.get("with", ", ").join(dict.fromkeys(skipped)) or None


def _sorted(option: Mapping[str, Any], at: At) -> list[etree._Element]:
    found = elements(option["each"], at)
    order = option.get("sort_by")
    if order is None:
        return found
    return sorted(found, key=lambda each: next(texts(order, At(each, at.unit, at.scope)), "~"))


def _first(options: Sequence[Expression], at: At) -> Any:
    return next((found for each in options if (found := evaluate(each, at)) is not None), None)


def _join(option: Mapping[str, Any], at: At) -> str | None:
    found = (evaluate(each, at) for each in option["of"])
    return option.get("with", " ").join(str(each) for each in found if each is not None) or None


def _value(name: str, at: At) -> Any:
    if name not in at.scope.values:
        raise Invalid.of("invalid_mapping", f"The mapping has no value named {name!r}.")
    return evaluate(at.scope.values[name], At(at.unit, at.unit, at.scope, at.depth))


def _case(options: Sequence[Mapping[str, Any]], at: At) -> Any:
    chosen = next((each for each in options if "when" not in each or holds(each["when"], at)), None)
    return evaluate(chosen["then"], at) if chosen is not None else None


def _lookup(option: Mapping[str, Any], at: At) -> Any:
    value = evaluate(option["value"], at)
    if value is None:
        return None
    key = LookupKey(option["object"], option["by"], str(value), option.get("take", "Id"))
    if key in at.scope.known:
        return at.scope.known[key]
    at.scope.wanted.add(key)
    return None


def _function(option: Mapping[str, Any], at: At) -> Any:
    argument = evaluate(option["argument"], at)
    definition = at.scope.functions.get(option["name"])
    if definition is None:
        raise Invalid.of("invalid_mapping", f"There is no function {option['name']!r}.")
    if argument is None:
        return None
    found = evaluate_function(definition, str(argument), today=at.scope.today)
    return found.get(option["take"]) if isinstance(found, Mapping) and "take" in option else found


def _days(option: Mapping[str, Any], at: At) -> int | None:
    first, last = evaluate(option["from"], at), evaluate(option["to"], at)
    return (last - first).days if isinstance(first, date) and isinstance(last, date) else None


def _unknown(option: Mapping[str, Any], at: At) -> str | None:
    """A line for each element whose name the mapping doesn't know, and for each text that stands between elements."""
    lines = [line for each in at.element.iter() for line in _unknown_lines(each, at)]
    return option.get("with", "\n").join(lines) or None


def _unknown_lines(each: etree._Element, at: At) -> Iterator[str]:
    if not isinstance(each.tag, str):
        return
    own, tail = (each.text or "").strip(), (each.tail or "").strip()
    name = etree.QName(each).localname
    if name not in at.scope.known_elements and own:
        yield f"{name}: {own}"
    elif len(each) and own:
        yield own
    if tail and each is not at.element:
        yield tail


SOURCES: dict[str, Callable[[Any, At], Any]] = {
    "path": _path,
    "all": _all,
    "first": _first,
    "join": _join,
    "constant": lambda constant, _: constant,
    "value": _value,
    "case": _case,
    "lookup": _lookup,
    "function": _function,
    "record": lambda target, _: RecordReference(target),
    "running_user": lambda _, at: at.scope.user_id,
    "days": _days,
    "unknown": _unknown,
}
