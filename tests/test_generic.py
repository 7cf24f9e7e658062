"""The platform knows no industry: what is about cars is in packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("platform", "tenants", "metadata") for path in (ROOT / folder).rglob("*.py"))
WORDS = re.compile(
    r"(?<![a-z])(vehicles?|vins?|dealers?|dealerships?|cars?|automotive|automobiles?|recalls|odometers?|warrant(y|ies)"
    r"|test.?drives?|showrooms?|mileage|nhtsa|vpic|epa|adf|honda|ford|toyota|chevrolet|nissan|volkswagen|bmw|tesla)(?![a-z])",
    re.IGNORECASE,
)


def words_in(source: str) -> Iterator[tuple[int, str]]:
    """Car words in names, texts and comments, with their lines; `VehicleId` and `dealer_code` are found too."""
    for number, line in enumerate(source.splitlines(), 1):
        for found in WORDS.finditer(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", line)):
            yield number, found[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_python_source_speaks_of_cars(path: Path) -> None:
    found = [f"line {line}: {word}" for line, word in words_in(path.read_text(encoding="utf-8"))]

    assert found == []


@pytest.mark.parametrize(
    "source", ["VehicleId = 1", "def read_vin(): ...", "x = 'a dealer'", "# the car's", "dealer_code"]
)
def test_the_search_finds_them_in_any_spelling(source: str) -> None:
    assert list(words_in(source))


@pytest.mark.parametrize(
    "source", ["card = 1", "x = 'discard, afford'", "adfoo", "x = 'carry scar, recall'", "vinegar"]
)
def test_and_leaves_other_words_alone(source: str) -> None:
    assert list(words_in(source)) == []
