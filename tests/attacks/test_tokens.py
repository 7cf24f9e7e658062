"""Tokens where they don't belong, sessions that were planted, pages of other sites."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from starlette.routing import Route

from attacks.loot import Loot
from chassis_platform.app import api_routes
from connected_app import make_app
from serving import PASSWORD, Site

#: Before there is a session there is no page's token: these look at where a request comes from, or at their own proof.
BEFORE_SIGN_IN: tuple[str, ...] = (
    "/ui/session",
    "/ui/session/passkey-options",
    "/ui/session/passkey",
    "/ui/password/forgotten",
)
BEFORE_SIGN_IN += ("/ui/password/reset", "/ui/approval-links/", "/ui/sso/", "/services/oauth2/", "/inbound/", "/scim/")
BEFORE_SIGN_IN += ("/services/Soap/",)


def _changing() -> Iterator[tuple[str, str]]:
    for each in api_routes():
        if isinstance(each, Route) and each.methods:
            path = each.path.replace(":path", "").replace("{version}", "66.0").replace("{object}", "Lead")
            for method in sorted(each.methods & {"POST", "PUT", "PATCH", "DELETE"}):
                yield method, path.replace("{", "").replace("}", "")


def test_no_door_changes_anything_for_a_cookie_without_the_pages_token(site: Site, admin: httpx.Client) -> None:
    page = httpx.Client(base_url=site.url, cookies=dict(admin.cookies))
    with site.browser("stranger") as other:
        others_token = other.headers["x-csrf-token"]
    let_in = []
    for method, path in _changing():
        if path.startswith(BEFORE_SIGN_IN) and (method, path) != ("DELETE", "/ui/session"):
            continue
        for headers in ({}, {"x-csrf-token": others_token}):
            answer = page.request(method, path, headers=headers, json={})
            if answer.status_code != 403 or "INVALID_CSRF_TOKEN" not in answer.text:
                let_in.append((method, path, answer.status_code))
    page.close()
    assert let_in == []
    assert admin.get("/ui/bootstrap").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_another_site_signs_nobody_in(site: Site, origin: str) -> None:
    sent = {"username": site.username("stranger"), "password": PASSWORD}
    for headers in ({"origin": origin}, {"sec-fetch-site": "cross-site"}):
        assert httpx.post(f"{site.url}/ui/session", json=sent, headers=headers).status_code == 403


def test_a_token_is_its_own_organizations(site: Site, neighbour: Site) -> None:
    token = site.token("robot")
    forged = token.replace(site.organization_id, neighbour.organization_id)
    for each in (forged, token + "0", token.upper(), token.partition("!")[2], f"{site.organization_id}!" + "0" * 64):
        answer = httpx.get(f"{site.url}/ui/bootstrap", headers={"authorization": f"Bearer {each}"})
        assert answer.status_code == 401, each


def test_a_programs_token_is_no_cookie(site: Site) -> None:
    answer = httpx.get(f"{site.url}/ui/bootstrap", cookies={"chassis_session": site.token("robot")})
    assert answer.status_code == 401


def test_keys_of_other_doors_are_no_session(site: Site, admin: httpx.Client, loot: Loot) -> None:
    scim = admin.post("/setup/scim-tokens", json={"label": "Confused", "permission_sets": []}).json()["token"]
    tokens = make_app(site, scopes=["api", "openid", "refresh_token"]).tokens(
        "consultant", scope="api openid refresh_token"
    )
    foreign = [loot["key"], scim, tokens["refresh_token"], tokens["id_token"], site.client_secret, loot["app"]]
    for key in foreign:
        headers = {"authorization": f"Bearer {key}"}
        for path in ("/services/data/v66.0/sobjects", "/ui/bootstrap", "/setup/users"):
            assert httpx.get(site.url + path, headers=headers).status_code == 401, (key[:12], path)
        if key != scim:
            users = f"{site.url}/scim/v2/{site.organization_id}/Users"
            assert httpx.get(users, headers=headers).status_code == 401, key[:12]
        if key != loot["key"]:
            assert httpx.post(f"{site.url}/inbound/adf", content="<x/>", headers=headers).status_code == 401, key[:12]
    with_api = {"authorization": f"Bearer {tokens['access_token']}"}
    assert httpx.get(f"{site.url}/setup/users", headers=with_api).status_code == 403


def test_a_key_of_one_organization_opens_nothing_of_another(site: Site, neighbour: Site, admin: httpx.Client) -> None:
    scim = admin.post("/setup/scim-tokens", json={"label": "Neighbourly", "permission_sets": []}).json()["token"]
    users = f"{site.url}/scim/v2/{neighbour.organization_id}/Users"
    assert httpx.get(users, headers={"authorization": f"Bearer {scim}"}).status_code == 401


def test_signing_in_takes_no_session_that_was_planted_and_signing_out_ends_it(site: Site) -> None:
    planted = f"{site.organization_id}!{'ab' * 32}"
    with httpx.Client(base_url=site.url, cookies={"chassis_session": planted}) as browser:
        answer = browser.post("/ui/session", json={"username": site.username("stranger"), "password": PASSWORD})
        given = answer.cookies["chassis_session"]
        assert given != planted
        assert httpx.get(f"{site.url}/ui/bootstrap", cookies={"chassis_session": planted}).status_code == 401
        headers = {"x-csrf-token": answer.json()["csrf_token"]}
        ended = httpx.delete(f"{site.url}/ui/session", cookies={"chassis_session": given}, headers=headers)
        assert ended.is_success
        assert "chassis_session=" in ended.headers["set-cookie"]
    assert httpx.get(f"{site.url}/ui/bootstrap", cookies={"chassis_session": given}).status_code == 401


def test_the_cookie_is_for_servers_only(site: Site) -> None:
    answer = httpx.post(f"{site.url}/ui/session", json={"username": site.username("stranger"), "password": PASSWORD})
    cookies = [each.lower() for each in answer.headers.get_list("set-cookie")]
    assert cookies
    for each in cookies:
        assert "httponly" in each
        assert "samesite=lax" in each
        assert "path=/" in each
        assert "domain=" not in each


@pytest.mark.parametrize("name", ["access_token", "oauth_token", "sid", "token", "session", "chassis_session"])
def test_a_token_in_an_address_opens_nothing(site: Site, name: str) -> None:
    token = site.token("robot")
    for path in ("/ui/bootstrap", "/services/data/v66.0/sobjects"):
        assert httpx.get(site.url + path, params={name: token}).status_code == 401, path
        assert httpx.post(site.url + path, data={name: token}).status_code in (401, 404, 405), path


def test_tokens_are_long_and_no_two_are_alike(site: Site) -> None:
    sent = {"username": site.username("stranger"), "password": PASSWORD}
    answers = [httpx.post(f"{site.url}/ui/session", json=sent) for _ in range(3)]
    secrets = [each.cookies["chassis_session"].rpartition("!")[2] for each in answers]
    secrets += [each.json()["csrf_token"] for each in answers]
    assert len(set(secrets)) == len(secrets)
    assert all(len(each) >= 43 for each in secrets), "256 bits are 64 hexadecimal digits, or 43 of base 64"


def test_no_secret_is_in_what_the_server_writes_down(site: Site, loot: Loot, capfd: pytest.CaptureFixture[str]) -> None:
    token, query = site.token("robot"), "SELECT Id FROM Lead WHERE LastName = 'Unspeakable'"
    headers = {"authorization": f"Bearer {token}"}
    for path in ("/services/data/v66.0/query", "/services/data/v66.0/sobjects/Lead/Unspeakable", "/nowhere"):
        httpx.get(site.url + path, params={"q": query, "token": "Unspeakable"}, headers=headers)
    httpx.post(f"{site.url}/ui/session", json={"username": "Unspeakable", "password": "Unspeakable"})
    httpx.post(f"{site.url}/ui/password/reset", json={"token": "Unspeakable", "new_password": PASSWORD})
    httpx.post(f"{site.url}/inbound/adf", content="<Unspeakable", headers={"authorization": f"Bearer {loot['key']}"})
    written = "".join(capfd.readouterr())
    for secret in (PASSWORD, token, token.partition("!")[2], loot["key"], site.client_secret, "Unspeakable"):
        assert secret not in written
