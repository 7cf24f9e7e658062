"""What is wrong with an outbound document is told before it is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chassis_metadata.check import check_package
from chassis_metadata.components import LogicComponent, Package, PackageManifest
from chassis_metadata.package import read_package
from chassis_metadata.parse import parse_component

PLATFORM = Path(__file__).parents[2] / "packages" / "platform"
NODE = {"name": "a", "text": "Name"}


def codes(**body: Any) -> list[str]:
    usual = {"label": "Test", "object": "Group", "format": "xml", "fields": ["Name"], "content": [NODE]}
    said = {key: value for key, value in {**usual, **body}.items() if value is not None}
    document: LogicComponent = parse_component("outbound_document", "Test", said)
    manifest = PackageManifest("test", "Test", "1.0.0", "chassis", depends_on={"platform": "1.0.0"})
    found = check_package(Package(manifest, logic=(document,)), [read_package(PLATFORM)])
    return [each.code for each in found]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"object": "Grup"}, "unknown_object"),
        ({"fields": ["Nme"]}, "unknown_field"),
        ({"fields": ["Ownr.Name"]}, "unknown_relationship"),
        ({"children": {"Nothings": {"fields": ["Name"]}}}, "unknown_child_relationship"),
        ({"content": [{"name": "x:a", "text": "Name"}]}, "unknown_namespace"),
        ({"content": [{"name": "a", "text": "b[["}]}, "invalid_path"),
        ({"content": [{"name": "a", "attributes": {"b": {"value": "nothing"}}}]}, "unknown_value"),
        ({"content": [NODE, NODE]}, "wrong_count"),
        ({"content": [{**NODE, "each": "Name"}]}, "unused_key"),
        ({"content": None}, "required_key_missing"),
        ({"format": "csv"}, "required_key_missing"),
        ({"format": "json", "rows": "Name"}, "unused_key"),
    ],
)
def test_a_document_that_means_nothing_is_refused(body: dict[str, Any], code: str) -> None:
    assert code in codes(**body)


def test_a_document_over_what_is_there_is_fine() -> None:
    assert codes(instruction='adf version="1.0"', namespaces={"": "urn:a", "x": "urn:b"}) == []


@pytest.mark.parametrize("name", ["a b", "<a>", "1a", "a:b:c", "../a", "?xml"])
def test_names_that_xml_does_not_allow_are_refused(name: str) -> None:
    from chassis_metadata.errors import Invalid  # noqa: PLC0415

    with pytest.raises(Invalid):
        codes(content=[{"name": name, "text": "Name"}])
