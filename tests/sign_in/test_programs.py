"""Programs that sign in with a username and a password: by SOAP login(), by OAuth's password grant, where it is on."""

from __future__ import annotations

import re

import httpx
import pytest

from serving import PASSWORD
from sign_in.conftest import Door
from soap import call_soap, login

ON = {"soap_login": True}
_REFUSED = "INVALID_LOGIN: Invalid username, password, security token; or user locked out"


def value(answer: httpx.Response, name: str) -> str:
    """The text of the one element of that name."""
    [found] = re.findall(f"<(?:sf:)?{name}>([^<]*)</", answer.text)
    return str(found)


def asked_with(door: Door, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{door.site.url}/services/data/v60.0/limits", headers=headers).status_code


def test_login_is_off_until_it_is_switched_on_and_says_no_more_than_of_a_wrong_password(door: Door) -> None:
    off = login(door.site, door.site.username("ada"), PASSWORD)
    with door.policy(programs=ON):
        wrong = login(door.site, door.site.username("ada"), "wrong")
        unknown = login(door.site, "nobody@nowhere.example", PASSWORD)

    assert off.text == wrong.text == unknown.text
    assert (off.status_code, value(off, "faultcode")) == (500, "sf:INVALID_LOGIN")
    assert value(off, "faultstring").startswith(_REFUSED)
    assert door.history("ada")[0] == "Failed: SOAP login is switched off"


def test_login_begins_a_session_and_logout_ends_it(door: Door) -> None:
    with door.policy(programs=ON):
        answer = login(door.site, door.site.username("bo"), PASSWORD)
    token = value(answer, "sessionId")

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert value(answer, "serverUrl") == f"{door.site.url}/services/Soap/u/60.0/{door.site.organization_id}"
    assert value(answer, "organizationId") == door.site.organization_id
    assert answer.text.count(f"<userId>{door.site.users['bo']}</userId>") == 2
    assert value(answer, "passwordExpired") == "false"
    assert door.history("bo") == ["Success"]
    assert asked_with(door, token) == 200

    ended = call_soap(
        door.site, "<p:logout/>", f"<p:SessionHeader><p:sessionId>{token}</p:sessionId></p:SessionHeader>"
    )
    assert (ended.status_code, asked_with(door, token)) == (200, 401)


def test_failures_lock_the_user_out(door: Door) -> None:
    with door.policy(programs=ON):
        for _ in range(5):
            login(door.site, door.site.username("cai"), "wrong")
        locked = login(door.site, door.site.username("cai"), PASSWORD)

    assert value(locked, "faultstring").startswith(_REFUSED)


def test_where_a_second_factor_is_asked_for_the_fault_says_what_to_do(door: Door) -> None:
    with door.policy(programs=ON, second_factor={"required": True}):
        refused = login(door.site, door.site.username("dan"), PASSWORD)
        wrong = login(door.site, door.site.username("dan"), "wrong")

    assert "second factor" in value(refused, "exceptionMessage")
    assert "second factor" not in wrong.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<p:query/>", "INVALID_OPERATION"),
        ("<p:login/><p:login/>", "UNKNOWN_EXCEPTION"),
        ("", "UNKNOWN_EXCEPTION"),
        ("<p:login><!-- x --></p:login>", "UNKNOWN_EXCEPTION"),
        ("<p:login>&nothing;</p:login>", "UNKNOWN_EXCEPTION"),
        ("<p:login><p:username>a</p:login>", "UNKNOWN_EXCEPTION"),
        ("<p:login><p:username>&lt;x&gt;</p:username></p:login>", "INVALID_LOGIN"),
        ("<p:logout/>", "INVALID_SESSION_ID"),
    ],
)
def test_other_messages_are_told_by_a_fault(door: Door, body: str, code: str) -> None:
    answer = call_soap(door.site, body)

    assert (answer.status_code, value(answer, "exceptionCode")) == (500, code)


def test_a_document_type_and_a_message_too_large_are_refused(door: Door) -> None:
    url = f"{door.site.url}/services/Soap/u/60.0"
    entity = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'

    answers = [httpx.post(url, content=content) for content in (entity, b" " * 70_000)]

    assert [each.status_code for each in answers] == [500, 500]
    assert "document type" in answers[0].text
    assert "REQUEST_TOO_LARGE" in answers[1].text


def test_oauths_password_grant_is_switched_off_for_a_whole_tenant(door: Door) -> None:
    form = {
        "grant_type": "password",
        "client_id": door.site.client_id,
        "client_secret": door.site.client_secret,
        "username": door.site.username("eva"),
        "password": PASSWORD,
    }
    with door.policy(programs={"password_grant": False}):
        refused = httpx.post(f"{door.site.url}/services/oauth2/token", data=form)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert door.history("eva") == ["Failed: the password grant is switched off"]
    assert httpx.post(f"{door.site.url}/services/oauth2/token", data=form).status_code == 200
