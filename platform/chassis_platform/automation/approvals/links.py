"""Links that decide without signing in: signed with the installation's key, for one user and one request, for a while.

A link works once: deciding takes the request away, and what comes later, also by going back, is another request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chassis_metadata.errors import NotFound
from chassis_metadata.ids import is_id
from chassis_platform.key_files import key_of_file

KEY_FILE = "approval_links.key"
VALID_FOR = timedelta(days=7)
_PURPOSE = b"chassis approval link"
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says: whose it is and what it decides."""

    organization_id: str
    workitem_id: str
    user_id: str
    expires: datetime


def load_key(home: Path) -> bytes:
    """The key in `home`/keys, made if there is none. Servers and workers of one installation share it."""
    return key_of_file(home / "keys" / KEY_FILE, lambda: secrets.token_bytes(32))


def make_link(key: bytes, link: Link) -> str:
    """The token of a link; it can stand in an address."""
    said = f"{link.organization_id}.{link.workitem_id}.{link.user_id}.{int(link.expires.timestamp())}"
    return f"{said}.{_signature(key, said)}"


def read_link(key: bytes, token: str, now: datetime) -> Link:
    """What a token says; the same NotFound for one that was made up and one that ran out."""
    said, _, signature = token.rpartition(".")
    parts = said.split(".")
    is_ours = len(parts) == _PARTS and hmac.compare_digest(_signature(key, said).encode(), signature.encode())
    if not is_ours or not all(map(is_id, parts[:3])) or not parts[3].isdigit():
        raise _unknown()
    link = Link(parts[0], parts[1], parts[2], datetime.fromtimestamp(int(parts[3]), UTC))
    if link.expires <= now:
        raise _unknown()
    return link


def _unknown() -> NotFound:
    return NotFound.of("not_found", "This link is not valid, or not any more. Sign in to see what waits for you.")


def _signature(key: bytes, said: str) -> str:
    digest = hmac.new(key, _PURPOSE + b"\0" + said.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
