"""Requests as no browser sends them: verbs, sizes, depths, paths, packed bodies; and the headers of every answer."""

from __future__ import annotations

import gzip
import socket
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from attacks.loot import Loot, done, new_lead
from chassis_platform.automation.mail import Letter, letter_of
from chassis_platform.settings import Settings
from serving import Site

PRIVATE = ("/ui/bootstrap", "/services/data/v66.0/sobjects", "/setup/users", "/audit/head", "/ui/recycle-bin", "/nope")
STRICT = {"x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "same-origin"}


@pytest.mark.parametrize("path", PRIVATE)
def test_private_answers_are_kept_nowhere(admin: httpx.Client, site: Site, path: str) -> None:
    for answer in (admin.get(path), httpx.get(site.url + path)):
        if answer.headers["content-type"].startswith("application/json"):
            assert "no-store" in answer.headers["cache-control"], path
        assert STRICT.items() <= dict(answer.headers).items()
        assert "server" not in answer.headers


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK", "OPTIONS", "PROPFIND", "get"])
def test_unknown_verbs_do_nothing(site: Site, method: str) -> None:
    answer = _raw(
        site, f"{method} /ui/bootstrap HTTP/1.1\r\nhost: x\r\nx-secret: echo\r\nconnection: close\r\n\r\n".encode()
    )
    assert answer[:12] in (b"HTTP/1.1 405", b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 401")
    assert b"x-secret" not in answer


def test_a_method_is_not_overridden_by_a_header(consultant: httpx.Client) -> None:
    lead = new_lead(consultant, "Override")
    for name in ("x-http-method-override", "x-http-method", "x-method-override"):
        consultant.get(f"/ui/records/{lead}", headers={name: "DELETE"}, params={"_method": "DELETE"})
    assert consultant.get(f"/ui/records/{lead}").status_code == 200


def _raw(site: Site, sent: bytes) -> bytes:
    host, port = site.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /ui/session HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /ui/session HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcde",
        (
            b"POST /ui/session HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
            b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
        ),
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(site: Site, sent: bytes) -> None:
    try:
        answer = _raw(site, sent)
    except (ConnectionError, TimeoutError):
        return
    assert answer[:10] in (b"HTTP/1.1 4", b"") or answer.startswith(b"HTTP/1.1 505"), answer[:200]


HEAD = b"GET /ui/bootstrap HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"x-long: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (HEAD + b"x: y\r\n" * 200 + b"\r\n", 431),
        (HEAD + b"cookie: " + b"a=b; " * 10_000 + b"\r\n\r\n", 431),
        (HEAD + b"x-endless: " + b"a" * 130_000, 431),
        (b"GET /" + b"a" * 80_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
        (HEAD + b"x-long: " + b"a" * 20_000 + b"\r\nconnection: close\r\n\r\n", 401),
        (HEAD + b"\r\n" + HEAD + b"x: y\r\n" * 200 + b"\r\n", 431),
    ],
)
def test_the_head_of_a_request_has_its_limits(site: Site, sent: bytes, status: int) -> None:
    answers = _raw(site, sent)
    last = answers[answers.rindex(b"HTTP/1.1 ") :]
    assert last.startswith(b"HTTP/1.1 %d" % status), answers[:200]
    assert status == 401 or (b"connection: close" in last and b" bytes" in last)


def test_a_body_is_as_large_and_as_deep_as_it_may_be(admin: httpx.Client) -> None:
    path = "/ui/objects/Lead/records"
    assert admin.post(path, content=b"[" * 1_000_000).status_code == 400
    deep = b'{"values":' * 100_000 + b"1" + b"}" * 100_000
    assert admin.post(path, content=deep).status_code == 400
    assert admin.post(path, content=b" " * (17 * 1024 * 1024)).status_code == 413
    endless = (b" " * 1_000_000 for _ in range(18))
    assert admin.post(path, content=endless).status_code == 413


def test_a_packed_body_is_not_unpacked_beyond_what_a_body_may_be(admin: httpx.Client, site: Site, loot: Loot) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    started = time.monotonic()
    for encoding, status in (("gzip", 413), ("deflate", 415), ("br", 415), ("zstd", 400)):
        headers = {"content-encoding": encoding, "content-type": "application/json"}
        assert admin.post("/ui/objects/Lead/records", content=bomb, headers=headers).status_code == status
    headers = {"content-encoding": "gzip", "authorization": f"Bearer {loot['key']}"}
    assert httpx.post(f"{site.url}/inbound/adf", content=bomb, headers=headers).status_code == 413
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/%2e%2e/pyproject.toml",
        "/..%5c..%5cetc%5cpasswd",
        "//etc/passwd",
        "/assets/%00/etc/passwd",
        "/index.html/../../pyproject.toml",
    ],
)
def test_no_path_leads_out_of_the_web_application(site: Site, path: str) -> None:
    answer = _raw(site, f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert b"root:" not in answer
    assert b"[project]" not in answer
    assert b"[tool." not in answer


@pytest.mark.parametrize("name", ["..", "..%2f..%2fplatform", "%2fetc%2fpasswd", "platform%00", "crm;x", "crm' --"])
def test_a_packages_name_is_no_path(admin: httpx.Client, name: str) -> None:
    answer = admin.post(f"/setup/packages/{name}/install", json={})
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_an_exported_cell_is_no_formula(admin: httpx.Client, sign: str) -> None:
    text = f'{sign}HYPERLINK("https://evil.example")'
    lead = done(
        admin.post(
            "/services/data/v66.0/sobjects/Lead",
            json={"LastName": "Formula", "Description": text, "Email": f"formula{ord(sign)}@customer.example"},
        )
    )["id"]
    filters = [{"field": "Id", "operator": "=", "value": lead}]
    asked = {"columns": ["Description"], "filters": filters, "order_by": [], "owner": "everyone", "limit": 5}
    answer = admin.post("/ui/objects/Lead/export", json=asked)
    assert answer.status_code == 200, answer.text
    cell = answer.text.splitlines()[-1].strip('"')
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))


@pytest.mark.parametrize("part", ["to", "subject", "sender", "reply_to"])
def test_no_text_becomes_a_header_of_a_mail(part: str) -> None:
    context: Any = SimpleNamespace(tenant=SimpleNamespace(organization_id="00D000000000001AAA"))
    hostile = "a@b.example\r\nBcc: c@evil.example"
    parts = {"to": "a@customer.example", "subject": "Hello", "text": "Hello", part: hostile}
    try:
        message = letter_of(Settings(), context, Letter("02s", **parts))
    except ValueError:
        return
    assert message["Bcc"] is None
    assert b"\nBcc:" not in message.as_bytes()
