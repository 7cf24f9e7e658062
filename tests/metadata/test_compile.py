"""Compiling: what is in force once packages and a tenant's layer lie over each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chassis_metadata.compile import compile_snapshot, overlay
from chassis_metadata.components import Layer, Package
from chassis_metadata.fields import FieldType
from chassis_metadata.naming import free_key_prefix, storage_name
from chassis_metadata.parse import parse_component
from chassis_metadata.snapshot import Snapshot
from package_folders import CRM, PLATFORM, package_of


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Package]:
    folder = tmp_path_factory.mktemp("packages")
    return [package_of(folder / "crm", CRM), package_of(folder / "platform", PLATFORM)]


@pytest.fixture(scope="module")
def base(packages: list[Package]) -> Snapshot:
    return compile_snapshot(packages)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("WeComExternalUserId", "we_com_external_user_id"),
        ("Product2", "product2"),
        ("Order", "order"),
        ("OEMCode", "oem_code"),
        ("VIN", "vin"),
        ("acme__HomeTown", "acme__home_town"),
    ],
)
def test_columns_are_called_like_fields(name: str, stored: str) -> None:
    assert storage_name(name) == stored


def test_a_tenants_object_gets_a_prefix_that_is_free() -> None:
    assert free_key_prefix({"001", "a00", "a02"}) == "a01"


def test_system_fields_stand_at_both_ends(base: Snapshot) -> None:
    names = list(base.objects["Lead"].fields)

    assert names[:5] == ["Id", "Name", "RecordTypeId", "OwnerId", "LastName"]
    assert names[-6:] == [
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "SystemModstamp",
        "IsDeleted",
    ]


def test_only_objects_with_record_types_have_the_field(base: Snapshot) -> None:
    assert "RecordTypeId" not in base.objects["Account"].fields
    assert base.objects["Lead"].fields["RecordTypeId"].references == ("RecordType",)


def test_an_object_without_owners_has_no_owner(base: Snapshot) -> None:
    assert not base.objects["User"].has_owner
    assert base.objects["Lead"].fields["OwnerId"].references == ("User", "Group")


def test_objects_and_fields_have_tables_and_columns(base: Snapshot) -> None:
    account = base.objects["Account"]

    assert account.table == "account"
    assert account.fields["Code"].column == "code"
    assert account.fields["SystemModstamp"].column == "system_modstamp"


def test_an_address_is_stored_in_its_components(base: Snapshot) -> None:
    fields = base.objects["Account"].fields
    street = fields["BillingStreet"]

    assert fields["BillingAddress"].column is None
    assert fields["BillingAddress"].components[0] == "BillingStreet"
    assert (street.column, street.compound, street.length) == ("billing_street", "BillingAddress", 255)
    assert (street.indexed, street.classification) == (True, fields["BillingAddress"].classification)


def test_a_geolocation_is_two_numbers(base: Snapshot) -> None:
    latitude = base.objects["Lead"].fields["LocationLatitude"]

    assert (latitude.type, latitude.precision, latitude.scale) == (FieldType.NUMBER, 9, 6)


def test_sizes_and_values_are_filled_in(base: Snapshot) -> None:
    lead, account = base.objects["Lead"].fields, base.objects["Account"].fields

    assert (lead["LastName"].length, lead["Notes"].length) == (255, 32_768)
    assert (lead["Amount"].precision, lead["Amount"].scale) == (18, 2)
    assert lead["Status"].default == "Lost"
    assert [(each.value, each.default) for each in account["Industry"].values] == [("Car", True), ("Bank", False)]


def test_two_fields_of_a_child_make_two_relationships(base: Snapshot) -> None:
    children = {each.name: each.field for each in base.objects["Account"].children}

    assert children == {"Leads": "AccountId", "Leads_Dealer": "DealerId"}
    assert base.objects["Lead"].fields["DealerId"].child_relationship_name == "Leads_Dealer"


def test_an_object_without_pages_gets_them(base: Snapshot) -> None:
    account = base.objects["Account"]
    layout = base.objects["Lead"].layouts[0]

    assert [(each.name, each.label) for each in account.list_views] == [("All", "All Accounts")]
    assert account.list_views[0].columns == ("Name", "Phone", "CreatedDate")
    assert layout.name == "Default"
    assert {"Location", "Status", "OwnerId"} <= set(layout.sections[0].fields)
    assert "LocationLatitude" not in layout.sections[0].fields


def test_texts_of_value_sets_and_system_fields_reach_every_field(base: Snapshot) -> None:
    assert base.text("zh_CN", "objects.Lead.fields.Status.values.New", "New") == "新建"
    assert base.text("zh_CN", "objects.Account.fields.Industry.values.Car", "Car") == "汽车"
    assert base.text("zh_CN", "objects.User.fields.CreatedDate.label", "Created") == "创建日期"
    assert base.text("zh_CN", "objects.Lead.plural_label", "Leads") == "Leads"


def test_a_reference_to_an_object_that_is_not_there_is_dropped(packages: list[Package]) -> None:
    crm_alone = compile_snapshot(packages[:1])

    assert crm_alone.objects["Lead"].fields["OwnerId"].references == ()
    assert crm_alone.objects["Lead"].fields["AccountId"].references == ("Account",)


def test_the_order_of_packages_changes_nothing(packages: list[Package], base: Snapshot) -> None:
    other_way = compile_snapshot(packages[::-1])

    assert list(base.packages) == ["platform", "crm"]
    assert other_way == base


def test_the_identity_follows_the_content(packages: list[Package], base: Snapshot) -> None:
    crm, platform = packages
    changed = replace(crm, manifest=replace(crm.manifest, description="More"))

    assert compile_snapshot([platform, crm]).identity == base.identity
    assert compile_snapshot([platform, changed]).identity != base.identity


def layer_of_a_tenant() -> Layer:
    return Layer(
        objects={
            "Team__c": parse_component(
                "object",
                "Team__c",
                {"label": "队伍", "plural_label": "队伍", "key_prefix": "a00", "name": {"type": "text", "label": "N"}},
            )
        },
        fields={
            "Team__c": (
                parse_component("field", "Account__c", {"type": "lookup", "label": "Account", "references": "Account"}),
            ),
            "Lead": (
                parse_component("field", "Home__c", {"type": "address", "label": "Home"}),
                parse_component("field", "Team__c", {"type": "lookup", "label": "Team", "references": "Team__c"}),
            ),
        },
        list_views=(
            parse_component("list_view", "Lead.Ours", {"label": "Ours", "columns": ["Name"], "default": True}),
        ),
        permission_sets=(parse_component("permission_set", "Ours", {"label": "Ours"}),),
    )


def test_an_empty_layer_is_the_base_itself(base: Snapshot) -> None:
    assert overlay(base, Layer()) is base


def test_a_tenants_objects_and_fields_have_no_storage_of_their_own(base: Snapshot) -> None:
    ours = overlay(base, layer_of_a_tenant())

    team, lead = ours.objects["Team__c"], ours.objects["Lead"]
    assert team.table is None
    assert (team.fields["Account__c"].column, team.fields["Name"].column) == (None, "name")
    assert lead.fields["Home__Street__s"].column is None
    assert lead.fields["Home__Street__s"].compound == "Home__c"
    assert list(lead.fields)[-1] == "IsDeleted"


def test_a_tenants_relationships_end_in_r(base: Snapshot) -> None:
    ours = overlay(base, layer_of_a_tenant())

    assert ours.objects["Lead"].fields["Team__c"].relationship_name == "Team__r"
    assert [each.name for each in ours.objects["Team__c"].children] == ["Leads__r"]
    assert "Teams__r" in {each.name for each in ours.objects["Account"].children}


def test_a_tenants_default_list_view_wins(base: Snapshot) -> None:
    ours = overlay(base, layer_of_a_tenant())

    views = ours.objects["Lead"].list_views
    assert [(each.name, each.default) for each in views] == [("Open", False), ("Ours", True)]


def test_objects_that_nobody_touched_are_shared(base: Snapshot) -> None:
    ours = overlay(base, layer_of_a_tenant())

    shared = [name for name, each in base.objects.items() if ours.objects[name] is each]
    assert shared == ["Group", "RecordType", "User"]
    assert ours.identity != base.identity
    assert ours.texts.keys() == base.texts.keys()


def test_a_generated_page_grows_with_its_object(base: Snapshot) -> None:
    ours = overlay(base, layer_of_a_tenant())

    (layout,) = ours.objects["Lead"].layouts
    assert "Home__c" in layout.sections[0].fields


def test_another_packages_picklists_and_lookups_can_be_widened(packages: list[Package], tmp_path: Path) -> None:
    more = package_of(
        tmp_path,
        {
            "package.yaml": "name: more\nlabel: M\nversion: 1.0.0\npublisher: chassis\ndepends_on: {crm: '>=1.0.0'}\n",
            "objects/Car/object.yaml": (
                "label: Car\nplural_label: Cars\nkey_prefix: 0Ca\nname: {type: text, label: Name}\n"
            ),
            "objects/Lead/object.yaml": "extends: true\n",
            "objects/Lead/fields.yaml": (
                "AccountId: {extends: true, references: [Car]}\nStatus: {extends: true, values: [Sold]}\n"
            ),
        },
    )

    lead = compile_snapshot([*packages, more]).objects["Lead"]

    assert lead.fields["AccountId"].references == ("Account", "Car")
    assert [each.value for each in lead.fields["Status"].values] == ["New", "Lost", "Sold"]
