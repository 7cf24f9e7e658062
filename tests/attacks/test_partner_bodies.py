"""Hostile bodies for what partners' programs call: refused, with nothing half done and nothing told of the inside."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from attacks.loot import SECRET, Loot
from attacks.untouched import untouched
from chassis_tenants.bootstrap import DatabaseUrls
from serving import Site

ROOT = "/services/data/v66.0"
#: Names that no definition has.
NAMES = [
    "Id; DROP TABLE data.lead; --",
    "x' OR '1'='1",
    'LastName" = "x',
    "tenant_id",
    "__proto__",
    "Owner.password_hash",
    "%(tenant_id)s {0} :name",
    "@{a.id}",
    "\x00",
    "\u202eemaNtsaL",
    "a" * 3000,
    "../../etc/passwd",
    "LastName\r\nX-Injected: 1",
    "(SELECT token_hash FROM chassis.session)",
]
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
MANY = 300
#: What an answer would hold if it told of the inside.
INSIDE = re.compile(r"psycopg|Traceback|sqlalchemy|tenant\.\w+ |\.py\b|/site-packages")
_DONE = re.compile(r'"success":true|"httpStatusCode":20\d|"hasErrors":false|"isSuccessful":true|"statusCode":20\d')
SLOW_SECONDS = 9


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    """A program with many rights: what is refused is refused for what it says."""
    headers = {"authorization": f"Bearer {site.token('admin')}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def _untouched(attacked_urls: DatabaseUrls, loot: Loot) -> Iterator[None]:
    assert loot
    with untouched(attacked_urls):
        yield


def refused(answer: httpx.Response) -> str | None:
    """None where an attack was refused as a whole or in each of its parts; what it got else."""
    text = answer.text
    is_fine = answer.status_code < 500 and not INSIDE.search(text) and "x-injected" not in answer.headers
    if answer.status_code >= 400 and is_fine:
        return None if isinstance(answer.json(), list | dict) else "no document"
    if is_fine and answer.status_code == 200 and not _DONE.search(text.replace(" ", "")):
        return None
    return f"{answer.request.method} {str(answer.request.url)[-120:]}: {answer.status_code} {text[:300]}"


def all_refused(client: httpx.Client, requests: Iterator[tuple[str, str, Any]]) -> None:
    """Each in its time."""
    found, sent = [], 0
    for method, path, body in requests:
        started = time.monotonic()
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = client.request(method, f"{ROOT}/{path}", **content)
        sent += 1
        found.append(refused(answer))
        assert time.monotonic() - started < SLOW_SECONDS, path
    assert sent > 3
    assert [each for each in found if each] == []


# Bodies of any shape

_SHAPES: list[Any] = [None, "x", 1, {}, [[]], [None], [{}], {"x": []}]
#: Where each body has its parts.
_PLACES = {
    "composite": ["compositeRequest"],
    "composite/batch": ["batchRequests"],
    "composite/graph": ["graphs"],
    "composite/tree/Lead": ["records"],
    "composite/sobjects": ["records"],
    "composite/sobjects/Lead": ["ids", "fields"],
    "actions/custom/flow/Accept_Lead": ["inputs"],
    "quickActions/NewLead": ["record"],
    "sobjects/Lead/quickActions/NewTask": ["record", "contextId"],
    "ui-api/records": ["apiName", "fields"],
    "process/approvals": ["requests"],
    "sobjects/Lead/merge": ["masterRecord", "recordToMergeIds"],
    "jobs/ingest": ["object", "operation"],
    "jobs/query": ["query", "operation"],
    "chassis/imports": ["object", "operation", "mapping"],
    "chassis/exports": ["query", "format"],
    "parameterizedSearch": ["q", "sobjects"],
}


def _shapes() -> Iterator[tuple[str, str, Any]]:
    for path, places in _PLACES.items():
        yield "POST", path, DEEP
        yield "POST", path, b'{"\xff": 1}'
        yield "POST", path, b"[1,2"
        for shape in _SHAPES:
            yield "POST", path, dict.fromkeys(places, shape)
        yield "POST", path, {places[0]: [{name: name for name in NAMES}] * 3}


def test_bodies_of_another_shape_are_refused(partner: httpx.Client) -> None:
    all_refused(partner, ((method, path, body) for method, path, body in _shapes() if body != {"q": "x"}))


# Subrequests


def sub(url: Any, method: Any = "POST", body: Any = None, **more: Any) -> dict[str, Any]:
    return {"method": method, "url": url, "referenceId": "a", "body": body, **more}


LEAD = f"{ROOT}/sobjects/Lead"
_OUT_OF_BOUNDS = [
    "http://evil.example/services/data/v66.0/sobjects/Lead",
    "//evil.example/services/data/v66.0/sobjects/Lead",
    f"{ROOT}/../../../setup/users",
    f"{ROOT}/%2e%2e/%2e%2e/%2e%2e/setup/users",
    f"{ROOT}/..%2f..%2f..%2fsetup%2fusers",
    f"{ROOT}/sobjects\\..\\..\\setup",
    f"{ROOT}//sobjects/Lead",
    "/setup/users",
    "/ui/me",
    "/services/oauth2/token",
    "/services/Soap/u/66.0",
    f"{ROOT}/composite",
    f"{ROOT}/composite/",
    f"{ROOT}/%63omposite",
    f"{ROOT}/composite/batch",
    f"{ROOT}/composite/graph",
    f"{ROOT}/composite/tree/Lead",
    f"{ROOT}/jobs/ingest",
    f"{ROOT}/chassis/events/stream",
    f"{LEAD}\x00",
    f"{LEAD}\r\nHost: evil.example",
    f"{LEAD} HTTP/1.1",
    f"{LEAD}#{'x' * 100}",
    f"{ROOT}/{'x' * 200_000}",
    "v66.0/sobjects/Lead/@{a.id}",
    "",
]


def _subrequests() -> Iterator[tuple[str, str, Any]]:
    new = {"LastName": "Composite", "Email": "composite@body.example"}
    subrequests: list[dict[str, Any]] = [sub(each, body=new) for each in _OUT_OF_BOUNDS]
    subrequests += [sub(LEAD, method=each, body=new) for each in ("TRACE", "CONNECT", "post\r\n", "", None, ["POST"])]
    bodies: list[Any] = [[], "x", 1, {"LastName": {"a": []}}, {"LastName": ["x"]}]
    subrequests += [sub(LEAD, body=each) for each in bodies]
    subrequests += [sub(LEAD, body=new | {name: "x"}) for name in NAMES]
    subrequests += [sub(f"{ROOT}/sobjects/{httpx.QueryParams({'x': name})}", body=new) for name in NAMES]
    subrequests += [sub(f"{ROOT}/query?q=SELECT {name} FROM Lead LIMIT 1 x", "GET") for name in NAMES]  # noqa: S608  an attack
    for header in (
        {"Authorization": "Bearer x"},
        {"Cookie": "a=b"},
        {"Host": "evil.example"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-CSRF-Token": "x"},
        {"If-Match\r\nX-Injected": "1"},
        {"If-Match": "1\r\nX-Injected: 1"},
        {"Idempotency-Key": "x"},
        {"If-Match": ["x"]},
        ["If-Match"],
        "If-Match: x",
    ):
        subrequests.append(sub(LEAD, body=new, httpHeaders=header))
    for number, each in enumerate(subrequests):
        yield "POST", "composite", {"compositeRequest": [each]}
        second = {**each, "referenceId": "b"}
        others = [
            ("composite", {"allOrNone": True, "compositeRequest": [sub(LEAD, body=new), second]}),
            ("composite/batch", {"batchRequests": [{**each, "richInput": each["body"]}]}),
            ("composite/graph", {"graphs": [{"graphId": "g", "compositeRequest": [each]}]}),
        ]
        yield "POST", *others[number % len(others)]


def test_subrequests_reach_nothing_but_the_api(partner: httpx.Client) -> None:
    all_refused(partner, _subrequests())


def test_numbers_of_parts_have_their_limits(partner: httpx.Client) -> None:
    new = {"attributes": {"type": "Lead", "referenceId": "a"}, "LastName": "Many"}
    nested: dict[str, Any] = new
    for number in range(60):
        nested = {**new, "attributes": {"type": "Lead", "referenceId": f"r{number}"}, "Tasks": {"records": [nested]}}
    ids = ["00Q000000000001AAA"] * 2001

    def requests() -> Iterator[tuple[str, str, Any]]:
        yield "POST", "composite", {"compositeRequest": [sub(LEAD, body=new)] * MANY}
        yield "POST", "composite", {"compositeRequest": [sub(LEAD, body=new)] * 2}  # one name for two
        yield "POST", "composite/batch", {"batchRequests": [sub(LEAD, richInput=new)] * MANY}
        graph = {"graphId": "g", "compositeRequest": [sub(LEAD, body=new)]}
        yield "POST", "composite/graph", {"graphs": [graph] * MANY}
        yield "POST", "composite/graph", {"graphs": [graph] * 2}
        yield "POST", "composite/tree/Lead", {"records": [new] * MANY}
        yield "POST", "composite/tree/Lead", {"records": [new] * 2}
        yield "POST", "composite/tree/Lead", {"records": [nested]}
        yield "POST", "composite/sobjects", {"records": [new] * MANY}
        yield "POST", "composite/sobjects/Lead", {"ids": ids, "fields": ["Id"]}
        yield "GET", f"composite/sobjects/Lead?ids={','.join(ids[:900])}&fields={'x,' * 900}", None
        yield "GET", f"ui-api/records/batch/{','.join(ids[:MANY])}?layoutTypes=Full", None
        yield "DELETE", f"composite/sobjects?ids={','.join(ids[:MANY])}", None
        yield "POST", "actions/custom/flow/Accept_Lead", {"inputs": [{"recordId": ids[0]}] * MANY}

    all_refused(partner, requests())


REFERENCES = [
    "@{first.id.id}",
    "@{first.__class__}",
    "@{__proto__.constructor}",
    "@{first[999999999999999999999]}",
    "@{first[-1]}",
    "@{@{first.id}.id}",
    "@{nobody.id}",
    "@{" * 5000,
    "@{first.id}" * 20_000,
    "@{first.success.x.y.z}",
    "@{first.errors[0].message}",
]


def test_references_lead_nowhere_else(partner: httpx.Client) -> None:
    def requests() -> Iterator[tuple[str, str, Any]]:
        for each in REFERENCES:
            first = {**sub(f"{ROOT}/sobjects/User/describe", "GET"), "referenceId": "first"}
            for second in (
                sub(f"{LEAD}/{each}"[:90_000], "PATCH", {"LastName": "x"}),
                sub(LEAD, body={"LastName": each, "Email": "reference@body.example", "Nothing__c": each}),
                sub(f"{ROOT}/query?q=SELECT Id FROM Lead WHERE Id = '{each}' x"[:90_000], "GET"),  # noqa: S608  an attack
            ):
                yield "POST", "composite", {"allOrNone": True, "compositeRequest": [first, second]}

    all_refused(partner, requests())


# Trees, collections, actions, user interfaces


def _records() -> Iterator[tuple[str, str, Any]]:
    for name in NAMES:
        record = {"attributes": {"type": "Lead", "referenceId": "a"}, "LastName": "Body", name: "x"}
        yield "POST", "composite/tree/Lead", {"records": [record]}
        yield "POST", "composite/sobjects", {"allOrNone": True, "records": [record]}
        yield "POST", "ui-api/records", {"apiName": "Lead", "fields": {"LastName": "Body", name: "x"}}
        yield "POST", "quickActions/NewLead", {"record": {"LastName": "Body", name: "x"}}
        typed = {"attributes": {"type": name, "referenceId": "a"}, "LastName": "Body"}
        yield "POST", "composite/tree/Lead", {"records": [typed]}
        yield "POST", "composite/sobjects", {"records": [typed]}
        yield "POST", "ui-api/records", {"apiName": name, "fields": {"LastName": "Body"}}
        yield "POST", "composite/sobjects/Lead", {"ids": ["00Q000000000001AAA"], "fields": [name]}
        child = {
            **record,
            "LastName": "Body",
            name: {"records": [{**record, "attributes": {"type": "Task", "referenceId": "b"}}]},
        }
        yield "POST", "composite/tree/Lead", {"records": [child]}
        yield "POST", "actions/custom/flow/Accept_Lead", {"inputs": [{"recordId": name}]}
        yield "POST", "sobjects/Lead/quickActions/NewTask", {"contextId": name, "record": {"Name": "Body"}}
        yield "POST", "process/approvals", {"requests": [{"actionType": name, "contextId": name}]}
        yield "POST", "chassis/exports", {"query": f"SELECT {name} FROM Lead", "format": "csv"}  # noqa: S608  an attack
        yield "POST", "chassis/exports", {"query": "SELECT Id FROM Lead", "format": name}
        yield "POST", "jobs/query", {"operation": "query", "query": f"SELECT Id FROM Lead WHERE {name} = 'x' x"}  # noqa: S608  an attack


def test_names_in_records_come_from_the_definitions_only(partner: httpx.Client) -> None:
    all_refused(partner, _records())


@pytest.mark.parametrize("name", NAMES)
def test_names_in_addresses_come_from_the_definitions_only(partner: httpx.Client, loot: Loot, name: str) -> None:
    lead = loot["lead"]
    asked: list[tuple[str, dict[str, str]]] = [
        (f"ui-api/records/{lead}", {"fields": f"Lead.{name}"}),
        (f"ui-api/records/{lead}", {"layoutTypes": name}),
        (f"ui-api/records/batch/{lead}", {"fields": f"Lead.{name}"}),
        ("ui-api/layout/Lead", {"recordTypeId": name}),
        ("chassis/events", {"objects": name}),
        ("sobjects/Lead/updated", {"start": name, "end": name}),
        ("search", {"q": f"FIND {{x}} RETURNING Lead({name} x)"}),
        (f"sobjects/Lead/{lead}", {"fields": name}),
    ]
    found = [refused(partner.get(f"{ROOT}/{path}", params=parameters)) for path, parameters in asked]
    counted = partner.get(f"{ROOT}/limits/recordCount", params={"sObjects": name})
    assert [each for each in found if each] == []
    assert counted.json() == {"sObjects": []}


@pytest.mark.parametrize(
    "replay_id",
    ["-3", "9" * 4000, "1; DROP TABLE x", "' OR 1=1 --", "\x00", "1e9", "\u0663", "-", "null", "../x", "{}"],
)
def test_a_replay_id_is_one_that_was_given(partner: httpx.Client, replay_id: str) -> None:
    for path in ("chassis/events", "chassis/events/stream"):
        assert refused(partner.get(f"{ROOT}/{path}", params={"after": replay_id})) is None
    if replay_id.isprintable() and replay_id.isascii():
        assert refused(partner.get(f"{ROOT}/chassis/events", headers={"Last-Event-ID": replay_id})) is None


def test_locators_and_ids_of_jobs_are_those_that_were_given(partner: httpx.Client, loot: Loot) -> None:
    job = loot["query job"]
    for each in ("MTAw", "' OR 1=1", "\x00", "..", "A" * 5000, "null", "\u00fc"):
        for path in (f"jobs/query/{job}/results", f"jobs/query/{job}/resultPages"):
            assert refused(partner.get(f"{ROOT}/{path}", params={"locator": each})) is None
        for path in ("jobs/ingest", "jobs/query"):
            assert partner.get(f"{ROOT}/{path}", params={"queryLocator": each}).status_code < 500


# Webhooks


@pytest.mark.parametrize(
    "change",
    [
        {"url": "file:///etc/passwd"},
        {"url": "gopher://127.0.0.1:5432/_x"},
        {"url": "https://user:password@hook.example/"},
        {"url": "https://hook.example/\r\nX-Injected: 1"},
        {"url": "javascript:alert(1)"},
        {"url": "https://"},
        {"url": "https://hook.example/" + "x" * 20_000},
        {"url": ["https://hook.example/"]},
        {"objects": [{"object": "Lead'; --"}]},
        {"objects": [{"object": "Lead", "fields": ["tenant_id"]}]},
        {"objects": [{"object": "Lead", "fields": ["Owner.password_hash"]}]},
        {"objects": [{"object": "Lead", "criteria": "pg_sleep(9) = null"}]},
        {"objects": [{"object": "Lead", "criteria": "'x'); DROP TABLE data.lead; --"}]},
        {"objects": [{"object": "Lead", "events": ["CREATE'; --"]}]},
        {"objects": [{"object": "Lead", "__proto__": {}}]},
        {"objects": [{"object": "Lead"}] * 2000},
        {"objects": {}},
        {"label": ["x"]},
        {"label": "x" * 5000},
        {"batch_size": -1},
        {"batch_size": 10**30},
        {"batch_size": "1; --"},
        {"run_as_user_id": "' OR 1=1 --"},
        {"run_as_user_id": "005000000000001AAA"},
        {"is_active": "yes"},
        {"tenant_id": 1},
        {"secret": "mine"},
    ],
)
def test_a_webhook_is_what_its_definition_allows(admin: httpx.Client, change: dict[str, Any]) -> None:
    hook = {"label": "Attack", "url": "https://hook.example/", "objects": [{"object": "Lead"}]}
    started = time.monotonic()
    assert refused(admin.post("/setup/webhooks", json=hook | change)) is None
    assert time.monotonic() - started < SLOW_SECONDS


def test_nobody_else_hears_of_anything(windows: dict[str, httpx.Client], loot: Loot) -> None:
    """What was tried above is in no answer to the neighbour, and no secret stands in a refusal."""
    told = windows["neighbour"].get(f"{ROOT}/chassis/events", params={"after": "-2"})
    assert SECRET not in told.text
    assert loot["lead"] not in told.text
