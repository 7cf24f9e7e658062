"""Functions that take a pattern or a path in quotes, read beforehand: FORMAT, REGEX, JSONVALUE, JSONPATHVALUE."""

from __future__ import annotations

from collections.abc import Callable

from chassis_metadata.expressions.catalogue import CATALOGUE
from chassis_metadata.expressions.formats import (
    DATE,
    MOMENT,
    NUMBER,
    TIME,
    Place,
    WrongFormat,
    moment_format,
    number_format,
    text_format,
)
from chassis_metadata.expressions.infer import NOTHING, Checker, named
from chassis_metadata.expressions.json_paths import WrongPath, json_path
from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind
from chassis_metadata.expressions.tree import Call, Node
from chassis_metadata.expressions.typed import Constant, Operation, Typed

Rule = Callable[[Checker, Call], Typed]
_TEXTS = TEXT_LIKE | {Kind.MULTI_PICKLIST}
#: How a value is written without a format.
_USUAL = {Kind.NUMBER: NUMBER, Kind.DATE: DATE, Kind.DATETIME: MOMENT, Kind.TIME: TIME}


def _counted(checker: Checker, call: Call, fewest: int, most: int) -> bool:
    if fewest <= len(call.arguments) <= most:
        return True
    usage = CATALOGUE[call.name].usage
    checker.complain(call, "wrong_argument_count", f"Write {usage}: {len(call.arguments)} arguments found.")
    return False


def _quoted(checker: Checker, call: Call, node: Node, typed: Typed, what: str) -> str | None:
    if isinstance(typed, Constant) and isinstance(typed.value, str):
        return typed.value
    message = f"{call.name} takes its {what} as a text in quotes, so that it can be checked beforehand."
    checker.complain(node, f"invalid_{what}", message)
    return None


# FORMAT


def _format(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    if not _counted(checker, call, 1, 1_000):
        return NOTHING
    value = arguments[0]
    if value.kind in _TEXTS:
        return _text_formatted(checker, call, arguments)
    if value.kind is Kind.NULL:
        return Operation(Kind.TEXT, "FORMAT", (Constant(Kind.TEXT, None),))
    if value.kind not in _USUAL:
        message = f"FORMAT takes a number, a date, a time or a text here, not {named(value.kind)}."
        return checker.complain(call.arguments[0], "wrong_kind", message)
    return _value_formatted(checker, call, arguments) if _counted(checker, call, 1, 2) else NOTHING


def _value_formatted(checker: Checker, call: Call, arguments: tuple[Typed, ...]) -> Typed:
    value = arguments[0]
    pattern: str | None = _USUAL[value.kind]
    if len(arguments) > 1 and arguments[1] != NOTHING:
        pattern = _quoted(checker, call, call.arguments[1], arguments[1], "format")
    if pattern is None or not _can_be_read(checker, call.arguments[-1], value.kind, pattern):
        return NOTHING
    return Operation(Kind.TEXT, "FORMAT", (value,), (pattern,))


def _can_be_read(checker: Checker, node: Node, kind: Kind, pattern: str) -> bool:
    try:
        (number_format if kind is Kind.NUMBER else moment_format)(pattern)
    except WrongFormat as fault:
        checker.complain(node, "invalid_format", str(fault))
        return False
    return True


def _text_formatted(checker: Checker, call: Call, arguments: tuple[Typed, ...]) -> Typed:
    """`FORMAT("{0} of {1}", a, b)` is a chain of texts and formatted values."""
    pattern = _quoted(checker, call, call.arguments[0], arguments[0], "format")
    if pattern is None:
        return NOTHING
    try:
        parts = text_format(pattern)
    except WrongFormat as fault:
        return checker.complain(call.arguments[0], "invalid_format", str(fault))
    written = tuple(
        Constant(Kind.TEXT, each) if isinstance(each, str) else _placed(checker, call, each, arguments[1:])
        for each in parts
    )
    return Operation(Kind.TEXT, "&", written) if written else Constant(Kind.TEXT, "")


def _placed(checker: Checker, call: Call, place: Place, arguments: tuple[Typed, ...]) -> Typed:
    if place.index >= len(arguments):
        return Constant(Kind.TEXT, f"{{{place.index}}}")
    node, value = call.arguments[place.index + 1], arguments[place.index]
    fitting = {"number": {Kind.NUMBER}, "date": {Kind.DATE, Kind.DATETIME}, "time": {Kind.TIME, Kind.DATETIME}}
    if place.kind and value.kind not in fitting[place.kind] | {Kind.NULL}:
        message = f"{{{place.index},{place.kind}}} takes a {place.kind} here, not {named(value.kind)}."
        return checker.complain(node, "wrong_kind", message)
    if value.kind in _TEXTS or value.kind is Kind.NULL:
        return value
    if value.kind not in _USUAL:
        return checker.complain(node, "wrong_kind", f"FORMAT cannot write {named(value.kind)}.")
    pattern = place.style or _USUAL[value.kind]
    is_read = _can_be_read(checker, node, value.kind, pattern)
    return Operation(Kind.TEXT, "FORMAT", (value,), (pattern,)) if is_read else NOTHING


# REGEX


def _regex(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    if not _counted(checker, call, 2, 2):
        return NOTHING
    checker.accept(call.arguments[0], arguments[0], "text", "REGEX")
    pattern = _translated(checker, call.arguments[1], arguments[1])
    return NOTHING if pattern is None else Operation(Kind.BOOLEAN, "REGEX", (arguments[0], pattern))


def _translated(checker: Checker, node: Node, pattern: Typed) -> Typed | None:
    """The pattern in PostgreSQL's words. IF and CASE may choose among patterns: each is checked beforehand."""
    from chassis_metadata.expressions.patterns import Untranslatable, translated  # noqa: PLC0415  needed by few formulas

    pattern = _folded(pattern)
    if isinstance(pattern, Operation) and pattern.name in {"IFS", "CASE"}:
        return _chosen(checker, node, pattern)
    if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
        message = "REGEX takes its pattern as a text in quotes, so that it can be checked beforehand."
        checker.complain(node, "invalid_pattern", f"{message} IF and CASE may choose among several.")
        return None
    try:
        return Constant(Kind.TEXT, translated(pattern.value))
    except Untranslatable as fault:
        checker.complain(node, "invalid_pattern", str(fault))
        return None


def _folded(node: Typed) -> Typed:
    """`"^" & "a"` is one text."""
    if not isinstance(node, Operation) or node.name != "&":
        return node
    parts = [_folded(each) for each in node.arguments]
    texts = [each.value for each in parts if isinstance(each, Constant) and isinstance(each.value, str)]
    return Constant(Kind.TEXT, "".join(texts)) if len(texts) == len(parts) else node


def _chosen(checker: Checker, node: Node, choice: Operation) -> Typed | None:
    first = 1 if choice.name == "IFS" else 2  # where the first result stands; then every second, and the last
    last = len(choice.arguments) - 1
    results = {*range(first, last, 2), last}
    arguments = [
        _translated(checker, node, each) if index in results else each for index, each in enumerate(choice.arguments)
    ]
    whole = [each for each in arguments if each is not None]
    return Operation(Kind.TEXT, choice.name, tuple(whole)) if len(whole) == len(arguments) else None


# JSON


def _json_value(checker: Checker, call: Call) -> Typed:
    return _out_of_json(checker, call, "key")


def _json_path_value(checker: Checker, call: Call) -> Typed:
    return _out_of_json(checker, call, "path")


def _out_of_json(checker: Checker, call: Call, what: str) -> Typed:
    arguments = checker.all_typed(call.arguments)
    if not _counted(checker, call, 2, 2):
        return NOTHING
    checker.accept(call.arguments[0], arguments[0], "text", call.name)
    wanted = _quoted(checker, call, call.arguments[1], arguments[1], what)
    if wanted is None:
        return NOTHING
    if what == "path":
        try:
            json_path(wanted)
        except WrongPath as fault:
            return checker.complain(call.arguments[1], "invalid_path", str(fault))
    return Operation(Kind.TEXT, call.name, arguments[:1], (wanted,))


WRITTEN: dict[str, Rule] = {
    "FORMAT": _format,
    "REGEX": _regex,
    "JSONVALUE": _json_value,
    "JSONPATHVALUE": _json_path_value,
}
