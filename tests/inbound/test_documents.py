from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chassis_metadata.errors import Invalid
from inbound.automotive import DOCUMENTS, document, units_of, values

INTERESTS = {"buy": "Buy", "lease": "Lease", "sell": "Sell", "trade-in": "TradeIn", "test-drive": "TestDrive"}
MANIFEST: list[dict[str, Any]] = json.loads((DOCUMENTS / "manifest.json").read_text(encoding="utf-8"))
ADF = [(Path(each["file"]).name, each["expect"]) for each in MANIFEST if each["file"].startswith("adf/")]


@pytest.mark.parametrize(("name", "expected"), ADF, ids=[name for name, _ in ADF])
def test_every_document_gives_what_the_manifest_says(name: str, expected: dict[str, Any]) -> None:
    units = units_of(document(name))
    [lead] = values(units[0], "lead")

    assert len(units) == expected.get("prospects", 1)
    _check_customer(lead, {**expected.get("customer", {}), **expected.get("if_accepted", {}).get("customer", {})})
    _check_texts(lead, expected)
    for vehicle in expected.get("vehicles", []):
        assert any(_matches(line, lead, vehicle) for line in values(units[0], "line")), vehicle
    if expected.get("vehicles") == []:
        assert values(units[0], "line") == []


def _check_customer(lead: dict[str, Any], customer: dict[str, Any]) -> None:
    for key, name in (("first_name", "FirstName"), ("last_name", "LastName"), ("email", "Email")):
        if key in customer:
            # A lead must be called something: where the sender knows no last name, it says so.
            absent = "[not provided]" if name == "LastName" else None
            assert lead.get(name) == (customer[key] or absent)
    if "full_name" in customer:
        assert f"{lead['FirstName']} {lead['LastName']}" == customer["full_name"]
    if "phone" in customer:
        assert lead.get("MobilePhone", lead.get("Phone")) == customer["phone"].replace("-", "")
    if "phones" in customer:
        assert (lead["MobilePhone"], lead["Phone"]) == ("+15145550103", "+15145550101")
        assert "Other phones: phone evening +15145550102" in lead["Description"]
    if "locale" in customer:
        assert f"locale: {customer['locale']}" in lead["Description"]


def _check_texts(lead: dict[str, Any], expected: dict[str, Any]) -> None:
    for key in ("comment_contains", "comments_contains"):
        assert expected.get(key, "") in lead["Description"]
    for tag in expected.get("unknown_tags", []):
        assert f"\n{tag}: " in lead["Description"]
    if "id" in expected:
        assert lead["ExternalLeadId"] == expected["id"]
    assert expected.get("source", "") in lead.get("LeadSourceDetail", "")
    if "vendor_id" in expected:
        assert f"Vendor code: {expected['vendor_id']}" in lead["Description"]


def _matches(line: dict[str, Any], lead: dict[str, Any], vehicle: dict[str, Any]) -> bool:
    said = {
        "InterestType": INTERESTS.get(vehicle.get("interest", "")),
        "Classification": vehicle.get("status", "").title() or None,
        "Year": vehicle.get("year"),
        "MakeText": vehicle.get("make"),
        "ModelText": vehicle.get("model"),
        "AssetIdentificationNumber": vehicle.get("vin"),
        "OdometerValue": vehicle.get("odometer"),
        "OdometerUnit": vehicle.get("units", "").title() or None,
    }
    same = all(line.get(name) == value for name, value in said.items() if value is not None)
    price = "price" not in vehicle or float(line["UnitPrice"]) == vehicle["price"]
    currency = f"Currency: {vehicle.get('currency', '')}" in line.get("OptionsText", "Currency: ")
    colours = len(line.get("ExteriorColorText", "").split(", ")) == vehicle.get("colour_preferences", 1)
    options = "Sport seats (F0823343) +50 1460.99 CAD" in line.get("OptionsText", "") or "options" not in vehicle
    comment = vehicle.get("comments_contains", "") in lead["Description"]
    return same and price and currency and colours and options and comment


def test_a_resent_prospect_is_a_version_of_the_first() -> None:
    first, second, third = units_of(document("09_several_prospects_one_file.xml"))

    assert first.key == first.base == second.base != third.key
    assert second.key.startswith(f"{first.key}|sha256:")


def test_a_word_for_nothing_is_nothing_in_a_vehicle_but_a_name_in_a_name() -> None:
    [unit] = units_of(document("11_empty_and_null_placeholders.xml"))

    assert values(unit, "lead")[0]["LastName"] == "Null"
    assert values(unit, "lead")[0]["TradeInWanted"] is True
    assert [line["MakeText"] for line in values(unit, "line")] == ["Subaru"]


def test_text_between_elements_and_unknown_tags_are_kept() -> None:
    [unit] = units_of(document("07_spanish_stray_text_and_extra_tags.xml"))

    description = values(unit, "lead")[0]["Description"]
    assert "identification: 00000000\nIDENTIFICADOR FISCAL" in description


def test_numbers_that_are_masked_in_their_fields_are_not_repeated_in_the_description() -> None:
    [unit] = units_of(document("04_new_buy_plus_trade_in.xml"))

    [lead] = values(unit, "lead")
    assert lead["Phone"] == "3125550166"
    assert "555-0166" not in lead["Description"]
    assert "sam.tester@example.org" not in lead["Description"]


def test_a_star_document_becomes_a_lead_with_the_car_wanted_and_the_car_owned() -> None:
    [unit] = units_of(document("star_process_sales_lead.xml"), "star")

    [lead] = values(unit, "lead")
    assert (lead["FirstName"], lead["LastName"], lead["Phone"]) == ("Remy", "Starman", "2145550123")
    assert lead["Description"].startswith("Looking for AWD & heated seats")
    lines = [*values(unit, "line"), *values(unit, "owned")]
    found = [(line["InterestType"], line["MakeText"], line["ModelText"], line["Year"]) for line in lines]
    assert found == [("Buy", "Honda", "Passport", 2026), ("Sell", "Honda", "Pilot", 2017)]


def test_the_vendors_branch_gives_the_branch_the_dealer_and_the_queue() -> None:
    answers = {
        ("BranchUnit", "BranchCode", "7250_16", "Id"): "2BU1",
        ("BranchUnit", "Id", "2BU1", "LeadQueueId"): "00G1",
        ("BranchUnit", "Id", "2BU1", "DealerAccountId"): "0011",
        ("Account", "Name", "AutoMarket Leads", "Id"): "0012",
    }

    [unit] = units_of(document("04_new_buy_plus_trade_in.xml"), answers=answers)

    [lead] = values(unit, "lead")
    assert (lead["BranchUnitId"], lead["OwnerId"], lead["PreferredDealerId"]) == ("2BU1", "00G1", "0011")
    assert lead["LeadProviderId"] == "0012"
    assert [each["AccountId"] for each in values(unit, "seller")] == ["0011"]
    assert [each["AccountRole"] for each in values(unit, "provider")] == ["LeadProvider"]


@pytest.mark.parametrize(
    ("answers", "owner"),
    [({("Group", "DeveloperName", "OemLeadDesk", "Id"): "00G9"}, "00G9"), ({}, "005RUNASUSER")],
)
def test_without_a_branch_the_lead_desk_owns_the_lead_and_without_one_the_user(
    answers: dict[tuple[str, str, str, str], str], owner: str
) -> None:
    [unit] = units_of(document("01_minimal_spec_uppercase_pi.xml"), answers=answers)

    assert values(unit, "lead")[0]["OwnerId"] == owner


PROSPECT = (
    "<adf><prospect>{before}<vehicle>{vehicle}</vehicle><customer><contact>{name}"
    "<email>a@example.com</email></contact>{after}</customer></prospect></adf>"
)


def prospect(**parts: str) -> bytes:
    usual = {"before": "", "vehicle": "<make>Kia</make>", "name": "<name>Pat Example</name>", "after": ""}
    return PROSPECT.format(**(usual | parts)).encode()


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("<name>欧阳示例</name>", "示例", "欧阳"),
        ("<name>张三</name>", "三", "张"),
        ("<name>Ann B. Lee</name>", "Ann B.", "Lee"),
        ("<name>Cher</name>", None, "Cher"),
        ('<name part="first">A</name><name part="middle">B</name><name part="surname">C</name>', "A B", "C"),
    ],
)
def test_names_are_split(name: str, first: str | None, last: str) -> None:
    [unit] = units_of(prospect(name=name))

    [lead] = values(unit, "lead")
    assert (lead.get("FirstName"), lead["LastName"]) == (first, last)


@pytest.mark.parametrize(
    ("after", "before", "horizon"),
    [
        ("<timeframe><description>within 2 weeks</description></timeframe>", "", "Within2Weeks"),
        ("<timeframe>in 3 months</timeframe>", "", "Within3Months"),
        (
            "<timeframe><latestdate>2026-03-16</latestdate></timeframe>",
            "<requestdate>2026-03-12T09:00:00+08:00</requestdate>",
            "Within1Week",
        ),
        ("<timeframe><description>some day</description></timeframe>", "", None),
    ],
)
def test_the_time_frame_gives_the_horizon(after: str, before: str, horizon: str | None) -> None:
    [unit] = units_of(prospect(after=after, before=before))

    assert values(unit, "lead")[0].get("PurchaseHorizon") == horizon


def test_what_the_sender_leaves_out_of_a_vehicle_the_vin_tells() -> None:
    [unit] = units_of(prospect(vehicle="<vin>2FMDK3GC4BBB02217</vin>"))

    [line] = values(unit, "line")
    assert (line["Year"], line["MakeText"], line["ModelText"]) == (2011, "Ford", "Edge")


def test_pictures_of_a_vehicle_become_attachments_by_their_addresses() -> None:
    pictures = (
        "<imagetag>https://cdn.example.com/cars/front.jpg?w=800</imagetag>"
        '<imagetag alttext="The back">https://cdn.example.com:8443/back.jpg</imagetag>'
        "<imagetag>http://cdn.example.com/plain.jpg</imagetag><imagetag>javascript:alert(1)</imagetag>"
        "<imagetag>https://cdn.example.com/two words.jpg</imagetag><imagetag/>"
    )

    [unit] = units_of(prospect(vehicle=f"<make>Kia</make>{pictures}"))

    assert [(each["Name"], each["Url"], each["Kind"]) for each in values(unit, "picture")] == [
        ("front.jpg", "https://cdn.example.com/cars/front.jpg?w=800", "Image"),
        ("The back", "https://cdn.example.com:8443/back.jpg", "Image"),
    ]


def test_attachments_of_a_json_lead_keep_their_names_and_digests() -> None:
    digest = "AB" * 32
    lead = {
        "customer": {"lastName": "Example", "email": "a@example.com"},
        "attachments": [
            {"name": "Licence", "url": "https://files.example.com/1", "hash": digest, "kind": "document"},
            {"url": "https://files.example.com/2/plan.pdf"},
            {"name": "Script", "url": "javascript:alert(1)"},
        ],
    }

    [unit] = units_of(json.dumps(lead).encode(), "lead_json", "application/json")

    assert [(each["Name"], each.get("Kind"), each.get("Digest")) for each in values(unit, "attachment")] == [
        ("Licence", "Document", digest.lower()),
        ("plan.pdf", None, None),  # the field's default is File
    ]


def test_a_trade_in_is_never_new() -> None:
    content = prospect().replace(b"<vehicle>", b'<vehicle interest="trade-in" status="new">')

    assert values(units_of(content)[0], "line")[0]["Classification"] == "Used"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (prospect(name=""), "no name"),
        (prospect().replace(b"<email>a@example.com</email>", b""), "can't be reached"),
        (b"<adf></adf>", "nothing at /adf/prospect"),
        (b"<other/>", "first element is <other>"),
        (b"{}", "first element is <json>"),
    ],
)
def test_a_document_without_what_it_must_have_is_refused_with_its_line(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words) as caught:
        units_of(content)

    assert caught.value.problems[0].line == 1


def test_too_many_prospects_are_refused() -> None:
    with pytest.raises(Invalid, match="At most 200"):
        units_of(b"<adf>" + b"<prospect/>" * 201 + b"</adf>")
