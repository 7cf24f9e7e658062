"""Unmodified clients of the field, against a running server."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from serving import Site

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from simple_salesforce.api import Salesforce
    from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound


@pytest.fixture(scope="module")
def salesforce(site: Site) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(site.address.authority))
        client = Salesforce(session_id=site.token("partner"), instance_url=site.address.https)
        yield client
        client.session.close()


def test_simple_salesforce_creates_reads_updates_and_deletes(salesforce: Any) -> None:
    made = salesforce.Lead.create({"LastName": "Sample", "FirstName": "Avery", "MobilePhone": "+13935550122"})
    assert made["success"]
    lead = salesforce.Lead.get(made["id"])
    assert (lead["Name"], lead["attributes"]["type"]) == ("Avery Sample", "Lead")

    assert salesforce.Lead.update(made["id"], {"LastName": "欧阳", "FirstName": "示例"}) == 204
    assert salesforce.Lead.get(made["id"])["Name"] == "欧阳示例"

    assert salesforce.Lead.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Lead.get(made["id"])


def test_simple_salesforce_upserts_by_external_id(salesforce: Any) -> None:
    assert salesforce.Account.upsert("AccountNumber/A-100", {"LastName": "Nordwind"}) == 201
    assert salesforce.Account.upsert("AccountNumber/A-100", {"LastName": "Südwind"}) == 200
    assert salesforce.Account.get_by_custom_id("AccountNumber", "A-100")["Name"] == "Südwind"


def test_simple_salesforce_pages_through_more_than_one_batch(salesforce: Any) -> None:
    rows = [
        {"attributes": {"type": "Lead"}, "LastName": f"Page {number:04}", "Phone": "555 0100"} for number in range(400)
    ]
    for start in (0, 200):
        answer = salesforce.restful("composite/sobjects", method="POST", json={"records": rows[start : start + 200]})
        assert all(each["success"] for each in answer)

    headers = {"Sforce-Query-Options": "batchSize=200"}
    query = "SELECT Id, Name FROM Lead WHERE Name LIKE 'Page %' ORDER BY Name"
    first = salesforce.query(query, headers=headers)
    assert (first["totalSize"], first["done"], len(first["records"])) == (400, False, 200)
    second = salesforce.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert second["done"]
    names = [each["Name"] for each in (*first["records"], *second["records"])]
    assert names == [f"Page {number:04}" for number in range(400)]
    assert len(list(salesforce.query_all_iter(query))) == 400


def test_simple_salesforce_searches(salesforce: Any) -> None:
    made = salesforce.Lead.create({"LastName": "欧阳", "FirstName": "小娜", "MobilePhone": "+86 138-0001-2345"})

    for text in ("{阳小}", "{13800012345} IN PHONE FIELDS"):
        found = salesforce.search(f"FIND {text} RETURNING Lead(Id, Name)")["searchRecords"]
        assert [each["Id"] for each in found] == [made["id"]]
    quick = salesforce.quick_search("欧阳")["searchRecords"]
    assert made["id"] in [each["Id"] for each in quick]
    posted = {"q": "欧阳", "sobjects": [{"name": "Lead", "fields": ["Name"], "limit": 5}]}
    answer = salesforce.restful("parameterizedSearch", method="POST", json=posted)
    assert [each["Name"] for each in answer["searchRecords"]] == ["欧阳小娜"]


def test_a_query_tells_its_columns_and_the_way_to_its_records(salesforce: Any) -> None:
    columns = salesforce.restful("query", params={"q": "SELECT Id, Owner.Name FROM Lead", "columns": "true"})
    assert [each["columnName"] for each in columns["columnMetadata"]] == ["Id", "Owner"]
    plans = salesforce.restful("query", params={"explain": "SELECT Id FROM Lead WHERE Name = 'nobody'"})["plans"]
    assert (plans[0]["sobjectType"], plans[0]["cardinality"]) == ("Lead", 0)


def test_simple_salesforce_describes_and_reads_limits(salesforce: Any) -> None:
    names = {each["name"] for each in salesforce.describe()["sobjects"]}
    assert {"Lead", "Account", "Vehicle"} <= names
    assert "Max" in salesforce.limits()["DailyApiRequests"]
    lead = salesforce.Lead.describe()
    assert {each["name"] for each in lead["fields"]} >= {"Id", "Name", "Status", "OwnerId", "SystemModstamp"}


def _first(error: Any) -> dict[str, Any]:
    """The first problem of the answer that the client raised."""
    problem: dict[str, Any] = error.content[0]
    return problem


def test_simple_salesforce_tells_what_is_wrong(salesforce: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.Lead.create({"FirstName": "Nobody"})
    assert _first(refused.value)["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert _first(refused.value)["fields"] == ["LastName"]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.query("SELECT Id FORM Lead")
    assert _first(refused.value)["errorCode"] == "MALFORMED_QUERY"
