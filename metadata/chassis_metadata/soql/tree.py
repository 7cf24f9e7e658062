"""The query tree: what a SOQL text says, before anybody asks whether the names exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum


class Operator(StrEnum):
    """Comparison operators of a WHERE clause."""

    EQUALS = "="
    NOT_EQUALS = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LIKE = "LIKE"
    IN = "IN"
    NOT_IN = "NOT IN"
    INCLUDES = "INCLUDES"
    EXCLUDES = "EXCLUDES"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a word stands in the text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Path:
    """A field path as written: `('Account', 'Owner', 'Name')`; case is not significant."""

    names: tuple[str, ...]
    position: Position | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """`COUNT(Id)`, `toLabel(Status)`, `CALENDAR_YEAR(CreatedDate)`: name as written, arguments in order."""

    name: str
    arguments: tuple[Path | FunctionCall | Literal, ...] = ()
    position: Position | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DateLiteral:
    """`TODAY`, `LAST_N_DAYS:30`: name in capitals, n where the literal takes one."""

    name: str
    n: int | None = None


@dataclass(frozen=True, slots=True)
class CurrencyLiteral:
    """`USD5000`: an ISO 4217 code glued to an amount."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Literal:
    r"""A value written into the query. Strings are unescaped; datetimes are aware, times are not; null is None.

    After LIKE the string is the pattern: `\\`, `\_` and `\%` keep their backslash (as PostgreSQL's LIKE wants it),
    every other escape is resolved, and no other backslash is left in it.
    """

    value: str | bool | int | Decimal | date | datetime | time | DateLiteral | CurrencyLiteral | None


class SearchForm(StrEnum):
    """Another form in which a search compares a value: two ideographs, a number's digits, a misspelled word."""

    PAIR = "pair"
    DIGITS = "digits"
    MISSPELLED = "misspelled"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; for IN, NOT IN, INCLUDES and EXCLUDES the value is a tuple or a subquery.

    INCLUDES members keep their semicolons: `'A;B'` means both. No text asks for `as_seen` or for a `form`, a search
    does: only values that whoever asks sees in clear are compared.
    """

    operand: Path | FunctionCall
    operator: Operator
    value: Literal | tuple[Literal, ...] | Query
    as_seen: bool = False
    form: SearchForm | None = None


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this one."""

    condition: Condition


Condition = Comparison | And | Or | Not


@dataclass(frozen=True, slots=True)
class SelectedField:
    """A selected path or function with its alias, where one is written."""

    operand: Path | FunctionCall
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class TypeOf:
    """`TYPEOF What WHEN Account THEN Phone ELSE Name END`."""

    relationship: Path
    branches: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordering:
    """One ORDER BY term. `nulls_first` is None where nothing is written (then: first when ascending, last when not)."""

    operand: Path | FunctionCall
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT. `source` is an object name, or for a child subquery the relationship name.

    `source_prefix` holds the parents written before a child relationship (`FROM Account.Contacts` -> `('Account',)`);
    `joined` the aliases of parents (`FROM Contact c, c.Account a`). `count_only` is `SELECT COUNT()`, with nothing in
    `selected`. Some clauses are kept as read, so that the planner can refuse them by name: `scope` is a word as
    written, or `LOOKUP …`; `further_clauses` holds whole texts, as `UPDATE TRACKING`, `SET OPTIONS (…)`, `BIND …`.
    """

    selected: tuple[SelectedField | TypeOf | Query, ...]
    source: str
    source_alias: str | None = None
    source_prefix: tuple[str, ...] = ()
    joined: tuple[tuple[Path, str], ...] = ()
    count_only: bool = False
    where: Condition | None = None
    group_by: tuple[Path | FunctionCall, ...] = ()
    group_by_kind: str | None = None  # None, "ROLLUP" or "CUBE"
    having: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    scope: str | None = None
    with_clause: str | None = None  # SECURITY_ENFORCED, USER_MODE, SYSTEM_MODE, or the text of a filter
    for_clauses: tuple[str, ...] = ()  # VIEW, REFERENCE, UPDATE
    all_rows: bool = False  # only Apex has it
    further_clauses: tuple[str, ...] = ()
    position: Position | None = field(default=None, compare=False)
    source_position: Position | None = field(default=None, compare=False)
    #: Where the clauses stand that are kept as read, by their texts.
    places: Mapping[str, Position] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """A word or a phrase to find. `*` stands for any characters, `?` for one; escaped ones keep a backslash."""

    text: str
    is_phrase: bool = False


@dataclass(frozen=True, slots=True)
class SearchAll:
    """All of them stand in the record."""

    terms: tuple[SearchExpression, ...]


@dataclass(frozen=True, slots=True)
class SearchAny:
    """Any of them stands in the record."""

    terms: tuple[SearchExpression, ...]


@dataclass(frozen=True, slots=True)
class SearchNone:
    """It does not stand in the record."""

    term: SearchExpression


SearchExpression = SearchTerm | SearchAll | SearchAny | SearchNone


@dataclass(frozen=True, slots=True)
class Search:
    """A FIND of SOSL. `text` is what stands between the braces, as it is written.

    Each of `returning` is a query: what is selected (nothing: the Id), where, order, limit; its `scope` a list view.
    `with_clauses`, `manner` (ADVANCED, PHRASE) and `further_clauses` are kept as read.
    """

    text: str
    expression: SearchExpression
    group: str = "ALL"  # ALL, NAME, EMAIL, PHONE, SIDEBAR
    returning: tuple[Query, ...] = ()
    with_clauses: tuple[str, ...] = ()
    manner: str | None = None
    limit: int | None = None
    further_clauses: tuple[str, ...] = ()
    position: Position | None = field(default=None, compare=False)
