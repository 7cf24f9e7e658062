"""Describe, against what the field's clients read: every key, true values, nothing that the user may not see."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from chassis_metadata.components import PicklistValue
from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field
from chassis_platform.api.describe_fields import valid_for
from chassis_platform.api.first_seen import FirstSeen
from serving import Site

DATA = "/services/data/v66.0"


def words(text: str) -> set[str]:
    return set(text.split())


#: As jsforce's `Field` and recordings of v61 have them.
FIELD_KEYS = words(
    """aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive
    compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate
    dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo filterable
    filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup inlineHelpText
    label length mask maskType name nameField namePointing nillable permissionable picklistValues polymorphicForeignKey
    precision queryByDistance referenceTargetField referenceTo relationshipName relationshipOrder restrictedDelete
    restrictedPicklist scale searchPrefilterable soapType sortable type unique updateable
    writeRequiresMasterRead"""
)
OBJECT_KEYS = words(
    """actionOverrides activateable associateEntityType associateParentEntity childRelationships compactLayoutable
    createable custom customSetting deepCloneable defaultImplementation deletable deprecatedAndHidden extendedBy
    extendsInterfaces feedEnabled fields hasSubtypes implementedBy implementsInterfaces isInterface isSubtype keyPrefix
    label labelPlural layoutable listviewable lookupLayoutable mergeable mruEnabled name namedLayoutInfos
    networkScopeFieldName queryable recordTypeInfos replicateable retrieveable searchLayoutable searchable
    sobjectDescribeOption supportedScopes triggerable undeletable updateable urls"""
)
#: What Airbyte's source knows; it stops at any other type.
KNOWN_TYPES = words(
    """base64 boolean byte calculated combobox complexvalue currency datacategorygroupreference date datetime double
    email encryptedstring id int json location address masterrecord multipicklist percent phone picklist reference
    string textarea time url"""
)


def described(site: Site, who: str, path: str = "sobjects/Lead/describe") -> Any:
    with site.partner(who) as partner:
        answer = partner.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def lead(site: Site) -> Any:
    return described(site, "consultant")


def test_an_object_is_described_with_every_key(lead: Any) -> None:
    assert set(lead) == OBJECT_KEYS
    assert all(set(each) == FIELD_KEYS | {"masked"} for each in lead["fields"])
    assert {each["type"] for each in lead["fields"]} <= KNOWN_TYPES


def test_sizes_and_types_agree(lead: Any) -> None:
    fields = {each["name"]: each for each in lead["fields"]}
    numbers = [each for each in lead["fields"] if each["type"] in ("int", "double", "currency", "percent")]

    assert all((each["type"] == "int") == (each["soapType"] == "xsd:int") for each in numbers)
    assert all((each["digits"] > 0) == (each["type"] == "int") for each in numbers)
    assert (fields["OwnerId"]["length"], fields["OwnerId"]["byteLength"]) == (18, 18)
    assert fields["LastName"]["byteLength"] == 3 * fields["LastName"]["length"]
    assert fields["LastName"]["compoundFieldName"] == "Name"
    assert fields["OwnerId"]["referenceTo"] == ["User", "Group"]
    assert fields["OwnerId"]["polymorphicForeignKey"]
    assert fields["Name"]["nameField"]
    assert not fields["Name"]["createable"]


def test_every_address_in_a_description_is_answered(site: Site, lead: Any) -> None:
    urls = [url for name, url in lead["urls"].items() if not name.startswith(("ui", "rowTemplate"))]
    urls += [each["urls"]["layout"] for each in lead["recordTypeInfos"]]
    headers = {"authorization": f"Bearer {site.token('consultant')}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=30) as client:
        resources = client.get(DATA).json()
        gone = [url for url in urls if client.get(url).status_code != 200]
        missing = [name for name, url in resources.items() if client.get(url).status_code in (404, 405)]
        assert client.get(lead["urls"]["layouts"] + "/012000000000000").status_code == 200
        assert client.get(f"{lead['urls']['describe']}/namedLayouts/UserAlt").status_code == 404
    assert (gone, missing) == ([], [])


def test_labels_are_in_the_users_language(site: Site, lead: Any) -> None:
    chinese = described(site, "colleague")
    assert (lead["label"], chinese["label"]) == ("Lead", "潜在客户")
    assert [each["label"] for each in chinese["supportedScopes"]][:2] == ["全部潜在客户", "我的潜在客户"]
    assert {each["name"] for each in described(site, "colleague", "sobjects")["sobjects"]} >= {"Lead", "Account"}


def test_child_relationships_say_what_deleting_does_and_lead_to_what_is_seen(site: Site, lead: Any) -> None:
    seen = {each["name"] for each in described(site, "consultant", "sobjects")["sobjects"]}
    items = next(each for each in lead["childRelationships"] if each["relationshipName"] == "LeadLineItems")
    assert (items["cascadeDelete"], items["restrictedDelete"], items["field"]) == (True, False, "LeadId")
    assert {each["childSObject"] for each in lead["childRelationships"]} <= seen


def test_layouts_name_their_fields_and_the_values_of_each_record_type(site: Site, lead: Any) -> None:
    found = described(site, "consultant", "sobjects/Lead/describe/layouts")
    readable = {each["name"] for each in lead["fields"]}
    [layout, *_] = found["layouts"]
    shown = [
        component["value"]
        for section in layout["detailLayoutSections"]
        for row in section["layoutRows"]
        for item in row["layoutItems"]
        for component in item["layoutComponents"]
    ]
    assert shown
    assert set(shown) <= readable
    assert {each["layoutId"] for each in found["recordTypeMappings"]} <= {each["id"] for each in found["layouts"]}
    personal = next(each for each in found["recordTypeMappings"] if each["developerName"] == "PersonalLead")
    picklists = {each["picklistName"]: each["picklistValues"] for each in personal["picklistsForRecordType"]}
    assert {"value", "label", "active", "validFor", "defaultValue"} == set(picklists["Status"][0])
    assert described(site, "consultant", personal["urls"]["layout"].removeprefix(f"{DATA}/"))["id"] in {
        each["id"] for each in found["layouts"]
    }


def test_an_object_without_layouts_has_one_with_everything(site: Site) -> None:
    [layout] = described(site, "admin", "sobjects/UserRole/describe/layouts")["layouts"]
    assert all(each["rows"] == len(each["layoutRows"]) > 0 for each in layout["detailLayoutSections"])


def test_compact_and_approval_layouts_have_the_fields_clients_ask_for(site: Site) -> None:
    compact = described(site, "consultant", "sobjects/Lead/describe/compactLayouts")
    approval = described(site, "consultant", "sobjects/Lead/describe/approvalLayouts")
    assert compact["defaultCompactLayoutId"] == compact["compactLayouts"][0]["id"]
    assert compact["compactLayouts"][0]["fieldItems"][0]["layoutComponents"][0]["value"] == "Name"
    assert {"id", "label", "layoutItems", "name"} == set(approval["approvalLayouts"][0])


def test_a_description_is_not_sent_again_to_whoever_has_it(site: Site) -> None:
    with site.partner("consultant") as partner:
        first = partner.get("sobjects/Lead/describe")
        tag, modified = first.headers["etag"], first.headers["last-modified"]
        answers = [
            partner.get("sobjects/Lead/describe", headers={"if-none-match": tag}),
            partner.get("sobjects/Lead/describe", headers={"if-modified-since": modified}),
            partner.get("sobjects/Lead/describe", headers={"if-modified-since": "Sun, 22 Nov 2015 08:00:00 GMT"}),
            partner.get("sobjects/Lead/describe", headers={"if-modified-since": "yesterday"}),
            partner.get("sobjects/Account/describe", headers={"if-none-match": tag}),
            partner.get("sobjects", headers={"if-none-match": partner.get("sobjects").headers["etag"]}),
        ]
    assert [each.status_code for each in answers] == [304, 304, 200, 400, 200, 304]
    assert answers[0].content == b""


def test_a_description_is_another_one_after_a_change_of_definitions_and_for_another_user(site: Site) -> None:
    with site.partner("consultant") as partner, site.partner("colleague") as colleague, site.browser("admin") as admin:
        first = partner.get("sobjects/Campaign/describe")
        assert colleague.get("sobjects/Campaign/describe").headers["etag"] != first.headers["etag"]
        made = admin.post(
            "/setup/objects/Campaign/fields", json={"name": "Slogan", "type": "text", "label": "Slogan", "length": 40}
        )
        assert made.status_code in (200, 201), made.text
        again = partner.get("sobjects/Campaign/describe", headers={"if-none-match": first.headers["etag"]})
        since = partner.get("sobjects/Campaign/describe", headers={"if-modified-since": first.headers["last-modified"]})
    assert (again.status_code, since.status_code) == (200, 200)


@pytest.mark.parametrize(
    ("count", "controlled_by", "bits"),
    [(3, ("C0", "C2"), b"\xa0"), (9, ("C8",), b"\x00\x80"), (10, (), b"\xff\xc0")],
)
def test_the_bits_of_a_dependent_value_are_the_places_of_its_controlling_values(
    count: int, controlled_by: tuple[str, ...], bits: bytes
) -> None:
    values = tuple(PicklistValue(f"C{place}", f"C{place}") for place in range(count))
    controlling = Field("Thing", "Kind", FieldType.PICKLIST, "Kind", None, values=values)
    found = valid_for(PicklistValue("S", "S", controlled_by=controlled_by), controlling)
    assert base64.b64decode(str(found)) == bits


def test_a_description_is_dated_by_its_first_sight_and_after_a_change_by_the_next_second() -> None:
    seen, start = FirstSeen(), datetime(2026, 11, 22, 8, 0, 0, 300_000, UTC)
    second = start.replace(microsecond=0)
    later = [start + timedelta(milliseconds=each) for each in (100, 400, 800)]

    assert seen.since("who", "before", start) == second
    assert seen.since("who", "before", later[0]) == second
    assert seen.since("who", "after", later[1]) is None
    assert seen.since("who", "after", later[2]) == second + timedelta(seconds=1)
    assert seen.since("somebody else", "after", later[2]) == second + timedelta(seconds=1)
