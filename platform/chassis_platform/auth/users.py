"""Users of a tenant: made, changed and given permission sets down the same write road as any record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.errors import Invalid, NotFound, Problem
from chassis_metadata.ids import component_id
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.records.write import create_record, delete_record, update_record, write_records
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

PERMISSION_SET_PREFIX = "0PS"
#: What everybody who signs in needs; given with every new user.
BASE_SET = "StandardUser"

_FIELDS = {
    "username": "Username",
    "last_name": "LastName",
    "first_name": "FirstName",
    "email": "Email",
    "title": "Title",
    "language": "LanguageLocaleKey",
    "time_zone": "TimeZoneSidKey",
    "role_id": "UserRoleId",
    "is_active": "IsActive",
    "user_type": "UserType",
}


def user_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """The field values of a user document; unknown keys are refused by name."""
    unknown = sorted(set(document) - set(_FIELDS) - {"permission_sets"})
    if unknown:
        known = ", ".join([*_FIELDS, "permission_sets"])
        raise Invalid.of("invalid_field", f"Unknown: {', '.join(unknown)}. Use: {known}.", fields=unknown)
    return {_FIELDS[name]: value for name, value in document.items() if name in _FIELDS}


def check_permission_sets(context: Context, names: Iterable[str]) -> list[str]:
    """The names, if they are all permission sets of the tenant."""
    wanted = list(dict.fromkeys(names))
    unknown = [each for each in wanted if each not in context.snapshot.permission_sets]
    if unknown:
        raise Invalid(
            [
                Problem("permission_sets", "invalid_cross_reference_key", f"There is no permission set {each!r}.")
                for each in unknown
            ]
        )
    return wanted


async def create_user(
    database: Database, context: Context, document: Mapping[str, Any], permission_sets: Sequence[str]
) -> str:
    """Make a user with permission sets (and the base set); answers the id. No password is set."""
    names = check_permission_sets(context, [BASE_SET, *permission_sets])
    acting = as_system(context, "User", "PermissionSetAssignment")
    made = await create_record(database, acting, "User", user_values(document))
    user_id = str(made.id)
    await assign(database, context.unversioned, user_id, names)
    return user_id


async def create_users(
    database: Database, context: Context, people: Sequence[tuple[Mapping[str, Any], Sequence[str]]]
) -> list[str]:
    """Make users at once, each as `create_user` makes one; answers their ids in order."""
    given = [check_permission_sets(context, [BASE_SET, *sets]) for _, sets in people]
    acting = as_system(context, "User", "PermissionSetAssignment")
    ids = await _insert_all(database, acting, "User", [user_values(document) for document, _ in people])
    pairs = [(user_id, name) for user_id, names in zip(ids, given, strict=True) for name in names]
    await _give(database, context.unversioned, pairs)
    return ids


async def update_user(database: Database, context: Context, user_id: str, document: Mapping[str, Any]) -> None:
    """Change a user; `permission_sets`, where given, becomes exactly what the user has."""
    values = user_values(document)
    if values:
        await update_record(database, as_system(context, "User"), "User", user_id, values)
    if "permission_sets" not in document:
        return
    wanted = set(check_permission_sets(context, document["permission_sets"] or []))
    context = context.unversioned
    held = await assignments(database, context, user_id)
    await assign(database, context, user_id, sorted(wanted - held.keys()))
    for name in sorted(held.keys() - wanted):
        await unassign(database, context, user_id, name)


async def assign(database: Database, context: Context, user_id: str, names: Sequence[str]) -> None:
    """Give permission sets to a user; those held already are left alone."""
    held = await assignments(database, context, user_id)
    new = [name for name in check_permission_sets(context, names) if name not in held]
    await _give(database, context, [(user_id, name) for name in new])


async def _give(database: Database, context: Context, pairs: Sequence[tuple[str, str]]) -> None:
    """Give each of these users this permission set."""
    records = [
        {"AssigneeId": user_id, "PermissionSetId": component_id(PERMISSION_SET_PREFIX, name)} for user_id, name in pairs
    ]
    if records:
        acting = as_system(context, "PermissionSetAssignment", "User", "PermissionSet")
        await _insert_all(database, acting, "PermissionSetAssignment", records)


async def _insert_all(
    database: Database, context: Context, object_name: str, records: Sequence[dict[str, Any]]
) -> list[str]:
    results = await write_records(database, context, object_name, "insert", records, all_or_none=True)
    problems = [problem for each in results for problem in each.problems]
    if problems:
        raise Invalid(problems)
    return [str(each.id) for each in results]


async def unassign(database: Database, context: Context, user_id: str, name: str) -> None:
    """Take a permission set away from a user."""
    held = await assignments(database, context, user_id)
    if name not in held:
        raise NotFound.of("not_found", f"The user does not have the permission set {name!r}.")
    acting = as_system(context, "PermissionSetAssignment", "User", "PermissionSet")
    await delete_record(database, acting, "PermissionSetAssignment", held[name])


async def assignments(database: Database, context: Context, user_id: str) -> dict[str, str]:
    """Permission set name to assignment id, for a user."""
    [rows] = await database.read(
        context.unversioned.binding,
        Statement(
            "SELECT p.name, a.id FROM tenant.permission_set_assignment a"
            " JOIN tenant.permission_set p ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id"
            " WHERE a.tenant_id = %(tenant_id)s AND a.assignee_id = %(user_id)s AND NOT a.is_deleted",
            {"tenant_id": context.tenant.id, "user_id": user_id},
        ),
    )
    return dict(rows)
