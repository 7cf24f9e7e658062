"""Values that are not the sender's to set, through every door by which records are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from attacks.loot import done, new_lead
from serving import Site

REFUSED = {"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "NO_SUCH_COLUMN"}
FOREIGN = "005000000000001AAA"
#: What no object's description names, and what storage has beside the fields.
UNTOLD: dict[str, Any] = {
    "tenant_id": 1,
    "TenantId": 1,
    "IsDeleted": True,
    "deleted_date": "2026-01-01T00:00:00Z",
    "version": 99,
    "Version": 99,
    "custom": {"x": 1},
    "search_text": "x",
    "__proto__": {"OwnerId": FOREIGN},
    "Owner.Name": "Thief",
    "CreatedById": FOREIGN,
    "CreatedDate": "2001-01-01T00:00:00Z",
    "LastModifiedById": FOREIGN,
    "SystemModstamp": "2001-01-01T00:00:00Z",
}


@pytest.fixture(scope="module")
def robot(site: Site) -> Iterator[httpx.Client]:
    with site.partner("robot") as client:
        yield client


@pytest.fixture(scope="module")
def lead(robot: httpx.Client) -> str:
    return str(done(robot.post("sobjects/Lead", json=_fresh("Mass")))["id"])


def _fresh(name: str) -> dict[str, Any]:
    return {"LastName": name, "Email": f"{name.lower().replace(' ', '')}@mass.example"}


def _forbidden(admin: httpx.Client, robot: httpx.Client, trait: str) -> dict[str, Any]:
    """Every field of a lead that somebody knows of and the robot may not write, with a value that would fit."""
    known = {each["name"]: each for each in done(admin.get("/services/data/v66.0/sobjects/Lead/describe"))["fields"]}
    mine = {each["name"]: each for each in done(robot.get("sobjects/Lead/describe"))["fields"]}
    names = [name for name in known if name != "Id" and not mine.get(name, {}).get(trait, False)]
    return UNTOLD | {name: _fitting(known[name]["type"]) for name in names}


def _fitting(kind: str) -> Any:
    fitting = {"boolean": True, "date": "2026-01-01", "datetime": "2026-01-01T00:00:00Z", "reference": FOREIGN}
    return 1 if kind in ("double", "int", "currency", "percent") else fitting.get(kind, "x")


def _let_through(results: list[dict[str, Any]], names: list[str]) -> list[str]:
    assert len(results) == len(names)
    return [
        name
        for name, each in zip(names, results, strict=True)
        if each["success"] or not {problem["statusCode"] for problem in each["errors"]} & REFUSED
    ]


def test_no_field_that_may_not_be_set_is_set_in_a_new_record(admin: httpx.Client, robot: httpx.Client) -> None:
    forbidden = _forbidden(admin, robot, "createable") | {"Id": "00Q000000000001AAA"}
    names = list(forbidden)
    records = [
        {"attributes": {"type": "Lead"}, **_fresh(f"Mass {number}"), name: forbidden[name]}
        for number, name in enumerate(names)
    ]
    sent = {"allOrNone": False, "records": records}
    assert _let_through(done(robot.post("composite/sobjects", json=sent)), names) == []

    one = robot.post("sobjects/Lead", json=_fresh("Mass one") | {name: forbidden[name] for name in names[-3:]})
    assert one.status_code == 400
    page = robot.post("/ui/objects/Lead/records", json={"values": _fresh("Mass two") | forbidden})
    assert page.status_code in (400, 403, 404)


def test_no_field_that_may_not_be_changed_is_changed(admin: httpx.Client, robot: httpx.Client, lead: str) -> None:
    forbidden = _forbidden(admin, robot, "updateable")
    names = list(forbidden)
    before = done(robot.get(f"sobjects/Lead/{lead}"))

    leads = [new_lead(admin, f"Mass change {number}") for number in range(2)]
    for name in names:
        answer = robot.patch(f"sobjects/Lead/{lead}", json={name: forbidden[name]})
        assert answer.status_code == 400, (name, answer.text)
        assert {each["errorCode"] for each in answer.json()} & REFUSED, (name, answer.text)
    records = [{"attributes": {"type": "Lead"}, "Id": lead, **forbidden}]
    [result] = done(robot.patch("composite/sobjects", json={"allOrNone": False, "records": records}))
    assert not result["success"]
    merge = {"masterRecord": {"Id": lead, **forbidden}, "recordToMergeIds": [leads[0]]}
    assert robot.post("sobjects/Lead/merge", json=merge).status_code >= 400

    assert done(robot.get(f"sobjects/Lead/{lead}")) == before


def test_no_administrator_sets_what_the_system_keeps(admin: httpx.Client) -> None:
    made = new_lead(admin, "Mass administrator")
    for name, value in UNTOLD.items():
        answer = admin.patch(f"/services/data/v66.0/sobjects/Lead/{made}", json={name: value})
        assert answer.status_code == 400, (name, answer.text)
        page = admin.patch(f"/ui/records/{made}", json={"values": {name: value}, "version": 1})
        assert page.status_code == 400, (name, page.text)


def test_a_record_is_never_moved_to_another_object_by_its_attributes(robot: httpx.Client, lead: str) -> None:
    records = [{"attributes": {"type": "Account"}, "Id": lead, "Name": "Thief"}]
    [result] = done(robot.patch("composite/sobjects", json={"allOrNone": False, "records": records}))
    assert not result["success"]


def test_a_flow_takes_the_inputs_it_declares_and_no_others(consultant: httpx.Client) -> None:
    sent = {"recordIds": [new_lead(consultant, "Mass flow")], "variables": {"OwnerId": FOREIGN, "$User": FOREIGN}}
    answer = consultant.post("/ui/flows/Accept_Lead/run", json=sent)
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("PATCH", "/ui/me", {"permission_sets": ["SystemAdministrator"]}),
        ("PATCH", "/ui/me", {"is_active": False}),
        ("PATCH", "/ui/me", {"username": "root@dealer.example"}),
        ("PATCH", "/ui/me", {"role_id": "00E000000000001AAA"}),
        ("PATCH", "/services/data/v66.0/sobjects/User/{me}", {"UserType": "Integration"}),
        ("PATCH", "/services/data/v66.0/sobjects/User/{me}", {"Username": "root@dealer.example"}),
        ("POST", "/services/data/v66.0/sobjects/PermissionSetAssignment", {"AssigneeId": "{me}"}),
        ("POST", "/services/data/v66.0/sobjects/RecordShare", {"UserOrGroupId": "{me}", "AccessLevel": "Edit"}),
        ("POST", "/services/data/v66.0/sobjects/AccessLog", {"UserId": "{me}"}),
        ("POST", "/services/data/v66.0/sobjects/RevealGrant", {"UserId": "{me}"}),
        ("POST", "/services/data/v66.0/sobjects/ProcessInstanceWorkitem", {"ActorId": "{me}"}),
    ],
)
def test_nobody_gives_themselves_more(
    site: Site, consultant: httpx.Client, method: str, path: str, document: dict[str, Any]
) -> None:
    me = site.users["consultant"]
    filled = {name: me if value == "{me}" else value for name, value in document.items()}
    before = done(consultant.get("/ui/bootstrap"))
    answer = consultant.request(method, path.format(me=me), json=filled)
    assert 400 <= answer.status_code < 500, answer.text
    assert done(consultant.get("/ui/bootstrap"))["user"] == before["user"]


def test_a_sender_of_documents_is_the_keys_user_whatever_the_document_says(
    site: Site, admin: httpx.Client, loot: Any
) -> None:
    document = (
        f"<adf><prospect><id>mass-1</id><OwnerId>{FOREIGN}</OwnerId><CreatedById>{FOREIGN}</CreatedById>"
        "<IsDeleted>true</IsDeleted><customer><contact><name part='first'>Mass</name><name part='last'>Sender</name>"
        "<email>mass.sender@customer.example</email></contact></customer></prospect></adf>"
    )
    key = {"authorization": f"Bearer {loot['key']}", "content-type": "application/xml"}
    made = done(httpx.post(f"{site.url}/inbound/adf", content=document, headers=key))
    query = "SELECT CreatedById, OwnerId, IsDeleted FROM Lead WHERE Email = 'mass.sender@customer.example'"
    [record] = done(admin.get("/services/data/v66.0/query", params={"q": query}))["records"]
    assert record["CreatedById"] == site.users["admin"], made
    assert FOREIGN not in str(record)
    assert record["IsDeleted"] is False
