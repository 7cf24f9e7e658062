"""Groups as resources: public groups, and the permission sets that a token was allowed to give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.ids import component_id
from chassis_platform.access.system import as_system
from chassis_platform.auth.federation.memberships import PUBLIC_GROUP, write_all
from chassis_platform.auth.federation.scim.conditions import GROUP_FIELDS, Asked, condition_of, external_ids
from chassis_platform.auth.federation.scim.filters import Filter
from chassis_platform.auth.federation.scim.patch import apply_patch, read_resource
from chassis_platform.auth.federation.scim.problems import ScimError, invalid_value, not_found
from chassis_platform.auth.federation.scim.resources import (
    Desk,
    Document,
    Listing,
    among,
    demand_version,
    external_names,
    finished,
    ids_of_external,
    is_equal,
    joined,
    keep_name,
    note,
    read_records,
)
from chassis_platform.auth.federation.scim.schema import GROUP, GROUPS
from chassis_platform.auth.users import PERMISSION_SET_PREFIX
from chassis_platform.records.write import create_record, delete_record, update_record
from chassis_tenants.database import Binding
from chassis_tenants.statement import Statement

KIND = "Group"
_MADE = ("Id", "Name", "CreatedDate", "LastModifiedDate")
_SET = ("Id", "Label", "Name", "CreatedDate", "LastModifiedDate")
_LONGEST_NAME = 80

_MEMBERS = Statement(
    "SELECT m.group_id, m.id, u.id, u.name FROM tenant.group_member m"
    ' JOIN tenant."user" u ON u.tenant_id = m.tenant_id AND u.id = m.user_or_group_id'
    " WHERE m.tenant_id = %(tenant_id)s AND m.group_id = ANY(%(ids)s) AND NOT m.is_deleted"
    " UNION ALL"
    " SELECT a.permission_set_id, a.id, u.id, u.name FROM tenant.permission_set_assignment a"
    ' JOIN tenant."user" u ON u.tenant_id = a.tenant_id AND u.id = a.assignee_id'
    " WHERE a.tenant_id = %(tenant_id)s AND a.permission_set_id = ANY(%(ids)s) AND NOT a.is_deleted"
    " ORDER BY 1, 4, 3"
)
_USERS = Statement(
    'SELECT id FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s) AND NOT is_deleted'
)


def _set_ids(desk: Desk) -> list[str]:
    return [component_id(PERMISSION_SET_PREFIX, name) for name in desk.directory.permission_sets]


async def list_groups(desk: Desk, condition: Filter | None, start: int, count: int) -> tuple[int, list[Document]]:
    """How many groups there are, and those of the page: public groups first, then permission sets."""
    asked = Asked(GROUP_FIELDS, await ids_of_external(desk, KIND, list(external_ids(condition)) if condition else []))
    sets = _set_ids(desk)
    made = joined(condition_of(condition, asked) if condition else None, is_equal("Type", PUBLIC_GROUP))
    total, records = await read_records(desk, "Group", _MADE, Listing(made, start, count))
    if not sets:
        return total, await _documents(desk, records)
    labelled = Asked({**GROUP_FIELDS, "displayname": "Label"}, asked.by_external_id)
    given = joined(condition_of(condition, labelled) if condition else None, among("Id", sets))
    rest = Listing(given, max(start - total, 1), count - len(records))
    more, found = await read_records(desk, "PermissionSet", _SET, rest)
    return total + more, await _documents(desk, [*records, *found])


async def get_group(desk: Desk, group_id: str) -> Document:
    """The group of that id."""
    if group_id in _set_ids(desk):
        _, records = await read_records(desk, "PermissionSet", _SET, Listing(is_equal("Id", group_id), 1, 1))
    else:
        condition = joined(is_equal("Id", group_id), is_equal("Type", PUBLIC_GROUP))
        _, records = await read_records(desk, "Group", _MADE, Listing(condition, 1, 1))
    if not records:
        raise not_found()
    [document] = await _documents(desk, records)
    return document


async def _documents(desk: Desk, records: Sequence[Mapping[str, Any]]) -> list[Document]:
    ids = [each["Id"] for each in records]
    names, members = await external_names(desk, KIND, ids), await _members(desk, ids)
    return [_document(desk, each, names.get(each["Id"]), members.get(each["Id"], [])) for each in records]


async def _members(desk: Desk, ids: Sequence[str]) -> dict[str, list[tuple[str, str, str]]]:
    """Group id to (id of the membership, user, name)."""
    if not ids:
        return {}
    [rows] = await desk.database.read(Binding(desk.tenant_id), _MEMBERS.bind(tenant_id=desk.tenant_id, ids=list(ids)))
    found: dict[str, list[tuple[str, str, str]]] = {}
    for group_id, *member in rows:
        found.setdefault(group_id, []).append((member[0], member[1], member[2]))
    return found


def _document(
    desk: Desk, record: Mapping[str, Any], external_id: str | None, members: list[tuple[str, str, str]]
) -> Document:
    listed = [
        {"value": user_id, "display": name, "type": "User", "$ref": f"{desk.url}/Users/{user_id}"}
        for _, user_id, name in members
    ]
    document = {
        "schemas": [GROUP],
        "id": record["Id"],
        "externalId": external_id,
        "displayName": record.get("Label") or record["Name"],
        "members": listed,
    }
    return finished(GROUPS, desk, document, created=record["CreatedDate"], modified=record["LastModifiedDate"])


async def create_group(desk: Desk, body: Document) -> Document:
    """Make a public group with its members."""
    document = read_resource(GROUPS, body)
    name = _name(document)
    values = {"Name": name, "DeveloperName": _developer_name(name), "Type": PUBLIC_GROUP}
    members = await _wanted(desk, document)
    made = await create_record(desk.database, as_system(desk.context, "Group"), "Group", values)
    group_id = str(made.id)
    await _keep_members(desk, group_id, members)
    await keep_name(desk, KIND, group_id, document.get("externalId"))
    await note(desk, "createdGroup", group_id, f"created the group {name}", None, {"members": members})
    return await get_group(desk, group_id)


def _name(document: Mapping[str, Any]) -> str:
    name = str(document.get("displayName") or "").strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise invalid_value(f"displayName has 1 to {_LONGEST_NAME} characters.")
    return name


def _developer_name(name: str) -> str:
    """A name for formulas and files: letters, digits, underscores; of others, what stands for them."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if plain != name.replace(" ", "_"):
        plain = f"{plain}_{name.encode().hex()[-8:]}"
    return (plain if plain[:1].isalpha() else f"G_{plain}")[:_LONGEST_NAME]


async def replace_group(desk: Desk, group_id: str, body: Document, version: str | None) -> Document:
    """The group as the body says."""
    before = await get_group(desk, group_id)
    demand_version(before, version)
    return await _change(desk, before, read_resource(GROUPS, body))


async def patch_group(desk: Desk, group_id: str, body: Document, version: str | None) -> Document:
    """The group as the operations leave it."""
    before = await get_group(desk, group_id)
    demand_version(before, version)
    return await _change(desk, before, apply_patch(GROUPS, before, body))


async def _change(desk: Desk, before: Document, after: Document) -> Document:
    group_id, name = str(before["id"]), _name(after)
    if name != before["displayName"]:
        if group_id in _set_ids(desk):
            raise ScimError(400, "A permission set keeps its name.", "mutability")
        await update_record(desk.database, as_system(desk.context, "Group"), "Group", group_id, {"Name": name})
    await _keep_members(desk, group_id, await _wanted(desk, after))
    if after.get("externalId") != before.get("externalId"):
        await keep_name(desk, KIND, group_id, after.get("externalId"))
    return await get_group(desk, group_id)


async def _wanted(desk: Desk, document: Mapping[str, Any]) -> list[str]:
    """The members, who must all be users here."""
    ids = list(dict.fromkeys(str(each["value"]) for each in document.get("members") or [] if each.get("value")))
    if not ids:
        return []
    [rows] = await desk.database.read(Binding(desk.tenant_id), _USERS.bind(tenant_id=desk.tenant_id, ids=ids))
    unknown = sorted(set(ids) - {each for (each,) in rows})
    if unknown:
        raise invalid_value(f"There is no user {', '.join(unknown[:5])}.")
    return ids


async def _keep_members(desk: Desk, group_id: str, wanted: Iterable[str]) -> None:
    """Let users in and out so that the wanted ones are in, in two writes at most."""
    held = {user_id: member_id for member_id, user_id, _ in (await _members(desk, [group_id])).get(group_id, [])}
    wanted = list(wanted)
    new = [user_id for user_id in wanted if user_id not in held]
    gone = [{"Id": held[user_id]} for user_id in held if user_id not in wanted]
    context = desk.context.unversioned
    if group_id in _set_ids(desk):
        acting = as_system(context, "PermissionSetAssignment", "User", "PermissionSet")
        added = [{"AssigneeId": each, "PermissionSetId": group_id} for each in new]
        name = "PermissionSetAssignment"
    else:
        acting = as_system(context, "GroupMember", "Group", "User")
        added, name = [{"GroupId": group_id, "UserOrGroupId": each} for each in new], "GroupMember"
    await write_all(desk.database, acting, name, "insert", added)
    await write_all(desk.database, acting, name, "delete", gone)
    if new or gone:
        members = {"members": list(held)}, {"members": wanted}
        await note(desk, "changedGroup", group_id, "changed a group's members", *members)


async def delete_group(desk: Desk, group_id: str, version: str | None) -> None:
    """Remove a public group."""
    demand_version(await get_group(desk, group_id), version)
    if group_id in _set_ids(desk):
        raise ScimError(403, "A permission set cannot be removed by a directory.", "mutability")
    await delete_record(desk.database, as_system(desk.context, "Group", "GroupMember"), "Group", group_id)
    await keep_name(desk, KIND, group_id, None)
    await note(desk, "deletedGroup", group_id, "removed a group")
