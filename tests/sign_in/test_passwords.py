"""Passwords: what a new one must be, forgotten ones, ones that have to be changed, and who tries too many."""

from __future__ import annotations

from importlib.util import find_spec, module_from_spec

import httpx
import pytest

from serving import PASSWORD
from sign_in.conftest import FIREFOX, Door, code_of, keep_token

NEW = "eine-lange-Reise-nach-Westen"


def change(client: httpx.Client, new: str, old: str = PASSWORD) -> httpx.Response:
    return keep_token(client, client.post("/ui/me/password", json={"password": old, "new_password": new}))


def test_a_stored_hash_costs_what_rfc_9106_recommends() -> None:
    spec = find_spec("chassis_platform.auth.passwords")
    assert spec is not None
    assert spec.loader is not None
    shipped = module_from_spec(spec)  # other than the one that the tests have made cheap
    spec.loader.exec_module(shipped)

    assert shipped.hash_password(NEW).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("kurz", "at least 10 characters"),
        ("password123", "widely known"),
        ("Password123", "widely known"),
        ("aaaaaaaaaaaaaaaa", "widely known"),
        ("ada-und-mehr-davon", "may not contain the username"),
        ("x" * 300, "at most 256"),
        (PASSWORD, "your password before"),
    ],
)
def test_a_new_password_that_will_not_do_is_refused_with_the_reason(door: Door, password: str, said: str) -> None:
    answer = change(door.enter("ada"), password)

    assert answer.status_code == 400
    assert said in answer.text


def test_changing_a_password_ends_all_other_sessions_and_renews_this_one(door: Door) -> None:
    here, elsewhere = door.enter("bo"), door.enter("bo", user_agent=FIREFOX)
    stolen = dict(here.cookies)

    assert change(here, NEW).status_code == 200

    assert here.get("/ui/bootstrap").status_code == 200
    assert elsewhere.get("/ui/bootstrap").status_code == 401
    thief = door.client()
    thief.cookies.update(stolen)
    assert thief.get("/ui/bootstrap").status_code == 401
    assert door.attempt(door.client(), "bo").status_code == 401
    assert door.attempt(door.client(), "bo", NEW).status_code == 200
    assert door.trail("changedPassword")[-1][2] == door.site.users["bo"]


def test_the_last_passwords_are_refused_where_the_policy_says_so(door: Door) -> None:
    client = door.enter("cai")
    with door.policy(password={"history": 3}):
        assert change(client, "erste-neue-Losung-1", PASSWORD).status_code == 200
        assert change(client, "zweite-neue-Losung-2", "erste-neue-Losung-1").status_code == 200

        assert code_of(change(client, PASSWORD, "zweite-neue-Losung-2")) == "INVALID_NEW_PASSWORD"
    assert change(client, PASSWORD, "zweite-neue-Losung-2").status_code == 200


def test_complexity_and_length_are_asked_for_where_the_policy_says_so(door: Door) -> None:
    client = door.enter("ada")
    with door.policy(password={"complexity": True, "min_length": 14}):
        answer = change(client, "kleinbuchst")

    assert {each["message"] for each in answer.json()} == {
        "A password has at least 14 characters.",
        "A password has letters in both cases, digits and signs.",
    }


def test_a_password_set_by_an_administrator_lets_its_user_do_nothing_but_set_another(door: Door) -> None:
    admin = door.enter("admin")
    given = admin.post(f"/setup/users/{door.site.users['dan']}/reset-password").json()["password"]
    client = door.client()

    assert door.attempt(client, "dan", given).json()["pending"] == "new_password"
    refused = client.get("/ui/bootstrap")
    assert (refused.status_code, code_of(refused)) == (403, "SIGN_IN_INCOMPLETE")
    assert refused.json()[0]["pending"] == "new_password"
    assert change(client, NEW, given).status_code == 200
    assert client.get("/ui/bootstrap").status_code == 200


def test_a_password_grows_old_where_the_policy_says_so(door: Door) -> None:
    client = door.enter("eva")
    door.sql(
        "UPDATE chassis.credential SET changed_at = now() - interval '91 days' WHERE tenant_id = %s AND user_id = %s",
        door.site.tenant_id,
        door.site.users["eva"],
    )
    with door.policy(password={"max_age_days": 90}):
        refused = client.get("/ui/bootstrap")
        token = httpx.post(f"{door.site.url}/services/oauth2/token", data=_password_grant(door, "eva"))
    assert refused.json()[0]["pending"] == "new_password"
    assert token.json()["error"] == "invalid_grant"
    assert client.get("/ui/bootstrap").status_code == 200


def _password_grant(door: Door, name: str) -> dict[str, str]:
    return {
        "grant_type": "password",
        "client_id": door.site.client_id,
        "client_secret": door.site.client_secret,
        "username": door.site.username(name),
        "password": PASSWORD,
    }


def test_strangers_lock_a_user_out_but_not_of_a_browser_that_is_known(door: Door) -> None:
    known, stranger = door.enter("fei"), door.client()
    for _ in range(6):
        assert code_of(door.attempt(stranger, "fei", "falsch-falsch")) == "INVALID_LOGIN"

    assert door.attempt(stranger, "fei").status_code == 401, "the right password, while locked"
    assert door.attempt(known, "fei").status_code == 200
    assert "Failed: user is locked out" in door.history("fei")


def test_a_known_browser_is_locked_by_its_own_failures(door: Door) -> None:
    known = door.enter("gil")
    for _ in range(6):
        door.attempt(known, "gil", "falsch-falsch")

    assert door.attempt(known, "gil").status_code == 401
    assert door.attempt(door.client(), "gil").status_code == 200


def test_an_administrator_takes_a_lock_off(door: Door) -> None:
    for _ in range(6):
        door.attempt(door.client(), "hua", "falsch-falsch")
    assert door.attempt(door.client(), "hua").status_code == 401

    assert door.enter("admin").post(f"/setup/users/{door.site.users['hua']}/unlock").status_code == 204

    assert door.attempt(door.client(), "hua").status_code == 200


def test_service_users_sign_in_as_programs_only(door: Door) -> None:
    assert code_of(door.attempt(door.client(), "robot")) == "INVALID_LOGIN"
    assert door.history("robot") == ["Failed: service users sign in as programs only"]
    assert httpx.post(f"{door.site.url}/services/oauth2/token", data=_password_grant(door, "robot")).is_success
