"""Setup: public groups and queues, who is in them, and which rules name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_metadata.logic.sharing_rule import RESTRICTION, SHARING
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.auth.federation.memberships import PUBLIC_GROUP
from chassis_platform.records.write import create_record, delete_record, update_record
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement

MANAGE = "ManageSharing"
GROUP, MEMBER = "Group", "GroupMember"
#: Which objects' records may be members, by key prefix.
_KINDS = {"005": "User", "00E": "Role", "00G": "Group"}

_GROUPS = Statement(
    "SELECT g.id, g.developer_name, g.name, g.type, (SELECT count(*) FROM tenant.group_member m"
    " WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND NOT m.is_deleted)"
    ' FROM tenant."group" g WHERE g.tenant_id = %(tenant_id)s AND NOT g.is_deleted ORDER BY g.name, g.id'
)
_GROUP = Statement(
    'SELECT developer_name, name, type FROM tenant."group" WHERE tenant_id = %(tenant_id)s AND id = %(id)s'
    " AND NOT is_deleted"
)
_MEMBERS = Statement(
    "SELECT m.id, m.user_or_group_id, CASE WHEN u.id IS NOT NULL THEN 'User' WHEN r.id IS NOT NULL THEN 'Role'"
    " ELSE 'Group' END, coalesce(u.username, r.developer_name, g.developer_name),"
    " coalesce(u.name, r.name, g.name), m.include_subordinates"
    " FROM tenant.group_member m"
    ' LEFT JOIN tenant."user" u ON u.tenant_id = m.tenant_id AND u.id = m.user_or_group_id'
    " LEFT JOIN tenant.user_role r ON r.tenant_id = m.tenant_id AND r.id = m.user_or_group_id"
    ' LEFT JOIN tenant."group" g ON g.tenant_id = m.tenant_id AND g.id = m.user_or_group_id'
    " WHERE m.tenant_id = %(tenant_id)s AND m.group_id = %(id)s AND NOT m.is_deleted"
    " ORDER BY coalesce(r.name, g.name, u.name), m.id LIMIT 2000"
)
#: Where the packaged ones' labels are translated.
_TEXTS = {"Role": "roles", "Group": "queues"}
#: The group, the groups in it, and those in them.
_INSIDE = (
    'WITH RECURSIVE inside (id) AS (SELECT %(id)s::text COLLATE "C" UNION SELECT m.user_or_group_id'
    " FROM tenant.group_member m JOIN inside ON m.group_id = inside.id"
    " WHERE m.tenant_id = %(tenant_id)s AND NOT m.is_deleted"
)
_HOLDS = Statement(f"{_INSIDE}) SELECT 1 FROM inside WHERE id = %(other)s")  # noqa: S608  text of this file
#: Active users in it: themselves, by their roles, by roles above where those below belong too, by groups.
_REACHED = Statement(
    f"{_INSIDE}), standing (id, with_below) AS (SELECT m.user_or_group_id, m.include_subordinates"  # noqa: S608  as above
    " FROM tenant.group_member m JOIN inside ON m.group_id = inside.id"
    " WHERE m.tenant_id = %(tenant_id)s AND NOT m.is_deleted"
    " UNION SELECT r.id, true FROM tenant.user_role r JOIN standing s ON r.parent_role_id = s.id AND s.with_below"
    " WHERE r.tenant_id = %(tenant_id)s AND NOT r.is_deleted)"
    ' SELECT count(*) FROM tenant."user" u WHERE u.tenant_id = %(tenant_id)s AND u.is_active AND NOT u.is_deleted'
    " AND EXISTS (SELECT 1 FROM standing s WHERE s.id IN (u.id, u.user_role_id))"
)


async def list_groups(context: Context, request: Request) -> Response:
    """`GET /setup/groups`: public groups (`Regular`) and queues (`Queue`)."""
    context.policy.demand("ViewSetup")
    [rows] = await server_of(request).database.read(context.binding, _GROUPS.bind(tenant_id=context.tenant.id))
    groups = [
        {"id": key, "name": name, "label": _label(context, GROUP, name, label), "type": kind, "members": members}
        for key, name, label, kind, members in rows
    ]
    return json_response({"groups": groups})


def _label(context: Context, kind: str, name: str, label: str | None) -> str:
    texts = _TEXTS.get(kind)
    return (
        context.snapshot.text(context.principal.language, f"{texts}.{name}", label or name) if texts else label or name
    )


async def get_group(context: Context, request: Request) -> Response:
    """`GET /setup/groups/{id}`: members, how many active users they come to, and the rules that name the group."""
    context.policy.demand("ViewSetup")
    asked = {"tenant_id": context.tenant.id, "id": request.path_params["id"]}
    found, members, [[users]] = await server_of(request).database.read(
        context.binding, _GROUP.bind(**asked), _MEMBERS.bind(**asked), _REACHED.bind(**asked)
    )
    if not found:
        raise _unknown()
    name, label, kind = found[0]
    document = {"id": asked["id"], "name": name, "label": _label(context, GROUP, name, label), "type": kind}
    rules = [{"kind": each.kind, "name": each.full_name} for each in _rules_naming(context, name)]
    inside = [_member_document(context, each) for each in members]
    return json_response({**document, "users": users, "rules": rules, "members": inside})


def _member_document(context: Context, row: Row) -> dict[str, Any]:
    key, member, kind, name, label, with_below = row
    shown = _label(context, kind, name, label)
    return {"id": key, "member": member, "kind": kind, "name": name, "label": shown, "with_below": with_below}


def _unknown() -> NotFound:
    return NotFound.of("not_found", "There is no such group.")


def _rules_naming(context: Context, name: str) -> Iterator[LogicComponent]:
    """Active rules that give to the group, or take from it."""
    for kind in (SHARING, RESTRICTION):
        for each in context.snapshot.logic_of(kind).values():
            body = each.body
            audiences = (body.get("share_with"), body.get("applies_to"), body["records"].get("owned_by"))
            if any(name in audience.get("groups", ()) for audience in audiences if audience):
                yield each


async def create_group(context: Context, request: Request) -> Response:
    """`POST /setup/groups` `{"name", "label"}`: a public group."""
    context.policy.demand(MANAGE)
    document = await json_object(request)
    name = document.get("name")
    values = {"DeveloperName": name, "Name": document.get("label") or name, "Type": PUBLIC_GROUP}
    made = await create_record(server_of(request).database, as_system(context, GROUP), GROUP, values)
    return json_response({"id": made.id}, 201)


async def rename_group(context: Context, request: Request) -> Response:
    """`PATCH /setup/groups/{id}` `{"label"}`: rules go by the other name, which stays."""
    context.policy.demand(MANAGE)
    label = (await json_object(request)).get("label")
    if not isinstance(label, str) or not label.strip():
        raise Invalid.of("required_field_missing", "Required fields are missing: [label]", fields=["label"])
    values = {"Name": label.strip()}
    await update_record(
        server_of(request).database, as_system(context, GROUP), GROUP, request.path_params["id"], values
    )
    return no_content()


async def delete_group(context: Context, request: Request) -> Response:
    """`DELETE /setup/groups/{id}`: a public group that no rule names, for a rule that narrows would open up."""
    context.policy.demand(MANAGE)
    name, kind = await _named(context, request)
    if kind != PUBLIC_GROUP:
        raise Invalid.of("cannot_modify_managed_object", "Records belong to queues: this one stays.")
    naming = sorted(each.full_name for each in _rules_naming(context, name))
    if naming:
        raise Conflict.of("group_in_use", f"These rules name the group: {', '.join(naming)}. Change them first.")
    acting = as_system(context, GROUP, MEMBER)
    await delete_record(server_of(request).database, acting, GROUP, request.path_params["id"])
    return no_content()


async def _named(context: Context, request: Request) -> tuple[str, str]:
    asked = _GROUP.bind(tenant_id=context.tenant.id, id=request.path_params["id"])
    [rows] = await server_of(request).database.read(context.binding, asked)
    if not rows:
        raise _unknown()
    return rows[0][0], rows[0][2]


async def add_member(context: Context, request: Request) -> Response:
    """`POST /setup/groups/{id}/members` `{"member", "with_below"}`: a user, a role, or another group."""
    context.policy.demand(MANAGE)
    document = await json_object(request)
    await _named(context, request)
    group_id, member = request.path_params["id"], _member(document)
    await _demand_new(context, request, group_id, member)
    below = document.get("with_below") is True and _KINDS[member[:3]] == "Role"
    values = {"GroupId": group_id, "UserOrGroupId": member, "IncludeSubordinates": below}
    acting = as_system(context, MEMBER, GROUP, "User", "UserRole")
    made = await create_record(server_of(request).database, acting, MEMBER, values)
    return json_response({"id": made.id}, 201)


def _member(document: Mapping[str, Any]) -> str:
    member = document.get("member")
    if not isinstance(member, str) or member[:3] not in _KINDS:
        message = "`member` is the Id of a user, of a role or of a group."
        raise Invalid.of("required_field_missing", message, fields=["member"])
    return member


async def _demand_new(context: Context, request: Request, group_id: str, member: str) -> None:
    """Nobody is in a group twice, and no group is in itself."""
    tenant_id = context.tenant.id
    known = Statement(
        "SELECT 1 FROM tenant.group_member WHERE tenant_id = %(tenant_id)s AND group_id = %(id)s"
        " AND user_or_group_id = %(other)s AND NOT is_deleted",
        {"tenant_id": tenant_id, "id": group_id, "other": member},
    )
    circle = _HOLDS.bind(tenant_id=tenant_id, id=member, other=group_id)
    [is_in, is_around] = await server_of(request).database.read(context.binding, known, circle)
    if is_in:
        raise Conflict.of("duplicate_value", "It is a member already.", fields=["member"])
    if is_around:
        raise Invalid.of("circular_reference", "The group would be in itself.", fields=["member"])


async def remove_member(context: Context, request: Request) -> Response:
    """`DELETE /setup/groups/{id}/members/{member}`: by the membership's Id."""
    context.policy.demand(MANAGE)
    database, key = server_of(request).database, request.path_params
    here = Statement(
        "SELECT 1 FROM tenant.group_member WHERE tenant_id = %(tenant_id)s AND group_id = %(group)s AND id = %(id)s"
        " AND NOT is_deleted",
        {"tenant_id": context.tenant.id, "group": key["id"], "id": key["member"]},
    )
    [rows] = await database.read(context.binding, here)
    if not rows:
        raise NotFound.of("not_found", "There is no such member.")
    await delete_record(database, as_system(context, MEMBER, GROUP), MEMBER, key["member"])
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = "/setup/groups"
    return [
        route(base, ["GET"], list_groups),
        route(base, ["POST"], create_group),
        route(f"{base}/{{id}}", ["GET"], get_group),
        route(f"{base}/{{id}}", ["PATCH"], rename_group),
        route(f"{base}/{{id}}", ["DELETE"], delete_group),
        route(f"{base}/{{id}}/members", ["POST"], add_member),
        route(f"{base}/{{id}}/members/{{member}}", ["DELETE"], remove_member),
    ]
