"""Provisioning by SCIM 2.0: users and groups as a directory keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from connected_app import call, make_app
from serving import PASSWORD, Site

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def make_token(site: Site, **document: Any) -> str:
    with site.browser("admin") as browser:
        answer = browser.post("/setup/scim-tokens", json={"label": "Directory", **document})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def directory(site: Site, token: str) -> httpx.Client:
    url = f"{site.url}/scim/v2/{site.organization_id}"
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=30)


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return make_token(site, permission_sets=["CrmUser"])


@pytest.fixture
def scim(site: Site, token: str) -> Iterator[httpx.Client]:
    with directory(site, token) as client:
        yield client


def new_user(login: str, **more: Any) -> dict[str, Any]:
    document = {"schemas": [USER], "userName": f"{login}@dir.example", "name": {"familyName": login.title()}}
    return {**document, "emails": [{"value": f"{login}@dir.example", "type": "work", "primary": True}], **more}


def make(scim: httpx.Client, login: str, **more: Any) -> dict[str, Any]:
    answer = scim.post("/Users", json=new_user(login, **more))
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def patch(scim: httpx.Client, address: str, *operations: dict[str, Any], **headers: str) -> httpx.Response:
    return scim.patch(address, json={"schemas": [PATCH], "Operations": list(operations)}, headers=headers)


def assert_error(answer: httpx.Response, status: int, kind: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/scim+json"
    assert (answer.json()["status"], answer.json().get("scimType")) == (str(status), kind)


class TestUsers:
    def test_a_user_is_made_read_and_found(self, scim: httpx.Client) -> None:
        enterprise = {"department": "Sales"}
        made = make(scim, "ann", externalId="e-1", title="Boss", **{ENTERPRISE: enterprise})
        assert (made["active"], made["externalId"], made[ENTERPRISE]["department"]) == (True, "e-1", "Sales")
        read = scim.get(f"/Users/{made['id']}")
        assert read.json() == made
        assert read.headers["etag"] == made["meta"]["version"]
        for asked in (
            'userName eq "ANN@dir.example"',
            'externalId eq "e-1"',
            'emails[type eq "work" and value co "ann@"]',
            'name.familyName sw "An" and active eq true',
            'not (active eq false) and title eq "boss"',
            f'{USER}:userName eq "ann@dir.example"',
            'displayName pr and (userName eq "nobody" or userName eq "ann@dir.example")',
        ):
            found = scim.get("/Users", params={"filter": asked}).json()
            assert made["id"] in [each["id"] for each in found["Resources"]], asked
        assert scim.get("/Users", params={"filter": 'userName eq "nobody@dir.example"'}).json()["totalResults"] == 0

    def test_users_are_paged(self, scim: httpx.Client) -> None:
        for number in range(5):
            make(scim, f"page{number}")
        asked = {"filter": 'userName sw "page"', "count": "2"}
        pages = [scim.get("/Users", params={**asked, "startIndex": start}).json() for start in ("1", "3", "5", "7")]
        assert [each["totalResults"] for each in pages] == [5, 5, 5, 5]
        assert [each["itemsPerPage"] for each in pages] == [2, 2, 1, 0]
        assert len({user["id"] for each in pages for user in each["Resources"]}) == 5
        none = scim.get("/Users", params={**asked, "count": "0"}).json()
        assert (none["totalResults"], none["Resources"]) == (5, [])

    def test_no_two_users_have_one_name(self, scim: httpx.Client, site: Site) -> None:
        make(scim, "twin")
        assert_error(scim.post("/Users", json=new_user("twin")), 409, "uniqueness")
        taken = new_user("x", userName=site.username("seller"))
        assert_error(scim.post("/Users", json=taken), 409, "uniqueness")

    def test_put_says_all_of_a_user(self, scim: httpx.Client) -> None:
        made = make(scim, "put", title="Boss", phoneNumbers=[{"value": "+4930123456", "type": "mobile"}])
        answer = scim.put(f"/Users/{made['id']}", json=new_user("put", name={"familyName": "New", "givenName": "Pat"}))
        assert answer.status_code == 200, answer.text
        assert answer.json()["displayName"] == "Pat New"
        assert "title" not in answer.json()
        assert "phoneNumbers" not in answer.json()

    def test_patch_in_the_ways_that_directories_write_it(self, scim: httpx.Client) -> None:
        made, manager = make(scim, "patch"), make(scim, "manager")["id"]
        address = f"/Users/{made['id']}"
        changed = patch(
            scim,
            address,
            {"op": "Replace", "path": "name.givenName", "value": "Pam"},
            {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@dir.example"},
            {"op": "add", "value": {"title": "Head", f"{ENTERPRISE}:department": "Parts"}},
            {"op": "add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+4930999999"},
            {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": manager},
        )
        assert changed.status_code == 200, changed.text
        user = changed.json()
        assert (user["displayName"], user["title"]) == ("Pam Patch", "Head")
        assert user["emails"][0]["value"] == "new@dir.example"
        assert user["phoneNumbers"][0]["value"] == "+4930999999"
        assert user[ENTERPRISE]["department"] == "Parts"
        assert user[ENTERPRISE]["manager"]["value"] == manager
        removed = patch(scim, address, {"op": "remove", "path": "title"}, {"op": "remove", "path": "phoneNumbers"})
        assert "title" not in removed.json()
        assert "phoneNumbers" not in removed.json()

    @pytest.mark.parametrize(
        ("operation", "kind"),
        [
            ({"op": "replace", "path": "salary", "value": 1}, "invalidPath"),
            ({"op": "replace", "path": "name[", "value": 1}, "invalidPath"),
            ({"op": "replace", "path": "emails[type eq", "value": 1}, "invalidPath"),
            ({"op": "replace", "path": 'emails[type eq "work"]x', "value": 1}, "invalidPath"),
            ({"op": "replace", "path": 'title[value eq "x"]', "value": 1}, "invalidPath"),
            ({"op": "remove"}, "noTarget"),
            ({"op": "move", "path": "title"}, "invalidSyntax"),
            ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
            ({"op": "replace", "path": "userName", "value": {"a": 1}}, "invalidValue"),
            ({"op": "replace", "path": "preferredLanguage", "value": "xx-XX"}, "invalidValue"),
            ({"op": "replace", "value": "x"}, "invalidValue"),
            ({"op": "remove", "path": "userName"}, "invalidValue"),
        ],
    )
    def test_what_cannot_be_changed_is_refused(self, scim: httpx.Client, operation: dict[str, Any], kind: str) -> None:
        found = scim.get("/Users", params={"filter": 'userName eq "stays@dir.example"'}).json()["Resources"]
        made = found[0] if found else make(scim, "stays")
        assert_error(patch(scim, f"/Users/{made['id']}", operation), 400, kind)
        assert scim.get(f"/Users/{made['id']}").json() == made

    @pytest.mark.parametrize(
        "text",
        ["userName", "userName eq", 'salary eq "x"', "(active eq true", 'active gt true"', 'title lt "x"', "((("],
    )
    def test_a_filter_that_is_none_is_refused(self, scim: httpx.Client, text: str) -> None:
        assert_error(scim.get("/Users", params={"filter": text}), 400, "invalidFilter")

    def test_a_change_of_what_changed_meanwhile_is_refused(self, scim: httpx.Client) -> None:
        made = make(scim, "tag")
        address, version = f"/Users/{made['id']}", made["meta"]["version"]
        operation = {"op": "replace", "path": "title", "value": "One"}
        assert patch(scim, address, operation, **{"if-match": version}).status_code == 200
        assert_error(patch(scim, address, operation, **{"if-match": version}), 412)
        now = scim.get(address).headers["etag"]
        assert scim.get(address, headers={"if-none-match": now}).status_code == 304

    def test_who_is_deactivated_is_out_at_once(self, scim: httpx.Client, site: Site) -> None:
        user_id = site.users["colleague"]
        app = make_app(site)
        tokens = app.tokens("colleague")
        with site.browser("colleague") as browser:
            assert browser.get("/ui/bootstrap").status_code == 200
            gone = patch(scim, f"/Users/{user_id}", {"op": "Replace", "path": "active", "value": "False"})
            assert gone.json()["active"] is False
            assert browser.get("/ui/bootstrap").status_code == 401
        limits = "/services/data/v66.0/limits"
        assert call(site, tokens["access_token"], "GET", limits).status_code == 401
        assert app.refresh(tokens["refresh_token"]).status_code == 400
        person = {"username": site.username("colleague"), "password": PASSWORD}
        assert httpx.post(f"{site.url}/ui/session", json=person).status_code == 401
        back = patch(scim, f"/Users/{user_id}", {"op": "replace", "value": {"active": True}})
        assert back.json()["active"] is True
        assert httpx.post(f"{site.url}/ui/session", json=person).status_code == 200

    def test_a_deleted_user_is_gone_for_the_directory_and_may_come_back(self, scim: httpx.Client) -> None:
        made = make(scim, "leaver", externalId="l-1")
        address = f"/Users/{made['id']}"
        assert scim.delete(address).status_code == 204
        assert_error(scim.get(address), 404)
        assert_error(scim.delete(address), 404)
        assert scim.get("/Users", params={"filter": 'userName sw "leaver"'}).json()["totalResults"] == 0
        back = make(scim, "leaver")
        assert (back["id"], back["active"]) == (made["id"], True)

    def test_service_users_are_not_the_directorys(self, scim: httpx.Client, site: Site) -> None:
        address = f"/Users/{site.users['robot']}"
        assert_error(patch(scim, address, {"op": "replace", "path": "active", "value": False}), 403)
        assert_error(scim.delete(address), 403)

    def test_only_the_attributes_that_are_wanted(self, scim: httpx.Client, site: Site) -> None:
        address = f"/Users/{site.users['seller']}"
        assert set(scim.get(address, params={"attributes": "userName"}).json()) == {"schemas", "id", "meta", "userName"}
        assert "emails" not in scim.get(address, params={"excludedAttributes": "emails,name"}).json()


class TestGroups:
    def test_a_public_group_is_made_filled_emptied_and_removed(self, scim: httpx.Client) -> None:
        ann, bob = make(scim, "gann")["id"], make(scim, "gbob")["id"]
        made = scim.post("/Groups", json={"displayName": "东区 East", "externalId": "g-1", "members": [{"value": ann}]})
        assert made.status_code == 201, made.text
        address = f"/Groups/{made.json()['id']}"
        assert [each["value"] for each in made.json()["members"]] == [ann]
        more = patch(scim, address, {"op": "add", "path": "members", "value": [{"value": bob}, {"value": ann}]})
        assert {each["value"] for each in more.json()["members"]} == {ann, bob}
        assert [each["display"] for each in scim.get(f"/Users/{bob}").json()["groups"]] == ["东区 East"]
        less = patch(scim, address, {"op": "remove", "path": f'members[value eq "{ann}"]'})
        assert [each["value"] for each in less.json()["members"]] == [bob]
        other = patch(scim, address, {"op": "Remove", "path": "members", "value": [{"value": bob}]})
        assert "members" not in other.json()
        renamed = patch(scim, address, {"op": "replace", "value": {"displayName": "West"}})
        assert renamed.json()["displayName"] == "West"
        found = scim.get("/Groups", params={"filter": 'displayName eq "West"', "excludedAttributes": "members"}).json()
        assert [each["id"] for each in found["Resources"]] == [made.json()["id"]]
        assert scim.get("/Groups", params={"filter": 'externalId eq "g-1"'}).json()["totalResults"] == 1
        assert scim.delete(address).status_code == 204
        assert_error(scim.get(address), 404)

    def test_a_permission_set_that_the_token_may_give_is_a_group(self, scim: httpx.Client, site: Site) -> None:
        ann = make(scim, "pann")["id"]
        groups = scim.get("/Groups").json()["Resources"]
        [given] = [each for each in groups if each["id"].startswith("0PS")]
        address = f"/Groups/{given['id']}"
        assert patch(scim, address, {"op": "add", "path": "members", "value": [{"value": ann}]}).status_code == 200
        with site.browser("admin") as admin:
            [user] = admin.get("/setup/users", params={"q": "pann@"}).json()["users"]
        assert "CrmUser" in user["permission_sets"]
        assert patch(scim, address, {"op": "remove", "path": f'members[value eq "{ann}"]'}).status_code == 200
        with site.browser("admin") as admin:
            [user] = admin.get("/setup/users", params={"q": "pann@"}).json()["users"]
        assert "CrmUser" not in user["permission_sets"]
        assert_error(patch(scim, address, {"op": "replace", "path": "displayName", "value": "X"}), 400, "mutability")
        assert_error(scim.delete(address), 403, "mutability")

    def test_other_permission_sets_and_queues_are_not_there(self, site: Site, scim: httpx.Client) -> None:
        with directory(site, make_token(site)) as poorer:
            groups = scim.get("/Groups").json()["Resources"]
            [given] = [each["id"] for each in groups if each["id"].startswith("0PS")]
            assert_error(poorer.get(f"/Groups/{given}"), 404)
            assert not [each for each in poorer.get("/Groups").json()["Resources"] if each["id"].startswith("0PS")]
        with site.partner("robot") as api:
            made = api.post("sobjects/Group", json={"Name": "Q", "DeveloperName": "Q1", "Type": "Queue"})
        if made.status_code == 201:
            assert_error(scim.get(f"/Groups/{made.json()['id']}"), 404)

    def test_a_member_must_be_a_user(self, scim: httpx.Client, other_site: Site) -> None:
        stranger = {"value": other_site.users["seller"]}
        assert_error(scim.post("/Groups", json={"displayName": "Odd", "members": [stranger]}), 400, "invalidValue")


class TestTheDoor:
    def test_it_describes_itself(self, scim: httpx.Client) -> None:
        configuration = scim.get("/ServiceProviderConfig").json()
        assert configuration["patch"]["supported"]
        assert [each["id"] for each in scim.get("/ResourceTypes").json()["Resources"]] == ["User", "Group"]
        assert scim.get(f"/Schemas/{USER}").json()["id"] == USER
        assert scim.get("/Schemas").json()["totalResults"] == 3
        assert_error(scim.get("/Nothing"), 404)
        assert_error(scim.get("/Schemas/nothing"), 404)

    def test_without_a_token_of_this_organization_nobody_comes_in(
        self, site: Site, other_site: Site, token: str
    ) -> None:
        for wrong in ("nonsense", f"{site.organization_id}!{'0' * 64}", site.token("admin")):
            with directory(site, wrong) as client:
                assert_error(client.get("/Users"), 401)
        with directory(other_site, token) as client:
            assert_error(client.get("/Users"), 401)
        assert call(site, token, "GET", "/services/data/v66.0/limits").status_code == 401

    def test_a_revoked_token_is_refused_and_none_is_told(self, site: Site) -> None:
        token = make_token(site, label="Old")
        with site.browser("admin") as browser:
            listed = browser.get("/setup/scim-tokens")
            assert token not in listed.text
            [found] = [each for each in listed.json()["tokens"] if each["label"] == "Old"]
            with directory(site, token) as client:
                assert client.get("/Users").status_code == 200
                assert browser.delete(f"/setup/scim-tokens/{found['id']}").status_code == 204
                assert_error(client.get("/Users"), 401)
            assert browser.delete(f"/setup/scim-tokens/{found['id']}").status_code == 404
        with site.browser("seller") as browser:
            assert browser.post("/setup/scim-tokens", json={"label": "Mine"}).status_code == 403

    def test_a_body_that_is_none_is_refused(self, scim: httpx.Client) -> None:
        assert_error(scim.post("/Users", content=b"{"), 400, "invalidSyntax")
        assert_error(scim.post("/Users", json=[]), 400, "invalidSyntax")
        assert_error(scim.post("/Users", json={}), 400, "invalidValue")


def test_the_setup_trail_names_the_directory(scim: httpx.Client, owner_dsn: str) -> None:
    user_id = make(scim, "trail")["id"]
    patch(scim, f"/Users/{user_id}", {"op": "replace", "path": "title", "value": "Head"})
    scim.post("/Groups", json={"displayName": "Trailed", "members": [{"value": user_id}]})
    with psycopg.connect(owner_dsn) as connection:
        query = "SELECT action, username, new_value FROM data.setup_audit_trail WHERE section = 'Provisioning'"
        found = connection.execute(query).fetchall()
    changed = [value for action, username, value in found if (action, username) == ("changedUser", "SCIM: Directory")]
    assert '{"Title": "Head"}' in changed
    assert {"createdUser", "createdGroup", "changedGroup"} <= {action for action, *_ in found}
