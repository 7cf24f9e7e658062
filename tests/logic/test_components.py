"""Logic of any kind: written in a package, laid over by a tenant, switched off and on, refused with a place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chassis_metadata.check import check_layer, check_package
from chassis_metadata.compile import compile_snapshot, overlay
from chassis_metadata.components import Layer, LogicComponent, Package
from chassis_metadata.errors import Invalid
from chassis_metadata.package import digest, package_from_document, package_to_document
from chassis_metadata.parse import parse_component
from package_folders import CRM, PLATFORM, Files, package_of

SETTINGS: Files = {
    "settings.yaml": (
        "Country: {label: Country, type: text, default: CN}\nMost: {label: Most, type: number, default: 5}\n"
        "Key: {label: Key, type: secret}\n"
    ),
    "custom_permissions.yaml": "CorrectVin: {label: Correct a VIN}\n",
    "permission_sets/Steward.yaml": "label: Steward\ncustom_permissions: [CorrectVin]\n",
}


@pytest.fixture
def platform(tmp_path: Path) -> Package:
    return package_of(tmp_path / "platform", PLATFORM)


def crm(tmp_path: Path, more: Files = SETTINGS) -> Package:
    return package_of(tmp_path / "crm", CRM, more)


def tenant(*components: LogicComponent) -> Layer:
    return Layer(logic=components)


def component(kind: str, name: str, **body: object) -> LogicComponent:
    made: LogicComponent = parse_component(kind, name, body)
    return made


def test_settings_and_permissions_of_a_package_are_in_force(tmp_path: Path, platform: Package) -> None:
    package = crm(tmp_path)

    assert check_package(package, [platform]) == []
    snapshot = compile_snapshot([platform, package])
    assert snapshot.settings["Country"].value == "CN"
    assert snapshot.settings["Most"].value == 5
    assert snapshot.permission_sets["Steward"].custom_permissions == ("CorrectVin",)
    assert snapshot.logic_of("custom_permission")["CorrectVin"].package == "crm"


def test_a_document_keeps_logic(tmp_path: Path) -> None:
    package = crm(tmp_path)

    again = package_from_document(package_to_document(package))

    assert digest(again) == digest(package)
    assert [each.full_name for each in again.logic] == ["Country", "Most", "Key", "CorrectVin"]


def test_a_tenant_sets_a_value(tmp_path: Path, platform: Package) -> None:
    base = compile_snapshot([platform, crm(tmp_path)])
    layer = tenant(component("setting_value", "Country", value="DE"))

    assert check_layer(layer, base) == []
    assert overlay(base, layer).settings["Country"].value == "DE"
    assert base.settings["Country"].value == "CN"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Countri", "DE", "unknown_setting"),
        ("Most", "many", "invalid_value"),
        ("Country", 7, "invalid_value"),
        ("Key", 7, "wrong_type"),
        ("Key", "", "invalid_value"),
    ],
)
def test_a_wrong_value_is_refused(tmp_path: Path, platform: Package, name: str, value: object, code: str) -> None:
    base = compile_snapshot([platform, crm(tmp_path)])

    [problem] = check_layer(tenant(component("setting_value", name, value=value)), base)

    assert problem.code == code


def test_a_secret_has_neither_default_nor_choices(tmp_path: Path, platform: Package) -> None:
    text = "Key:\n  label: Key\n  type: secret\n  default: everybody knows\n  values: [a, b]\n"

    problems = check_package(crm(tmp_path, {"settings.yaml": text}), [platform])

    assert [(each.line, each.code) for each in problems] == [(4, "unused_key"), (5, "unused_key")]
    assert "The tenant sets its own." in problems[0].message


def test_no_snapshot_holds_the_value_of_a_secret(tmp_path: Path, platform: Package) -> None:
    base = compile_snapshot([platform, crm(tmp_path)])
    given = component("setting_value", "Key", value="Unspeakable")
    off = component("switch", "setting_value.Key", active=False)

    snapshots = [overlay(base, tenant(*each)) for each in ((given,), (given, off), ())]

    assert "Unspeakable" not in repr(snapshots)
    assert [each.settings["Key"].is_set for each in snapshots] == [True, False, False]
    assert {each.settings["Key"].value for each in snapshots} == {None}


@pytest.mark.parametrize(
    ("kind", "name", "body"),
    [
        ("validation_rule", "Account.Tells__c", {"formula": '$Setting.Key = "a"', "message": "It is a."}),
        (
            "email_template",
            "Tells__c",
            {"label": "Tells", "object": "Account", "subject": "{!$Setting.Key}", "text": "No."},
        ),
    ],
)
def test_nothing_that_is_worked_out_sees_a_secret(
    tmp_path: Path, platform: Package, kind: str, name: str, body: dict[str, object]
) -> None:
    base = compile_snapshot([platform, crm(tmp_path)])

    [problem] = check_layer(tenant(component(kind, name, **body)), base)

    assert (problem.code, "Key is a secret, which no formula sees" in problem.message) == ("unknown_name", True)


def test_a_switch_turns_a_packaged_component_off_and_on_again(tmp_path: Path, platform: Package) -> None:
    base = compile_snapshot([platform, crm(tmp_path)])
    off = tenant(component("switch", "custom_permission.CorrectVin", active=False))

    assert check_layer(off, base) == []
    without = overlay(base, off)
    assert "CorrectVin" not in without.logic_of("custom_permission")
    assert "CorrectVin" in base.logic_of("custom_permission")

    on = replace(off, logic=(component("switch", "custom_permission.CorrectVin", active=True),))
    assert "CorrectVin" in overlay(base, on).logic_of("custom_permission")


def test_a_switch_of_nothing_is_refused_with_the_nearest_name(tmp_path: Path, platform: Package) -> None:
    base = compile_snapshot([platform, crm(tmp_path)])

    [problem] = check_layer(tenant(component("switch", "custom_permission.CorectVin", active=False)), base)

    assert problem.code == "unknown_component"
    assert "custom_permission.CorrectVin" in problem.message


def test_two_of_one_name_are_refused(tmp_path: Path, platform: Package) -> None:
    base = compile_snapshot([platform, crm(tmp_path)])
    mine = component("custom_permission", "CorrectVin", label="Mine")

    problems = check_layer(tenant(mine), base)

    assert "duplicate_name" in {each.code for each in problems}


def test_what_a_tenant_makes_ends_in_c(tmp_path: Path, platform: Package) -> None:
    base = compile_snapshot([platform, crm(tmp_path)])

    [problem] = check_layer(tenant(component("custom_permission", "Mine", label="Mine")), base)

    assert (problem.code, "Mine__c" in problem.message) == ("invalid_name", True)


def test_a_wrong_form_is_told_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        crm(tmp_path, {"settings.yaml": "Country:\n  label: Country\n  typ: text\n"})

    files = {(each.file, each.line) for each in refused.value.problems}
    assert ("settings.yaml", 3) in files


def test_a_rule_on_an_object_that_is_not_there_is_refused(tmp_path: Path, platform: Package) -> None:
    lost = LogicComponent("validation_rule", "Needs_Phone", {"formula": "TRUE", "message": "No."}, "Nowhere")

    problems = check_layer(tenant(lost), compile_snapshot([platform, crm(tmp_path)]))

    assert "unknown_object" in {each.code for each in problems}
