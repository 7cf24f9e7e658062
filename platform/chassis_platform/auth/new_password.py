"""Setting a password: what the policy asks of it, those used before, and the links of who has forgotten theirs."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta

from chassis_metadata.errors import ChassisError, Invalid, NotFound
from chassis_platform import clock
from chassis_platform.access.security_policy import PasswordRules
from chassis_platform.auth.credentials import Known, find_user
from chassis_platform.auth.notices import Noticed, tell
from chassis_platform.auth.passwords import check_password, hash_password, was_used_before
from chassis_platform.auth.sessions import organization_of, revoke_other_sessions, token_hash
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.registry import tenant_by_organization_id
from chassis_tenants.statement import Statement

RESET = "password_reset"
LINK_VALID_FOR = timedelta(hours=1)
#: A user gets no more links than this within the time that one is valid.
LINKS_AT_ONCE = 3
_MOST_KEPT = 24


def store_password(tenant_id: int, user_id: str, password: str, *, must_change: bool = False) -> Statement:
    """The statement that sets a password's hash; hashing takes some 50 ms. Those before are kept, for the policy."""
    return Statement(
        "INSERT INTO chassis.credential AS c (tenant_id, user_id, password_hash, must_change, changed_at)"
        " VALUES (%(tenant_id)s, %(user_id)s, %(password_hash)s, %(must_change)s, %(now)s)"
        " ON CONFLICT (tenant_id, user_id) DO UPDATE SET password_hash = excluded.password_hash, failed_count = 0,"
        " locked_until = NULL, must_change = excluded.must_change, changed_at = excluded.changed_at,"
        " previous_hashes = (c.password_hash || c.previous_hashes)[1:%(kept)s]",
        {
            "tenant_id": tenant_id,
            "user_id": user_id,
            "password_hash": hash_password(password),
            "must_change": must_change,
            "now": clock.now(),
            "kept": _MOST_KEPT,
        },
    )


async def check_new_password(database: Database, known: Known, password: str) -> None:
    """Refuse a password that the tenant's policy does not allow, or that was the user's before."""
    rules = known.security.password
    check_password(password, username=known.username, rules=rules)
    used = await _hashes(database, known, rules)
    if await was_used_before(password, used):
        raise Invalid.of(
            "invalid_new_password", "This was your password before. Choose another.", fields=["new_password"]
        )


async def _hashes(database: Database, known: Known, rules: PasswordRules) -> list[str]:
    """The hash of now, for a new password is another one, and as many before as the policy looks back."""
    [rows] = await database.read(
        Binding(known.tenant_id),
        Statement(
            "SELECT (password_hash || previous_hashes)[1:%(most)s] FROM chassis.credential"
            " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
            {"tenant_id": known.tenant_id, "user_id": known.user_id, "most": max(rules.history, 1)},
        ),
    )
    return list(rows[0][0]) if rows else []


async def set_password(
    database: Database, known: Known, password: str, actor: Actor, *, kept: bytes | None = None
) -> None:
    """Store a user's own new password; the user's lock, links and sessions end, but for the one that is kept."""
    await check_new_password(database, known, password)
    await _store(database, known, password, actor, kept=kept)


async def reset_password(database: Database, token: str, password: str, source_ip: str | None) -> Known:
    """Store the password of who has a link: it works once."""
    known = await user_of_reset_token(database, token)
    await check_new_password(database, known, password)
    await _store(database, known, password, Actor(known.user_id, known.username, source_ip), token=token)
    return known


async def _store(
    database: Database,
    known: Known,
    password: str,
    actor: Actor,
    *,
    token: str | None = None,
    kept: bytes | None = None,
) -> None:
    stored = await asyncio.to_thread(store_password, known.tenant_id, known.user_id, password)
    how = "The user set a new password" + (" by a link." if token else ".")
    change = SetupChange("changedPassword", "Users", known.user_id, f"{how} All sessions ended.")
    async with database.transaction(Binding(known.tenant_id)) as transaction:
        used = await transaction.fetch(_use_links(known.tenant_id, known.user_id, clock.now()))
        if token and token_hash(token) not in [bytes(each[0]) for each in used]:
            raise _unknown_link()  # another request has just used it
        told = tell(known.tenant_id, known.user_id, Noticed.PASSWORD)
        ended = revoke_other_sessions(known.tenant_id, known.user_id, kept or b"")
        await transaction.fetch_each([stored, ended, setup_entry(known.tenant_id, actor, change), told])


def _unknown_link() -> NotFound:
    return NotFound.of("not_found", "This link is not valid, or not any more. Ask for a new one.")


def _use_links(tenant_id: int, user_id: str, now: datetime) -> Statement:
    return Statement(
        "UPDATE chassis.door_token SET used_at = %(now)s WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND purpose = %(purpose)s AND used_at IS NULL RETURNING token_hash",
        {"tenant_id": tenant_id, "user_id": user_id, "purpose": RESET, "now": now},
    )


async def new_reset_token(database: Database, known: Known) -> str | None:
    """A token that sets a new password once, within the hour; None where the user got too many already."""
    now = clock.now()
    token = f"{known.organization_id}!{secrets.token_hex(32)}"
    [made] = await database.read(
        Binding(known.tenant_id),
        Statement(
            "INSERT INTO chassis.door_token (tenant_id, token_hash, purpose, user_id, created_at, expires_at)"
            " SELECT %(tenant_id)s, %(token_hash)s, %(purpose)s, %(user_id)s, %(now)s, %(expires)s"
            " WHERE %(most)s > (SELECT count(*) FROM chassis.door_token WHERE tenant_id = %(tenant_id)s"
            " AND user_id = %(user_id)s AND purpose = %(purpose)s AND expires_at > %(now)s) RETURNING 1",
            {
                "tenant_id": known.tenant_id,
                "token_hash": token_hash(token),
                "purpose": RESET,
                "user_id": known.user_id,
                "now": now,
                "expires": now + LINK_VALID_FOR,
                "most": LINKS_AT_ONCE,
            },
        ),
    )
    return token if made else None


async def void_reset_token(database: Database, known: Known, token: str) -> None:
    """A link that was not sent counts for nothing."""
    values = {"tenant_id": known.tenant_id, "token_hash": token_hash(token)}
    text = "DELETE FROM chassis.door_token WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s"
    await database.read(Binding(known.tenant_id), Statement(text, values))


async def user_of_reset_token(database: Database, token: str) -> Known:
    """Whose password a token sets; the same NotFound for one that was made up, used or ran out."""
    unknown = _unknown_link()
    try:
        tenant = await tenant_by_organization_id(database, organization_of(token))
    except ChassisError:
        raise unknown from None
    if tenant is None or tenant.status != "active":
        raise unknown
    [rows] = await database.read(
        Binding(tenant.id),
        Statement(
            "SELECT user_id FROM chassis.door_token WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s"
            " AND purpose = %(purpose)s AND used_at IS NULL AND expires_at > %(now)s",
            {
                "tenant_id": tenant.id,
                "token_hash": token_hash(token),
                "purpose": RESET,
                "now": clock.now(),
            },
        ),
    )
    known = await find_user(database, tenant.id, rows[0][0]) if rows else None
    if known is None or not known.is_active:
        raise unknown
    return known
