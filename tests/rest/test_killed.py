"""A server is killed while it answers: who sends a create again, under its key, has it done once."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis_tenants.bootstrap import DatabaseUrls
from nursery import WAIT_SECONDS, born, kill_all, nursery
from serving import Address, Person, Site, make_site

CREATES, ANSWERS_APART = 45, 10
ROOT = "/services/data/v66.0"


def record(name: str) -> dict[str, Any]:
    return {"attributes": {"type": "Errand", "referenceId": name}, "Name": name}


def creating(name: str) -> dict[str, Any]:
    return {"method": "POST", "url": f"{ROOT}/sobjects/Errand", "referenceId": "a", "body": {"Name": name}}


BODIES = [
    ("sobjects/Errand", {"Name": "One"}, "One"),
    ("composite/sobjects", {"records": [record("Set"), {"attributes": {"type": "Errand"}, "Nothing__c": 1}]}, "Set"),
    ("composite/tree/Errand", {"records": [record("Tree")]}, "Tree"),
    ("composite", {"compositeRequest": [creating("Each")]}, "Each"),
    ("composite", {"allOrNone": True, "compositeRequest": [creating("All")]}, "All"),
    ("composite/batch", {"batchRequests": [{**creating("Batch"), "richInput": {"Name": "Batch"}}]}, "Batch"),
    ("composite/graph", {"graphs": [{"graphId": "g", "compositeRequest": [creating("Graph")]}]}, "Graph"),
]


def count(client: httpx.Client, name: str) -> int:
    query = f"SELECT COUNT() FROM Errand WHERE Name = '{name}'"  # noqa: S608
    return int(client.get("query", params={"q": query}).json()["totalSize"])


@dataclass
class Mortal:
    """A server in a process of its own, beside the one that lives on."""

    url: str
    start: Callable[[], int]
    process: int | None = None

    def live(self) -> None:
        """Until it takes requests."""
        self.process = self.start()
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/health").is_success:
                    return
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.05)

    def die(self) -> None:
        """It may have died by itself."""
        if self.process is not None:
            kill_all({self.process})
            self.process = None


@pytest.fixture(scope="module")
def mortal(urls: DatabaseUrls, address: Address) -> Iterator[Mortal]:
    home: Path = address.authority.parents[1]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with nursery() as parent:
        server = Mortal(f"http://127.0.0.1:{port}", lambda: born(parent, "mortal", home, port, urls.server))
        yield server
        server.die()


@pytest.fixture(scope="module")
async def garage(urls: DatabaseUrls, address: Address) -> Site:
    """A small tenant: a server that begins anew has read its definitions in no time."""
    return await make_site(urls, address, "killed", [Person("partner", ("GarageAdmin",))], packages=("garage",))


@pytest.fixture(scope="module")
def partner(garage: Site) -> Iterator[httpx.Client]:
    with garage.partner("partner") as client:
        yield client


@pytest.mark.parametrize(("path", "body", "name"), BODIES)
def test_what_was_done_is_answered_though_the_server_died_before_it_said_so(
    mortal: Mortal, partner: httpx.Client, path: str, body: Any, name: str
) -> None:
    headers = {"Idempotency-Key": f"killed-{name}", "authorization": partner.headers["authorization"]}
    mortal.live()
    url = f"{mortal.url}{ROOT}/{path}"
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        httpx.post(url, json=body, headers=headers | {"x-die": "now"}, timeout=60)
    mortal.die()

    assert count(partner, name) == 1
    again = partner.post(path, json=body, headers=headers)
    assert again.status_code in (200, 201), again.text
    assert again.headers["idempotent-replayed"] == "true"
    assert count(partner, name) == 1


def test_creates_that_are_sent_until_they_are_answered_are_done_once(mortal: Mortal, partner: httpx.Client) -> None:
    stop = threading.Event()
    answered: dict[str, str] = {}
    token, url = partner.headers["authorization"], f"{mortal.url}{ROOT}/sobjects/Errand"

    def create() -> None:
        with httpx.Client(headers={"authorization": token}, timeout=30) as client:
            for number in range(CREATES):
                key = f"until-{number}"
                while key not in answered:
                    with contextlib.suppress(httpx.HTTPError):
                        answer = client.post(url, json={"Name": "Again"}, headers={"Idempotency-Key": key})
                        if answer.status_code == httpx.codes.CREATED:
                            answered[key] = answer.json()["id"]
                        elif answer.status_code == httpx.codes.BAD_REQUEST:
                            stop.set()  # that will never do: what was made is compared below
                            return
        stop.set()

    mortal.live()
    creating = threading.Thread(target=create)
    creating.start()
    kills = 0
    while not stop.wait(0.01):
        if len(answered) > (kills + 1) * ANSWERS_APART:  # the next ones are on their way
            mortal.die()
            mortal.live()
            kills += 1
    creating.join()

    query = {"q": "SELECT Id FROM Errand WHERE Name = 'Again'"}
    made = {each["Id"] for each in partner.get("query", params=query).json()["records"]}
    assert made == set(answered.values())
    assert len(made) == CREATES
    assert kills
