"""A package as a document: nothing is lost on the way to the registry and back, and anything else is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis_metadata.bodies import body_of
from chassis_metadata.check import check_package
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_metadata.errors import Invalid
from chassis_metadata.package import digest, package_from_document, package_to_document
from chassis_metadata.parse import PLURALS, parse_component
from chassis_metadata.yaml_text import read_yaml
from package_folders import CRM, PLATFORM, package_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["Lead", "Account", "Name", "Status", "lookup", "picklist", "Owner.Name", "all", "Lead.*", "1 AND 2", "$User.Id"]
)


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return package_of(tmp_path_factory.mktemp("crm"), CRM)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return package_of(tmp_path_factory.mktemp("platform"), PLATFORM)


class Ground:
    """Two packages that hypothesis does not print with its arguments."""

    def __init__(self, crm: Package, platform: Package) -> None:
        self.crm = crm
        self.platform = platform


@pytest.fixture(scope="module")
def ground(crm: Package, platform: Package) -> Ground:
    return Ground(crm, platform)


def test_a_package_survives_its_document(crm: Package) -> None:
    document = json.loads(json.dumps(package_to_document(crm)))

    again = package_from_document(document)

    assert again == crm
    assert digest(again) == digest(crm)
    assert package_to_document(again) == document


def test_maps_may_lose_their_order_on_the_way(crm: Package) -> None:
    document = json.loads(json.dumps(package_to_document(crm), sort_keys=True))

    assert package_from_document(document) == crm


def test_the_digest_follows_what_is_said_and_not_where(crm: Package, tmp_path: Path) -> None:
    commented = package_of(tmp_path, CRM, {"roles.yaml": "# roles\n\n" + CRM["roles.yaml"]})
    fewer = replace(crm, roles=crm.roles[:1])

    assert digest(commented) == digest(crm)
    assert digest(fewer) != digest(crm)


def test_every_component_can_be_said_again(crm: Package) -> None:
    kinds: dict[str, Any] = {
        "list_view": crm.list_views[0],
        "permission_set": crm.permission_sets[0],
        "layout": crm.layouts[0],
        "path": crm.paths[0],
        "app": crm.apps[0],
        "field": crm.fields["Lead"][2],
        "object": crm.objects["Lead"],
    }
    for kind, each in kinds.items():
        name = f"{each.object_name}.{each.name}" if hasattr(each, "object_name") else each.name
        assert parse_component(kind, name, body_of(each)) == each


def test_what_a_permission_set_group_mutes_can_be_said_again() -> None:
    muting = {
        "objects": {"Lead": ["create"]},
        "fields": {"Lead.Phone": "edit", "Lead.Email": "read"},
        "permissions": ["ExportData"],
    }
    body = {"label": "Trainee", "includes": ["CrmUser"], "muting": muting}

    assert body_of(parse_component("permission_set", "Trainee", body)) == body


@pytest.mark.parametrize("document", [{}, {"format": 2}, {"format": 1, "package": {}, "objects": [["A"]]}])
def test_something_else_is_no_package(document: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        package_from_document(document)


@given(st.sampled_from(sorted(PLURALS)), st.text(max_size=12), JSON)
def test_no_body_breaks_the_reader(kind: str, name: str, body: Any) -> None:
    with suppress(Invalid):
        parse_component(kind, name, body)


@given(st.text(max_size=60) | st.text(alphabet="ab:-[]{}&*!|>?#'\"\n \t,%@", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(Invalid):
        read_yaml(text, "x.yaml")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 10_000), WORDS | JSON), min_size=1, max_size=3))
def test_no_change_to_a_package_breaks_reader_compiler_or_checks(
    ground: Ground, replacements: list[tuple[int, Any]]
) -> None:
    platform = ground.platform
    document = json.loads(json.dumps(package_to_document(ground.crm)))
    for index, value in replacements:
        found = list(places(document))
        holder, key = found[index % len(found)]
        holder[key] = deepcopy(value)

    try:
        changed = package_from_document(document)
    except Invalid:
        return
    assert package_from_document(package_to_document(changed)) == changed
    assert all(each.message for each in check_package(changed, [platform]))
    assert compile_snapshot([platform, changed]).objects


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every holder and key inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from places(inner)
