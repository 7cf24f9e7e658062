"""Setup: the security policy, users' second factors, signing in as somebody else."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.forms import schema
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.door import make_door
from chassis_platform.access.security_policy import check_body, merged, read_policy, store_policy, stored_policy
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import credential, route, server_of
from chassis_platform.api.setup_four_eyes import with_four_eyes
from chassis_platform.api.standing_for import demand_no_stronger
from chassis_platform.api.ui_session import browser, session_response
from chassis_platform.auth.factors import Owner, remove_all_factors
from chassis_platform.auth.login_as import check_reason, login_as
from chassis_platform.auth.sessions import revoke_session
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.automation.four_eyes import FEWEST_APPROVERS, LOGIN_AS, SECURITY_POLICY, approvers
from chassis_platform.sql.trail import CHANGE_ACCESS
from chassis_tenants.database import Binding, Row
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

SECTION = "Security policy"


async def get_policy(context: Context, request: Request) -> Response:
    """`GET /setup/security-policy`: the tenant's own settings, and all that is in force with the defaults."""
    context.policy.demand("ManageSecurity")
    [rows] = await server_of(request).database.read(context.binding, stored_policy(context.tenant.id))
    body = rows[0][0] if rows else {}
    return json_response({"policy": body, "defaults": _defaults(), "schema": schema("security_policy.schema.json")})


def _defaults() -> dict[str, Any]:
    """What holds where the tenant says nothing, by section and key."""
    sections: dict[str, Any] = schema("security_policy.schema.json")["properties"]
    found: dict[str, Any] = {}
    for name, section in sections.items():
        if "default" in section:
            found[name] = section["default"]
        elif "properties" in section:
            found[name] = {key: one["default"] for key, one in section["properties"].items() if "default" in one}
    return found


async def change_policy(context: Context, request: Request) -> Response:
    """`PATCH /setup/security-policy`: what is named is changed, null takes it back to the default."""
    context.policy.demand("ManageSecurity")
    require_recent_verification(context)
    changes = await json_object(request)
    server, tenant_id, now = server_of(request), context.tenant.id, clock.now()
    async with server.database.transaction(context.binding) as transaction:
        rows = await transaction.fetch(stored_policy(tenant_id))
        before = rows[0][0] if rows else {}
        after = merged(before, changes)
        check_body(after)
        _demand_open_to_oneself(context, after)
        if after.get("four_eyes"):
            _demand_approvers(await transaction.fetch(approvers(tenant_id, context.snapshot)))
        change = SetupChange("changedPolicy", SECTION, SECTION, "Changed the security policy", before, after)
        await transaction.fetch_each(
            [
                store_policy(tenant_id, after, context.principal.user_id, now),
                setup_entry(tenant_id, context.actor, change),
                *_take_effect(context, after, request),
            ]
        )
    return json_response({"policy": after})


def _demand_open_to_oneself(context: Context, body: dict[str, Any]) -> None:
    """Nobody shuts the door behind which they stand: a policy that would refuse this very request is a mistake."""
    login = read_policy(body).login
    refusal = make_door(login, [], context.principal.time_zone).refusal(context.principal.source_ip, clock.now())
    if refusal is not None:
        raise Invalid.of("invalid_field", f"You would lock yourself out: you are {refusal}.", fields=["login"])


def _demand_approvers(rows: list[Row]) -> None:
    if rows[0][0] < FEWEST_APPROVERS:
        message = "Nobody could approve anything: fewer than two active users have ApproveAdministration."
        raise Invalid.of("invalid_field", message, fields=["four_eyes"])


def _take_effect(context: Context, body: dict[str, Any], request: Request) -> list[Statement]:
    """Running sessions end by the new limits, and every cached context is made anew."""
    rules, settings = read_policy(body).session, server_of(request).settings
    values = {
        "tenant_id": context.tenant.id,
        "idle": rules.idle_minutes or settings.session_idle_minutes,
        "hours": rules.hours or settings.session_hours,
    }
    return [
        Statement(
            "UPDATE chassis.session SET expires_at = least(expires_at, created_at + make_interval(hours => %(hours)s),"
            " last_seen_at + make_interval(mins => %(idle)s)) WHERE tenant_id = %(tenant_id)s AND revoked_at IS NULL"
            " AND kind = 'browser' AND expires_at > now()",
            values,
        ),
        CHANGE_ACCESS.bind(tenant=context.tenant.id),
    ]


async def _demand_user(context: Context, request: Request) -> str:
    user_id: str = request.path_params["id"]
    found = Statement(
        'SELECT 1 FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND NOT is_deleted',
        {"tenant_id": context.tenant.id, "id": user_id},
    )
    [rows] = await server_of(request).database.read(context.binding, found)
    if not rows:
        raise NotFound.of("not_found", "There is no such user.")
    return user_id


async def reset_factors(context: Context, request: Request) -> Response:
    """`DELETE /setup/users/{id}/factors`: for who has lost them."""
    context.policy.demand("ManageUsers")
    require_recent_verification(context)
    user_id = await _demand_user(context, request)
    await demand_no_stronger(context, request, user_id)
    owner = Owner(context.tenant.id, user_id)
    await remove_all_factors(server_of(request).database, owner, context.actor)
    return no_content()


async def unlock(context: Context, request: Request) -> Response:
    """`POST /setup/users/{id}/unlock`: failures are forgotten, in every browser."""
    context.policy.demand("ManageUsers")
    user_id = await _demand_user(context, request)
    values = {"tenant_id": context.tenant.id, "user_id": user_id}
    change = SetupChange("unlockedUser", "Users", user_id, "The user's lock was taken off.")
    where = " SET failed_count = 0, locked_until = NULL WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s"
    await server_of(request).database.read(
        context.binding,
        Statement("UPDATE chassis.credential" + where, values),
        Statement("UPDATE chassis.known_device" + where, values),
        setup_entry(context.tenant.id, context.actor, change),
    )
    return no_content()


async def begin_login_as(context: Context, request: Request) -> Response:
    """`POST /setup/users/{id}/login-as` `{"reason"}`: the browser's session becomes one of that user."""
    context.policy.demand("LoginAs")
    require_recent_verification(context)
    if not credential(request)[1]:
        raise Invalid.of("invalid_field", "This is for sessions of browsers.")
    reason = check_reason((await json_object(request)).get("reason"))
    server, user_id = server_of(request), request.path_params["id"]
    others = await server.policies.of(context.tenant, user_id, context.snapshot, context.tenant.access_version)
    signed_in = await login_as(
        server.database, server.settings, context, user_id, reason, caller=browser(request, "Login as"), others=others
    )
    await end_own_session(context, request)
    return await session_response(request, signed_in)


async def end_own_session(context: Context, request: Request) -> None:
    """The session that asks ends: its place in the browser is taken."""
    server, hashed = server_of(request), context.binding.session_hash
    if hashed is not None:
        await server.database.read(Binding(context.tenant.id), revoke_session(context.tenant.id, hashed))
        server.forget(credential(request)[0])


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/setup/security-policy", ["GET"], get_policy),
        route("/setup/security-policy", ["PATCH"], with_four_eyes(SECURITY_POLICY, "ManageSecurity", change_policy)),
        route("/setup/users/{id}/factors", ["DELETE"], reset_factors),
        route("/setup/users/{id}/unlock", ["POST"], unlock),
        route("/setup/users/{id}/login-as", ["POST"], with_four_eyes(LOGIN_AS, "LoginAs", begin_login_as)),
    ]
