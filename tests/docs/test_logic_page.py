"""The reference page of logic says what the schemas say."""

from __future__ import annotations

from pathlib import Path

from chassis_metadata.logic.kinds import LOGIC_KINDS
from chassis_metadata.schema_page import page

ROOT = Path(__file__).parents[2]


def test_the_page_is_the_one_made_from_the_schemas() -> None:
    written = (ROOT / "docs/reference/logic.md").read_text(encoding="utf-8")

    assert written == page(), "run: python -m chassis_metadata.schema_page > docs/reference/logic.md"


def test_every_kind_has_its_section() -> None:
    assert all(f"(`{kind}`)" in page() for kind in LOGIC_KINDS)
