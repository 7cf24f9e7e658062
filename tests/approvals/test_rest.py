"""Approvals over HTTP: the field's `process/approvals`, the web application's routes, links in e-mails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from chassis_platform.automation.approvals.links import Link, load_key, make_link, read_link
from chassis_platform.automation.approvals.mails import mail_approvers
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from serving import Address, Person, Site, make_site, running

PEOPLE = [
    Person("clerk", ("Buyer", "Approver")),
    Person("manager", ("Buyer",)),
    Person("stranger", ("Buyer",)),
    Person("accountant", ("Buyer",)),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(published: DatabaseUrls, home: Path) -> Iterator[Address]:
    with running(published, home) as address:
        yield address


@pytest.fixture(scope="module")
async def site(published: DatabaseUrls, address: Address) -> Site:
    made = await make_site(published, address, "office", PEOPLE, packages=("purchasing",))
    with psycopg.connect(published.owner) as owner:
        owner.execute(
            'UPDATE data."user" SET manager_id = %s WHERE id = %s', (made.users["manager"], made.users["clerk"])
        )
        owner.execute(
            "INSERT INTO data.group_member (tenant_id, id, group_id, user_or_group_id)"
            " SELECT tenant_id, '0110000000000000AA', id, %s FROM data.\"group\""
            " WHERE tenant_id = %s AND developer_name = 'Finance'",
            (made.users["accountant"], made.tenant_id),
        )
    return made


def purchase(site: Site, **values: Any) -> str:
    with site.partner("clerk") as clerk:
        answer = clerk.post("sobjects/Purchase", json={"Name": "Desk", "Kind": "Simple", "Amount": 90, **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def act(site: Site, name: str, *requests: dict[str, Any]) -> httpx.Response:
    with site.partner(name) as client:
        return client.post("process/approvals", json={"requests": list(requests)})


def submitted(site: Site, **values: Any) -> tuple[str, str]:
    record_id = purchase(site, **values)
    [result] = act(site, "clerk", {"actionType": "Submit", "contextId": record_id}).json()
    return record_id, result["newWorkitemIds"][0]


def test_the_processes_are_listed_by_object(site: Site) -> None:
    with site.partner("clerk") as clerk:
        found = clerk.get("process/approvals").json()["approvals"]

    assert list(found) == ["Purchase"]
    first = found["Purchase"][0]
    assert first | {"id": ""} == {
        "description": None,
        "id": "",
        "name": "Simple purchase",
        "object": "Purchase",
        "sortOrder": 1,
    }
    assert first["id"].startswith("04a")


def test_submit_and_approve_have_the_fields_shapes(site: Site) -> None:
    record_id = purchase(site)

    answer = act(site, "clerk", {"actionType": "Submit", "contextId": record_id, "comments": "please"})

    assert answer.status_code == 200
    [result] = answer.json()
    assert set(result) == {
        *("actorIds", "entityId", "errors", "instanceId", "instanceStatus", "newWorkitemIds", "success")
    }
    assert result["actorIds"] == [site.users["manager"]]
    assert (result["entityId"], result["errors"], result["instanceStatus"]) == (record_id, None, "Pending")
    [done] = act(
        site, "manager", {"actionType": "Approve", "contextId": result["newWorkitemIds"][0], "comments": "fine"}
    ).json()
    assert (done["instanceStatus"], done["instanceId"], done["newWorkitemIds"]) == (
        "Approved",
        result["instanceId"],
        [],
    )


def test_a_process_is_named_by_name_or_id_and_may_skip_its_criteria(site: Site) -> None:
    with site.partner("clerk") as clerk:
        simple = clerk.get("process/approvals").json()["approvals"]["Purchase"][0]["id"]
    for name in ("Simple", simple):
        record_id = purchase(site, Amount=0)
        request = {"actionType": "Submit", "contextId": record_id, "processDefinitionNameOrId": name}
        assert act(site, "clerk", request).json()[0]["errorCode"] == "NO_APPLICABLE_PROCESS"
        assert act(site, "clerk", request | {"skipEntryCriteria": "true"}).status_code == 200


def test_ids_of_fifteen_characters_will_do(site: Site) -> None:
    record_id = purchase(site)
    actor = site.users["clerk"][:15]

    request = {"actionType": "Submit", "contextId": record_id[:15], "contextActorId": actor}
    [result] = act(site, "clerk", request).json()
    [done] = act(site, "manager", {"actionType": "Approve", "contextId": result["newWorkitemIds"][0][:15]}).json()

    assert (result["entityId"], done["instanceStatus"]) == (record_id, "Approved")


def test_a_recall_is_called_removed(site: Site) -> None:
    record_id, _ = submitted(site)

    [result] = act(site, "clerk", {"actionType": "Removed", "contextId": record_id}).json()

    assert result["instanceStatus"] == "Removed"


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"actionType": "Praise", "contextId": "x"}, 400, "INVALID_FIELD"),
        ({"actionType": "Submit"}, 400, "REQUIRED_FIELD_MISSING"),
        ({"actionType": "Submit", "contextId": "x"}, 400, "MALFORMED_ID"),
        ({"actionType": "Approve", "contextId": "x"}, 409, "ALREADY_PROCESSED"),
        ({"actionType": "Submit", "contextId": "x", "comments": 7}, 400, "JSON_PARSER_ERROR"),
        ({"actionType": "Submit", "contextId": "x", "nextApproverIds": "y"}, 400, "JSON_PARSER_ERROR"),
    ],
)
def test_what_is_wrong_with_a_request_is_told(site: Site, request_: dict[str, Any], status: int, code: str) -> None:
    answer = act(site, "clerk", request_)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_others_are_told_that_it_is_not_theirs_to_decide(site: Site) -> None:
    _, item = submitted(site)

    answer = act(site, "stranger", {"actionType": "Approve", "contextId": item})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")


def test_of_several_requests_each_has_its_result(site: Site) -> None:
    good, bad = purchase(site), purchase(site, Amount=0)

    answer = act(site, "clerk", *({"actionType": "Submit", "contextId": each} for each in (good, bad)))

    assert answer.status_code == 200
    assert [each["success"] for each in answer.json()] == [True, False]
    assert answer.json()[1]["errors"][0]["statusCode"] == "NO_APPLICABLE_PROCESS"


def test_a_locked_record_is_told_in_the_fields_word(site: Site) -> None:
    record_id, _ = submitted(site)

    with site.partner("clerk") as clerk:
        answer = clerk.patch(f"sobjects/Purchase/{record_id}", json={"Amount": 1})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "ENTITY_IS_LOCKED")


def test_the_web_application_lists_decides_and_shows_history(site: Site) -> None:
    record_id, item = submitted(site)

    with site.browser("manager") as manager:
        waiting = manager.get("/ui/approvals").json()["requests"]
        assert item in [each["id"] for each in waiting]
        assert manager.get(f"/ui/approvals/{item}").json()["record"]["name"] == "Desk"
        sent = {"decisions": [{"id": item, "decision": "approve", "comments": "ok", "attachments": ["https://a.b/c"]}]}
        [result] = manager.post("/ui/approvals/decide", json=sent).json()["results"]
        assert result["instanceStatus"] == "Approved"
        assert manager.get(f"/ui/approvals/{item}").status_code == 404
    with site.browser("clerk") as clerk:
        found = clerk.get(f"/ui/records/{record_id}/approvals").json()
    [approval] = found["approvals"]
    assert (approval["status"], found["is_locked"]) == ("Approved", False)
    assert [line["status"] for line in approval["history"]] == ["Started", "Approved"]
    assert approval["history"][1]["by"] == {"id": site.users["manager"], "name": "Manager"}
    assert approval["history"][1]["attachments"] == ["https://a.b/c"]


def test_the_web_application_submits_recalls_and_reassigns(site: Site) -> None:
    record_id = purchase(site)

    with site.browser("clerk") as clerk:
        processes = clerk.get(f"/ui/records/{record_id}/approvals").json()["processes"]
        assert [each["name"] for each in processes] == ["Simple"]
        result = clerk.post(f"/ui/records/{record_id}/approvals", json={"comments": "please"}).json()
        [item] = result["newWorkitemIds"]
        waiting = clerk.get(f"/ui/records/{record_id}/approvals").json()
        assert waiting["approvals"][0]["may_recall"]
        [request] = waiting["approvals"][0]["requests"]
        assert (request["may_decide"], request["may_reassign"], request["chooses_approver"]) == (False, False, False)
        assert (waiting["is_locked"], waiting["may_change"]) == (True, False)
        assert clerk.get("/ui/approvals/count").json() == {"count": 0}
    with site.browser("manager") as manager:
        listed = manager.get("/ui/approvals").json()["requests"]
        assert manager.get("/ui/approvals/count").json() == {"count": len(listed)}
        given = manager.post(f"/ui/approvals/{item}/reassign", json={"actor_id": site.users["stranger"]})
        assert given.json()["actorIds"] == [site.users["stranger"]]
    with site.browser("clerk") as clerk:
        assert clerk.post(f"/ui/records/{record_id}/approvals/recall", json={}).json()["instanceStatus"] == "Removed"
        assert clerk.post(f"/ui/records/{record_id}/approvals/recall", json={}).status_code == 409
    with site.browser("stranger") as stranger:
        assert stranger.get(f"/ui/records/{record_id}/approvals").status_code == 404


def test_many_records_are_submitted_from_a_list(site: Site) -> None:
    ids = [purchase(site), purchase(site, Amount=0), purchase(site)]

    with site.browser("clerk") as clerk:
        results = clerk.post("/ui/approvals/submit", json={"record_ids": ids}).json()["results"]
        assert clerk.post("/ui/approvals/submit", json={}).status_code == 400

    assert [each["success"] for each in results] == [True, False, True]


def test_delegates_are_named_and_taken_back(site: Site) -> None:
    today = datetime.now(UTC).date().isoformat()
    with site.browser("stranger") as stranger:
        sent = {"delegate_id": site.users["manager"], "from": today, "to": today}
        made = stranger.post("/ui/approvals/delegates", json=sent)
        assert made.status_code == 201, made.text
        [found] = stranger.get("/ui/approvals/delegates").json()["delegates"]
        assert (found["id"], found["active"]) == (made.json()["id"], True)
        assert stranger.delete(f"/ui/approvals/delegates/{found['id']}").status_code == 204
        assert stranger.get("/ui/approvals/delegates").json()["delegates"] == []
        assert stranger.get("/ui/approvals?scope=nonsense").status_code == 400


def link_of(site: Site, home: Path, item: str, name: str, *, hours: int = 1) -> str:
    link = Link(site.organization_id, item, site.users[name], datetime.now(UTC) + timedelta(hours=hours))
    return f"{site.url}/ui/approval-links/{make_link(load_key(home), link)}"


PAGE = {"accept": "text/html"}


def test_a_link_decides_without_signing_in_and_only_once(site: Site, home: Path) -> None:
    record_id, item = submitted(site)
    link = link_of(site, home, item, "manager")

    shown = httpx.get(link, headers=PAGE)
    done = httpx.post(link, data={"decision": "approve", "comments": "by mail"}, headers=PAGE)
    again = httpx.post(link, data={"decision": "reject", "comments": "x"}, headers=PAGE)

    assert "Simple purchase · Manager" in shown.text
    assert "Desk" in shown.text
    assert (done.status_code, again.status_code) == (200, 409)
    assert "decided" in again.text
    with site.partner("clerk") as clerk:
        assert clerk.get(f"sobjects/Purchase/{record_id}").json()["Status"] == "Approved"
    with site.browser("clerk") as browser:
        [approval] = browser.get(f"/ui/records/{record_id}/approvals").json()["approvals"]
    assert [line["channel"] for line in approval["history"]] == ["api", "link"]


def test_a_link_shown_as_json_leaves_the_request_open(site: Site, home: Path) -> None:
    _, item = submitted(site)
    link = link_of(site, home, item, "manager")

    assert httpx.get(link).json()["id"] == item
    assert httpx.get(link).status_code == 200
    refused = httpx.post(link, json={"decision": "reject"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    assert httpx.post(link, json={"decision": "perhaps"}).status_code == 400


def test_a_link_that_was_made_up_changed_or_ran_out_shows_nothing(site: Site, home: Path) -> None:
    _, item = submitted(site)
    good = link_of(site, home, item, "manager")
    others = link_of(site, home, item, "stranger")

    assert httpx.get(good.replace(site.users["manager"], site.users["stranger"])).status_code == 404
    assert httpx.get(good[:-1] + ("A" if good[-1] != "A" else "B")).status_code == 404
    assert httpx.get(link_of(site, home, item, "manager", hours=-1)).status_code == 404
    assert httpx.get(others).status_code == 404
    assert httpx.post(others, json={"decision": "approve"}).status_code in (403, 404)
    assert httpx.get(f"{site.url}/ui/approval-links/nonsense").status_code == 404


def test_a_link_is_the_installations_own(tmp_path: Path) -> None:
    link = Link("00D000000000000EAA", "04i000000000000AAA", "005000000000000AAA", datetime(2030, 1, 1, tzinfo=UTC))
    now = datetime(2029, 1, 1, tzinfo=UTC)
    token = make_link(load_key(tmp_path / "a"), link)

    assert read_link(load_key(tmp_path / "a"), token, now) == link
    with pytest.raises(Exception, match="not valid"):
        read_link(load_key(tmp_path / "b"), token, now)


async def test_approvers_get_an_e_mail_each_with_a_link_of_their_own_once(
    site: Site, home: Path, published: DatabaseUrls
) -> None:
    _, item = submitted(site, Kind="Kept", Name="Chair")

    async with Database(published.server, smallest=1, largest=2) as database:
        snapshots = SnapshotStore(database)
        for expected in (1, 0):
            sent = await mail_approvers(
                database, snapshots, site.tenant_id, [item], key=load_key(home), base_url="https://crm.example/"
            )
            assert sent == expected
    with psycopg.connect(published.owner) as owner:
        [(to, subject, text)] = owner.execute(
            "SELECT to_address, subject, text_body FROM data.email_message WHERE source = %s", (f"approval.{item}",)
        ).fetchall()
        jobs = owner.execute("SELECT payload FROM chassis.job WHERE kind = 'approval_mails'").fetchall()
    assert to == site.username("accountant")
    assert subject == "Kept locked · Somebody who is not there: Chair"
    token = text.strip().rsplit("/", 1)[1]
    assert read_link(load_key(home), token, datetime.now(UTC)).user_id == site.users["accountant"]
    assert ({"workitem_ids": [item]},) in jobs
