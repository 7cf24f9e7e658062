"""Whatever the formula and whatever the values: PostgreSQL computes it without an error."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.expressions.catalogue import CATALOGUE
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.parse import parse_expression
from chassis_platform.formula_eval.evaluate import Task, _parameters, _task, _text_of

FIELDS = {
    "n1": "number",
    "n2": "number",
    "p": "percent",
    "t1": "text",
    "t2": "text",
    "b": "boolean",
    "d": "date",
    "m": "datetime",
    "c": "time",
    "k": "picklist",
    "ks": "multipicklist",
}
VALUES: dict[str, list[Any]] = {
    "number": [
        None,
        0,
        1,
        -1,
        "0.5",
        "-2.75",
        12,
        2024,
        31,
        "1e40",
        "-1e40",
        "1e-40",
        "99999999999999999999",
        709,
        -800,
    ],
    "percent": [None, 0, 4, "1e30"],
    "text": [
        None,
        "",
        "a",
        "abc",
        "2024-02-30",
        '{"a": [1, {"b": null}], "b": 1e400000}',
        '{"a": "\\u0000"}',
        '{"a": 2.50}',
        "2024-02-29 23:59:59",
        "12:30:45.678",
        "1e50",
        "-5",
        "%",
        "a\\",
        "'",
        "é😀",
        "x" * 300,
    ],
    "boolean": [None, True, False],
    "date": [None, "2024-02-29", "0001-01-01", "9999-12-31"],
    "datetime": [None, "2024-02-29T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"],
    "time": [None, "00:00:00.000", "23:59:59.999"],
    "picklist": [None, "a", "b"],
    "multipicklist": [None, "a;b", "a"],
}
LITERALS = {
    "number": ["0", "1", "-1", "2.5", "-3", "12", "100", "1e20", "1e-20", "40000", "2024"],
    "text": ['""', '"a"', '"2024-01-31"', '"1.5"', '"%a_"', '"km"', '"it\'s"', '"\\\\"'],
    "boolean": ["TRUE", "FALSE", "NULL", "ISNEW_"],
}
NAMES = {
    "number": ["n1", "n2", "p"],
    "text": ["t1", "t2", "k"],
    "boolean": ["b"],
    "date": ["d", "TODAY()"],
    "datetime": ["m", "NOW()"],
    "time": ["c", "TIMENOW()"],
    "multi_picklist": ["ks"],
    "location": ["GEOLOCATION(n1, n2)", "GEOLOCATION(12, 34)"],
}
WIDER = {
    "moment": ["date", "datetime"],
    "timed": ["time", "datetime"],
    "instant": ["date", "datetime", "time"],
    "date_or_text": ["datetime", "text"],
    "time_or_text": ["time", "text", "datetime"],
    "shown": ["number", "text", "date", "datetime", "time"],
    "blankable": ["number", "text", "date", "datetime", "time"],
}
PATTERNS = ['"[a-z]+"', '"(a|b)*c"', r'"\\d{4}-\\d{2}"', '"(?i)a.*"']


@st.composite
def formulas(draw: st.DrawFn, kind: str, depth: int) -> str:
    """A formula that answers the kind, as a rule: what does not type is a case of its own."""
    kind = draw(st.sampled_from(WIDER[kind])) if kind in WIDER else kind
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        plain = (
            NAMES[kind]
            + (["NULL"] if kind != "location" else [])
            + [each for each in LITERALS.get(kind, []) if each != "ISNEW_"]
        )
        return draw(st.sampled_from(plain))
    made: str = draw(st.sampled_from(_makers(kind)))(draw, depth - 1)
    return made


def _part(draw: st.DrawFn, kind: str, depth: int) -> str:
    return draw(formulas(kind, depth))


def _makers(kind: str) -> list[Any]:
    makers: list[Any] = [_calling(each) for each in CATALOGUE.values() if _fits(each, kind)]
    makers += [_branching(kind), _casing(kind), _instead(kind)] if kind != "location" else []
    makers += {
        "number": [_operating("number", ["+", "-", "*", "/", "^"]), _subtracting, _extreme],
        "text": [_operating("text", ["&", "+"]), _texting, _formatting, _out_of_json],
        "boolean": [_comparing, _matching, _belonging, _operating("boolean", ["&&", "||"])],
        "date": [_shifting("date")],
        "datetime": [_shifting("datetime")],
        "time": [_shifting("time")],
    }.get(kind, [])
    return makers


def _fits(signature: Any, kind: str) -> bool:
    return (
        not signature.special
        and signature.returns == kind
        and signature.name not in {"GETSESSIONID", "ISNEW", "ISCLONE"}
    )


def _calling(signature: Any) -> Any:
    def make(draw: st.DrawFn, depth: int) -> str:
        count = draw(st.integers(signature.fewest, min(signature.most, signature.fewest + 1)))
        parts = [_part(draw, signature.parameter(each).word, depth) for each in range(count)]
        return f"{signature.name}({', '.join(parts)})"

    return make


def _operating(kind: str, signs: list[str]) -> Any:
    def make(draw: st.DrawFn, depth: int) -> str:
        return f"({_part(draw, kind, depth)} {draw(st.sampled_from(signs))} {_part(draw, kind, depth)})"

    return make


def _branching(kind: str) -> Any:
    def make(draw: st.DrawFn, depth: int) -> str:
        return f"IF({_part(draw, 'boolean', depth)}, {_part(draw, kind, depth)}, {_part(draw, kind, depth)})"

    return make


def _casing(kind: str) -> Any:
    def make(draw: st.DrawFn, depth: int) -> str:
        subject = draw(st.sampled_from(["number", "text", "date"]))
        words = [_part(draw, subject, depth) for _ in range(3)]
        values = [_part(draw, kind, depth) for _ in range(3)]
        return f"CASE({words[0]}, {words[1]}, {values[0]}, {words[2]}, {values[1]}, {values[2]})"

    return make


def _instead(kind: str) -> Any:
    def make(draw: st.DrawFn, depth: int) -> str:
        name = draw(st.sampled_from(["IFERROR", "BLANKVALUE", "NULLVALUE"]))
        return f"{name}({_part(draw, kind, depth)}, {_part(draw, kind, depth)})"

    return make


def _subtracting(draw: st.DrawFn, depth: int) -> str:
    kind = draw(st.sampled_from(["date", "datetime", "time"]))
    return f"({_part(draw, kind, depth)} - {_part(draw, kind, depth)})"


def _shifting(kind: str) -> Any:
    def make(draw: st.DrawFn, depth: int) -> str:
        if kind != "time" and draw(st.booleans()):
            return f"ADDMONTHS({_part(draw, kind, depth)}, {_part(draw, 'number', depth)})"
        return f"({_part(draw, kind, depth)} {draw(st.sampled_from('+-'))} {_part(draw, 'number', depth)})"

    return make


def _extreme(draw: st.DrawFn, depth: int) -> str:
    return f"{draw(st.sampled_from(['MAX', 'MIN']))}({_part(draw, 'number', depth)}, {_part(draw, 'number', depth)})"


def _texting(draw: st.DrawFn, depth: int) -> str:
    if draw(st.booleans()):
        return f"FORMATDURATION({_part(draw, 'number', depth)})"
    return f"TEXT({_part(draw, 'shown', depth)})"


FORMATS = {
    "number": ["#,##0.00", "#.##", "000,000.0%", "0;(0)", "0‰", "#,####"],
    "date": ["yyyy-MM-dd", "EEEE d MMM yy", "ldate"],
    "datetime": ["yyyy-MM-dd HH:mm:ss.SSS", "h:mm a", "D u"],
    "time": ["HH:mm", "time"],
}


def _formatting(draw: st.DrawFn, depth: int) -> str:
    kind = draw(st.sampled_from(sorted(FORMATS)))
    value, form = _part(draw, kind, depth), draw(st.sampled_from(FORMATS[kind]))
    return draw(st.sampled_from([f"FORMAT({value}, '{form}')", f"FORMAT({value})", f"FORMAT('a {{0}} b', {value})"]))


def _out_of_json(draw: st.DrawFn, depth: int) -> str:
    call = draw(st.sampled_from(["JSONVALUE({0}, 'a')", "JSONPATHVALUE({0}, '$.a[-1]')", "JSONPATHVALUE({0}, 'a..b')"]))
    return str(call).replace("{0}", _part(draw, "text", depth))


def _comparing(draw: st.DrawFn, depth: int) -> str:
    kind = draw(st.sampled_from(["number", "text", "date", "datetime", "time"]))
    sign = draw(st.sampled_from(["=", "<>", "<", ">="]))
    return f"({_part(draw, kind, depth)} {sign} {_part(draw, kind, depth)})"


def _matching(draw: st.DrawFn, depth: int) -> str:
    return f"REGEX({_part(draw, 'text', depth)}, {draw(st.sampled_from(PATTERNS))})"


def _belonging(draw: st.DrawFn, depth: int) -> str:
    kind = draw(st.sampled_from(["number", "text"]))
    return f"({_part(draw, kind, depth)} IN ({_part(draw, kind, depth)}, {_part(draw, kind, depth)}))"


LINES = st.fixed_dictionaries(
    {
        "formula": st.sampled_from(["number", "text", "boolean", "date", "datetime", "time"]).flatmap(
            lambda kind: formulas(kind, 3)
        ),
        "fields": st.fixed_dictionaries(
            {
                name: st.fixed_dictionaries({"type": st.just(kind), "value": st.sampled_from(VALUES[kind])})
                for name, kind in FIELDS.items()
            }
        ),
        "blanks_as": st.sampled_from(["zero", "blank"]),
    }
)


@pytest.fixture(scope="module")
def connection(owner_dsn: str) -> Any:
    with psycopg.connect(owner_dsn, autocommit=True, options="-c statement_timeout=5000") as made:
        yield made


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(line=LINES)
def test_no_formula_makes_postgresql_raise(connection: psycopg.Connection[Any], line: dict[str, Any]) -> None:
    task = _task(json.dumps(line))
    if not isinstance(task, Task):
        return
    row = connection.execute(_text_of(task), _parameters(task)).fetchone()
    assert row is not None
    value, failed = row
    assert failed in {True, False}
    assert value is None or not failed


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="AND(OR)NOT\"'\\,.+-*/^&=<>! $_1eIF\n\u200b/*", max_size=60))
def test_whatever_is_no_formula_is_refused_with_a_place(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        parse_expression(text)
    except Invalid as invalid:
        problems = invalid.problems
    assert all(each.line and each.column for each in problems)


def test_every_kind_can_be_made_by_the_fuzzer() -> None:
    assert {each.value for each in Kind} >= set(NAMES) | {"null"}
