"""Validation rules and the formulas beside fields as a package writes them: read, kept, refused with a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis_metadata.check import check_package
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.logic.candidate_keys import CandidateKey, candidate_keys
from chassis_metadata.logic.record_formulas import criterion, fields_read
from chassis_metadata.logic.triggers import Event
from chassis_metadata.logic.validation_rule import rules_of
from chassis_metadata.package import digest, package_from_document, package_to_document
from chassis_metadata.snapshot import Snapshot
from package_folders import CRM, PLATFORM, Files, package_of

RULES = """\
Needs_Amount:
  id: VR-001
  formula: ISBLANK(Amount)
  message: Enter an amount.
  field: Amount
  events: [update]
  record_types: [Personal]
Off:
  active: false
  formula: "TRUE"
  message: Never.
"""
FIELDS = CRM["objects/Lead/fields.yaml"] + (
    "Due: {type: date, label: Due, default_formula: TODAY() + 1, required_when: Amount > 5}\n"
    "Deal: {type: text, label: Deal, read_only_when: 'ISPICKVAL(Status, \"Lost\")'}\n"
    'Number: {type: auto_number, label: Number, format: "L-{00}", gap_free: true}\n'
)
FILES: Files = {
    "objects/Lead/validation_rules.yaml": RULES,
    "objects/Lead/fields.yaml": FIELDS,
    "translations/zh_CN.yaml": "validation_rules.Lead.Needs_Amount.message: 请填写金额。\n",
}


@pytest.fixture
def platform(tmp_path: Path) -> Package:
    return package_of(tmp_path / "platform", PLATFORM)


def crm(tmp_path: Path, more: Files = FILES) -> Package:
    return package_of(tmp_path / "crm", CRM, more)


def problems(tmp_path: Path, platform: Package, rule: str, **more: str) -> list[Problem]:
    files = {"objects/Lead/validation_rules.yaml": rule, **more}
    return check_package(crm(tmp_path, files), [platform])


def test_a_rule_of_a_package_is_in_force(tmp_path: Path, platform: Package) -> None:
    package = crm(tmp_path)

    assert check_package(package, [platform]) == []
    snapshot = compile_snapshot([platform, package])
    [rule] = rules_of(snapshot, "Lead")
    assert (rule.name, rule.events, rule.record_types) == ("Needs_Amount", frozenset({Event.UPDATE}), ("Personal",))
    assert rule.message_in(snapshot, "zh_CN") == "请填写金额。"
    assert rule.message_in(snapshot, "de") == "Enter an amount."


def test_formulas_beside_fields_are_in_force(tmp_path: Path, platform: Package) -> None:
    fields = compile_snapshot([platform, crm(tmp_path)]).objects["Lead"].fields

    assert (fields["Due"].default_formula, fields["Due"].required_when) == ("TODAY() + 1", "Amount > 5")
    assert fields["Deal"].read_only_when == 'ISPICKVAL(Status, "Lost")'
    assert fields["Number"].gap_free


def test_a_document_keeps_them(tmp_path: Path) -> None:
    package = crm(tmp_path)

    again = package_from_document(package_to_document(package))

    assert digest(again) == digest(package)
    assert again.fields == package.fields


@pytest.mark.parametrize(
    ("rule", "line", "code", "word"),
    [
        ("One:\n  message: No.\n  formula: Amonut > 1\n", 3, "unknown_name", "'Amount'"),
        ("One:\n  formula: Amount > \n  message: No.\n", 2, "", "column"),
        ("One:\n  formula: Amount\n  message: No.\n", 2, "wrong_kind", "a boolean"),
        ("One:\n  formula: 'TRUE'\n  message: No.\n  field: Amonut\n", 4, "unknown_field", "'Amount'"),
        ("One:\n  formula: 'TRUE'\n  message: No.\n  record_types: [Odd]\n", 4, "unknown_record_type", "Odd"),
        ("One:\n  formula: 'TRUE'\n  message: No.\n  bypass_permission: Odd\n", 4, "unknown_custom_permission", "Odd"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(
    tmp_path: Path, platform: Package, rule: str, line: int, code: str, word: str
) -> None:
    [problem] = problems(tmp_path, platform, rule)

    assert (problem.file, problem.line) == ("objects/Lead/validation_rules.yaml", line)
    assert code in problem.code
    assert word in problem.message


def test_a_form_that_is_wrong_is_told_when_the_package_is_read(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        crm(tmp_path, {"objects/Lead/validation_rules.yaml": "One:\n  formula: 'TRUE'\n  mesage: No.\n"})

    assert {each.line for each in refused.value.problems} >= {3}


def test_a_translation_of_a_rule_that_is_not_there_is_told(tmp_path: Path, platform: Package) -> None:
    text = "validation_rules.Lead.Needs_Amont.message: 请填写金额。\n"

    [problem] = problems(tmp_path, platform, RULES, **{"translations/zh_CN.yaml": text})

    assert problem.code == "unknown_translation_key"
    assert "validation_rules.Lead.Needs_Amount.message" in problem.message


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("{type: text, label: X, default_formula: Nope}", "unknown_name"),
        ("{type: number, label: X, default_formula: '\"a\"'}", "wrong_kind"),
        ("{type: text, label: X, default: a, default_formula: '\"a\"'}", "misplaced_key"),
        ("{type: text, label: X, read_only: true, default_formula: '\"a\"'}", "misplaced_key"),
        ("{type: checkbox, label: X, required_when: 'TRUE'}", "misplaced_key"),
        ("{type: text, label: X, required_when: Amount}", "wrong_kind"),
        ("{type: text, label: X, gap_free: true}", "misplaced_key"),
    ],
)
def test_a_formula_beside_a_field_must_fit(tmp_path: Path, platform: Package, field: str, code: str) -> None:
    fields = f"{CRM['objects/Lead/fields.yaml']}X: {field}\n"

    [problem] = problems(tmp_path, platform, RULES, **{"objects/Lead/fields.yaml": fields})

    assert (problem.code, problem.file) == (code, "objects/Lead/fields.yaml")


@pytest.fixture
def snapshot(tmp_path: Path, platform: Package) -> Snapshot:
    return compile_snapshot([platform, crm(tmp_path)])


@pytest.mark.parametrize(
    ("formula", "read"),
    [
        ("Amount > 1", {"Amount"}),
        ('Account.Name = "x"', {"AccountId"}),
        ('RecordType.DeveloperName = "Personal"', {"RecordTypeId"}),
        ('EXISTS("Account", Name = $This.Deal)', {"Deal"}),
        ("PRIORVALUE(Amount) > 1", {"Amount"}),
    ],
)
def test_the_fields_that_a_formula_reads_are_known(snapshot: Snapshot, formula: str, read: set[str]) -> None:
    lead = snapshot.objects["Lead"]

    assert fields_read(snapshot, lead, [criterion(snapshot, lead, formula)]) == read


@pytest.mark.parametrize(
    ("formula", "keys"),
    [
        ("Amount > 1", ()),
        ('EXISTS("Lead", Amount > 1)', ()),
        ('EXISTS("Lead", AccountId = $This.AccountId AND Id <> $This.Id)', (("AccountId", "AccountId"),)),
        (
            'NOT(EXISTS("Lead", $This.DealerId = AccountId && Status = TEXT($This.Status) && Deal = $This.Deal))',
            (("AccountId", "DealerId"), ("Deal", "Deal")),
        ),
        ('COUNT("Lead", AccountId = $This.AccountId || Amount > 3) > 2', ()),
    ],
)
def test_what_a_rule_compares_with_other_records_is_known(
    snapshot: Snapshot, formula: str, keys: tuple[tuple[str, str], ...]
) -> None:
    lead = snapshot.objects["Lead"]

    found = candidate_keys([criterion(snapshot, lead, formula)])

    assert found == ((CandidateKey("Lead", keys),) if keys else ())
