"""Duplicates and merging through the doors: headers and shapes that the field's clients know, the web application's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from serving import Address, Person, Site, make_site

PEOPLE = [
    Person("partner", ("SystemAdministrator", "CrmAdministrator")),
    Person("seller", ("CrmUser",)),
    Person("chinese", ("CrmUser",), {"language": "zh_CN"}),
]
ALLOW = {"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=true"}
DETAILS = {"Sforce-Duplicate-Rule-Header": "includeRecordDetails=true"}


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "dealer", PEOPLE, packages=("crm",))


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("partner") as client:
        yield client


@pytest.fixture(scope="module")
def page(site: Site) -> Iterator[httpx.Client]:
    with site.browser("partner") as client:
        yield client


def create(client: httpx.Client, name: str, **values: Any) -> str:
    answer = client.post(f"sobjects/{name}", json=values, headers=ALLOW)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_the_refusal_has_the_shape_that_clients_know(partner: httpx.Client) -> None:
    first = create(partner, "Account", LastName="Wu", PersonMobilePhone="13500000001", City="Ulm")

    answer = partner.post("sobjects/Account", json={"LastName": "Wu", "PersonMobilePhone": "+8613500000001"})

    assert answer.status_code == 400
    [problem] = answer.json()
    assert problem["errorCode"] == "DUPLICATES_DETECTED"
    result = problem["duplicateResult"]
    assert result["allowSave"] is True
    assert result["duplicateRule"] == "Same_Person"
    [match] = result["matchResults"][0]["matchRecords"]
    assert match["record"]["Id"] == first
    assert match["record"]["attributes"]["type"] == "Account"


def test_record_details_come_when_they_are_asked_for(partner: httpx.Client) -> None:
    create(partner, "Account", LastName="Details", PersonMobilePhone="13500000002", City="Ulm")
    values = {"LastName": "Details", "PersonMobilePhone": "13500000002"}

    [problem] = partner.post("sobjects/Account", json=values, headers=DETAILS).json()

    record = problem["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]
    assert (record["Name"], record["City"]) == ("Details", "Ulm")


def test_the_header_lets_a_warned_record_pass(partner: httpx.Client) -> None:
    values = {"LastName": "Allowed", "PersonMobilePhone": "13500000003"}
    create(partner, "Account", **values)

    assert partner.post("sobjects/Account", json=values).status_code == 400
    answer = partner.post("sobjects/Account", json=values, headers=ALLOW)

    assert answer.status_code == 201
    assert answer.json()["warnings"][0]["statusCode"] == "DUPLICATES_DETECTED"


def test_collections_tell_each_record(partner: httpx.Client) -> None:
    record = {"attributes": {"type": "Account"}, "LastName": "Many", "PersonMobilePhone": "13500000004"}
    other = record | {"PersonMobilePhone": "13500000005"}

    results = partner.post("composite/sobjects", json={"records": [record, record, other]}).json()

    assert [each["success"] for each in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "DUPLICATES_DETECTED"
    assert results[1]["errors"][0]["duplicateResult"]["matchResults"][0]["size"] == 1


def test_a_merge_over_rest_and_where_the_losing_id_leads(partner: httpx.Client) -> None:
    stays, goes = (create(partner, "Account", LastName=f"Merge {n}") for n in range(2))
    contact = create(partner, "Contact", LastName="C", AccountId=goes)
    wanted = {"masterRecord": {"Id": stays, "City": "Ulm"}, "recordToMergeIds": [goes], "reason": "same"}

    answer = partner.post("sobjects/Account/merge", json=wanted)

    assert answer.json() == {
        "id": stays, "success": True, "mergedRecordIds": [goes], "updatedRelatedIds": [contact], "errors": [],
    }  # fmt: skip
    assert partner.get(f"sobjects/Contact/{contact}").json()["AccountId"] == stays
    moved = partner.get(f"sobjects/Account/{goes}?fields=City")
    assert moved.status_code == 307
    assert moved.json()[0]["masterRecordId"] == stays
    followed = partner.get(f"sobjects/Account/{goes}?fields=City", follow_redirects=True)
    assert (followed.status_code, followed.json()["Id"], followed.json()["City"]) == (200, stays, "Ulm")


def test_a_merge_that_is_wrong_is_told(partner: httpx.Client) -> None:
    stays = create(partner, "Account", LastName="Alone")
    for wanted in ({}, {"masterRecord": {"Id": stays}}, {"masterRecord": {"Id": stays}, "recordToMergeIds": ["x"]}):
        answer = partner.post("sobjects/Account/merge", json=wanted)
        assert answer.status_code == 400, answer.text
    missing = {"masterRecord": {"Id": stays}, "recordToMergeIds": ["001000000000000AAA"]}
    assert partner.post("sobjects/Account/merge", json=missing).status_code == 404


def test_the_web_application_gets_the_candidates_with_their_fields(site: Site, partner: httpx.Client) -> None:
    values = {"LastName": "Hanna", "MobilePhone": "13500000006"}
    with site.browser("partner") as page:
        account = create(partner, "Account", LastName="Hanna", PersonMobilePhone="13500000006")

        found = page.post("/ui/objects/Lead/duplicates", json={"values": values}).json()["duplicates"]
        [known] = [each for each in found if each["duplicateRule"] == "Known_Customer"]
        record = known["matchResults"][0]["matchRecords"][0]["record"]
        assert (record["Id"], record["Name"]) == (account, "Hanna")

        lead = page.post("/ui/objects/Lead/records", json={"values": values}).json()
        assert lead["warnings"][0]["duplicateResult"]["duplicateRule"] == "Known_Customer"
        stored = page.get(f"/ui/records/{lead['id']}/duplicates").json()["duplicates"]
        assert [each["duplicateRule"] for each in stored] == ["Known_Customer"]


def test_a_form_that_is_not_complete_can_be_asked_about(page: httpx.Client, partner: httpx.Client) -> None:
    lead = create(partner, "Lead", LastName="Form", MobilePhone="13500000007")

    wanted = {"values": {"MobilePhone": "135 0000 0007", "Score": "no number"}}
    found = page.post("/ui/objects/Lead/duplicates", json=wanted).json()["duplicates"]
    assert found[0]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == lead
    own = page.post("/ui/objects/Lead/duplicates", json=wanted | {"id": lead}).json()["duplicates"]
    assert own == []


def test_the_web_application_previews_and_merges(page: httpx.Client, partner: httpx.Client) -> None:
    stays, goes = (
        create(partner, "Lead", LastName=f"UI {n}", City=f"City {n}", Email=f"{n}@example.com") for n in range(2)
    )

    preview = page.post("/ui/merge/preview", json={"ids": [goes, stays], "masterId": stays}).json()
    merged = page.post("/ui/merge", json={"masterId": stays, "ids": [goes], "sources": {"City": goes}, "version": 1})

    assert [each["id"] for each in preview["records"]] == [stays, goes]
    assert merged.json() == {"id": stays, "merged": [goes], "moved": 0}
    assert page.get(f"/ui/records/{stays}").json()["values"]["City"] == "City 1"
    gone = page.get(f"/ui/records/{goes}").json()
    assert (gone["is_deleted"], gone["merged_into"]) == (True, stays)


def test_who_sees_nothing_is_told_nothing(site: Site, partner: httpx.Client) -> None:
    stays, goes = (create(partner, "Account", LastName=f"Hidden {n}") for n in range(2))
    partner.post("sobjects/Account/merge", json={"masterRecord": {"Id": stays}, "recordToMergeIds": [goes]})

    with site.partner("seller") as seller:
        assert seller.get(f"sobjects/Account/{goes}").status_code == 404
    with site.browser("seller") as page:
        assert page.get(f"/ui/records/{stays}/duplicates").status_code == 404
        assert page.post("/ui/merge/preview", json={"ids": [stays, goes]}).status_code in {403, 404}


def test_the_message_is_in_the_users_language(site: Site, partner: httpx.Client) -> None:
    values = {"LastName": "Zh", "PersonMobilePhone": "13500000008"}
    create(partner, "Account", **values)

    with site.partner("chinese") as client:
        [problem] = client.post("sobjects/Account", json=values).json()

    assert problem["message"] == "此人可能已是客户。"
    assert problem["duplicateResult"]["matchResults"][0]["size"] == 0
    assert problem["duplicateResult"]["hasHiddenMatches"] is True


def test_looking_over_all_records_is_a_job(page: httpx.Client, site: Site) -> None:
    assert page.post("/setup/duplicate-rules/Same_Person/find").status_code == 202
    assert page.post("/setup/duplicate-rules/Nothing/find").status_code == 404
    with site.browser("seller") as seller:
        assert seller.post("/setup/duplicate-rules/Same_Person/find").status_code == 403


def test_what_is_attached_is_a_success_that_created_nothing(partner: httpx.Client, page: httpx.Client) -> None:
    flow = {
        "label": "Take", "object": "Lead", "trigger": {"sub": {}},
        "steps": [{"update": {"Description": 'BLANKVALUE(Description, "") & "+"'}}],
    }  # fmt: skip
    keys = [{"name": "Number", "compare": [{"field": "ExternalLeadId"}]}]
    rule: dict[str, Any] = {
        "label": "Attach", "object": "Lead", "matching_rules": ["Number__c"], "on_create": "attach",
    }  # fmt: skip
    rule |= {"on_update": "nothing", "attach": {"flow": "Take__c"}, "message": "It was there."}
    matching = {"label": "Number", "object": "Lead", "keys": keys}
    for kind, name, body in (
        ("flow", "Take__c", flow), ("matching_rule", "Number__c", matching), ("duplicate_rule", "Attach__c", rule),
    ):  # fmt: skip
        assert page.put(f"/setup/logic/{kind}/{name}", json=body).is_success
    values = {"LastName": "Wu", "ExternalLeadId": "E-1", "Phone": "021-1"}
    first = partner.post("sobjects/Lead", json=values)
    assert (first.status_code, "created" in first.json()) == (201, False)

    again = partner.post("sobjects/Lead", json=values)
    assert (again.status_code, again.json()["id"], again.json()["created"]) == (200, first.json()["id"], False)
    assert again.json()["warnings"][0]["message"] == "It was there."

    records = [
        {"attributes": {"type": "Lead"}, **values},
        {"attributes": {"type": "Lead"}, **values, "ExternalLeadId": "E-2"},
    ]
    both = partner.post("composite/sobjects", json={"allOrNone": False, "records": records}).json()
    assert [each["success"] for each in both] == [True, True]
    assert (both[0]["id"], both[0]["created"], "created" in both[1]) == (first.json()["id"], False, False)

    form = page.post("/ui/objects/Lead/records", json={"values": values})
    assert (form.status_code, form.json()["id"], form.json()["created"]) == (200, first.json()["id"], False)
    assert partner.get(f"sobjects/Lead/{first.json()['id']}").json()["Description"] == "+++"
