"""JWT bearer (RFC 7523): an app signs with the key of its certificate for which user it asks for a token."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from chassis_metadata.errors import Invalid
from chassis_platform import clock
from chassis_platform.auth.federation.apps import JWT_BEARER, ConnectedApp, find_app
from chassis_platform.auth.federation.authorize import is_consented
from chassis_platform.auth.federation.tokens import Grant, invalid_grant
from chassis_platform.auth.federation.used import is_first_use
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

SKEW = timedelta(seconds=60)
LONGEST_LIFE = timedelta(hours=1)
SMALLEST_RSA_KEY = 2048

_USER = Statement(
    'SELECT id FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND lower(username) = lower(%(username)s)'
    " AND is_active AND NOT is_deleted"
)

PublicKey = RSAPublicKey | EllipticCurvePublicKey


def read_public_key(pem: str) -> PublicKey:
    """The key of a PEM certificate or public key; raises Invalid where it is none that may be used."""
    try:
        key: object
        if "BEGIN CERTIFICATE" in pem:
            key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        else:
            key = load_pem_public_key(pem.encode())
    except ValueError:
        raise Invalid.of("invalid_field", "This is no PEM certificate.", fields=["certificate"]) from None
    if isinstance(key, RSAPublicKey) and key.key_size >= SMALLEST_RSA_KEY:
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    message = f"The key must be RSA with {SMALLEST_RSA_KEY} bits or more, or of the curve P-256."
    raise Invalid.of("invalid_field", message, fields=["certificate"])


def algorithms_for(key: PublicKey) -> list[str]:
    """The signatures that a key may make: the key decides, never the token."""
    return ["RS256", "RS384", "RS512", "PS256"] if isinstance(key, RSAPublicKey) else ["ES256"]


async def exchange_assertion(
    database: Database, assertion: str, audiences: Sequence[str], source_ip: str | None
) -> Grant:
    """The grant that a signed request asks for: its issuer is the app, its subject a user who let the app in."""
    app = await find_app(database, str(_unverified(assertion).get("iss", "")))
    app.demand_grant(JWT_BEARER, source_ip)
    claims = _verified(assertion, app, audiences)
    expires_at = datetime.fromtimestamp(float(claims["exp"]), UTC)
    if expires_at > clock.now() + LONGEST_LIFE:
        raise invalid_grant()
    token_id = str(claims.get("jti") or hashlib.sha256(assertion.encode()).hexdigest())
    if not await is_first_use(database, app.tenant_id, f"app:{app.client_id}", token_id, expires_at):
        raise invalid_grant()
    user_id = await _user(database, app, str(claims["sub"]))
    scopes = tuple(each for each in app.scopes_for(None) if each not in ("refresh_token", "offline_access"))
    if not await is_consented(database, app, user_id, ()):
        raise Invalid.of("invalid_grant", "user hasn't approved this consumer")
    return Grant(app, user_id, None, scopes, clock.now())


def _unverified(assertion: str) -> Mapping[str, Any]:
    try:
        claims: Mapping[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise invalid_grant() from None
    return claims


def _verified(assertion: str, app: ConnectedApp, audiences: Sequence[str]) -> Mapping[str, Any]:
    if not app.certificate:
        raise invalid_grant()
    key = read_public_key(app.certificate)
    try:
        claims: Mapping[str, Any] = jwt.decode(
            assertion,
            key,
            algorithms=algorithms_for(key),
            audience=list(audiences),
            leeway=SKEW,
            options={"require": ["iss", "sub", "aud", "exp"]},
        )
    except jwt.PyJWTError:
        raise invalid_grant() from None
    return claims


async def _user(database: Database, app: ConnectedApp, username: str) -> str:
    found = _USER.bind(tenant_id=app.tenant_id, username=username)
    [rows] = await database.read(Binding(app.tenant_id), found)
    if not rows:
        raise invalid_grant()
    return str(rows[0][0])
