"""The web application's session: sign in, sign out, and what the frame needs to draw itself."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import SESSION_COOKIE, credential, open_route, route, server_of, source_ip
from chassis_platform.api.describe import object_label
from chassis_platform.auth.sessions import csrf_token, revoke_session, token_hash
from chassis_platform.auth.sign_in import Caller, check_credentials, set_password, sign_in
from chassis_platform.records.write import update_record
from chassis_tenants.database import Binding
from chassis_tenants.statement import Statement

LANGUAGES = ("en_US", "zh_CN")
#: Tabs that are pages of the web application, and the system permission that each needs.
PAGES = {"home": None, "setup": "ViewSetup", "audit": "ViewAudit"}


def _text(document: dict[str, Any], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not found:
        raise Invalid.of("required_field_missing", f"Required fields are missing: [{name}]", fields=[name])
    return found


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    """The cookie lives as long as the browser is open; the session's own end is the server's matter."""
    secure = request.url.scheme == "https"
    response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="lax", secure=secure, path="/")


async def begin(request: Request) -> Response:
    """`POST /ui/session`."""
    document = await json_object(request)
    server = server_of(request)
    caller = Caller(source_ip(request), request.headers.get("user-agent"), "Web application", "browser")
    signed_in = await sign_in(
        server.database, server.settings, _text(document, "username"), _text(document, "password"), caller
    )
    response = json_response({"csrf_token": csrf_token(signed_in.token), "user": {"id": signed_in.user_id}})
    set_session_cookie(request, response, signed_in.token)
    return response


async def end(context: Context, request: Request) -> Response:
    """`DELETE /ui/session`."""
    token = credential(request)[0]
    server = server_of(request)
    await server.database.read(Binding(context.tenant.id), revoke_session(context.tenant.id, token_hash(token)))
    server.forget(token)
    response = no_content()
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


async def bootstrap(context: Context, request: Request) -> Response:
    """`GET /ui/bootstrap`."""
    [rows] = await server_of(request).database.read(
        context.binding,
        Statement(
            'SELECT u.name, r.name, r.developer_name FROM tenant."user" u'
            " LEFT JOIN tenant.user_role r ON r.tenant_id = u.tenant_id AND r.id = u.user_role_id"
            " WHERE u.tenant_id = %(tenant_id)s AND u.id = %(user_id)s",
            {"tenant_id": context.tenant.id, "user_id": context.principal.user_id},
        ),
    )
    name, role_name, role_developer_name = rows[0] if rows else (context.principal.username, None, None)
    principal, tenant = context.principal, context.tenant
    role = context.snapshot.text(principal.language, f"roles.{role_developer_name}", role_name or "") or None
    return json_response(
        {
            "csrf_token": csrf_token(credential(request)[0]),
            "version": request.app.version,
            "user": {
                "id": principal.user_id,
                "name": name,
                "username": principal.username,
                "language": principal.language,
                "time_zone": principal.time_zone,
                "role": role,
            },
            "tenant": {
                "name": tenant.name,
                "label": tenant.label,
                "organization_id": tenant.organization_id,
                "currency": tenant.currency,
            },
            "permissions": sorted(context.policy.grants.system),
            "languages": list(LANGUAGES),
            "apps": _apps(context),
        }
    )


def _apps(context: Context) -> list[dict[str, Any]]:
    snapshot, grants = context.snapshot, context.policy.grants
    everything = context.policy.may("ModifyAllData")
    apps = [
        {
            "name": each.name,
            "label": snapshot.text(context.principal.language, f"apps.{each.name}", each.label),
            "icon": each.icon,
            "tabs": [tab for name in each.tabs if (tab := _tab(context, snapshot, name)) is not None],
        }
        for each in sorted(snapshot.apps, key=lambda each: (each.order, each.name))
        if everything or each.name in grants.apps
    ]
    return [each for each in apps if each["tabs"]]


def _tab(context: Context, snapshot: Snapshot, name: str) -> dict[str, Any] | None:
    if name in PAGES:
        needed = PAGES[name]
        if needed is not None and not context.policy.may(needed):
            return None
        label = snapshot.text(context.principal.language, f"pages.{name}", name.capitalize())
        return {"kind": "page", "name": name, "label": label, "icon": None}
    obj = snapshot.objects.get(name)
    if obj is None or not context.policy.on(name).read:
        return None
    return {"kind": "object", "name": name, "label": object_label(context, obj, plural=True), "icon": obj.icon}


async def change_me(context: Context, request: Request) -> Response:
    """`PATCH /ui/me`: one's own language and time zone."""
    document = await json_object(request)
    unknown = set(document) - {"language", "time_zone"}
    if unknown:
        raise Invalid.of("invalid_field", f"Unknown: {', '.join(sorted(unknown))}. Use language, time_zone.")
    language = document.get("language", context.principal.language)
    if language not in LANGUAGES:
        raise Invalid.of("invalid_field", f"language must be one of {', '.join(LANGUAGES)}.", fields=["language"])
    values = {"LanguageLocaleKey": language}
    if "time_zone" in document:
        values["TimeZoneSidKey"] = document["time_zone"]
    await update_record(
        server_of(request).database, as_system(context, "User"), "User", context.principal.user_id, values
    )
    return no_content()


async def change_password(context: Context, request: Request) -> Response:
    """`POST /ui/me/password` `{"password", "new_password"}`: all sessions of the user end."""
    document = await json_object(request)
    server = server_of(request)
    username = context.principal.username
    caller = Caller(source_ip(request), request.headers.get("user-agent"), "Change password", "browser")
    await check_credentials(server.database, username, _text(document, "password"), caller)
    await set_password(
        server.database,
        context.tenant.id,
        context.principal.user_id,
        _text(document, "new_password"),
        username=username,
    )
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        open_route("/ui/session", ["POST"], begin),
        route("/ui/session", ["DELETE"], end),
        route("/ui/bootstrap", ["GET"], bootstrap),
        route("/ui/me", ["PATCH"], change_me),
        route("/ui/me/password", ["POST"], change_password),
    ]
