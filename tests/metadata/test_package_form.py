"""Reading a package folder: every mistake of form is told with file, line and what would be right."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chassis_metadata import forms, package
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.fields import FieldType
from chassis_metadata.package import read_package
from chassis_metadata.parse import parse_component
from chassis_metadata.yaml_text import MAX_CHARACTERS, read_yaml
from package_folders import CRM, PLATFORM, package_of, write_folder

FIELDS = "objects/Lead/fields.yaml"
OBJECT = "objects/Lead/object.yaml"


class Case(NamedTuple):
    file: str
    text: str
    line: int
    code: str
    says: str


CASES = {
    "unknown key": Case(
        FIELDS, "A:\n  type: text\n  lable: A\n  label: A\n", 3, "unknown_key", "Did you mean 'label'?"
    ),
    "missing key": Case(FIELDS, "A: {label: A, type: text}\nB:\n  type: text\n", 2, "required_key_missing", "'label'"),
    "unknown type": Case(FIELDS, "A:\n  type: txt\n  label: A\n", 2, "unknown_field_type", "Did you mean 'text'?"),
    "planned type": Case(FIELDS, "A:\n  label: A\n  type: encrypted\n", 3, "planned_field_type", "`encrypted: true`"),
    "id type": Case(FIELDS, "A:\n  type: id\n  label: A\n", 2, "unknown_field_type", "Use one of"),
    "number for text": Case(FIELDS, "A:\n  type: text\n  label: 5\n", 3, "wrong_type", "Put it in quotes"),
    "text for flag": Case(FIELDS, "A:\n  type: text\n  label: A\n  unique: yes\n", 4, "wrong_type", "true or false"),
    "length nought": Case(FIELDS, "A: {type: text, label: A, length: 0}\n", 1, "out_of_range", "at least 1"),
    "bad name": Case(
        FIELDS, "Good: {type: text, label: A}\nbad: {type: text, label: A}\n", 2, "invalid_format", "Pascal"
    ),
    "number as a value": Case(
        FIELDS, "A:\n  type: picklist\n  label: A\n  values:\n    - Old\n    - 2020\n", 6, "wrong_type", "quotes"
    ),
    "list for a map": Case(FIELDS, "- A\n", 1, "wrong_type", "map of names"),
    "extended field": Case(FIELDS, "A: {extends: true, label: A}\n", 1, "unknown_key", "references"),
    "double key": Case(FIELDS, "A: {type: text, label: A}\nA: {type: text, label: B}\n", 2, "duplicate_key", "line 1"),
    "double inner key": Case(FIELDS, "A:\n  label: A\n  type: text\n  label: B\n", 4, "duplicate_key", "line 2"),
    "alias": Case(FIELDS, "A: &a {type: text, label: A}\nB: *a\n", 1, "yaml_alias", "Write the value out"),
    "tag": Case(FIELDS, "A: !!python/object:os.system {}\n", 1, "yaml_tag", "not allowed"),
    "two documents": Case(FIELDS, "A: {type: text, label: A}\n---\nB: 1\n", 2, "yaml_documents", "One document"),
    "complex key": Case(FIELDS, "? [a, b]\n: 1\n", 1, "yaml_key", "plain text"),
    "deep": Case(FIELDS, "A: " + "[" * 5000 + "\n", 1, "yaml_depth", "deeper"),
    "syntax": Case(FIELDS, "A: {type: text\nB: [\n", 2, "yaml_syntax", ""),
    "nul": Case(FIELDS, 'A:\n  type: text\n  label: "a\\0b"\n', 3, "invalid_text", "NUL"),
    "prefix": Case(OBJECT, "label: L\nplural_label: L\nkey_prefix: 0Q\n", 3, "invalid_format", "three letters"),
    "name type": Case(
        OBJECT, "label: L\nplural_label: L\nname: {type: txt, label: N}\n", 3, "unknown_value", "Did you mean 'text'?"
    ),
    "sharing": Case(OBJECT, "label: L\nsharing: privat\n", 2, "unknown_value", "Did you mean 'private'?"),
    "extends more": Case(OBJECT, "extends: true\nlabel: L\n", 2, "unknown_key", "extends"),
    "version": Case("package.yaml", "name: a\nversion: 1.0\n", 2, "invalid_format", "three numbers"),
    "dependency": Case("package.yaml", "name: a\ndepends_on:\n  b: 1.0\n", 3, "wrong_type", "text"),
    "operator": Case(
        "objects/Lead/list_views.yaml",
        "A:\n  label: A\n  columns: [Name]\n  filters:\n    - field: Name\n      operator: LIK\n      value: x\n",
        6,
        "unknown_value",
        "Did you mean 'LIKE'?",
    ),
    "system permission": Case(
        "permission_sets/A.yaml", "label: A\nsystem:\n  - ApiEnable\n", 3, "unknown_system_permission", "'ApiEnabled'"
    ),
    "object permission": Case(
        "permission_sets/A.yaml", "label: A\nobjects: {Lead: some}\n", 2, "invalid_format", "all"
    ),
    "field permission": Case(
        "permission_sets/A.yaml", "label: A\nfields:\n  Lead: edit\n", 3, "invalid_format", "Object.Field"
    ),
    "translation of a list": Case("translations/de.yaml", "apps:\n  Sales: [a]\n", 2, "wrong_type", "a map or a text"),
    "unknown file": Case("objects/Lead/field.yaml", "", 1, "unknown_file", "Did you mean 'fields.yaml'?"),
    "wrong ending": Case("roles.yml", "", 1, "unknown_file", "Did you mean 'roles.yaml'?"),
    "no object file": Case("objects/Car/fields.yaml", "", 1, "missing_file", "object.yaml"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_of_form_is_told_with_its_place(case: Case, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, CRM, {case.file: case.text})

    problems = refused(folder)

    found = [each for each in problems if each.code == case.code]
    assert found, problems
    expected_file = "objects/Car/object.yaml" if case.code == "missing_file" else case.file
    assert (found[0].file, found[0].line) == (expected_file, case.line)
    assert case.says in found[0].message


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path, PLATFORM, {"roles.yaml": "Top: {lable: Top}\n", "queues.yaml": "Desk: [\n", "apps/A.yaml": "tabs: []"}
    )

    problems = refused(folder)

    assert [(each.file, each.code) for each in problems] == [
        ("apps/A.yaml", "required_key_missing"),
        ("apps/A.yaml", "out_of_range"),
        ("queues.yaml", "yaml_syntax"),
        ("roles.yaml", "unknown_key"),
        ("roles.yaml", "required_key_missing"),
    ]


def test_a_folder_without_a_manifest_is_no_package(tmp_path: Path) -> None:
    write_folder(tmp_path, {"roles.yaml": "Top: {label: Top}\n"})

    assert [each.code for each in refused(tmp_path)] == ["missing_file"]
    assert [each.code for each in refused(tmp_path / "nowhere")] == ["no_such_folder"]


def test_links_and_other_encodings_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "p", PLATFORM)
    (folder / "roles.yaml").symlink_to("/etc/hostname")
    (folder / "queues.yaml").write_bytes(b"A: {label: A}\n\xff")

    problems = refused(folder)

    assert [(each.file, each.line, each.code) for each in problems] == [
        ("queues.yaml", 2, "not_utf8"),
        ("roles.yaml", 1, "unknown_file"),
    ]


def test_texts_for_people_and_the_packages_own_cases_are_passed_over(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, PLATFORM, {"README.md": "#", "cases/a.yaml": "[", ".hidden/x": "", "LICENSE": ""})

    assert read_package(folder).manifest.name == "platform"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("No", "No"),
        ("001", "001"),
        ("1_000", "1_000"),
        ("2026-01-31", "2026-01-31"),
        ("12:30", "12:30"),
        ("1e999", "1e999"),
        ("0.35", 0.35),
        ("-7", -7),
        ("True", True),
        ("~", None),
        ("'5'", "5"),
    ],
)
def test_scalars_mean_what_json_would_mean(text: str, value: object) -> None:
    assert read_yaml(f"A: {text}\n", "x.yaml").value == {"A": value}


def test_a_key_prefix_of_digits_is_text() -> None:
    assert read_yaml("key_prefix: 500\n", "x.yaml").value == {"key_prefix": "500"}


def test_a_file_has_a_largest_size() -> None:
    with pytest.raises(Invalid) as refusal:
        read_yaml("a" * (MAX_CHARACTERS + 1), "x.yaml")

    assert refusal.value.problems[0].code == "file_too_large"


def test_a_component_of_the_api_is_checked_by_the_same_schema() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_component("field", "Lead.Status__c", {"type": "pick", "values": []})

    assert [(each.path, each.code) for each in refusal.value.problems] == [
        ("fields.Status__c.type", "unknown_field_type"),
        ("fields.Status__c.values", "out_of_range"),
        ("fields.Status__c", "required_key_missing"),
    ]


@pytest.mark.parametrize("name", ["Lead.Size__c\n", "Lead.", "Lead.size", "Lead.A" + "b" * 60])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        parse_component("field", name, {"label": "Size", "type": "number"})


def test_a_component_knows_its_object_by_its_full_name() -> None:
    view = parse_component("list_view", "Lead.Open", {"label": "Open", "columns": ["Name"]})
    field = parse_component("field", "Lead.Size__c", {"label": "Size", "type": "number"})

    assert (view.object_name, view.name) == ("Lead", "Open")
    assert (field.name, field.type) == ("Size__c", FieldType.NUMBER)


def test_components_remember_where_they_were_written(tmp_path: Path) -> None:
    package = package_of(tmp_path, CRM)

    source = package.fields["Lead"][2].source
    assert source is not None
    assert (source.file, source.line) == (FIELDS, 3)


def refused(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(Invalid) as refusal:
        read_package(folder)
    return refusal.value.problems


def test_the_quick_check_and_the_one_with_words_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Any]] = []

    def noting(kind: str, value: Any) -> list[forms.Complaint]:
        seen.append((kind, value))
        return forms.complaints(kind, value)

    monkeypatch.setattr(package, "complaints", noting)
    for folder in ("platform", "crm", "automotive"):
        read_package(Path(__file__).parents[2] / "packages" / folder)
    chance = random.Random(7)  # noqa: S311  no secret
    chosen = [*chance.sample(seen, 200), *dict(seen).items()]
    broken = [(kind, one) for kind, value in chosen for one in _broken(chance, value)]

    assert all(forms._fits(kind, value) for kind, value in seen)  # noqa: SLF001  the one that is compared
    for kind, value in broken:
        said = next(forms._validator(kind).iter_errors(value), None)  # noqa: SLF001
        assert forms._fits(kind, value) == (said is None), (kind, value)  # noqa: SLF001


def _broken(chance: random.Random, value: Any) -> Iterator[Any]:
    """The value with one part left out, of another type, or too many."""
    yield from (None, 5, "x", [], {}, [value])
    if isinstance(value, dict) and value:
        key = chance.choice(sorted(value))
        yield {name: each for name, each in value.items() if name != key}
        yield {**value, "no_such_key": 1}
        odd: tuple[Any, ...] = (None, 5, -1.5, "x\n", True, [], {}, [1, 1])
        yield from ({**value, key: each} for each in odd)
        if isinstance(value[key], dict | list):
            yield from ({**value, key: each} for each in list(_broken(chance, value[key]))[:8])
    if isinstance(value, list) and value:
        yield [*value, value[0]]
        yield from ([each, *value[1:]] for each in list(_broken(chance, value[0]))[:8])
