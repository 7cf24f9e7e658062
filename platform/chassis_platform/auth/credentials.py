"""Usernames and passwords against what is stored: who it is, and what failures in a row bring about.

Failures are counted thrice: of the user, of a browser in which the user has signed in before, and of the address. A
stranger who tries passwords locks the user out for strangers; from a browser that is known, the user still gets in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_network
from typing import NamedTuple

from chassis_metadata.errors import LimitExceeded, Unauthenticated
from chassis_platform import clock
from chassis_platform.access.door import address_of
from chassis_platform.access.security_policy import LockoutRules, SecurityPolicy, read_policy
from chassis_platform.auth.devices import is_device_token
from chassis_platform.auth.passwords import password_matches
from chassis_platform.auth.sessions import token_hash
from chassis_platform.auth.sso_policy import may_sign_in_locally
from chassis_tenants.database import Binding, Database, TenantClosedError
from chassis_tenants.journal import login_entry
from chassis_tenants.statement import Statement

#: Failures of one address within a quarter of an hour, whoever it tried to be, before it has to wait.
FAILURES_PER_ADDRESS = 50
#: These sign in as programs alone.
SERVICE_USERS = frozenset({"Integration", "Automation"})
_IPV6_NETWORK = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a sign-in comes from, as the login history keeps it."""

    source_ip: str | None
    user_agent: str | None
    application: str
    kind: str  # browser | api
    device: str | None = None  # the token of a browser that was here before


class Known(NamedTuple):
    """A user who could be signing in."""

    tenant_id: int
    user_id: str
    organization_id: str
    username: str
    password_hash: str | None
    failed_count: int
    locked_until: datetime | None
    is_active: bool
    user_type: str | None
    must_change: bool
    changed_at: datetime | None
    has_totp: bool
    has_factor: bool
    is_known_device: bool
    security: SecurityPolicy

    @property
    def is_service(self) -> bool:
        """No person: it has no business in a browser."""
        return self.user_type in SERVICE_USERS


_CREDENTIAL = """
SELECT t.organization_id, u.username, c.password_hash,
       CASE WHEN d.device_hash IS NULL THEN coalesce(c.failed_count, 0) ELSE d.failed_count END,
       CASE WHEN d.device_hash IS NULL THEN c.locked_until ELSE d.locked_until END,
       u.is_active, u.user_type, coalesce(c.must_change, false), c.changed_at,
       EXISTS (SELECT FROM chassis.factor f WHERE f.tenant_id = u.tenant_id AND f.user_id = u.id AND f.kind = 'totp'
               AND f.confirmed_at IS NOT NULL),
       EXISTS (SELECT FROM chassis.factor f WHERE f.tenant_id = u.tenant_id AND f.user_id = u.id
               AND f.confirmed_at IS NOT NULL),
       d.device_hash IS NOT NULL, p.body
FROM tenant."user" u
JOIN chassis.tenant t ON t.id = u.tenant_id
LEFT JOIN chassis.credential c ON c.tenant_id = u.tenant_id AND c.user_id = u.id
LEFT JOIN chassis.known_device d
       ON d.tenant_id = u.tenant_id AND d.user_id = u.id AND d.device_hash = %(device)s::bytea
LEFT JOIN chassis.security_policy p ON p.tenant_id = u.tenant_id
WHERE u.tenant_id = %(tenant_id)s AND u.id = %(user_id)s AND NOT u.is_deleted
"""


def refused() -> Unauthenticated:
    """One answer for a wrong username and a wrong password: which it was is nobody's business."""
    return Unauthenticated.of("invalid_login", "Invalid username or password, or the user is locked out.")


def device_hash(device: str | None) -> bytes | None:
    """What is stored of a browser's token."""
    return token_hash(device) if device is not None and is_device_token(device) else None


async def find_user(database: Database, tenant_id: int, user_id: str, device: str | None = None) -> Known | None:
    """The user of that id; None where there is none or the tenant is closed."""
    parameters = {"tenant_id": tenant_id, "user_id": user_id, "device": device_hash(device)}
    try:
        [rows] = await database.read(Binding(tenant_id), Statement(_CREDENTIAL, parameters))
    except TenantClosedError:
        return None
    if not rows:
        return None
    *columns, body = rows[0]
    return Known._make([tenant_id, user_id, *columns, read_policy(body)])


async def find_username(database: Database, username: str, device: str | None = None) -> Known | None:
    """The user of that username, of whatever tenant."""
    found = await database.registry(
        Statement("SELECT tenant_id, user_id FROM chassis.tenant_of_username(%(username)s)", {"username": username})
    )
    return await find_user(database, found[0][0], found[0][1], device) if found else None


def history(known: Known, caller: Caller, status: str, *, acting_user_id: str | None = None) -> Statement:
    """An entry of the login history."""
    return login_entry(
        known.tenant_id,
        user_id=known.user_id,
        username=known.username,
        status=status,
        login_type="Application" if caller.kind == "browser" else "Remote Access 2.0",
        application=caller.application,
        source_ip=caller.source_ip,
        user_agent=caller.user_agent,
        acting_user_id=acting_user_id,
    )


async def refuse(database: Database, known: Known, caller: Caller, why: str) -> Unauthenticated:
    """The error to raise, after the login history got its entry."""
    await database.read(Binding(known.tenant_id), history(known, caller, f"Failed: {why}"))
    return refused()


def count_failure(known: Known, caller: Caller, now: datetime) -> Statement:
    """One more failure in a row: from the policy's number on, a lock of 1, 2, 4 … minutes."""
    rules: LockoutRules = known.security.lockout
    table, condition = "chassis.credential", ""
    if known.is_known_device:
        table, condition = "chassis.known_device", " AND device_hash = %(device)s"
    return Statement(
        f"UPDATE {table} SET failed_count = failed_count + 1,"  # noqa: S608  the tables are this function's
        " locked_until = CASE WHEN failed_count + 1 >= %(most)s THEN %(now)s::timestamptz"
        " + least(2 ^ least(failed_count + 1 - %(most)s, 12), %(longest)s) * interval '1 minute' END"
        f" WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s{condition}",
        {
            "tenant_id": known.tenant_id,
            "user_id": known.user_id,
            "device": device_hash(caller.device),
            "most": rules.failures,
            "longest": rules.longest_minutes,
            "now": now,
        },
    )


def forget_failures(tenant_id: int, user_id: str, device: str | None) -> list[Statement]:
    """The user is in: what was counted for the user and this browser begins anew."""
    parameters = {"tenant_id": tenant_id, "user_id": user_id, "device": device_hash(device)}
    return [
        Statement(
            "UPDATE chassis.credential SET failed_count = 0, locked_until = NULL"
            " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
            parameters,
        ),
        Statement(
            "UPDATE chassis.known_device SET failed_count = 0, locked_until = NULL"
            " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND device_hash = %(device)s::bytea",
            parameters,
        ),
    ]


def source_of(address: str | None) -> str | None:
    """What failures are counted by: an address, or the network of an IPv6 address, for whoever has one has them all."""
    found = address_of(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _IPV6_NETWORK), strict=False))
    return None if found is None else str(found)


async def demand_patience(database: Database, caller: Caller, now: datetime) -> None:
    """Refuse an address from which too many sign-ins failed; it says nothing of any user."""
    source = source_of(caller.source_ip)
    if source is None:
        return
    rows = await database.registry(
        Statement("SELECT chassis.source_locked_until(%(source)s::text)", {"source": source})
    )
    if rows[0][0] is not None and rows[0][0] > now:
        raise LimitExceeded.of("too_many_requests", "Too many sign-ins failed from your address. Try again later.")


async def note_failed_source(database: Database, caller: Caller, now: datetime) -> None:
    """One more failure from this address."""
    source = source_of(caller.source_ip)
    if source is not None:
        parameters = {"source": source, "now": now, "most": FAILURES_PER_ADDRESS}
        text = "SELECT chassis.note_failed_source(%(source)s::text, %(now)s::timestamptz, %(most)s::integer)"
        await database.registry(Statement(text, parameters))


async def check_credentials(database: Database, username: str, password: str, caller: Caller) -> Known:
    """The user behind a username and password. Failures are counted and lock the user out for a while."""
    now = clock.now()
    known = await find_username(database, username.strip(), caller.device)
    if known is None or not known.is_known_device:
        await demand_patience(database, caller, now)
    locked = known is not None and known.locked_until is not None and known.locked_until > now
    matched = await password_matches(None if known is None or locked else known.password_hash, password)
    if known is None or not matched:
        await note_failed_source(database, caller, now)
    if known is None:
        raise refused()
    if locked:
        raise await refuse(database, known, caller, "user is locked out")
    if not matched:
        await database.read(Binding(known.tenant_id), count_failure(known, caller, now))
        raise await refuse(database, known, caller, "invalid password")
    if not known.is_active:
        raise await refuse(database, known, caller, "user is inactive")
    if known.is_service and caller.kind == "browser":
        raise await refuse(database, known, caller, "service users sign in as programs only")
    if not known.is_service and not await may_sign_in_locally(database, known.tenant_id, known.user_id):
        raise await refuse(database, known, caller, "only single sign-on is allowed")
    return known
