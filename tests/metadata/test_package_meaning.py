"""Checking by meaning: names that name nothing, types that don't fit, circles; with file, line and what is near."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from chassis_metadata.check import check_layer, check_package, is_warning
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Layer
from chassis_metadata.parse import parse_component
from package_folders import CRM, PLATFORM, package_of

FIELDS = "objects/Lead/fields.yaml"
OBJECT = "objects/Lead/object.yaml"
VIEWS = "objects/Lead/list_views.yaml"
MANIFEST = "name: crm\nlabel: CRM\nversion: 1.0.0\npublisher: chassis\n"
LEAD = "label: Lead\nplural_label: Leads\nkey_prefix: 00Q\nname: {type: text, label: Name}\n"
THING = "label: Thing\nplural_label: Things\nkey_prefix: 0TT\nname: {type: text, label: Name}\n"
VIEW = "A:\n  label: A\n  columns: [Name]\n"


class Case(NamedTuple):
    file: str
    text: str
    line: int | None
    code: str
    says: str


def field(text: str) -> str:
    """The fields of Lead that other files of the package need, and one more from line 11 on."""
    return CRM[FIELDS] + text


SECRET = "Secret: {type: text, label: S, encrypted: true}\n"
CASES = {
    "encrypted number": Case(
        FIELDS, field("Pin: {type: number, label: P, encrypted: true}\n"), 10, "misplaced_key", "it belongs to: email"
    ),
    "encrypted and searched": Case(
        FIELDS, field(SECRET.replace("true}", "true, searchable: true}")), 10, "encrypted_field", "by parts of it"
    ),
    "encrypted and given": Case(
        FIELDS, field(SECRET.replace("true}", "true, default: A}")), 10, "encrypted_field", "for all to read"
    ),
    "encrypted name": Case(
        FIELDS,
        CRM[FIELDS].replace("LastName: {type: text,", "LastName: {type: text, encrypted: true,"),
        1,
        "encrypted_field",
        "repeat it in clear",
    ),
    "formula of the encrypted": Case(
        FIELDS,
        field(f"{SECRET}Shown: {{type: formula, returns: text, label: S, formula: 'LEFT(Secret, 2)'}}\n"),
        11,
        "unknown_name",
        "ISBLANK and ISCHANGED",
    ),
    "dependency missing": Case(
        "package.yaml", MANIFEST + "depends_on:\n  platfrom: '>=1.0.0'\n", 6, "missing_dependency", "'platform'"
    ),
    "dependency old": Case(
        "package.yaml", MANIFEST + "depends_on:\n  platform: '>=1.10.0'\n", 6, "dependency_too_old", "1.10.0"
    ),
    "dependency circle": Case(
        "package.yaml", MANIFEST + "depends_on: {crm: '>=1.0.0'}\n", 5, "circular_dependency", "crm -> crm"
    ),
    "no namespace": Case(
        "package.yaml", MANIFEST.replace("chassis", "acme"), 4, "namespace_missing", "needs a namespace"
    ),
    "extends nothing": Case("objects/Usr/object.yaml", "extends: true\n", 1, "unknown_object", "Did you mean 'User'?"),
    "object taken": Case("objects/User/object.yaml", THING, 1, "duplicate_object", "extends: true"),
    "tenant's name": Case("objects/A__c/object.yaml", THING, 1, "invalid_name", "Call it 'A'"),
    "namespace": Case("objects/acme__A/object.yaml", THING, 1, "wrong_namespace", "Call it 'A'"),
    "prefix taken": Case("objects/Thing/object.yaml", THING.replace("0TT", "005"), 3, "duplicate_key_prefix", "User"),
    "prefix twice": Case("objects/Thing/object.yaml", THING.replace("0TT", "001"), 3, "duplicate_key_prefix", "Acc"),
    "prefix of tenants": Case(
        "objects/Thing/object.yaml", THING.replace("0TT", "a00"), 3, "reserved_key_prefix", "tenants"
    ),
    "table clash": Case("objects/USER/object.yaml", THING, 1, "name_clash", "'user'"),
    "system field": Case(
        FIELDS, field("OwnerId: {type: lookup, label: O, references: User}\n"), 10, "reserved_name", ""
    ),
    "reserved column": Case(FIELDS, field("Custom: {type: text, label: C}\n"), 10, "reserved_name", "platform"),
    "column clash": Case(FIELDS, field("FIRSTName: {type: text, label: C}\n"), 10, "name_clash", "first_name"),
    "component clash": Case(
        FIELDS, field("LocationLatitude: {type: number, label: C}\n"), 10, "name_clash", "LocationLatitude"
    ),
    "alike in nothing": Case(
        FIELDS,
        field("A: {type: text, label: A, length: 18, follows_merge: [Nam]}\n"),
        10,
        "unknown_field",
        "'Name'",
    ),
    "merged number": Case(
        FIELDS, field("A: {type: number, label: A, follows_merge: [Name]}\n"), 10, "misplaced_key", "lo"
    ),
    "misplaced key": Case(FIELDS, field("A:\n  type: date\n  label: A\n  length: 5\n"), 13, "misplaced_key", "text"),
    "too long": Case(FIELDS, field("A: {type: text, label: A, length: 2000}\n"), 10, "out_of_range", "1,300"),
    "scale": Case(FIELDS, field("A: {type: number, label: A, precision: 3, scale: 4}\n"), 10, "out_of_range", "digits"),
    "unique picklist": Case(
        FIELDS, field("A: {type: picklist, label: A, unique: true, values: [B]}\n"), 10, "misplaced_key", "unique"
    ),
    "required address": Case(
        FIELDS, field("A: {type: address, label: A, required: true}\n"), 10, "misplaced_key", "required"
    ),
    "format missing": Case(FIELDS, field("A: {type: auto_number, label: A}\n"), 10, "required_key_missing", "format"),
    "format wrong": Case(
        FIELDS,
        field("A: {type: auto_number, label: A, format: 'L-{00}-{MMM}'}\n"),
        10,
        "invalid_auto_number_format",
        "{MMM}",
    ),
    "two counters": Case(
        FIELDS,
        field("A: {type: auto_number, label: A, format: '{00}{00}'}\n"),
        10,
        "invalid_auto_number_format",
        "one counter",
    ),
    "default of a number": Case(
        FIELDS, field("A: {type: number, label: A, default: 'x'}\n"), 10, "invalid_default", "no number"
    ),
    "default of a date": Case(
        FIELDS, field("A: {type: date, label: A, default: 31.1.2026}\n"), 10, "invalid_default", "2026-01-31"
    ),
    "default of a flag": Case(
        FIELDS, field("A: {type: checkbox, label: A, default: 'true'}\n"), 10, "invalid_default", "true or false"
    ),
    "default of a picklist": Case(
        FIELDS,
        field("A: {type: picklist, label: A, values: [Red], default: Rad}\n"),
        10,
        "invalid_default",
        "Did you mean 'Red'?",
    ),
    "default of a lookup": Case(
        FIELDS, field("AId: {type: lookup, label: A, references: User, default: x}\n"), 10, "misplaced_key", "default"
    ),
    "checksum": Case(FIELDS, field("A: {type: text, label: A, checksum: vin}\n"), 10, "unknown_function", "'vin'"),
    "no references": Case(FIELDS, field("AId: {type: lookup, label: A}\n"), 10, "required_key_missing", "references"),
    "unknown object": Case(
        FIELDS,
        field("AId:\n  type: lookup\n  label: A\n  references: Acount\n"),
        13,
        "unknown_object",
        "Did you mean 'Account'?",
    ),
    "cleared though required": Case(
        FIELDS,
        field("AId: {type: lookup, label: A, references: User, required: true, on_delete: clear}\n"),
        10,
        "invalid_value",
        "restrict",
    ),
    "relationship like a field": Case(
        FIELDS, field("Friend: {type: lookup, label: A, references: User}\n"), 10, "relationship_clash", "FriendId"
    ),
    "relationship twice": Case(
        FIELDS,
        field("AId: {type: lookup, label: A, references: User, relationship_name: Account}\n"),
        10,
        "relationship_clash",
        "AccountId",
    ),
    "children twice": Case(
        FIELDS,
        field("AId: {type: lookup, label: A, references: Account, child_relationship_name: Leads_Dealer}\n")
        + "BId: {type: lookup, label: A, references: Account, child_relationship_name: Leads_dealer}\n",
        11,
        "relationship_clash",
        "child_relationship_name",
    ),
    "own master": Case(
        FIELDS, field("MId: {type: master_detail, label: M, references: Lead}\n"), 10, "circular_master_detail", "Lead"
    ),
    "controlled by a text": Case(
        OBJECT, LEAD + "sharing: controlled_by_parent\ncontrolled_by: FirstName\n", 6, "not_a_reference", "lookup"
    ),
    "controlled by nothing": Case(OBJECT, LEAD + "sharing: controlled_by_parent\n", 1, "required_key_missing", "contr"),
    "control misplaced": Case(OBJECT, LEAD + "controlled_by: AccountId\n", 5, "misplaced_key", "controlled_by_parent"),
    "name of a person": Case(
        OBJECT, LEAD.replace("type: text", "type: person"), 4, "required_key_missing", "last name"
    ),
    "name part": Case(
        OBJECT, LEAD.replace("type: text", "type: person, last: LstName"), 4, "unknown_field", "'LastName'"
    ),
    "compact field": Case(OBJECT, LEAD + "compact_fields: [Name, Statu]\n", 5, "unknown_field", "'Status'"),
    "no values": Case(FIELDS, field("A: {type: picklist, label: A}\n"), 10, "required_key_missing", "value_set"),
    "value twice": Case(
        FIELDS, field("A: {type: picklist, label: A, values: [Red, red]}\n"), 10, "duplicate_value", "'Red'"
    ),
    "semicolon": Case(FIELDS, field("A: {type: picklist, label: A, values: [a;b]}\n"), 10, "invalid_format", "semi"),
    "value set": Case(
        FIELDS, field("A: {type: picklist, label: A, value_set: Industri}\n"), 10, "unknown_value_set", "'Industry'"
    ),
    "controlling field": Case(
        FIELDS,
        field("A: {type: picklist, label: A, values: [B], controlling_field: Statsu}\n"),
        10,
        "unknown_field",
        "'Status'",
    ),
    "controlling value": Case(
        FIELDS,
        field(
            "A:\n  {type: picklist, label: A, controlling_field: Status, values: [{value: B, controlled_by: [Nw]}]}\n"
        ),
        11,
        "unknown_value",
        "'New'",
    ),
    "controlling circle": Case(
        FIELDS,
        field("A: {type: picklist, label: A, values: [B], controlling_field: A}\n"),
        10,
        "circular_control",
        "A -> A",
    ),
    "record type value": Case(
        "objects/Lead/record_types.yaml",
        "P:\n  label: P\n  picklists:\n    Status: [Nwe]\n",
        4,
        "unknown_value",
        "'New'",
    ),
    "record type of no picklist": Case(
        "objects/Lead/record_types.yaml", "P: {label: P, picklists: {Notes: [A]}}\n", 1, "wrong_type", "picklists"
    ),
    "path stage": Case(
        "objects/Lead/paths.yaml",
        "P:\n  field: Status\n  stages:\n    - {value: New}\n    - {value: Won}\n",
        5,
        "unknown_value",
        "New, Lost",
    ),
    "path field": Case(
        "objects/Lead/paths.yaml", "P: {field: Stat, stages: [{value: A}]}\n", 1, "unknown_field", "Stat"
    ),
    "path record type": Case(
        "objects/Lead/paths.yaml",
        "P: {field: Status, record_type: Persona, stages: [{value: New}]}\n",
        1,
        "unknown_record_type",
        "'Personal'",
    ),
    "column": Case(
        VIEWS, "A:\n  label: A\n  columns:\n    - Name\n    - Acount.Name\n", 5, "unknown_relationship", "'Acc"
    ),
    "column of the parent": Case(VIEWS, "A: {label: A, columns: [Account.Fone]}\n", 1, "unknown_field", "'Phone'"),
    "second default": Case(
        VIEWS,
        "A: {label: A, columns: [Name], default: true}\nB: {label: B, columns: [Name], default: true}\n",
        2,
        "second_default",
        "'A'",
    ),
    "filter field": Case(
        VIEWS, VIEW + "  filters: [{field: Notes, operator: '=', value: x}]\n", 4, "not_filterable", "long_text"
    ),
    "filter operator": Case(
        VIEWS, VIEW + "  filters: [{field: Amount, operator: LIKE, value: x}]\n", 4, "invalid_operator", "<="
    ),
    "filter list": Case(
        VIEWS, VIEW + "  filters: [{field: Status, operator: IN, value: New}]\n", 4, "wrong_type", "list of values"
    ),
    "filter value": Case(
        VIEWS, VIEW + "  filters:\n    - {field: Status, operator: '=', value: Nwe}\n", 5, "unknown_value", "'New'"
    ),
    "filter date": Case(
        VIEWS, VIEW + "  filters: [{field: CreatedDate, operator: '>', value: LAST_WEAK}]\n", 4, "wrong_type", "2026"
    ),
    "logic number": Case(
        VIEWS,
        VIEW + "  filters: [{field: Amount, operator: '>', value: 1}]\n  logic: 1 OR 2\n",
        5,
        "invalid_logic",
        "no filter 2",
    ),
    "logic words": Case(
        VIEWS,
        VIEW + "  filters: [{field: Amount, operator: '>', value: 1}]\n  logic: (1 AND\n",
        5,
        "invalid_logic",
        "can't be read",
    ),
    "order": Case(VIEWS, VIEW + "  order_by: [{field: Topics}]\n", 4, "not_sortable", "multi_picklist"),
    "layout field": Case(
        "objects/Account/layouts.yaml",
        "M:\n  sections:\n    - {label: A, fields: [Fone]}\n",
        3,
        "unknown_field",
        "Phone",
    ),
    "layout twice": Case(
        "objects/Account/layouts.yaml",
        "M:\n  sections:\n    - {label: A, fields: [Phone]}\n    - {label: B, fields: [Phone]}\n",
        4,
        "duplicate_value",
        "already",
    ),
    "related list": Case(
        "objects/Account/layouts.yaml",
        "M: {sections: [{label: A, fields: [Name]}], related_lists: [{relationship: Laeds, columns: [Name]}]}\n",
        1,
        "unknown_child_relationship",
        "'Leads'",
    ),
    "tab": Case("apps/Sales.yaml", "label: Sales\ntabs: [home, Leed]\n", 2, "unknown_object", "'Lead'"),
    "granted object": Case(
        "permission_sets/A.yaml", "label: A\nobjects:\n  Leed: [read]\n", 3, "unknown_object", "'Lead'"
    ),
    "granted field": Case(
        "permission_sets/A.yaml", "label: A\nfields:\n  Lead.Statu: read\n", 3, "unknown_field", "'Status'"
    ),
    "granted app": Case("permission_sets/A.yaml", "label: A\napps: [Sale]\n", 2, "unknown_app", "'Sales'"),
    "write without read": Case(
        "permission_sets/A.yaml", "label: A\nobjects: {Lead: [update]}\n", 2, "invalid_value", "Add read"
    ),
    "role parent": Case("roles.yaml", "A: {label: A}\nB: {label: B, parent: C}\n", 2, "unknown_role", "'C'"),
    "role circle": Case("roles.yaml", "A: {label: A, parent: A}\n", 1, "circular_roles", "A -> A"),
    "queue": Case("queues.yaml", "A: {label: A, objects: [Leed]}\n", 1, "unknown_object", "'Lead'"),
    "translation": Case(
        "translations/de.yaml",
        "objects:\n  Lead:\n    fields:\n      Staus:\n        label: Status\n",
        5,
        "unknown_translation_key",
        "'objects.Lead.fields.Status.label'",
    ),
    "language": Case("translations/chinese.yaml", "apps: {Sales: S}\n", 1, "invalid_name", "zh_CN"),
    "data key": Case("data/Account.yaml", "key: Phone\nrecords: []\n", 1, "not_an_external_id", "Code"),
    "data field": Case(
        "data/Account.yaml", "key: Code\nrecords:\n  - {Code: A, Nme: A}\n", 3, "unknown_field", "'Name'"
    ),
    "data twice": Case(
        "data/Account.yaml", "key: Code\nrecords:\n  - {Code: A}\n  - {Code: A}\n", 4, "duplicate_value", ""
    ),
    "data value": Case(
        "data/Account.yaml", "key: Code\nrecords:\n  - {Code: A, Industry: Cra}\n", 3, "unknown_value", "'Car'"
    ),
    "data id": Case(
        "data/Account.yaml", "key: Code\nrecords:\n  - {Code: A, OwnerId: 005}\n", 3, "invalid_value", "Owner: {"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_of_meaning_is_told_with_its_place(case: Case, tmp_path: Path) -> None:
    platform = package_of(tmp_path / "platform", PLATFORM)
    crm = package_of(tmp_path / "crm", CRM, {case.file: case.text})

    problems = check_package(crm, [platform])

    found = [each for each in problems if each.code == case.code and each.file == case.file]
    assert found, problems
    assert case.line in [each.line for each in found]
    assert any(case.says in each.message for each in found)


def test_a_right_package_has_no_problems(tmp_path: Path) -> None:
    platform = package_of(tmp_path / "platform", PLATFORM)
    crm = package_of(tmp_path / "crm", CRM)

    assert check_package(platform, []) == []
    assert check_package(crm, [platform]) == []


def test_an_unknown_translation_key_is_only_a_warning(tmp_path: Path) -> None:
    platform = package_of(tmp_path, PLATFORM, {"translations/de.yaml": "apps: {Gone: Weg}\n"})

    problems = check_package(platform, [])

    assert [is_warning(each) for each in problems] == [True]


def test_a_package_adds_to_anothers_object_under_its_namespace(tmp_path: Path) -> None:
    platform = package_of(tmp_path / "platform", PLATFORM)
    crm = package_of(tmp_path / "crm", CRM)
    acme = package_of(
        tmp_path / "acme",
        {
            "package.yaml": (
                "name: acme\nlabel: A\nversion: 1.0.0\npublisher: acme\nnamespace: acme\ndepends_on: {crm: '>=1.0.0'}\n"
            ),
            "objects/acme__Car/object.yaml": THING,
            "objects/Lead/object.yaml": "extends: true\n",
            "objects/Lead/fields.yaml": (
                "acme__CarId: {type: lookup, label: Car, references: acme__Car}\n"
                "CarId: {type: lookup, label: Car, references: acme__Car}\n"
                "AccountId: {extends: true, references: [acme__Car]}\n"
                "Status: {extends: true, values: [Sold]}\n"
                "Gone: {extends: true, values: [Sold]}\n"
            ),
        },
    )

    problems = check_package(acme, [platform, crm])

    assert [(each.path, each.code) for each in problems] == [
        ("objects.Lead.fields.CarId", "wrong_namespace"),
        ("objects.Lead.fields.Gone", "unknown_field"),
    ]


def test_a_tenants_layer_is_checked_over_its_packages(tmp_path: Path) -> None:
    platform = package_of(tmp_path / "platform", PLATFORM)
    base = compile_snapshot([platform, package_of(tmp_path / "crm", CRM)])
    layer = Layer(
        fields={
            "Lead": (
                parse_component("field", "Size", {"type": "number", "label": "Size"}),
                parse_component("field", "Team__c", {"type": "lookup", "label": "Team", "references": "Team__c"}),
            )
        },
        list_views=(parse_component("list_view", "Lead.Mine", {"label": "Mine", "columns": ["Size__c"]}),),
    )

    problems = check_layer(layer, base)

    assert [(each.path, each.code) for each in problems] == [
        ("objects.Lead.fields.Size", "invalid_name"),
        ("objects.Lead.fields.Team__c.references", "unknown_object"),
        ("objects.Lead.list_views.Mine.columns.0", "unknown_field"),
    ]
