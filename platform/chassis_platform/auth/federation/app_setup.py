"""Connected apps as administrators make, change and revoke them; every change in the setup trail."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import Forbidden, Invalid, NotFound, Problem
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.scopes import is_scope
from chassis_platform.auth.federation.apps import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    GRANTS,
    JWT_BEARER,
    ConnectedApp,
    find_app_of,
    new_client_id,
    new_secret,
)
from chassis_platform.auth.federation.assertion import read_public_key
from chassis_platform.auth.federation.documents import Reading, is_active_user
from chassis_platform.auth.federation.redirects import redirect_problem
from chassis_platform.auth.federation.tokens import end_grants
from chassis_platform.auth.sessions import token_hash
from chassis_tenants.database import Database
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

SECTION = "Connected apps"
LONGEST_REFRESH_DAYS = 365
_NEW: Mapping[str, Any] = {
    "label": "",
    "description": None,
    "grants": [AUTHORIZATION_CODE],
    "scopes": ["api", "refresh_token"],
    "redirect_uris": [],
    "certificate": None,
    "ip_ranges": [],
    "admission": "self",
    "permission_sets": [],
    "refresh_days": 30,
    "run_as_user_id": None,
}

_INSERT = Statement(
    "INSERT INTO chassis.api_client (tenant_id, client_id, secret_hash, label, description, run_as_user_id, grants,"
    " scopes, redirect_uris, certificate, ip_ranges, admission, permission_sets, refresh_days, created_at, created_by,"
    " changed_at) VALUES (%(tenant_id)s, %(client_id)s, %(secret_hash)s, %(label)s, %(description)s,"
    " %(run_as_user_id)s, %(grants)s, %(scopes)s, %(redirect_uris)s, %(certificate)s, %(ip_ranges)s, %(admission)s,"
    " %(permission_sets)s, %(refresh_days)s, %(now)s, %(user_id)s, %(now)s)"
)
_UPDATE = Statement(
    "UPDATE chassis.api_client SET label = %(label)s, description = %(description)s,"
    " run_as_user_id = %(run_as_user_id)s, grants = %(grants)s, scopes = %(scopes)s,"
    " redirect_uris = %(redirect_uris)s, certificate = %(certificate)s, ip_ranges = %(ip_ranges)s,"
    " admission = %(admission)s, permission_sets = %(permission_sets)s, refresh_days = %(refresh_days)s,"
    " changed_at = %(now)s WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s AND revoked_at IS NULL"
)
_REVOKE = Statement(
    "UPDATE chassis.api_client SET revoked_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s AND revoked_at IS NULL"
)
_NEW_SECRET = Statement(
    "UPDATE chassis.api_client SET secret_hash = %(secret_hash)s, changed_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND client_id = %(client_id)s AND revoked_at IS NULL"
)
_LIST = Statement(
    "SELECT json_build_object('id', c.client_id, 'label', c.label, 'description', c.description,"
    " 'public', c.secret_hash IS NULL, 'grants', c.grants, 'scopes', c.scopes, 'redirect_uris', c.redirect_uris,"
    " 'certificate', c.certificate, 'ip_ranges', c.ip_ranges, 'admission', c.admission,"
    " 'permission_sets', c.permission_sets, 'refresh_days', c.refresh_days, 'created', c.created_at,"
    " 'run_as', CASE WHEN u.id IS NULL THEN NULL ELSE json_build_object('id', u.id, 'name', u.name,"
    "   'username', u.username, 'is_active', u.is_active) END,"
    " 'users', (SELECT count(*) FROM chassis.app_consent g"
    "   WHERE g.tenant_id = c.tenant_id AND g.client_id = c.client_id))"
    " FROM chassis.api_client c"
    ' LEFT JOIN tenant."user" u ON u.tenant_id = c.tenant_id AND u.id = c.run_as_user_id'
    " WHERE c.tenant_id = %(tenant_id)s AND c.revoked_at IS NULL ORDER BY lower(c.label), c.client_id"
)


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app's id, and its secret (None of a public app): this is the only time that it can be read."""

    client_id: str
    secret: str | None


def list_apps(tenant_id: int) -> Statement:
    """A JSON document of each app that was not revoked."""
    return _LIST.bind(tenant_id=tenant_id)


def app_document(app: ConnectedApp) -> dict[str, Any]:
    """What may be changed of an app."""
    return {name: list(value) if isinstance(value := getattr(app, name), tuple) else value for name in _NEW}


async def create_app(database: Database, context: Context, document: Mapping[str, Any]) -> NewApp:
    """Make an app; `public` makes one that keeps no secret."""
    values = {**_NEW, **document}
    public = values.pop("public", False) is True
    await _check(database, context, values, public=public)
    made = NewApp(new_client_id(context.tenant.organization_id), None if public else new_secret())
    inserted = _INSERT.bind(
        **values,
        tenant_id=context.tenant.id,
        client_id=made.client_id,
        secret_hash=made.secret and token_hash(made.secret),
        now=clock.now(),
        user_id=context.principal.user_id,
    )
    label = str(values["label"])
    change = SetupChange("createdConnectedApp", SECTION, label, f"Created the connected app {label}", after=values)
    await database.read(context.binding, inserted, setup_entry(context.tenant.id, context.actor, change))
    return made


async def _app(database: Database, context: Context, client_id: str) -> ConnectedApp:
    app = await find_app_of(database, context.tenant.id, client_id)
    if app is None:
        raise NotFound.of("not_found", "There is no such connected app.")
    return app


async def update_app(database: Database, context: Context, client_id: str, document: Mapping[str, Any]) -> None:
    """Change an app. Tokens that it has lose the scopes that it lost: they end, and are had anew by refreshing."""
    app = await _app(database, context, client_id)
    before = app_document(app)
    values = {**before, **document}
    await _check(database, context, values, public=app.secret_hash is None)
    key = {"tenant_id": context.tenant.id, "client_id": client_id}
    change = SetupChange(
        "changedConnectedApp", SECTION, app.label, f"Changed the connected app {app.label}", before, values
    )
    statements = [_UPDATE.bind(**values, **key, now=clock.now())]
    if any(before[name] != values[name] for name in ("scopes", "ip_ranges", "admission", "permission_sets")):
        statements.append(_end_sessions(context, client_id))
    await database.read(context.binding, *statements, setup_entry(context.tenant.id, context.actor, change))


def _end_sessions(context: Context, client_id: str) -> Statement:
    return end_grants(context.tenant.id, client_id=client_id)[1]


async def renew_secret(database: Database, context: Context, client_id: str) -> str:
    """A new secret in place of the old one, which is refused from now on."""
    app = await _app(database, context, client_id)
    if app.secret_hash is None:
        raise Invalid.of("invalid_field", "A public app has no secret.")
    _demand_may_lend(context, app_document(app))
    secret = new_secret()
    renewed = _NEW_SECRET.bind(
        tenant_id=app.tenant_id, client_id=client_id, secret_hash=token_hash(secret), now=clock.now()
    )
    change = SetupChange("renewedAppSecret", SECTION, app.label, f"Gave the connected app {app.label} a new secret")
    await database.read(context.binding, renewed, setup_entry(app.tenant_id, context.actor, change))
    return secret


async def revoke_app(database: Database, context: Context, client_id: str) -> None:
    """End an app for good, and all its tokens."""
    app = await _app(database, context, client_id)
    change = SetupChange("revokedConnectedApp", SECTION, app.label, f"Revoked the connected app {app.label}", client_id)
    await database.read(
        context.binding,
        _REVOKE.bind(tenant_id=app.tenant_id, client_id=client_id, now=clock.now()),
        *end_grants(app.tenant_id, client_id=client_id),
        setup_entry(app.tenant_id, context.actor, change),
    )


async def _check(database: Database, context: Context, values: dict[str, Any], *, public: bool) -> None:
    """Tidy the values and refuse all that is wrong with them at once."""
    reading = Reading(values)
    reading.refuse_unknown(_NEW)
    reading.text("label", required=True)
    reading.text("description", longest=1000)
    reading.text("certificate", longest=20_000)
    reading.text("run_as_user_id")
    for name in ("grants", "scopes", "redirect_uris", "ip_ranges", "permission_sets"):
        reading.names(name)
    reading.one_of("admission", ("self", "approved"))
    reading.number("refresh_days", 1, LONGEST_REFRESH_DAYS)
    reading.raise_problems()
    _demand_may_lend(context, values)
    reading.problems += [*_problems(context, values), *_grant_problems(values, public=public)]
    user_id = values["run_as_user_id"]
    if user_id is not None and not await is_active_user(database, context.tenant.id, user_id):
        reading.refuse("run_as_user_id", "The user to run as is not there or not active.")
    reading.raise_problems()


def _demand_may_lend(context: Context, values: Mapping[str, Any]) -> None:
    """Who holds an app's secret or key acts as others: only who manages users may lend their rights."""
    # Without a session it is the operator who acts, from the command line.
    if context.policy.may("ManageUsers") or context.principal.session_id is None:
        return
    if values["run_as_user_id"] not in (None, context.principal.user_id):
        raise Forbidden.of("insufficient_access", "To let an app run as somebody else needs ManageUsers.")
    if JWT_BEARER in values["grants"] and values["admission"] == "approved":
        raise Forbidden.of("insufficient_access", "To let an app sign in others unasked needs ManageUsers.")


def _problems(context: Context, values: Mapping[str, Any]) -> list[Problem]:
    found = [
        _problem("grants", f"{each!r} is no grant: {', '.join(GRANTS)}.")
        for each in values["grants"]
        if each not in GRANTS
    ]
    found += [_problem("scopes", f"{each!r} is no scope.") for each in values["scopes"] if not is_scope(each)]
    for each in values["redirect_uris"]:
        if wrong := redirect_problem(each):
            found.append(_problem("redirect_uris", f"{each} {wrong}."))
    found += [
        _problem("ip_ranges", f"{each!r} is no address range such as 10.0.0.0/8.")
        for each in values["ip_ranges"]
        if not _is_range(each)
    ]
    found += [
        _problem("permission_sets", f"There is no permission set {each!r}.")
        for each in values["permission_sets"]
        if each not in context.snapshot.permission_sets
    ]
    if values["certificate"] is not None:
        try:
            read_public_key(str(values["certificate"]))
        except Invalid as wrong_key:
            found += wrong_key.problems
    return found


def _grant_problems(values: Mapping[str, Any], *, public: bool) -> list[Problem]:
    """What the grants need, and what a public app may not do."""
    grants, found = set(values["grants"]), []
    if AUTHORIZATION_CODE in grants and not values["redirect_uris"]:
        found.append(_problem("redirect_uris", "Who asks users needs an address to send them back to."))
    if JWT_BEARER in grants and not values["certificate"]:
        found.append(_problem("certificate", "The grant jwt_bearer needs the app's certificate."))
    if CLIENT_CREDENTIALS in grants and not values["run_as_user_id"]:
        found.append(_problem("run_as_user_id", "The grant client_credentials needs a user to run as."))
    if public and CLIENT_CREDENTIALS in grants:
        found.append(_problem("grants", "An app without a secret may not use client_credentials."))
    if values["admission"] == "approved" and not values["permission_sets"]:
        found.append(_problem("permission_sets", "Say whose users may use the app: one permission set at least."))
    if not values["scopes"]:
        found.append(_problem("scopes", "Give the app one scope at least."))
    return found


def _is_range(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _problem(name: str, message: str) -> Problem:
    return Problem(name, "invalid_field", message, fields=(name,))
