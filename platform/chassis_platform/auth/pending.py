"""What a session still lacks before its user may do anything: a second factor, or a new password."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from chassis_metadata.errors import Forbidden, Problem
from chassis_platform.access.security_policy import SecurityPolicy
from chassis_platform.auth.sessions import (
    PASSKEY,
    PASSWORD,
    RECOVERY_CODE,
    SINGLE_SIGN_ON,
    TOTP,
    FoundSession,
)

SECOND_FACTOR, ENROL_FACTOR, NEW_PASSWORD = "second_factor", "enrol_factor", "new_password"
#: Each of these is enough besides a password, or stands for both.
_STRONG = frozenset({TOTP, PASSKEY, RECOVERY_CODE, SINGLE_SIGN_ON})
_SAID = {
    SECOND_FACTOR: "Show your second factor first.",
    ENROL_FACTOR: "Set up a second factor first: your organisation asks for one.",
    NEW_PASSWORD: "Set a new password first.",
}


def pending_of(session: FoundSession, security: SecurityPolicy, *, needs_factor: bool, now: datetime) -> str | None:
    """What a browser's session lacks; programs' sessions are refused at their beginning instead."""
    if session.kind != "browser" or session.acting_user_id is not None:
        return None
    if session.has_factor and not _STRONG & set(session.proofs):
        return SECOND_FACTOR
    if needs_factor and not _STRONG & set(session.proofs):
        return ENROL_FACTOR
    if needs_password(session.proofs, session.password_changed_at, security, must_change=session.must_change, now=now):
        return NEW_PASSWORD
    return None


def needs_password(
    proofs: Collection[str], changed_at: datetime | None, security: SecurityPolicy, *, must_change: bool, now: datetime
) -> bool:
    """Whether who came in by a password has to set a new one."""
    if PASSWORD not in proofs or changed_at is None:
        return False
    days = security.password.max_age_days
    return must_change or (days > 0 and changed_at < now - timedelta(days=days))


def demand_complete(pending: str | None) -> None:
    """Refuse everything while something is missing; the details say what, so that a page can ask for it."""
    if pending is not None:
        raise Forbidden(Problem("", "sign_in_incomplete", _SAID[pending], details={"pending": pending}))
