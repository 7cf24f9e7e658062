"""SOQL or SOSL text to a tree; what is neither is refused with its line and column."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from lark import Lark, UnexpectedInput

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.soql.malformed import explain_fault, malformed, place_of
from chassis_metadata.soql.search_builder import SearchBuilder
from chassis_metadata.soql.tree import (
    And,
    Comparison,
    Condition,
    FunctionCall,
    Literal,
    Not,
    Or,
    Path,
    Query,
    Search,
    TypeOf,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_QUERY = 20_000
DEEPEST_NESTING = 50
LONGEST_PATH = 5  # relationships before the field
DEEPEST_CHILDREN = 5  # levels of queries in queries, the outermost counted


# What is not closed reaches to the end: looking for its end again and again would take time in the square.
_FIND = re.compile(r"(?>\s+|/\*.*?\*/|//[^\n]*)*find\b", re.IGNORECASE | re.DOTALL)
_STRING_OR_PARENTHESIS = re.compile(r"'[^'\\]*(?:\\.[^'\\]*)*(?:'|\Z)|/\*.*?(?:\*/|\Z)|//[^\n]*|[()]", re.DOTALL)


def parse_query(text: str) -> Query:
    """Read one query. Raises Invalid, and nothing else, for whatever is not one."""
    query: Query = _read(text, "start")
    _check_source(query)
    _check(query, text)
    return query


def parse_search(text: str) -> Search:
    """Read one FIND of SOSL. Raises Invalid, and nothing else, for whatever is not one."""
    search: Search = _read(text, "start_search")
    for query in search.returning:
        _check_source(query)
        _check(query, text)
    return search


def is_search(text: str) -> bool:
    """Whether a text begins as SOSL does."""
    return _FIND.match(text) is not None


def _read(text: str, start: str) -> Any:
    _check_size(text)
    try:
        return _parser().parse(text, start=start)  # the tree is built while parsing
    except UnexpectedInput as fault:
        raise explain_fault(text, fault) from None


def _check(query: Query, text: str) -> None:
    if text.count(".") > LONGEST_PATH:
        _check_path_lengths(query)
    _check_levels(query, DEEPEST_CHILDREN)


@cache
def _parser() -> Lark:
    grammar = FilePath(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    starts = ["start", "start_search"]
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        start=starts,
        transformer=SearchBuilder(),
        g_regex_flags=re.ASCII,
    )


def _check_size(text: str) -> None:
    if len(text) > LONGEST_QUERY:
        message = f"the query is {len(text)} characters long; at most {LONGEST_QUERY} are allowed"
        raise Invalid(Problem(path="", code="malformed_query", message=message))
    if text.count("(") > DEEPEST_NESTING:
        _check_nesting(text)


def _check_nesting(text: str) -> None:
    """Whoever walks the tree calls itself once a level; Python's stack must hold that."""
    depth = 0
    for match in _STRING_OR_PARENTHESIS.finditer(text):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth > DEEPEST_NESTING:
            place = place_of(match.start(), text)
            raise malformed("too many nested parentheses", f"at most {DEEPEST_NESTING} are allowed", place=place)


def _check_source(query: Query) -> None:
    if query.source_prefix:
        name = ".".join((*query.source_prefix, query.source))
        raise malformed(f"unexpected FROM {name}", "only a subquery may name a relationship", place=query.position)


def _check_levels(query: Query, left: int) -> None:
    if not left:
        raise malformed("too many levels of subqueries", f"at most {DEEPEST_CHILDREN} allowed", place=query.position)
    for each in query.selected:
        if isinstance(each, Query):
            _check_levels(each, left - 1)


def _check_path_lengths(query: Query) -> None:
    """Count the relationships: an alias or the object's own name may stand before them, and is none."""
    own_names = {query.source.upper(), (query.source_alias or query.source).upper()}
    own_names |= {alias.upper() for _, alias in query.joined}
    for part in _parts(query):
        if isinstance(part, Query):
            _check_path_lengths(part)
        elif len(part.names) - (part.names[0].upper() in own_names) > LONGEST_PATH + 1:
            fault = f"{part} crosses too many relationships"
            raise malformed(fault, f"at most {LONGEST_PATH} are allowed", place=part.position)


def _parts(query: Query) -> Iterator[Path | Query]:
    """Find the paths of a query, and the queries in it, whose paths are their own."""
    for selected in query.selected:
        if isinstance(selected, TypeOf):
            yield selected.relationship
            yield from (path for _, paths in selected.branches for path in paths)
            yield from selected.otherwise
        elif isinstance(selected, Query):
            yield selected
        else:
            yield from _operand_paths(selected.operand)
    for condition in (query.where, query.having):
        yield from _condition_parts(condition)
    for operand in (*query.group_by, *(ordering.operand for ordering in query.order_by)):
        yield from _operand_paths(operand)


def _condition_parts(condition: Condition | None) -> Iterator[Path | Query]:
    match condition:
        case Comparison():
            yield from _operand_paths(condition.operand)
            if isinstance(condition.value, Query):
                yield condition.value
        case Not():
            yield from _condition_parts(condition.condition)
        case And() | Or():
            for each in condition.conditions:
                yield from _condition_parts(each)


def _operand_paths(operand: Path | FunctionCall | Literal) -> Iterator[Path]:
    if isinstance(operand, Path):
        yield operand
    elif isinstance(operand, FunctionCall):
        for argument in operand.arguments:
            yield from _operand_paths(argument)
