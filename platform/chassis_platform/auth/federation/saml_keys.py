"""Our own keys towards a SAML provider: what it encrypts for us with, and by what it knows our messages.

They are made when they are first asked for. A new key leaves the one before good for opening, until the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.auth.federation.providers import IdentityProvider, find_secret
from chassis_platform.auth.tenant_secrets import PROVIDER, DestroyedSecretError
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

KEY_BITS, CERTIFICATE_YEARS, KEPT = 3072, 10, 2
#: Whoever was first keeps theirs.
_KEEP_FIRST = Statement(
    "UPDATE chassis.identity_provider SET sealed_secret = %(sealed)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND sealed_secret IS NOT DISTINCT FROM %(stored)s::bytea",
    sealed=True,
)
_KEEP = Statement(
    "UPDATE chassis.identity_provider SET sealed_secret = %(sealed)s, changed_at = %(now)s, changed_by = %(user_id)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
    sealed=True,
)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key, and the certificate by which providers know it."""

    key: RSAPrivateKey
    certificate: str  # PEM

    @property
    def document(self) -> dict[str, str]:
        """As it is sealed."""
        plain = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {"key": plain.decode(), "certificate": self.certificate}


def new_pair(name: str) -> KeyPair:
    """A fresh key with a certificate of its own; providers trust it because they were given it."""
    key = generate_private_key(65537, KEY_BITS)
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]), clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * CERTIFICATE_YEARS))
        .sign(key, hashes.SHA256())
    )
    return KeyPair(key, made.public_bytes(serialization.Encoding.PEM).decode())


def _sealed(provider: IdentityProvider, pairs: Sequence[KeyPair]) -> bytes:
    return PROVIDER.to_seal(provider.id, orjson.dumps([each.document for each in pairs]))


def _read(text: str) -> list[KeyPair]:
    pairs = []
    for each in orjson.loads(text or "[]"):
        # It is our own, sealed and proven unchanged: asking whether its primes are primes takes longer than using it.
        key = serialization.load_pem_private_key(each["key"].encode(), None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, RSAPrivateKey)  # noqa: S101  new_pair made it
        pairs.append(KeyPair(key, each["certificate"]))
    return pairs


async def key_pairs(database: Database, home: Path, provider: IdentityProvider) -> list[KeyPair]:
    """Our pairs, the newest first; the first one is made now where there is none, or none that opens any more."""
    secret = await find_secret(database, provider)
    with suppress(DestroyedSecretError):
        found = _read(secret.opened(home))
        if found:
            return found
    made = await asyncio.to_thread(new_pair, f"Chassis {provider.name}")
    sealed = _sealed(provider, [made])
    kept = _KEEP_FIRST.bind(tenant_id=provider.tenant_id, id=provider.id, sealed=sealed, stored=secret.stored)
    await database.read(Binding(provider.tenant_id), kept)
    return _read((await find_secret(database, provider)).opened(home))


async def renew_key(database: Database, context: Context, home: Path, provider: IdentityProvider) -> str:
    """Make a new key, to be loaded at the provider with our metadata; answers its certificate."""
    pairs = await key_pairs(database, home, provider)
    made = await asyncio.to_thread(new_pair, f"Chassis {provider.name}")
    kept = _KEEP.bind(
        tenant_id=provider.tenant_id,
        id=provider.id,
        sealed=_sealed(provider, [made, *pairs][:KEPT]),
        now=clock.now(),
        user_id=context.principal.user_id,
    )
    said = f"Made a new key for the identity provider {provider.label}"
    change = SetupChange("renewedIdentityProviderKey", "Identity providers", provider.name, said)
    await database.read(context.binding, kept, setup_entry(context.tenant.id, context.actor, change))
    return made.certificate
