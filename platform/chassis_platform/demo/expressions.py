"""The values of a demo plan: a constant, a `$variable`, a `{template}` or one operator, compiled to functions of a row.

Chance comes from the World's seeded generator and the day is the World's, so that a step says the same each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple, TypeGuard
from zoneinfo import ZoneInfo

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.forms import near
from chassis_metadata.places import Source, Where, problem_at

Row = Mapping[str, Any]
Expression = Callable[[Row], Any]

_PATH = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_VARIABLE = re.compile(rf"\$({_PATH})")
_PLACE = re.compile(rf"\{{({_PATH})(?::(0\d+))?\}}")


@dataclass(slots=True)
class RecordSet:
    """The records of a step that is done, for later steps to refer to; found by their values through an index."""

    records: list[dict[str, Any]]
    _indexes: dict[tuple[str, ...], dict[tuple[str, ...], list[dict[str, Any]]]] = field(default_factory=dict)

    def matching(self, names: tuple[str, ...], values: Iterable[Any]) -> Sequence[dict[str, Any]]:
        """The records that hold these values; numbers and their texts are the same."""
        if names not in self._indexes:
            index = self._indexes[names] = {}
            for record in self.records:
                index.setdefault(tuple(str(record.get(name)) for name in names), []).append(record)
        return self._indexes[names].get(tuple(str(value) for value in values), ())


class WeightedList:
    """Values of which some come up more often than others."""

    def __init__(self, values: Iterable[tuple[Any, float]]) -> None:
        pairs = list(values)
        self._values = [value for value, _ in pairs]
        self._sums = list(accumulate(weight for _, weight in pairs))

    def pick(self, chance: Random) -> Any:
        """One of the values."""
        return chance.choices(self._values, cum_weights=self._sums)[0]


@dataclass(slots=True)
class World:
    """What expressions draw on besides the row: it grows with each step of a tenant."""

    today: date
    zone: ZoneInfo
    chance: Random = field(default_factory=Random)
    sets: dict[str, RecordSet] = field(default_factory=dict)
    lists: Mapping[str, WeightedList] = field(default_factory=dict)
    functions: Mapping[str, FunctionDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a plan may use, where it is read."""

    sets: frozenset[str]
    lists: frozenset[str]


class Operator(NamedTuple):
    """How an operator is compiled, and its other keys."""

    make: Callable[[Compiler, Mapping[str, Any], Where], Expression]
    keys: frozenset[str]


@dataclass(slots=True)
class Compiler:
    """Compiles the sources of one file; problems are gathered with their places."""

    world: World
    names: Names
    operators: Mapping[str, Operator]
    places: Mapping[Where, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def compile(self, source: Any, where: Where = ()) -> Expression:
        """The function that a source stands for."""
        if isinstance(source, str):
            return _compile_text(source)
        if isinstance(source, Mapping):
            return self._operator(source, where)
        if isinstance(source, list):
            return _listed(self.all(source, where))
        return lambda _: source

    def all(self, sources: Any, where: Where) -> list[Expression]:
        """The functions of a list, or of one source alone."""
        if not isinstance(sources, list):
            return [self.compile(sources, where)]
        return [self.compile(each, (*where, place)) for place, each in enumerate(sources)]

    def condition(self, source: Any, where: Where) -> Callable[[Row], bool]:
        """A source as a condition: empty, zero and false do not hold."""
        holds = self.compile(source, where)
        return lambda row: bool(holds(row))

    def _operator(self, source: Mapping[str, Any], where: Where) -> Expression:
        name = next(iter(source), "")
        known = self.operators.get(name)
        if known is None:
            self.complain(where, "unknown_operator", f"{name!r} is no operator.{near(name, self.operators)}")
            return lambda _: None
        for key in source.keys() - {name} - known.keys:
            expected = ", ".join(sorted(known.keys)) or "nothing"
            self.complain((*where, key), "unknown_key", f"{name!r} takes {expected} beside it, not {key!r}.")
        return known.make(self, source, where)

    def complain(self, where: Where, code: str, message: str) -> None:
        """Note what is wrong with a source."""
        self.problems.append(problem_at(self.places, where, code, message))

    def known_set(self, name: Any, where: Where) -> str:
        """The name of an earlier step's set."""
        return self._known(name, self.names.sets, "set", where)

    def known_list(self, name: Any, where: Where) -> str:
        """The name of a declared list."""
        return self._known(name, self.names.lists, "list", where)

    def _known(self, name: Any, names: frozenset[str], kind: str, where: Where) -> str:
        if name not in names:
            self.complain(where, f"unknown_{kind}", f"There is no {kind} {name!r} up to here.{near(str(name), names)}")
        return str(name)


def value_at(row: Row, path: str) -> Any:
    """A variable's value, or that of a record which it holds; nothing comes of nothing."""
    first, *rest = path.split(".")
    if first not in row:
        raise Invalid.of("unknown_variable", f"There is no column or variable {first!r}.{near(first, row)}", path=path)
    value = row[first]
    for name in rest:
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if value == "" else value


def _compile_text(source: str) -> Expression:
    variable = _VARIABLE.fullmatch(source)
    if variable is not None:
        return _variable(variable[1])
    if _PLACE.search(source) is None:
        return lambda _: source
    parts = list(_template_parts(source))
    return lambda row: "".join(part if isinstance(part, str) else part(row) for part in parts)


def _variable(path: str) -> Expression:
    if "." in path:
        return lambda row: value_at(row, path)

    def read(row: Row) -> Any:
        value = row[path] if path in row else value_at(row, path)
        return None if value == "" else value

    return read


def _template_parts(source: str) -> Iterator[str | Callable[[Row], str]]:
    end = 0
    for place in _PLACE.finditer(source):
        yield source[end : place.start()]
        yield _shown(place[1], place[2])
        end = place.end()
    yield source[end:]


def _shown(path: str, width: str | None) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        value = value_at(row, path)
        if value is None:
            return ""
        return format(int(value), f"{width}d") if width else str(value)

    return show


def _listed(parts: Sequence[Expression]) -> Expression:
    return lambda row: [part(row) for part in parts]


def is_number(value: Any) -> TypeGuard[int | float]:
    """A number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
