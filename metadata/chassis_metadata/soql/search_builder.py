"""What the parser calls for the rules of SOSL, besides those that it shares with SOQL."""

# ruff: noqa: N802, D102 - the methods have the names of the grammar, which says what they are for

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from lark import Token, v_args

from chassis_metadata.soql.builder import Clause, TreeBuilder, position_of
from chassis_metadata.soql.malformed import malformed
from chassis_metadata.soql.search_text import read_search_text
from chassis_metadata.soql.tree import Condition, Path, Query, Search

_QUOTE_ESCAPE = re.compile(r"\\(['\\])")


@dataclass(frozen=True, slots=True)
class _Option:
    """One WITH clause."""

    text: str


@v_args(inline=True)
class SearchBuilder(TreeBuilder):
    """Builds queries and searches; method names are the grammar's."""

    def start_search(self, search: Search) -> Search:
        return search

    def search(self, find: Token, text: Any, group: str | None, returning: tuple[Query, ...], *parts: Any) -> Search:
        options = [each.text for each in parts if isinstance(each, _Option)]
        manner, limit, *further = parts[len(options) :]
        written = str(text)
        try:
            expression = read_search_text(written)
        except ValueError as error:
            raise malformed(str(error), "write what to find between the braces", place=position_of(text)) from None
        return Search(
            text=written,
            expression=expression,
            group=group or "ALL",
            returning=returning,
            with_clauses=tuple(options),
            manner=manner,
            limit=limit,
            further_clauses=tuple(word for closing in further for word in closing.words),
            position=position_of(find),
        )

    def FIND(self, token: Token) -> Token:
        return token

    def SEARCH_TEXT(self, token: Token) -> Token:
        return token.update(value=token[1:-1])

    def SEARCH_STRING(self, token: Token) -> Token:
        return token.update(value=_QUOTE_ESCAPE.sub(r"\1", token[1:-1]))

    def SEARCH_GROUP(self, token: Token) -> str:
        return token.upper().split()[1]

    def SEARCH_MANNER(self, token: Token) -> str:
        return token.upper().split()[1]

    def SEARCH_OPTION(self, token: Token) -> _Option:
        return _Option(str(token))

    def LIST_VIEW(self, token: Token) -> str:
        return str(token)

    def returning(self, *queries: Query) -> tuple[Query, ...]:
        return queries

    def returned(self, name: Path, *parts: Any) -> Query:
        """Nothing behind the name, or: what is selected, a list view, the condition, order, limit and offset."""
        bare = Query(
            (), name.names[-1], source_prefix=name.names[:-1], position=name.position, source_position=name.position
        )
        if not parts:
            return bare
        *selected, view, (where, later_view), order_by, limit, offset = parts
        return replace(
            bare,
            selected=tuple(selected),
            where=where,
            order_by=order_by,
            limit=limit,
            offset=offset,
            scope=view or later_view,
        )

    def returned_where(
        self, condition: Condition | None = None, view: str | None = None
    ) -> tuple[Condition | None, str | None]:
        return condition, view

    def search_with(self, option: Clause | _Option) -> _Option:
        return option if isinstance(option, _Option) else _Option(option.words[0])
