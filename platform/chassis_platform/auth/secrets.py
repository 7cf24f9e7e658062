"""What the installation's own key seals (AES-256-GCM, bound to tenant and purpose): second factors' seeds, and tickets.

Seeds stay outside the tenant's keys, because they open the door. When a tenant's keys are destroyed, its administrators
have to come in and set new secrets; a seed that could not be opened would keep them out, or else let in who shows no
code. For the same reason nobody is kept out while a key service does not answer. A seed tells nothing of the tenant,
and goes with its user or factor.

Tickets are held by who asked and lie in no table: passkeys' challenges, places in a bulk query's results. A tenant's
other secrets are sealed by its own keys: `tenant_secrets.py`.
"""  # noqa: A005  imported by its full name

from __future__ import annotations

import base64
import binascii
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis_platform.key_files import key_of_file

KEY_FILE = "secrets_aes256.key"
#: Base64 of 32 bytes, where the installation keeps its key elsewhere than in a file.
KEY_VARIABLE = "CHASSIS_SECRETS_KEY"
KEY_BYTES, NONCE_BYTES = 32, 12
#: The first byte says how the rest is sealed, so that another way can come beside this one.
VERSION = b"\x01"


class UnreadableSecretError(Exception):
    """The secret was sealed with another key, for another tenant or purpose, or was changed."""


def seal(home: Path, tenant_id: int, purpose: str, content: bytes) -> bytes:
    """The content, readable only with the installation's key, for this tenant and this purpose."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + AESGCM(_key(home)).encrypt(nonce, content, _bound_to(tenant_id, purpose))


def open_sealed(home: Path, tenant_id: int, purpose: str, sealed: bytes) -> bytes:
    """What was sealed; raises UnreadableSecretError."""
    sealed = bytes(sealed)
    nonce, content = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != VERSION:
        raise UnreadableSecretError(purpose)
    try:
        return AESGCM(_key(home)).decrypt(nonce, content, _bound_to(tenant_id, purpose))
    except (InvalidTag, ValueError) as error:
        raise UnreadableSecretError(purpose) from error


def _bound_to(tenant_id: int, purpose: str) -> bytes:
    return f"chassis secret {tenant_id} {purpose}".encode()


def _key(home: Path) -> bytes:
    given = os.environ.get(KEY_VARIABLE)
    return _decoded(given) if given else _key_of_file(home / "keys" / KEY_FILE)


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{KEY_VARIABLE} must be the base64 of {KEY_BYTES} random bytes.")
    return key


@lru_cache(maxsize=8)
def _key_of_file(path: Path) -> bytes:
    """The key, made if there is none. Servers and workers of one installation share it."""
    return key_of_file(path, lambda: secrets.token_bytes(KEY_BYTES))
