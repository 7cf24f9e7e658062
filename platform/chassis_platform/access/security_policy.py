"""A tenant's security policy: one document, typed, with defaults for what it does not say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis_metadata.check.login import check_login
from chassis_metadata.components import LoginRestriction
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.forms import Complaint, complaints
from chassis_metadata.parse import login_restriction
from chassis_tenants.statement import Statement

KIND = "security_policy"


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a password must be."""

    min_length: int = 10
    refuse_common: bool = True
    history: int = 0
    max_age_days: int = 0
    complexity: bool = False


@dataclass(frozen=True, slots=True)
class LockoutRules:
    """When failures lock a user out, and how long at most."""

    failures: int = 5
    longest_minutes: int = 240


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long a session lasts and what it is bound to. None: as the installation has it."""

    idle_minutes: int | None = None
    hours: int | None = None
    bind_browser: bool = True
    bind_address: bool = False
    most_per_user: int = 0


@dataclass(frozen=True, slots=True)
class FactorRules:
    """What is asked besides the password."""

    required: bool = False
    passkey_alone: bool = True


@dataclass(frozen=True, slots=True)
class LoginAsRules:
    """Who may sign in as somebody else."""

    allowed: str = "when_granted"
    longest_minutes: int = 60


@dataclass(frozen=True, slots=True)
class ProgramRules:
    """What programs may sign in with that have nothing but a username and a password."""

    password_grant: bool = True
    soap_login: bool = False


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """The whole document."""

    password: PasswordRules = field(default_factory=PasswordRules)
    lockout: LockoutRules = field(default_factory=LockoutRules)
    session: SessionRules = field(default_factory=SessionRules)
    second_factor: FactorRules = field(default_factory=FactorRules)
    programs: ProgramRules = field(default_factory=ProgramRules)
    verification_minutes: int = 15
    login: LoginRestriction | None = None
    login_as: LoginAsRules = field(default_factory=LoginAsRules)
    four_eyes: frozenset[str] = frozenset()


DEFAULT = SecurityPolicy()


def read_policy(body: Mapping[str, Any] | None) -> SecurityPolicy:
    """The policy of a body that was checked when it was stored."""
    if not body:
        return DEFAULT
    return SecurityPolicy(
        password=PasswordRules(**body.get("password", {})),
        lockout=LockoutRules(**body.get("lockout", {})),
        session=SessionRules(**body.get("session", {})),
        second_factor=FactorRules(**body.get("second_factor", {})),
        programs=ProgramRules(**body.get("programs", {})),
        verification_minutes=body.get("verification_minutes", DEFAULT.verification_minutes),
        login=login_restriction(dict(body["login"])) if body.get("login") else None,
        login_as=LoginAsRules(**body.get("login_as", {})),
        four_eyes=frozenset(body.get("four_eyes", ())),
    )


def check_body(body: Mapping[str, Any]) -> None:
    """Refuse a body with everything that is wrong with it."""
    found = complaints(KIND, body)
    if not found and body.get("login"):
        found = list(check_login(("login",), login_restriction(dict(body["login"]))))
    if found:
        raise Invalid([_problem(each) for each in found])


def _problem(complaint: Complaint) -> Problem:
    path = ".".join(map(str, complaint.where))
    return Problem(path, complaint.code, complaint.message, fields=(path,))


def merged(body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A body with changes: sections are merged key by key, null takes back to the default, lists are replaced."""
    result = dict(body)
    for key, value in changes.items():
        result[key] = _merged_section(result.get(key), value) if key != "login" else value
    return {key: value for key, value in result.items() if value not in (None, {})}


def _merged_section(before: Any, after: Any) -> Any:
    if not isinstance(after, Mapping):
        return after
    known = before if isinstance(before, Mapping) else {}
    return {name: each for name, each in {**known, **after}.items() if each is not None}


def stored_policy(tenant_id: int) -> Statement:
    """The statement that reads the body; no row where the tenant has none of its own."""
    return Statement(
        "SELECT body FROM chassis.security_policy WHERE tenant_id = %(tenant_id)s", {"tenant_id": tenant_id}
    )


def store_policy(tenant_id: int, body: Mapping[str, Any], user_id: str, now: datetime) -> Statement:
    """Keep the body."""
    return Statement(
        "INSERT INTO chassis.security_policy (tenant_id, body, changed_at, changed_by)"
        " VALUES (%(tenant_id)s, %(body)s::jsonb, %(now)s, %(user_id)s)"
        " ON CONFLICT (tenant_id) DO UPDATE SET body = excluded.body, changed_at = excluded.changed_at,"
        " changed_by = excluded.changed_by",
        {"tenant_id": tenant_id, "body": json.dumps(body), "user_id": user_id, "now": now},
    )
