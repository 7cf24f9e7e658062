"""Expressions of a mapping, evaluated at a place of a document. Pure: what the database knows is asked for.

An expression is a path (a text), or a map with one source (`SOURCES`) and the steps in `then`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.document_paths import DOCUMENT, UNIT, split_start
from chassis_metadata.errors import Invalid
from chassis_metadata.functions import evaluate as evaluate_function
from chassis_platform.documents.nodes import Node, digest_of, found, is_node, text_of
from chassis_platform.documents.questions import DecisionKey, LookupKey, Question
from chassis_platform.documents.steps import apply_steps

Expression = str | Mapping[str, Any]
MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class RecordReference:
    """The id of the record that a target of the same unit will have got."""

    target: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What evaluating depends on besides the document and the mapping."""

    functions: Mapping[str, FunctionDefinition]
    user_id: str
    zone: ZoneInfo
    today: date
    settings: Mapping[str, Any] = field(default_factory=dict)
    tenant: str = ""
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Scope:
    """What expressions may refer to. `known` holds answered questions; `wanted` gathers those that are not yet."""

    values: Mapping[str, Expression]
    namespaces: Sequence[tuple[str, str]]
    known_elements: frozenset[str]
    setting: Setting
    document: Node
    known: Mapping[Question, Any] = field(default_factory=dict)
    wanted: set[Question] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class At:
    """Where an expression is evaluated: a node, the unit around it, and how deep in other expressions."""

    node: Node
    unit: Node
    scope: Scope
    depth: int = 0

    def moved_to(self, node: Node) -> At:
        """The same at another node of the unit."""
        return At(node, self.unit, self.scope, self.depth)


def evaluate(expression: Expression, at: At) -> Any:
    """The value, or None. Texts are trimmed; an empty one is none."""
    if at.depth > MAX_DEPTH:
        raise Invalid.of("too_deep", "The mapping's values refer to each other without end.")
    if isinstance(expression, str):
        return next(texts(expression, at), None)
    inner = At(at.node, at.unit, at.scope, at.depth + 1)
    name = next((each for each in expression if each in SOURCES), None)
    if name is None:
        raise Invalid.of("invalid_mapping", f"An expression needs one of: {', '.join(SOURCES)}.")
    return apply_steps(expression.get("then", ()), SOURCES[name](expression[name], inner), at.scope.setting.zone)


def nodes(path: str, at: At) -> list[Node]:
    """The nodes that a path names."""
    return [each for each in _found(path, at) if is_node(each)]


def texts(path: str, at: At) -> Iterator[str]:
    """The texts that a path names, trimmed, without the empty ones."""
    return (text for each in _found(path, at) if (text := text_of(each)))


def _found(path: str, at: At) -> Sequence[Any]:
    start, rest = split_start(path)
    begin = {UNIT: at.unit, DOCUMENT: at.scope.document}.get(start, at.node)
    return found(rest.removeprefix("/") if start else rest, begin, at.scope.namespaces)


def holds(condition: Mapping[str, Any], at: At) -> bool:
    """Whether a condition is true: `any`, `all`, `not`, `exists`, or `value` with `is` or `matches`."""
    if "any" in condition:
        return any(holds(each, at) for each in condition["any"])
    if "all" in condition:
        return all(holds(each, at) for each in condition["all"])
    if "not" in condition:
        return not holds(condition["not"], at)
    value = evaluate(condition.get("exists", condition.get("value", "")), at)
    if "exists" in condition or value is None:
        return value is not None
    return _is_one_of(str(value), condition)


def _is_one_of(text: str, condition: Mapping[str, Any]) -> bool:
    if "matches" in condition:
        return re.search(condition["matches"], text[:1000]) is not None
    wanted = condition["is"]
    choices = [wanted] if isinstance(wanted, str) else wanted
    return text.lower() in [str(each).lower() for each in choices]


def _path(path: str, at: At) -> str | None:
    return next(texts(path, at), None)


def _several(option: Mapping[str, Any], at: At) -> list[Any]:
    """The values of every text of a path, or of an expression at every node; those that are there."""
    if "each" in option:
        values = [evaluate(option["value"], at.moved_to(each)) for each in _sorted(option, at)]
    else:
        values = list(texts(option["path"], at))
    steps = option.get("steps", ())
    made = (apply_steps(steps, each, at.scope.setting.zone) for each in values) if steps else values
    return [each for each in made if each is not None]


def _all(option: Mapping[str, Any], at: At) -> str | None:
    found_texts = [str(each) for each in _several(option, at)][option.get("skip", 0) :]
    return option.get("with", ", ").join(dict.fromkeys(found_texts)) or None


def _sorted(option: Mapping[str, Any], at: At) -> list[Node]:
    places = nodes(option["each"], at)
    order = option.get("sort_by")
    if order is None:
        return places
    return sorted(places, key=lambda each: next(texts(order, at.moved_to(each)), "~"))


def _first(options: Sequence[Expression], at: At) -> Any:
    return next((value for each in options if (value := evaluate(each, at)) is not None), None)


def _join(option: Mapping[str, Any], at: At) -> str | None:
    values = (evaluate(each, at) for each in option["of"])
    return option.get("with", " ").join(str(each) for each in values if each is not None) or None


def _value(name: str, at: At) -> Any:
    if name not in at.scope.values:
        raise Invalid.of("invalid_mapping", f"The mapping has no value named {name!r}.")
    return evaluate(at.scope.values[name], At(at.unit, at.unit, at.scope, at.depth))


def _case(options: Sequence[Mapping[str, Any]], at: At) -> Any:
    chosen = next((each for each in options if "when" not in each or holds(each["when"], at)), None)
    return evaluate(chosen["then"], at) if chosen is not None else None


def _lookup(option: Mapping[str, Any], at: At) -> Any:
    by = [option["by"]] if isinstance(option["by"], str) else option["by"]
    given = option["value"] if isinstance(option["value"], list) else [option["value"]]
    values = [evaluate(each, at) for each in given]
    if any(each is None for each in values):
        return None
    return _asked(LookupKey(option["object"], tuple(by), tuple(map(str, values)), option.get("take", "Id")), at)


def _decide(option: Mapping[str, Any], at: At) -> Any:
    inputs = {name: evaluate(each, at) for name, each in option["inputs"].items()}
    answer = _asked(DecisionKey(option["table"], tuple(inputs.items())), at)
    if answer is None:
        return None
    return answer.get(option["take"]) if "take" in option else next(iter(answer.values()), None)


def _asked(question: Question, at: At) -> Any:
    if question not in at.scope.known:
        at.scope.wanted.add(question)
    return at.scope.known.get(question)


def _function(option: Mapping[str, Any], at: At) -> Any:
    argument = evaluate(option["argument"], at)
    definition = at.scope.setting.functions.get(option["name"])
    if definition is None:
        raise Invalid.of("invalid_mapping", f"There is no function {option['name']!r}.")
    if argument is None:
        return None
    answer = evaluate_function(definition, str(argument), today=at.scope.setting.today)
    return answer.get(option["take"]) if isinstance(answer, Mapping) and "take" in option else answer


def _days(option: Mapping[str, Any], at: At) -> int | None:
    first, last = evaluate(option["from"], at), evaluate(option["to"], at)
    return (last - first).days if isinstance(first, date) and isinstance(last, date) else None


def _unknown(option: Mapping[str, Any], at: At) -> str | None:
    """A line for each element whose name the mapping doesn't know, and for each text that stands between elements."""
    if not isinstance(at.node, etree._Element):  # noqa: SLF001  lxml's public type
        return None
    lines = [line for each in at.node.iter() for line in _unknown_lines(each, at)]
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
    if tail and each is not at.node:
        yield tail


SOURCES: dict[str, Callable[[Any, At], Any]] = {
    "path": _path,
    "all": _all,
    "least": lambda option, at: min(_several(option, at), default=None),
    "greatest": lambda option, at: max(_several(option, at), default=None),
    "first": _first,
    "join": _join,
    "constant": lambda constant, _: constant,
    "value": _value,
    "case": _case,
    "lookup": _lookup,
    "decide": _decide,
    "function": _function,
    "record": lambda target, _: RecordReference(target),
    "setting": lambda name, at: at.scope.setting.settings.get(name),
    "running_user": lambda _, at: at.scope.setting.user_id,
    "tenant": lambda _, at: at.scope.setting.tenant,
    "now": lambda _, at: at.scope.setting.now,
    "digest": lambda _, at: digest_of(at.unit),
    "days": _days,
    "unknown": _unknown,
}
