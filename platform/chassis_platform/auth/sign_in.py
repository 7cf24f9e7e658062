"""Signing in: a username and a password, or a client's id and secret, against a tenant's credentials."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chassis_metadata.errors import ChassisError, Invalid, Unauthenticated
from chassis_platform.auth.passwords import check_password, hash_password, password_matches
from chassis_platform.auth.sessions import NewSession, insert_session, new_token, revoke_sessions_of, token_hash
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database, TenantClosedError
from chassis_tenants.journal import login_entry
from chassis_tenants.statement import Statement

FAILURES_BEFORE_LOCK = 5
LONGEST_LOCK = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a sign-in comes from, as the login history keeps it."""

    source_ip: str | None
    user_agent: str | None
    application: str
    kind: str  # browser | api


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was begun."""

    token: str
    tenant_id: int
    user_id: str


@dataclass(frozen=True, slots=True)
class _Known:
    tenant_id: int
    organization_id: str
    user_id: str
    username: str
    password_hash: str | None
    failed_count: int
    locked_until: datetime | None
    is_active: bool


_CREDENTIAL = """
SELECT t.organization_id, u.username, c.password_hash, coalesce(c.failed_count, 0), c.locked_until, u.is_active
FROM tenant."user" u
JOIN chassis.tenant t ON t.id = u.tenant_id
LEFT JOIN chassis.credential c ON c.tenant_id = u.tenant_id AND c.user_id = u.id
WHERE u.tenant_id = %(tenant_id)s AND u.id = %(user_id)s AND NOT u.is_deleted
"""


def refused() -> Unauthenticated:
    """One answer for a wrong username and a wrong password: which it was is nobody's business."""
    return Unauthenticated.of("invalid_login", "Invalid username or password, or the user is locked out.")


async def _find(database: Database, username: str) -> _Known | None:
    found = await database.registry(
        Statement("SELECT tenant_id, user_id FROM chassis.tenant_of_username(%(username)s)", {"username": username})
    )
    if not found:
        return None
    tenant_id, user_id = found[0]
    try:
        [rows] = await database.read(
            Binding(tenant_id), Statement(_CREDENTIAL, {"tenant_id": tenant_id, "user_id": user_id})
        )
    except TenantClosedError:
        return None
    if not rows:
        return None
    organization_id, name, hashed, failed, locked_until, active = rows[0]
    return _Known(tenant_id, organization_id, user_id, name, hashed, failed, locked_until, active)


def lock_after(failed_count: int) -> timedelta | None:
    """How long a user is locked out after so many failures in a row: from five on 1, 2, 4 … minutes."""
    if failed_count < FAILURES_BEFORE_LOCK:
        return None
    return min(timedelta(minutes=2 ** min(failed_count - FAILURES_BEFORE_LOCK, 10)), LONGEST_LOCK)


async def _note_failure(database: Database, known: _Known, caller: Caller, status: str, now: datetime) -> None:
    lock = lock_after(known.failed_count + 1)
    counted = Statement(
        "UPDATE chassis.credential SET failed_count = failed_count + 1, locked_until = %(until)s"
        " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
        {"tenant_id": known.tenant_id, "user_id": known.user_id, "until": now + lock if lock else None},
    )
    await database.read(Binding(known.tenant_id), counted, _history(known, caller, status))


def _history(known: _Known, caller: Caller, status: str) -> Statement:
    return login_entry(
        known.tenant_id,
        user_id=known.user_id,
        username=known.username,
        status=status,
        login_type="Application" if caller.kind == "browser" else "Remote Access 2.0",
        application=caller.application,
        source_ip=caller.source_ip,
        user_agent=caller.user_agent,
    )


async def check_credentials(database: Database, username: str, password: str, caller: Caller) -> _Known:
    """The user behind a username and password. Failures are counted and lock the user out for a while."""
    now = datetime.now(UTC)
    known = await _find(database, username.strip())
    locked = known is not None and known.locked_until is not None and known.locked_until > now
    matched = await password_matches(None if known is None or locked else known.password_hash, password)
    if known is None:
        raise refused()
    if locked:
        await database.read(Binding(known.tenant_id), _history(known, caller, "Failed: user is locked out"))
        raise refused()
    if not matched:
        await _note_failure(database, known, caller, "Failed: invalid password", now)
        raise refused()
    if not known.is_active:
        await database.read(Binding(known.tenant_id), _history(known, caller, "Failed: user is inactive"))
        raise refused()
    return known


async def sign_in(database: Database, settings: Settings, username: str, password: str, caller: Caller) -> SignedIn:
    """Begin a session for the right username and password; raises Unauthenticated otherwise."""
    return await _begin(database, settings, await check_credentials(database, username, password, caller), caller)


async def _begin(database: Database, settings: Settings, known: _Known, caller: Caller) -> SignedIn:
    token = new_token(known.organization_id)
    session = NewSession(known.user_id, caller.kind, caller.application, caller.source_ip, caller.user_agent)
    key = {"tenant_id": known.tenant_id, "user_id": known.user_id}
    await database.read(
        Binding(known.tenant_id),
        Statement(
            "UPDATE chassis.credential SET failed_count = 0, locked_until = NULL"
            " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
            key,
        ),
        Statement(
            'UPDATE data."user" SET last_login_date = now() WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s', key
        ),
        _history(known, caller, "Success"),
        insert_session(
            known.tenant_id, token, session, idle_minutes=settings.session_idle_minutes, hours=settings.session_hours
        ),
    )
    return SignedIn(token, known.tenant_id, known.user_id)


def secret_hash(secret: str) -> bytes:
    """What is stored of a client's secret or an inbound key; both are long and random."""
    return token_hash(secret)


async def find_client(database: Database, client_id: str, client_secret: str) -> tuple[int, str, str | None]:
    """(tenant id, label, user to run as) of a client; its id begins with the organization's id and a dot."""
    organization_id, dot, _ = client_id.partition(".")
    found = await database.registry(
        Statement(
            "SELECT id FROM chassis.tenant WHERE organization_id = %(id)s AND status = 'active'",
            {"id": organization_id},
        )
    )
    if not dot or not found:
        raise _invalid_client()
    tenant_id = found[0][0]
    [rows] = await database.read(
        Binding(tenant_id),
        Statement(
            "SELECT secret_hash, label, run_as_user_id FROM chassis.api_client"
            " WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s AND revoked_at IS NULL",
            {"tenant_id": tenant_id, "client_id": client_id},
        ),
    )
    if not rows or not hmac.compare_digest(bytes(rows[0][0]), secret_hash(client_secret)):
        raise _invalid_client()
    return tenant_id, rows[0][1], rows[0][2]


def _invalid_client() -> ChassisError:
    return Invalid.of("invalid_client", "invalid client credentials")


async def sign_in_client(
    database: Database, settings: Settings, client_id: str, client_secret: str, caller: Caller
) -> SignedIn:
    """Begin a session for a client that runs as a user of its own (OAuth client credentials)."""
    tenant_id, label, user_id = await find_client(database, client_id, client_secret)
    if user_id is None:
        raise Invalid.of("invalid_grant", "no user is set for this client to run as")
    [rows] = await database.read(
        Binding(tenant_id), Statement(_CREDENTIAL, {"tenant_id": tenant_id, "user_id": user_id})
    )
    if not rows or not rows[0][5]:
        raise Invalid.of("invalid_grant", "the user that this client runs as is not active")
    known = _Known(tenant_id, rows[0][0], user_id, rows[0][1], None, 0, None, is_active=True)
    return await _begin(database, settings, known, Caller(caller.source_ip, caller.user_agent, label, "api"))


async def set_password(database: Database, tenant_id: int, user_id: str, password: str, *, username: str) -> None:
    """Store a new password; the user's lock and sessions end."""
    check_password(password, username=username)
    await database.read(
        Binding(tenant_id),
        store_password(tenant_id, user_id, password),
        revoke_sessions_of(tenant_id, user_id),
    )


def store_password(tenant_id: int, user_id: str, password: str) -> Statement:
    """The statement that sets a password's hash; hashing takes some 50 ms."""
    return Statement(
        "INSERT INTO chassis.credential (tenant_id, user_id, password_hash)"
        " VALUES (%(tenant_id)s, %(user_id)s, %(password_hash)s)"
        " ON CONFLICT (tenant_id, user_id) DO UPDATE SET password_hash = excluded.password_hash, failed_count = 0,"
        " locked_until = NULL, changed_at = excluded.changed_at",
        {"tenant_id": tenant_id, "user_id": user_id, "password_hash": hash_password(password)},
    )
