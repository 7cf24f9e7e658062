"""Records as documents for others: what comes in goes out, and comes in again as the same; masks and rights hold."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pytest
from lxml import etree

from chassis_platform.api import documents
from inbound.automotive import DOCUMENTS, document
from inbound.conftest import Dealership, session
from inbound.test_intake import prospect

NAMES = sorted(path.name for path in DOCUMENTS.glob("[01]*"))
#: What a lead is called there and here, and what it says when it came.
OF_THE_JOURNEY = {
    *("id", "lead_number", "external_lead_id", "lead_source_detail", "created_date", "last_modified_date"),
    *("system_modstamp", "custom", "name", "version", "first_response_due", "dispatched_date"),
}
LINE = {"id", "lead_id", "name", "created_date", "last_modified_date", "system_modstamp", "custom", "version"}


@pytest.fixture(scope="module")
async def reader(dealership: Dealership) -> str:
    """A session of somebody who may read leads in clear."""
    dealership.client._transport.app.router.routes.extend(documents.routes())  # type: ignore[attr-defined]  # noqa: SLF001
    return await session(dealership.world.database, dealership.world, "portal")


async def get(dealership: Dealership, token: str, name: str, record_id: str) -> httpx.Response:
    path = f"/services/data/v62.0/chassis/documents/{name}/{record_id}"
    return await dealership.client.get(path, headers={"Authorization": f"Bearer {token}"})


def stored(dealership: Dealership, table: str, where: str, value: str, without: set[str]) -> list[dict[str, Any]]:
    rows = dealership.world.sql(
        f"SELECT to_jsonb(t) FROM data.{table} t WHERE {where} = %s ORDER BY id",  # noqa: S608  names of this test
        value,
    )
    found = [{key: each for key, each in row.items() if key.removesuffix("__lower") not in without} for (row,) in rows]
    for each in found:
        for text in ("description", "options_text"):
            each[text] = sorted((each.get(text) or "").split("\n"))
    return found


def by_make(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(lines, key=lambda each: (str(each["make_text"]), str(each["model_text"])))


def without_numbers(lead: dict[str, Any]) -> dict[str, Any]:
    """The number that the lead has here comes back as one of another system."""
    lines = [each for each in lead["description"] if not each.startswith("Other numbers: ")]
    return {**lead, "description": lines}


@pytest.mark.parametrize("name", NAMES)
async def test_a_lead_that_goes_out_as_adf_comes_in_again_as_the_same(
    dealership: Dealership, reader: str, name: str
) -> None:
    first = (await dealership.post(document(name))).json()["records"][0]

    sent = await get(dealership, reader, "Adf_Lead", first)
    answer = await dealership.post(sent.content)

    assert (sent.status_code, sent.headers["content-type"]) == (200, "application/x-adf+xml; charset=utf-8"), sent.text
    assert answer.status_code == 201, answer.text
    second = answer.json()["records"][0]
    [before], [after] = (stored(dealership, "lead", "id", each, OF_THE_JOURNEY) for each in (first, second))
    assert without_numbers(after) == without_numbers(before), sent.text
    lines = [by_make(stored(dealership, "lead_line_item", "lead_id", each, LINE)) for each in (first, second)]
    assert lines[1] == lines[0], sent.text


async def test_a_lead_that_goes_out_as_json_comes_in_again(dealership: Dealership, reader: str) -> None:
    first = (await dealership.post(document("04_new_buy_plus_trade_in.xml"))).json()["records"][0]

    sent = await get(dealership, reader, "Lead_Json", first)
    answer = await dealership.post(sent.content, "lead_json")

    assert sent.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.status_code == 201, answer.text
    columns = "last_name, first_name, phone, email, budget_max, owned_brand, trade_in_wanted"
    names = [
        dealership.world.sql(f"SELECT {columns} FROM data.lead WHERE id = %s", each)  # noqa: S608
        for each in (first, answer.json()["records"][0])
    ]
    assert names[0] == names[1]


async def test_what_is_not_said_is_left_out_and_nothing_breaks_the_xml(dealership: Dealership, reader: str) -> None:
    name = '<name part="last">&lt;/name&gt;&lt;!ENTITY x&gt; ]]&gt; "A&amp;B"</name>'
    made = (await dealership.post(prospect("X-1", name=name))).json()["records"][0]

    content = (await get(dealership, reader, "Adf_Lead", made)).content

    root = etree.fromstring(content)
    assert root.findtext(".//contact/name") == '</name><!ENTITY x> ]]> "A&B"'
    assert root.find(".//vehicle/odometer") is None
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<?adf version="1.0"?>\n<adf>')


async def test_a_delivered_vehicle_is_reported_as_star(dealership: Dealership, reader: str) -> None:
    world, owner = dealership.world, dealership.world.users["admin"]
    model = world.record("VehicleDefinition", Name="S1", ModelCode="S1", OwnerId=owner)
    vehicle = world.record(
        "Vehicle",
        Name="V",
        VehicleIdentificationNumber="LA9E1AB18R0000123",
        VehicleDefinitionId=model,
        DeliveryDate="2026-03-01",
        LastOdometerReading=12,
        OwnerId=owner,
    )

    root = etree.fromstring((await get(dealership, reader, "Retail_Delivery", vehicle)).content)

    star = {"s": "http://www.starstandard.org/STAR/5"}
    item = root.find(".//s:RetailDeliveryReportingVehicleLineItem", star)
    assert item is not None
    assert item.findtext("s:Vehicle/s:VehicleID", namespaces=star) == "LA9E1AB18R0000123"
    assert item.findtext("s:DeliveryDate", namespaces=star) == "2026-03-01"
    assert item.findtext("s:DeliveryDistanceMeasure", namespaces=star) == "12"
    assert root.find(".//s:BuyerParty", star) is None


#: What a report says that another system reads.
SAID = (
    "claimed_by_account_id", "branch_unit_id", "asset_identification_number", "asset_sale_type", "sale_category",
    "buyer_account_id", "sale_date", "delivery_date", "pdi_date", "delivery_odometer_km", "sale_price_per_unit",
    "reference_price_per_unit", "trade_in_vin",
)  # fmt: skip


async def test_a_report_of_a_sale_goes_out_as_star_and_comes_in_again(dealership: Dealership, reader: str) -> None:
    world, owner = dealership.world, dealership.world.users["portal"]
    dealer = world.record("Account", Name="R", RecordTypeId=kind_of(dealership), DealerCode="D-R", OwnerId=owner)
    region = world.record("SalesRegion", Name="South", OwnerId=owner)
    branch = world.record(
        "BranchUnit", Name="R1", BranchCode="R-1", DealerAccountId=dealer, SalesRegionId=region, OwnerId=owner
    )
    model = world.record("VehicleDefinition", Name="S3", ModelCode="S3", OwnerId=owner)
    buyer = world.record("Account", LastName="赵", Name="赵", PersonMobilePhone="+8613812345678", OwnerId=owner)
    vin = "LA9E1AB18R0000137"
    vehicle = world.record(
        "Vehicle", Name="R", VehicleIdentificationNumber=vin, VehicleDefinitionId=model, HoldingBranchUnitId=branch,
        Status="InStock", OwnerId=owner,
    )  # fmt: skip
    report = world.record(
        "RebateClaim", Name="RDR-1", ClaimType="VehicleSalesReport", ClaimedByAccountId=dealer, BranchUnitId=branch,
        VehicleId=vehicle, AssetIdentificationNumber=vin, AssetSaleType="Loan", SaleCategory="Demo",
        BuyerAccountId=buyer, SaleDate="2026-02-26", DeliveryDate="2026-03-01", PdiDate="2026-02-28",
        DeliveryOdometerKm=12, SalePricePerUnit=218000.5, ReferencePricePerUnit=228000, ClaimDate="2026-03-01T02:00Z",
        TradeInVin="X1", ProcessingStatus="Reversed", ExternalReference="DMS-9", OwnerId=owner,
    )  # fmt: skip

    sent = await get(dealership, reader, "Retail_Delivery_Report", report)
    answer = await dealership.post(sent.content, "delivery_report_star")

    assert answer.status_code == 201, (sent.text, answer.text)
    rows = stored(dealership, "rebate_claim", "vehicle_id", vehicle, set())
    assert [each["processing_status"] for each in rows] == ["Reversed", "Submitted"]
    first, second = ({key: each[key] for key in SAID} for each in rows)
    assert second == first


async def test_the_stock_of_a_branch_goes_out_as_csv_without_formulas(dealership: Dealership, reader: str) -> None:
    world, owner = dealership.world, dealership.world.users["admin"]
    dealer = world.record("Account", Name="L", RecordTypeId=kind_of(dealership), OwnerId=owner)
    region = world.record("SalesRegion", Name="North", OwnerId=owner)
    branch = world.record(
        "BranchUnit", Name="B", BranchCode="=1+1", DealerAccountId=dealer, SalesRegionId=region, OwnerId=owner
    )
    model = world.record("VehicleDefinition", Name="S2", ModelCode="S2", OwnerId=owner)
    world.record(
        "Vehicle",
        Name="V",
        VehicleIdentificationNumber="LA9E1AB18R0000124",
        VehicleDefinitionId=model,
        HoldingBranchUnitId=branch,
        ExteriorColor='@SUM(A1), "x"',
        OwnerId=owner,
    )

    answer = await get(dealership, reader, "Vehicle_Inventory", branch)

    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["branch_code"], row["exterior_color"]) == ("'=1+1", '\'@SUM(A1), "x"')
    assert (row["vin"], row["model_code"]) == ("LA9E1AB18R0000124", "S2")
    assert answer.headers["content-disposition"] == 'attachment; filename="stock__1_1.csv"'


def kind_of(dealership: Dealership) -> str:
    return dealership.world.snapshot.objects["Account"].record_type_ids["Dealer"]


async def test_a_document_tells_nobody_more_than_the_record_would(dealership: Dealership, reader: str) -> None:
    made = (await dealership.post(prospect("M-1"))).json()["records"][0]
    nobody = dealership.world.user("nobody")
    blind = await session(dealership.world.database, dealership.world, "nobody")

    hidden = await get(dealership, blind, "Adf_Lead", made)
    listed = await dealership.client.get(
        "/services/data/v62.0/chassis/documents?object=Lead", headers={"Authorization": f"Bearer {reader}"}
    )

    assert nobody
    assert hidden.status_code in (400, 403, 404)
    assert b"Example" not in hidden.content
    assert [each["name"] for each in listed.json()["documents"]] == ["Adf_Lead", "Lead_Json"]


@pytest.mark.parametrize("record_id", ["0", "00Q000000000000AAA", "001000000000000AAA", "' OR Name != '", "%27%20OR"])
async def test_only_ids_of_its_object_are_asked_for(dealership: Dealership, reader: str, record_id: str) -> None:
    assert (await get(dealership, reader, "Adf_Lead", record_id)).status_code == 404
    assert (await get(dealership, reader, "../../query", record_id)).status_code in (400, 404)
