"""Signing in as somebody else, to help: by the user's grant or the tenant's policy, for a while, with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chassis_metadata.errors import Forbidden, Invalid, NotFound
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.auth.credentials import Caller, Known, find_user, history
from chassis_platform.auth.factors import Owner
from chassis_platform.auth.sessions import NewSession, insert_session, new_token
from chassis_platform.auth.sign_in import SignedIn
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.statement import Statement

SECTION = "Signing in as somebody else"
LONGEST_GRANT_HOURS, LONGEST_REASON = 24, 255


async def grant_login(database: Database, owner: Owner, hours: int, actor: Actor) -> datetime:
    """Let administrators sign in as oneself for so many hours; answers until when."""
    if not 1 <= hours <= LONGEST_GRANT_HOURS:
        raise Invalid.of("invalid_field", f"hours is 1 to {LONGEST_GRANT_HOURS}.", fields=["hours"])
    now = clock.now()
    until = now + timedelta(hours=hours)
    kept = Statement(
        "INSERT INTO chassis.login_grant (tenant_id, user_id, granted_at, expires_at)"
        " VALUES (%(tenant_id)s, %(user_id)s, %(now)s, %(until)s) ON CONFLICT (tenant_id, user_id)"
        " DO UPDATE SET granted_at = excluded.granted_at, expires_at = excluded.expires_at",
        owner.bound(now=now, until=until),
    )
    change = SetupChange("grantedLogin", SECTION, owner.user_id, f"Let administrators sign in as them until {until}")
    await database.read(Binding(owner.tenant_id), kept, setup_entry(owner.tenant_id, actor, change))
    return until


async def withdraw_grant(database: Database, owner: Owner, actor: Actor) -> None:
    """No more; sessions that were begun by it end."""
    change = SetupChange("withdrewLogin", SECTION, owner.user_id, "Withdrew the grant; sessions begun by it ended.")
    await database.read(
        Binding(owner.tenant_id),
        Statement(
            "DELETE FROM chassis.login_grant WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s", owner.bound()
        ),
        Statement(
            "UPDATE chassis.session SET revoked_at = now() WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
            " AND acting_user_id IS NOT NULL AND revoked_at IS NULL",
            owner.bound(),
        ),
        setup_entry(owner.tenant_id, actor, change),
    )


def granted_until(owner: Owner) -> Statement:
    """Until when administrators may; no row where they may not."""
    return Statement(
        "SELECT expires_at FROM chassis.login_grant WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
        " AND expires_at > %(now)s",
        owner.bound(now=clock.now()),
    )


async def login_as(  # noqa: PLR0913  who, as whom, and why
    database: Database,
    settings: Settings,
    context: Context,
    user_id: str,
    reason: str,
    *,
    caller: Caller,
    others: AccessPolicy,
) -> SignedIn:
    """Begin a session as another user. `others` is what that user may do."""
    known = await find_user(database, context.tenant.id, user_id)
    if known is None or not known.is_active:
        raise NotFound.of("not_found", "There is no such user, or the user is not active.")
    until = await _demand_allowed(database, context, known, others)
    rules = context.security.login_as
    minutes = min(rules.longest_minutes, max(int((until - clock.now()).total_seconds() // 60), 1))
    token = new_token(context.tenant.organization_id)
    acting = context.principal
    session = replace(
        NewSession(user_id, "browser", caller.application, caller.source_ip, caller.user_agent),
        proofs=("login_as",),
        acting_user_id=acting.user_id,
        reason=reason,
        most_minutes=minutes,
    )
    display = f"{acting.username} signed in as {known.username}: {reason}"
    change = SetupChange("loggedInAs", SECTION, user_id, display, after={"reason": reason, "minutes": minutes})
    await database.read(
        context.binding,
        insert_session(
            context.tenant.id, token, session, idle_minutes=settings.session_idle_minutes, hours=settings.session_hours
        ),
        history(known, caller, "Success", acting_user_id=acting.user_id),
        setup_entry(context.tenant.id, Actor(acting.user_id, acting.username, acting.source_ip), change),
    )
    return SignedIn(token, context.tenant.id, user_id)


async def _demand_allowed(database: Database, context: Context, known: Known, others: AccessPolicy) -> datetime:
    """Until when it is allowed; raises Forbidden where it is not."""
    rules = context.security.login_as
    if known.user_id == context.principal.user_id or known.is_service:
        raise Forbidden.of("insufficient_access", "Sign in as another person than oneself; service users are none.")
    if rules.allowed == "no":
        raise Forbidden.of("insufficient_access", "Your organisation's policy lets nobody sign in as somebody else.")
    if rules.allowed == "always":
        _demand_no_more(context, others)
        return clock.now() + timedelta(minutes=rules.longest_minutes)
    [rows] = await database.read(context.binding, granted_until(Owner(context.tenant.id, known.user_id)))
    if not rows:
        raise Forbidden.of("insufficient_access", "The user has not let administrators sign in as them.")
    until: datetime = rows[0][0]
    return until


def _demand_no_more(context: Context, others: AccessPolicy) -> None:
    """Nobody gets by this what they do not hold themselves; what a user grants is the user's own affair."""
    beyond = sorted(others.grants.system - context.policy.grants.system)
    if beyond:
        raise Forbidden.of("insufficient_access", f"The user may do more than you: {', '.join(beyond)}.")


def check_reason(reason: object) -> str:
    """A reason is given, in a sentence."""
    text = " ".join(reason.split()) if isinstance(reason, str) else ""
    if not text or len(text) > LONGEST_REASON:
        raise Invalid.of("required_field_missing", "Say why, in a sentence.", fields=["reason"])
    return text
