"""The installation's signing key, made at first use, and the public keys that a verifier believes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chassis_platform.key_files import key_of_file, write_once

KEY_FILE = "audit_ed25519.pem"
PUBLIC_PATTERN = "audit_*.pub.pem"
_KEY_ID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs seals."""

    key_id: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature."""
        return self.private.sign(message)


def key_id_of(public: Ed25519PublicKey) -> str:
    """The key's name: half of its SHA-256, in hexadecimal."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:_KEY_ID_LENGTH]


def public_pem(public: Ed25519PublicKey) -> str:
    """What an auditor is given, once, on another road than the proofs."""
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def is_signed(public: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature is this key's."""
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def load_signer(home: Path) -> Signer:
    """The key in `home`/keys, made if there is none. Several workers must share it, or verifiers know each one's."""
    folder = home / "keys"
    path = folder / KEY_FILE
    pem = key_of_file(path, lambda: _private_pem(Ed25519PrivateKey.generate()))
    private = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError(f"{path} holds no Ed25519 key. Put the installation's own back.")
    signer = Signer(key_id_of(private.public_key()), private)
    _publish(folder, private.public_key())
    return signer


def _private_pem(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _publish(folder: Path, public: Ed25519PublicKey) -> None:
    path = folder / f"audit_{key_id_of(public)}.pub.pem"
    if not path.exists():
        write_once(path, public_pem(public).encode())


def trusted_keys(home: Path) -> Mapping[str, Ed25519PublicKey]:
    """Every public key in `home`/keys by its id: today's, and those that signed before it."""
    keys = (
        serialization.load_pem_public_key(path.read_bytes()) for path in sorted((home / "keys").glob(PUBLIC_PATTERN))
    )
    return {key_id_of(key): key for key in keys if isinstance(key, Ed25519PublicKey)}
