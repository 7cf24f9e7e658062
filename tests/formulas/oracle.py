"""Public cases as lines for `formula eval`, and what must come out, whatever way the suite of origin prints it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

CASES = Path(__file__).with_name("formula_examples.jsonl")
MODES = {"formula": "zero", "formulaNullAsNull": "blank"}
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Case:
    """A line for `formula eval`, and what the suite of origin expects."""

    name: str
    line: Mapping[str, Any]
    expected: Any

    @property
    def text(self) -> str:
        return json.dumps(self.line)

    def agrees(self, answer: Mapping[str, Any]) -> bool:
        """Compared by value: the suite prints Java dates, and numbers with all their scale."""
        if isinstance(self.expected, str) and self.expected.startswith("Error"):
            return "error" in answer
        if "error" in answer:
            return False
        return same(answer["value"], self.expected)


def same(value: Any, expected: Any) -> bool:
    if expected in {None, "null"} or value is None:
        return value is None and expected in {None, "null", ""}
    if isinstance(value, bool):
        return str(value).lower() == str(expected).lower()
    if isinstance(value, int | float | Decimal):
        return math.isclose(float(value), float(str(expected).strip("'")), rel_tol=TOLERANCE, abs_tol=0)
    return plain_moment(str(value).strip()) == plain_moment(
        str(expected).strip("'").strip()
    )  # the suite prints trimmed


def plain_moment(words: str) -> str:
    """Java's `Tue Nov 15 17:00:00 GMT 2005` and ISO's spelling, alike; seconds are all that Java prints."""
    for form in ("%a %b %d %H:%M:%S GMT %Y", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"):
        try:
            return datetime.strptime(words, form).replace(tzinfo=UTC, microsecond=0).isoformat()
        except ValueError:
            continue
    return words


def cases() -> Iterator[Case]:
    for line in CASES.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        if document["kind_of_line"] == "evaluation":
            yield from _of_document(document)


def _of_document(document: Mapping[str, Any]) -> Iterator[Case]:
    for index, case in enumerate(document["cases"]):
        name = f"{document['name']}#{index}"
        if "identifiers" in case:
            yield _of_identifiers(name, document, case)
            continue
        for mode, blanks_as in MODES.items():
            if mode in case["expected"]:
                fields = _fields(document["referenceFields"], case["input"])
                line = {
                    "formula": document["formula"],
                    "return_type": document["returnType"],
                    "fields": fields,
                    "blanks_as": blanks_as,
                }
                yield Case(f"{name}:{blanks_as}", line, case["expected"][mode])


def _of_identifiers(name: str, document: Mapping[str, Any], case: Mapping[str, Any]) -> Case:
    fields = {each: {"type": given["dataType"], "value": given["value"]} for each, given in case["identifiers"].items()}
    expected = case["expected"]["value"] if "expected" in case else case["expected_js"]
    return Case(name, {"formula": document["formula"], "fields": fields, "blanks_as": "blank"}, expected)


def _fields(described: list[Mapping[str, Any]], given: str | None) -> dict[str, Any]:
    """The values stand in the order of the fields that are no formulas."""
    values = (given or "").split(",")
    plain = [each for each in described if "formula" not in each]
    by_name = dict(zip((each["fieldName"] for each in plain), values, strict=False))
    types = {each["fieldName"]: each["dataType"] for each in plain}
    return {each["fieldName"]: _field(each, by_name, types) for each in described}


def _field(each: Mapping[str, Any], values: Mapping[str, str], types: Mapping[str, str]) -> dict[str, Any]:
    if "formula" not in each:
        return {"type": each["dataType"], "value": values.get(each["fieldName"])}
    inner = {name: {"type": kind, "value": values.get(name)} for name, kind in types.items()}
    return {"type": each["dataType"], "formula": each["formula"], "fields": inner}
