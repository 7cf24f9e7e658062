"""A create that is sent again under its key is answered again and done once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from serving import Site

ROOT = "/services/data/v66.0"


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("partner") as client:
        yield client


def post(client: httpx.Client, path: str, key: str, body: Any) -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def count(client: httpx.Client, name: str) -> int:
    query = f"SELECT COUNT() FROM Account WHERE LastName = '{name}'"  # noqa: S608
    return int(client.get("query", params={"q": query}).json()["totalSize"])


def test_the_same_request_is_answered_again_and_done_once(partner: httpx.Client) -> None:
    first = post(partner, "sobjects/Account", "key-1", {"LastName": "Once"})
    again = post(partner, "sobjects/Account", "key-1", {"LastName": "Once"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert count(partner, "Once") == 1


def test_another_request_under_the_same_key_is_refused(partner: httpx.Client) -> None:
    post(partner, "sobjects/Account", "key-2", {"LastName": "Mine"})
    for path, body in (("sobjects/Account", {"LastName": "Other"}), ("sobjects/Contact", {"LastName": "Mine"})):
        answer = post(partner, path, "key-2", body)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_what_failed_may_be_tried_again(partner: httpx.Client) -> None:
    assert post(partner, "sobjects/Account", "key-3", {"LastName": "A" * 300}).status_code == 400
    assert post(partner, "sobjects/Account", "key-3", {"LastName": "Mended"}).status_code == 201


def test_a_key_is_its_users_own(site: Site, partner: httpx.Client) -> None:
    mine = post(partner, "sobjects/Account", "key-4", {"LastName": "Whose"})
    with site.partner("admin") as other:
        theirs = post(other, "sobjects/Account", "key-4", {"LastName": "Whose"})
    assert theirs.status_code == 201, theirs.text
    assert mine.json()["id"] != theirs.json()["id"]


def test_of_requests_at_once_one_is_done(site: Site, partner: httpx.Client) -> None:
    token = partner.headers["authorization"]

    def one(_: int) -> httpx.Response:
        headers = {"authorization": token, "Idempotency-Key": "key-5"}
        return httpx.post(
            f"{site.url}{ROOT}/sobjects/Account", json={"LastName": "At once"}, headers=headers, timeout=30
        )

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(one, range(5)))
    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.json()["id"] for each in answers if each.status_code == 201}) == 1
    assert count(partner, "At once") == 1


def account(name: str) -> dict[str, Any]:
    return {"attributes": {"type": "Account", "referenceId": name}, "LastName": name}


def creating(name: str) -> dict[str, Any]:
    return {"method": "POST", "url": f"{ROOT}/sobjects/Account", "referenceId": "a", "body": {"LastName": name}}


BODIES = [
    ("composite/sobjects", {"records": [account("Sets"), {**account("Sets"), "Email": "no"}]}, "Sets"),
    ("composite/tree/Account", {"records": [account("Trees")]}, "Trees"),
    ("composite", {"compositeRequest": [creating("Composites")]}, "Composites"),
    ("composite", {"allOrNone": True, "compositeRequest": [creating("All")]}, "All"),
    ("composite/batch", {"batchRequests": [{**creating("Batches"), "richInput": {"LastName": "Batches"}}]}, "Batches"),
    ("composite/graph", {"graphs": [{"graphId": "g", "compositeRequest": [creating("Graphs")]}]}, "Graphs"),
]


@pytest.mark.parametrize(("path", "body", "name"), BODIES)
def test_every_create_takes_a_key(partner: httpx.Client, path: str, body: Any, name: str) -> None:
    first = post(partner, path, f"key-{name}", body)
    assert first.status_code in (200, 201), first.text
    assert post(partner, path, f"key-{name}", body).json() == first.json()
    assert count(partner, name) == 1


def test_what_was_read_is_not_kept(partner: httpx.Client) -> None:
    reading = {"method": "GET", "url": f"{ROOT}/query?q=SELECT+Id+FROM+Account", "referenceId": "a"}
    answer = post(partner, "composite", "key-6", {"compositeRequest": [reading]})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_INPUT")


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_key_that_is_none_is_refused(partner: httpx.Client, key: str) -> None:
    answer = post(partner, "sobjects/Account", key, {"LastName": "No key"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_HEADER")


def test_nothing_of_key_or_body_can_be_read_in_the_database(site: Site, partner: httpx.Client, owner_dsn: str) -> None:
    post(partner, "sobjects/Account", "secret-key", {"LastName": "Secret name"})
    with psycopg.connect(owner_dsn) as connection:
        rows = connection.execute(
            "SELECT to_jsonb(i)::text, answer FROM chassis.idempotency i WHERE tenant_id = %s", [site.tenant_id]
        ).fetchall()
    assert rows
    assert not [row for row in rows if "secret-key" in row[0] or "Secret name" in row[0] or b"Secret" in row[1]]
