"""Every error is an array of problems with the field's codes; none is a 500."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from serving import Site

JSON = {"content-type": "application/json"}

#: method, path, body, status, code, a part of the message
WRONG = [
    ("POST", "sobjects/Lead", "{", 400, "JSON_PARSER_ERROR", "line:1"),
    ("POST", "sobjects/Lead", "[]", 400, "JSON_PARSER_ERROR", "JSON object"),
    ("POST", "sobjects/Lead", '{"LastName": "A", "Nope": 1}', 400, "INVALID_FIELD", "Nope"),
    ("POST", "sobjects/Lead", '{"FirstName": "A"}', 400, "REQUIRED_FIELD_MISSING", "LastName"),
    (
        "POST",
        "sobjects/Lead",
        '{"LastName": "A", "Status": "Odd"}',
        400,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Odd",
    ),
    ("POST", "sobjects/Lead", '{"LastName": "A", "CampaignId": "x"}', 400, "MALFORMED_ID", "x"),
    ("POST", "sobjects/Nothing", "{}", 404, "NOT_FOUND", ""),
    ("GET", "sobjects/Lead/00Q000000000000EAA", "", 404, "NOT_FOUND", ""),
    ("GET", "sobjects/Lead/nonsense", "", 400, "MALFORMED_ID", ""),
    ("DELETE", "sobjects/Lead/00Q000000000000EAA", "", 404, "NOT_FOUND", ""),
    ("GET", "query?q=SELECT+Id+FORM+Lead", "", 400, "MALFORMED_QUERY", "line 1 column 11"),
    ("GET", "query?q=SELECT+Nope+FROM+Lead", "", 400, "INVALID_FIELD", "Nope"),
    ("GET", "query?q=SELECT+Id+FROM+Nothing", "", 400, "INVALID_TYPE", "Nothing"),
    ("GET", "query?q=SELECT+Id+FROM+Lead+WHERE+BudgetMin='x'", "", 400, "INVALID_FIELD", ""),
    ("GET", "query", "", 400, "MALFORMED_QUERY", "missing"),
    ("GET", "query/01g000000000000AAA-2000", "", 400, "INVALID_QUERY_LOCATOR", ""),
    ("GET", "query?explain=SELECT", "", 400, "MALFORMED_QUERY", "line 1"),
    ("GET", "query?columns=true&q=SELECT+Nope+FROM+Lead", "", 400, "INVALID_FIELD", "Nope"),
    ("GET", "search", "", 400, "MALFORMED_SEARCH", "missing"),
    ("GET", "search?q=FIND+{x", "", 400, "MALFORMED_SEARCH", "line 1 column 6"),
    ("GET", "search?q=FIND+{Joe}+RETURNING+Nothing", "", 400, "INVALID_TYPE", "Nothing"),
    ("POST", "search", '{"q": 1}', 400, "MALFORMED_SEARCH", "missing"),
    ("POST", "parameterizedSearch", '{"q": "Joe", "in": "BODY"}', 400, "JSON_PARSER_ERROR", "in: must be"),
    ("POST", "parameterizedSearch", '{"q": "", "sobjects": [{"name": "Lead"}]}', 400, "MALFORMED_SEARCH", "nothing"),
    ("POST", "parameterizedSearch", '{"q": "Joe", "sobjects": [{"name": "Lead)"}]}', 400, "INVALID_TYPE", "Lead)"),
    ("GET", "nowhere", "", 404, "NOT_FOUND", ""),
    ("POST", "composite/sobjects", '{"records": 1}', 400, "JSON_PARSER_ERROR", "records"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "said"), WRONG)
def test_what_is_wrong_is_said_in_one_shape(  # noqa: PLR0913, PLR0917  a row of the table
    site: Site, partner: httpx.Client, method: str, path: str, body: str, status: int, code: str, said: str
) -> None:
    del site
    answer = partner.request(method, path, content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    problems: list[dict[str, Any]] = answer.json()
    assert problems[0]["errorCode"] == code
    assert said in problems[0]["message"]


@pytest.fixture(scope="module")
def partner(site: Site) -> Any:
    with site.partner("partner") as client:
        yield client


def test_all_problems_of_a_record_are_told_at_once(partner: httpx.Client) -> None:
    answer = partner.post("sobjects/Lead", json={"LastName": "A" * 81, "Email": "no", "Nope": 1, "Status": "Odd"})
    codes = {each["errorCode"] for each in answer.json()}
    assert codes >= {
        "STRING_TOO_LONG",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_FIELD",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    }


def test_without_a_session_nothing_is_answered(site: Site) -> None:
    for path in ("/services/data/v66.0/sobjects", "/ui/bootstrap", "/setup/users"):
        answer = httpx.get(site.url + path)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    answer = httpx.get(site.url + "/services/data/v66.0/", headers={"authorization": "Bearer 00Dxx!abc"})
    assert answer.status_code == 401


def test_a_change_with_a_cookie_needs_the_pages_token(site: Site) -> None:
    with site.browser("admin") as browser:
        answer = browser.post("/ui/objects/Lead/records", json={"values": {}}, headers={"x-csrf-token": "wrong"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "INVALID_CSRF_TOKEN")


def test_a_stale_version_is_refused_and_nothing_changes(site: Site, partner: httpx.Client) -> None:
    account = partner.post("sobjects/Account", json={"LastName": "Stale"}).json()["id"]
    with site.browser("admin") as page:
        read = {"if-match": f'"{page.get(f"/ui/records/{account}").json()["version"]}"'}
    changed = partner.patch(f"sobjects/Account/{account}", json={"FirstName": "One"}, headers=read)
    assert changed.status_code == 204
    refused = partner.patch(f"sobjects/Account/{account}", json={"FirstName": "Two"}, headers=read)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (412, "STALE_VERSION")
    refused = partner.patch(
        f"sobjects/Account/{account}",
        json={"FirstName": "Two"},
        headers={"if-unmodified-since": "Sun, 22 Nov 2020 00:00:00 GMT"},
    )
    assert refused.status_code == 412
    assert partner.get(f"sobjects/Account/{account}?fields=FirstName").json()["FirstName"] == "One"


def test_a_missing_permission_is_told(site: Site) -> None:
    with site.browser("consultant") as browser:
        answer = browser.get("/setup/users")
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
        assert "ManageUsers" in answer.json()[0]["message"]
    with site.partner("consultant") as client:
        answer = client.post("sobjects/User", json={"LastName": "X"})
        assert answer.status_code in (400, 403, 404), answer.text


def test_wrong_passwords_lock_the_user_out_for_a_while(site: Site) -> None:
    body = {"username": site.username("colleague"), "password": "wrong-password"}
    for _ in range(5):
        assert httpx.post(f"{site.url}/ui/session", json=body).status_code == 401
    right = httpx.post(f"{site.url}/ui/session", json=body | {"password": "correct-horse-battery-staple"})
    assert right.status_code == 401
    with site.partner("auditor") as auditor:
        answer = auditor.get(
            "query", params={"q": "SELECT Status FROM LoginHistory WHERE Status LIKE 'Failed%'"}
        ).json()
    assert {"Failed: invalid password", "Failed: user is locked out"} <= {each["Status"] for each in answer["records"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"q": 1}, "q"),
        ({"q": "x", "objects": "Lead"}, "objects"),
        ({"q": "x", "limit": 0}, "limit"),
        ({"q": "x", "limit": True}, "limit"),
    ],
)
def test_a_search_that_is_none_is_told_what_is_wrong(site: Site, body: dict[str, object], field: str) -> None:
    with site.browser("consultant") as browser:
        for address in ("/ui/search", "/ui/lookup"):
            answer = browser.post(address, json=body)
            assert answer.status_code == 400, answer.text
            assert field in answer.text
        assert browser.post("/ui/search", json={"q": "x" * 3_000}).status_code in {200, 400}
