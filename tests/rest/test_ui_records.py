"""Records for user interfaces: what is shown of each value, and several records at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from chassis_tenants.database import Database
from chassis_tenants.statement import Statement
from serving import Site

VALUES = {
    "Amount": 1234567.5,
    "Probability": 0.35,
    "CloseDate": "2026-03-09",
    "ExpectedVolume": 12000,
    "BidDeadline": "2026-03-09T18:05:00.000+0000",
}


@pytest.fixture(scope="module")
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.partner("admin") as client:
        yield client


def done(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def account(admin: httpx.Client) -> str:
    return str(done(admin.post("sobjects/Account", json={"LastName": "Shown"}), 201)["id"])


@pytest.fixture(scope="module")
def opportunity(admin: httpx.Client, account: str) -> str:
    document = {"Name": "Fleet", "AccountId": account, "StageName": "Qualification", **VALUES}
    return str(done(admin.post("sobjects/Opportunity", json=document), 201)["id"])


def shown(client: httpx.Client, record_id: str) -> dict[str, Any]:
    asked = {"fields": ",".join(f"Opportunity.{each}" for each in VALUES)}
    fields = done(client.get(f"ui-api/records/{record_id}", params=asked))["fields"]
    return {name: each["displayValue"] for name, each in fields.items()}


def formatted(client: httpx.Client, record_id: str) -> dict[str, str]:
    """The same by the query language."""
    calls = ", ".join(f"FORMAT({each}) {each}Shown" for each in VALUES)
    query = f"SELECT {calls} FROM Opportunity WHERE Id = '{record_id}'"  # noqa: S608
    [record] = done(client.get("query", params={"q": query}))["records"]
    return {each: record[f"{each}Shown"] for each in VALUES}


@pytest.mark.parametrize(
    ("language", "zone", "moment", "day"),
    [
        ("en_US", "Asia/Shanghai", "03/10/2026 2:05 AM", "03/09/2026"),
        ("zh_CN", "Asia/Shanghai", "2026/03/10 02:05", "2026/03/09"),
        ("en_US", "America/New_York", "03/09/2026 2:05 PM", "03/09/2026"),
    ],
)
def test_values_are_shown_as_their_reader_writes_them(
    site: Site, opportunity: str, language: str, zone: str, moment: str, day: str
) -> None:
    with site.browser("admin") as window:
        assert window.patch("/ui/me", json={"language": language, "time_zone": zone}).status_code == 204
        with site.partner("admin") as client:
            found, queried = shown(client, opportunity), formatted(client, opportunity)
        assert window.patch("/ui/me", json={"language": "en_US", "time_zone": "UTC"}).status_code == 204
    assert found["Amount"].endswith("1,234,567.50")
    assert found["Amount"].removesuffix("1,234,567.50")
    assert (found["Probability"], found["ExpectedVolume"]) == ("35%", "12,000")
    assert (found["BidDeadline"], found["CloseDate"]) == (moment, day)
    same = ("ExpectedVolume", "BidDeadline", "CloseDate")
    assert {each: found[each] for each in same} == {each: queried[each] for each in same}


def batch(client: httpx.Client, ids: Sequence[str], **asked: str) -> Any:
    return done(client.get(f"ui-api/records/batch/{','.join(ids)}", params=asked))


def test_several_records_come_in_the_order_of_their_ids(admin: httpx.Client, account: str, opportunity: str) -> None:
    gone = f"006{'0' * 12}"
    ids = [opportunity, gone, account, "nonsense", opportunity[:15]]
    answer = batch(admin, ids, fields="Opportunity.Amount,Account.Name", optionalFields="Account.Nothing")
    assert answer["hasErrors"] is True
    assert [each["statusCode"] for each in answer["results"]] == [200, 404, 200, 404, 200]
    assert answer["results"][1]["result"][0]["errorCode"] == "NOT_FOUND"
    alone = done(admin.get(f"ui-api/records/{opportunity}", params={"fields": "Opportunity.Amount"}))
    assert answer["results"][0]["result"] == alone
    assert answer["results"][4]["result"] == alone
    assert set(answer["results"][2]["result"]["fields"]) == {"Name"}


def test_what_is_wrong_with_the_fields_of_one_object_is_told_there(
    admin: httpx.Client, account: str, opportunity: str
) -> None:
    answer = batch(admin, [opportunity, account], fields="Opportunity.Nothing,Account.Name")
    assert [each["statusCode"] for each in answer["results"]] == [400, 200]
    assert answer["results"][0]["result"][0]["errorCode"] == "INVALID_FIELD"
    too_many = ",".join([account] * 201)
    assert admin.get(f"ui-api/records/batch/{too_many}", params={"layoutTypes": "Full"}).status_code == 400
    assert [each["statusCode"] for each in batch(admin, [account])["results"]] == [400]


def test_a_batch_costs_the_same_however_long_it_is(
    monkeypatch: pytest.MonkeyPatch, admin: httpx.Client, site: Site, account: str
) -> None:
    new = [{"attributes": {"type": "Account"}, "LastName": f"One of {number}"} for number in range(20)]
    ids = [each["id"] for each in done(admin.post("composite/sobjects", json={"records": new}))]
    sent = 0
    read = Database.read

    async def counted(self: Database, binding: Any, *statements: Statement) -> list[Any]:
        nonlocal sent
        sent += sum("tenant.account" in each.text for each in statements)
        return await read(self, binding, *statements)

    batch(admin, ids[:1], layoutTypes="Full")  # what is compiled and sized at the first time
    monkeypatch.setattr(Database, "read", counted)
    batch(admin, [account], layoutTypes="Full")
    few, sent = sent, 0
    assert few
    assert batch(admin, ids, layoutTypes="Full")["hasErrors"] is False
    assert sent == few
    assert site


def test_others_records_are_not_in_a_batch(site: Site, other_site: Site, account: str) -> None:
    with other_site.partner("admin") as neighbour:
        answer = batch(neighbour, [account], layoutTypes="Full")
    assert [each["statusCode"] for each in answer["results"]] == [404]
    with site.partner("auditor") as auditor:
        assert "Shown" not in str(batch(auditor, [account], layoutTypes="Full"))
