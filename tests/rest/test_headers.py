"""Headers that clients of the field send with everything: read, or taken without harm."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from serving import Site


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("partner") as client:
        records = [{"attributes": {"type": "Account"}, "LastName": f"Headed {number}"} for number in range(200)]
        for _ in range(2):
            assert client.post("composite/sobjects", json={"records": records}).status_code == 200
        yield client


QUERY = {"q": "SELECT Id FROM Account WHERE LastName LIKE 'Headed%'"}


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("batchSize=200", 200),
        ("batchsize=250", 250),
        ("batchSize=1", 200),
        ("defaultNamespace=x, batchSize=300", 300),
        ("batchSize=1000000", 400),
        ("batchSize=many", 400),
        ("batchSize=" + "9" * 4000, 400),
        ("", 400),
    ],
)
def test_the_size_of_a_querys_batches_is_asked_for(partner: httpx.Client, said: str, size: int) -> None:
    first = partner.get("query", params=QUERY, headers={"Sforce-Query-Options": said}).json()
    assert (len(first["records"]), first["totalSize"], first["done"]) == (size, 400, size == 400)
    if size < 400:
        rest = partner.get(first["nextRecordsUrl"].removeprefix("/services/data/v66.0/")).json()
        assert len(rest["records"]) == min(size, 400 - size)


HARMLESS = {
    "Sforce-Call-Options": "client=SomeClient/1.0, defaultNamespace=other",
    "Sforce-Mru": "updateMru=true",
    "x-sfdc-packageversion-clientPackage": "1.0",
    "Sforce-Limit-Info": "api-usage=1/2",
    "X-PrettyPrint": "1",
    "X-Chatter-Entity-Encoding": "false",
    "Sforce-Stream": "x",
    "Sforce-Auto-Assign": "TRUE",
    "Sforce-Duplicate-Rule-Header": "allowSave=false",
    "Package-Version": "1.0",
}


def test_headers_that_mean_nothing_here_change_nothing(partner: httpx.Client) -> None:
    for headers in (HARMLESS, {name: "' OR 1=1; \t<x>" for name in HARMLESS if name != "Sforce-Auto-Assign"}):
        plain = partner.get("query", params=QUERY)
        headed = partner.get("query", params=QUERY, headers=headers)
        assert (headed.status_code, headed.json()) == (200, plain.json())
        made = partner.post("sobjects/Account", json={"LastName": "With headers"}, headers=headers)
        assert made.status_code == 201, made.text
        url = f"sobjects/Account/{made.json()['id']}"
        assert partner.patch(url, json={"LastName": "Changed"}, headers=headers).status_code == 204
        assert partner.get(url, headers=headers).json()["LastName"] == "Changed"
        assert partner.delete(url, headers=headers).status_code == 204
