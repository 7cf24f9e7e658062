"""Texts that want to be SQL: in every parameter, in every body, in values that are kept and come back."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from starlette.routing import Route

from attacks.loot import done, new_lead
from chassis_platform import api
from chassis_platform.app import api_routes
from chassis_tenants.bootstrap import DatabaseUrls
from serving import Site

SLEEP_SECONDS = 9
AT_ONCE = 6
BREAKS = [
    "'",
    "x' OR 'a'='a' --",
    f"1; SELECT pg_sleep({SLEEP_SECONDS})",
    f"x'||pg_sleep({SLEEP_SECONDS})||'",
    '"; DROP TABLE data.lead; --',
    "%(tenant_id)s %s %%",
    "\\' UNION SELECT token_hash FROM chassis.session /*",
    "$1 :name {0} {tenant_id}",
    "\x00",
    "\u00b2\u0663\U0001f600\ufeff\u202e",
    "9" * 4500,
    "-1",
]
#: Read in the doors' own sources, so that what is added is attacked too.
_SOURCES = "\n".join(each.read_text() for each in sorted(Path(str(api.__file__)).parent.glob("*.py")))
PARAMETERS = sorted(set(re.findall(r"query(?:_params)?(?:\.get\(|\[)\"(\w+)\"", _SOURCES)) | {"q", "after", "limit"})
KEYS = sorted(set(re.findall(r"(?:document|sent|body)(?:\.get\(|\[)\"(\w+)\"", _SOURCES)) | {"values", "filters"})
#: They end the attacker's own session, or lock the attacker's own user: their texts are tried below, one by one.
LEFT_OUT = {"/ui/session", "/ui/me/sessions", "/ui/me/password", "/ui/verify", "/ui/password/reset"} | {
    "/ui/password/forgotten",
    "/services/oauth2/token",
    "/services/oauth2/device_authorization",
}


def _routes(*methods: str) -> Iterator[tuple[Route, str]]:
    for each in api_routes():
        if isinstance(each, Route) and each.path not in LEFT_OUT:
            yield from ((each, method) for method in methods if method in (each.methods or ()))


def _filled(path: str, text: str) -> str:
    known = {"version": "66.0", "object": "Lead"}
    return re.sub(
        r"\{(\w+)(?::\w+)?\}",
        lambda found: known.get(found[1], httpx.URL("/", params={"x": text}).query.decode()[2:]),
        path,
    )


def _is_well(answer: httpx.Response, started: float) -> str | None:
    # SOAP 1.1 (6.2) tells what is wrong with status 500 and a fault.
    is_fault = answer.status_code == 500 and "<faultcode>" in answer.text
    if (answer.status_code >= 500 and not is_fault) or time.monotonic() - started > SLEEP_SECONDS:
        return f"{answer.request.method} {str(answer.request.url)[:160]}: {answer.status_code} {answer.text[:160]}"
    return None


async def _all_well(client: httpx.Client, requests: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    """All of them, some at a time: one after the other, most of the time is spent with waiting."""
    free = asyncio.Semaphore(AT_ONCE)

    async def answered(method: str, address: str, more: dict[str, Any]) -> str | None:
        async with free:
            started = time.monotonic()
            return _is_well(await sender.request(method, address, **more), started)

    cookies = dict(client.cookies)
    async with httpx.AsyncClient(
        base_url=client.base_url, cookies=cookies, headers=client.headers, timeout=30
    ) as sender:
        found = await asyncio.gather(*(answered(*each) for each in requests))
    assert len(found) > len(BREAKS)
    assert [each for each in found if each] == []


def _rows(urls: DatabaseUrls) -> list[Any]:
    with psycopg.connect(urls.owner) as connection:
        return connection.execute(
            "SELECT (SELECT count(*) FROM chassis.tenant), to_regclass('data.lead'),"
            ' (SELECT count(*) FROM data."user")'
        ).fetchall()


async def test_no_parameter_of_any_door_reaches_the_database_as_sql(
    admin: httpx.Client, attacked_urls: DatabaseUrls
) -> None:
    before = _rows(attacked_urls)
    await _all_well(
        admin,
        (
            (
                "GET",
                _filled(route.path, text[:200]),
                {"params": dict.fromkeys(PARAMETERS, text[:200]) | {"limit": text}},
            )
            for route, _ in _routes("GET")
            for text in ["; ".join(BREAKS[:8]), *BREAKS[8:]]
        ),
    )
    assert _rows(attacked_urls) == before


def _bodies() -> list[Any]:
    values: list[Any] = [None, {"'": "'"}, [{}], 10**18, "'\u00b2\x00"]
    return [[None], *(dict.fromkeys(KEYS, each) for each in values)]


async def test_no_body_of_any_door_breaks_it(admin: httpx.Client) -> None:
    await _all_well(
        admin,
        (
            (method, _filled(route.path, "x'--"), {"json": body})
            for route, method in _routes("POST", "PATCH", "PUT")
            for body in _bodies()
        ),
    )


@pytest.mark.parametrize("text", BREAKS[:8])
def test_a_text_that_is_kept_comes_back_as_it_was_and_finds_itself_only(consultant: httpx.Client, text: str) -> None:
    made = new_lead(consultant, text)
    filters = [{"field": "LastName", "operator": "=", "value": text}]
    asked = {"columns": ["LastName"], "filters": filters, "order_by": [], "owner": "everyone", "limit": 50}
    listed = done(consultant.post("/ui/objects/Lead/list", json=asked))["records"]
    assert [each["id"] for each in listed] == [made]
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    query = f"SELECT LastName FROM Lead WHERE LastName = '{quoted}'"  # noqa: S608
    found = done(consultant.get("/services/data/v66.0/query", params={"q": query}))["records"]
    assert [each["LastName"] for each in found] == [text]


@pytest.mark.parametrize("text", ["x' OR LastName != '", "\\' OR Id != null --", "%", "@{first.Id}"])
def test_a_name_that_is_a_query_stays_a_name_in_somebody_elses_composite(
    admin: httpx.Client, consultant: httpx.Client, text: str
) -> None:
    root = "/services/data/v66.0"
    lead = new_lead(consultant, f"Composite {text}")
    query = f"{root}/query?q=SELECT Id FROM Lead WHERE LastName = '@{{first.LastName}}'"  # noqa: S608
    sent = [
        {"method": "GET", "url": f"{root}/sobjects/Lead/{lead}?fields=LastName", "referenceId": "first"},
        {"method": "GET", "url": query, "referenceId": "second"},
    ]
    _, second = done(admin.post(f"{root}/composite", json={"compositeRequest": sent}))["compositeResponse"]
    assert [each["Id"] for each in second["body"]["records"]] == [lead]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT Id, (SELECT 1) x FROM Lead",
        'SELECT COUNT(Id) "; DROP TABLE data.lead; --" FROM Lead',
        "SELECT Status a'b, COUNT(Id) c FROM Lead GROUP BY Status",
        "SELECT Id FROM Lead ORDER BY (SELECT 1)",
        "SELECT Id FROM Lead WHERE pg_sleep(9) = null",
        "SELECT Id FROM data.lead",
        "SELECT Id FROM pg_catalog.pg_class",
        "SELECT custom FROM Lead",
        "SELECT Id FROM Lead LIMIT 1; SELECT 1",
        "SELECT Id FROM Lead WHERE Id = '' UNION SELECT Id FROM User",
        "SELECT Id FROM Lead WHERE LastName = 'a' -- '",
        "SELECT Id FROM Lead OFFSET 1 LIMIT 1 FOR UPDATE OF lead",
        "SELECT TYPEOF Owner WHEN User THEN tenant_id END FROM Lead",
    ],
)
def test_a_query_says_nothing_but_what_the_language_has(consultant: httpx.Client, query: str) -> None:
    started = time.monotonic()
    answer = consultant.get("/services/data/v66.0/query", params={"q": query})
    assert answer.status_code == 400, answer.text
    assert time.monotonic() - started < SLEEP_SECONDS


@pytest.mark.parametrize(
    "name", ["Id; --", "tenant_id", "custom", "1", "Id DESC, pg_sleep(9)", "lower(LastName)", "Owner.password_hash"]
)
def test_names_in_lists_come_from_the_definitions_only(consultant: httpx.Client, name: str) -> None:
    plain = {"columns": ["Name"], "filters": [], "order_by": [], "owner": "everyone", "limit": 5}
    for change in (
        {"columns": [name]},
        {"order_by": [{"field": name, "direction": "asc"}]},
        {"filters": [{"field": name, "operator": "=", "value": "x"}]},
        {"filters": [{"field": "Name", "operator": name, "value": "x"}]},
        {"filters": [{"field": "Name", "operator": "=", "value": "x"}], "filter_logic": f"1 OR {name}"},
    ):
        answer = consultant.post("/ui/objects/Lead/list", json=plain | change)
        assert answer.status_code == 400, (change, answer.text)


@pytest.mark.parametrize(
    "formula",
    [
        "pg_sleep(9)",
        "LastName & (SELECT password_hash FROM chassis.credential)",
        '"x\'); DROP TABLE data.lead; --" = LastName; 1',
        "tenant_id = 1",
        "LastName = $$x$$",
        "current_setting('chassis.tenant_id')",
    ],
)
def test_a_formula_is_its_language_not_the_databases(admin: httpx.Client, formula: str) -> None:
    started = time.monotonic()
    answer = admin.post("/setup/formula/check", json={"object": "Lead", "formula": formula})
    assert answer.status_code < 500
    assert answer.status_code == 400 or answer.json().get("problems") or not answer.json().get("ok", True), answer.text
    assert time.monotonic() - started < SLEEP_SECONDS


@pytest.mark.parametrize("text", ["' OR 1=1 --", "\x00", "x" * 9000, "%(tenant_id)s"])
def test_the_doors_before_sign_in_take_texts_as_texts(site: Site, text: str) -> None:
    wrong = {400, 401, 403, 404, 202, 429}
    form = {
        "grant_type": text,
        "client_id": text,
        "client_secret": text,
        "username": text,
        "password": text,
        "code": text,
    }
    assert httpx.post(f"{site.url}/services/oauth2/token", data=form).status_code in wrong
    assert httpx.post(f"{site.url}/ui/session", json={"username": text, "password": text}).status_code in wrong
    assert httpx.post(f"{site.url}/ui/password/forgotten", json={"username": text}).status_code in wrong
    reset = {"token": text, "new_password": text}
    assert httpx.post(f"{site.url}/ui/password/reset", json=reset).status_code in wrong
    token = {"authorization": f"Bearer {site.organization_id}!{text[:60].encode('unicode_escape').decode()}"}
    assert httpx.get(f"{site.url}/ui/bootstrap", headers=token).status_code == 401
