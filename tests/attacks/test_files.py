"""Hostile files: headers and cells of bulk jobs and imports, mappings of columns, paths of inbound mappings."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from attacks.loot import Loot, done
from attacks.test_partner_bodies import INSIDE, NAMES, refused
from attacks.untouched import untouched
from chassis_platform.app import make_server
from chassis_platform.bulk.ingest import LANES
from chassis_platform.bulk.processing import Desk, run_ingest
from chassis_platform.settings import Settings
from chassis_tenants.bootstrap import DatabaseUrls
from serving import Site

JOBS = "jobs/ingest"
NEW = {"object": "Lead", "operation": "insert"}
SLOW_SECONDS = 9
FORMULAS = ["=cmd|' /C calc'!A1", "+1+1", "-2+3", "@SUM(1)", '=HYPERLINK("https://evil.example")']


@pytest.fixture(scope="module")
def partner(site: Site) -> Iterator[httpx.Client]:
    with site.partner("admin") as client:
        yield client


@pytest.fixture(scope="module")
async def desk(attacked_urls: DatabaseUrls, home: Path, site: Site) -> AsyncIterator[Desk]:
    """Where a worker does what the server took."""
    assert site
    server = make_server(Settings(home=home, database_pool=2), attacked_urls.server)
    async with server.database:
        yield Desk(server.database, server.snapshots, server.policies)


def cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def closed(client: httpx.Client, content: str | bytes, **more: str) -> dict[str, Any]:
    """A job with that content, no more to come; the upload may be refused already."""
    job = done(client.post(JOBS, json=NEW | more))["id"]
    sent = content if isinstance(content, bytes) else content.encode()
    uploaded = client.put(f"{JOBS}/{job}/batches", content=sent, headers={"content-type": "text/csv"})
    assert uploaded.status_code < 500, uploaded.text
    answer = client.patch(f"{JOBS}/{job}", json={"state": "UploadComplete"})
    assert answer.status_code < 500, answer.text
    document: dict[str, Any] = client.get(f"{JOBS}/{job}").json()
    return document | {"uploaded": uploaded.status_code}


def _headers() -> Iterator[tuple[str, str | bytes]]:
    for name in NAMES:
        if name.strip() and "." not in name:
            yield f"the name {name[:40]!r}", f"LastName,{cell(name)}\nx,y\n"
    for each in FORMULAS:
        yield f"the formula {each!r}", f"LastName,{cell(each)}\nx,y\n"
    yield "a column twice", "LastName,LastName\nx,y\n"
    yield "a column twice, in other letters", "LastName,lastname\nx,y\n"
    yield "no name", "LastName,\nx,y\n"
    yield "a relation that is none", "LastName,Owner:Group.Name' --.x\nx,y\n"
    yield "a relation's relation", "LastName,Owner.Manager.Username\nx,y\n"
    yield "NUL", b"LastName,Em\x00ail\nx,y\n"
    yield "no UTF-8", b"LastName,Em\xff\xfeail\nx,y\n"
    yield "UTF-16", "LastName\nx\n".encode("utf-16")
    yield "a quote that does not end", 'LastName,"Email\nx,y\n' + "x,y\n" * 1000
    yield "1,001 columns", ",".join(f"C{n}" for n in range(1001)) + "\n"
    yield "ten megabytes in one name", "LastName" + "x" * 10_000_000 + "\nx\n"
    yield "ten megabytes of names", "LastName" + ",LastName" * 1_100_000 + "\nx\n"
    yield "ten megabytes without an end of line", "x" * 10_000_000
    yield "nothing but ends of lines", "\n" * 100_000
    yield "nothing", ""
    yield "a row with more cells", "LastName\nx,y\n"
    yield "JSON", json.dumps([{"LastName": "x"}])


def test_no_header_of_a_file_is_more_than_the_names_of_fields(
    partner: httpx.Client, attacked_urls: DatabaseUrls
) -> None:
    let_in = []
    with untouched(attacked_urls):
        for what, content in _headers():
            started = time.monotonic()
            job = closed(partner, content)
            is_refused = job["state"] == "Failed" or (job["state"] == "Open" and job["uploaded"] >= 400)
            is_refused |= job["state"] == "Open" and job["uploaded"] == 201 and not content
            if not is_refused or len(job.get("errorMessage", "")) > 5000:
                let_in.append((what, job["state"], job["uploaded"], job.get("errorMessage", "")[:200]))
            assert time.monotonic() - started < SLOW_SECONDS, what
    assert let_in == []


def test_a_packed_file_is_not_unpacked_beyond_what_a_job_may_have(partner: httpx.Client) -> None:
    job = done(partner.post(JOBS, json=NEW))["id"]
    bomb = gzip.compress(b"LastName\n" + (b"x" * 100_000 + b"\n") * 1600, 1)
    headers = {"content-type": "text/csv", "content-encoding": "gzip"}
    answer = partner.put(f"{JOBS}/{job}/batches", content=bomb, headers=headers)
    assert answer.status_code in (400, 413), answer.text
    whole = gzip.compress(b"LastName\nx\n" * 100)
    for packed in (
        b"\x1f\x8b\x08",
        b"nothing packed",
        whole[:-9],
        whole[:20],
        whole + b"more",
        whole[:12] + b"\0" * 40,
    ):
        job = done(partner.post(JOBS, json=NEW))["id"]
        assert partner.put(f"{JOBS}/{job}/batches", content=packed, headers=headers).status_code < 500
        partner.patch(f"{JOBS}/{job}", json={"state": "UploadComplete"})
        assert partner.get(f"{JOBS}/{job}").json()["state"] in ("Open", "Failed"), packed[:20]


@pytest.mark.parametrize(
    "change",
    [
        *({"object": name} for name in NAMES[:6]),
        *({"operation": each} for each in ("drop", "INSERT; --", "query", "", None)),
        *({"columnDelimiter": each} for each in (",", "COMMA'; --", "\x00", None, ["COMMA"])),
        {"lineEnding": "\n"},
        {"contentType": "XML"},
        {"operation": "upsert"},
        *({"operation": "upsert", "externalIdFieldName": each} for each in NAMES[:8]),
        *({"assignmentRuleId": each} for each in NAMES[:8]),
    ],
)
def test_a_job_is_what_it_may_be(partner: httpx.Client, change: dict[str, Any]) -> None:
    assert 400 <= partner.post(JOBS, json=NEW | change).status_code < 500
    wanted = NEW | {name: each for name, each in change.items() if name != "assignmentRuleId"}
    if wanted != NEW:
        assert 400 <= partner.post("chassis/imports", json=wanted).status_code < 500


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (b"", "x"),
        (b"--x\r\n", "x"),
        (b"--x--\r\n", "x"),
        (b'--x\r\nContent-Disposition: form-data; name="job"\r\n\r\n{}\r\n' * 500 + b"--x--", "x"),
        (b'--x\r\nContent-Disposition: form-data; name="job"; filename="../../x"\r\n\r\n[]\r\n--x--', "x"),
        (b'--x\r\nContent-Disposition: form-data; name="job"\r\nX: ' + b"y" * 100_000 + b"\r\n\r\n{}\r\n--x--", "x"),
        (b"--x\r\n" + b"\x00" * 1000, "x"),
        (b"x", ""),
        (b"x", "x" * 5000),
    ],
)
def test_a_form_that_is_none_makes_no_job(partner: httpx.Client, body: bytes, boundary: str) -> None:
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    assert refused(partner.post(JOBS, content=body, headers=headers)) is None


CELLS = [
    *FORMULAS,
    "x' OR '1'='1",
    "'; DROP TABLE data.lead; --",
    "%(tenant_id)s %s",
    "{0} ${x} #{y} <%= z %>",
    "\\N",
    "\\.",
    '"quoted"',
    "a\nb\r\nc",
    "\u202e\ufeffx",
    "<script>alert(1)</script>",
]


COLUMNS = "LastName,Email,Description,Owner.Username\n"


def row(*cells: str) -> str:
    return ",".join(cell(each) for each in cells) + "\n"


def look(client: httpx.Client, path: str, **asked: str) -> httpx.Response:
    return client.get(path, params=asked)


async def worked(desk: Desk, site: Site, client: httpx.Client, content: str, **more: str) -> dict[str, Any]:
    """A job as it is when the worker had it."""
    job = closed(client, content, **more)
    if job["state"] == "UploadComplete":
        for lane in range(LANES):
            await run_ingest(desk, site.tenant_id, {"job": job["id"], "lane": lane})
    document: dict[str, Any] = look(client, f"{JOBS}/{job['id']}").json()
    return document


async def test_cells_are_values_whatever_they_say(partner: httpx.Client, site: Site, desk: Desk) -> None:
    rows = [row(f"Cell {number}", f"cell{number}@file.example", text, "") for number, text in enumerate(CELLS)]
    foreign = row("Owner", "owner@file.example", "x", "' OR Username != '")
    job = await worked(desk, site, partner, COLUMNS + "".join(rows) + foreign)

    counted = (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"])
    assert counted == ("JobComplete", len(CELLS) + 1, 1)
    query = "SELECT LastName, Description FROM Lead WHERE Email LIKE 'cell%@file.example'"
    found = done(look(partner, "query", q=query))["records"]
    kept = {each["LastName"]: each["Description"] for each in found}
    assert kept == {f"Cell {number}": text for number, text in enumerate(CELLS)}
    assert "' OR Username != '" in look(partner, f"{JOBS}/{job['id']}/failedResults").text


@pytest.mark.parametrize("text", ["a\x00b", "x" * 131_073, "x" * 200_000])
async def test_a_cell_that_no_field_can_hold_is_refused(
    partner: httpx.Client, site: Site, desk: Desk, text: str
) -> None:
    job = await worked(desk, site, partner, COLUMNS + row("Held", "held@file.example", text, ""))
    assert job["state"] in ("Failed", "Open") or job["numberRecordsFailed"] == 1
    held = "SELECT COUNT() FROM Lead WHERE Email = 'held@file.example'"
    assert done(look(partner, "query", q=held))["totalSize"] == 0


@pytest.mark.parametrize(
    ("more", "content"),
    [
        ({}, "LastName,Owner.password_hash\nx,y\n"),
        ({}, "LastName,User:Owner.tenant_id\nx,1\n"),
        ({}, "LastName,Owner.custom\nx,{}\n"),
        ({}, "LastName,OwnerId\nx,' OR '1'='1\n"),
        ({"object": "PermissionSetAssignment"}, "AssigneeId,PermissionSetId\n{me},0PS000000000001AAA\n"),
    ],
)
async def test_no_row_reaches_what_its_sender_may_not_write(
    partner: httpx.Client, site: Site, desk: Desk, attacked_urls: DatabaseUrls, more: dict[str, str], content: str
) -> None:
    with untouched(attacked_urls):
        job = await worked(desk, site, partner, content.replace("{me}", site.users["admin"]), **more)
    assert job["state"] == "Failed" or job["numberRecordsFailed"] == 1, job
    if job["state"] != "Failed":
        assert not INSIDE.search(look(partner, f"{JOBS}/{job['id']}/failedResults").text)


# Imports


MAPPINGS: list[Any] = [
    None,
    [],
    "x",
    {"columns": []},
    {"columns": {"Name": None}},
    {"columns": {"Name": ["LastName"]}},
    {"columns": {"Name": {"field": "LastName", "values": {"x": {}}}}},
    {"columns": {"Name": {"field": "LastName", "values": "x"}}},
    {"columns": {"Name": {"field": "LastName", "__proto__": {}}}},
    {"columns": {"Name": "LastName"}, "constants": {"OwnerId": {"$ne": None}}},
    {"columns": {"Name": "LastName", "Other": "lastname"}},
    {"columns": {f"C{n}": "LastName" for n in range(1001)}},
    {"columns": {"Nothing": "LastName"}},
    {"constants": {}},
    {"columns": {"Name": "LastName"}, "__class__": "x"},
    *({"columns": {"Name": name}} for name in NAMES if "." not in name),  # of relations, rows are refused
    *({"columns": {name: "LastName"}} for name in NAMES),
    *({"columns": {"Name": "LastName"}, "constants": {name: "x"}} for name in NAMES if "." not in name),
]


def test_a_mapping_names_fields_and_columns_only(partner: httpx.Client, attacked_urls: DatabaseUrls) -> None:
    path = f"chassis/imports/{done(partner.post('chassis/imports', json=NEW))['id']}"
    answer = partner.put(f"{path}/content", content=b"Name,Other\nx,y\n", headers={"content-type": "text/csv"})
    assert answer.status_code == 200, answer.text
    let_in = []
    with untouched(attacked_urls):
        for mapping in MAPPINGS:
            kept = partner.patch(path, json={"mapping": mapping})
            begun = partner.patch(path, json={"action": "check"})
            let_in += [each for each in (kept if kept.status_code >= 400 else None, begun) if each and refused(each)]
            if begun.status_code < 400:
                let_in.append(begun)
        for action in ("__class__", "Undo", ["check"], {"check": 1}, "abort; --", ""):
            assert refused(partner.patch(path, json={"action": action})) is None
    assert [(each.status_code, each.text[:200]) for each in let_in] == []


# Paths of inbound mappings


ROOTS = {"xml": "/a", "json": "$"}
NAME = {"xml": "name", "json": "$.name", "csv": "name"}


def draft(path: str, file_format: str) -> dict[str, Any]:
    target = {"object": "Lead", "fields": {"LastName": {"path": path}}}
    return {"label": "Draft", "format": file_format, "root": ROOTS.get(file_format), "targets": [target]}


XML, JSON = "<a><name>Plain</name><secret>x</secret></a>", '{"name": "Plain", "list": [1, 2], "secret": "x"}'
XPATHS = [
    "document('file:///etc/passwd')",
    "document('https://evil.example/x')/a",
    "unparsed-text('/etc/passwd')",
    "php:function('system', 'id')",
    "re:match(name, '(a+)+$')",
    "exsl:node-set(name)",
    "str:tokenize(name)",
    "$tenant",
    "name | $x",
    "name[",
    "name' or '1'='1",
    "count(//*[count(//*[count(//*) > 0]) > 0])" * 50,
    "(" * 5000 + "name" + ")" * 5000,
    "//*" * 3000,
    "\x00",
    "x" * 200_000,
]
JSON_PATHS = [
    "$.name; DROP TABLE data.lead",
    "$[?(@.x == 'a' || 1 == 1)].y",
    "$[?search(@, '(a+)+$')]x",
    "$..[?match(@.name, '(a|a)*$')][",
    "$['",
    "$[99999999999999999999999]",
    "$[0:9999999999999999999:0]",
    "$.__class__.__mro__()",
    "$[?length(@) > ",
    "$" + "[0]" * 20_000 + "[",
    "$" + "..*" * 2000 + "[",
    "(" * 5000,
    "\x00",
]


@pytest.mark.parametrize("file_format", ["xml", "json"])
def test_a_path_of_a_mapping_looks_into_the_document_only(admin: httpx.Client, file_format: str) -> None:
    paths, document = (XPATHS, XML) if file_format == "xml" else (JSON_PATHS, JSON)
    told = []
    for path in paths:
        started = time.monotonic()
        sent = {"document": document, "definition": draft(path, file_format)}
        answer = admin.post("/setup/inbound/draft/preview", json=sent)
        if answer.status_code >= 500 or "root:" in answer.text or '"LastName":"' in answer.text.replace(" ", ""):
            told.append((path[:80], answer.status_code, answer.text[:300]))
        assert time.monotonic() - started < SLOW_SECONDS, path[:80]
    assert told == []
    good = {"document": document, "definition": draft(NAME[file_format], file_format)}
    seen = done(admin.post("/setup/inbound/draft/preview", json=good))
    assert seen["units"][0]["records"][0]["given"]["LastName"] == "Plain"


@pytest.mark.parametrize(
    "text", ["'] | //secret | a['", "$.secret", "{{secret}}", "../secret", "&#36;secret", "x' or '1'='1"]
)
def test_a_documents_text_is_no_path(admin: httpx.Client, text: str) -> None:
    for file_format, document in (
        ("json", json.dumps({"name": text, "secret": "x"})),
        ("xml", f"<a><name><![CDATA[{text}]]></name><secret>x</secret></a>"),
    ):
        sent = {"document": document, "definition": draft(NAME[file_format], file_format)}
        seen = done(admin.post("/setup/inbound/draft/preview", json=sent))
        assert seen["units"][0]["records"][0]["given"]["LastName"] == text


BOMBS = [
    '<!DOCTYPE a [<!ENTITY x "' + "x" * 10_000 + '">]><a>' + "&x;" * 10_000 + "</a>",
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><name>&x;</name></a>',
    "<a>" * 50_000 + "</a>" * 50_000,
    "[" * 100_000 + "]" * 100_000,
    '{"name": ' * 50_000 + "1" + "}" * 50_000,
    '{"name": ' + "9" * 100_000 + "}",
    '{"name": 1e999999}',
    '{"name": "\\ud800"}',
    '{"name": NaN}',
]


@pytest.mark.parametrize("file_format", ["xml", "json", "csv"])
def test_a_document_that_grows_is_refused(admin: httpx.Client, site: Site, loot: Loot, file_format: str) -> None:
    started = time.monotonic()
    for document in BOMBS:
        sent = {"document": document, "definition": draft(NAME[file_format], file_format)}
        answer = admin.post("/setup/inbound/draft/preview", json=sent)
        assert answer.status_code < 500, (document[:40], answer.text)
        assert "root:" not in answer.text
        headers = {"authorization": f"Bearer {loot['key']}", "content-type": "application/json"}
        posted = httpx.post(f"{site.url}/inbound/lead_json", content=document.encode(), headers=headers, timeout=30)
        assert 400 <= posted.status_code < 500, (document[:40], posted.text)
    assert time.monotonic() - started < 3 * SLOW_SECONDS
