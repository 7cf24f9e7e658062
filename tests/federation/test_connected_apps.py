"""Connected apps: consent, codes with PKCE, rotating refresh tokens, every other grant, and their ends."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from connected_app import CALLBACK, App, call, challenge_of, error_of, make_app, new_verifier
from serving import PASSWORD, Site

DATA = "/services/data/v66.0"


@pytest.fixture(scope="module")
def app(site: Site) -> App:
    return make_app(site, scopes=["api", "refresh_token", "openid", "profile", "email"])


def test_a_user_is_shown_app_and_scopes_and_the_code_becomes_tokens(app: App) -> None:
    start = httpx.get(f"{app.site.url}/services/oauth2/authorize", params=app.query(scope="api openid"))
    assert start.status_code == 303
    page = urlsplit(start.headers["location"])
    assert page.path == "/authorize"
    with app.site.browser("seller") as browser:
        shown = browser.get(f"/ui/oauth/authorization?{page.query}").json()
    assert (shown["app"]["label"], shown["scopes"], shown["is_consented"]) == ("Calendar", ["api", "openid"], False)

    tokens = app.tokens("seller", scope="api openid profile refresh_token", nonce="n-1")
    assert tokens["scope"] == "api openid profile refresh_token"
    assert tokens["id"].endswith(app.site.users["seller"])
    assert call(app.site, tokens["access_token"], "GET", f"{DATA}/limits").status_code == 200
    with app.site.browser("seller") as browser:
        known = browser.get("/ui/oauth/authorization", params=app.query(scope="api")).json()
    assert known["is_consented"]


def test_the_identity_token_is_signed_with_the_published_key(app: App) -> None:
    tokens = app.tokens("seller", scope="openid email", nonce="n-2")
    found = httpx.get(f"{app.site.url}/.well-known/openid-configuration").json()
    assert found["issuer"] == app.site.url
    keys = jwt.PyJWKSet.from_dict(httpx.get(found["jwks_uri"]).json())
    claims = jwt.decode(
        tokens["id_token"], keys.keys[0].key, algorithms=["RS256"], audience=app.client_id, issuer=app.site.url
    )
    assert (claims["nonce"], claims["sub"], claims["email"]) == ("n-2", tokens["id"], "seller@dealer.example")
    assert "name" not in claims
    told = call(app.site, tokens["access_token"], "GET", "/services/oauth2/userinfo").json()
    assert told["sub"] == claims["sub"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "api full"}, "invalid_scope"),
        ({"prompt": "none"}, "interaction_required"),
    ],
)
def test_a_wrong_request_is_told_to_the_app_at_its_own_address(app: App, change: dict[str, Any], error: str) -> None:
    answer = httpx.get(f"{app.site.url}/services/oauth2/authorize", params=app.query(**change))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (told["error"], told["state"]) == ([error], ["xyz"])


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        f"{CALLBACK}/more",
        f"{CALLBACK}?x=1",
        "https://app.example.evil.example/callback",
        "https://app.example@evil.example/callback",
        "http://app.example/callback",
        "javascript:alert(1)",
        f"{CALLBACK}#x",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(app: App, uri: str) -> None:
    answer = httpx.get(f"{app.site.url}/services/oauth2/authorize", params=app.query(redirect_uri=uri))
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_nobody_is_sent_anywhere_for_an_app_that_is_not_known(app: App) -> None:
    query = app.query(client_id=f"{app.site.organization_id}.nobody")
    answer = httpx.get(f"{app.site.url}/services/oauth2/authorize", params=query)
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_native_app_may_wait_on_any_port_of_the_machine(site: Site) -> None:
    app = make_app(site, public=True, redirect_uris=["http://127.0.0.1/done"])
    answer = httpx.get(
        f"{site.url}/services/oauth2/authorize", params=app.query(redirect_uri="http://127.0.0.1:49152/done")
    )
    assert urlsplit(answer.headers["location"]).path == "/authorize"


def test_a_code_needs_its_verifier_its_address_and_its_app(app: App, site: Site) -> None:
    assert error_of(app.exchange(app.code("seller"), code_verifier=new_verifier())) == "invalid_grant"
    assert error_of(app.exchange(app.code("seller"), redirect_uri="https://app.example/other")) == "invalid_grant"
    stranger = make_app(site, label="Stranger")
    assert error_of(stranger.exchange(app.code("seller"), code_verifier=app.verifier)) == "invalid_grant"


def test_a_code_that_comes_twice_ends_what_came_of_it(app: App) -> None:
    code = app.code("seller")
    tokens = app.exchange(code).json()
    assert error_of(app.exchange(code)) == "invalid_grant"
    assert call(app.site, tokens["access_token"], "GET", f"{DATA}/limits").status_code == 401
    assert error_of(app.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_family(app: App) -> None:
    first = app.tokens("seller")
    second = app.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert call(app.site, second["access_token"], "GET", f"{DATA}/limits").status_code == 200
    assert error_of(app.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(app.refresh(second["refresh_token"])) == "invalid_grant"
    assert call(app.site, second["access_token"], "GET", f"{DATA}/limits").status_code == 401


def test_a_refresh_may_ask_for_less_and_never_for_more(app: App) -> None:
    first = app.tokens("seller", scope="api profile refresh_token")
    second = app.refresh(first["refresh_token"], scope="profile").json()
    assert second["scope"] == "profile"
    assert call(app.site, second["access_token"], "GET", f"{DATA}/limits").status_code == 403
    third = app.refresh(second["refresh_token"]).json()
    assert third["scope"] == "api profile refresh_token"
    assert error_of(app.refresh(third["refresh_token"], scope="openid")) == "invalid_scope"


def test_without_its_secret_an_app_gets_nothing(app: App) -> None:
    thief = App(app.site, app.client_id, "wrong", app.verifier)
    assert error_of(thief.exchange(app.code("seller"))) == "invalid_client"
    assert error_of(App(app.site, app.client_id, None, app.verifier).exchange(app.code("seller"))) == "invalid_client"


def test_the_user_who_takes_consent_back_ends_the_tokens(app: App) -> None:
    tokens = app.tokens("colleague")
    with app.site.browser("colleague") as browser:
        mine = browser.get("/ui/me/apps").json()["apps"]
        assert [each["app"]["label"] for each in mine] == ["Calendar"]
        assert browser.delete(f"/ui/me/apps/{app.client_id}").status_code == 204
        assert browser.delete(f"/ui/me/apps/{app.client_id}").status_code == 404
    assert call(app.site, tokens["access_token"], "GET", f"{DATA}/limits").status_code == 401
    assert error_of(app.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_an_administrator_ends_a_users_tokens_and_the_whole_app(site: Site) -> None:
    app = make_app(site, label="Short-lived")
    tokens, others = app.tokens("colleague"), app.tokens("seller")
    with site.browser("admin") as browser:
        users = browser.get(f"/setup/connected-apps/{app.client_id}/users").json()["users"]
        assert {each["user"]["id"] for each in users} == {site.users["colleague"], site.users["seller"]}
        ended = browser.delete(f"/setup/connected-apps/{app.client_id}/users/{site.users['colleague']}")
        assert ended.status_code == 204
        assert call(site, tokens["access_token"], "GET", f"{DATA}/limits").status_code == 401
        assert call(site, others["access_token"], "GET", f"{DATA}/limits").status_code == 200
        assert browser.delete(f"/setup/connected-apps/{app.client_id}").status_code == 204
    assert call(site, others["access_token"], "GET", f"{DATA}/limits").status_code == 401
    assert error_of(app.refresh(others["refresh_token"])) == "invalid_client"


def test_an_app_that_is_opened_to_some_refuses_others(site: Site) -> None:
    app = make_app(site, label="Closed", admission="approved", permission_sets=["SystemAdministrator"])
    with site.browser("seller") as browser:
        refused = browser.post("/ui/oauth/authorization", json={"query": app.query(), "allow": True})
    assert refused.json()[0]["errorCode"] == "ACCESS_DENIED"
    assert app.tokens("admin")["scope"] == "api refresh_token"


def test_an_app_of_another_organization_is_not_let_in(site: Site, other_site: Site) -> None:
    app = make_app(other_site, label="Foreign")
    with site.browser("seller") as browser:
        refused = browser.post("/ui/oauth/authorization", json={"query": app.query(), "allow": True})
    assert refused.status_code == 403


def test_a_token_cannot_let_in_apps_nor_touch_its_owners_password(site: Site) -> None:
    app = make_app(site, label="Greedy", scopes=["full"])
    token = app.tokens("seller")["access_token"]
    body = {"query": app.query(), "allow": True}
    assert call(site, token, "POST", "/ui/oauth/authorization", json=body).status_code == 403
    change = {"password": PASSWORD, "new_password": "another-long-password"}
    assert call(site, token, "POST", "/ui/me/password", json=change).status_code == 403


def test_a_page_without_the_sessions_token_cannot_consent(app: App) -> None:
    with app.site.browser("seller") as browser:
        del browser.headers["x-csrf-token"]
        answer = browser.post("/ui/oauth/authorization", json={"query": app.query(), "allow": True})
    assert answer.status_code == 403


def test_who_says_no_sends_the_browser_back_without_a_code(app: App) -> None:
    with app.site.browser("seller") as browser:
        answer = browser.post("/ui/oauth/authorization", json={"query": app.query(), "allow": False})
    assert answer.json()["redirect"] == f"{CALLBACK}?error=access_denied&state=xyz"


def test_an_app_calls_only_from_its_addresses(site: Site) -> None:
    app = make_app(site, label="Far away")
    tokens = app.tokens("seller")
    with site.browser("admin") as browser:
        change = {"ip_ranges": ["203.0.113.0/24"]}
        assert browser.patch(f"/setup/connected-apps/{app.client_id}", json=change).status_code == 204
    assert call(site, tokens["access_token"], "GET", f"{DATA}/limits").status_code == 401
    assert error_of(app.refresh(tokens["refresh_token"])) == "invalid_client"


def test_a_device_is_let_in_by_its_short_code(site: Site) -> None:
    app = make_app(site, label="Screen", public=True, grants=["device_code"], redirect_uris=[], scopes=["api"])
    begun = app.post("device_authorization").json()
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    waiting = app.post("token", grant_type=grant, device_code=begun["device_code"])
    assert error_of(waiting) == "authorization_pending"
    assert error_of(app.post("token", grant_type=grant, device_code=begun["device_code"])) == "slow_down"
    with site.browser("seller") as browser:
        shown = browser.get("/ui/oauth/device", params={"user_code": begun["user_code"].lower()})
        assert shown.json()["app"]["label"] == "Screen"
        assert browser.post("/ui/oauth/device", json={"user_code": "BBBB-BBBB", "allow": True}).status_code == 400
        allowed = browser.post("/ui/oauth/device", json={"user_code": begun["user_code"], "allow": True})
        assert allowed.status_code == 204
    token = app.post("token", grant_type=grant, device_code=begun["device_code"]).json()["access_token"]
    assert call(site, token, "GET", f"{DATA}/limits").status_code == 200
    assert error_of(app.post("token", grant_type=grant, device_code=begun["device_code"])) == "invalid_grant"


def test_new_apps_have_no_password_grant_and_old_clients_keep_theirs(site: Site) -> None:
    app = make_app(site, label="Modern")
    person = {"username": site.username("seller"), "password": PASSWORD}
    assert error_of(app.post("token", grant_type="password", **person)) == "unauthorized_client"
    assert site.token("seller")


def test_an_app_without_a_user_runs_as_the_one_it_was_given(site: Site) -> None:
    grants = ["client_credentials"]
    app = make_app(site, label="Robot", grants=grants, redirect_uris=[], run_as_user_id=site.users["robot"])
    tokens = app.post("token", grant_type="client_credentials").json()
    assert tokens["id"].endswith(site.users["robot"])
    assert "refresh_token" not in tokens
    assert error_of(app.post("token", grant_type="authorization_code", code="x")) == "unauthorized_client"


def test_introspection_tells_an_app_of_its_own_tokens_only(app: App, site: Site) -> None:
    tokens = app.tokens("seller")
    worth = app.post("introspect", token=tokens["access_token"]).json()
    assert (worth["active"], worth["username"]) == (True, site.username("seller"))
    assert app.post("introspect", token=tokens["refresh_token"]).json()["token_type"] == "refresh_token"
    stranger = make_app(site, label="Curious")
    assert stranger.post("introspect", token=tokens["access_token"]).json() == {"active": False}
    assert stranger.post("introspect", token=tokens["refresh_token"]).json() == {"active": False}
    assert app.post("introspect", token=site.token("seller")).json() == {"active": False}


def test_revoking_a_refresh_token_ends_its_family(app: App) -> None:
    tokens = app.tokens("seller")
    assert app.post("revoke", token=tokens["refresh_token"]).status_code == 200
    assert call(app.site, tokens["access_token"], "GET", f"{DATA}/limits").status_code == 401
    assert app.post("revoke", token="nonsense").status_code == 200


def test_a_refresh_token_opens_no_door_itself(app: App) -> None:
    tokens = app.tokens("seller")
    assert call(app.site, tokens["refresh_token"], "GET", f"{DATA}/limits").status_code == 401
    assert error_of(app.refresh(tokens["access_token"])) == "invalid_grant"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"grants": ["implicit"]}, "grants"),
        ({"ip_ranges": ["10.0.0.0/99"]}, "ip_ranges"),
        ({"grants": ["jwt_bearer"], "certificate": None}, "certificate"),
        ({"certificate": "no PEM"}, "certificate"),
        ({"grants": ["client_credentials"]}, "run_as_user_id"),
        ({"admission": "approved"}, "permission_sets"),
        ({"permission_sets": ["Nobody"]}, "permission_sets"),
        ({"label": " "}, "label"),
        ({"refresh_days": 0}, "refresh_days"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_what_is_wrong_with_an_app_is_said_by_field(site: Site, change: dict[str, Any], field: str) -> None:
    with site.browser("admin") as browser:
        answer = browser.post("/setup/connected-apps", json={"label": "X", "redirect_uris": [CALLBACK], **change})
    assert answer.status_code == 400, answer.text
    assert answer.json()[0]["fields"] == [field]


def test_only_who_manages_connections_sees_apps_and_nobody_their_secrets(app: App) -> None:
    with app.site.browser("seller") as browser:
        assert browser.get("/setup/connected-apps").status_code == 403
    with app.site.browser("admin") as browser:
        listed = browser.get("/setup/connected-apps")
        assert app.client_id in listed.text
        assert str(app.client_secret) not in listed.text
        renewed = browser.post(f"/setup/connected-apps/{app.client_id}/secret").json()["client_secret"]
    assert error_of(app.exchange(app.code("seller"))) == "invalid_client"
    fresh = App(app.site, app.client_id, renewed)
    assert fresh.tokens("seller")


def test_a_challenge_is_the_hash_of_its_verifier() -> None:
    # RFC 7636, appendix B.
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
