"""Sessions: random tokens of which only the hash is stored; a token names its organization before the `!`."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from chassis_metadata.errors import Unauthenticated
from chassis_metadata.ids import new_id
from chassis_platform.auth.devices import device_of
from chassis_tenants.statement import Statement

SESSION_PREFIX = "0Ak"
#: How somebody shows who they are.
PASSWORD, TOTP, PASSKEY, RECOVERY_CODE, SINGLE_SIGN_ON = (
    "password",
    "totp",
    "passkey",
    "recovery_code",
    "single_sign_on",
)
#: The operator let somebody in: automation/break_glass.py.
BREAK_GLASS = "break_glass"
_TOKEN = re.compile(r"(00D[0-9A-Za-z]{15})!([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Delegation:
    """What a connected app may do in the user's name: its scopes, and the grant that its tokens belong to."""

    client_id: str
    scopes: tuple[str, ...]
    grant_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a session is begun with."""

    user_id: str
    kind: str  # browser | api | command_line
    client_name: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    delegation: Delegation | None = None  # None: the user in person, with all rights
    proofs: tuple[str, ...] = (PASSWORD,)  # how the user showed who it is
    acting_user_id: str | None = None  # who really acts, where somebody signed in as the user
    reason: str | None = None  # and why
    most_minutes: int | None = None  # ends earlier than others
    verified_at: datetime | None = None  # when the user showed who it is; None: right now


class FoundSession(NamedTuple):
    """A session that holds: who is behind it, how they showed it, and what their context depends on."""

    id: str
    user_id: str
    kind: str
    client_name: str | None
    source_ip: str | None
    username: str
    language: str | None
    time_zone: str | None
    metadata_version: int
    access_version: int
    scopes: list[str] | None
    client_id: str | None
    ip_ranges: list[str] | None
    proofs: list[str]
    verified_at: datetime | None
    device: str | None
    acting_user_id: str | None
    security_policy: dict[str, Any] | None
    has_factor: bool
    must_change: bool
    password_changed_at: datetime | None


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
        " client_id, scopes, grant_id, proofs, device, acting_user_id, reason, verified_at, ends_at, expires_at)"
        " VALUES (%(tenant_id)s, %(token_hash)s, %(id)s, %(user_id)s, %(kind)s, %(client_name)s,"
        " %(source_ip)s, %(user_agent)s, %(client_id)s, %(scopes)s, %(grant_id)s, %(proofs)s, %(device)s,"
        " %(acting_user_id)s, %(reason)s, coalesce(%(verified_at)s::timestamptz, now()),"
        " now() + make_interval(mins => %(most)s::int),"
        " now() + make_interval(mins => least(%(idle)s, %(hours)s * 60, %(most)s)::int))"
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
            "client_id": session.delegation and session.delegation.client_id,
            "scopes": list(session.delegation.scopes) if session.delegation else None,
            "grant_id": session.delegation and session.delegation.grant_id,
            "proofs": list(session.proofs),
            "device": device_of(session.user_agent),
            "acting_user_id": session.acting_user_id,
            "reason": session.reason,
            "verified_at": session.verified_at,
            "most": session.most_minutes,
            "idle": idle_minutes,
            "hours": hours,
        },
    )


def find_session(tenant_id: int, hashed: bytes) -> Statement:
    """Who is behind a session that still holds; the row makes a FoundSession."""
    return Statement(
        "SELECT s.id, s.user_id, s.kind, s.client_name, s.source_ip, u.username, u.language_locale_key,"
        " u.time_zone_sid_key, t.metadata_version, t.access_version,"
        " s.scopes, s.client_id, a.ip_ranges, s.proofs, s.verified_at, s.device, s.acting_user_id, p.body,"
        " EXISTS (SELECT FROM chassis.factor f WHERE f.tenant_id = s.tenant_id AND f.user_id = s.user_id"
        " AND f.confirmed_at IS NOT NULL), coalesce(c.must_change, false), c.changed_at"
        " FROM chassis.session s"
        ' JOIN tenant."user" u ON u.tenant_id = s.tenant_id AND u.id = s.user_id'
        " JOIN chassis.tenant t ON t.id = s.tenant_id"
        " LEFT JOIN chassis.api_client a ON a.tenant_id = s.tenant_id AND a.client_id = s.client_id"
        " LEFT JOIN chassis.security_policy p ON p.tenant_id = s.tenant_id"
        " LEFT JOIN chassis.credential c ON c.tenant_id = s.tenant_id AND c.user_id = s.user_id"
        " WHERE s.tenant_id = %(tenant_id)s AND s.token_hash = %(token_hash)s AND s.revoked_at IS NULL"
        " AND s.expires_at > now() AND u.is_active AND NOT u.is_deleted",
        {"tenant_id": tenant_id, "token_hash": hashed},
    )


def touch_session(tenant_id: int, hashed: bytes, *, idle_minutes: int, hours: int) -> Statement:
    """Note that the session is in use and move its end; the absolute end stays."""
    return Statement(
        "UPDATE chassis.session SET last_seen_at = now(), expires_at = least(created_at + make_interval(hours =>"
        " %(hours)s), ends_at, now() + make_interval(mins => %(idle)s))"
        " WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s AND revoked_at IS NULL",
        {"tenant_id": tenant_id, "token_hash": hashed, "idle": idle_minutes, "hours": hours},
    )


def renew_session(tenant_id: int, hashed: bytes, token: str, proof: str) -> Statement:
    """The same session under a new token, after its user has shown anew who it is."""
    return Statement(
        "UPDATE chassis.session SET token_hash = %(new)s, verified_at = now(), failed_count = 0, last_seen_at = now(),"
        " proofs = CASE WHEN %(proof)s = ANY (proofs) THEN proofs ELSE proofs || %(proof)s::text END"
        " WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s AND revoked_at IS NULL AND expires_at > now()"
        " RETURNING id",
        {"tenant_id": tenant_id, "token_hash": hashed, "new": token_hash(token), "proof": proof},
    )


def count_failure(tenant_id: int, hashed: bytes, *, most: int) -> Statement:
    """Note that whoever has the session could not show who they are; it ends with the last one allowed."""
    return Statement(
        "UPDATE chassis.session SET failed_count = failed_count + 1,"
        " revoked_at = CASE WHEN failed_count + 1 >= %(most)s THEN now() END"
        " WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s AND revoked_at IS NULL RETURNING revoked_at",
        {"tenant_id": tenant_id, "token_hash": hashed, "most": most},
    )


def keep_newest_sessions(tenant_id: int, user_id: str, most: int) -> Statement:
    """End the oldest browser sessions of a user who has too many."""
    return Statement(
        "UPDATE chassis.session SET revoked_at = now() WHERE tenant_id = %(tenant_id)s AND token_hash IN ("
        "SELECT token_hash FROM chassis.session WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND kind = 'browser' AND acting_user_id IS NULL AND revoked_at IS NULL AND expires_at > now()"
        " ORDER BY last_seen_at DESC, created_at DESC OFFSET %(most)s)",
        {"tenant_id": tenant_id, "user_id": user_id, "most": most},
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


def revoke_other_sessions(tenant_id: int, user_id: str, kept: bytes) -> Statement:
    """End all sessions of a user but one."""
    return Statement(
        "UPDATE chassis.session SET revoked_at = now()"
        " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND token_hash <> %(kept)s AND revoked_at IS NULL"
        " RETURNING id",
        {"tenant_id": tenant_id, "user_id": user_id, "kept": kept},
    )
