"""Showing anew who one is: for what a session lacks at its beginning, and before dangerous acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import ChassisError, Invalid, Unauthenticated
from chassis_platform import clock
from chassis_platform.access.administration import require_recent_verification
from chassis_platform.access.context import Context
from chassis_platform.auth import pending
from chassis_platform.auth.credentials import Caller, Known, count_failure, find_user, history, note_failed_source
from chassis_platform.auth.devices import new_device_token
from chassis_platform.auth.factors import Owner, totp_matches, use_recovery_code
from chassis_platform.auth.passkeys import Desk, passkey_matches
from chassis_platform.auth.passwords import password_matches
from chassis_platform.auth.sessions import (
    PASSKEY,
    PASSWORD,
    RECOVERY_CODE,
    TOTP,
    new_token,
    renew_session,
)
from chassis_platform.auth.sessions import count_failure as count_failure_of_session
from chassis_platform.auth.sign_in import arrived, remember_device
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

__all__ = ["Verified", "methods_of", "owner_of", "renewed", "require_recent_verification", "verify"]

#: A session ends with this many failures to show who its user is.
MOST_FAILURES = 5


def owner_of(context: Context) -> Owner:
    """The user's own factors."""
    return Owner(context.tenant.id, context.principal.user_id)


async def methods_of(database: Database, context: Context) -> list[str]:
    """How the user can show who they are: by a factor where there is one, else by the password."""
    owner = owner_of(context)
    kinds = Statement(
        "SELECT DISTINCT kind FROM chassis.factor WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND confirmed_at IS NOT NULL",
        owner.bound(),
    )
    codes = Statement(
        "SELECT 1 FROM chassis.recovery_code WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND used_at IS NULL LIMIT 1",
        owner.bound(),
    )
    password = Statement(
        "SELECT 1 FROM chassis.credential WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s", owner.bound()
    )
    found, left, has_password = await database.read(Binding(owner.tenant_id), kinds, codes, password)
    methods = [each for each in (PASSKEY, TOTP) if (each,) in found]
    if methods:
        return [*methods, RECOVERY_CODE] if left else methods
    return [PASSWORD] if has_password and context.principal.pending != pending.SECOND_FACTOR else []


@dataclass(frozen=True, slots=True)
class Verified:
    """The session's new token, and the browser's where it is known from now on."""

    token: str
    device: str | None


async def verify(
    database: Database, desk: Desk, context: Context, document: Mapping[str, Any], caller: Caller
) -> Verified:
    """Renew the session of who shows who they are; raises Unauthenticated, and ends it after too many failures."""
    method = document.get("method")
    methods = await methods_of(database, context)
    if method not in methods:
        raise Invalid.of("invalid_field", f"method must be one of {', '.join(methods)}.", fields=["method"])
    known = await find_user(database, context.tenant.id, context.principal.user_id, caller.device)
    if known is None:
        raise _wrong()
    is_locked = known.locked_until is not None and known.locked_until > clock.now()
    if is_locked or not await _is_shown(database, desk, context, known, document):
        await _note_failure(database, context, known, caller)
        raise _wrong()
    return await renewed(database, context, known, caller, str(method))


async def _is_shown(
    database: Database, desk: Desk, context: Context, known: Known, document: Mapping[str, Any]
) -> bool:
    method, owner = document["method"], owner_of(context)
    if method == PASSKEY:
        return await passkey_matches(database, desk, owner, document)
    given = document.get(PASSWORD if method == PASSWORD else "code")
    if not isinstance(given, str):
        return False
    if method == TOTP:
        return await totp_matches(database, desk.home, owner, given)
    if method == RECOVERY_CODE:
        return await use_recovery_code(database, owner, given)
    return await password_matches(known.password_hash, given)


def _wrong() -> ChassisError:
    return Invalid.of("verification_failed", "That was not right. Try again.")


async def _note_failure(database: Database, context: Context, known: Known, caller: Caller) -> None:
    now, hashed = clock.now(), _hash_of(context)
    rows, *_ = await database.read(
        Binding(known.tenant_id),
        count_failure_of_session(known.tenant_id, hashed, most=MOST_FAILURES),
        count_failure(known, caller, now),
        history(known, caller, "Failed: could not show who it is"),
    )
    await note_failed_source(database, caller, now)
    if rows and rows[0][0] is not None:
        raise Unauthenticated.of("invalid_session_id", "Too many tries. Sign in again.")


def _hash_of(context: Context) -> bytes:
    if context.binding.session_hash is None:
        raise Unauthenticated.of("invalid_session_id", "Session expired or invalid")
    return context.binding.session_hash


async def renewed(database: Database, context: Context, known: Known, caller: Caller, proof: str) -> Verified:
    """The session goes on under a new token, so that one that was planted or seen before is worth nothing."""
    token, hashed = new_token(known.organization_id), _hash_of(context)
    device = caller.device if known.is_known_device else new_device_token()
    statements = [renew_session(known.tenant_id, hashed, token, proof)]
    if context.principal.pending == pending.SECOND_FACTOR:
        statements += arrived(known.tenant_id, known.user_id, caller.device)
        statements += remember_device(known.tenant_id, known.user_id, device)
        statements.append(history(known, caller, "Success"))
    rows, *_ = await database.read(Binding(known.tenant_id), *statements)
    if not rows:
        raise Unauthenticated.of("invalid_session_id", "Session expired or invalid")
    return Verified(token, device if context.principal.pending == pending.SECOND_FACTOR else None)
