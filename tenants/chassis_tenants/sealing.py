"""A tenant's keys and what they do: values sealed and opened, bound to their place, and hashes to find them by."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis_metadata.errors import Unavailable

KEY_BYTES, NONCE_BYTES = 32, 12
#: Of a HMAC-SHA-256, enough that no two values of a tenant ever meet.
FOUND_BYTES = 16
#: The first part of a stored value says how the rest is sealed, so that another way can come beside this one.
FORMAT = "1"
#: What a sealed value looks like in SQL; a text in clear that does, and was sealed by nobody, can't be opened.
SEALED_FORM = r"^1[.][0-9]+[.][A-Za-z0-9_-]*[.][A-Za-z0-9_-]{38,}$"
#: What a value in clear begins with where it may lie beside sealed ones; its bytes follow in hexadecimal digits.
IN_CLEAR = "="
#: In a stored value: the format, the data key's version, by what it is found (or nothing), and nonce with ciphertext.
VERSION_PART, FOUND_PART = 2, 3
#: What a sealed document begins with; no document of a format that anybody sends does.
DOCUMENT, VERSION_BYTES = b"\x00chassis sealed 1\x00", 4


class UnknownVersionError(Exception):
    """A value was sealed with a data key that was made after the keys were read."""


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """A tenant's keys in clear, as of one version of its registry entry. None: that key was destroyed.

    `just_read`: a data key that is not among them does not exist.
    """

    tenant_id: int
    version: int
    data: Mapping[int, bytes | None]
    index: Mapping[int, bytes | None]
    just_read: bool = False

    @property
    def current(self) -> int | None:
        """The version of the data key that new values are sealed with; None: there is none yet."""
        return max((number for number, key in self.data.items() if key is not None), default=None)

    @property
    def index_key(self) -> bytes | None:
        """By what values are found."""
        living = [number for number, key in self.index.items() if key is not None]
        return self.index[max(living)] if living else None

    def sealed(self, place: str, record_id: str, text: str, form: str | None) -> str:
        """A value as it is stored. `form` is what it is compared by; None: it is not to be found."""
        version = self.current
        key = None if version is None else self.data[version]
        if key is None:
            raise ValueError("no data key")
        nonce = secrets.token_bytes(NONCE_BYTES)
        found = "" if form is None else self.found(place, form)
        content = nonce + AESGCM(key).encrypt(nonce, text.encode(), self._bound_to(place, record_id))
        return f"{FORMAT}.{version}.{found}.{text_of(content)}"

    def opened(self, place: str, record_id: str, stored: str) -> str | None:
        """The value that was sealed; None where its key was destroyed. Raises Unavailable where it is no such value."""
        parts = stored.split(".")
        if len(parts) != FOUND_PART + 1 or parts[0] != FORMAT or not parts[1].isdigit():
            raise _unreadable(place, record_id)
        version = int(parts[1])
        if version not in self.data:
            raise UnknownVersionError(version)
        key = self.data[version]
        if key is None:
            return None
        try:
            content = bytes_of(parts[-1])
            bound = self._bound_to(place, record_id)
            return AESGCM(key).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], bound).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise _unreadable(place, record_id) from error

    def opened_either(self, place: str, record_id: str, stored: str) -> str | None:
        """The value of a field that holds both kinds: sealed here, or stored in clear, whatever it looks like."""
        if stored.startswith(IN_CLEAR):
            return bytes.fromhex(stored[len(IN_CLEAR) :]).decode()
        try:
            return self.opened(place, record_id, stored)
        except UnknownVersionError:
            if self.just_read:
                return stored
            raise
        except Unavailable:
            return stored

    def sealed_bytes(self, place: str, record_id: str, content: bytes) -> bytes:
        """A document as it is stored."""
        version = self.current
        key = None if version is None else self.data[version]
        if version is None or key is None:
            raise ValueError("no data key")
        nonce = secrets.token_bytes(NONCE_BYTES)
        head = DOCUMENT + version.to_bytes(VERSION_BYTES) + nonce
        return head + AESGCM(key).encrypt(nonce, content, self._bound_to(place, record_id))

    def opened_bytes(self, place: str, record_id: str, stored: bytes) -> bytes:
        """The document that was sealed, or one that never was; nothing where its key was destroyed."""
        if not stored.startswith(DOCUMENT):
            return stored
        rest = stored[len(DOCUMENT) :]
        version, nonce = int.from_bytes(rest[:VERSION_BYTES]), rest[VERSION_BYTES : VERSION_BYTES + NONCE_BYTES]
        if version not in self.data:
            raise UnknownVersionError(version)
        key = self.data[version]
        if key is None:
            return b""
        try:
            return AESGCM(key).decrypt(nonce, rest[VERSION_BYTES + NONCE_BYTES :], self._bound_to(place, record_id))
        except (InvalidTag, ValueError) as error:
            raise _unreadable(place, record_id) from error

    def found(self, place: str, form: str) -> str:
        """What a value is found by: a keyed hash, of one field of one tenant. Nothing where there is no key yet."""
        key = self.index_key
        if key is None:
            return "none"
        mine = hmac.digest(key, f"chassis index {self.tenant_id} {place}".encode(), hashlib.sha256)
        return text_of(hmac.digest(mine, form.encode(), hashlib.sha256)[:FOUND_BYTES])

    def _bound_to(self, place: str, record_id: str) -> bytes:
        return f"chassis field {self.tenant_id} {place} {record_id}".encode()


def _unreadable(place: str, record_id: str) -> Unavailable:
    message = (
        f"The encrypted value of {place} in record {record_id} can't be opened: it was changed in the database, or "
        "comes from another record. Restore it from a backup."
    )
    return Unavailable.of("unreadable_value", message, fields=[place.rpartition(".")[2]])


def text_of(content: bytes) -> str:
    """Bytes as a text without signs that mean something in a mark."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """The bytes of such a text."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
