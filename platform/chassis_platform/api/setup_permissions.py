"""Setup: permission sets as a matrix, and who has them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.bodies import body_of
from chassis_metadata.components import FieldPermission, ObjectPermission, PermissionSet
from chassis_metadata.errors import Invalid, NotFound
from chassis_platform.access.context import Context
from chassis_platform.access.grants import ACTS
from chassis_platform.access.own_components import delete_own, demand_may_save, save_own
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.setup_four_eyes import with_four_eyes
from chassis_platform.api.setup_users import array, demand_no_more_than_own
from chassis_platform.auth.users import assign, unassign
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.automation.four_eyes import PERMISSION_SET
from chassis_tenants.customise import ComponentKey
from chassis_tenants.statement import Statement

#: What a set says only where it says it.
_KEPT = ("login", "for_automation", "includes", "muting")

_USERS_OF = """
SELECT json_build_object('id', u.id, 'name', u.name, 'username', u.username)
FROM tenant.permission_set_assignment a
JOIN tenant.permission_set p ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id
JOIN tenant."user" u ON u.tenant_id = a.tenant_id AND u.id = a.assignee_id
WHERE a.tenant_id = %(tenant_id)s AND p.name = %(name)s AND NOT a.is_deleted AND NOT u.is_deleted
ORDER BY u.name, u.id LIMIT 1000
"""
_COUNTS = """
SELECT p.name, count(*) FROM tenant.permission_set_assignment a
JOIN tenant.permission_set p ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id
WHERE a.tenant_id = %(tenant_id)s AND NOT a.is_deleted GROUP BY p.name
"""


def _label(context: Context, permission_set: PermissionSet) -> str:
    key = f"permission_sets.{permission_set.name}"
    return context.snapshot.text(context.principal.language, key, permission_set.label)


def is_custom(name: str) -> bool:
    """Made by the tenant, by its suffix."""
    return name.endswith("__c")


def object_acts(permission: ObjectPermission) -> list[str]:
    """The names of what is granted."""
    return [act for act in ACTS if getattr(permission, act)]


def field_act(permission: FieldPermission) -> str:
    """`edit`, `read` or `none`."""
    if permission.edit:
        return "edit"
    return "read" if permission.read else "none"


async def list_sets(context: Context, request: Request) -> Response:
    """`GET /setup/permission-sets`."""
    context.policy.demand("ViewSetup")
    [rows] = await server_of(request).database.read(
        context.binding, Statement(_COUNTS, {"tenant_id": context.tenant.id})
    )
    users: dict[str, int] = dict(rows)
    found = [
        {
            "name": each.name,
            "label": _label(context, each),
            "description": each.description,
            "package": each.package,
            "custom": is_custom(each.name),
            "includes": list(each.includes),
            "users": users.get(each.name, 0),
        }
        for each in sorted(context.snapshot.permission_sets.values(), key=lambda each: each.name)
    ]
    return json_response({"permission_sets": found})


def _find(context: Context, request: Request) -> PermissionSet:
    found = context.snapshot.permission_sets.get(request.path_params["name"])
    if found is None:
        raise NotFound.of("not_found", "There is no such permission set.")
    return found


async def get_set(context: Context, request: Request) -> Response:
    """`GET /setup/permission-sets/{name}`."""
    context.policy.demand("ViewSetup")
    found = _find(context, request)
    parameters = {"tenant_id": context.tenant.id, "name": found.name}
    [rows] = await server_of(request).database.read(context.binding, Statement(_USERS_OF, parameters))
    document = set_document(context, found)
    return json_response(b'{"users":' + array(rows) + b"," + json_response(document).body[1:])


def set_document(context: Context, permission_set: PermissionSet) -> dict[str, Any]:
    """A permission set as the matrix needs it; the same keys that saving takes."""
    return {
        "name": permission_set.name,
        "label": _label(context, permission_set),
        "description": permission_set.description,
        "package": permission_set.package,
        "custom": is_custom(permission_set.name),
        "objects": {name: object_acts(each) for name, each in permission_set.objects.items()},
        "fields": {path: field_act(each) for path, each in permission_set.fields.items()},
        "system": list(permission_set.system),
        "custom_permissions": list(permission_set.custom_permissions),
        "apps": list(permission_set.apps),
        **{key: value for key, value in body_of(permission_set).items() if key in _KEPT},
    }


async def save_set(context: Context, request: Request) -> Response:
    """`PUT /setup/permission-sets/{name}`: a set of the tenant's own."""
    name = request.path_params["name"]
    demand_may_save(context, ComponentKey("permission_set", name))
    if not is_custom(name):
        raise Invalid.of(
            "cannot_modify_managed_object", "This set belongs to a package: clone it under a name that ends in __c."
        )
    document = await json_object(request)
    body = {key: value for key, value in document.items() if key not in ("name", "custom", "package", "users")}
    server = server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        await save_own(transaction, server.snapshots, context, ComponentKey("permission_set", name), body)
    return no_content()


async def delete_set(context: Context, request: Request) -> Response:
    """`DELETE /setup/permission-sets/{name}`."""
    demand_may_save(context, ComponentKey("permission_set", request.path_params["name"]))
    found = _find(context, request)
    if not is_custom(found.name):
        raise Invalid.of("cannot_modify_managed_object", "This set belongs to a package and goes with it.")
    server = server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        await delete_own(transaction, server.snapshots, context, ComponentKey("permission_set", found.name))
    return no_content()


async def give(context: Context, request: Request) -> Response:
    """`PUT /setup/permission-sets/{name}/users/{user_id}`."""
    context.policy.demand("ManageUsers")
    require_recent_verification(context)
    name = _find(context, request).name
    demand_no_more_than_own(context, [name])
    await assign(server_of(request).database, context, request.path_params["user_id"], [name])
    return no_content()


async def take(context: Context, request: Request) -> Response:
    """`DELETE /setup/permission-sets/{name}/users/{user_id}`."""
    context.policy.demand("ManageUsers")
    require_recent_verification(context)
    name = _find(context, request).name
    await unassign(server_of(request).database, context, request.path_params["user_id"], name)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = "/setup/permission-sets"
    return [
        route(base, ["GET"], list_sets),
        route(f"{base}/{{name}}", ["GET"], get_set),
        route(f"{base}/{{name}}", ["PUT"], with_four_eyes(PERMISSION_SET, "ManagePermissions", save_set)),
        route(f"{base}/{{name}}", ["DELETE"], with_four_eyes(PERMISSION_SET, "ManagePermissions", delete_set)),
        route(f"{base}/{{name}}/users/{{user_id}}", ["PUT"], with_four_eyes(PERMISSION_SET, "ManageUsers", give)),
        route(f"{base}/{{name}}/users/{{user_id}}", ["DELETE"], with_four_eyes(PERMISSION_SET, "ManageUsers", take)),
    ]
