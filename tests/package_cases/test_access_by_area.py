"""Each persona's permission set grants what the domain's table says, cell by cell: fixtures/domain/access.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import OrgWideDefault
from chassis_metadata.package import read_package
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.grants import compile_grants
from chassis_platform.access.groups import sets_of
from chassis_platform.access.policy import NO_ACCESS, Grants

ROOT = Path(__file__).parents[2]
DOMAIN: dict[str, Any] = yaml.safe_load((ROOT / "tests/fixtures/domain/access.yaml").read_text(encoding="utf-8"))
RIGHTS = {"F": "CRUD", "W": "CRU", "C": "CR", "R": "R", "-": ""}
ACTS = {"C": "create", "R": "read", "U": "update", "D": "delete"}
#: G.6, rule 3: who reads these fields; everybody else must not.
MANAGERS = frozenset({"OA", "SO", "RM", "DP", "SM", "FI", "KA"})
ADJUDICATORS = frozenset({"QO", "WA"})
RESERVED = {
    "PricebookEntry.FloorPrice": MANAGERS,
    "Opportunity.GrossMargin": MANAGERS,
    "Claim.AdjudicationLog": ADJUDICATORS,
    "ClaimCoverage.AdjudicationLog": ADJUDICATORS,
    "Lead.ScoreExplanation": frozenset(DOMAIN["sets"]) - {"CU", "PA"},
}


@cache
def snapshot() -> Snapshot:
    return compile_snapshot([read_package(ROOT / "packages" / name) for name in ("platform", "crm", "automotive")])


@cache
def grants(persona: str) -> Grants:
    return compile_grants(snapshot(), sets_of(snapshot(), [DOMAIN["sets"][persona]]))


def cells(persona: str) -> Iterator[tuple[Object, str]]:
    """Every object that the package has already, with what the table says of its area."""
    for area in DOMAIN["areas"].values():
        for name in area["objects"]:
            if name in snapshot().objects:
                yield snapshot().objects[name], area["personas"][persona]


def wanted(persona: str, obj: Object, cell: str) -> str:
    """The rights, as letters, that the cell and the exceptions leave, of those that the object allows anybody."""
    rights = RIGHTS[cell[0]]
    if rights and persona != "OA" and persona not in DOMAIN["reference"].get(obj.name, [persona]):
        rights = "R"
    for each in DOMAIN["exceptions"]:
        if _concerns(each["personas"], persona) and _concerns(each["objects"], obj.name):
            rights = each.get("rights") or "".join(right for right in rights if right in each["at_most"])
    allowed = {"C": obj.createable, "R": True, "U": obj.updateable, "D": obj.deletable}
    return "".join(right for right in "CRUD" if right in rights and allowed[right])


def _concerns(names: Any, name: str) -> bool:
    return names == "*" or name in names


def granted(persona: str, obj: Object, needed: str) -> str:
    access = grants(persona).objects.get(obj.name, NO_ACCESS)
    rights = "".join(letter for letter, act in ACTS.items() if getattr(access, act))
    # Only drafts are deleted outside F: lines of what can be edited. Rules keep those of what is no draft any more.
    is_line = obj.sharing is OrgWideDefault.CONTROLLED_BY_PARENT and "U" in needed
    return rights.replace("D", "") if is_line and "D" not in needed else rights


@pytest.mark.parametrize("persona", DOMAIN["sets"])
def test_a_persona_may_do_what_the_table_says_and_no_more(persona: str) -> None:
    expected = {obj.name: wanted(persona, obj, cell) for obj, cell in cells(persona)}

    assert {obj.name: granted(persona, obj, expected[obj.name]) for obj, _ in cells(persona)} == expected


@pytest.mark.parametrize("persona", DOMAIN["sets"])
def test_all_records_are_seen_only_where_the_table_has_a_star(persona: str) -> None:
    access = grants(persona).objects
    seen = {obj.name for obj, cell in cells(persona) if obj.name in access and access[obj.name].view_all}
    changed = {obj.name for obj, cell in cells(persona) if obj.name in access and access[obj.name].modify_all}

    assert seen <= {obj.name for obj, cell in cells(persona) if cell.endswith("*")}
    assert changed <= {obj.name for obj, cell in cells(persona) if cell in ("F*", "W*")}


@pytest.mark.parametrize("path", RESERVED)
def test_costs_and_reasons_are_read_by_those_they_are_for(path: str) -> None:
    object_name, _, name = path.partition(".")
    access = {persona: grants(persona).objects.get(object_name, NO_ACCESS) for persona in DOMAIN["sets"]}
    may = {persona for persona, each in access.items() if each.read}

    assert {persona for persona in may if name in access[persona].readable} == RESERVED[path] & may
