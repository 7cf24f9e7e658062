"""Every clause of SOQL is read, and what is no SOQL is refused with its place."""

# ruff: noqa: S608 - this is SOQL, and no database sees it

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path as FilePath
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.soql.check_text import check_text
from chassis_metadata.soql.parse import parse_query, parse_search
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
    Position,
    Query,
    SearchAll,
    SearchAny,
    SearchNone,
    SearchTerm,
    SelectedField,
    TypeOf,
)
from chassis_platform.cli.soql import answer_to, answers_to

EXAMPLES = [
    json.loads(line)
    for line in FilePath(__file__).with_name("soql_examples.jsonl").read_text(encoding="utf-8").splitlines()
]
READABLE = [
    example["query"]
    for example in EXAMPLES
    if example["valid"] and example["language"] == "SOQL" and not example.get("partial")
]


def path(text: str) -> Path:
    return Path(tuple(text.split(".")))


def call(name: str, *arguments: Path | FunctionCall | Literal) -> FunctionCall:
    return FunctionCall(name, arguments)


def equal(name: str, value: object) -> Comparison:
    return Comparison(path(name), Operator.EQUALS, Literal(value))  # type: ignore[arg-type]


def fields(*names: str) -> tuple[SelectedField, ...]:
    return tuple(SelectedField(path(name)) for name in names)


def where(condition: str) -> Condition | None:
    return parse_query(f"SELECT Id FROM Account WHERE {condition}").where


def value_of(text: str) -> object:
    condition = where(f"Field__c = {text}")
    assert isinstance(condition, Comparison)
    assert isinstance(condition.value, Literal)
    return condition.value.value


def problem_of(text: str) -> Problem:
    with pytest.raises(Invalid) as refusal:
        parse_query(text)
    (problem,) = refusal.value.problems
    return problem


# The examples of other people


@pytest.mark.parametrize("line", EXAMPLES, ids=lambda line: line["query"])
def test_an_example_of_a_public_suite_is_read_or_refused_as_it_is_marked(line: dict[str, Any]) -> None:
    [answer] = answers_to([json.dumps(line)])

    assert (answer == "ok") is line["valid"], answer


def test_the_examples_are_all_there() -> None:
    assert [len(EXAMPLES), len(READABLE)] == [122, 91]


OF_THE_REFERENCE = (FilePath(__file__).with_name("reference_cases.txt")).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", OF_THE_REFERENCE)
def test_what_the_language_s_reference_says_holds(line: str) -> None:
    """Cases written after the published reference: `ok` or `no`, and the text."""
    wanted, text = line.split(" ", 1)

    assert (answer_to(text.replace("⏎", "\n")) == "ok") is (wanted == "ok"), answer_to(text)


def test_a_part_of_a_query_is_read_where_it_stands_for_itself() -> None:
    assert answer_to("WHERE Name = 'x' ORDER BY Name") == "ok"
    assert answer_to("FOR VIEW") == answer_to("UPDATE TRACKING, VIEWSTAT") == "ok"
    assert answer_to("UPDATE Account") != "ok"
    assert answer_to("FROM Account", partial=True) == answer_to("SELECT Name", partial=True) == "ok"
    assert answer_to("FROM Account") != "ok"
    assert answer_to("SELECT Name") != "ok"


def test_a_line_that_holds_no_query_is_told_so() -> None:
    assert list(answers_to(["{", '{"q": 1}', " "])) == [
        "error: the line is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        'error: the line must be an object with a "query"',
    ]


# SELECT


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        ("Id", fields("Id")),
        ("Id, Account.Owner.Name", fields("Id", "Account.Owner.Name")),
        ("Account . Name", fields("Account.Name")),
        ("Name n", (SelectedField(path("Name"), "n"),)),
        ("Group, Order.Limit, Format, Type", fields("Group", "Order.Limit", "Format", "Type")),
        ("COUNT(Id) total", (SelectedField(call("COUNT", path("Id")), "total"),)),
        ("MAX(Amount) max", (SelectedField(call("MAX", path("Amount")), "max"),)),
        ("FIELDS(ALL)", (SelectedField(call("FIELDS", path("ALL"))),)),
        ("toLabel(Status)", (SelectedField(call("toLabel", path("Status"))),)),
        (
            "FORMAT(convertCurrency(Amount)) a",
            (SelectedField(call("FORMAT", call("convertCurrency", path("Amount"))), "a"),),
        ),
        ("(SELECT Id FROM Contacts)", (Query(selected=fields("Id"), source="Contacts"),)),
        (
            "(SELECT Id FROM Account.Contacts c)",
            (Query(selected=fields("Id"), source="Contacts", source_alias="c", source_prefix=("Account",)),),
        ),
        (
            "TYPEOF What WHEN Account THEN Phone, Owner.Name WHEN Case THEN Id ELSE Name END, Id",
            (
                TypeOf(
                    path("What"),
                    (("Account", (path("Phone"), path("Owner.Name"))), ("Case", (path("Id"),))),
                    (path("Name"),),
                ),
                *fields("Id"),
            ),
        ),
        ("TYPEOF What WHEN Account THEN Phone END", (TypeOf(path("What"), (("Account", (path("Phone"),)),)),)),
        ("typeof", fields("typeof")),
    ],
)
def test_a_selection_is_read(selection: str, selected: tuple[SelectedField | TypeOf | Query, ...]) -> None:
    assert parse_query(f"SELECT {selection} FROM Account").selected == selected


def test_count_without_a_field_selects_nothing_but_the_number() -> None:
    query = parse_query("select count() from Account")

    assert query == Query(selected=(), source="Account", count_only=True)


def test_positions_are_kept_but_do_not_make_trees_differ() -> None:
    query = parse_query("SELECT Id,\n  Owner.Name FROM Account")

    _, owner = query.selected
    assert isinstance(owner, SelectedField)
    assert owner.operand.position == Position(2, 3)
    assert query.position == Position(1, 1)
    assert query == parse_query("SELECT Id, Owner.Name FROM Account")


def test_keywords_are_read_in_any_case_and_between_comments() -> None:
    text = (
        "sElEcT/* a */Id // b\nfRoM Account a wHeRe nOt /* c */ iN__c nOt\n in (1) oRdEr/**/bY Id dEsC nUlLs /**/ LaSt"
    )

    query = parse_query(text)

    assert query.source_alias == "a"
    assert query.where == Not(Comparison(path("iN__c"), Operator.NOT_IN, (Literal(1),)))
    assert query.order_by == (Ordering(path("Id"), descending=True, nulls_first=False),)


# WHERE


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("A = 1", equal("A", 1)),
        ("A != 1", Comparison(path("A"), Operator.NOT_EQUALS, Literal(1))),
        ("A <> 1", Comparison(path("A"), Operator.NOT_EQUALS, Literal(1))),
        ("A<1", Comparison(path("A"), Operator.LESS, Literal(1))),
        ("A<=1", Comparison(path("A"), Operator.LESS_OR_EQUAL, Literal(1))),
        ("A>1", Comparison(path("A"), Operator.GREATER, Literal(1))),
        ("A>=1", Comparison(path("A"), Operator.GREATER_OR_EQUAL, Literal(1))),
        ("A LIKE 'x%'", Comparison(path("A"), Operator.LIKE, Literal("x%"))),
        ("A IN ('x', NULL)", Comparison(path("A"), Operator.IN, (Literal("x"), Literal(None)))),
        ("A NOT IN (1)", Comparison(path("A"), Operator.NOT_IN, (Literal(1),))),
        ("A INCLUDES ('x;y', 'z')", Comparison(path("A"), Operator.INCLUDES, (Literal("x;y"), Literal("z")))),
        ("A EXCLUDES ('x')", Comparison(path("A"), Operator.EXCLUDES, (Literal("x"),))),
        (
            "Id NOT IN (SELECT AccountId FROM Contact WHERE A = 1)",
            Comparison(
                path("Id"),
                Operator.NOT_IN,
                Query(selected=fields("AccountId"), source="Contact", where=equal("A", 1)),
            ),
        ),
        ("What.Type IN ('Account')", Comparison(path("What.Type"), Operator.IN, (Literal("Account"),))),
        ("(A = 1)", equal("A", 1)),
        ("A = 1 AND B = 2 AND C = 3", And((equal("A", 1), equal("B", 2), equal("C", 3)))),
        ("A = 1 OR B = 2 OR C = 3", Or((equal("A", 1), equal("B", 2), equal("C", 3)))),
        ("A = 1 AND (B = 2 OR C = 3)", And((equal("A", 1), Or((equal("B", 2), equal("C", 3)))))),
        ("NOT A = 1", Not(equal("A", 1))),
        ("NOT(A = 1 OR B = 2)", Not(Or((equal("A", 1), equal("B", 2))))),
        ("NOT A = 1 AND (NOT B = 2)", And((Not(equal("A", 1)), Not(equal("B", 2))))),
        ("Order = 1 AND Limit = 2", And((equal("Order", 1), equal("Limit", 2)))),
        (
            "CALENDAR_YEAR(convertTimezone(CreatedDate)) = 2020",
            Comparison(
                call("CALENDAR_YEAR", call("convertTimezone", path("CreatedDate"))),
                Operator.EQUALS,
                Literal(2020),
            ),
        ),
        (
            "DISTANCE(Place__c, GEOLOCATION(37.5, -122), 'mi') < 20",
            Comparison(
                call(
                    "DISTANCE",
                    path("Place__c"),
                    call("GEOLOCATION", Literal(Decimal("37.5")), Literal(-122)),
                    Literal("mi"),
                ),
                Operator.LESS,
                Literal(20),
            ),
        ),
    ],
)
def test_a_condition_is_read(text: str, condition: Condition) -> None:
    assert where(text) == condition


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'Straße 東京 😀'", "Straße 東京 😀"),
        ("''", ""),
        (r"'O\'Brien \"x\" a\\b'", 'O\'Brien "x" a\\b'),
        (r"'\n\r\t\b\f\N\R\T\B\F'", "\n\r\t\b\f\n\r\t\b\f"),
        (r"'\u00e9 \ud83d\ude00 \U00e9'", "é 😀 é"),
        (r"'a\_b\%'", "a_b%"),
        ("'two\nlines // no comment'", "two\nlines // no comment"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("5", 5),
        ("+5", 5),
        ("-5", -5),
        ("5.50", Decimal("5.50")),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("2020-02-29", date(2020, 2, 29)),
        ("2020-02-29T01:02:03Z", datetime(2020, 2, 29, 1, 2, 3, tzinfo=UTC)),
        ("2020-02-29t01:02:03.004z", datetime(2020, 2, 29, 1, 2, 3, 4000, tzinfo=UTC)),
        ("2020-02-29T01:02:03-08:00", datetime(2020, 2, 29, 1, 2, 3, tzinfo=timezone(-timedelta(hours=8)))),
        ("2020-02-29T01:02:03+0530", datetime(2020, 2, 29, 1, 2, 3, tzinfo=timezone(timedelta(hours=5.5)))),
        ("01:02:03.004Z", time(1, 2, 3, 4000)),
        ("01:02:03", time(1, 2, 3)),
        ("usd5000", CurrencyLiteral("USD", Decimal(5000))),
        ("EUR-12.50", CurrencyLiteral("EUR", Decimal("-12.50"))),
        ("today", DateLiteral("TODAY")),
        ("THIS_FISCAL_QUARTER", DateLiteral("THIS_FISCAL_QUARTER")),
        ("last_n_days:30", DateLiteral("LAST_N_DAYS", 30)),
        ("LAST_N_DAYS : 30", DateLiteral("LAST_N_DAYS", 30)),
        ("N_FISCAL_YEARS_AGO:-2", DateLiteral("N_FISCAL_YEARS_AGO", -2)),
    ],
)
def test_a_value_is_read(text: str, value: object) -> None:
    read = value_of(text)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (r"'a\_b\%c_d%'", r"a\_b\%c_d%"),
        (r"'100\\%'", r"100\\%"),
        (r"'O\'Brien\n'", "O'Brien\n"),
        (r"'\u005c_'", r"\\_"),
    ],
)
def test_after_like_a_backslash_still_escapes(text: str, pattern: str) -> None:
    assert where(f"Name LIKE {text}") == Comparison(path("Name"), Operator.LIKE, Literal(pattern))


# The other clauses


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("", {}),
        ("a", {"source_alias": "a"}),
        ("OFFSET", {"source_alias": "OFFSET"}),
        ("OFFSET 5", {"offset": 5}),
        ("OFFSET OFFSET 5", {"source_alias": "OFFSET", "offset": 5}),
        ("USING SCOPE Mine", {"scope": "Mine"}),
        ("USING LOOKUP A__c.B__c", {"scope": "LOOKUP A__c.B__c"}),
        ("WITH SECURITY_ENFORCED", {"with_clause": "SECURITY_ENFORCED"}),
        ("WITH user_mode", {"with_clause": "USER_MODE"}),
        (
            "WITH DATA CATEGORY Geo__c ABOVE_OR_BELOW usa__c AND P__c at (a__c,b__c)",
            {"with_clause": "DATA CATEGORY Geo__c ABOVE_OR_BELOW usa__c AND P__c AT (a__c, b__c)"},
        ),
        ("GROUP BY Name, Owner.Name", {"group_by": (path("Name"), path("Owner.Name"))}),
        ("GROUP BY rollup(Name, Type)", {"group_by": (path("Name"), path("Type")), "group_by_kind": "ROLLUP"}),
        ("GROUP BY CUBE(Name)", {"group_by": (path("Name"),), "group_by_kind": "CUBE"}),
        (
            "GROUP BY Name HAVING COUNT(Id) > 1",
            {
                "group_by": (path("Name"),),
                "having": Comparison(call("COUNT", path("Id")), Operator.GREATER, Literal(1)),
            },
        ),
        (
            "ORDER BY Name, COUNT(Id) DESC, Type ASC NULLS FIRST",
            {
                "order_by": (
                    Ordering(path("Name")),
                    Ordering(call("COUNT", path("Id")), descending=True),
                    Ordering(path("Type"), nulls_first=True),
                ),
            },
        ),
        ("LIMIT 0", {"limit": 0}),
        ("LIMIT 0005 OFFSET 2000", {"limit": 5, "offset": 2000}),
        ("FOR VIEW FOR REFERENCE", {"for_clauses": ("VIEW", "REFERENCE")}),
        ("for update", {"for_clauses": ("UPDATE",)}),
        ("UPDATE TRACKING, VIEWSTAT", {"further_clauses": ("UPDATE TRACKING", "UPDATE VIEWSTAT")}),
        ("SET OPTIONS (a = 1)", {"further_clauses": ("SET OPTIONS (a = 1)",)}),
        ("BIND A__c = 'x'", {"further_clauses": ("BIND A__c = 'x'",)}),
        ("LIMIT 1 ALL ROWS", {"limit": 1, "all_rows": True}),
        ("WITH UserId = '005'", {"with_clause": "UserId = '005'"}),
        (
            "WITH data category G__c at a__c WITH security_enforced",
            {"with_clause": "DATA CATEGORY G__c AT a__c WITH SECURITY_ENFORCED"},
        ),
        ("USING LOOKUP A.B BIND C = 'x', D = 5", {"scope": "LOOKUP A.B BIND C = 'x', D = 5"}),
    ],
)
def test_a_clause_is_read(clauses: str, expected: dict[str, object]) -> None:
    query = parse_query(f"SELECT Id FROM Account {clauses}")

    assert query == Query(selected=fields("Id"), source="Account", **expected)  # type: ignore[arg-type]


# Refusals


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "unexpected token: '<EOF>' at line 1 column 1; expected SELECT"),
        ("SELECT Id FORM Account", 1, 11, "unexpected token: 'FORM' at line 1 column 11; expected FROM"),
        ("SELECT Id, FROM Account", 1, 12, "unexpected token: 'FROM'"),
        ("SELECT Id,\n  * FROM Account", 2, 3, "unexpected token: '*' at line 2 column 3"),
        ("SELECT Id FROM A WEHRE B = 1", 1, 18, "unexpected token: 'WEHRE' at line 1 column 18; expected WHERE"),
        ("SELECT Id FROM A GROUPBY B", 1, 18, "expected GROUP BY"),
        ("SELECT Id FROM A GROUP B", 1, 24, "expected BY"),
        ("SELECT Id FROM A HAVING COUNT(Id) > 1", 1, 18, "the word is reserved"),
        ("SELECT Id select FROM A", 1, 11, "unexpected token: 'select'"),
        ("SELECT Id null FROM A", 1, 11, "the word is reserved"),
        ("SELECT Id a.b FROM A", 1, 11, "expected an alias without a dot"),
        ("SELECT a.b(Id) FROM A", 1, 8, "expected a function name without a dot"),
        ("SELECT COUNT(), Id FROM A", 1, 8, "COUNT() must stand alone"),
        ("SELECT Id FROM A.B", 1, 1, "only a subquery may name a relationship"),
        ("SELECT Id FROM A, B b", 1, 19, "FROM takes one object"),
        ("SELECT LeadSourceCOUNT(Name) FROM A", 1, 8, "unknown function LeadSourceCOUNT()"),
        ("SELECT COUMT(Name) FROM A", 1, 8, "unknown function COUMT() at line 1 column 8; did you mean COUNT()?"),
        ("SELECT GEOLOCATION(1, 2) FROM A", 1, 8, "unexpected GEOLOCATION() at line 1 column 8; it may stand in"),
        ("SELECT DISTANCE(B, GEOLOCATION(1, 2), 'm') FROM A", 1, 8, "and 'mi' or 'km'"),
        ("SELECT Id FROM A WHERE FORMULA('B * C') > 1", 1, 24, "expected two fields with + or - between them"),
        ("SELECT Id FROM A For", 1, 18, "the word is reserved"),
        ("SELECT Id FROM A;", 1, 17, "unexpected token: ';'"),
        ("SELECT (SELECT Id FROM A FROM B", 1, 26, "expected a name, ',', ')'"),
        ("SELECT Id FROM A LIMIT 1 WHERE B = 1", 1, 26, "unexpected token: 'WHERE'"),
        ("SELECT Id FROM A WHERE B = 'x", 1, 28, "the string is not closed"),
        ("SELECT Id FROM A WHERE B = 'O'Brien'", 1, 31, "unexpected token: 'Brien'"),
        ('SELECT Id FROM A WHERE B = "x"', 1, 28, "a string stands in single quotes"),
        ("SELECT Id FROM A /* x", 1, 18, "the comment is not closed"),
        ("SELECT Id FROM A WHERE B = x", 1, 28, "a text stands in single quotes"),
        ("SELECT Id FROM A WHERE B == 1", 1, 27, "unexpected token: '='"),
        ("SELECT Id FROM A WHERE B", 1, 25, "expected a comparison"),
        ("SELECT Id FROM A WHERE B IN ()", 1, 30, "expected SELECT or a value"),
        ("SELECT Id FROM A WHERE B IN 'x'", 1, 29, "expected '('"),
        ("SELECT Id FROM A WHERE B LIKE 5", 1, 31, "expected a string"),
        ("SELECT Id FROM A WHERE NOT NOT B = 1", 1, 28, "unexpected token: 'NOT'"),
        ("SELECT Id FROM A WHERE B = 1 AND C = 2 OR D = 3", 1, 40, "only be mixed with parentheses"),
        ("SELECT Id FROM A WHERE B = 1 OR C = 2 AND D = 3", 1, 39, "only be mixed with parentheses"),
        ("SELECT Id FROM A WHERE B = :b", 1, 28, "unexpected bind variable: ':b'"),
        ("SELECT Id FROM A WHERE B IN :b", 1, 29, "only Apex knows its variables"),
        ("SELECT Id FROM A LIMIT :b", 1, 24, "only Apex knows its variables"),
        ("FIND {x} RETURNING Account", 1, 1, "this is SOSL"),
        ("SELECT Id FROM A WHERE B = 2020-11-1", 1, 28, "unexpected token: '2020-11-1'"),
        ("SELECT Id FROM A WHERE B = 2020-02-30", 1, 28, "2020-02-30 does not exist"),
        ("SELECT Id FROM A WHERE B = 2020-01-01T25:00:00Z", 1, 28, "does not exist"),
        ("SELECT Id FROM A WHERE B = 2020-01-01T00:00:00", 1, 28, "has no zone"),
        ("SELECT Id FROM A WHERE B = LAST_N_DAYS", 1, 28, "LAST_N_DAYS needs a number"),
        ("SELECT Id FROM A WHERE B = TODAY:2", 1, 28, "TODAY takes no number"),
        (f"SELECT Id FROM A WHERE B = {'9' * 101}", 1, 28, "the number is too long"),
        (r"SELECT Id FROM A WHERE B = 'a\qb'", 1, 28, r"illegal escape \q"),
        ("SELECT MAX() FROM A", 1, 8, "expected a field"),
        ("SELECT Id FROM A WHERE null = 5", 1, 24, "the word is reserved"),
        (r"SELECT Id FROM A WHERE B = 'a\u0000b'", 1, 28, "U+0000 cannot stand in a string"),
        ("SELECT Id FROM A WHERE B = 'a\0b'", 1, 28, "U+0000 cannot stand in a string"),
        (r"SELECT Id FROM A WHERE B = 'a\ud83db'", 1, 28, "half of a surrogate pair"),
        ("SELECT Id FROM A WHERE B = '\ud83d'", 1, 28, "U+D83D cannot stand in a string"),
        ("SELECT Id FROM A LIMIT -1", 1, 24, "expected a whole number"),
        ("SELECT Id FROM A LIMIT 1.5", 1, 24, "expected a whole number"),
        ("SELECT Id FROM A WITH x", 1, 23, "expected SECURITY_ENFORCED, USER_MODE, SYSTEM_MODE or DATA CATEGORY"),
        ("SELECT Id FROM A GROUP BY ROLLUP()", 1, 27, "expected names of fields"),
        ("SELECT TYPEOF What ELSE Name END FROM A", 1, 20, "expected WHEN"),
        ("SELECT a.b.c.d.e.f.g FROM X", 1, 8, "a.b.c.d.e.f.g crosses too many relationships"),
        ("SELECT Id FROM X x WHERE toLabel(y.b.c.d.e.f.g) = 1", 1, 34, "at most 5 are allowed"),
        ("SELECT (SELECT Id FROM B ORDER BY a.b.c.d.e.f.g) FROM X", 1, 35, "at most 5 are allowed"),
        ("SELECT Id FROM X WHERE A IN (SELECT a.b.c.d.e.f.g FROM Y)", 1, 37, "at most 5 are allowed"),
    ],
)
def test_what_is_no_query_is_refused_with_its_place(text: str, line: int, column: int, message: str) -> None:
    problem = problem_of(text)

    assert (problem.code, problem.line, problem.column) == ("malformed_query", line, column)
    assert message in problem.message
    assert f"at line {line} column {column}" in problem.message


@pytest.mark.parametrize("clause", ["OFFSET 2001", "LIMIT 2147483648", f"LIMIT {'9' * 5000}"])
def test_a_number_out_of_range_has_its_own_code(clause: str) -> None:
    assert problem_of(f"SELECT Id FROM A {clause}").code == "number_outside_valid_range"


@pytest.mark.parametrize("text", ["SELECT x.a.b.c.d.e.f FROM X", "SELECT Id FROM Y x ORDER BY x.a.b.c.d.e.f"])
def test_the_name_or_alias_of_the_object_is_no_relationship(text: str) -> None:
    assert parse_query(text)


def test_a_query_of_twenty_thousand_characters_is_the_longest() -> None:
    text = "SELECT Id FROM Account WHERE Name = '"

    assert parse_query(text + "x" * (19_999 - len(text)) + "'")
    assert "at most 20000" in problem_of(text + "x" * (20_000 - len(text)) + "'").message


def test_fifty_nested_parentheses_are_the_most() -> None:
    assert where("(" * 50 + "A = ')))'" + ")" * 50) == equal("A", ")))")
    assert (
        "too many nested parentheses" in problem_of("SELECT Id FROM A WHERE " + "(" * 51 + "B = 1" + ")" * 51).message
    )


@pytest.mark.parametrize(
    "text",
    ["SELECT Id FROM A WHERE " + "(" * 9_000, "SELECT " + "(SELECT " * 2_000, "SELECT " + "f(" * 5_000],
)
def test_endless_nesting_does_not_exhaust_the_stack(text: str) -> None:
    assert "too many nested parentheses" in problem_of(text).message


@pytest.mark.parametrize(
    "text",
    [
        "SELECT Id FROM A WHERE NOT " + "/**/" * 4_000 + "x",
        "SELECT Id FROM A WHERE NOT " + "// " * 6_000 + "x",
        "SELECT Id FROM A WHERE " + "(" * 51 + "/*" * 9_000,
        "SELECT Id FROM A WHERE " + "(" * 51 + r"\'" * 6_000,
        "SELECT Id FROM A FOR" + " " * 19_000 + "x",
        "SELECT Id FROM A a" + " ." * 9_000,
        "SELECT Id FROM A WHERE B = " + "'" * 19_001,
        "SELECT Id FROM A WHERE B IN (" + "1," * 9_000 + ")",
        "SELECT " + "a," * 9_000 + " FROM A",
        "SELECT Id FROM A UPDATE TRACKING" + ", TRACKING" * 1_900 + ",",
    ],
)
def test_a_text_made_to_be_slow_is_not(text: str) -> None:
    started = process_time()

    assert problem_of(text)

    assert process_time() - started < 2


def test_a_long_chain_of_conditions_is_flat() -> None:
    condition = where(" OR ".join(["A = 1"] * 2_000))

    assert isinstance(condition, Or)
    assert len(condition.conditions) == 2_000


# SOSL


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("joe", SearchTerm("joe")),
        ("Joe Smith", SearchAll((SearchTerm("Joe"), SearchTerm("Smith")))),
        ('"Joe Smith" or "Li"', SearchAny((SearchTerm("Joe Smith", is_phrase=True), SearchTerm("Li", is_phrase=True)))),
        ("a1 AND NOT b2", SearchAll((SearchTerm("a1"), SearchNone(SearchTerm("b2"))))),
        ("a1 AND (b2 OR c3)", SearchAll((SearchTerm("a1"), SearchAny((SearchTerm("b2"), SearchTerm("c3")))))),
        ("Sm?th*", SearchTerm("Sm?th*")),
        (r"5 \* \} \"x", SearchAll((SearchTerm("5"), SearchTerm(r"\*"), SearchTerm("}"), SearchTerm('"x')))),
        ("((( x )", SearchTerm("x")),
        ('"not closed', SearchTerm("not closed", is_phrase=True)),
    ],
)
def test_a_search_text_says_what_is_wanted(text: str, expression: object) -> None:
    assert parse_search(f"FIND {{{text}}}").expression == expression


def test_a_search_says_where_to_look_and_what_to_return() -> None:
    search = parse_search(
        "FIND {x1} IN Name FIELDS RETURNING Lead(Id, Name WHERE Name != null ORDER BY Name LIMIT 3 OFFSET 1), Account"
        " WITH HIGHLIGHT WITH METADATA = 'LABELS' LIMIT 7"
    )

    assert (search.group, search.limit, search.with_clauses) == ("NAME", 7, ("HIGHLIGHT", "METADATA = 'LABELS'"))
    lead, account = search.returning
    assert (lead.source, lead.limit, lead.offset, len(lead.order_by)) == ("Lead", 3, 1, 1)
    assert (account.source, account.selected) == ("Account", ())


@pytest.mark.parametrize("text", ["FIND {}", "FIND {*}", "FIND {( )}", "FIND x", "FIND {x", "FIND {x1} RETURNING"])
def test_what_is_no_search_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_search(text)
    assert refusal.value.problems[0].code == "malformed_query"


# Whatever comes

PIECES = sorted({*"()'\\,", ":x", "/*", "//", *(piece for text in READABLE for piece in text.split())})


def is_read_or_refused(text: str) -> bool:
    try:
        check_text(text)
        return isinstance(parse_query(text), Query)
    except Invalid as refusal:
        return all(problem.message for problem in refusal.problems)


@given(st.text(st.characters(codec=None), max_size=200))
@example("\ud800")
@example("SELECT Id FROM A WHERE B = 2020-01-01T00:00:00+99:99")
@example("SELECT Id FROM A WHERE B = N_DAYS_AGO:" + "9" * 5_000)
@example("SELECT Id FROM A WHERE B = 0000-00-00")
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    assert is_read_or_refused(text)
    assert is_read_or_refused(f"SELECT Id FROM A WHERE B = '{text}'")
    assert is_read_or_refused(f"SELECT Id FROM A WHERE B {text}")


@given(st.lists(st.sampled_from(PIECES), max_size=20))
@settings(deadline=None)
def test_any_words_of_queries_are_read_or_refused(pieces: list[str]) -> None:
    assert is_read_or_refused("SELECT Id FROM " + " ".join(pieces))
    assert is_read_or_refused("SELECT Id FROM A WHERE " + " ".join(pieces))


@given(st.data(), st.sampled_from(READABLE))
@settings(deadline=None, max_examples=300)
def test_a_query_with_a_slip_is_read_or_refused(data: st.DataObject, text: str) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 5, len(text))))
    slip = data.draw(st.sampled_from(PIECES) | st.text(max_size=3))

    assert is_read_or_refused(text[:start] + slip + text[end:])
