"""XML that reads files, calls out or grows without end: at the inbound door and where SAML answers come in."""

from __future__ import annotations

import base64
import http.server
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import httpx
import pytest

from attacks.loot import Loot
from serving import Site


class _Trap(http.server.BaseHTTPRequestHandler):
    visits: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Whoever comes has fetched something."""
        self.visits.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's own name
        """Nothing is printed."""


@pytest.fixture(scope="module")
def trap() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Trap)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def _documents(trap: str) -> list[str]:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return [
        '<!DOCTYPE adf [<!ENTITY x SYSTEM "file:///etc/passwd">]><adf>&x;</adf>',
        f'<!DOCTYPE adf [<!ENTITY x SYSTEM "{trap}/entity">]><adf>&x;</adf>',
        f'<!DOCTYPE adf SYSTEM "{trap}/dtd"><adf>&x;</adf>',
        f'<!DOCTYPE adf [<!ENTITY % p SYSTEM "{trap}/parameter"> %p;]><adf/>',
        f'<!DOCTYPE adf [<!ENTITY l0 "ha">{laughs}]><adf>&l9;</adf>',
        f'<!DOCTYPE adf [<!ENTITY a "{"a" * 50_000}">]><adf>{"&a;" * 50_000}</adf>',
        f'<adf xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{trap}/include" parse="text"/></adf>',
        f'<?xml-stylesheet href="{trap}/style"?><adf xsi:schemaLocation="x {trap}/schema"/>',
        "<adf>" + "<a>" * 100_000 + "</adf>",
    ]


def test_a_document_fetches_nothing_and_does_not_grow(site: Site, loot: Loot, trap: str) -> None:
    started = time.monotonic()
    for document in _documents(trap):
        for encoding in ("utf-8", "utf-16"):
            headers = {"authorization": f"Bearer {loot['key']}", "content-type": "application/xml"}
            sent = document.encode(encoding)
            answer = httpx.post(f"{site.url}/inbound/adf", content=sent, headers=headers, timeout=30)
            assert 400 <= answer.status_code < 500, answer.text
            assert "root:" not in answer.text
    assert _Trap.visits == []
    assert time.monotonic() - started < 30


def test_an_answer_of_a_saml_provider_fetches_nothing(site: Site, admin: httpx.Client, trap: str) -> None:
    from saml_provider import ENTITY, SIGN_IN, SamlProvider  # noqa: PLC0415

    document = {"name": "saml", "label": "SAML", "kind": "saml", "entity_id": ENTITY, "sign_in_url": SIGN_IN}
    made = admin.post("/setup/identity-providers", json=document | {"certificates": [SamlProvider().certificate]})
    assert made.status_code == 201, made.text
    for each in _documents(trap):
        form = {"SAMLResponse": base64.b64encode(each.encode()).decode(), "RelayState": "x"}
        answer = httpx.post(f"{site.url}/ui/sso/{site.organization_id}/saml/acs", data=form)
        assert answer.status_code < 500
        assert "root:" not in answer.text
    assert _Trap.visits == []


def test_a_mail_that_nests_without_end_is_refused(site: Site, loot: Loot) -> None:
    nested = "From: a@b.example\n" + "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(5_000)
    )
    headers = {"authorization": f"Bearer {loot['key']}", "content-type": "message/rfc822"}
    started = time.monotonic()
    answer = httpx.post(f"{site.url}/inbound/adf", content=nested, headers=headers)
    assert 400 <= answer.status_code < 500
    assert time.monotonic() - started < 10


def test_a_document_that_is_kept_comes_back_as_a_file_of_plain_text(
    site: Site, admin: httpx.Client, loot: Loot
) -> None:
    headers = {"authorization": f"Bearer {loot['key']}", "content-type": "text/html"}
    httpx.post(f"{site.url}/inbound/adf", content="<html><script>alert(1)</script>", headers=headers)
    messages = admin.get("/setup/inbound").json()["messages"]
    assert messages
    for each in messages[:3]:
        answer = admin.get(f"/setup/inbound/{each['id']}/content")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"].startswith("nosniff")
