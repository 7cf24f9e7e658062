"""Sessions: random tokens of which only the hash is stored; a token names its organization before the `!`."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from chassis_metadata.errors import Unauthenticated
from chassis_metadata.ids import new_id
from chassis_tenants.statement import Statement

SESSION_PREFIX = "0Ak"
_TOKEN = re.compile(r"(00D[0-9A-Za-z]{15})!([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a session is begun with."""

    user_id: str
    kind: str  # browser | api | command_line
    client_name: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None


def invalid_session() -> Unauthenticated:
    """The error that every client knows to answer by signing in again."""
    return Unauthenticated.of("invalid_session_id", "Session expired or invalid")


def new_token(organization_id: str) -> str:
    """A fresh token, 256 bits."""
    return f"{organization_id}!{secrets.token_hex(32)}"


def organization_of(token: str) -> str:
    """The organization a token claims; raises Unauthenticated where the text is no token."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise invalid_session()
    return match.group(1)


def token_hash(token: str) -> bytes:
    """What is stored of a token. It is random and long: a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(token: str) -> str:
    """The token that a page must send with every change: known to who has the session, stored nowhere."""
    return hmac.new(token.encode(), b"chassis csrf", hashlib.sha256).hexdigest()


def csrf_matches(token: str, sent: str | None) -> bool:
    """Compare in constant time."""
    return sent is not None and hmac.compare_digest(csrf_token(token).encode(), sent.encode())


def insert_session(tenant_id: int, token: str, session: NewSession, *, idle_minutes: int, hours: int) -> Statement:
    """Begin a session; it ends after `idle_minutes` without a request and after `hours` in any case."""
    return Statement(
        "INSERT INTO chassis.session (tenant_id, token_hash, id, user_id, kind, client_name, source_ip, user_agent,"
        " expires_at) VALUES (%(tenant_id)s, %(token_hash)s, %(id)s, %(user_id)s, %(kind)s, %(client_name)s,"
        " %(source_ip)s, %(user_agent)s, now() + make_interval(mins => least(%(idle)s, %(hours)s * 60)::int))"
        " RETURNING id",
        {
            "tenant_id": tenant_id,
            "token_hash": token_hash(token),
            "id": new_id(SESSION_PREFIX),
            "user_id": session.user_id,
            "kind": session.kind,
            "client_name": session.client_name,
            "source_ip": session.source_ip,
            "user_agent": (session.user_agent or "")[:400] or None,
            "idle": idle_minutes,
            "hours": hours,
        },
    )


def find_session(tenant_id: int, hashed: bytes) -> Statement:
    """Who is behind a session that still holds, and the versions that their context depends on."""
    return Statement(
        "SELECT s.id, s.user_id, s.kind, s.client_name, s.source_ip, u.username, u.language_locale_key,"
        " u.time_zone_sid_key, t.metadata_version, t.access_version"
        " FROM chassis.session s"
        ' JOIN tenant."user" u ON u.tenant_id = s.tenant_id AND u.id = s.user_id'
        " JOIN chassis.tenant t ON t.id = s.tenant_id"
        " WHERE s.tenant_id = %(tenant_id)s AND s.token_hash = %(token_hash)s AND s.revoked_at IS NULL"
        " AND s.expires_at > now() AND u.is_active AND NOT u.is_deleted",
        {"tenant_id": tenant_id, "token_hash": hashed},
    )


def touch_session(tenant_id: int, hashed: bytes, *, idle_minutes: int, hours: int) -> Statement:
    """Note that the session is in use and move its end; the absolute end stays."""
    return Statement(
        "UPDATE chassis.session SET last_seen_at = now(), expires_at = least(created_at + make_interval(hours =>"
        " %(hours)s), now() + make_interval(mins => %(idle)s))"
        " WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s AND revoked_at IS NULL",
        {"tenant_id": tenant_id, "token_hash": hashed, "idle": idle_minutes, "hours": hours},
    )


def revoke_session(tenant_id: int, hashed: bytes) -> Statement:
    """End one session."""
    return Statement(
        "UPDATE chassis.session SET revoked_at = now()"
        " WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s AND revoked_at IS NULL",
        {"tenant_id": tenant_id, "token_hash": hashed},
    )


def revoke_sessions_of(tenant_id: int, user_id: str) -> Statement:
    """End all sessions of a user."""
    return Statement(
        "UPDATE chassis.session SET revoked_at = now()"
        " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND revoked_at IS NULL",
        {"tenant_id": tenant_id, "user_id": user_id},
    )
