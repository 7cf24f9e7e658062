"""The cells of decision tables: what a condition says, as tests of a value and as a formula's tree.

The notation is that of DMN's unary tests: `-`, values, lists, `< 5`, `[1..5)`, `not(A, B)`; `= formula` for all else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.parse import parse_expression
from chassis_metadata.expressions.tree import Call, Literal, Name, Node

#: Values of cells in Python: they can be told apart and, but for text and true or false, put in order.
Value = Any

_COMPARISON = re.compile(r"(<=|>=|!=|<|>)\s*(.+)", re.DOTALL)
_RANGE = re.compile(r"([\[(\]])\s*(.+?)\s*\.\.\s*(.+?)\s*([\])\[])", re.DOTALL)
_NOT = re.compile(r"not\s*\((.+)\)", re.DOTALL | re.IGNORECASE)
_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[\[(\]][^"\[\]()]+?\.\.[^"\[\]()]+?[\])\[]|[^,"]+|,')
_WORDS: Mapping[str, bool] = {"true": True, "false": False, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Range:
    """Values from `low` to `high`; None: without an end on that side."""

    low: Value = None
    high: Value = None
    with_low: bool = True
    with_high: bool = True

    def holds(self, value: Value) -> bool:
        """Whether a value lies in it."""
        above = self.low is None or value > self.low or (self.with_low and value == self.low)
        return above and (self.high is None or value < self.high or (self.with_high and value == self.high))


@dataclass(frozen=True, slots=True)
class Condition:
    """A cell under an input. `tests` are values and ranges, one of which must fit; with `negated`, none may.

    `formula` stands for them where the cell is one. `allows_blank`: `null` is among the tests.
    """

    tests: tuple[Value | Range, ...] = ()
    negated: bool = False
    allows_blank: bool = False
    formula: str | None = None

    @property
    def is_anything(self) -> bool:
        """The cell `-`."""
        return not self.tests and not self.allows_blank and self.formula is None

    def fits(self, value: Value) -> bool:
        """Whether a value meets it; not to be asked of formulas."""
        if self.is_anything:
            return True
        if value is None:
            return self.allows_blank and not self.negated
        found = any(each.holds(value) if isinstance(each, Range) else each == value for each in self.tests)
        return found != self.negated


def read_condition(cell: Any, kind: str) -> Condition:
    """A cell under an input. Raises Invalid where it can't be read."""
    if cell is None or (isinstance(cell, str) and cell.strip() in ("", "-")):
        return Condition()
    if not isinstance(cell, str):
        return Condition((read_value(cell, kind),))
    text = cell.strip()
    if text.startswith("="):
        return Condition(formula=text[1:].strip())
    negation = _NOT.fullmatch(text)
    parts = _parts(negation[1] if negation else text)
    blank = any(part.lower() == "null" for part in parts)
    tests = [_test(part, kind) for part in parts if part.lower() != "null"]
    comparisons = [each for each in tests if isinstance(each, Condition)]
    if comparisons:  # != 5 is not(5)
        if len(tests) > 1 or negation or blank:
            raise Invalid.of("invalid_condition", f"Write not(…) instead of != in a list: {text!r}.")
        return comparisons[0]
    return Condition(tuple(tests), negation is not None, blank)


def _parts(text: str) -> list[str]:
    """The members of a list; commas in quotes and ranges don't count."""
    parts, end = [""], 0
    for match in _PART.finditer(text):
        if match[0] == ",":
            parts.append("")
        else:
            parts[-1] += match[0]
        end += len(match[0])
    if end != len(text) or not all(part.strip() for part in parts):
        raise Invalid.of("invalid_condition", f"{text!r} can't be read: a quote or a value is missing.")
    return [part.strip() for part in parts]


def _test(text: str, kind: str) -> Any:
    between = _RANGE.fullmatch(text)
    if between:
        low, high = read_value(between[2], kind), read_value(between[3], kind)
        if _ordered(low, kind) > _ordered(high, kind):
            raise Invalid.of("invalid_condition", f"{text!r} is empty: it ends before it begins.")
        return Range(low, high, between[1] == "[", between[4] == "]")
    comparison = _COMPARISON.fullmatch(text)
    if comparison is None:
        return read_value(text, kind)
    value = read_value(comparison[2], kind)
    if comparison[1] == "!=":
        return Condition((value,), negated=True)
    _ordered(value, kind)
    return _OPEN_RANGES[comparison[1]](value)


_OPEN_RANGES: Mapping[str, Callable[[Value], Range]] = {
    "<": lambda value: Range(high=value, with_high=False),
    "<=": lambda value: Range(high=value),
    ">": lambda value: Range(low=value, with_low=False),
    ">=": lambda value: Range(low=value),
}


def _ordered(value: Value, kind: str) -> Value:
    if kind in ("text", "checkbox"):
        raise Invalid.of("invalid_condition", f"A {kind} has no order: < and ranges make no sense.")
    return value


def read_value(cell: Any, kind: str) -> Value:
    """A literal of an input's or output's type. Raises Invalid."""
    try:
        return _READERS[kind](cell)
    except (ValueError, InvalidOperation, TypeError):
        article = {"datetime": "date and time such as 2026-01-31T08:00:00Z", "date": "date such as 2026-01-31"}
        raise Invalid.of("invalid_value", f"{cell!r} is no {article.get(kind, kind)}.") from None


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    text = str(cell)
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text


def _number(cell: Any) -> Decimal:
    if isinstance(cell, bool):
        raise ValueError(cell)  # noqa: TRY004  told as any other cell that can't be read
    number = Decimal(str(cell).strip())
    if not number.is_finite():
        raise ValueError(cell)
    return number


def _datetime(cell: Any) -> datetime:
    moment = datetime.fromisoformat(str(cell).strip())
    if moment.tzinfo is None:
        raise ValueError(cell)
    return moment


def _true_or_false(cell: Any) -> bool:
    found = cell if isinstance(cell, bool) else _WORDS.get(str(cell).strip().lower())
    if found is None:
        raise ValueError(cell)
    return found


_READERS: Mapping[str, Callable[[Any], Value]] = {
    "text": _text,
    "number": _number,
    "checkbox": _true_or_false,
    "date": lambda cell: date.fromisoformat(str(cell).strip()),
    "datetime": _datetime,
    "time": lambda cell: time.fromisoformat(str(cell).strip()),
}


# Trees


def literal(value: Value) -> Node:
    """A value as a formula writes it."""
    match value:
        case datetime():
            return Call("DATETIMEVALUE", (Literal(value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")),))
        case date():
            return Call("DATE", tuple(Literal(Decimal(part)) for part in (value.year, value.month, value.day)))
        case time():
            return Call("TIMEVALUE", (Literal(value.isoformat(timespec="milliseconds")),))
        case _:
            return Literal(value)


def tree_of(condition: Condition, name: str) -> Node:
    """The condition as a formula over the input of that name."""
    if condition.formula is not None:
        return parse_expression(condition.formula)
    if condition.is_anything:
        return Literal(value=True)
    given = Name((name,))
    blank = [Call("ISBLANK", (given,))] if condition.allows_blank else []
    tests = _joined("OR", [*blank, *(_test_tree(each, given) for each in condition.tests)])
    if not condition.negated:
        return tests
    there: list[Node] = [] if condition.allows_blank else [Call("NOT", (Call("ISBLANK", (given,)),))]
    return _joined("AND", [*there, Call("NOT", (tests,))])


def _test_tree(test: Value | Range, given: Node) -> Node:
    if not isinstance(test, Range):
        if isinstance(test, bool):
            return given if test else Call("NOT", (given,))
        return Call("=", (given, literal(test)))
    sides: list[Node] = []
    if test.low is not None:
        sides.append(Call(">=" if test.with_low else ">", (given, literal(test.low))))
    if test.high is not None:
        sides.append(Call("<=" if test.with_high else "<", (given, literal(test.high))))
    return _joined("AND", sides)


def _joined(name: str, nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Call(name, tuple(nodes))
