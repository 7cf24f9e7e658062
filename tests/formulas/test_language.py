"""The language: what can be read, what is refused and where, how blanks, zones and limits behave."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.catalogue import CATALOGUE
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.left_out import LEFT_OUT
from chassis_metadata.expressions.parse import DEEPEST_NESTING, parse_expression
from chassis_metadata.expressions.patterns import Untranslatable, translated
from chassis_metadata.expressions.scope import Scope
from chassis_platform.formula_eval.evaluate import answers_to, evaluate_lines

ROOT = Path(__file__).parents[2]
NAMES = Scope(variables={"n": Kind.NUMBER, "t": Kind.TEXT, "d": Kind.DATE, "m": Kind.DATETIME, "b": Kind.BOOLEAN})


def problems(formula: str, scope: Scope = NAMES, **how: Any) -> list[tuple[int | None, int | None, str]]:
    with pytest.raises(Invalid) as caught:
        type_expression(formula, scope, **how)
    return [(each.line, each.column, each.code) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("formula", "place", "told"),
    [
        ("1 +", (1, 4), "ends too early"),
        ("IF(a,\n  b c)", (2, 5), "Unexpected 'c'"),
        ('LEFT("abc, 1)', (1, 6), "closing quote"),
        ("a ? b", (1, 3), "Unexpected '?'"),
        ("", (1, 1), "ends too early"),
        ("(1", (1, 3), "expected"),
        ("1 & & 2", (1, 5), "Unexpected '&'"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(formula: str, place: tuple[int, int], told: str) -> None:
    with pytest.raises(Invalid, match=re.escape(told)) as caught:
        parse_expression(formula)
    [problem] = caught.value.problems
    assert (problem.line, problem.column) == place


@pytest.mark.parametrize(
    ("formula", "same"),
    [
        ("NOT b AND n = 1 OR t IN ('a')", "OR(AND(NOT(b), n = 1), IN(t, 'a'))"),
        ("t NOT IN ('a', 'b')", "NOT(IN(t, 'a', 'b'))"),
        ("n == 1 && n != 2 || !b", "OR(AND(n = 1, n <> 2), NOT(b))"),
        ("if(b, 1, 2) + /* why */ 3", "IF(b,1,2)\u200b+\u00a03"),
        ("-n ^ 2 * 3", "((-n) ^ 2) * 3"),
        ("N + n__c", "n + n"),
        ("IF(b, 1, IF(b, 2, 3))", "IFS(b, 1, b, 2, 3)"),
    ],
)
def test_spellings_mean_the_same(formula: str, same: str) -> None:
    assert type_expression(formula, NAMES).root == type_expression(same, NAMES).root


def test_all_problems_are_told_at_once() -> None:
    found = problems("LEFT(t) & nn & TEXT(d + t) & FLOR(n)")
    assert found == [
        (1, 1, "wrong_argument_count"),
        (1, 11, "unknown_name"),
        (1, 25, "wrong_kind"),
        (1, 30, "unknown_function"),
    ]


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("d + d", "wrong_kind"),
        ("d - m", "wrong_kind"),
        ("IF(n, 1, 2)", "wrong_kind"),
        ("IF(b, 1, 'a')", "mixed_kinds"),
        ("b < TRUE", "wrong_kind"),
        ("CASE(n, 1, 'a')", "wrong_argument_count"),
        ("GETSESSIONID()", "not_allowed"),
        ("ISCHANGED(n)", "no_prior_value"),
        ("$User.Name", "unknown_name"),
        ("EXISTS('X', TRUE)", "unknown_object"),
        ("REGEX(t, t)", "invalid_pattern"),
        ("SET(1, 2)", "misplaced_set"),
        ("1e99", "malformed_formula"),
    ],
)
def test_what_makes_no_sense_is_refused(formula: str, code: str) -> None:
    assert [each[2] for each in problems(formula)] == [code]


def test_the_expected_kind_is_asked_for() -> None:
    assert problems("n + 1", expects=Kind.BOOLEAN) == [(1, 3, "wrong_kind")]
    assert type_expression("NULL", NAMES, expects=Kind.DATE).kind is Kind.NULL
    assert type_expression("t", NAMES, expects=Kind.PICKLIST).kind is Kind.TEXT


def test_near_names_are_offered() -> None:
    with pytest.raises(Invalid, match=r"There is no function ISBLNK. Did you mean 'ISBLANK'\?"):
        type_expression("ISBLNK(t)", NAMES)


def test_size_and_depth_are_bounded() -> None:
    with pytest.raises(Invalid, match="20000 are allowed"):
        parse_expression("1 + " * 6_000 + "1")
    with pytest.raises(Invalid, match=f"more than {DEEPEST_NESTING} levels"):
        parse_expression("ABS(" * 200 + "1" + ")" * 200)
    with pytest.raises(Invalid, match=f"more than {DEEPEST_NESTING} levels"):
        parse_expression("1" + " - 1" * 500)


def test_long_chains_and_deep_branches_are_computed(connection: Any) -> None:
    branches = "".join(f"IF(x = {each}, {each}, " for each in range(250)) + "-1" + ")" * 250
    chain = " + ".join(["x"] * 1_000)
    deep = "ABS(" * (DEEPEST_NESTING - 1) + "x" + ")" * (DEEPEST_NESTING - 1)
    short = " & ".join(['"a"'] * 500)
    for formula, expected in ((branches, "249"), (chain, "249000"), (deep, "249"), (f"LEN({short})", "500")):
        line = json.dumps({"formula": formula, "fields": {"x": {"type": "number", "value": 249}}})
        assert list(evaluate_lines(connection, [line])) == [f'{{"value": {expected}}}']


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        (r"\d{3}-\w+", "123-ab_1", "123-ab 1"),
        (r"(\+86)?1[3-9][0-9]{9}", "+8613800000000", "12800000000"),
        (r"\+(?!86)[1-9][0-9]{6,14}", "+4930123456", "+8613800000000"),
        (r"[^\]a-c.]*", "xyz", "a.b"),
        (r"(?i)abc|x.z", "ABC", "x\nz"),
        (r"\p{Lu}\p{Alpha}*", "Ab", "ab"),
        (r"\Qa.b\E+", "a.ba.b", "axb"),
        (r"(.)\1", "aa", "ab"),
        (r"[\u4e00-\u9fa5]{2}", "京东", "ab"),
        (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}", "a%b@c.de", "a@b"),
    ],
)
def test_patterns_match_whole_texts_as_in_java(evaluate: Any, pattern: str, fits: str, fits_not: str) -> None:
    quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
    assert evaluate(f'REGEX(t, "{quoted}")', t=("text", fits)) is True
    assert evaluate(f'REGEX(t, "{quoted}")', t=("text", fits_not)) is False


@pytest.mark.parametrize(
    "pattern",
    [
        "a++",
        "(?>a)",
        "[a[b]]",
        "[a&&b]",
        "(a",
        "a)",
        "[a",
        "*a",
        "a{300}",
        "((a{200}){200}){200}",
        r"\k<x>",
        "a" * 2_000,
        r"[\D]",
    ],
)
def test_patterns_without_an_equivalent_or_without_end_are_refused(pattern: str) -> None:
    with pytest.raises(Untranslatable):
        translated(pattern)


def test_a_pattern_that_loops_in_other_engines_is_answered(evaluate: Any) -> None:
    assert evaluate('REGEX(t, "(a+)+(a+)+b")', t=("text", "a" * 5_000)) is False


@pytest.mark.parametrize(
    ("formula", "zero", "blank"),
    [
        ("n + 1", 1, None),
        ("ISBLANK(n)", False, True),
        ("BLANKVALUE(n, 5)", 0, 5),
        ("n < 5", True, False),
        ("NOT(n < 5)", False, False),
        ("IF(n = 0, 'zero', 'other')", "zero", "other"),
        ("ISBLANK(t)", True, True),
        ("t = ''", True, True),
        ("ISBLANK(n) = ISBLANK(t)", False, True),
        ("ISBLANK(d) = (t = '')", True, True),
        ("t & 'x'", "x", "x"),
        ("CONTAINS(t, 'x')", False, False),
        ("NOT(b)", True, True),
        ("d + 1", None, None),
        ("1 / n", {"error": "The formula fails for these values."}, None),
    ],
)
def test_blanks(evaluate: Any, formula: str, zero: Any, blank: Any) -> None:
    fields = {"n": ("number", None), "t": ("text", ""), "b": ("boolean", None), "d": ("date", None)}
    assert evaluate(formula, "zero", **fields) == zero
    assert evaluate(formula, "blank", **fields) == blank


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("IF(TRUE, 1, 1/0)", 1),
        ("IFS(FALSE, 1/0, TRUE, 2, 1/0)", 2),
        ("AND(FALSE, 1/0 > 1)", False),
        ("OR(TRUE, 1/0 > 1)", True),
        ("IFERROR(IF(TRUE, 1/0, 2), 3)", 3),
        ("IFERROR(VALUE('x'), IFERROR(1/0, 4))", 4),
        ("CASE(1, 1, 2, 1/0)", {"error": "The formula fails for these values."}),
    ],
)
def test_what_is_not_taken_does_not_fail(evaluate: Any, formula: str, expected: Any) -> None:
    assert evaluate(formula) == expected


def test_nested_formula_fields_may_come_in_any_order(connection: Any) -> None:
    line = (
        '{"formula": "a + b", "fields": {"a": {"type": "number", "formula": "b * 2", "fields": {}},'
        ' "b": {"type": "number", "formula": "x__c + 1", "fields": {"x": {"type": "Double", "value": "1"}}}}}'
    )
    assert list(evaluate_lines(connection, [line])) == ['{"value": 6}']


def test_a_bad_line_is_answered_and_the_run_goes_on(connection: Any, tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(
        '{"formula": "1 +"}\nnonsense\n[]\n\n{"formula": "x", "fields": {"x": {"type": "odd"}}}\n{"formula": "2"}\n'
    )
    answers = list(answers_to(connection, None, path))
    assert [each.startswith('{"error": ') for each in answers] == [True, True, True, True, False]
    assert list(answers_to(connection, "ROUND(10 / 3, 2)", None)) == ['{"value": 3.33}']


def test_every_function_is_in_the_reference() -> None:
    page = (ROOT / "docs/reference/formulas.md").read_text(encoding="utf-8")
    for each in CATALOGUE.values():
        row = f"| `{each.usage}` | {each.description} |".replace("||", r"\|\|")
        assert row in page, each.name


def test_what_is_left_out_says_why_where_it_is_called_and_in_the_reference() -> None:
    page = (ROOT / "docs/reference/formulas.md").read_text(encoding="utf-8")
    for name, reason in LEFT_OUT.items():
        with pytest.raises(Invalid, match=re.escape(f"{name} is not here. {reason}")):
            type_expression(f"{name}(t)", NAMES)
        assert f"| `{name}` | {reason} |" in page, name
