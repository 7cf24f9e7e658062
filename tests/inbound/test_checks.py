from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chassis_metadata.check import check_package
from chassis_metadata.components import FunctionDefinition, InboundMapping, Package, PackageManifest
from chassis_metadata.package import read_package
from chassis_metadata.parse import parse_component

GARAGE = Path(__file__).parents[2] / "packages" / "platform"


def problems(body: Mapping[str, Any], function: Mapping[str, Any] | None = None) -> list[str]:
    """The codes of what is wrong with a mapping (and a function) over the platform's own objects."""
    platform = read_package(GARAGE)
    mapping: InboundMapping = parse_component("inbound", "test", {"label": "Test", "root": "/a", **body})
    functions: tuple[FunctionDefinition, ...] = ()
    if function is not None:
        functions = (parse_component("function", "test", {"label": "Test", **function}),)
    manifest = PackageManifest("test", "Test", "1.0.0", "chassis", depends_on={"platform": "1.0.0"})
    secret = parse_component("setting", "Key", {"label": "Key", "type": "secret"})
    package = Package(manifest, inbound_mappings=(mapping,), functions=functions, logic=(secret,))
    return [each.code for each in check_package(package, [platform])]


def target(**fields: object) -> dict[str, Any]:
    return {"targets": [{"object": "Group", "fields": {"Name": "name", **fields}}]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"targets": [{"object": "Grup", "fields": {"Name": "name"}}]}, "unknown_object"),
        (target(Nme="name"), "unknown_field"),
        (target(DeveloperName={"record": "later"}), "unknown_earlier_target"),
        (target(DeveloperName={"lookup": {"object": "Usr", "by": "Id", "value": "x"}}), "unknown_object"),
        (target(DeveloperName={"lookup": {"object": "User", "by": "Nick", "value": "x"}}), "unknown_field"),
        (target(DeveloperName={"function": {"name": "guess", "argument": "x"}}), "unknown_function"),
        (target(DeveloperName={"path": "a[["}), "invalid_path"),
        (target(DeveloperName={"path": "a", "then": [{"extract": "("}]}), "invalid_pattern"),
        (target(DeveloperName={"path": "a", "then": [{"replace": {"pattern": "("}}]}), "invalid_pattern"),
        (target(DeveloperName="a[["), "invalid_path"),
        (target(DeveloperName={"value": "nothing"}), "unknown_value"),
        (target(DeveloperName={"setting": "Nothing"}), "unknown_setting"),
        (target(DeveloperName={"setting": "Key"}), "wrong_type"),
        (target(DeveloperName={"decide": {"table": "Nothing", "inputs": {"A": "x"}}}), "unknown_decision_table"),
        (target(DeveloperName={"lookup": {"object": "User", "by": ["Id", "Name"], "value": ["x"]}}), "wrong_count"),
        ({**target(), "format": "json", "root": "$"}, "invalid_path"),
        ({**target(Name="$[?match(@.a, @.b)].c"), "format": "json", "root": "$"}, "invalid_path"),
        ({**target(Name="$.a[?@.b == 1"), "format": "json", "root": "$"}, "invalid_path"),
        ({**target(), "format": "fixed_width"}, "required_key_missing"),
        ({**target(), "format": "fixed_width", "columns": [{"name": "a", "from": 5, "to": 2}]}, "invalid_value"),
        ({**target(), "format": "csv", "columns": [{"name": "a"}], "group_by": ["b"]}, "unknown_column"),
        ({**target(), "delimiter": "tab"}, "unused_key"),
        ({"targets": [{"object": "Group", "fields": {"Name": "a"}, "upsert_by": "Name"}]}, "no_external_id"),
        ({"targets": [{"object": "Group", "fields": {"Name": "a"}, "within": "x"}]}, "unknown_earlier_target"),
    ],
)
def test_a_mapping_that_names_what_is_not_there_is_refused(body: dict[str, Any], code: str) -> None:
    assert problems(body) == [code]


def test_a_mapping_over_what_is_there_is_fine() -> None:
    assert problems(target(DeveloperName={"path": "$unit/b", "then": [{"extract": "(x+)"}, "upper"]})) == []


def test_a_function_without_its_data_is_refused() -> None:
    function = {"kind": "table", "data": "codes.csv", "key": "code", "values": {"Text": "text"}, "files": {}}

    assert problems(target(), function) == ["unknown_data_file"]
