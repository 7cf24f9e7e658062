"""The checked list of docs/security: every item names tests that are there, or says why it has none."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LIST = TESTS.parent / "docs/security/asvs.md"
WITHOUT_TEST = ("Review: ", "**Open**: ")
_CITED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def _rows() -> list[tuple[str, str]]:
    """Each item with what proves it."""
    lines = [line.strip("| ").split(" | ") for line in LIST.read_text().splitlines() if line.startswith("| ")]
    return [(item, proof) for item, _, proof in lines if item != "Item"]


@cache
def _tests_in(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text())
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("item", "proof"), _rows())
def test_every_item_names_a_test_that_is_there(item: str, proof: str) -> None:
    if proof.startswith(WITHOUT_TEST):
        return
    cited = _CITED.findall(proof)
    assert cited, f"{item}: name a test as path::name, or begin with {' or '.join(WITHOUT_TEST)}"
    for path, name in cited:
        assert (TESTS / path).is_file(), path
        assert name in _tests_in(path), f"{path}::{name}"


def test_every_file_of_attacks_is_on_the_list() -> None:
    cited = {path for _, proof in _rows() for path, _ in _CITED.findall(proof)}
    here = {f"attacks/{each.name}" for each in Path(__file__).parent.glob("test_*.py")}
    assert here - cited == {f"attacks/{Path(__file__).name}"}
    assert len(_rows()) > 50
