"""Setup's routes for rules, settings, switches: what an implementer's tools read and write."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

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


@pytest.mark.parametrize("path", ["/setup/logic/custom_permision", "/setup/logic/custom_permission/Nothing"])
def test_what_is_not_there_is_not_found(admin: httpx.Client, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_who_may_not_manage_metadata_is_refused(site: Site) -> None:
    with site.browser("consultant") as consultant:
        assert consultant.get("/setup/logic").status_code == 403
        assert consultant.put("/setup/logic/custom_permission/Mine", json={"label": "Mine"}).status_code == 403
