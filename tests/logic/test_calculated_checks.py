"""What the definitions of formula fields and roll-up summaries must hold to, told with file, line and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis_metadata.check import check_package
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import FieldDefinition, Package
from chassis_metadata.fields import FieldType
from chassis_metadata.package import digest, package_from_document, package_to_document
from chassis_metadata.snapshot import Snapshot
from package_folders import CRM, PLATFORM, package_of

LEAD, ACCOUNT = "objects/Lead/fields.yaml", "objects/Account/fields.yaml"


@pytest.fixture
def platform(tmp_path: Path) -> Package:
    return package_of(tmp_path / "platform", PLATFORM)


def crm(tmp_path: Path, lead: str = "", account: str = "") -> Package:
    """The small CRM with more fields on leads and accounts."""
    leads = CRM[LEAD].replace("references: Account}", "references: Account, child_relationship_name: Leads}", 1)
    return package_of(tmp_path / "crm", CRM, {LEAD: leads + lead, ACCOUNT: CRM[ACCOUNT] + account})


def problems(package: Package, platform: Package) -> list[tuple[str, str]]:
    return [(each.code, each.message) for each in check_package(package, [platform])]


def snapshot_of(package: Package, platform: Package) -> Snapshot:
    assert check_package(package, [platform]) == []
    return compile_snapshot([platform, package])


GOOD_LEAD = (
    "Half: {type: formula, returns: currency, label: Half, formula: Amount / 2}\n"
    "Loud: {type: formula, returns: text, label: Loud, formula: UPPER(LastName), stored: true, indexed: true}\n"
)
GOOD_ACCOUNT = (
    "LeadCount: {type: rollup_summary, label: Leads, child: Leads, function: count}\n"
    "Halves: {type: rollup_summary, label: Halves, child: Leads, function: sum, field: Half, filter: Amount > 5}\n"
    "Latest: {type: rollup_summary, label: Latest, child: Leads, function: max, field: CreatedDate}\n"
    "Double: {type: formula, returns: number, label: Double, formula: Halves * 2, blanks_as: blank}\n"
)


def test_a_field_has_the_type_of_its_values(tmp_path: Path, platform: Package) -> None:
    snapshot = snapshot_of(crm(tmp_path, GOOD_LEAD, GOOD_ACCOUNT), platform)
    lead, account = snapshot.objects["Lead"].fields, snapshot.objects["Account"].fields

    assert (lead["Half"].type, lead["Half"].column, lead["Half"].scale) == (FieldType.CURRENCY, None, 2)
    assert (lead["Loud"].type, lead["Loud"].column) == (FieldType.TEXT, "loud")
    assert not lead["Half"].createable
    assert not lead["Loud"].updateable
    assert (account["LeadCount"].type, account["LeadCount"].scale) == (FieldType.NUMBER, 0)
    assert (account["Halves"].type, account["Halves"].precision, account["Halves"].scale) == (FieldType.CURRENCY, 28, 2)
    assert account["Latest"].type is FieldType.DATETIME
    assert account["Double"].blanks_as == "blank"


def test_a_document_keeps_calculated_fields(tmp_path: Path) -> None:
    package = crm(tmp_path, GOOD_LEAD, GOOD_ACCOUNT)

    again = package_from_document(package_to_document(package))

    assert again == package
    assert digest(again) == digest(package)
    [halves] = [each for each in again.fields["Account"] if each.name == "Halves"]
    assert isinstance(halves, FieldDefinition)
    assert halves.summary is not None
    assert halves.summary.filter == "Amount > 5"


def formula(text: str, **keys: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    return f"X: {{type: formula, label: X, formula: '{text}'{more}}}\n"


def rollup(**keys: str) -> str:
    return f"X: {{type: rollup_summary, label: X, {', '.join(f'{key}: {value}' for key, value in keys.items())}}}\n"


CASES = {
    "unknown name": (formula("Amuont * 2", returns="number"), "", "unknown_name", "Did you mean 'Amount'?"),
    "place": (formula("1 + Amuont", returns="number"), "", "unknown_name", "column 5"),
    "syntax": (formula("1 +", returns="number"), "", None, "ends too early"),
    "type": (formula("Amount > 1", returns="number"), "", "wrong_kind", "a number is expected"),
    "no type": (formula("Amount"), "", "required_key_missing", "'returns' is missing"),
    "no formula": ("X: {type: formula, label: X, returns: text}\n", "", "required_key_missing", "'formula' is missing"),
    "not a type": (formula("Amount", returns="lookup"), "", "unknown_value", "Use one of: text"),
    "index": (formula("Amount", returns="number", indexed="true"), "", "misplaced_key", "Only a stored formula"),
    "history": (formula("Amount", returns="number", tracked="true"), "", "misplaced_key", "history"),
    "required": (formula("Amount", returns="number", required="true"), "", "misplaced_key", "no 'required'"),
    "unique": (formula("Amount", returns="number", unique="true"), "", "misplaced_key", "no 'unique'"),
    "length": (formula("Amount", returns="number", length="5"), "", "misplaced_key", "no 'length'"),
    "scale": (formula("Amount", returns="number", scale="9", precision="4"), "", "out_of_range", "Of 4 digits, 9"),
    "clock": (formula("TODAY()", returns="date", stored="true"), "", "not_deterministic", "no clock"),
    "parent": (formula("Account.Code", returns="text", stored="true"), "", "not_deterministic", "no parent"),
    "user": (formula("$User.Id", returns="text", stored="true"), "", "not_deterministic", "no user"),
    "clock inside": (
        formula("Y", returns="date", stored="true") + "Y: {type: formula, label: Y, returns: date, formula: TODAY()}\n",
        "",
        "not_deterministic",
        "no clock",
    ),
    "circle": (
        formula("Y + 1", returns="number") + "Y: {type: formula, label: Y, returns: number, formula: X + 1}\n",
        "",
        "circular_formula",
        "Lead.X -> Lead.Y -> Lead.X",
    ),
    "personal": (formula("Account.Phone", returns="text"), "", "classification_too_weak", "classification: personal"),
    "key of another": (
        "X: {type: text, label: X, formula: LastName}\n",
        "",
        "misplaced_key",
        "A text has no 'formula'",
    ),
    "no relationship": (
        "",
        rollup(child="Leds", function="count"),
        "unknown_child_relationship",
        "Did you mean 'Leads'?",
    ),
    "no child": ("", rollup(function="count"), "required_key_missing", "'child' is missing"),
    "no function": ("", rollup(child="Leads"), "required_key_missing", "'function' is missing"),
    "count of": ("", rollup(child="Leads", function="count", field="Amount"), "misplaced_key", "Leave it out"),
    "sum of nothing": ("", rollup(child="Leads", function="sum"), "required_key_missing", "'field' is missing"),
    "no field": (
        "",
        rollup(child="Leads", function="sum", field="Amout"),
        "unknown_field",
        "Did you mean 'Amount'?",
    ),
    "sum of text": ("", rollup(child="Leads", function="sum", field="LastName"), "wrong_type", "no sum of it"),
    "filter": ("", rollup(child="Leads", function="count", filter="Amuont > 1"), "unknown_name", "'Amount'"),
    "filter with clock": (
        "",
        rollup(child="Leads", function="count", filter="CreatedDate < NOW()"),
        "not_deterministic",
        "no clock",
    ),
    "filter over parents": (
        "",
        rollup(child="Leads", function="count", filter="ISBLANK(Account.Code)"),
        "not_deterministic",
        "no parent",
    ),
    "sum of a moving formula": (
        "Z: {type: formula, label: Z, returns: number, formula: YEAR(TODAY())}\n",
        rollup(child="Leads", function="sum", field="Z"),
        "not_deterministic",
        "changes without its record",
    ),
    "summary of itself": (
        "",
        "ParentId: {type: lookup, label: P, references: Account, child_relationship_name: Kids}\n"
        + rollup(child="Kids", function="sum", field="X"),
        "circular_formula",
        "Account.X -> Account.X",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_makes_no_sense_is_refused(tmp_path: Path, platform: Package, name: str) -> None:
    lead, account, code, words = CASES[name]
    try:
        found = problems(crm(tmp_path, lead, account), platform)
    except Exception as error:  # noqa: BLE001  what is wrong in form is raised while reading
        found = [(each.code, each.message) for each in error.problems]  # type: ignore[attr-defined]

    assert [each for each in found if each[0] == (code or each[0]) and words in each[1]], found
    assert len(found) == 1 or name == "circle", found


def test_summaries_go_three_levels_deep_and_formulas_ten(tmp_path: Path, platform: Package) -> None:
    parent = "ParentId: {type: lookup, label: P, references: Account, child_relationship_name: Kids}\n"
    levels = "S0: {type: rollup_summary, label: S, child: Leads, function: count}\n" + "".join(
        f"S{n}: {{type: rollup_summary, label: S, child: Kids, function: sum, field: S{n - 1}}}\n" for n in range(1, 4)
    )
    assert [code for code, _ in problems(crm(tmp_path / "a", "", parent + levels), platform)] == ["nested_too_deep"]

    nested = "F0: {type: formula, label: F, returns: number, formula: Amount}\n" + "".join(
        f"F{n}: {{type: formula, label: F, returns: number, formula: F{n - 1} + 1}}\n" for n in range(1, 11)
    )
    assert [code for code, _ in problems(crm(tmp_path / "b", nested), platform)] == ["nested_too_deep"]


def test_reference_data_says_nothing_of_calculated_fields(tmp_path: Path, platform: Package) -> None:
    data = {"data/Account.yaml": "key: Code\nrecords:\n  - {Code: A, Name: Aurora, LeadCount: 5}\n"}
    account = CRM[ACCOUNT] + "LeadCount: {type: rollup_summary, label: Leads, child: Leads_Dealer, function: count}\n"

    package = package_of(tmp_path / "crm", CRM, data, {ACCOUNT: account})

    assert [code for code, message in problems(package, platform) if "worked out" in message] == ["misplaced_key"]


def test_what_the_platform_alone_writes_is_not_summarised(tmp_path: Path, platform: Package) -> None:
    account = CRM[ACCOUNT] + "Entries: {type: rollup_summary, label: Entries, child: Entries, function: count}\n"
    entry = {
        "objects/Entry/object.yaml": (
            "label: Entry\nplural_label: Entries\nkey_prefix: 0En\nname: {type: text, label: Name}\n"
            "createable: false\nupdateable: false\ndeletable: false\n"
        ),
        "objects/Entry/fields.yaml": "AccountId: {type: lookup, label: Account, references: Account}\n",
    }

    package = package_of(tmp_path / "crm", CRM, entry, {ACCOUNT: account})

    assert [code for code, _ in problems(package, platform)] == ["not_summarised"]


def test_problems_stand_at_the_line_of_the_formula(tmp_path: Path, platform: Package) -> None:
    lead = "X:\n  type: formula\n  label: X\n  returns: number\n  formula: Amuont\n"

    [problem] = check_package(crm(tmp_path, lead), [platform])

    assert problem.file is not None
    assert problem.file.endswith(LEAD)
    assert problem.line == CRM[LEAD].count("\n") + 5
