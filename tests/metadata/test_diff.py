"""A new version of a package: what it changes in storage, and what running tenants can't take."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis_metadata.diff import FieldAdded, FieldWidened, IndexAdded, ObjectAdded, diff_packages
from package_folders import CRM, PLATFORM, Files, package_of

MANIFEST = "package.yaml"
FIELDS = "objects/Lead/fields.yaml"
OBJECT = "objects/Lead/object.yaml"
RAISED = {MANIFEST: CRM[MANIFEST].replace("1.2.0", "1.10.0")}


def test_additions_and_widenings_are_told(tmp_path: Path) -> None:
    old = package_of(tmp_path / "old", CRM)
    changed = CRM[FIELDS].replace("label: First name", "label: First name, length: 300, indexed: true")
    new = package_of(
        tmp_path / "new",
        CRM,
        RAISED,
        {
            FIELDS: changed + "HomeAddress: {type: address, label: Home}\n",
            "objects/Car/object.yaml": PLATFORM["objects/Group/object.yaml"].replace("00G", "0Ca"),
            "objects/Car/fields.yaml": "Plate: {type: text, label: Plate}\n",
        },
    )

    changes = diff_packages(old, new)

    assert changes.refused == ()
    assert changes.changes[:1] == (ObjectAdded("Car"),)
    assert set(changes.changes[1:]) == {
        FieldWidened("Lead", "FirstName"),
        IndexAdded("Lead", "FirstName"),
        *(
            FieldAdded("Lead", f"Home{part}")
            for part in ("Street", "District", "City", "State", "PostalCode", "Country")
        ),
    }


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("version_not_higher", {MANIFEST: CRM[MANIFEST]}),
        ("version_not_higher", {MANIFEST: CRM[MANIFEST].replace("1.2.0", "1.1.9")}),
        ("type_changed", {FIELDS: CRM[FIELDS].replace("type: currency", "type: number")}),
        (
            "type_changed",
            {
                FIELDS: CRM[FIELDS].replace(
                    "type: currency, label: Amount", "type: formula, returns: currency, formula: '1', label: A"
                )
            },
        ),
        ("field_narrowed", {FIELDS: CRM[FIELDS].replace("label: First name", "label: First name, length: 80")}),
        ("field_narrowed", {FIELDS: CRM[FIELDS].replace("label: Amount", "label: Amount, scale: 4")}),
        ("field_narrowed", {FIELDS: CRM[FIELDS].replace("references: Account", "references: Lead")}),
        ("field_removed", {FIELDS: CRM[FIELDS].replace("Notes:", "Remarks:")}),
        ("value_removed", {FIELDS: CRM[FIELDS].replace("values: [A, B]", "values: [A]")}),
        ("became_required", {FIELDS: CRM[FIELDS].replace("label: Notes", "label: Notes, required: true")}),
        ("became_required", {FIELDS: CRM[FIELDS] + "More: {type: text, label: More, required: true}\n"}),
        ("became_unique", {FIELDS: CRM[FIELDS].replace("label: First name", "label: First name, unique: true")}),
        ("key_prefix_changed", {OBJECT: CRM[OBJECT].replace("00Q", "0QQ")}),
        ("ownership_changed", {OBJECT: CRM[OBJECT] + "owned: false\n"}),
        ("object_removed", {OBJECT: "extends: true\n"}),
    ],
)
def test_what_would_harm_running_tenants_is_refused(code: str, files: Files, tmp_path: Path) -> None:
    old = package_of(tmp_path / "old", CRM)
    new = package_of(tmp_path / "new", CRM, RAISED, files)

    refused = diff_packages(old, new).refused

    assert code in [each.code for each in refused]
    assert all(each.message for each in refused)


def test_a_formula_may_be_kept_beside_the_record_later(tmp_path: Path) -> None:
    formula = "Sign: {{type: formula, returns: text, label: Sign, formula: LastName{}}}\n"
    old = package_of(tmp_path / "old", CRM, {FIELDS: CRM[FIELDS] + formula.format("")})
    stored = formula.format(", stored: true, indexed: true")
    new = package_of(tmp_path / "new", CRM, RAISED, {FIELDS: CRM[FIELDS] + stored})

    changes = diff_packages(old, new)

    assert changes.refused == ()
    assert IndexAdded("Lead", "Sign") in changes.changes


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("length: 80", "length: 80, encrypted: true", []),
        ("length: 480, indexed: true", "length: 480, indexed: true, encrypted: true", []),
        ("length: 481, indexed: true", "length: 481, indexed: true, encrypted: true", ["encryption_changed"]),
        ("encrypted: true", "length: 255", ["encryption_changed"]),
        ("encrypted: true", "encrypted: true, indexed: true", ["encryption_changed"]),
        (
            "indexed: true, encrypted: true",
            "indexed: true, encrypted: true, case_sensitive: true",
            ["encryption_changed"],
        ),
    ],
)
def test_a_field_may_begin_to_be_encrypted_and_then_stays_so(
    before: str, after: str, refused: list[str], tmp_path: Path
) -> None:
    field = CRM[FIELDS] + "Secret: {type: text, label: Secret, HOW}\n"
    old = package_of(tmp_path / "old", CRM, {FIELDS: field.replace("HOW", before)})
    new = package_of(tmp_path / "new", CRM, RAISED, {FIELDS: field.replace("HOW", after)})

    assert [each.code for each in diff_packages(old, new).refused] == refused
