"""Sessions: their cookies, what they are bound to, their ends; and verification anew before dangerous acts."""

from __future__ import annotations

import ssl

import httpx
import pytest

from serving import PASSWORD
from sign_in.conftest import CHROME, FIREFOX, Door, code_of, keep_token


def test_a_token_taken_to_another_browser_ends_the_session(door: Door) -> None:
    client, thief = door.enter("ada"), door.client(FIREFOX)
    thief.cookies.update(client.cookies)

    assert thief.get("/ui/bootstrap").status_code == 401
    assert client.get("/ui/bootstrap").status_code == 401, "whose token it was must sign in again"
    assert door.history("ada")[-1] == "Ended: the session was used elsewhere"


def test_an_update_of_the_browser_ends_nothing(door: Door) -> None:
    client = door.enter("ada")
    client.headers["user-agent"] = CHROME.replace("141.0.0.0", "142.0.1.0")

    assert client.get("/ui/bootstrap").status_code == 200


def test_a_session_is_bound_to_no_browser_where_the_policy_does_not_want_it(door: Door) -> None:
    client = door.enter("bo")
    with door.policy(session={"bind_browser": False}):
        client.headers["user-agent"] = FIREFOX
        assert client.get("/ui/bootstrap").status_code == 200


def test_everybody_sees_and_ends_their_own_sessions_and_nobody_elses(door: Door) -> None:
    here, there, third = door.enter("cai"), door.enter("cai", user_agent=FIREFOX), door.enter("cai")
    other = door.enter("dan")
    sessions = here.get("/ui/me/sessions").json()["sessions"]
    assert [each["current"] for each in sessions] == [True, False, False]
    assert {each["device"] for each in sessions} == {"Chrome on Windows", "Firefox on Windows"}
    [of_there] = [each["id"] for each in sessions if each["device"] == "Firefox on Windows"]

    assert other.delete(f"/ui/me/sessions/{of_there}").status_code == 404
    assert there.get("/ui/bootstrap").status_code == 200
    assert here.delete(f"/ui/me/sessions/{of_there}").status_code == 204
    assert there.get("/ui/bootstrap").status_code == 401
    assert here.delete("/ui/me/sessions").json() == {"ended": 1}
    assert third.get("/ui/bootstrap").status_code == 401
    assert here.get("/ui/bootstrap").status_code == 200


def test_the_oldest_session_ends_where_there_are_more_than_the_policy_allows(door: Door) -> None:
    with door.policy(session={"most_per_user": 2}):
        first, second, third = (door.enter("eva") for _ in range(3))
        assert [each.get("/ui/bootstrap").status_code for each in (first, second, third)] == [401, 200, 200]


def test_shorter_limits_hold_for_sessions_that_are_running(door: Door) -> None:
    client = door.enter("fei")
    door.sql(
        "UPDATE chassis.session SET last_seen_at = now() - interval '20 minutes' WHERE tenant_id = %s AND user_id = %s",
        door.site.tenant_id,
        door.site.users["fei"],
    )
    with door.policy(session={"idle_minutes": 10}):
        assert client.get("/ui/bootstrap").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_over_tls_of_other_hosts(door: Door) -> None:
    sent = {"username": door.site.username("ada"), "password": PASSWORD}
    plain = door.client().post("/ui/session", json=sent)
    assert "chassis_session=" in plain.headers["set-cookie"]

    context = ssl.create_default_context(cafile=str(door.site.address.authority))
    with httpx.Client(base_url=door.site.address.https, verify=context) as client:
        answer = client.post("/ui/session", json=sent)
        cookies = answer.headers.get_list("set-cookie")
        [session] = [each for each in cookies if each.startswith("__Host-chassis_session=")]
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {each.strip() for each in session.split(";")}
        assert "Domain" not in session
        token = client.cookies["__Host-chassis_session"]
        assert client.get("/ui/bootstrap").status_code == 200
        client.cookies.clear()
        client.cookies.set("chassis_session", token)
        assert client.get("/ui/bootstrap").status_code == 401, "a neighbour can plant that name"


def test_a_change_by_cookie_needs_the_pages_token(door: Door) -> None:
    client = door.enter("ada")
    own, strange = client.headers.pop("x-csrf-token"), door.enter("bo").headers["x-csrf-token"]

    assert code_of(client.patch("/ui/me", json={})) == "INVALID_CSRF_TOKEN"
    assert code_of(client.patch("/ui/me", json={}, headers={"x-csrf-token": strange})) == "INVALID_CSRF_TOKEN"
    assert client.patch("/ui/me", json={}, headers={"x-csrf-token": own}).status_code == 204


@pytest.mark.parametrize(
    "header", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
def test_another_sites_page_can_neither_sign_anybody_in_nor_ask_for_links(door: Door, header: dict[str, str]) -> None:
    client = door.client(**header)

    assert code_of(door.attempt(client, "ada")) == "CROSS_SITE_REQUEST"
    assert code_of(client.post("/ui/password/forgotten", json={"username": "x"})) == "CROSS_SITE_REQUEST"


def test_signing_in_gives_a_new_token_whatever_cookie_was_there(door: Door) -> None:
    client = door.client()
    planted = f"{door.site.organization_id}!{'ab' * 32}"
    client.cookies.set("chassis_session", planted)

    assert door.attempt(client, "ada").status_code == 200
    tokens = {each.value for each in client.cookies.jar if each.name == "chassis_session" and each.value != planted}
    assert len(tokens) == 1
    thief = door.client()
    thief.cookies.set("chassis_session", planted)
    assert thief.get("/ui/bootstrap").status_code == 401


def test_dangerous_acts_ask_who_it_is_where_that_was_shown_long_ago(door: Door) -> None:
    admin, user = door.enter("admin"), door.site.users["ada"]
    door.age_verification("admin")
    acts = [
        ("PUT", "/setup/permission-sets/New__c", {"label": "New"}),
        ("DELETE", "/setup/permission-sets/New__c", None),
        ("PUT", f"/setup/permission-sets/Auditor/users/{user}", None),
        ("DELETE", f"/setup/permission-sets/StandardUser/users/{user}", None),
        ("POST", f"/setup/users/{user}/reset-password", None),
        ("DELETE", f"/setup/users/{user}/factors", None),
        ("POST", f"/setup/users/{user}/login-as", {"reason": "to help"}),
        ("PATCH", "/setup/security-policy", {"verification_minutes": 30}),
        ("POST", "/ui/me/factors/totp", None),
        ("POST", "/ui/me/recovery-codes", None),
    ]
    for method, path, body in acts:
        refused = admin.request(method, path, json=body)
        assert (refused.status_code, code_of(refused)) == (403, "VERIFICATION_REQUIRED"), path


def test_who_shows_who_they_are_goes_on_with_a_new_token(door: Door) -> None:
    admin = door.enter("admin")
    door.age_verification("admin")
    old = dict(admin.cookies)
    assert admin.get("/ui/verify").json()["methods"] == ["password"]

    wrong = admin.post("/ui/verify", json={"method": "password", "password": "falsch-falsch"})
    assert code_of(wrong) == "VERIFICATION_FAILED"
    right = keep_token(admin, admin.post("/ui/verify", json={"method": "password", "password": PASSWORD}))

    assert right.status_code == 200
    assert admin.put("/setup/permission-sets/New__c", json={"label": "New"}).status_code == 204
    thief = door.client()
    thief.cookies.update(old)
    assert thief.get("/ui/bootstrap").status_code == 401


def test_a_token_of_a_program_is_verified_by_getting_a_new_one(door: Door) -> None:
    token = door.site.token("admin")
    headers = {"authorization": f"Bearer {token}"}
    sent = {"method": "password", "password": PASSWORD}

    assert httpx.post(f"{door.site.url}/ui/verify", headers=headers, json=sent).status_code == 403
