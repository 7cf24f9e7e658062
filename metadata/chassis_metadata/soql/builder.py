"""What the parser calls for every rule and value that it reads: here the query tree grows."""

# ruff: noqa: N802, D102 - the methods have the names of the grammar, which says what they are for

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lark import Token, Transformer, v_args

from chassis_metadata.soql import literals
from chassis_metadata.soql.functions import checked_call, placed
from chassis_metadata.soql.malformed import RESERVED_ALIASES, malformed
from chassis_metadata.soql.tree import (
    And,
    Comparison,
    Condition,
    FunctionCall,
    Literal,
    Not,
    Operator,
    Or,
    Ordering,
    Path,
    Position,
    Query,
    SelectedField,
    TypeOf,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HIGHEST_LIMIT = 2**31 - 1
HIGHEST_OFFSET = 2_000

_OPERATORS = {"<>": Operator.NOT_EQUALS, **{str(operator): operator for operator in Operator}}
_NEVER_NAMES = frozenset({"HAVING", "LIKE", "NULL"})


@dataclass(frozen=True, slots=True)
class _Source:
    names: tuple[str, ...]
    position: Position | None
    alias: str | None
    joined: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True)
class _Grouping:
    operands: tuple[Path | FunctionCall, ...] = ()
    kind: str | None = None
    having: Condition | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause that is kept as read: `USING SCOPE mine`, `FOR VIEW`, `UPDATE TRACKING`, `ALL ROWS`."""

    kind: str
    words: tuple[str, ...] = ()
    position: Position | None = None


def position_of(token: Token) -> Position:
    """Where a word stands."""
    return Position(token.line or 1, token.column or 1)


def _read(read: Callable[[str], Literal], token: Token) -> Literal:
    try:
        return read(token)
    except ValueError as error:
        raise malformed(*map(str, error.args), place=position_of(token)) from None


def _alias(path: Path | None) -> str | None:
    if path is None:
        return None
    if path.names[0].upper() in RESERVED_ALIASES:
        raise malformed(f"unexpected token: '{path}'", "the word is reserved", place=path.position)
    return _single_name(path, "an alias")


def _single_name(path: Path, what: str) -> str:
    if len(path.names) > 1:
        raise malformed(f"unexpected token: '{path}'", f"expected {what} without a dot", place=path.position)
    return path.names[0]


def _bounded(number: Token, clause: str, highest: int) -> int:
    significant = number.lstrip("0") or "0"
    if len(significant) > len(str(highest)) or int(significant) > highest:
        code, advice = "number_outside_valid_range", f"at most {highest} is allowed"
        raise malformed(f"{clause} is too high", advice, place=position_of(number), code=code)
    return int(significant)


@v_args(inline=True)
class TreeBuilder(Transformer[Token, Query]):
    """Called by the parser for every rule and value as it is read; method names are the grammar's."""

    def start(self, query: Query) -> Query:
        return query

    def query(self, select: Token, *parts: Any) -> Query:
        # Behind the selection stand eight clauses, empty or not, and any number of closings.
        first = next(index for index, part in enumerate(parts) if isinstance(part, _Source))
        source, scope, where, with_clause, grouping, order_by, limit, offset, *closings = parts[first:]
        selected = parts[:first]
        count_only = _is_count(selected)
        return Query(
            selected=() if count_only else selected,
            source=source.names[-1],
            source_alias=source.alias,
            source_prefix=source.names[:-1],
            source_position=source.position,
            joined=source.joined,
            count_only=count_only,
            where=where,
            group_by=grouping.operands,
            group_by_kind=grouping.kind,
            having=grouping.having,
            order_by=order_by,
            limit=limit,
            offset=offset,
            scope=next(iter(scope.words), None),
            with_clause=" WITH ".join(with_clause.words) or None,
            for_clauses=_words(closings, "FOR"),
            all_rows=bool(_words(closings, "ALL ROWS")),
            further_clauses=_words(closings, "FURTHER"),
            places=_places([scope, with_clause, *closings]),
            position=position_of(select),
        )

    def field(self, operand: Path | FunctionCall, alias: Path | None) -> SelectedField:
        return SelectedField(placed(operand, "SELECT"), _alias(alias))

    def call(self, name: Path, *arguments: Path | FunctionCall | Literal) -> FunctionCall:
        return checked_call(FunctionCall(_single_name(name, "a function name"), arguments, name.position))

    def typeof(self, relationship: Path, *parts: Any) -> TypeOf:
        *branches, otherwise = parts
        return TypeOf(relationship, tuple(branches), otherwise or ())

    def when(self, object_name: Path, paths: tuple[Path, ...]) -> tuple[str, tuple[Path, ...]]:
        return _single_name(object_name, "an object name"), paths

    def paths(self, *paths: Path) -> tuple[Path, ...]:
        return paths

    def source(self, name: Path, alias: str | None, *joined: tuple[Path, str]) -> _Source:
        return _Source(name.names, name.position, alias, joined)

    def source_alias(self, alias: Path | None = None) -> str | None:
        return _alias(alias)

    def joined(self, path: Path, alias: Path) -> tuple[Path, str]:
        if len(path.names) == 1:
            advice = "a parent is named by a path, as in FROM Contact c, c.Account a"
            raise malformed("FROM takes one object", advice, place=path.position)
        return path, _alias(alias) or ""

    def scope(self, scope: Path | Clause | None = None) -> Clause:
        if isinstance(scope, Path):
            return Clause("SCOPE", (_single_name(scope, "a scope"),), scope.position)
        return scope or Clause("SCOPE")

    def LOOKUP(self, token: Token) -> Clause:
        return Clause("SCOPE", (str(token),), position_of(token))

    # WHERE

    def where(self, condition: Condition | None = None) -> Condition | None:
        return condition

    def conjunction(self, *conditions: Condition) -> And:
        return And(conditions)

    def disjunction(self, *conditions: Condition) -> Or:
        return Or(conditions)

    def negation(self, condition: Condition) -> Not:
        return Not(condition)

    def comparison(
        self,
        operand: Path | FunctionCall,
        operator: Operator,
        value: Literal | tuple[Literal, ...] | Query,
    ) -> Comparison:
        return Comparison(placed(operand, "WHERE"), operator, value)

    def sum(self, left: Path | FunctionCall, sign: Token, right: Path | FunctionCall) -> FunctionCall:
        return FunctionCall(str(sign), (left, right), left.position)

    def values(self, *values: Literal) -> tuple[Literal, ...]:
        return values

    def COMPARATOR(self, token: Token) -> Operator:
        return _OPERATORS[token]

    def LIKE(self, _: Token) -> Operator:
        return Operator.LIKE

    def IN(self, _: Token) -> Operator:
        return Operator.IN

    def NOT_IN(self, _: Token) -> Operator:
        return Operator.NOT_IN

    def INCLUDES(self, _: Token) -> Operator:
        return Operator.INCLUDES

    def EXCLUDES(self, _: Token) -> Operator:
        return Operator.EXCLUDES

    # The other clauses

    def with_clause(self, *parts: Clause) -> Clause:
        words = tuple(word for each in parts for word in each.words)
        return Clause("WITH", words, parts[0].position if parts else None)

    def categories(self, *categories: Clause) -> Clause:
        written = "DATA CATEGORY " + " AND ".join(word for each in categories for word in each.words)
        return Clause("WITH", (written,), categories[0].position)

    def FILTER(self, token: Token) -> Clause:
        return Clause("WITH", (str(token),), position_of(token))

    def MODE(self, token: Token) -> Clause:
        return Clause("WITH", (token.upper(),), position_of(token))

    def category(self, group: Path, category_filter: Token, members: Path | tuple[Path, ...]) -> Clause:
        written = str(members) if isinstance(members, Path) else f"({', '.join(map(str, members))})"
        return Clause("WITH", (f"{group} {category_filter.upper()} {written}",), group.position)

    def group_by(self, operands: tuple[Path | FunctionCall, ...] = (), having: Condition | None = None) -> _Grouping:
        match operands:
            case (FunctionCall(name=name) as call,) if name.upper() in {"ROLLUP", "CUBE"}:
                return _Grouping(_grouped(call), name.upper(), having)
        return _Grouping(operands, None, having)

    def groups(self, *operands: Path | FunctionCall) -> tuple[Path | FunctionCall, ...]:
        return tuple(placed(each, "GROUP BY") for each in operands)

    def order_by(self, *orderings: Ordering) -> tuple[Ordering, ...]:
        return orderings

    def ordering(self, operand: Path | FunctionCall, direction: Token | None, nulls: Token | None) -> Ordering:
        descending = direction is not None and direction.upper() == "DESC"
        return Ordering(
            placed(operand, "ORDER BY"), descending, None if nulls is None else nulls.upper().endswith("FIRST")
        )

    def limit(self, number: Token | None = None) -> int | None:
        return None if number is None else _bounded(number, "LIMIT", HIGHEST_LIMIT)

    def offset(self, number: Token | None = None) -> int | None:
        return None if number is None else _bounded(number, "OFFSET", HIGHEST_OFFSET)

    def FOR_CLAUSE(self, token: Token) -> Clause:
        return Clause("FOR", (token.upper().split()[-1],), position_of(token))

    def UPDATE_CLAUSE(self, token: Token) -> Clause:
        kinds = re.findall(r"\b(?:TRACKING|VIEWSTAT)\b", token.upper())
        return Clause("FURTHER", tuple(f"UPDATE {kind}" for kind in kinds), position_of(token))

    def ALL_ROWS(self, token: Token) -> Clause:
        return Clause("ALL ROWS", ("ALL ROWS",), position_of(token))

    def SET_OPTIONS(self, token: Token) -> Clause:
        return Clause("FURTHER", (str(token),), position_of(token))

    def BIND(self, token: Token) -> Clause:
        return Clause("FURTHER", (str(token),), position_of(token))

    # Names and values

    def PATH(self, token: Token) -> Path:
        names = tuple(map(str.strip, token.split(".")))
        if names[0].upper() in _NEVER_NAMES:
            raise malformed(f"unexpected token: '{names[0]}'", "the word is reserved", place=position_of(token))
        return Path(names, position_of(token))

    def STRING(self, token: Token) -> Literal:
        return _read(literals.parse_string, token)

    def PATTERN(self, token: Token) -> Literal:
        return _read(literals.parse_pattern, token)

    def WORD(self, token: Token) -> Literal:
        return _read(literals.parse_word, token)

    def NUMBER(self, token: Token) -> Literal:
        return _read(literals.parse_number, token)

    def CURRENCY(self, token: Token) -> Literal:
        return _read(literals.parse_currency, token)

    def DATETIME(self, token: Token) -> Literal:
        return _read(literals.parse_datetime, token)

    def DATE(self, token: Token) -> Literal:
        return _read(literals.parse_date, token)

    def TIME(self, token: Token) -> Literal:
        return _read(literals.parse_time, token)


def _is_count(selected: tuple[SelectedField | TypeOf | Query, ...]) -> bool:
    """`SELECT COUNT()`; the empty COUNT() can stand nowhere else."""
    for each in selected:
        match each:
            case SelectedField(FunctionCall(name, (), position)) if name.upper() == "COUNT":
                if len(selected) == 1:
                    return True
                raise malformed("COUNT() must stand alone", "use COUNT(Id) beside other fields", place=position)
    return False


def _grouped(call: FunctionCall) -> tuple[Path | FunctionCall, ...]:
    """Take the arguments of ROLLUP or CUBE."""
    operands = tuple(argument for argument in call.arguments if not isinstance(argument, Literal))
    if not operands or len(operands) < len(call.arguments):
        raise malformed(f"unexpected arguments of {call.name}", "expected names of fields", place=call.position)
    return operands


def _words(clauses: list[Clause], kind: str) -> tuple[str, ...]:
    return tuple(word for clause in clauses if clause.kind == kind for word in clause.words)


def _places(clauses: list[Clause]) -> dict[str, Position]:
    return {word: clause.position for clause in clauses if clause.position for word in clause.words}
