"""What the published reference and Salesforce's own engine say of single functions, in both readings of blanks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from chassis_platform.formula_eval.evaluate import evaluate_lines
from formulas.oracle import Case

CASES = Path(__file__).with_name("reference_cases.jsonl")
HELD = 340


def _cases() -> Iterator[Case]:
    for line in CASES.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        for blanks_as in ("zero", "blank"):
            given = {"formula": document["formula"], "fields": document.get("fields", {}), "blanks_as": blanks_as}
            yield Case(document["formula"], given, document[blanks_as])


def test_every_function_answers_what_the_reference_says(connection: Any) -> None:
    wanted = list(_cases())

    answers = evaluate_lines(connection, [each.text for each in wanted])

    read = [json.loads(each, parse_float=Decimal) for each in answers]
    differing = [
        (case.line, case.expected, answer) for case, answer in zip(wanted, read, strict=True) if not case.agrees(answer)
    ]
    assert differing == []
    assert len(wanted) >= 2 * HELD
