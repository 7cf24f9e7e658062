"""Break-glass: the operator lets a user in once, for a while, where single sign-on can't; marked and told everywhere.

The session names, as who really acts, a user of the tenant that stands for the operator and can't sign in: so every
entry of every journal says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import orjson

from chassis_metadata.errors import ChassisError, Invalid, NotFound
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.auth.credentials import Caller, Known, find_user, history
from chassis_platform.auth.sessions import (
    BREAK_GLASS,
    NewSession,
    insert_session,
    new_token,
    organization_of,
    token_hash,
)
from chassis_platform.auth.sign_in import SignedIn
from chassis_platform.automation.identity import context_of_job
from chassis_platform.automation.notify import Notice, give_notice
from chassis_platform.automation.people import Naming, Person, people
from chassis_platform.records.write import create_record
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.journal import OPERATOR, Actor, SetupChange, setup_entry
from chassis_tenants.registry import tenant_by_organization_id
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

SECTION, APPLICATION = "Break-glass", "Break-glass"
#: The page of the web application. What follows the # is sent to no server and stands in no log.
PAGE = "break-glass#"
LINK_VALID_FOR = timedelta(minutes=15)
DEFAULT_MINUTES, MOST_MINUTES, LONGEST_REASON = 60, 480, 255
#: Who is told: holders of this permission.
TOLD = "ManageSecurity"
OPERATOR_NAME = "Platform operator"

_KEEP = Statement(
    "INSERT INTO chassis.door_token (tenant_id, token_hash, purpose, user_id, created_at, expires_at, detail)"
    " VALUES (%(tenant_id)s, %(token_hash)s, %(purpose)s, %(user_id)s, %(now)s, %(expires)s, %(detail)s::jsonb)"
)
_USE = Statement(
    "UPDATE chassis.door_token SET used_at = %(now)s WHERE tenant_id = %(tenant_id)s AND token_hash = %(token_hash)s"
    " AND purpose = %(purpose)s AND used_at IS NULL AND expires_at > %(now)s RETURNING user_id, detail"
)
_OPERATOR = Statement('SELECT id FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND username = %(username)s')

_TITLES = {
    "en_US": {
        "issued": "The platform's operator made a break-glass sign-in as {username}: {reason}",
        "used": "Somebody came in by break-glass as {username}: {reason}",
    },
    "zh_CN": {
        "issued": "平台运营方为 {username} 签发了应急登录：{reason}",
        "used": "有人以 {username} 的身份通过应急登录进入：{reason}",
    },
}


@dataclass(frozen=True, slots=True)
class Glass:
    """As whom somebody is let in, why, and for how long."""

    user_id: str
    reason: str
    minutes: int = DEFAULT_MINUTES


async def issue(database: Database, context: Context, glass: Glass) -> str:
    """A token that lets somebody in once, within a quarter of an hour. Security administrators are told."""
    reason = " ".join(glass.reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid.of("required_field_missing", "Say why, in a sentence.", path="reason")
    if not 1 <= glass.minutes <= MOST_MINUTES:
        raise Invalid.of("invalid_field", f"minutes is 1 to {MOST_MINUTES}.", path="minutes")
    known = await _who(database, context.tenant.id, glass.user_id)
    operator_id = await _operator(database, context)
    token, now = f"{context.tenant.organization_id}!{secrets.token_hex(32)}", clock.now()
    detail = {"reason": reason, "minutes": glass.minutes, "operator": operator_id}
    change = SetupChange(
        "issuedBreakGlass", SECTION, known.user_id, f"Break-glass as {known.username}: {reason}", after=detail
    )
    kept = _KEEP.bind(
        **_named(context.tenant.id, token),
        user_id=known.user_id,
        now=now,
        expires=now + LINK_VALID_FOR,
        detail=orjson.dumps(detail).decode(),
    )
    async with database.transaction(Binding(context.tenant.id)) as transaction:
        await transaction.fetch_each([kept, setup_entry(context.tenant.id, OPERATOR, change)])
        await _tell(transaction, context, "issued", known, reason)
    return token


async def use(database: Database, snapshots: SnapshotStore, settings: Settings, token: str, caller: Caller) -> SignedIn:
    """Begin the session of who has a token; the same NotFound for one that was made up, used or ran out."""
    tenant_id = await _tenant_of(database, token)
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None:
        raise _unknown()
    async with database.transaction(context.binding) as transaction:
        rows = await transaction.fetch(_USE.bind(**_named(tenant_id, token), now=clock.now()))
        if not rows:
            raise _unknown()
        user_id, detail = rows[0]
        known = await _who(database, tenant_id, user_id)
        begun = new_token(context.tenant.organization_id)
        await transaction.fetch_each(list(_begun(known, detail, begun, caller, settings)))
        await _tell(transaction, context, "used", known, detail["reason"])
    return SignedIn(begun, tenant_id, user_id)


def _begun(known: Known, detail: dict[str, str], token: str, caller: Caller, settings: Settings) -> Iterable[Statement]:
    session = NewSession(
        known.user_id,
        caller.kind,
        APPLICATION,
        caller.source_ip,
        caller.user_agent,
        proofs=(BREAK_GLASS,),
        acting_user_id=detail["operator"],
        reason=detail["reason"],
        most_minutes=int(detail["minutes"]),
    )
    idle = settings.session_idle_minutes
    yield insert_session(known.tenant_id, token, session, idle_minutes=idle, hours=settings.session_hours)
    yield history(known, caller, "Success", acting_user_id=detail["operator"])
    actor = Actor(known.user_id, known.username, caller.source_ip, detail["operator"])
    display = f"Came in by break-glass as {known.username}: {detail['reason']}"
    yield setup_entry(known.tenant_id, actor, SetupChange("usedBreakGlass", SECTION, known.user_id, display))


def _named(tenant_id: int, token: str) -> dict[str, object]:
    return {"tenant_id": tenant_id, "token_hash": token_hash(token), "purpose": BREAK_GLASS}


def _unknown() -> NotFound:
    return NotFound.of("not_found", "This link is not valid, or not any more. Ask the operator for a new one.")


async def _tenant_of(database: Database, token: str) -> int:
    try:
        tenant = await tenant_by_organization_id(database, organization_of(token))
    except ChassisError:
        raise _unknown() from None
    if tenant is None:
        raise _unknown()
    return tenant.id


async def _who(database: Database, tenant_id: int, user_id: str) -> Known:
    known = await find_user(database, tenant_id, user_id)
    if known is None or not known.is_active or known.is_service:
        raise Invalid.of("invalid_user", "Let an active person in: service users and inactive ones can't sign in.")
    return known


async def _operator(database: Database, context: Context) -> str:
    """The user that stands for the operator; made with the first need, and never active."""
    username = f"operator@{context.tenant.organization_id.lower()}.invalid"
    binding = Binding(context.tenant.id)
    [rows] = await database.read(binding, _OPERATOR.bind(tenant_id=context.tenant.id, username=username))
    if rows:
        return str(rows[0][0])
    values = {"Username": username, "Email": username, "LastName": OPERATOR_NAME, "IsActive": False}
    made = await create_record(database, as_system(context, "User"), "User", values)
    return str(made.id)


async def _tell(transaction: Transaction, context: Context, what: str, known: Known, reason: str) -> None:
    """A notice to each of the tenant's security administrators."""
    sets = [name for name, each in context.snapshot.permission_sets.items() if TOLD in each.system]
    found = await people(transaction, context, [Naming("permission_set", name) for name in sets])
    told = {each.id: each for group in found.values() for each in group}
    notices = [Notice(each.id, _title(each, what, known, reason), source="break_glass") for each in told.values()]
    if notices:
        await give_notice(transaction, context, notices)


def _title(person: Person, what: str, known: Known, reason: str) -> str:
    words = _TITLES.get(person.language, _TITLES["en_US"])
    return words[what].format(username=known.username, reason=reason)
