"""Formulas computed as everywhere else: by the compiler and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from chassis_platform.formula_eval.evaluate import evaluate_lines

Evaluate = Callable[..., Any]


@pytest.fixture(scope="module")
def connection(owner_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(owner_dsn, autocommit=True) as made:
        yield made


@pytest.fixture(scope="module")
def evaluate(connection: psycopg.Connection[Any]) -> Evaluate:
    """The value of a formula over fields written as name=(type, value), or `{"error": …}`."""

    def run(formula: str, blanks_as: str = "zero", **fields: tuple[str, Any]) -> Any:
        given = {name: {"type": kind, "value": value} for name, (kind, value) in fields.items()}
        line = json.dumps({"formula": formula, "fields": given, "blanks_as": blanks_as})
        answer = json.loads(next(evaluate_lines(connection, [line])), parse_float=Decimal)
        return answer.get("value", answer)

    return run
