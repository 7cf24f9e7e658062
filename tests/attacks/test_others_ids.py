"""Ids of other people's things, at every door of the application that takes one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from attacks.loot import SECRET, Loot
from chassis_platform.app import api_routes
from serving import Site

DATA = "/services/data/v{version}"
#: What a route's parameters stand for: the loot's own names; after `=` a word that is used as it is.
NAMED: dict[str, dict[str, str]] = {
    f"{DATA}/sobjects/{{object}}/{{record_id}}/reveal": {"object": "=Lead", "record_id": "lead"},
    f"{DATA}/sobjects/{{object}}/{{record_id}}/identity-checks/{{check}}": {
        "object": "=Lead",
        "record_id": "lead",
        "check": "=Caller",
    },
    f"{DATA}/sobjects/{{object}}/{{field}}/{{value}}": {"object": "=Lead", "field": "=Id", "value": "lead"},
    f"{DATA}/sobjects/{{object}}/{{id}}": {"object": "=Lead", "id": "lead"},
    f"{DATA}/query/{{locator}}": {"locator": "locator"},
    f"{DATA}/queryAll/{{locator}}": {"locator": "locator"},
    "/ui/reveals/{request_id}/{word}": {"request_id": "reveal", "word": "=approve"},
    "/ui/me/factors/totp/{id}/confirm": {"id": "factor"},
    "/ui/me/factors/{id}": {"id": "factor"},
    "/ui/me/sessions/{id}": {"id": "own session"},
    "/ui/me/apps/{id}": {"id": "app"},
    "/ui/approvals/delegates/{id}": {"id": "delegate"},
    "/ui/approvals/{id}": {"id": "work item"},
    "/ui/approvals/{id}/reassign": {"id": "work item"},
    "/ui/ledgers/{name}/accounts/{id}": {"name": "=Points", "id": "lead"},
    "/ui/records/{id}/shares/{share}": {"id": "lead", "share": "share"},
    "/ui/records/{id}/related/{relationship}": {"id": "lead", "relationship": "=Tasks"},
    **{
        f"/ui/records/{{id}}{rest}": {"id": "lead"}
        for rest in (
            *("", "/undelete", "/history", "/duplicates", "/buttons", "/scores", "/shares"),
            *("/approvals", "/approvals/recall"),
        )
    },
    "/setup/flow-runs/{id}/replay": {"id": "flow run"},
    "/setup/connected-apps/{id}": {"id": "app"},
    "/setup/connected-apps/{id}/secret": {"id": "app"},
    "/setup/connected-apps/{id}/users": {"id": "app"},
    "/setup/connected-apps/{id}/users/{user}": {"id": "app", "user": "user"},
    "/setup/scim-tokens/{id}": {"id": "scim token"},
    **{f"{DATA}/jobs/query/{{id}}{rest}": {"id": "query job"} for rest in ("", "/results", "/resultPages")},
    **{
        f"{DATA}/jobs/ingest/{{id}}{rest}": {"id": "ingest job"}
        for rest in (
            *("", "/batches", "/successfulResults", "/failedResults"),
            *("/unprocessedrecords", "/unprocessedRecords"),
        )
    },
    **{
        f"{DATA}/chassis/imports/{{id}}{rest}": {"id": "import"}
        for rest in ("", "/content", "/preview", "/errors", "/failedRows")
    },
    f"{DATA}/chassis/documents/{{name}}/{{record_id}}": {"name": "=Adf_Lead", "record_id": "lead"},
    f"{DATA}/ui-api/records/{{id}}": {"id": "lead"},
    f"{DATA}/ui-api/records/batch/{{ids}}": {"ids": "lead"},
    **{
        f"{DATA}{place}/quickActions/{{action}}/defaultValues/{{context}}": {
            "object": "=Lead",
            "action": "=Accept_Lead",
            "context": "lead",
        }
        for place in ("", "/sobjects/{object}")
    },
    **{
        f"/setup/webhooks/{{id}}{rest}": {"id": "webhook"}
        for rest in ("", "/secret", "/test", "/deliveries", "/replay")
    },
    "/setup/sessions/{id}": {"id": "session"},
    **{
        f"/setup/users/{{id}}{rest}": {"id": "user"}
        for rest in ("", "/reset-password", "/factors", "/unlock", "/login-as")
    },
    "/setup/groups/{id}": {"id": "group"},
    "/setup/groups/{id}/members": {"id": "group"},
    "/setup/groups/{id}/members/{member}": {"id": "group", "member": "member"},
    "/setup/administration-requests/{id}/approve": {"id": "administration request"},
    "/setup/administration-requests/{id}/refuse": {"id": "administration request"},
    "/setup/permission-sets/{name}": {"name": "permission set"},
    "/setup/permission-sets/{name}/users/{user_id}": {"name": "permission set", "user_id": "user"},
    "/setup/identity-providers/{id}": {"id": "identity provider"},
    "/setup/identity-providers/{id}/identities": {"id": "identity provider"},
    "/setup/identity-providers/{id}/key": {"id": "identity provider"},
    "/setup/identity-providers/{id}/identities/{user}": {"id": "identity provider", "user": "user"},
    "/setup/inbound/{id}/content": {"id": "inbound message"},
    "/setup/inbound/{id}/replay": {"id": "inbound message"},
    "/setup/inbound-keys/{id}": {"id": "inbound key"},
    **{f"/privacy/acts/{{id}}{rest}": {"id": "privacy act"} for rest in ("", "/approve", "/refuse", "/content")},
    "/audit/proof/{journal}/{id}": {"journal": "=SetupAuditTrail", "id": "entry"},
    "/audit/archives/{id}/content": {"id": "archive"},
    "/setup/retention/holds/{id}": {"id": "hold"},
    "/setup/journal-exports/{id}": {"id": "journal export"},
    "/scim/v2/{organization}/Users": {"organization": "organization"},
    "/scim/v2/{organization}/Users/{id}": {"organization": "organization", "id": "user"},
    "/scim/v2/{organization}/Groups": {"organization": "organization"},
    "/scim/v2/{organization}/Groups/{id}": {"organization": "organization", "id": "permission set"},
}
#: What would do it if nobody looked who asks.
BODIES: dict[str, Any] = {
    f"{DATA}/sobjects/{{object}}/{{record_id}}/reveal": {"fields": ["Phone", "Email"], "reason": "I want to know."},
    f"{DATA}/sobjects/{{object}}/{{record_id}}/identity-checks/{{check}}": {"answers": {"Birthdate": "1990-01-01"}},
    f"{DATA}/sobjects/{{object}}/{{id}}": {"LastName": "Stolen"},
    f"{DATA}/sobjects/{{object}}/{{field}}/{{value}}": {"LastName": "Stolen"},
    "/ui/records/{id}": {"values": {"LastName": "Stolen"}, "version": 1},
    "/ui/records/{id}/shares": {"with": "{user}", "access": "edit"},
    "/ui/approvals/{id}/reassign": {"actor_id": "{user}"},
    "/setup/users/{id}": {"email": "stolen@example.com"},
    "/setup/users/{id}/login-as": {"reason": "To look round."},
    "/setup/connected-apps/{id}": {"label": "Stolen"},
    "/setup/webhooks/{id}": {"label": "Stolen"},
    f"{DATA}/jobs/query/{{id}}": {"state": "Aborted"},
    f"{DATA}/jobs/ingest/{{id}}": {"state": "Aborted"},
    f"{DATA}/chassis/imports/{{id}}": {"state": "Aborted"},
    f"{DATA}/ui-api/records/{{id}}": {"fields": {"LastName": "Stolen"}},
    "/setup/identity-providers/{id}": {"label": "Stolen"},
    "/setup/identity-providers/{id}/identities": {"subject": "thief", "user_id": "{user}"},
    "/setup/groups/{id}": {"label": "Stolen"},
    "/setup/groups/{id}/members": {"member": "{user}"},
    "/setup/permission-sets/{name}": {"name": "Attacked__c", "label": "Stolen", "objects": {}, "fields": {}}
    | {"apps": [], "system": ["ManageUsers"]},
    "/ui/me/factors/totp/{id}/confirm": {"code": "123456"},
}
#: Parameters that name metadata, and things of which every tenant has its own of the same name: nobody's ids.
OF_METADATA = {
    *("version", "object", "field", "name", "kind", "mapping", "journal", "relationship", "path", "provider"),
    *("view", "action", "record_type", "rule"),
}
OPEN = {"/services/Soap/u/", "/ui/sso/{organization}", "/ui/approval-links/", "/scim/v2/{organization}/"}
#: Tells of whoever asks, never of the one who is named: see the last test.
NOTHING = ('"records":[]', '"users":[]', '{"hasErrors":true,')
OF_ONESELF = "/id/{organization}/{user}"


def _with_ids() -> Iterator[Route]:
    for each in api_routes():
        if isinstance(each, Route) and (each.path in NAMED or set(each.param_convertors) - OF_METADATA):
            yield each


def test_every_route_that_takes_an_id_is_attacked() -> None:
    left = {each.path for each in _with_ids()} - set(NAMED) - {OF_ONESELF}
    # Sign-in by other providers and links in e-mails are for who has no session: see test_tokens.py.
    assert {each for each in left if not each.startswith(tuple(OPEN))} == set()


def _address(path: str, loot: Loot) -> str:
    values = {
        name: word[1:] if word.startswith("=") else loot.ids.get(word, "0XX000000000001AAA")
        for name, word in NAMED[path].items()
    }
    return path.format(version="66.0", **values)


def _attacks(loot: Loot) -> Iterator[tuple[str, str, Any]]:
    for each in _with_ids():
        if each.path in NAMED:
            body = BODIES.get(each.path, {})
            filled = {key: loot["user"] if value == "{user}" else value for key, value in body.items()}
            for method in sorted(each.methods - {"HEAD"} if each.methods else ()):
                yield method, _address(each.path, loot), filled


@pytest.mark.parametrize("thief", ["stranger", "neighbour"])
def test_nobody_reads_or_changes_others_things_by_their_ids(
    windows: dict[str, httpx.Client], loot: Loot, thief: str
) -> None:
    client, let_in = windows[thief], []
    for method, address, body in _attacks(loot):
        answer = client.request(method, address, json=None if method == "GET" else body)
        # A name may be free in the neighbour's tenant: what becomes of that is the neighbour's own.
        is_own = thief == "neighbour" and loot["permission set"] in address and answer.status_code in (200, 201, 204)
        is_own |= answer.status_code == 200 and any(each in answer.text for each in NOTHING)
        if not (is_own or 400 <= answer.status_code < 500) or SECRET in answer.text:
            let_in.append((method, address, answer.status_code, answer.text[:200]))
    assert let_in == []


@pytest.mark.parametrize("thief", ["stranger", "neighbour"])
def test_nobody_gets_at_others_records_by_naming_them_inside_a_request(
    windows: dict[str, httpx.Client], loot: Loot, thief: str
) -> None:
    client, lead, user = windows[thief], loot["lead"], loot["user"]
    data = "/services/data/v66.0"
    record = {"attributes": {"type": "Lead"}, "Id": lead, "LastName": "Stolen"}
    requests: list[tuple[str, str, Any]] = [
        ("PATCH", f"{data}/composite/sobjects", {"allOrNone": False, "records": [record]}),
        ("DELETE", f"{data}/composite/sobjects?ids={lead}", None),
        ("POST", f"{data}/composite/sobjects/Lead", {"ids": [lead], "fields": ["LastName"]}),
        ("GET", f"{data}/composite/sobjects/Lead?ids={lead}&fields=LastName", None),
        ("POST", f"{data}/sobjects/Lead/merge", {"masterRecord": {"Id": lead}, "recordToMergeIds": [lead]}),
        ("POST", "/ui/merge", {"masterId": lead, "ids": [lead]}),
        ("POST", "/ui/merge/preview", {"masterId": lead, "ids": [lead]}),
        ("POST", "/ui/flows/Accept_Lead/run", {"recordIds": [lead]}),
        ("POST", "/ui/scoring_models/Lead_Score/score", {"recordIds": [lead]}),
        ("POST", "/ui/approvals/submit", {"record_ids": [lead]}),
        ("POST", f"{data}/quickActions/Accept_Lead", {"contextId": lead}),
        ("POST", f"{data}/sobjects/Lead/quickActions/Accept_Lead", {"contextId": lead}),
        ("POST", f"{data}/process/approvals", {"requests": [{"actionType": "Submit", "contextId": lead}]}),
        ("GET", f"{data}/query?q=SELECT+LastName+FROM+Lead+WHERE+Id='{lead}'", None),
        ("GET", f"/ui/labels?ids={lead},{user}", None),
        ("GET", f"/setup/explain-access?record={lead}&user={user}", None),
        ("GET", f"/audit/timeline?record={lead}", None),
        ("POST", "/ui/search", {"q": "Zaphod"}),
        ("GET", "/ui/recycle-bin", None),
        ("GET", f"{data}/chassis/events?after=-2", None),
        ("POST", "/ui/lookup", {"q": "Zaphod", "objects": ["Lead"]}),
    ]
    told = []
    for method, address, body in requests:
        answer = client.request(method, address, json=body)
        if answer.status_code >= 500 or SECRET in answer.text or '"success":true' in answer.text.replace(" ", ""):
            told.append((method, address, answer.status_code, answer.text[:200]))
    assert told == []


def test_after_all_attacks_everything_is_as_it_was(site: Site, windows: dict[str, httpx.Client], loot: Loot) -> None:
    consultant, admin = windows["consultant"], windows["admin"]

    assert SECRET in consultant.get(f"/ui/records/{loot['lead']}").text
    assert loot["share"] in consultant.get(f"/ui/records/{loot['lead']}/shares").text
    assert loot["delegate"] in consultant.get("/ui/approvals/delegates").text
    for address, thing in (
        ("/setup/sessions", "session"),
        ("/setup/permission-sets/Attacked__c", "permission set"),
        ("/setup/connected-apps", "app"),
        ("/setup/groups", "group"),
        ("/setup/identity-providers", "identity provider"),
        ("/setup/scim-tokens", "scim token"),
        ("/setup/webhooks", "webhook"),
        ("/setup/inbound-keys", "inbound key"),
        ("/audit/archives", "archive"),
        ("/setup/retention", "hold"),
    ):
        assert loot[thing] in admin.get(address).text, thing
    assert "Stolen" not in admin.get("/setup/connected-apps").text
    group = admin.get(f"/setup/groups/{loot['group']}").json()
    assert (group["label"], [each["id"] for each in group["members"]]) == ("Attacked", [loot["member"]])
    user = next(each for each in admin.get("/setup/users").json()["users"] if each["id"] == loot["user"])
    assert user["email"] == site.username("consultant")


def test_values_of_fields_are_in_no_proof_however_the_journal_is_spelled(admin: httpx.Client) -> None:
    assert re.search("no journal", admin.get("/audit/proof/FieldHistory/x").text)
    for journal in ("field_history", "field_field_historyhistory", "FIELD_HISTORY", "data.field_history"):
        assert re.search("no journal", admin.get(f"/audit/proof/{journal}/x").text), journal


@pytest.mark.parametrize("thief", ["stranger", "neighbour"])
def test_an_identity_is_told_to_its_owner_only(
    site: Site, windows: dict[str, httpx.Client], loot: Loot, thief: str
) -> None:
    answer = windows[thief].get(f"/id/{loot['organization']}/{loot['user']}")
    assert loot["user"] not in answer.text.replace(str(answer.url), "")
    assert site.username("consultant") not in answer.text
