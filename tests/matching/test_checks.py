"""Matching and duplicate rules that are wrong: all problems at once, with file and line, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis_metadata.check import check_package
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_metadata.errors import Invalid
from chassis_metadata.logic.duplicate_rule import duplicate_rules, merge_choices
from chassis_metadata.logic.matching_rule import matching_rules, sides_of
from chassis_metadata.logic.triggers import Event, triggers_of
from package_folders import CRM, PLATFORM, Files, package_of

GOOD = """\
label: Same phone
object: Lead
keys:
  - name: Phone
    compare:
      - {field: FirstName, normalise: [width, digits], country_code: "86", last: 8}
"""
RULE = "label: Same phone\nobject: Lead\nmatching_rules: [Same_Phone]\n"
MATCHING, DUPLICATE = "matching_rules/Same_Phone.yaml", "duplicate_rules/Same_Phone.yaml"


@pytest.fixture
def platform(tmp_path: Path) -> Package:
    return package_of(tmp_path / "platform", PLATFORM)


def problems(tmp_path: Path, platform: Package, **files: str) -> list[str]:
    """`file:line code message` of everything that is wrong."""
    written: Files = {MATCHING: files.get("matching", GOOD), DUPLICATE: files.get("rule", RULE)}
    try:
        package = package_of(tmp_path / "crm", CRM, written)
        found = check_package(package, [platform])
    except Invalid as invalid:
        found = list(invalid.problems)
    return [f"{each.file}:{each.line} {each.code} {each.message}" for each in found]


def test_a_good_pair_is_in_force(tmp_path: Path, platform: Package) -> None:
    package = package_of(tmp_path / "crm", CRM, {MATCHING: GOOD, DUPLICATE: RULE + "merge: {FirstName: newest}\n"})

    assert check_package(package, [platform]) == []
    snapshot = compile_snapshot([platform, package])
    [side] = sides_of(snapshot, "Lead")
    assert side.fields == ("FirstName",)
    assert duplicate_rules(snapshot)["Same_Phone"].matching_rules == ("Same_Phone",)
    assert merge_choices(snapshot, "Lead") == {"FirstName": "newest"}
    on_update = [each for each in triggers_of(snapshot, "Lead") if Event.UPDATE in each.events]
    assert {each.criteria for each in on_update} == {"ISCHANGED(FirstName)"}


def test_a_key_is_the_same_whatever_its_rule_is_called(tmp_path: Path, platform: Package) -> None:
    other = GOOD.replace("name: Phone", "name: Other").replace("[width, digits]", "[digits, width]")
    package = package_of(tmp_path / "crm", CRM, {MATCHING: GOOD, "matching_rules/Other.yaml": other})
    snapshot = compile_snapshot([platform, package])

    one, two = matching_rules(snapshot).values()
    assert one.keys[0].id == two.keys[0].id
    assert len(sides_of(snapshot, "Lead")) == 1


WRONG = [
    (GOOD.replace("object: Lead", "object: Leed"), f"{MATCHING}:2 unknown_object There is no object 'Leed'."),
    (GOOD + "against: Acount\n", f"{MATCHING}:7 unknown_object There is no object 'Acount'."),
    (GOOD.replace("field: FirstName", "field: Fone"), f"{MATCHING}:6 unknown_field Lead has no field 'Fone'."),
    (GOOD + 'criteria: "Nothing = 1"\n', f"{MATCHING}:7 unknown_name"),
    (GOOD + 'criteria: "LEN(FirstName)"\n', f"{MATCHING}:7 wrong_kind The formula answers a number"),
    (GOOD.replace("last: 8", "method: similar"), f"{MATCHING}:6 required_key_missing 'at_least' is missing"),
    (
        GOOD.replace("last: 8", "at_least: 0.8"),
        f"{MATCHING}:6 unused_key 'at_least' has a meaning with method: similar",
    ),
    (GOOD.replace("digits]", "case]"), f"{MATCHING}:6 unused_key A country code is taken off digits"),
    (
        GOOD.replace("field: FirstName", "field: CreatedDate"),
        f"{MATCHING}:6 invalid_value CreatedDate is of type datetime",
    ),
    (GOOD.replace("last: 8", "method: fuzzy"), f"{MATCHING}:6 unknown_value"),
    (GOOD.replace("last: 8", "method: similar, at_least: 0.2"), f"{MATCHING}:6 out_of_range"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_a_wrong_matching_rule_is_told(tmp_path: Path, platform: Package, text: str, expected: str) -> None:
    assert any(each.startswith(expected) for each in problems(tmp_path, platform, matching=text)), problems(
        tmp_path, platform, matching=text
    )


WRONG_RULES = [
    (RULE.replace("[Same_Phone]", "[Same_Fone]"), f"{DUPLICATE}:3 unknown_matching_rule"),
    (RULE + 'criteria: "Nothing = 1"\n', f"{DUPLICATE}:4 unknown_name"),
    (RULE + "bypass_permission: Nobody\n", f"{DUPLICATE}:4 unknown_custom_permission"),
    (RULE + "merge: {Fone: newest}\n", f"{DUPLICATE}:4 unknown_field"),
    (RULE + "merge: {FirstName: true_wins}\n", f"{DUPLICATE}:4 invalid_value true_wins is for checkboxes"),
    (RULE + "merge: {FirstName: youngest}\n", f"{DUPLICATE}:4 invalid_format"),
    (RULE + "on_create: refuse\n", f"{DUPLICATE}:4 unknown_value"),
    (RULE.replace("object: Lead", "object: User"), f"{DUPLICATE}:3 wrong_object Same_Phone matches records of Lead"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG_RULES)
def test_a_wrong_duplicate_rule_is_told(tmp_path: Path, platform: Package, text: str, expected: str) -> None:
    assert any(each.startswith(expected) for each in problems(tmp_path, platform, rule=text)), problems(
        tmp_path, platform, rule=text
    )


def test_all_problems_are_told_at_once(tmp_path: Path, platform: Package) -> None:
    matching = GOOD.replace("field: FirstName", "field: Fone") + 'criteria: "Nothing = 1"\n'

    assert len(problems(tmp_path, platform, matching=matching, rule=RULE + "bypass_permission: Nobody\n")) == 3
