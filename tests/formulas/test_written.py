"""Functions that take a pattern or a path in quotes; letters of other languages; months, places and their edges."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import Scope

NAMES = Scope(variables={"n": Kind.NUMBER, "t": Kind.TEXT, "d": Kind.DATE, "b": Kind.BOOLEAN})


@pytest.mark.parametrize(
    ("formula", "number", "written"),
    [
        ("FORMAT(n)", "1234567.8915", "1,234,567.892"),
        ("FORMAT(n)", "-0.5", "-0.5"),
        ("FORMAT(n, '#,##0.00')", "1234.125", "1,234.12"),
        ("FORMAT(n, '#,##0.00')", "1234.135", "1,234.14"),
        ("FORMAT(n, '#.00')", "0.5", ".50"),
        ("FORMAT(n, '#.##')", "0.5", "0.5"),
        ("FORMAT(n, '.##')", "0.25", ".25"),
        ("FORMAT(n, '#,###')", "0", "0"),
        ("FORMAT(n, '0000.0#')", "-12.345", "-0012.34"),
        ("FORMAT(n, '0.#%')", "0.1234", "12.3%"),
        ("FORMAT(n, '0‰')", "0.1234", "123‰"),
        ("FORMAT(n, '#,##0;(#)')", "-1234", "(1,234)"),
        ("FORMAT(n, '#,####')", "123456789", "1,2345,6789"),
        ("FORMAT(n, \"'#'0 pcs\")", "7", "#7 pcs"),
        ("FORMAT(n, '0')", "2.5", "2"),
        ("FORMATCURRENCY('USD', n)", "-1234.565", "USD -1,234.57"),
        ("FORMATCURRENCY('JPY', n)", "1234.5", "JPY 1,235"),
        ("FORMATCURRENCY('KWD', n)", "1234.5", "KWD 1,234.500"),
        ("FORMATCURRENCY('', n)", "1234.5", " 1,234.50"),
        ("FORMAT('{0,number,#,##0.0} of {1}', n, 'all')", "1234.5", "1,234.5 of all"),
        ("FORMAT(\"{0} isn''t '{0}' or {3}\", n)", "12", "12 isn't {0} or {3}"),
    ],
)
def test_numbers_are_written_by_their_pattern(evaluate: Any, formula: str, number: str, written: str) -> None:
    assert evaluate(formula, n=("number", number)) == written


def test_blanks_are_not_written(evaluate: Any) -> None:
    nothing = ("number", "")
    assert evaluate("FORMAT(n)", n=nothing) == "0"
    assert evaluate("FORMAT(n)", "blank", n=nothing) is None
    assert evaluate("FORMATCURRENCY('EUR', n)", "blank", n=nothing) is None
    assert evaluate("FORMAT(NULL)") is None
    assert "error" in evaluate("FORMATCURRENCY('EUR', n)", n=("number", str(2**63)))


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("FORMAT(d)", "1/5/2026"),
        ("FORMAT(d, \"EEEE, d MMMM yyyy 'o''clock'\")", "Monday, 5 January 2026 o'clock"),
        ("FORMAT(d, 'ldate')", "January 5, 2026"),
        ("FORMAT(d, 'dd.MM.yy D')", "05.01.26 5"),
        ("FORMAT(m)", "1/5/2026 3:04 PM"),
        ("FORMAT(m, 'yyyy-MM-dd HH:mm:ss.SSS a h')", "2026-01-05 15:04:09.006 PM 3"),
        ("FORMAT(x)", "3:04 PM"),
        ("FORMAT('{0,date,yyyy}/{1,time,H}', d, x)", "2026/15"),
    ],
)
def test_dates_and_times_are_written_by_their_pattern(evaluate: Any, formula: str, written: str) -> None:
    day, moment, time = ("date", "2026-01-05"), ("datetime", "2026-01-05T15:04:09.006Z"), ("time", "15:04:09.006")
    assert evaluate(formula, d=day, m=moment, x=time) == written


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("FORMAT(n, 'x')", "no # or 0"),
        ("FORMAT(n, '0#')", "in front of the point"),
        ("FORMAT(n, '0.#0')", "in front of the point"),
        ("FORMAT(n, '0E0')", "cannot stand"),
        ('FORMAT(n, "\'0")', "closing"),
        ("FORMAT(n, t)", "in quotes"),
        ("FORMAT(n, '0', '0')", "3 arguments"),
        ("FORMAT(b)", "not a boolean"),
        ("FORMAT(d, 'yyyy-bb')", "letter b"),
        ("FORMAT('{0', n)", "without its }"),
        ("FORMAT('{x}', n)", "no place"),
        ("FORMAT('{0,date,yyyy}', n)", "takes a date"),
        ("FORMAT(t, n)", "in quotes"),
        ("JSONVALUE(t, t)", "key as a text in quotes"),
        ("JSONPATHVALUE(t, '$.a[?(@.b > 1)]')", "cannot be read from"),
        ("REGEX(t, t)", "IF and CASE may choose"),
        ("REGEX(t, IF(b, 'a', '('))", "closing parenthesis"),
        ("REGEX(t, IF(b, 'a', t))", "in quotes"),
    ],
)
def test_a_wrong_pattern_is_told_beforehand(formula: str, told: str) -> None:
    with pytest.raises(Invalid, match=re.escape(told)):
        type_expression(formula, NAMES)


JSON = '{"a": [1, {"b": "q"}, 2.50], "n": null, "t": true, "o o": {"b": 3}}'


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ("JSONVALUE(t, 't')", "true"),
        ("JSONVALUE(t, 'n')", None),
        ("JSONVALUE(t, 'nothing')", None),
        ("JSONVALUE(t, 'a')", '[1, {"b": "q"}, 2.50]'),
        ("JSONPATHVALUE(t, '$.a[1].b')", "q"),
        ("JSONPATHVALUE(t, 'a[-1]')", "2.50"),
        ("JSONPATHVALUE(t, \"$['o o']['b']\")", "3"),
        ("JSONPATHVALUE(t, '$.a[9]')", None),
        ("JSONPATHVALUE(t, '$.a.b')", None),
        ("JSONPATHVALUE(t, '$..b')", '["q", 3]'),
    ],
)
def test_values_are_found_in_json(evaluate: Any, formula: str, found: str | None) -> None:
    assert evaluate(formula, t=("text", JSON)) == found


def test_what_is_no_json_fails_for_a_key_and_is_blank_for_a_path(evaluate: Any) -> None:
    assert "error" in evaluate("JSONVALUE('{bad', 'a')")
    assert "error" in evaluate("JSONVALUE(t, 'a')", t=("text", '{"a": 1'))
    assert evaluate("IFERROR(JSONVALUE(t, 'a'), 'none')", t=("text", "x")) == "none"
    assert evaluate("JSONVALUE(t, 'a')", t=("text", "")) is None
    assert evaluate("JSONPATHVALUE('nonsense', '$.a')") is None


def test_a_pattern_may_be_chosen_among_several(evaluate: Any) -> None:
    formula = "REGEX(t, IF(b, '[0-9]+', '[a-z]' & '+'))"
    assert evaluate(formula, t=("text", "abc"), b=("boolean", False)) is True
    assert evaluate(formula, t=("text", "abc"), b=("boolean", True)) is False
    assert evaluate("REGEX(t, CASE(n, 1, 'a', 2, 'b+', 'c'))", t=("text", "bb"), n=("number", 2)) is True


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("UPPER('straße éi')", "STRASSE ÉI"),
        ("UPPER('istanbul', 'tr_TR')", "İSTANBUL"),
        ("UPPER('istanbul', 'de')", "ISTANBUL"),
        ("LOWER('ΟΔΟΣ ΣΑΣ.')", "οδος σας."),
        ("LOWER('IĞDIR İ', 'tr')", "\u0131ğd\u0131r i"),
    ],
)
def test_letters_change_as_their_language_has_it(evaluate: Any, formula: str, written: str) -> None:
    assert evaluate(formula) == written


@pytest.mark.parametrize(
    ("day", "months", "reached"),
    [
        ("2019-01-30", "1", "2019-02-28"),
        ("2019-01-29", "1", "2019-02-28"),
        ("2019-01-31", "1", "2019-02-28"),
        ("2019-02-28", "1", "2019-03-31"),
        ("2016-03-30", "-1", "2016-02-29"),
        ("2016-02-28", "12", "2017-02-28"),
        ("2016-03-30", "1.9", "2016-04-30"),
        ("2016-03-30", "", "2016-03-30"),
        ("", "1", None),
    ],
)
def test_months_later_the_day_stays_or_is_the_last(evaluate: Any, day: str, months: str, reached: str | None) -> None:
    assert evaluate("ADDMONTHS(d, n)", "blank", d=("date", day), n=("number", months)) == reached


def test_half_a_place_fails_and_no_place_is_no_distance(evaluate: Any) -> None:
    formula = "DISTANCE(GEOLOCATION(a, b), GEOLOCATION(1, 2), 'km')"
    assert "error" in evaluate(formula, "blank", a=("number", ""), b=("number", 1))
    assert evaluate(formula, "blank", a=("number", ""), b=("number", "")) is None
    assert "error" in evaluate("DISTANCE(GEOLOCATION(1, 1), GEOLOCATION(1, 2), 'KM')")
