"""A tree as SOQL or SOSL text; reading that text gives the same tree again."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from chassis_metadata.soql.functions import SIGNS
from chassis_metadata.soql.tree import (
    And,
    Comparison,
    Condition,
    CurrencyLiteral,
    DateLiteral,
    FunctionCall,
    Literal,
    Not,
    Operator,
    Or,
    Ordering,
    Path,
    Query,
    Search,
    SelectedField,
    TypeOf,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CONTROLS = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "'": "\\'"}
_TEXT = str.maketrans({**_CONTROLS, "\\": "\\\\"})
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_PATTERN_PART = re.compile(r"\\[\\_%]|\\|[\n\r\t\b\f']")


def print_query(query: Query) -> str:
    """Write it on one line, keywords in capitals, with no more parentheses than it needs."""
    return " ".join(_clauses(query))


def _clauses(query: Query) -> Iterator[str]:
    yield "SELECT " + ("COUNT()" if query.count_only else _list(map(_selected, query.selected)))
    source = _aliased(".".join((*query.source_prefix, query.source)), query.source_alias)
    yield "FROM " + _list([source, *(f"{path} {alias}" for path, alias in query.joined)])
    if query.scope is not None:
        yield _scope(query.scope)
    yield from _conditions(query)
    yield from (f"FOR {purpose}" for purpose in query.for_clauses)
    yield from query.further_clauses
    if query.all_rows:
        yield "ALL ROWS"


def print_search(search: Search) -> str:
    """Write it on one line; what is to be found as it was written, in braces."""
    return " ".join(_search_clauses(search))


def _search_clauses(search: Search) -> Iterator[str]:
    yield f"FIND {{{_BRACE.sub(_braced, search.text)}}}"
    if search.group != "ALL":
        yield f"IN {search.group} FIELDS"
    if search.returning:
        yield "RETURNING " + _list(map(_returned, search.returning))
    yield from (f"WITH {each}" for each in search.with_clauses)
    if search.manner is not None:
        yield f"USING {search.manner} SEARCH"
    if search.limit is not None:
        yield f"LIMIT {search.limit}"
    yield from search.further_clauses


def _braced(match: re.Match[str]) -> str:
    """In quotes a brace stands for itself, in braces it needs a backslash."""
    part = match.group()
    return part if len(part) > 1 else f"\\{part}"


def _returned(query: Query) -> str:
    name = ".".join((*query.source_prefix, query.source))
    if not query.selected:
        return name
    selected = _list(map(_selected, query.selected))
    view = "" if query.scope is None else f" {query.scope}"
    return f"{name}({' '.join([selected + view, *_conditions(query)])})"


def _conditions(query: Query) -> Iterator[str]:
    """Which rows, how grouped, in which order, how many. What a search returns has no groups."""
    if query.where is not None:
        yield "WHERE " + _condition(query.where)
    if query.with_clause is not None:
        yield "WITH " + query.with_clause
    if query.group_by:
        yield "GROUP BY " + _grouping(query)
    if query.having is not None:
        yield "HAVING " + _condition(query.having)
    if query.order_by:
        yield "ORDER BY " + _list(map(_ordering, query.order_by))
    if query.limit is not None:
        yield f"LIMIT {query.limit}"
    if query.offset is not None:
        yield f"OFFSET {query.offset}"


def _list(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _aliased(text: str, alias: str | None) -> str:
    return text if alias is None else f"{text} {alias}"


def _selected(selected: SelectedField | TypeOf | Query) -> str:
    if isinstance(selected, Query):
        return f"({print_query(selected)})"
    if isinstance(selected, TypeOf):
        return _typeof(selected)
    return _aliased(_operand(selected.operand), selected.alias)


def _typeof(typeof: TypeOf) -> str:
    branches = "".join(f" WHEN {name} THEN {_list(map(str, paths))}" for name, paths in typeof.branches)
    otherwise = f" ELSE {_list(map(str, typeof.otherwise))}" if typeof.otherwise else ""
    return f"TYPEOF {typeof.relationship}{branches}{otherwise} END"


def _operand(operand: Path | FunctionCall | Literal) -> str:
    if isinstance(operand, Literal):
        return _literal(operand)
    if isinstance(operand, FunctionCall) and operand.name in SIGNS:
        return f" {operand.name} ".join(map(_operand, operand.arguments))
    if isinstance(operand, FunctionCall):
        return f"{operand.name}({_list(map(_operand, operand.arguments))})"
    return str(operand)


def _scope(scope: str) -> str:
    return f"USING SCOPE {scope}" if scope.isidentifier() else f"USING {scope}"


def _condition(condition: Condition) -> str:
    match condition:
        case And(conditions):
            return " AND ".join(map(_unit, conditions))
        case Or(conditions):
            return " OR ".join(map(_unit, conditions))
        case Not(negated):
            return f"NOT {f'({_condition(negated)})' if isinstance(negated, Not) else _unit(negated)}"
        case Comparison(operand, operator, value):
            return f"{_operand(operand)} {operator} {_value(value, operator)}"


def _unit(condition: Condition) -> str:
    return f"({_condition(condition)})" if isinstance(condition, And | Or) else _condition(condition)


def _value(value: Literal | tuple[Literal, ...] | Query, operator: Operator) -> str:
    if isinstance(value, Query):
        return f"({print_query(value)})"
    if isinstance(value, tuple):
        return f"({_list(map(_literal, value))})"
    if operator is Operator.LIKE and isinstance(value.value, str):
        return f"'{_PATTERN_PART.sub(_escape_in_pattern, value.value)}'"
    return _literal(value)


def _escape_in_pattern(match: re.Match[str]) -> str:
    part = match.group()
    return "\\\\" if part == "\\" else _CONTROLS.get(part, part)


def _literal(literal: Literal) -> str:  # noqa: PLR0911 - a kind of value, a line
    match literal.value:
        case None:
            return "NULL"
        case bool(value):
            return str(value).upper()
        case str(text):
            return f"'{text.translate(_TEXT)}'"
        case Decimal() as number:
            return _decimal(number)
        case DateLiteral(name, n):
            return name if n is None else f"{name}:{n}"
        case CurrencyLiteral(currency, amount):
            return f"{currency}{amount:f}"
        case datetime() | date() | time() as moment:
            return _moment(moment)
        case number:
            return str(number)


def _decimal(number: Decimal) -> str:
    digits = f"{number:f}"
    return digits if "." in digits else f"{digits}.0"


def _moment(moment: datetime | date | time) -> str:
    text = moment.isoformat()
    return f"{text}Z" if isinstance(moment, time) else text.replace("+00:00", "Z")


def _grouping(query: Query) -> str:
    operands = _list(map(_operand, query.group_by))
    return operands if query.group_by_kind is None else f"{query.group_by_kind}({operands})"


def _ordering(ordering: Ordering) -> str:
    direction = " DESC" if ordering.descending else ""
    nulls = {None: "", True: " NULLS FIRST", False: " NULLS LAST"}[ordering.nulls_first]
    return f"{_operand(ordering.operand)}{direction}{nulls}"
