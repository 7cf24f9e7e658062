"""Calls to other systems: to hosts that the operator allows only, never into the own network, to a checked address."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from urllib.parse import SplitResult, urlsplit

#: How long nothing may happen, and how long all of it may take.
TIMEOUT_SECONDS, LONGEST_SECONDS = 15.0, 60.0
LARGEST_ANSWER = 1024 * 1024
#: Networks without IPv4 reach it by these addresses: the last 32 bits are the address that is meant.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class NotAllowedError(Exception):
    """The address must not be called."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where calls of one kind may go: host patterns separated by commas, and the setting that holds them."""

    hosts: str
    private: bool
    setting: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, cut off at a million bytes."""

    status: int
    body: bytes


def allowed_address(destinations: Destinations, parts: SplitResult) -> str:
    """The address to connect to. Raises NotAllowedError where scheme, host or address is none to call."""
    demand_allowed(destinations, parts)
    host = (parts.hostname or "").lower()
    addresses = [str(each[4][0]) for each in socket.getaddrinfo(host, port_of(parts), type=socket.SOCK_STREAM)]
    for each in addresses:
        if not destinations.private and not is_public(each):
            raise NotAllowedError(f"{host} leads into a private network.")
    return addresses[0]


def demand_allowed(destinations: Destinations, parts: SplitResult) -> None:
    """Raise NotAllowedError where that can be told without asking what the host's name means at the moment."""
    host = (parts.hostname or "").lower()
    allowed = [each.strip().lower() for each in destinations.hosts.split(",") if each.strip()]
    if parts.scheme not in ("https", "http"):
        raise NotAllowedError(f"{parts.scheme!r} is no scheme to call: https, or http.")
    if not any(fnmatchcase(host, each) for each in allowed):
        raise NotAllowedError(f"{host} is not among the hosts that may be called ({destinations.setting}).")
    if not destinations.private and _names_itself_private(host):
        raise NotAllowedError(f"{host} leads into a private network.")


def _names_itself_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:  # a name
        return False


def is_public(address: str) -> bool:
    """Whether an address lies in the open network, also what it means where it carries another one inside."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.is_site_local or found.sixtofour is not None or found.teredo is not None:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


@cache
def tls_context() -> ssl.SSLContext:
    """Which authorities are trusted; read once a process, for that takes as long as many calls do."""
    return ssl.create_default_context()


def port_of(parts: SplitResult) -> int:
    """The port of an address, or its scheme's."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def send(
    destinations: Destinations,
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Call the address that was checked, not what its name means a moment later. Redirects are not followed."""
    parts = urlsplit(url)
    address = allowed_address(destinations, parts)
    connection = http.client.HTTPConnection(str(parts.hostname), port_of(parts), timeout=TIMEOUT_SECONDS)
    plain = connection.sock = socket.create_connection((address, port_of(parts)), TIMEOUT_SECONDS)
    same = plain.dup()  # TLS takes the other one over
    hanging_up = threading.Timer(LONGEST_SECONDS, _hang_up, [same])
    hanging_up.daemon = True
    hanging_up.start()
    try:
        if parts.scheme == "https":
            connection.sock = tls_context().wrap_socket(plain, server_hostname=parts.hostname)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, dict(headers or {}))
        response = connection.getresponse()
        answer = Answer(response.status, response.read(LARGEST_ANSWER))
        if hanging_up.finished.is_set():  # what was read until then is not all
            raise TimeoutError(f"{parts.hostname} took longer than {LONGEST_SECONDS:.0f} seconds")
        return answer
    finally:
        hanging_up.cancel()
        same.close()
        connection.close()


def _hang_up(connection: socket.socket) -> None:
    """Whoever sends a byte now and then is never late with the next, and never done."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
