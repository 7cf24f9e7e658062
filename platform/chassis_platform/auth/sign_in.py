"""Signing in: whoever has shown who they are, by a password or elsewhere, gets a session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from chassis_metadata.errors import Invalid, Unauthenticated
from chassis_platform import clock
from chassis_platform.auth.credentials import (
    Caller,
    Known,
    check_credentials,
    device_hash,
    find_user,
    forget_failures,
    history,
    refuse,
)
from chassis_platform.auth.devices import new_device_token
from chassis_platform.auth.new_password import store_password
from chassis_platform.auth.pending import needs_password
from chassis_platform.auth.sessions import (
    PASSKEY,
    PASSWORD,
    SINGLE_SIGN_ON,
    Delegation,
    NewSession,
    insert_session,
    keep_newest_sessions,
    new_token,
    token_hash,
)
from chassis_platform.auth.sso_policy import may_sign_in_locally
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

__all__ = [
    "Caller",
    "Judge",
    "Judgement",
    "SecondFactorNeededError",
    "SignedIn",
    "check_credentials",
    "check_program",
    "secret_hash",
    "sign_in",
    "sign_in_user",
    "store_password",
]

_MOST_DEVICES = 20


@dataclass(frozen=True, slots=True)
class Judgement:
    """What hours and address ranges say to a sign-in, and whether a second factor is asked of the user."""

    refusal: str | None = None
    needs_factor: bool = False


class SecondFactorNeededError(Unauthenticated):
    """The password was right, and is not enough for a program: in the same words as a wrong one."""


#: Tenant, user, address: what the door says.
Judge = Callable[[int, str, str | None], Awaitable[Judgement]]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was begun."""

    token: str
    tenant_id: int
    user_id: str
    device: str | None = None  # for the browser to keep


async def sign_in(
    database: Database,
    settings: Settings,
    username: str,
    password: str,
    caller: Caller,
    *,
    judge: Judge | None = None,
) -> SignedIn:
    """Begin a session for the right username and password; raises Unauthenticated otherwise.

    A browser's session may begin without the second factor, and does nothing before it is shown. A program has no way
    to show one: where one is asked for, a password is not enough, and it needs another grant.
    """
    if caller.kind != "browser":
        known = await check_program(database, username, password, caller, judge=judge)
        return await _begin(database, settings, known, caller, _Begun((PASSWORD,)))
    known = await check_credentials(database, username, password, caller)
    judgement = await _judged(database, known, caller, judge)
    is_in = not (known.has_factor or judgement.needs_factor)
    return await _begin(database, settings, known, caller, _Begun((PASSWORD,), is_in=is_in))


async def check_program(
    database: Database, username: str, password: str, caller: Caller, *, judge: Judge | None = None
) -> Known:
    """The user whose password a program has, if a password is enough for that user."""
    known = await check_credentials(database, username, password, caller)
    judgement = await _judged(database, known, caller, judge)
    lacks_factor = (judgement.needs_factor or known.has_factor) and not known.is_service
    await _demand_complete(database, known, caller, lacks_factor=lacks_factor)
    return known


async def _demand_complete(database: Database, known: Known, caller: Caller, *, lacks_factor: bool) -> None:
    if lacks_factor:
        refused = await refuse(database, known, caller, "a second factor is needed")
        raise SecondFactorNeededError(refused.problems)
    if not known.is_service and needs_password(
        (PASSWORD,), known.changed_at, known.security, must_change=known.must_change, now=clock.now()
    ):
        raise await refuse(database, known, caller, "the password has to be changed")


async def sign_in_user(  # noqa: PLR0913  as above
    database: Database,
    settings: Settings,
    tenant_id: int,
    user_id: str,
    caller: Caller,
    *,
    delegation: Delegation | None = None,
    proofs: tuple[str, ...] = (SINGLE_SIGN_ON,),
    verified_at: datetime | None = None,
    judge: Judge | None = None,
) -> SignedIn:
    """Begin a session for a user who has proved elsewhere who they are: to an identity provider, or by a grant."""
    known = await find_user(database, tenant_id, user_id, caller.device)
    if known is None or not known.is_active:
        raise Invalid.of("invalid_grant", "The user is not there or not active.")
    if known.is_service and caller.kind == "browser":
        raise await refuse(database, known, caller, "service users sign in as programs only")
    if PASSKEY in proofs and not await may_sign_in_locally(database, tenant_id, user_id):
        raise await refuse(database, known, caller, "only single sign-on is allowed")
    await _judged(database, known, caller, judge)
    return await _begin(database, settings, known, caller, _Begun(proofs, delegation, verified_at=verified_at))


async def _judged(database: Database, known: Known, caller: Caller, judge: Judge | None) -> Judgement:
    """What the door says; raises Unauthenticated, in the words of any other failure, where it is closed."""
    judgement = await judge(known.tenant_id, known.user_id, caller.source_ip) if judge else Judgement()
    if judgement.refusal is not None:
        raise await refuse(database, known, caller, judgement.refusal)
    return judgement


@dataclass(frozen=True, slots=True)
class _Begun:
    """How a session begins."""

    proofs: tuple[str, ...]
    delegation: Delegation | None = None
    is_in: bool = True  # nothing is missing any more
    verified_at: datetime | None = None  # when the user showed who it is; None: right now


async def _begin(database: Database, settings: Settings, known: Known, caller: Caller, begun: _Begun) -> SignedIn:
    token = new_token(known.organization_id)
    session = NewSession(
        known.user_id,
        caller.kind,
        caller.application,
        caller.source_ip,
        caller.user_agent,
        begun.delegation,
        begun.proofs,
        verified_at=begun.verified_at,
    )
    rules, device = known.security.session, None
    statements = [
        insert_session(
            known.tenant_id,
            token,
            session,
            idle_minutes=rules.idle_minutes or settings.session_idle_minutes,
            hours=rules.hours or settings.session_hours,
        ),
        history(known, caller, "Success" if begun.is_in else "Password accepted: second factor asked for"),
    ]
    if begun.is_in:
        statements += arrived(known.tenant_id, known.user_id, caller.device)
        if caller.kind == "browser":
            device = caller.device if known.is_known_device else new_device_token()
            statements += remember_device(known.tenant_id, known.user_id, device)
    if rules.most_per_user and caller.kind == "browser":
        statements.append(keep_newest_sessions(known.tenant_id, known.user_id, rules.most_per_user))
    await database.read(Binding(known.tenant_id), *statements)
    return SignedIn(token, known.tenant_id, known.user_id, device)


def arrived(tenant_id: int, user_id: str, device: str | None) -> list[Statement]:
    """What a sign-in that lacks nothing leaves behind."""
    last_login = Statement(
        'UPDATE data."user" SET last_login_date = now() WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s',
        {"tenant_id": tenant_id, "user_id": user_id},
    )
    return [*forget_failures(tenant_id, user_id, device), last_login]


def remember_device(tenant_id: int, user_id: str, device: str | None) -> list[Statement]:
    """From this browser the user gets in even while strangers have the user locked out."""
    parameters = {
        "tenant_id": tenant_id,
        "user_id": user_id,
        "device": device_hash(device),
        "now": clock.now(),
        "most": _MOST_DEVICES,
    }
    return [
        Statement(
            "INSERT INTO chassis.known_device AS d (tenant_id, user_id, device_hash, last_seen_at)"
            " VALUES (%(tenant_id)s, %(user_id)s, %(device)s, %(now)s)"
            " ON CONFLICT (tenant_id, user_id, device_hash) DO UPDATE SET last_seen_at = excluded.last_seen_at",
            parameters,
        ),
        Statement(
            "DELETE FROM chassis.known_device WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
            " AND device_hash IN (SELECT device_hash FROM chassis.known_device"
            " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s ORDER BY last_seen_at DESC OFFSET %(most)s)",
            parameters,
        ),
    ]


def secret_hash(secret: str) -> bytes:
    """What is stored of a client's secret or an inbound key; both are long and random."""
    return token_hash(secret)
