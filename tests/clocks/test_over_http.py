"""Clocks and plans as clients meet them: read beside their record, written by nobody, plans started by hand."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from chassis_metadata.ids import new_id
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.publisher import publish
from clocks.helpdesk import HELPDESK
from package_folders import package_of
from serving import Address, Person, Site, make_site, running

PEOPLE = [Person("ann", ("HelpdeskUser",)), Person("guest", ())]


@pytest.fixture(scope="module")
def address(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    publish(urls.owner, package_of(tmp_path_factory.mktemp("helpdesk"), HELPDESK))
    with running(urls, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "desk", PEOPLE, packages=("helpdesk",))


@pytest.fixture
def ann(site: Site) -> Iterator[httpx.Client]:
    with site.browser("ann") as client:
        yield client


@pytest.fixture
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("ann") as client:
        yield client


def _ticket(partner: httpx.Client, **values: object) -> str:
    answer = partner.post("sobjects/Ticket", json={"Name": "Help", **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_the_clocks_of_a_record_are_read_beside_it(partner: httpx.Client) -> None:
    ticket = _ticket(partner)

    query = (
        "SELECT Name, ResponseState, (SELECT Name, State, DueTime FROM Milestones) FROM Ticket"  # noqa: S608
        f" WHERE Id = '{ticket}'"
    )
    answer = partner.get("query", params={"q": query})

    assert answer.status_code == 200, answer.text
    [record] = answer.json()["records"]
    assert record["ResponseState"] == "Running"
    assert [(each["Name"], each["State"]) for each in record["Milestones"]["records"]] == [
        ("First response", "Running")
    ]


def test_nobody_writes_clocks_by_hand(partner: httpx.Client) -> None:
    ticket = _ticket(partner)

    answer = partner.post("sobjects/RecordMilestone", json={"RecordId": ticket, "State": "Met"})

    assert answer.status_code in (400, 403, 404, 405), answer.text


def test_a_plan_is_started_and_cancelled_by_hand(ann: httpx.Client, partner: httpx.Client) -> None:
    ticket = _ticket(partner)
    plans = ann.get("/ui/objects/Ticket/task_plans?language=zh_CN").json()["plans"]
    assert [(each["name"], each["label"], each["tasks"]) for each in plans] == [
        ("GradeA", "Grade A", 6),
        ("ByHand", "手动", 2),
    ]

    started = ann.post("/ui/task_plans/ByHand/start", json={"recordIds": [ticket]})
    again = ann.post("/ui/task_plans/ByHand/start", json={"recordIds": [ticket]})
    assert started.status_code == 200, started.text
    assert started.json() == again.json()
    [run] = started.json()["runs"]
    assert (run["recordId"], run["id"][:3]) == (ticket, "0Tp")

    cancelled = ann.post("/ui/task_plans/ByHand/cancel", json={"recordIds": [ticket]})
    assert cancelled.json() == {"cancelled": 1}


@pytest.mark.parametrize(
    ("who", "plan", "body", "status"),
    [
        ("ann", "Nobody", {"recordIds": ["9Ti000000000000001"]}, 404),
        ("ann", "ByHand", {"recordIds": []}, 400),
        ("ann", "ByHand", {"recordIds": ["x"]}, 400),
        ("ann", "ByHand", {"recordIds": [new_id("9Ti")]}, 404),
        ("guest", "ByHand", {"recordIds": ["9Ti000000000000001"]}, 404),
    ],
)
def test_what_can_not_be_started_is_told(site: Site, who: str, plan: str, body: dict[str, object], status: int) -> None:
    with site.browser(who) as client:
        answer = client.post(f"/ui/task_plans/{plan}/start", json=body)

    assert answer.status_code == status, answer.text
