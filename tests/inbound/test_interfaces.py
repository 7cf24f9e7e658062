"""The automotive package's own interfaces, with documents as their senders write them, and previews of documents."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from inbound.automotive import DOCUMENTS, document
from inbound.conftest import Dealership, session
from inbound.test_intake import prospect

VIN = "LA9E1AB18R0000123"
STAR_VIN = "LA9E1AB18R0000137"
COMPLETE = "The report is complete."


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((DOCUMENTS / name).read_text(encoding="utf-8"))))


def column(dealership: Dealership, table: str, what: str) -> Any:
    [row] = dealership.world.sql(
        f"SELECT {what} FROM data.{table} WHERE tenant_id = %s",  # noqa: S608  names of this test
        dealership.world.tenant.id,
    )
    return row[0]


def refusals(answer: httpx.Response) -> list[Any]:
    return [unit["errors"] for unit in answer.json()["prospects"] if "errors" in unit]


@pytest.fixture(scope="module")
def network(dealership: Dealership) -> dict[str, str]:
    """A branch with a warehouse, and a model."""
    world, owner = dealership.world, dealership.world.users["admin"]
    kinds = world.snapshot.objects["Account"].record_type_ids
    dealer = world.record("Account", Name="Lakeside", RecordTypeId=kinds["Dealer"], DealerCode="D-BJ", OwnerId=owner)
    region = world.record("SalesRegion", Name="North", OwnerId=owner)
    branch = world.record(
        "BranchUnit", Name="Beijing 1", BranchCode="BJ-01", DealerAccountId=dealer, SalesRegionId=region, OwnerId=owner
    )
    place = world.record("Location", Name="Yard", LocationCode="Y-1", BranchUnitId=branch, OwnerId=owner)
    product = world.record("Product2", Name="Model S1", ModelYear=2026, OwnerId=owner)
    model = world.record("VehicleDefinition", Name="S1 Plus", ModelCode="S1P", ProductId=product, OwnerId=owner)
    return {"dealer": dealer, "branch": branch, "place": place, "model": model, "owner": owner}


async def test_the_stock_of_a_branch_comes_as_a_list_of_any_language(
    dealership: Dealership, network: dict[str, str]
) -> None:
    content = (
        f"车架号,门店代码,仓库代码,车型代码,外观颜色\n{VIN},BJ-01,Y-1,S1P,珠光白\nLA9E1AB18R0000999,nowhere,,S1P,\n"
    )

    first = await dealership.post(content.encode("gb18030"), "vehicle_inventory")
    again = await dealership.post(content.replace("珠光白", "black").encode(), "vehicle_inventory")

    assert (first.status_code, again.status_code) == (207, 207), first.text
    assert first.json()["prospects"][1]["errors"][0]["line"] == 3
    assert first.json()["prospects"][0]["records"] == again.json()["prospects"][0]["records"]
    assert column(dealership, "vehicle", "exterior_color") == "black"
    assert column(dealership, "vehicle", "holding_branch_unit_id") == network["branch"]
    as_json = {"vehicles": [{"vin": VIN, "branchCode": "BJ-01", "locationCode": "Y-1", "exteriorColor": "red"}]}
    changed = await dealership.post(json.dumps(as_json).encode(), "vehicle_inventory_json")
    assert changed.status_code == 201, changed.text
    assert column(dealership, "vehicle", "exterior_color") == "red"


async def test_a_drive_as_telematics_events_is_stored_once_without_its_positions(
    dealership: Dealership, network: dict[str, str]
) -> None:
    del network
    events = [
        {
            "eventId": f"{row['trip_id']}-{number}",
            "type": "Status",
            "category": "status",
            "vin": VIN,
            "eventTime": f"{row['ts_local']}+01:00",
            "location": {"latitude": float(row["lat"]), "longitude": float(row["lon"])},
            "odometerKm": 12 + number,
            "stateOfCharge": float(row["soc_pct"]),
            "isMoving": float(row["speed_kmh"]) > 0,
        }
        for number, row in enumerate(rows("ev_trip.csv"))
    ]
    events[3] |= {"category": "Sos", "faults": [{"code": "P0A7F"}, {"code": "P0B00"}]}
    events.append({"eventId": "x", "type": "Status", "vin": "UNKNOWN", "eventTime": "2026-03-02T01:14:00Z"})
    content = json.dumps({"sourceSystemIdentifier": "TSP-01", "events": events}).encode()

    first = await dealership.post(content, "telematics")
    again = await dealership.post(content, "telematics")

    assert (first.status_code, again.status_code) == (201, 200), refusals(first)
    assert dealership.count("telematics_event") == len(events)
    assert column(dealership, "telematics_event", "count(location_latitude)") == 1
    assert column(dealership, "telematics_event", "max(fault_codes_text)") == "P0A7F, P0B00"
    ignored = "count(*) FILTER (WHERE processing_status = 'Ignored')"
    assert column(dealership, "telematics_event", ignored) == 1
    assert dealership.count("vehicle_monitoring_snapshot") == len(events) - 1


async def test_recalls_of_the_flat_file_are_merged_by_campaign_and_never_doubled(dealership: Dealership) -> None:
    sample = rows("recalls_flat.csv")
    lines = ["\t".join(each.replace("\t", " ").replace("\n", " ") for each in row.values()) for row in sample]
    vehicles = {row["CAMPNO"] for row in sample if row["RCLTYPECD"] == "V"}

    first = await dealership.post("\n".join(lines).encode(), "recall_flat")
    again = await dealership.post("\n".join(lines).encode(), "recall_flat")

    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert dealership.count("product_service_campaign") == len(vehicles)
    assert column(dealership, "product_service_campaign", "string_agg(DISTINCT status, ',')") == "New"
    models = {(row["CAMPNO"], row["MODELTXT"]) for row in sample if row["RCLTYPECD"] == "V"}
    by_model = "count(*) FILTER (WHERE filter_key = 'ModelCode')"
    assert column(dealership, "service_campaign_filter", by_model) == len(models)


async def test_lists_of_recalls_and_their_vehicles_are_taken(dealership: Dealership, network: dict[str, str]) -> None:
    del network
    before = dealership.count("product_service_campaign")
    sample = rows("recalls.csv")

    listed = await dealership.post((DOCUMENTS / "recalls.csv").read_bytes(), "recall_list")

    assert listed.status_code == 201, listed.text
    numbers = {row["nhtsa_campaign"] for row in sample}
    assert dealership.count("product_service_campaign") == before + len(numbers)
    one = {"NHTSACampaignNumber": "26V000001", "Component": "BRAKES", "Summary": "They fade.", "Model": "S1",
           "ReportReceivedDate": "12/03/2026", "parkIt": True, "overTheAirUpdate": True}  # fmt: skip
    told = await dealership.post(json.dumps({"results": [one]}).encode(), "recall_json")
    assert told.status_code == 201, told.text
    [(filed, do_not_drive)] = dealership.world.sql(
        "SELECT filed_date::text, do_not_drive FROM data.product_service_campaign WHERE regulator_number = '26V000001'"
    )
    assert (filed, do_not_drive) == ("2026-03-12", True)


async def test_feedback_of_a_dealer_moves_the_lead(dealership: Dealership, network: dict[str, str]) -> None:
    del network
    sent = prospect("FB-1", vendor="<vendor><id>BJ-01</id></vendor>")
    lead_id = (await dealership.post(sent)).json()["records"][0]
    [(number,)] = dealership.world.sql("SELECT lead_number FROM data.lead WHERE id = %s", lead_id)
    said = {"leadNumber": number, "event": "contacted", "time": "2026-11-22T10:00:00+08:00"}

    answer = await dealership.post(json.dumps(said).encode(), "lead_feedback")

    assert answer.status_code == 201, answer.text
    assert answer.json()["records"] == [lead_id]
    [(touched,)] = dealership.world.sql("SELECT last_follow_up_time IS NOT NULL FROM data.lead WHERE id = %s", lead_id)
    assert touched
    unknown = await dealership.post(json.dumps({**said, "leadNumber": "L-0"}).encode(), "lead_feedback")
    assert (unknown.status_code, unknown.json()[0]["errorCode"]) == (422, "REQUIRED_VALUE_MISSING")


async def test_parts_sales_are_taken(dealership: Dealership, network: dict[str, str]) -> None:
    world = dealership.world
    world.record("Product2", Name="Pad", ProductCode="P-1", OwnerId=network["owner"])
    sale = {"externalTransactionNumber": "T-1", "dealerCode": "D-BJ", "branchCode": "BJ-01", "type": "Sale",
            "activityDate": "2026-11-20T10:00:00Z", "lines": [{"partNumber": "P-1", "quantity": 2, "unitPrice": 5.25},
            {"partNumber": "P-9", "quantity": 1}]}  # fmt: skip

    sold = await dealership.post(json.dumps(sale).encode(), "parts_sales")

    assert sold.status_code == 201, sold.text
    assert column(dealership, "transaction_journal", "string_agg(status, ',' ORDER BY status)") == "Error,Pending"


def reports(dealership: Dealership, vin: str) -> list[tuple[Any, ...]]:
    return dealership.world.sql(
        "SELECT c.processing_status, c.processing_status_message, c.sale_price_per_unit, v.status, "
        "v.delivery_date::text, b.name FROM data.rebate_claim c JOIN data.vehicle v ON v.id = c.vehicle_id "
        "LEFT JOIN data.account b ON b.id = c.buyer_account_id AND b.id = v.current_owner_id "
        "WHERE c.asset_identification_number = %s",
        vin,
    )


async def test_a_delivery_that_is_reported_is_corrected_and_delivered_once(
    dealership: Dealership, network: dict[str, str]
) -> None:
    dealership.world.record(
        "DataUsePurpose", Name="Sales", PurposeCode="SALES_SERVICE", LegalBasis="Consent", RetentionMonths=24,
        OwnerId=network["owner"],
    )  # fmt: skip
    report = {"externalReference": "DMS-1", "dealerCode": "D-BJ", "branchCode": "BJ-01", "vin": VIN.lower(),
              "saleDate": "2026-11-19", "deliveryDate": "2026-11-20", "odometerKm": 4000}  # fmt: skip
    buyer = {"lastName": "赵", "firstName": "敏", "mobile": "+8613812345678",
             "consents": [{"purpose": "SALES_SERVICE", "status": "OptIn", "noticeVersion": "2026-01"}]}  # fmt: skip
    whole = {**report, "salePrice": 218000, "claimAmount": 3000, "saleType": "Loan", "buyer": buyer}

    kept = await dealership.post(json.dumps(report).encode(), "delivery_report")
    assert kept.status_code == 201, kept.text
    [waiting] = reports(dealership, VIN)
    corrected = await dealership.post(json.dumps(whole).encode(), "delivery_report")
    again = await dealership.post(json.dumps(whole).encode(), "delivery_report")
    [stored] = reports(dealership, VIN)
    late = await dealership.post(json.dumps({**whole, "externalReference": "DMS-2"}).encode(), "delivery_report")

    assert waiting[0] == "CorrectionRequested"
    assert waiting[1].startswith("Who bought it?")
    assert waiting[3:] == ("AtDealer", None, None)
    assert (corrected.status_code, again.status_code) == (201, 200), corrected.text
    assert stored == ("Submitted", COMPLETE, 218000, "Delivered", "2026-11-20", "赵敏")
    assert column(dealership, "contact_point_consent", "consent_status") == "OptIn"
    assert late.status_code == 422, late.text
    assert "already been reported" in late.text


STAR_REPORT = """<ProcessRetailDeliveryReporting xmlns="http://www.starstandard.org/STAR/5">
 <ApplicationArea><Sender><CreatorNameCode>DMS</CreatorNameCode><DealerNumberID>BJ-01</DealerNumberID></Sender>
  <BODID>B-1</BODID></ApplicationArea>
 <ProcessRetailDeliveryReportingDataArea><Process/><RetailDeliveryReporting>
  <RetailDeliveryReportingHeader>
   <DocumentIdentificationGroup><DocumentIdentification><DocumentID>R-1</DocumentID></DocumentIdentification>
   </DocumentIdentificationGroup>
   <SalesDate>2026-11-18</SalesDate><SaleCategoryString>Fleet</SaleCategoryString>
   <AcquisitionMethod>Lease</AcquisitionMethod>
   <BuyerParty><SpecifiedOrganization><CompanyName>Harbour Taxi</CompanyName></SpecifiedOrganization></BuyerParty>
  </RetailDeliveryReportingHeader>
  <RetailDeliveryReportingVehicleLineItem>
   <Vehicle><VehicleID>VINOFTHIS</VehicleID></Vehicle><DeliveryDate>2026-11-21</DeliveryDate>
   <DeliveryDistanceMeasure unitCode="kilometer">12</DeliveryDistanceMeasure><PDIDate>2026-11-20</PDIDate>
   <Pricing>
    <Price><PriceCode>Selling Price</PriceCode><ChargeAmount>199000.50</ChargeAmount></Price>
    <Price><PriceCode>List Price</PriceCode><ChargeAmount>228000</ChargeAmount></Price>
   </Pricing>
  </RetailDeliveryReportingVehicleLineItem>
 </RetailDeliveryReporting></ProcessRetailDeliveryReportingDataArea>
</ProcessRetailDeliveryReporting>"""


async def test_a_delivery_is_reported_as_star_too(dealership: Dealership, network: dict[str, str]) -> None:
    del network
    listed = f"车架号,门店代码,仓库代码,车型代码\n{STAR_VIN},BJ-01,Y-1,S1P\n"
    stock = await dealership.post(listed.encode(), "vehicle_inventory")
    assert stock.status_code == 201, stock.text

    answer = await dealership.post(STAR_REPORT.replace("VINOFTHIS", STAR_VIN).encode(), "delivery_report_star")

    assert answer.status_code == 201, answer.text
    [row] = reports(dealership, STAR_VIN)
    assert row == ("Submitted", COMPLETE, Decimal("199000.5"), "Delivered", "2026-11-21", "Harbour Taxi")
    [how] = dealership.world.sql(
        "SELECT asset_sale_type, sale_category, sale_date::text, pdi_date::text, delivery_odometer_km, "
        "reference_price_per_unit, external_reference FROM data.rebate_claim WHERE asset_identification_number = %s",
        STAR_VIN,
    )
    assert how == ("Lease", "Fleet", "2026-11-18", "2026-11-20", 12, 228000, "R-1")


# What a sample would become


def as_sender(dealership: Dealership) -> dict[str, str]:
    return {"run_as_user_id": dealership.world.users["portal"]}


async def test_a_preview_shows_values_defaults_and_look_ups_and_keeps_nothing(
    dealership: Dealership, network: dict[str, str]
) -> None:
    del network
    tables = ("lead", "lead_line_item", "flow_run")
    before = [dealership.count(table) for table in tables]
    vendor = "<vendor><id>BJ-01</id></vendor>"
    sent = {
        "document": prospect("PV-1", vendor=vendor).decode(),
        "content_type": "application/xml",
        **as_sender(dealership),
    }

    seen = (await dealership.setup("POST", "/setup/inbound/adf/preview", sent)).json()

    [unit] = seen["units"]
    made = {each["target"]: each for each in unit["records"]}
    assert (seen["count"], unit["known"], unit["problems"]) == (1, False, [])
    assert made["lead"]["given"]["LastName"] == "Example"
    assert made["lead"]["set_besides"]["Stage"] == "Received"
    assert made["line"]["given"]["LeadId"] is not None
    assert {"object": "BranchUnit", "by": ["BranchCode"], "values": ["BJ-01"], "found": True} in seen["lookups"]
    assert [dealership.count(table) for table in tables] == before
    assert (await dealership.post(prospect("PV-1", vendor=vendor))).status_code == 201
    again = (await dealership.setup("POST", "/setup/inbound/adf/preview", sent)).json()
    assert again["units"][0]["known"] is True


async def test_a_preview_tells_what_would_be_refused(dealership: Dealership) -> None:
    sent = {"document": prospect("PV-2", year="9" * 30).decode(), **as_sender(dealership)}

    seen = (await dealership.setup("POST", "/setup/inbound/adf/preview", sent)).json()
    unreadable = await dealership.setup("POST", "/setup/inbound/adf/preview", {"document": "<adf>"})

    assert seen["units"][0]["problems"][0]["message"].startswith("LeadLineItem: ")
    assert seen["units"][0]["records"][0]["given"]["LastName"] == "Example"
    assert (unreadable.status_code, unreadable.json()[0]["errorCode"]) == (400, "XML_PARSER_ERROR")


async def test_a_draft_is_checked_and_tried(dealership: Dealership) -> None:
    draft = {
        "label": "Draft",
        "format": "csv",
        "targets": [{"object": "Lead", "fields": {"LastName": "name", "Email": "mail"}}],
    }
    sent = {"document": "name,mail\nDoe,d@example.com\n", "definition": draft, **as_sender(dealership)}

    seen = (await dealership.setup("POST", "/setup/inbound/anything/preview", sent)).json()
    draft["targets"][0]["fields"]["Emial"] = "mail"  # type: ignore[index]  # as above
    wrong = await dealership.setup("POST", "/setup/inbound/anything/preview", sent)

    assert seen["units"][0]["records"][0]["given"]["LastName"] == "Doe"
    assert (wrong.status_code, wrong.json()[0]["errorCode"]) == (400, "UNKNOWN_FIELD")


@pytest.mark.parametrize("name", ["%2e%2e%2fadf", "adf\x00", "nothing", "a" * 300])
async def test_only_names_of_mappings_are_known(dealership: Dealership, name: str) -> None:
    answer = await dealership.post(document("01_minimal_spec_uppercase_pi.xml"), name.replace("\x00", "%00"))

    assert answer.status_code == 404


async def test_a_preview_takes_the_permission(dealership: Dealership) -> None:
    token = await session(dealership.world.database, dealership.world, "portal")
    headers = {"Authorization": f"Bearer {token}"}

    answer = await dealership.client.post("/setup/inbound/adf/preview", json={"document": "x"}, headers=headers)

    assert answer.status_code == 403
    assert (await dealership.client.get("/setup/inbound-mappings", headers=headers)).status_code == 403
    listed = (await dealership.setup("GET", "/setup/inbound-mappings")).json()["mappings"]
    assert {"name": "telematics", "label": "Telematics events", "format": "json"} in listed
