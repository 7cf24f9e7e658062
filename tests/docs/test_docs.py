"""The docs are under test: what exists is in them, and what they link to exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import chassis_platform.cli.commands  # noqa: F401  they add themselves
from chassis_metadata.fields import FieldType
from chassis_platform.cli.shared import app
from chassis_platform.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]


def test_every_setting_is_in_the_operators_guide() -> None:
    guide = (ROOT / "docs/guides/operator.md").read_text()
    missing = [name for name in Settings.model_fields if f"CHASSIS_{name.upper()}" not in guide]
    assert missing == []


def _commands(group: Any, start: str = "chassis") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{start} {name}")
        else:
            yield f"{start} {name}"


def test_every_command_is_in_the_operators_guide() -> None:
    guide = (ROOT / "docs/guides/operator.md").read_text()
    found = list(_commands(typer.main.get_command(app)))
    assert [each for each in found if each not in guide] == []
    assert len(found) > 10


def test_every_field_type_is_in_the_package_format() -> None:
    page = (ROOT / "docs/reference/package-format.md").read_text()
    missing = [each.value for each in FieldType if each is not FieldType.ID and f"`{each.value}`" not in page]
    assert missing == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    local = [each for each in links if "://" not in each]
    missing = [each for each in local if not (page.parent / each).exists()]
    assert missing == []


def test_every_decision_record_is_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    records = [each.name for each in (ROOT / "docs/decisions").glob("0*.md")]
    assert [each for each in records if each not in index] == []


def test_every_reference_page_is_listed() -> None:
    index = (ROOT / "docs/guides/README.md").read_text()
    pages = [each.name for each in (ROOT / "docs/reference").glob("*.md")]
    assert [each for each in pages if f"(../reference/{each})" not in index] == []
