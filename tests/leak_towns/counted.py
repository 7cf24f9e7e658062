"""Comparisons, counted: one for each thing that could have come through a door and was looked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_counts: dict[str, int] = {}


def comparisons(kind: str) -> int:
    """How many there were so far."""
    return _counts.get(kind, 0)


def count(kind: str, number: int) -> None:
    _counts[kind] = _counts.get(kind, 0) + number


def same_records(found: set[int], wanted: set[int], what: str, of: int) -> None:
    """One comparison for each record that could have come through."""
    count("records", of)
    assert found == wanted, f"{what}: shows {sorted(found - wanted)} too much, {sorted(wanted - found)} too little"


def same_values(found: Mapping[int, Mapping[str, Any]], wanted: Mapping[int, Mapping[str, Any]], what: str) -> None:
    """One comparison for each value that is shown."""
    count("values", sum(len(each) for each in wanted.values()))
    assert found.keys() == wanted.keys(), f"{what}: other records"
    wrong = [
        f"{field} of {number} is {found[number].get(field)!r}, not {value!r}"
        for number, values in wanted.items()
        for field, value in values.items()
        if found[number].get(field) != value
    ]
    assert wrong == [], f"{what}: {'; '.join(wrong)}"


def same(found: Any, wanted: Any, what: str, of: int = 1) -> None:
    """Whatever else is compared."""
    count("values", of)
    assert found == wanted, f"{what}: {found!r}, not {wanted!r}"
