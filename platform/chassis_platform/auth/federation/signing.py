"""The installation's key for identity tokens, made at first use, and the tokens themselves (OpenID Connect Core)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from chassis_platform import clock
from chassis_platform.key_files import key_of_file

KEY_FILE = "oauth_rs256.pem"
ALGORITHM = "RS256"
LIFETIME = timedelta(hours=1)


class Digest(Protocol):
    """What hashlib's functions make."""

    def digest(self) -> bytes:
        """The bytes."""


@dataclass(frozen=True, slots=True)
class IdentitySigner:
    """Who signs identity tokens."""

    key_id: str
    private: RSAPrivateKey

    def key_document(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": ALGORITHM,
            "kid": self.key_id,
            "n": _base64url(numbers.n),
            "e": _base64url(numbers.e),
        }

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A signed token."""
        return jwt.encode(dict(claims), self.private, ALGORITHM, {"kid": self.key_id})


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@lru_cache(maxsize=4)
def load_identity_signer(home: Path) -> IdentitySigner:
    """The key in `home`/keys. Several servers must share it."""
    path = home / "keys" / KEY_FILE
    private = serialization.load_pem_private_key(key_of_file(path, _new_pem), password=None)
    if not isinstance(private, RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key. Put the installation's own back.")
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return IdentitySigner(hashlib.sha256(public).hexdigest()[:32], private)


def _new_pem() -> bytes:
    return generate_private_key(65537, 3072).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def half_hash(text: str, algorithm: Callable[[bytes], Digest] = hashlib.sha256) -> str:
    """`at_hash`: the left half of a token's digest."""
    digest = algorithm(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an identity token is about, for which app, and since when they are known."""

    issuer: str
    subject: str
    audience: str
    authenticated_at: datetime
    nonce: str | None = None


def identity_token(signer: IdentitySigner, subject: Subject, access_token: str, more: Mapping[str, Any]) -> str:
    """The identity token that goes with an access token."""
    now = clock.now()
    claims = {
        **more,
        "iss": subject.issuer,
        "sub": subject.subject,
        "aud": subject.audience,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "auth_time": int(subject.authenticated_at.timestamp()),
        "at_hash": half_hash(access_token),
    }
    return signer.sign(claims | ({"nonce": subject.nonce} if subject.nonce else {}))
