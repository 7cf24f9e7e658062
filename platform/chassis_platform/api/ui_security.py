"""What users do for their own safety: show who they are, factors, password, sessions, letting an administrator in."""

from __future__ import annotations

from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Forbidden, Invalid
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.cookies import demand_same_site, set_device_cookie, set_session_cookie
from chassis_platform.api.deps import credential, open_route, route, server_of, source_ip
from chassis_platform.api.setup_users import array
from chassis_platform.api.ui_session import browser, desk_of, text_of
from chassis_platform.auth import pending
from chassis_platform.auth.credentials import check_credentials, demand_patience, find_user, find_username
from chassis_platform.auth.factors import (
    added_factor,
    begin_totp,
    confirm_totp,
    count_recovery_codes,
    demand_place,
    list_factors,
    new_recovery_codes,
    remove_factor,
    tidy_label,
)
from chassis_platform.auth.login_as import grant_login, granted_until, withdraw_grant
from chassis_platform.auth.new_password import reset_password, set_password
from chassis_platform.auth.own_sessions import end_others, end_own, list_own
from chassis_platform.auth.passkeys import Desk, ask_to_register, ask_to_verify, register
from chassis_platform.auth.sessions import PASSKEY, PASSWORD, TOTP, csrf_token
from chassis_platform.auth.totp import provisioning_uri, shown_secret
from chassis_platform.auth.verification import (
    Verified,
    methods_of,
    owner_of,
    renewed,
    require_recent_verification,
    verify,
)
from chassis_platform.automation.password_mails import queue_reset_mail
from chassis_tenants.database import Binding
from chassis_tenants.statement import Statement


def _desk(context: Context, request: Request) -> Desk:
    """Passkeys of this session: a challenge of another one is worth nothing."""
    return desk_of(request, context.principal.session_id or "")


def _demand_oneself(context: Context) -> None:
    if context.principal.acting_user_id is not None:
        raise Forbidden.of("insufficient_access", "This can't be done while signed in as somebody else.")


def _renewed_response(request: Request, verified: Verified, **also: Any) -> Response:
    server_of(request).forget(credential(request)[0])
    response = json_response({"csrf_token": csrf_token(verified.token), **also})
    set_session_cookie(request, response, verified.token)
    set_device_cookie(request, response, verified.device)
    return response


async def list_methods(context: Context, request: Request) -> Response:
    """`GET /ui/verify`: how the user can show who they are."""
    methods = await methods_of(server_of(request).database, context)
    token = csrf_token(credential(request)[0])
    return json_response({"methods": methods, "pending": context.principal.pending, "csrf_token": token})


async def ask_verification(context: Context, request: Request) -> Response:
    """`POST /ui/verify/passkey-options`."""
    asked = await ask_to_verify(server_of(request).database, _desk(context, request), owner_of(context))
    return json_response(asked.document)


def _demand_cookie(request: Request) -> None:
    if not credential(request)[1]:
        raise Forbidden.of(
            "insufficient_access", "This is for the web application's sessions. Get a new token instead."
        )


async def verify_user(context: Context, request: Request) -> Response:
    """`POST /ui/verify` `{"method", "code" | "password" | "credential" and "state"}`: the session gets a new token."""
    _demand_cookie(request)
    _demand_oneself(context)
    document = await json_object(request)
    database = server_of(request).database
    verified = await verify(database, _desk(context, request), context, document, browser(request))
    return _renewed_response(request, verified)


async def my_security(context: Context, request: Request) -> Response:
    """`GET /ui/me/security`: what stands between a stranger and one's account."""
    owner = owner_of(context)
    password = Statement(
        "SELECT changed_at FROM chassis.credential WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
        owner.bound(),
    )
    factors, codes, changed, granted = await server_of(request).database.read(
        context.binding, list_factors(owner), count_recovery_codes(owner), password, granted_until(owner)
    )
    rules = context.security.password
    document = {
        "password_changed": changed[0][0] if changed else None,
        "recovery_codes": codes[0][0],
        "login_granted_until": granted[0][0] if granted else None,
        "login_as": context.security.login_as.allowed,
        "pending": context.principal.pending,
        "password_rules": {
            "min_length": rules.min_length,
            "history": rules.history,
            "complexity": rules.complexity,
            "refuse_common": rules.refuse_common,
        },
    }
    return json_response(b'{"factors":' + array(factors) + b"," + bytes(json_response(document).body)[1:])


def _demand_may_add(context: Context) -> None:
    """A factor is added by who has just shown who they are; one that is owed comes before a new one is made."""
    require_recent_verification(context)
    if context.principal.pending == pending.SECOND_FACTOR:
        pending.demand_complete(context.principal.pending)


async def add_totp(context: Context, request: Request) -> Response:
    """`POST /ui/me/factors/totp`: the secret, for an app; in force once a code of it was sent."""
    _demand_may_add(context)
    server, owner = server_of(request), owner_of(context)
    await demand_place(server.database, owner)
    factor_id, secret = await begin_totp(server.database, server.settings.home, owner)
    uri = provisioning_uri(secret, account=context.principal.username, issuer=context.tenant.label)
    return json_response({"id": factor_id, "secret": shown_secret(secret), "uri": uri}, 201)


async def confirm(context: Context, request: Request) -> Response:
    """`POST /ui/me/factors/totp/{id}/confirm` `{"code", "label"}`: recovery codes with the first factor."""
    _demand_may_add(context)
    _demand_cookie(request)
    document = await json_object(request)
    server, owner = server_of(request), owner_of(context)
    label = tidy_label(document.get("label"), "Authenticator")
    factor_id, code = request.path_params["id"], text_of(document, "code")
    if not await confirm_totp(server.database, server.settings.home, owner, factor_id, code, label):
        raise Invalid.of("verification_failed", "That was not right. Try again.", fields=["code"])
    return await _with_new_factor(context, request, TOTP, label)


async def _with_new_factor(context: Context, request: Request, proof: str, label: str) -> Response:
    database = server_of(request).database
    codes = await added_factor(database, owner_of(context), context.actor, f"{proof}: {label}")
    known = await find_user(database, context.tenant.id, context.principal.user_id)
    if known is None:
        raise Forbidden.of("insufficient_access", "The user is not there any more.")
    verified = await renewed(database, context, known, browser(request), proof)
    return _renewed_response(request, verified, recovery_codes=codes)


async def ask_registration(context: Context, request: Request) -> Response:
    """`POST /ui/me/factors/passkey-options`."""
    _demand_may_add(context)
    database, owner = server_of(request).database, owner_of(context)
    await demand_place(database, owner)
    asked = await ask_to_register(
        database,
        _desk(context, request),
        owner,
        organization_id=context.tenant.organization_id,
        name=context.principal.username,
    )
    return json_response(asked.document)


async def add_passkey(context: Context, request: Request) -> Response:
    """`POST /ui/me/factors/passkey` `{"credential", "state", "label"}`."""
    _demand_may_add(context)
    _demand_cookie(request)
    document = await json_object(request)
    label = tidy_label(document.get("label"), "Passkey")
    await register(server_of(request).database, _desk(context, request), owner_of(context), document, label)
    return await _with_new_factor(context, request, PASSKEY, label)


async def delete_factor(context: Context, request: Request) -> Response:
    """`DELETE /ui/me/factors/{id}`."""
    require_recent_verification(context)
    owner, actor = owner_of(context), context.actor
    await remove_factor(server_of(request).database, owner, request.path_params["id"], actor)
    return no_content()


async def make_recovery_codes(context: Context, request: Request) -> Response:
    """`POST /ui/me/recovery-codes`: ten new ones, shown this once."""
    require_recent_verification(context)
    codes = await new_recovery_codes(server_of(request).database, owner_of(context), context.actor)
    return json_response({"recovery_codes": codes}, 201)


async def my_sessions(context: Context, request: Request) -> Response:
    """`GET /ui/me/sessions`."""
    [rows] = await server_of(request).database.read(context.binding, list_own(context))
    return json_response(b'{"sessions":' + array(rows) + b"}")


async def end_my_session(context: Context, request: Request) -> Response:
    """`DELETE /ui/me/sessions/{id}`."""
    await end_own(server_of(request).database, context, request.path_params["id"], context.actor)
    return no_content()


async def end_my_others(context: Context, request: Request) -> Response:
    """`DELETE /ui/me/sessions`: all but this one."""
    return json_response({"ended": await end_others(server_of(request).database, context, context.actor)})


async def let_in(context: Context, request: Request) -> Response:
    """`PUT /ui/me/login-grant` `{"hours"}`: administrators may sign in as oneself."""
    _demand_oneself(context)
    hours = (await json_object(request)).get("hours")
    if not isinstance(hours, int) or isinstance(hours, bool):
        raise Invalid.of("invalid_field", "hours is a whole number.", fields=["hours"])
    until = await grant_login(server_of(request).database, owner_of(context), hours, context.actor)
    return json_response({"until": until})


async def let_out(context: Context, request: Request) -> Response:
    """`DELETE /ui/me/login-grant`."""
    _demand_oneself(context)
    await withdraw_grant(server_of(request).database, owner_of(context), context.actor)
    return no_content()


async def change_password(context: Context, request: Request) -> Response:
    """`POST /ui/me/password` `{"password", "new_password"}`: all other sessions end."""
    _demand_oneself(context)
    if context.principal.pending != pending.NEW_PASSWORD:
        pending.demand_complete(context.principal.pending)
    document = await json_object(request)
    server, username = server_of(request), context.principal.username
    old, new = text_of(document, "password"), text_of(document, "new_password")
    known = await check_credentials(server.database, username, old, browser(request, "Change password"))
    if not credential(request)[1]:
        await set_password(server.database, known, new, context.actor)
        return no_content()
    await set_password(server.database, known, new, context.actor, kept=context.binding.session_hash)
    verified = await renewed(server.database, context, known, browser(request), PASSWORD)
    return _renewed_response(request, verified)


async def forgot_password(request: Request) -> Response:
    """`POST /ui/password/forgotten` `{"username"}`: the same answer, as fast, whether or not there is such a user."""
    demand_same_site(request)
    username = text_of(await json_object(request), "username")
    caller = browser(request, "Forgotten password")
    await demand_patience(server_of(request).database, caller, clock.now())
    response = json_response({"sent": True}, 202)
    response.background = BackgroundTask(_send_link, request, username)
    return response


async def _send_link(request: Request, username: str) -> None:
    database = server_of(request).database
    known = await find_username(database, username.strip())
    if known is not None and known.is_active and not known.is_service and known.password_hash is not None:
        await database.read(Binding(known.tenant_id), queue_reset_mail(known.tenant_id, known.user_id))


async def reset_forgotten(request: Request) -> Response:
    """`POST /ui/password/reset` `{"token", "new_password"}`: the link of the mail, once."""
    demand_same_site(request)
    document = await json_object(request)
    token, new = text_of(document, "token"), text_of(document, "new_password")
    known = await reset_password(server_of(request).database, token, new, source_ip(request))
    return json_response({"username": known.username})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    factors = "/ui/me/factors"
    return [
        route("/ui/verify", ["GET"], list_methods, incomplete=True),
        route("/ui/verify", ["POST"], verify_user, incomplete=True),
        route("/ui/verify/passkey-options", ["POST"], ask_verification, incomplete=True),
        route("/ui/me/security", ["GET"], my_security, incomplete=True),
        route(f"{factors}/totp", ["POST"], add_totp, incomplete=True),
        route(f"{factors}/totp/{{id}}/confirm", ["POST"], confirm, incomplete=True),
        route(f"{factors}/passkey-options", ["POST"], ask_registration, incomplete=True),
        route(f"{factors}/passkey", ["POST"], add_passkey, incomplete=True),
        route(f"{factors}/{{id}}", ["DELETE"], delete_factor),
        route("/ui/me/recovery-codes", ["POST"], make_recovery_codes),
        route("/ui/me/sessions", ["GET"], my_sessions),
        route("/ui/me/sessions", ["DELETE"], end_my_others),
        route("/ui/me/sessions/{id}", ["DELETE"], end_my_session),
        route("/ui/me/login-grant", ["PUT"], let_in),
        route("/ui/me/login-grant", ["DELETE"], let_out),
        route("/ui/me/password", ["POST"], change_password, incomplete=True),
        open_route("/ui/password/forgotten", ["POST"], forgot_password),
        open_route("/ui/password/reset", ["POST"], reset_forgotten),
    ]
