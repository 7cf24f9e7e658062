"""simple-salesforce, unmodified: bulk jobs, and signing in as it does. Records and searches: api/test_clients.py."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from serving import PASSWORD, Site
from soap import switch_soap

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from simple_salesforce.api import Salesforce
    from simple_salesforce.exceptions import SalesforceAuthenticationFailed
    from simple_salesforce.login import SalesforceLogin


@pytest.fixture(scope="module")
def salesforce(site: Site) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(site.address.authority))
        client = Salesforce(session_id=site.token("partner"), instance_url=site.address.https, version="66.0")
        yield client
        client.session.close()


def test_records_are_made_changed_and_read_page_by_page(salesforce: Any) -> None:
    made = salesforce.Lead.create({"LastName": "Sample", "MobilePhone": "+13935550122"})
    assert salesforce.Lead.update(made["id"], {"LastName": "欧阳"}) == 204
    assert salesforce.Lead.get(made["id"])["LastName"] == "欧阳"
    assert salesforce.Account.upsert("AccountNumber/S-100", {"LastName": "Nordwind"}) == 201
    assert salesforce.query_all("SELECT Id FROM Lead WHERE LastName = '欧阳'")["totalSize"] == 1
    assert salesforce.Lead.delete(made["id"]) == 204
    assert salesforce.api_usage["api-usage"].total == 1_000_000


def test_bulk_jobs_insert_query_upsert_and_delete(salesforce: Any) -> None:
    rows = [{"LastName": f"Wave {number:03}", "AccountNumber": f"W-{number:03}"} for number in range(300)]
    accounts = salesforce.bulk2.Account
    [inserted] = accounts.insert(records=rows, batch_size=1_000, wait=1)
    assert (inserted["numberRecordsProcessed"], inserted["numberRecordsFailed"]) == (300, 0)
    changed = [{"AccountNumber": "W-000", "LastName": "Wave A"}, {"AccountNumber": "W-300", "LastName": "Wave B"}]
    [upserted] = accounts.upsert(records=changed, external_id_field="AccountNumber", wait=1)
    assert upserted["numberRecordsFailed"] == 0

    pages = list(
        accounts.query("SELECT Id, LastName FROM Account WHERE LastName LIKE 'Wave %'", max_records=200, wait=1)
    )
    found = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert (len(pages), len(found)) == (2, 301)
    assert {"Wave A", "Wave B"} <= {each["LastName"] for each in found}

    [deleted] = accounts.delete(records=[{"Id": each["Id"]} for each in found], wait=1)
    assert (deleted["numberRecordsProcessed"], deleted["numberRecordsFailed"]) == (301, 0)
    failed = accounts.get_failed_records(deleted["job_id"])
    assert len(failed.splitlines()) <= 1
    assert salesforce.query("SELECT COUNT() FROM Account WHERE LastName LIKE 'Wave %'")["totalSize"] == 0


def test_a_bulk_job_tells_which_rows_failed(salesforce: Any) -> None:
    rows = [{"LastName": "Good", "AccountNumber": "G-1"}, {"LastName": "", "AccountNumber": "G-2"}]
    [job] = salesforce.bulk2.Account.insert(records=rows, wait=1)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    [failed] = csv.DictReader(io.StringIO(salesforce.bulk2.Account.get_failed_records(job["job_id"])))
    assert failed["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")


def test_it_signs_in_by_soap_where_that_is_switched_on(site: Site) -> None:
    session = requests.Session()
    session.verify = str(site.address.authority)
    who: Any = {"username": site.username("partner"), "password": PASSWORD, "security_token": "", "session": session}
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        SalesforceLogin(**who, scratch_url=site.address.https)
    assert refused.value.code == "INVALID_LOGIN"

    switch_soap(site, on=True)
    token, instance = SalesforceLogin(**who, scratch_url=site.address.https)
    assert site.address.https == f"https://{instance}"
    client = Salesforce(session_id=token, instance=instance, session=session)
    assert client.query("SELECT COUNT() FROM User")["totalSize"] == len(site.users)
    switch_soap(site, on=False)
    session.close()
