"""Addresses that lead into our own network, however they are spelled; and names that change what they mean."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx
import pytest

from chassis_platform.outbound import Destinations, NotAllowedError, allowed_address, is_public, send
from serving import Site

ANYWHERE = Destinations("*", private=False, setting="CHASSIS_TEST_HOSTS")
OWN_NETWORK = Destinations("*", private=True, setting="CHASSIS_TEST_HOSTS")
HIDDEN = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]"]
HIDDEN += ["[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[::7f00:1]", "[fec0::1]"]
HIDDEN += ["[fe80::1]", "[fd00::1]", "[ff02::1]", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.0.1"]
HIDDEN += ["100.64.0.1", "224.0.0.1", "255.255.255.255", "[2001::1]", "localhost"]


@pytest.mark.parametrize("host", HIDDEN)
def test_no_spelling_leads_into_the_own_network(host: str) -> None:
    for url in (f"http://{host}/", f"https://user:word@{host}:8443/x"):
        with pytest.raises((NotAllowedError, OSError)):
            allowed_address(ANYWHERE, urlsplit(url))


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_open_network_is_open(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x/", "ftp://8.8.8.8/", "//8.8.8.8/", "http:///x", ""])
def test_only_the_webs_schemes_are_called(url: str) -> None:
    with pytest.raises((NotAllowedError, OSError)):
        allowed_address(ANYWHERE, urlsplit(url))


@pytest.mark.parametrize(
    "host", ["evil-allowed.example", "allowed.example.evil.example", "allowed.example@evil.example"]
)
def test_a_name_that_looks_like_an_allowed_one_is_another(host: str) -> None:
    with pytest.raises(NotAllowedError):
        allowed_address(Destinations("allowed.example", private=True, setting="X"), urlsplit(f"https://{host}/"))


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    visits: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Sends whoever comes to the cloud's own secrets."""
        self.visits.append(self.path)
        self.send_response(302)
        self.send_header("location", "/latest/meta-data")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's own name
        """Nothing is printed."""


@pytest.fixture
def elsewhere() -> Iterator[int]:
    _Elsewhere.visits.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_redirect_is_not_followed(elsewhere: int) -> None:
    assert send(OWN_NETWORK, "GET", f"http://127.0.0.1:{elsewhere}/").status == 302
    assert _Elsewhere.visits == ["/"]


def test_a_name_is_asked_for_once_and_the_answer_is_where_the_call_goes(
    elsewhere: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    ask = socket.getaddrinfo

    def changing(host: Any, *more: Any, **named: Any) -> Any:
        """A resolver that says one thing first and another then."""
        if host == "rebound.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return ask(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    assert send(OWN_NETWORK, "GET", f"http://rebound.example:{elsewhere}/").status == 302
    assert asked == ["rebound.example"]


def test_a_provider_in_the_own_network_is_not_asked(site: Site, admin: httpx.Client, elsewhere: int) -> None:
    issuer = f"http://127.0.0.1:{elsewhere}"
    document = {"name": "inside", "label": "Inside", "kind": "oidc", "issuer": issuer, "client_id": "x"}
    admin.post("/setup/identity-providers", json=document | {"client_secret": "y" * 32})
    answer = httpx.get(f"{site.url}/ui/sso/{site.organization_id}/inside/start")
    assert answer.status_code < 500
    assert _Elsewhere.visits == []
