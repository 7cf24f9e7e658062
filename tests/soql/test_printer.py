"""A printed query is read as the same tree again."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path as FilePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis_metadata.errors import Invalid
from chassis_metadata.soql.literals import COUNTED_DATE_LITERALS, DATE_LITERALS
from chassis_metadata.soql.malformed import RESERVED_ALIASES
from chassis_metadata.soql.parse import is_search, parse_query, parse_search
from chassis_metadata.soql.printer import print_query, print_search
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

HERE = FilePath(__file__)
EXAMPLES = [
    *(json.loads(line)["query"] for line in HERE.with_name("soql_examples.jsonl").read_text("utf-8").splitlines()),
    *(line[3:].replace("⏎", "\n") for line in HERE.with_name("reference_cases.txt").read_text("utf-8").splitlines()),
]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT() FROM Account",
        "SELECT Id, Owner.Name n, COUNT(Id) c FROM Account a",
        "SELECT TYPEOF What WHEN Account THEN Phone, Name WHEN Case THEN Id ELSE Name END FROM Event",
        "SELECT (SELECT Id FROM Account.Contacts c LIMIT 5) FROM Account",
        (
            "SELECT Id FROM Account USING SCOPE Mine WHERE A = NULL WITH USER_MODE GROUP BY CUBE(A, B)"
            " HAVING SUM(C) > 1.50 ORDER BY A DESC NULLS LAST, B NULLS FIRST LIMIT 5 OFFSET 0"
            " FOR VIEW FOR REFERENCE UPDATE TRACKING"
        ),
        "SELECT Id FROM Account USING LOOKUP A__c.B__c BIND C__c = 'x y'",
        "SELECT Id FROM Account WITH DATA CATEGORY A__c AT (b__c, c__c) AND D__c BELOW e__c",
        "SELECT Id FROM A WHERE NOT (B = 1 OR C = 2) AND NOT D = 3 AND (E = 4 OR (F = 5 AND G = 6))",
        "SELECT Id FROM A WHERE B NOT IN (SELECT C FROM D) AND E INCLUDES ('x;y', 'z') AND F IN (1, NULL, TRUE)",
        r"SELECT Id FROM A WHERE B = 'O\'Brien \\ \n é' AND C LIKE '\\\_\%%\''",
        "SELECT Id FROM A WHERE B = 2020-01-02T03:04:05Z AND C > 2020-01-02T03:04:05.006000-08:00 AND D = 2020-01-02",
        "SELECT Id FROM A WHERE B = 03:04:05Z AND C = USD-5.50 AND D = LAST_N_DAYS:30 AND E = TODAY",
        "SELECT Id FROM A WHERE DISTANCE(B, GEOLOCATION(1.5, -2), 'km') < 20",
        "SELECT COUNT() FROM Contact c, c.Account a WHERE a.Name = 'x'",
        "SELECT Id FROM A WHERE A + B.C > 10 AND FORMULA('A - B') < 1",
    ],
)
def test_a_query_in_the_printers_own_style_is_printed_as_it_stands(text: str) -> None:
    assert print_query(parse_query(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "FIND {joe}",
        (
            "FIND {a AND (b OR \\} c*)} IN NAME FIELDS"
            " RETURNING Account, Lead(Id, toLabel(Status) s USING ListView=Mine"
            " WHERE A = 1 ORDER BY B DESC LIMIT 3 OFFSET 1)"
            " WITH HIGHLIGHT WITH USER_MODE"
            " WITH DATA CATEGORY A__c AT b__c USING PHRASE SEARCH LIMIT 5 UPDATE TRACKING"
        ),
    ],
)
def test_a_search_in_the_printers_own_style_is_printed_as_it_stands(text: str) -> None:
    assert print_search(parse_search(text)) == text


def readable(text: str) -> Query | Search | None:
    try:
        return parse_search(text) if is_search(text) else parse_query(text)
    except Invalid:
        return None


@pytest.mark.parametrize("read", [read for read in map(readable, EXAMPLES) if read], ids=lambda _: "")
def test_what_the_suites_and_the_reference_hold_survives(read: Query | Search) -> None:
    if isinstance(read, Search):
        assert parse_search(print_search(read)) == read
    else:
        assert parse_query(print_query(read)) == read


def test_a_backslash_alone_in_a_pattern_built_by_hand_stays_one() -> None:
    condition = Comparison(Path(("A",)), Operator.LIKE, Literal("a\\"))

    printed = print_query(Query(selected=(SelectedField(Path(("Id",))),), source="A", where=condition))

    assert printed == r"SELECT Id FROM A WHERE A LIKE 'a\\'"


# Trees of every shape

NEVER_NAMES = {"SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "TYPEOF", "HAVING", "LIKE", "NULL"}
# These words close a query or start the next clause, where an alias might stand.
NEVER_ALIASES = RESERVED_ALIASES | NEVER_NAMES | {"ORDER", "OFFSET", "END", "WHEN", "ELSE"}

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True).filter(lambda name: name.upper() not in NEVER_NAMES)
aliases = st.none() | names.filter(lambda name: name.upper() not in NEVER_ALIASES)
paths = st.lists(names, min_size=1, max_size=6).map(lambda parts: Path(tuple(parts)))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10).map(Literal)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
values = st.one_of(
    texts,
    st.sampled_from([Literal(None), Literal(value=True), Literal(value=False)]),
    st.integers(-(10**18), 10**18).map(Literal),
    decimals.map(Literal),
    st.dates(min_value=date(1700, 1, 1)).map(Literal),
    st.datetimes(min_value=datetime(1700, 1, 1), timezones=st.just(UTC)).map(Literal),  # noqa: DTZ001
    st.times().map(Literal),
    st.builds(CurrencyLiteral, st.sampled_from(["USD", "EUR", "CNY"]), decimals.map(abs)).map(Literal),
    st.sampled_from(sorted(DATE_LITERALS)).map(DateLiteral).map(Literal),
    st.builds(DateLiteral, st.sampled_from(sorted(COUNTED_DATE_LITERALS)), st.integers(-999, 999)).map(Literal),
)
functions = st.sampled_from(["COUNT", "max", "toLabel", "FORMAT", "CALENDAR_YEAR", "convertCurrency"])
numbers = st.integers(-99, 99).map(Literal)
calls = st.recursive(
    st.builds(FunctionCall, functions, paths.map(lambda path: (path,))),
    lambda inner: st.builds(FunctionCall, functions, st.tuples(paths, inner | texts | numbers)),
    max_leaves=3,
)
operands = paths | calls
patterns = st.text("a_%'", max_size=5).map(lambda text: Literal(text.replace("a", r"\_")))
comparisons = st.one_of(
    st.builds(Comparison, operands, st.sampled_from(list(Operator)[:6]), values),
    st.builds(Comparison, operands, st.just(Operator.LIKE), patterns),
    st.builds(
        Comparison,
        operands,
        st.sampled_from(list(Operator)[7:]),
        st.lists(values, min_size=1, max_size=3).map(tuple),
    ),
)


def combined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    negatable = inner.filter(lambda condition: not isinstance(condition, Not))
    return several.map(And) | several.map(Or) | negatable.map(Not)


conditions: st.SearchStrategy[Condition] = st.recursive(comparisons, combined, max_leaves=5)
fields = st.builds(SelectedField, operands, aliases)
typeofs = st.builds(
    TypeOf,
    paths,
    st.lists(st.tuples(names, st.tuples(paths)), min_size=1, max_size=2).map(tuple),
    st.tuples() | st.tuples(paths, paths),
)
orderings = st.builds(Ordering, operands, st.booleans(), st.sampled_from([None, True, False]))


def queries(selected: st.SearchStrategy[tuple[SelectedField | TypeOf | Query, ...]]) -> st.SearchStrategy[Query]:
    return st.builds(
        Query,
        selected=selected,
        source=names,
        source_alias=aliases,
        where=st.none() | conditions,
        group_by=st.lists(operands, max_size=2).map(tuple),
        order_by=st.lists(orderings, max_size=2).map(tuple),
        limit=st.none() | st.integers(0, 50_000),
        offset=st.none() | st.integers(0, 2_000),
        scope=st.none() | names,
        with_clause=st.sampled_from([None, "USER_MODE", "SYSTEM_MODE", "SECURITY_ENFORCED"]),
        for_clauses=st.lists(st.sampled_from(["VIEW", "REFERENCE", "UPDATE"]), max_size=2).map(tuple),
        further_clauses=st.lists(st.sampled_from(["UPDATE TRACKING", "SET OPTIONS (a)"]), max_size=2).map(tuple),
    )


plain_queries = queries(st.lists(fields | typeofs, min_size=1, max_size=3).map(tuple))
nested_queries = queries(st.lists(fields | plain_queries, min_size=1, max_size=2).map(tuple))


@given(plain_queries | nested_queries)
@settings(deadline=None)
def test_every_tree_survives(query: Query) -> None:
    again = parse_query(print_query(query))

    assert again == query
    assert print_query(again) == print_query(query)
