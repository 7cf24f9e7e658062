"""Who sees which record: shares by hand for users, explanations for those who manage sharing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.records.explain import why
from chassis_platform.records.readers import as_user, readers_of
from chassis_platform.records.shares import share, shares_of, unshare
from chassis_tenants.statement import Statement


def _record(context: Context, record_id: str | None) -> tuple[Object, str]:
    """The object and the id, as it is spelled."""
    if record_id is None or not is_id(record_id):
        raise Invalid.of("malformed_id", f"{(record_id or '')[:40]!r} is no id of a record.")
    found = context.snapshot.objects_by_prefix.get(record_id[:3])
    if found is None:
        raise NotFound.of("not_found", "There is no such record.")
    return found, normal_id(record_id)


def _shared_record(context: Context, request: Request) -> tuple[Object, str]:
    obj, record_id = _record(context, request.path_params["id"])
    if not context.policy.on(obj.name).read:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    return obj, record_id


async def list_shares(context: Context, request: Request) -> Response:
    """`GET /ui/records/{id}/shares`."""
    obj, record_id = _shared_record(context, request)
    return json_response(await shares_of(server_of(request).database, context, obj, record_id))


async def add_share(context: Context, request: Request) -> Response:
    """`POST /ui/records/{id}/shares` `{"with", "access", "cause", "team_role", "reason", "until"}`."""
    obj, record_id = _shared_record(context, request)
    made = await share(server_of(request).database, context, obj, record_id, await json_object(request))
    return json_response({"id": made}, 201)


async def remove_share(context: Context, request: Request) -> Response:
    """`DELETE /ui/records/{id}/shares/{share}`."""
    obj, record_id = _shared_record(context, request)
    await unshare(server_of(request).database, context, obj, record_id, normal_id(request.path_params["share"]))
    return no_content()


async def explain_access(context: Context, request: Request) -> Response:
    """`GET /setup/explain-access?record=&user=`: every grant and the first refusal."""
    context.policy.demand("ManageSharing")
    obj, record_id = _record(context, request.query_params.get("record"))
    user_id = request.query_params.get("user") or context.principal.user_id
    other = await _as_user(context, request, user_id)
    found = await why(server_of(request).database, other, obj, record_id)
    return json_response({"user": other.principal.user_id, "record": record_id, "object": obj.name, **found})


async def who_sees(context: Context, request: Request) -> Response:
    """`GET /setup/explain-access/users?record=&after=`: who sees a record, among the next hundred users."""
    context.policy.demand("ManageSharing")
    server, record = server_of(request), _record(context, request.query_params.get("record"))
    after = request.query_params.get("after", "")
    found, following = await readers_of(server.database, server.policies, context, record, after)
    return json_response({"users": found, "next": following})


async def _as_user(context: Context, request: Request, user_id: str) -> Context:
    if not is_id(user_id):
        raise Invalid.of("malformed_id", f"{user_id[:40]!r} is no id of a user.")
    named = Statement(
        'SELECT username, is_active FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND id = %(id)s'
        " AND NOT is_deleted",
        {"tenant_id": context.tenant.id, "id": normal_id(user_id)},
    )
    [rows] = await server_of(request).database.read(context.binding, named)
    if not rows:
        raise NotFound.of("not_found", "There is no such user.")
    return await as_user(server_of(request).policies, context, normal_id(user_id), rows[0][0])


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/records/{id}/shares", ["GET"], list_shares),
        route("/ui/records/{id}/shares", ["POST"], add_share),
        route("/ui/records/{id}/shares/{share}", ["DELETE"], remove_share),
        route("/setup/explain-access", ["GET"], explain_access),
        route("/setup/explain-access/users", ["GET"], who_sees),
    ]
