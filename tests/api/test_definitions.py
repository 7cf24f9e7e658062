"""What one session defines, grants or ends, every other session knows with its next request."""

from __future__ import annotations

import httpx
import pytest

from serving import Site

PATHS = (
    "/ui/objects/Lead",
    "/services/data/v66.0/sobjects",
    "/services/data/v66.0/sobjects/Lead/describe",
    "/services/oauth2/userinfo",
)


def test_a_new_field_is_described_and_written_in_a_session_that_was_open_before(site: Site) -> None:
    with site.browser("admin") as admin, site.browser("admin") as other:
        assert "Colour__c" not in other.get("/ui/objects/Lead").json()["fields"]

        made = admin.post("/setup/objects/Lead/fields", json={"name": "Colour", "label": "Colour", "type": "text"})

        assert made.status_code == 201, made.text
        assert "Colour__c" in other.get("/ui/objects/Lead").json()["fields"]
        lead = {"values": {"LastName": "Fresh", "Phone": "555 0100", "Colour__c": "red"}}
        assert other.post("/ui/objects/Lead/records", json=lead).status_code == 201


def test_a_new_permission_set_can_be_given_at_once(site: Site) -> None:
    with site.browser("admin") as admin:
        admin.get("/setup/permission-sets")
        assert admin.put("/setup/permission-sets/Fresh__c", json={"label": "Fresh"}).status_code == 204

        given = admin.put(f"/setup/permission-sets/Fresh__c/users/{site.users['colleague']}")

        assert given.status_code == 204, given.text


def test_a_permission_set_tells_which_package_it_belongs_to(site: Site) -> None:
    with site.browser("admin") as admin:
        assert admin.put("/setup/permission-sets/Own__c", json={"label": "Own"}).status_code == 204
        packages = {
            each["name"]: each["package"] for each in admin.get("/setup/permission-sets").json()["permission_sets"]
        }
        assert (packages["Auditor"], packages["AutoLeadUser"], packages["Own__c"]) == ("platform", "automotive", None)
        assert admin.get("/setup/permission-sets/AutoLeadUser").json()["package"] == "automotive"


@pytest.mark.parametrize("path", PATHS)
def test_an_ended_session_is_told_nothing_more(site: Site, path: str) -> None:
    token = {"authorization": f"Bearer {site.token('consultant')}"}
    assert httpx.get(f"{site.url}{path}", headers=token).status_code == 200

    with site.browser("admin") as admin:
        for each in admin.get("/setup/sessions").json()["sessions"]:
            if each["user"]["id"] == site.users["consultant"]:
                admin.delete(f"/setup/sessions/{each['id']}")

    assert httpx.get(f"{site.url}{path}", headers=token).status_code == 401
