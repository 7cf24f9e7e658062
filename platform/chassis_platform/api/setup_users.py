"""Setup: users, roles and sessions."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Forbidden, Invalid, NotFound
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.standing_for import demand_no_stronger
from chassis_platform.auth.passwords import random_password
from chassis_platform.auth.sessions import revoke_sessions_of
from chassis_platform.auth.sign_in import store_password
from chassis_platform.auth.users import create_user, update_user
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.automation.four_eyes import PERMISSION_SET, is_guarded
from chassis_platform.records.write import create_record
from chassis_tenants.database import Database
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

PAGE = 100
#: What else is changed of a user opens doors: names, the address of forgotten passwords, rights.
_HARMLESS = frozenset({"title", "language", "time_zone", "first_name", "last_name"})
#: Who sets these could be the user.
_SIGNS_IN_BY = frozenset({"username", "email"})

_USERS = """
SELECT json_build_object(
    'id', u.id, 'name', u.name, 'username', u.username, 'email', u.email, 'title', u.title, 'is_active', u.is_active,
    'role', CASE WHEN r.id IS NULL THEN NULL ELSE json_build_object('id', r.id, 'name', r.name) END,
    'language', u.language_locale_key, 'time_zone', u.time_zone_sid_key, 'last_login', u.last_login_date,
    'permission_sets', coalesce((
        SELECT json_agg(p.name ORDER BY p.name) FROM tenant.permission_set_assignment a
        JOIN tenant.permission_set p ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id
        WHERE a.tenant_id = u.tenant_id AND a.assignee_id = u.id AND NOT a.is_deleted), '[]'::json),
    'locked', coalesce(c.locked_until > now(), false), 'user_type', u.user_type,
    'factors', (SELECT count(*) FROM chassis.factor f WHERE f.tenant_id = u.tenant_id AND f.user_id = u.id
        AND f.confirmed_at IS NOT NULL)), u.id
FROM tenant."user" u
LEFT JOIN tenant.user_role r ON r.tenant_id = u.tenant_id AND r.id = u.user_role_id
LEFT JOIN chassis.credential c ON c.tenant_id = u.tenant_id AND c.user_id = u.id
WHERE u.tenant_id = %(tenant_id)s AND NOT u.is_deleted AND u.id > %(after)s
  AND (%(q)s = '' OR lower(u.name) LIKE '%%' || lower(%(q)s) || '%%'
       OR lower(u.username) LIKE '%%' || lower(%(q)s) || '%%')
ORDER BY u.id LIMIT %(limit)s
"""

_SESSIONS = """
SELECT json_build_object('id', s.id, 'user', json_build_object('id', u.id, 'name', u.name), 'kind', s.kind,
    'client', s.client_name, 'ip', s.source_ip, 'user_agent', s.user_agent, 'device', s.device,
    'acting', CASE WHEN a.id IS NULL THEN NULL ELSE json_build_object('id', a.id, 'name', a.name) END,
    'created', s.created_at, 'last_seen', s.last_seen_at)
FROM chassis.session s JOIN tenant."user" u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
LEFT JOIN tenant."user" a ON a.tenant_id = s.tenant_id AND a.id = s.acting_user_id
WHERE s.tenant_id = %(tenant_id)s AND s.revoked_at IS NULL AND s.expires_at > now()
ORDER BY s.last_seen_at DESC LIMIT 500
"""


def array(rows: list[Any]) -> bytes:
    """JSON values from the database as one JSON array."""
    return b"[" + b",".join(row[0] for row in rows) + b"]"


async def list_users(context: Context, request: Request) -> Response:
    """`GET /setup/users`."""
    context.policy.demand("ManageUsers")
    parameters = {
        "tenant_id": context.tenant.id,
        "after": request.query_params.get("after", ""),
        "q": request.query_params.get("q", ""),
        "limit": PAGE + 1,
    }
    [rows] = await server_of(request).database.read(context.binding, Statement(_USERS, parameters))
    more = b'"' + rows[PAGE - 1][1].encode() + b'"' if len(rows) > PAGE else b"null"
    return json_response(b'{"users":' + array(rows[:PAGE]) + b',"next":' + more + b"}")


async def create(context: Context, request: Request) -> Response:
    """`POST /setup/users`: answers the password, once."""
    context.policy.demand("ManageUsers")
    document = await json_object(request)
    names = _permission_sets(document)
    demand_no_more_than_own(context, names)
    if names:
        require_recent_verification(context)
    _demand_not_guarded(context, names)
    database = server_of(request).database
    user_id = await create_user(database, context, document, names)
    password = await _new_password(database, context.unversioned, user_id)
    return json_response({"id": user_id, "password": password}, 201)


def _permission_sets(document: dict[str, Any]) -> list[str]:
    names = document.get("permission_sets") or []
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise Invalid.of("json_parser_error", '"permission_sets" must be an array of names.')
    return names


def demand_no_more_than_own(context: Context, names: list[str]) -> None:
    """Who may manage users but not permissions hands out only what they hold themselves."""
    if context.policy.may("ManagePermissions"):
        return
    beyond = sorted(set(names) - set(context.policy.permission_sets))
    if beyond:
        raise Invalid.of(
            "insufficient_access", f"Only who has ManagePermissions may give these away: {', '.join(beyond)}."
        )


def _demand_not_guarded(context: Context, names: list[str]) -> None:
    """Where a second administrator approves permissions, they are given one by one, under Permission sets."""
    if names and is_guarded(context, PERMISSION_SET):
        raise Forbidden.of("approval_required", "Give permission sets under Permission sets: there it is approved.")


async def _new_password(database: Database, context: Context, user_id: str) -> str:
    password = random_password()
    stored = await asyncio.to_thread(store_password, context.tenant.id, user_id, password, must_change=True)
    change = SetupChange("resetPassword", "Users", user_id, "A new password was set; sessions ended.")
    await database.read(
        context.binding,
        stored,
        revoke_sessions_of(context.tenant.id, user_id),
        setup_entry(context.tenant.id, context.actor, change),
    )
    return password


async def update(context: Context, request: Request) -> Response:
    """`PATCH /setup/users/{id}`."""
    context.policy.demand("ManageUsers")
    document = await json_object(request)
    names = _permission_sets(document)
    if not _HARMLESS.issuperset(document):
        require_recent_verification(context)
    if "permission_sets" in document:
        _demand_not_guarded(context, ["permission_sets"])
    demand_no_more_than_own(context, names)
    if not _SIGNS_IN_BY.isdisjoint(document):
        await demand_no_stronger(context, request, request.path_params["id"])
    await update_user(server_of(request).database, context, request.path_params["id"], document)
    return no_content()


async def reset_password(context: Context, request: Request) -> Response:
    """`POST /setup/users/{id}/reset-password`: answers a password to begin with, once."""
    context.policy.demand("ManageUsers")
    require_recent_verification(context)
    database = server_of(request).database
    user_id = request.path_params["id"]
    [rows] = await database.read(
        context.binding,
        Statement(
            'SELECT id FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND NOT is_deleted',
            {"tenant_id": context.tenant.id, "id": user_id},
        ),
    )
    if not rows:
        raise NotFound.of("not_found", "There is no such user.")
    await demand_no_stronger(context, request, user_id)
    return json_response({"password": await _new_password(database, context, user_id)})


async def list_roles(context: Context, request: Request) -> Response:
    """`GET /setup/roles`."""
    context.policy.demand("ViewSetup")
    [rows] = await server_of(request).database.read(
        context.binding,
        Statement(
            "SELECT id, developer_name, name, parent_role_id FROM tenant.user_role"
            " WHERE tenant_id = %(tenant_id)s AND NOT is_deleted ORDER BY name, id",
            {"tenant_id": context.tenant.id},
        ),
    )
    language = context.principal.language
    return json_response(
        {
            "roles": [
                {
                    "id": role_id,
                    "name": name,
                    "label": context.snapshot.text(language, f"roles.{name}", label or name),
                    "parent_id": parent_id,
                }
                for role_id, name, label, parent_id in rows
            ]
        }
    )


async def create_role(context: Context, request: Request) -> Response:
    """`POST /setup/roles`."""
    context.policy.demand("ManageUsers")
    document = await json_object(request)
    values = {
        "DeveloperName": document.get("name"),
        "Name": document.get("label") or document.get("name"),
        "ParentRoleId": document.get("parent_id"),
    }
    made = await create_record(server_of(request).database, as_system(context, "UserRole"), "UserRole", values)
    return json_response({"id": made.id}, 201)


async def list_sessions(context: Context, request: Request) -> Response:
    """`GET /setup/sessions`: who is signed in now."""
    context.policy.demand("ManageUsers")
    [rows] = await server_of(request).database.read(
        context.binding, Statement(_SESSIONS, {"tenant_id": context.tenant.id})
    )
    return json_response(b'{"sessions":' + array(rows) + b"}")


async def end_session(context: Context, request: Request) -> Response:
    """`DELETE /setup/sessions/{id}`."""
    context.policy.demand("ManageUsers")
    session_id = request.path_params["id"]
    ended = Statement(
        "UPDATE chassis.session SET revoked_at = now() WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
        " AND revoked_at IS NULL RETURNING user_id",
        {"tenant_id": context.tenant.id, "id": session_id},
    )
    change = SetupChange("endedSession", "Sessions", session_id, "A session was ended.")
    entry = setup_entry(context.tenant.id, context.actor, change)
    rows, _ = await server_of(request).database.read(context.binding, ended, entry)
    if not rows:
        raise NotFound.of("not_found", "There is no such session.")
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/setup/users", ["GET"], list_users),
        route("/setup/users", ["POST"], create),
        route("/setup/users/{id}", ["PATCH"], update),
        route("/setup/users/{id}/reset-password", ["POST"], reset_password),
        route("/setup/roles", ["GET"], list_roles),
        route("/setup/roles", ["POST"], create_role),
        route("/setup/sessions", ["GET"], list_sessions),
        route("/setup/sessions/{id}", ["DELETE"], end_session),
    ]
