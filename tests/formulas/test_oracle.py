"""The public cases of three suites, computed by PostgreSQL; no case deviates."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.parse import parse_expression
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.tree import Call, Name, Node
from chassis_platform.formula_eval.evaluate import evaluate_lines
from formulas.oracle import CASES, cases

#: Cases that differ, each with its reason. There are none.
DEVIATIONS: dict[str, str] = {}


def test_every_case_comes_out_as_in_the_suite_of_origin(connection: Any) -> None:
    wanted = list(cases())
    answers = [
        json.loads(each, parse_float=Decimal) for each in evaluate_lines(connection, [one.text for one in wanted])
    ]
    assert len(answers) == len(wanted) > 2_000
    differing = {
        case.name: (case.line, case.expected, answer)
        for case, answer in zip(wanted, answers, strict=True)
        if not case.agrees(answer) and case.name not in DEVIATIONS
    }
    assert differing == {}


PUBLISHED = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("document", PUBLISHED, ids=lambda each: each["name"])
def test_every_published_formula_can_be_read(document: dict[str, str]) -> None:
    assert parse_expression(document["formula"]) is not None


def test_published_formulas_are_typed_where_their_names_tell_the_kind() -> None:
    typed = [each for each in PUBLISHED if each["kind_of_line"] == "metadata" and _types(each["formula"])]
    assert len(typed) >= 50


def _types(formula: str) -> bool:
    """Whether some choice of a kind for the names makes the formula whole; each is tried for all names at once."""
    names = {str(each) for each in _names(parse_expression(formula))}
    guessed = {name: _kind(name) for name in names}
    for kinds in (
        guessed,
        *(dict.fromkeys(names, kind) for kind in (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.BOOLEAN)),
    ):
        try:
            type_expression(formula, Scope(variables=kinds))
        except Invalid:
            continue
        return True
    return False


_HINTS = (
    ("date", Kind.DATE),
    ("deadline", Kind.DATE),
    ("kickoff", Kind.DATE),
    ("days", Kind.NUMBER),
    ("time", Kind.TIME),
    ("total", Kind.NUMBER),
    ("limits", Kind.NUMBER),
    ("staff", Kind.NUMBER),
    ("count", Kind.NUMBER),
)


def _kind(name: str) -> Kind:
    last = name.rpartition(".")[2].lower()
    return next((kind for hint, kind in _HINTS if hint in last), Kind.TEXT)


def _names(node: Node) -> list[Name]:
    if isinstance(node, Name):
        return [node]
    return [each for child in node.arguments for each in _names(child)] if isinstance(node, Call) else []
