"""Setup's routes for rules, settings, switches: what an implementer's tools read and write."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from chassis_metadata.ids import new_id
from serving import Site


@pytest.fixture
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.browser("admin") as admin:
        yield admin


def test_every_kind_has_a_schema_with_descriptions(admin: httpx.Client) -> None:
    for each in admin.get("/setup/logic").json()["kinds"]:
        document = admin.get(f"/setup/logic/{each['kind']}/schema").json()

        assert document["schema"]["type"] == "object", each


def test_a_rule_is_made_read_switched_off_and_deleted(admin: httpx.Client) -> None:
    body = {"label": "May do it"}

    made = admin.put("/setup/logic/custom_permission/MayDoIt", json=body)

    assert made.status_code == 204, made.text
    url = "/setup/logic/custom_permission/MayDoIt__c"
    found = admin.get(url).json()
    assert found["body"] == body
    assert (found["custom"], found["active"]) == (True, True)

    assert admin.put(f"{url}/active", json={"active": False, "reason": "a test"}).status_code == 204
    assert admin.get(url).json()["active"] is False
    listed = admin.get("/setup/logic/custom_permission").json()["components"]
    assert [each["active"] for each in listed if each["name"] == "MayDoIt__c"] == [False]

    assert admin.delete("/setup/logic/switch/custom_permission.MayDoIt__c").status_code == 204
    assert admin.get(url).json()["active"] is True
    assert admin.delete(url).status_code == 204
    assert admin.get(url).status_code == 404


def test_what_is_wrong_with_a_body_is_told_all_at_once(admin: httpx.Client) -> None:
    refused = admin.put("/setup/logic/setting/Odd", json={"typ": "text", "default": []})

    assert refused.status_code == 400
    assert len(refused.json()) >= 3, refused.text


def test_a_body_is_checked_without_being_saved(admin: httpx.Client) -> None:
    right = admin.post("/setup/logic/custom_permission/Tried/check", json={"label": "Tried"})
    wrong = admin.post("/setup/logic/custom_permission/Tried/check", json={"labl": "Tried"})

    assert right.json() == {"problems": []}
    assert len(wrong.json()["problems"]) == 2
    assert admin.get("/setup/logic/custom_permission/Tried__c").status_code == 404


@pytest.mark.parametrize("path", ["/setup/logic/custom_permision", "/setup/logic/custom_permission/Nothing"])
def test_what_is_not_there_is_not_found(admin: httpx.Client, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_who_may_not_manage_metadata_is_refused(site: Site) -> None:
    with site.browser("consultant") as consultant:
        assert consultant.get("/setup/logic").status_code == 403
        assert consultant.put("/setup/logic/custom_permission/Mine", json={"label": "Mine"}).status_code == 403


def test_a_formula_is_checked_with_places(admin: httpx.Client) -> None:
    right = admin.post("/setup/formula/check", json={"object": "Lead", "formula": "LEN(LastName) + 1"}).json()
    wrong = admin.post("/setup/formula/check", json={"object": "Lead", "formula": "LEN(LastNam) + TODAY()"}).json()

    assert right == {"kind": "number", "fields": ["LastName"], "problems": []}
    assert wrong["problems"][0]["column"] == 5
    assert "LastName" in wrong["problems"][0]["message"]


def test_a_formula_is_worked_out_for_a_record(admin: httpx.Client) -> None:
    made = admin.post(
        "/ui/objects/Lead/records", json={"values": {"LastName": "Tried", "MobilePhone": "+8613800138000"}}
    )
    asked = {"object": "Lead", "record_id": made.json()["id"]}

    told = admin.post("/setup/formula/try", json={**asked, "formula": 'LastName & "!"'})
    failed = admin.post("/setup/formula/try", json={**asked, "formula": "1 / 0"})
    nothing = admin.post("/setup/formula/try", json={**asked, "formula": "1", "record_id": new_id("00Q")})

    assert told.json() == {"value": "Tried!"}, told.text
    assert failed.json()[0]["errorCode"] == "FORMULA_FAILED"
    assert nothing.status_code == 404
