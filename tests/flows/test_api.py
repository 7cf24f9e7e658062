"""Buttons, dry runs, replays and notifications as the web application asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from chassis_metadata.package import read_package
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.publisher import publish
from flows.conftest import package_with
from serving import Person, Site, make_site, running

FILES = {
    "flows/Press_Me.yaml": """
label: Press me
object: Ticket
trigger:
  button:
    placements: [record, list]
    permission: PressButtons
    criteria: 'NOT(ISPICKVAL(Status, "Done"))'
    message: Really?
variables: {Reason: {type: text, input: true, label: Why}, Days: {type: number, input: true}}
steps:
  - update: {Status: '"Done"', Note: 'Reason'}
  - notify: {to: [{field: OwnerId}], title: 'Done: {!Name}'}
""",
    "flows/Fails.yaml": """
label: Fails
object: Ticket
trigger: {record: {when: after_commit, events: [update], criteria: 'Name = "Fails"'}}
steps: [{update: {Score: '1 / Score'}}]
""",
    "flows/Greets.yaml": """
label: Greets
object: Ticket
trigger: {record: {events: [update], criteria: 'ISPICKVAL(Priority, "High")', becomes: true}}
steps:
  - if: 'Score > 5'
    error: {message: Too much, field: Score}
  - create: {object: Part, fields: {Name: '"Greeting"', TicketId: Id}}
""",
    "permission_sets/Maker.yaml": "label: Makes flows\nsystem: [ManageMetadata]\n",
    "translations/zh_CN.yaml": """
flows:
  Press_Me: {label: 按我, trigger: {button: {message: 确定吗？}}, variables: {Reason: {label: 原因}}}
""",
}
PEOPLE = [
    Person("ann", ("Clerk",)),
    Person("ben", ("Clerk", "Presser")),
    Person("admin", ("Clerk", "SystemAdministrator")),
    Person("maker", ("Maker",)),
]


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("home")
    publish(urls.owner, read_package(package_with(home / "desk", FILES)))
    with running(urls, home) as address:
        yield await make_site(urls, address, "desk", PEOPLE, packages=("desk",))


@pytest.fixture
def ben(site: Site) -> Iterator[httpx.Client]:
    with site.browser("ben") as client:
        yield client


@pytest.fixture
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.browser("admin") as client:
        yield client


def make(client: httpx.Client, **values: Any) -> str:
    answer = client.post("/ui/objects/Ticket/records", json={"values": {"Name": "One", **values}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def values(client: httpx.Client, record_id: str) -> Any:
    return client.get(f"/ui/records/{record_id}").json()["values"]


def test_buttons_are_told_to_who_may_press_them(site: Site, ben: httpx.Client) -> None:
    assert ben.get("/ui/objects/Ticket/buttons").json() == {
        "buttons": [
            {
                "name": "Press_Me",
                "label": "Press me",
                "placements": ["record", "list"],
                "message": "Really?",
                "inputs": [
                    {"name": "Days", "type": "number", "label": None},
                    {"name": "Reason", "type": "text", "label": "Why"},
                ],
            }
        ]
    }
    [chinese] = ben.get("/ui/objects/Ticket/buttons?language=zh_CN").json()["buttons"]
    assert (chinese["label"], chinese["message"]) == ("按我", "确定吗？")
    assert chinese["inputs"][1]["label"] == "原因"
    with site.browser("ann") as ann:
        assert ann.get("/ui/objects/Ticket/buttons").json() == {"buttons": []}


def test_a_record_has_the_buttons_whose_criteria_it_meets(site: Site, ben: httpx.Client) -> None:
    new, done = make(ben), make(ben, Status="Done")

    assert [each["name"] for each in ben.get(f"/ui/records/{new}/buttons").json()["buttons"]] == ["Press_Me"]
    assert ben.get(f"/ui/records/{done}/buttons").json() == {"buttons": []}
    with site.browser("ann") as ann:
        own = make(ann)
        assert ann.get(f"/ui/records/{own}/buttons").json() == {"buttons": []}
    assert ben.get(f"/ui/records/{own}/buttons").status_code == 404
    assert ben.get("/ui/records/XYZ000000000000AAA/buttons").status_code == 404


def test_a_button_runs_on_the_records_and_tells_what_it_did(ben: httpx.Client) -> None:
    ids = [make(ben), make(ben)]
    answer = ben.post("/ui/flows/Press_Me/run", json={"recordIds": ids, "variables": {"Reason": "enough"}})
    assert answer.status_code == 200, answer.text
    assert [each["did"] for each in answer.json()["effects"]] == ["updated"] * 2 + ["notified"] * 2
    assert [(each["Status"], each["Note"]) for each in (values(ben, one) for one in ids)] == [("Done", "enough")] * 2
    again = ben.post("/ui/flows/Press_Me/run", json={"recordIds": ids[:1]})
    assert again.status_code == 400
    assert "not possible" in again.text


def test_a_button_is_refused_without_the_right_or_the_record(site: Site, ben: httpx.Client) -> None:
    with site.browser("ann") as ann:
        own = make(ann)
        assert ann.post("/ui/flows/Press_Me/run", json={"recordIds": [own]}).status_code == 403
    assert ben.post("/ui/flows/Press_Me/run", json={"recordIds": [own]}).status_code == 404
    assert ben.post("/ui/flows/Fails/run", json={"recordIds": [own]}).status_code == 404
    assert ben.post("/ui/flows/Nix/run", json={"recordIds": [own]}).status_code == 404
    for wrong in ({}, {"recordIds": "x"}, {"recordIds": ["x"]}, {"recordIds": [own], "variables": {"Nix": 1}}):
        assert ben.post("/ui/flows/Press_Me/run", json=wrong).status_code in (400, 404), wrong


def test_notifications_are_listed_and_read(ben: httpx.Client) -> None:
    ben.post("/ui/notifications/read", json={"all": True})
    record_id = make(ben, Name="Noted")
    ben.post("/ui/flows/Press_Me/run", json={"recordIds": [record_id]})
    told = ben.get("/ui/notifications?unread=true").json()
    [notice] = told["notifications"]
    assert (notice["title"], notice["record_id"], notice["object"]) == ("Done: Noted", record_id, "Ticket")
    assert told["unread"] == 1
    assert ben.post("/ui/notifications/read", json={"ids": [notice["id"]]}).status_code == 204
    assert ben.get("/ui/notifications").json()["unread"] == 0
    assert ben.post("/ui/notifications/read", json={}).status_code == 400


def test_a_dry_run_of_a_flow_leaves_the_record(ben: httpx.Client, admin: httpx.Client) -> None:
    record_id = make(admin, Name="Dry")
    assert ben.post("/setup/flows/Press_Me/dry-run", json={"recordIds": [record_id]}).status_code == 403
    answer = admin.post("/setup/flows/Press_Me/dry-run", json={"recordIds": [record_id]})
    assert answer.status_code == 200, answer.text
    assert [each["did"] for each in answer.json()["effects"]] == ["updated", "notified"]
    assert values(admin, record_id)["Status"] == "New"


def test_nobody_tries_a_flow_on_a_record_that_they_do_not_see(site: Site, admin: httpx.Client) -> None:
    record_id = make(admin, Name="Hidden")
    with site.browser("maker") as maker:
        answer = maker.post("/setup/flows/Press_Me/dry-run", json={"recordIds": [record_id]})
    assert answer.status_code == 404, answer.text


def test_a_dry_run_of_a_change_tells_what_it_would_set_off(admin: httpx.Client) -> None:
    record_id = make(admin, Name="Greet me")
    body: dict[str, Any] = {"operation": "update", "values": {"Id": record_id, "Priority": "High"}}
    told = admin.post("/setup/objects/Ticket/dry-run", json=body).json()
    assert (told["success"], told["values"]["Priority"]) == (True, "High")
    assert [(each["flow"], each["did"], each["object"]) for each in told["effects"]] == [("Greets", "created", "Part")]
    body["values"]["Score"] = 6
    refused = admin.post("/setup/objects/Ticket/dry-run", json=body).json()
    assert (refused["success"], refused["errors"][0]["message"]) == (False, "Too much")
    assert values(admin, record_id)["Priority"] is None
    assert admin.post("/setup/objects/Ticket/dry-run", json={"values": 3}).status_code == 400


def test_flows_are_listed_and_failed_runs_replayed(site: Site, urls: DatabaseUrls, admin: httpx.Client) -> None:
    listed = {each["name"]: each for each in admin.get("/setup/flows").json()["flows"]}
    assert listed["Press_Me"]["start"] == "button"
    record_id = make(admin, Name="Fails", Score=1)
    assert admin.patch(f"/ui/records/{record_id}", json={"values": {"Score": 0}}).status_code == 200
    with psycopg.connect(urls.owner) as owner:
        [run_id] = owner.execute(
            "UPDATE data.flow_run SET status = 'Failed' WHERE flow_name = 'Fails' RETURNING id"
        ).fetchone() or [None]
    answer = admin.post(f"/setup/flow-runs/{run_id}/replay")
    assert answer.status_code == 202, answer.text
    assert admin.post(f"/setup/flow-runs/{run_id}/replay").status_code == 409
    assert admin.post("/setup/flow-runs/x/replay").status_code == 404
    runs = admin.post("/ui/objects/FlowRun/list", json={"columns": ["FlowName", "Status", "ReplayOfId"]}).json()
    assert {each["values"]["Status"] for each in runs["records"] if each["values"]["FlowName"] == "Fails"} == {
        "Replayed",
        "Queued",
    }
    with site.browser("ben") as ben:
        assert ben.post(f"/setup/flow-runs/{run_id}/replay").status_code == 403
