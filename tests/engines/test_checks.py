"""What the checks of engines tell, and where: file, line, what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis_metadata.check import check_package, is_warning
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.package import read_package
from engines.bureau import BUREAU
from package_folders import write_folder

ROOT = Path(__file__).parents[2]
RULE = "assignment_rules/Consultant.yaml"
MODEL = "scoring_models/Inquiry_Score.yaml"
SEGMENT = "segments/Regulars.yaml"
LEDGER = "ledgers/Points.yaml"


def problems(folder: Path, file: str, old: str, new: str) -> list[Problem]:
    """What is told of the bureau's package with one text replaced."""
    assert old in BUREAU[file], old
    files = {**BUREAU, file: BUREAU[file].replace(old, new)}
    try:
        package = read_package(write_folder(folder, files))
    except Invalid as invalid:
        return list(invalid.problems)
    return check_package(package, [read_package(ROOT / "packages/platform")])


def test_nothing_is_wrong_with_the_bureau(tmp_path: Path) -> None:
    found = problems(tmp_path, RULE, "label: Consultant", "label: Consultants")
    assert [each for each in found if not is_warning(each)] == []
    assert [each.code for each in found] == ["decision_table_gap"] * len(found)


CASES = {
    "digits": (
        MODEL,
        "score_field: Score",
        "maximum: 100000\nscore_field: Score",
        "number_outside_valid_range",
        "digits",
    ),
    "bounds": (MODEL, "score_field: Score", "minimum: 200\nscore_field: Score", "invalid_value", "above the highest"),
    "object": (RULE, "object: Inquiry\ntarget", "object: Enquiry\ntarget", "unknown_object", "Did you mean 'Inquiry'"),
    "target": (RULE, "target: ConsultantId", "target: BranchId", "wrong_type", "can't hold a User"),
    "target name": (RULE, "target: ConsultantId", "target: Consultant", "unknown_field", "Did you mean"),
    "two strategies": (RULE, "round_robin: true", "round_robin: true, queue: Desk", "invalid_value", "in one way"),
    "no candidates": (
        RULE,
        "{name: LOAD, least_loaded: true}",
        "{name: LOAD, among: x, least_loaded: true}",
        "unknown_candidates",
        "There is no candidates 'x'",
    ),
    "criteria": (RULE, "criteria: IsActive", "criteria: Name", "wrong_kind", "a boolean is expected"),
    "pair": (RULE, "$This.BranchId", "$This.Branch", "unknown_name", "Write Branch.Name"),
    "values": (
        RULE,
        "    answer: UserId",
        "    values: {rank: Senority}\n    answer: UserId",
        "unknown_name",
        "Did you mean 'Seniority'",
    ),
    "load": (RULE, "field: ConsultantId", "field: Consultant", "unknown_field", "Did you mean"),
    "queue": ("assignment_rules/Team.yaml", "queue: Team", "queue: Teem", "unknown_queue", "Did you mean 'Team'"),
    "twice": (RULE, "name: LOAD", "name: TURN", "duplicate_name", "is there already"),
    "free share": (
        RULE,
        "least_loaded: true",
        "score: [{weight: 1, value: '1', of: waiting}]",
        "invalid_value",
        "and not both",
    ),
    "points": (MODEL, "points: 15}", "points: Name}", "wrong_kind", "a number is expected"),
    "dimension": (MODEL, "dimension: Means", "dimension: Mean", "unknown_dimension", "Did you mean 'Means'"),
    "unused": (MODEL, "dimension: Means,", "", "unused_name", "No factor counts"),
    "bands": (MODEL, "{name: B, from: 40}", "{name: B, from: 70}", "invalid_value", "from the highest"),
    "band value": (MODEL, "{name: C}", "{name: D}", "unknown_value", "There is no value 'D'"),
    "score field": (MODEL, "score_field: Score", "score_field: Grade", "wrong_type", "number"),
    "since": (MODEL, "since: LastContact", "since: City", "wrong_kind", "a date, or a date and time"),
    "child": (MODEL, "field: InquiryId", "field: ClientId", "wrong_type", "does not refer to Inquiry"),
    "flow": (MODEL, "on_band_change: New_Band", "on_band_change: Expiring", "wrong_type", "is not about Inquiry"),
    "group": (
        SEGMENT,
        "{name: spenders, criteria",
        "{name: spenders, segment: Shanghai, criteria",
        "invalid_value",
        "and not both",
    ),
    "first minus": (SEGMENT, "{name: spenders,", "{name: spenders, combine: minus,", "invalid_value", "nothing above"),
    "circle": (
        "segments/Shanghai.yaml",
        "criteria: City = 'Shanghai'",
        "segment: Local_Regulars",
        "circular_reference",
        "Shanghai -> Local_Regulars -> Shanghai",
    ),
    "balance field": (LEDGER, "PointBalance", "City", "wrong_type", "currency, number, percent"),
    "expiry": (LEDGER, "expires: {months: 24, end_of: month}", "expires: {}", "required_key_missing", "When?"),
    "permission": (
        LEDGER,
        "permission: PostPoints",
        "permission: PostPoint",
        "unknown_custom_permission",
        "Did you mean 'PostPoints'",
    ),
    "accounts": (LEDGER, "ISPICKVAL(Status, 'Active')", "ISPICKVAL(Stat, 'Active')", "unknown_name", "Did you mean"),
}


#: Where a problem is not told at the line of the text that was put in: so many lines off.
LATER = {"unused": -4, "circle": -4, "digits": 1}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, case: str) -> None:
    file, old, new, code, message = CASES[case]
    line = BUREAU[file].partition(old)[0].count("\n") + 1 + LATER.get(case, 0)
    found = [each for each in problems(tmp_path, file, old, new) if not is_warning(each)]

    assert any(each.code == code and message in each.message for each in found), found
    assert file in {each.file for each in found}, found
    assert line in {each.line for each in found}, found
