"""The web application's session: sign in, sign out, and what the frame needs to draw itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Forbidden, Invalid
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.cookies import (
    DEVICE,
    cookie_of,
    demand_same_site,
    is_secure,
    set_device_cookie,
    set_session_cookie,
)
from chassis_platform.api.deps import credential, open_route, route, server_of, source_ip
from chassis_platform.api.describe import object_label
from chassis_platform.auth.credentials import Caller, find_user, refuse, refused
from chassis_platform.auth.factors import Owner
from chassis_platform.auth.passkeys import Desk, Site, ask_to_sign_in, claimed_user, passkey_signs_in
from chassis_platform.auth.sessions import PASSKEY, csrf_token
from chassis_platform.auth.sign_in import SignedIn, sign_in, sign_in_user
from chassis_platform.automation.break_glass import APPLICATION, use
from chassis_platform.records.write import update_record
from chassis_tenants.registry import tenant_by_organization_id
from chassis_tenants.statement import Statement

LANGUAGES = ("en_US", "zh_CN")
#: Tabs that are pages of the web application, and the system permission that each needs.
PAGES = {"home": None, "setup": "ViewSetup", "audit": "ViewAudit"}


def text_of(document: dict[str, Any], name: str) -> str:
    """A text that has to be there."""
    found = document.get(name)
    if not isinstance(found, str) or not found:
        raise Invalid.of("required_field_missing", f"Required fields are missing: [{name}]", fields=[name])
    return found


def browser(request: Request, application: str = "Web application") -> Caller:
    """The browser that asks, as the login history keeps it."""
    agent = request.headers.get("user-agent")
    return Caller(source_ip(request), agent, application, "browser", cookie_of(request, DEVICE))


async def begin(request: Request) -> Response:
    """`POST /ui/session` `{"username", "password"}`. What is still missing is `pending`: it is shown to /ui/verify."""
    demand_same_site(request)
    document = await json_object(request)
    server = server_of(request)
    signed_in = await sign_in(
        server.database,
        server.settings,
        text_of(document, "username"),
        text_of(document, "password"),
        browser(request),
        judge=server.judge,
    )
    return await session_response(request, signed_in)


async def session_response(request: Request, signed_in: SignedIn) -> Response:
    """The answer to a sign-in: the page's token, and the cookies."""
    context = await server_of(request).context_of(signed_in.token)
    response = json_response(
        {
            "csrf_token": csrf_token(signed_in.token),
            "user": {"id": signed_in.user_id},
            "pending": context.principal.pending,
        }
    )
    set_session_cookie(request, response, signed_in.token)
    set_device_cookie(request, response, signed_in.device)
    return response


async def ask_passkey(request: Request) -> Response:
    """`POST /ui/session/passkey-options`: what the browser needs to ask for a passkey."""
    demand_same_site(request)
    return json_response(ask_to_sign_in(desk_of(request)).document)


async def begin_with_passkey(request: Request) -> Response:
    """`POST /ui/session/passkey` `{"credential", "state"}`: no username, no password."""
    demand_same_site(request)
    document = await json_object(request)
    server, caller = server_of(request), browser(request)
    organization_id, user_id = claimed_user(document)
    tenant = await tenant_by_organization_id(server.database, organization_id)
    known = await find_user(server.database, tenant.id, user_id) if tenant else None
    if known is None:
        raise refused()
    if known.has_factor and not known.security.second_factor.passkey_alone:
        raise Forbidden.of("insufficient_access", "Your organisation asks for the password too.")
    if not await passkey_signs_in(server.database, desk_of(request), Owner(known.tenant_id, user_id), document):
        raise await refuse(server.database, known, caller, "invalid passkey")
    signed_in = await sign_in_user(
        server.database, server.settings, known.tenant_id, user_id, caller, proofs=(PASSKEY,), judge=server.judge
    )
    return await session_response(request, signed_in)


async def break_glass(request: Request) -> Response:
    """`POST /ui/session/break-glass` `{"token"}`: whom the operator lets in, once."""
    demand_same_site(request)
    document = await json_object(request)
    server = server_of(request)
    caller = browser(request, APPLICATION)
    signed_in = await use(server.database, server.snapshots, server.settings, text_of(document, "token"), caller)
    return await session_response(request, signed_in)


def desk_of(request: Request, bound_to: str = "") -> Desk:
    """Where passkeys are shown. Browsers hold them for a host's name, so it must be the one that people use."""
    settings = server_of(request).settings
    origin = settings.public_url.rstrip("/") if settings.public_url else f"{request.url.scheme}://{request.url.netloc}"
    if settings.public_url is None and is_secure(request):
        origin = f"https://{request.url.netloc}"
    return Desk(settings.home, Site(urlsplit(origin).hostname or "", origin), bound_to)


async def bootstrap(context: Context, request: Request) -> Response:
    """`GET /ui/bootstrap`."""
    [rows] = await server_of(request).database.read(
        context.binding,
        Statement(
            'SELECT u.name, r.name, r.developer_name, a.name FROM tenant."user" u'
            " LEFT JOIN tenant.user_role r ON r.tenant_id = u.tenant_id AND r.id = u.user_role_id"
            ' LEFT JOIN tenant."user" a ON a.tenant_id = u.tenant_id AND a.id = %(acting)s'
            " WHERE u.tenant_id = %(tenant_id)s AND u.id = %(user_id)s",
            {
                "tenant_id": context.tenant.id,
                "user_id": context.principal.user_id,
                "acting": context.principal.acting_user_id,
            },
        ),
    )
    name, role_name, role_developer_name, acting = rows[0] if rows else (context.principal.username, None, None, None)
    principal, tenant = context.principal, context.tenant
    role = context.snapshot.text(principal.language, f"roles.{role_developer_name}", role_name or "") or None
    return json_response(
        {
            "csrf_token": csrf_token(credential(request)[0]),
            "version": request.app.state.version,
            "user": {
                "id": principal.user_id,
                "name": name,
                "username": principal.username,
                "language": principal.language,
                "time_zone": principal.time_zone,
                "role": role,
            },
            "acting": acting and {"id": principal.acting_user_id, "name": acting},
            "tenant": {
                "name": tenant.name,
                "label": tenant.label,
                "organization_id": tenant.organization_id,
                "currency": tenant.currency,
                "region": tenant.region,
            },
            "permissions": sorted(context.policy.grants.system),
            "languages": list(LANGUAGES),
            "apps": apps_of(context),
        }
    )


def apps_of(context: Context) -> list[dict[str, Any]]:
    """The applications that the user may open, with their tabs."""
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


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        open_route("/ui/session", ["POST"], begin),
        open_route("/ui/session/break-glass", ["POST"], break_glass),
        open_route("/ui/session/passkey-options", ["POST"], ask_passkey),
        open_route("/ui/session/passkey", ["POST"], begin_with_passkey),
        route("/ui/bootstrap", ["GET"], bootstrap),
        route("/ui/me", ["PATCH"], change_me),
    ]
