"""Where a tenant's journal is sent: a syslog server (RFC 5424 over TCP or TLS), storage that speaks S3's PUT.

Each takes a batch of lines or raises; what was not taken is sent again, so a receiver may see a line twice.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from chassis_platform.audit.stream import SealedEntry
from chassis_platform.outbound import TIMEOUT_SECONDS, Destinations, allowed_address, port_of, send, tls_context

#: Facility "log audit" (13), severity "informational" (6).
_PRIORITY = 13 * 8 + 6
_FIRST_ERROR = 300
_CLOSING_SECONDS = 2.0
_ALGORITHM = "AWS4-HMAC-SHA256"


class SinkError(Exception):
    """The receiver did not take a batch."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose journal it is, and where its data have to stay; the receiver reads both."""

    organization_id: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A place to send to: `url` is syslog://host:port, syslogs://host:port (TLS), or https://host/bucket/prefix."""

    url: str
    region: str = "us-east-1"
    access_key: str = ""


def deliver(
    destinations: Destinations, target: Target, secret: str, entries: Sequence[SealedEntry], origin: Origin
) -> None:
    """Send a batch; blocks. Raises where it was not taken."""
    if urlsplit(target.url).scheme in ("syslog", "syslogs"):
        _to_syslog(destinations, target, entries, origin)
    else:
        _to_storage(destinations, target, secret, entries, origin)


def _to_syslog(destinations: Destinations, target: Target, entries: Sequence[SealedEntry], origin: Origin) -> None:
    parts = urlsplit(target.url)
    secure = parts.scheme == "syslogs"
    checked = urlsplit(f"{'https' if secure else 'http'}://{parts.hostname}:{parts.port or (6514 if secure else 601)}")
    address = allowed_address(destinations, checked)
    with socket.create_connection((address, port_of(checked)), TIMEOUT_SECONDS) as plain:
        connection = tls_context().wrap_socket(plain, server_hostname=parts.hostname) if secure else plain
        connection.sendall(b"".join(_framed(syslog_message(each, origin)) for each in entries))
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_CLOSING_SECONDS)
        with suppress(TimeoutError):  # a receiver that closes its side has read all; some never do
            connection.recv(1)


def _framed(message: bytes) -> bytes:
    """Octet counting (RFC 6587): a line break in a message ends nothing."""
    return str(len(message)).encode() + b" " + message


def syslog_message(entry: SealedEntry, origin: Origin) -> bytes:
    """RFC 5424: when it was made, the region as PROCID, which journal it is of, the entry as JSON, in UTF-8."""
    made = json.loads(entry.line)["entry"].get("created_date", "-")
    head = f"<{_PRIORITY}>1 {made} {origin.organization_id} chassis {origin.region or '-'} {entry.source} - "
    return head.encode() + b"\xef\xbb\xbf" + entry.line.rstrip(b"\n")


def _to_storage(
    destinations: Destinations, target: Target, secret: str, entries: Sequence[SealedEntry], origin: Origin
) -> None:
    """One object a batch. Its name says where it begins and ends, so that a batch sent twice is stored once."""
    first, last = entries[0].place, entries[-1].place
    folder = f"{origin.region}/{origin.organization_id}" if origin.region else origin.organization_id
    name = f"{folder}/{first.sequence:012}-{first.position:09}_{last.sequence:012}-{last.position:09}.jsonl.gz"
    url = f"{target.url.rstrip('/')}/{name}"
    body = gzip.compress(b"".join(each.line for each in entries), mtime=0)
    headers = signed_headers(target, secret, "PUT", url, body, datetime.now(UTC))
    answer = send(destinations, "PUT", url, body, headers)
    if answer.status >= _FIRST_ERROR:
        raise SinkError(f"{urlsplit(url).hostname} answered {answer.status}: {answer.body[:200]!r}")


def signed_headers(
    target: Target, secret: str, method: str, url: str, body: bytes, moment: datetime
) -> Mapping[str, str]:
    """The headers of AWS signature version 4, which S3 and what speaks like it ask for."""
    parts = urlsplit(url)
    stamp, digest = moment.strftime("%Y%m%dT%H%M%SZ"), hashlib.sha256(body).hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    asked = f"{method}\n{quote(parts.path)}\n{parts.query}\n{lines}\n{names}\n{digest}"
    scope = f"{stamp[:8]}/{target.region}/s3/aws4_request"
    signing = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (stamp[:8], target.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, signing.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={target.access_key}/{scope}"
    return {**headers, "authorization": f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"}
