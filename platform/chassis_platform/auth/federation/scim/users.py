"""Users as resources: read by queries, written down the road of every record, ended with their sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis_metadata.soql.tree import Condition
from chassis_platform.access.system import as_system
from chassis_platform.auth.credentials import SERVICE_USERS
from chassis_platform.auth.federation.scim.conditions import USER_FIELDS, Asked, condition_of, external_ids
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
    ids_of_kind,
    is_equal,
    joined,
    keep_name,
    note,
    read_records,
)
from chassis_platform.auth.federation.scim.schema import ENTERPRISE, USER, USERS
from chassis_platform.auth.federation.tokens import end_grants
from chassis_platform.auth.sessions import revoke_sessions_of
from chassis_platform.auth.sso_policy import read_sso_policy
from chassis_platform.auth.users import BASE_SET, assign
from chassis_platform.records.write import create_record, update_record
from chassis_tenants.database import Binding
from chassis_tenants.statement import Statement

KIND, DELETED = "User", "DeletedUser"
_FIELDS = (
    "Id",
    "Username",
    "Name",
    "FirstName",
    "LastName",
    "Email",
    "Title",
    "Department",
    "MobilePhone",
    "IsActive",
    "ManagerId",
    "LanguageLocaleKey",
    "LocaleSidKey",
    "TimeZoneSidKey",
    "UserType",
    "CreatedDate",
    "LastModifiedDate",
)
_MEMBERSHIPS = Statement(
    "SELECT m.user_or_group_id, g.id, g.name FROM tenant.group_member m"
    " JOIN tenant.\"group\" g ON g.tenant_id = m.tenant_id AND g.id = m.group_id AND g.type = 'Regular'"
    " WHERE m.tenant_id = %(tenant_id)s AND m.user_or_group_id = ANY(%(ids)s) AND NOT m.is_deleted AND NOT g.is_deleted"
    " UNION ALL"
    " SELECT a.assignee_id, p.id, p.label FROM tenant.permission_set_assignment a"
    " JOIN tenant.permission_set p ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id"
    " WHERE a.tenant_id = %(tenant_id)s AND a.assignee_id = ANY(%(ids)s) AND NOT a.is_deleted AND NOT p.is_deleted"
    "   AND p.name = ANY(%(sets)s)"
    " ORDER BY 1, 3, 2"
)


async def list_users(desk: Desk, condition: Filter | None, start: int, count: int) -> tuple[int, list[Document]]:
    """How many users there are, and those of the page."""
    found: Condition | None = None
    if condition is not None:
        names = await ids_of_external(desk, KIND, list(external_ids(condition)))
        found = condition_of(condition, Asked(USER_FIELDS, names))
    listing = Listing(joined(found, await _not_deleted(desk)), start, count)
    total, records = await read_records(desk, "User", _FIELDS, listing)
    return total, await _documents(desk, records)


async def _not_deleted(desk: Desk) -> Condition | None:
    """Users are never deleted, for what they did names them; those whom the directory deleted are no longer shown."""
    gone = await ids_of_kind(desk, DELETED)
    return among("Id", gone, negated=True) if gone else None


async def get_user(desk: Desk, user_id: str) -> Document:
    """The user of that id."""
    return (await _record(desk, user_id))[1]


async def _record(desk: Desk, user_id: str) -> tuple[Mapping[str, Any], Document]:
    condition = joined(is_equal("Id", user_id), await _not_deleted(desk))
    _, records = await read_records(desk, "User", _FIELDS, Listing(condition, 1, 1))
    if not records:
        raise not_found()
    [document] = await _documents(desk, records)
    return records[0], document


async def _documents(desk: Desk, records: Sequence[Mapping[str, Any]]) -> list[Document]:
    ids = [each["Id"] for each in records]
    names, groups = await external_names(desk, KIND, ids), await _groups(desk, ids)
    return [_document(desk, each, names.get(each["Id"]), groups.get(each["Id"], [])) for each in records]


async def _groups(desk: Desk, ids: Sequence[str]) -> dict[str, list[Document]]:
    sets = list(desk.directory.permission_sets)
    asked = _MEMBERSHIPS.bind(tenant_id=desk.tenant_id, ids=list(ids), sets=sets)
    [rows] = await desk.database.read(Binding(desk.tenant_id), asked) if ids else [[]]
    found: dict[str, list[Document]] = {}
    for user_id, group_id, name in rows:
        group = {"value": group_id, "display": name, "$ref": f"{desk.url}/Groups/{group_id}"}
        found.setdefault(user_id, []).append(group)
    return found


def _document(desk: Desk, record: Mapping[str, Any], external_id: str | None, groups: list[Document]) -> Document:
    name = {"formatted": record["Name"], "familyName": record["LastName"], "givenName": record["FirstName"]}
    enterprise: Document = {"department": record["Department"]} if record["Department"] else {}
    if record["ManagerId"]:
        manager = record["ManagerId"]
        enterprise["manager"] = {"value": manager, "$ref": f"{desk.url}/Users/{manager}"}
    phone, email = record["MobilePhone"], record["Email"]
    document = {
        "schemas": [USER, ENTERPRISE] if enterprise else [USER],
        "id": record["Id"],
        "externalId": external_id,
        "userName": record["Username"],
        "name": {part: value for part, value in name.items() if value},
        "displayName": record["Name"],
        "title": record["Title"],
        "preferredLanguage": (record["LanguageLocaleKey"] or "").replace("_", "-") or None,
        "locale": record["LocaleSidKey"],
        "timezone": record["TimeZoneSidKey"],
        "active": record["IsActive"],
        "emails": [{"value": email, "type": "work", "primary": True}] if email else [],
        "phoneNumbers": [{"value": phone, "type": "mobile"}] if phone else [],
        "groups": groups,
        ENTERPRISE: enterprise,
    }
    return finished(USERS, desk, document, created=record["CreatedDate"], modified=record["LastModifiedDate"])


def _values(document: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The record's values of a resource; only those that differ from what is there."""
    name, enterprise = document.get("name") or {}, document.get(ENTERPRISE) or {}
    values = {
        "Username": document.get("userName"),
        "LastName": name.get("familyName"),
        "FirstName": name.get("givenName"),
        "Email": _one(document, "emails"),
        "Title": document.get("title"),
        "Department": enterprise.get("department"),
        "MobilePhone": _one(document, "phoneNumbers"),
        "IsActive": document.get("active", True),
        "ManagerId": (enterprise.get("manager") or {}).get("value"),
    }
    if document.get("preferredLanguage"):
        values["LanguageLocaleKey"] = str(document["preferredLanguage"]).replace("-", "_")
    if document.get("locale"):
        values["LocaleSidKey"] = document["locale"]
    if document.get("timezone"):
        values["TimeZoneSidKey"] = document["timezone"]
    return {field: value for field, value in values.items() if before.get(field) != value}


def _one(document: Mapping[str, Any], name: str) -> str | None:
    """The primary value of an array, or its first."""
    values = [each for each in document.get(name) or [] if each.get("value")]
    primary = [each for each in values if each.get("primary") is True]
    return str((primary or values)[0]["value"]) if values else None


def _complete(document: Document) -> Document:
    """A user without family name or e-mail gets them of the username, as directories leave them out."""
    username = document.get("userName")
    if not username:
        raise invalid_value("userName is required.")
    name = document.get("name") or {}
    if not name.get("familyName"):
        document = {**document, "name": {**name, "familyName": str(username).partition("@")[0]}}
    if _one(document, "emails") is None:
        document = {**document, "emails": [{"value": username, "primary": True}]}
    return document


async def create_user(desk: Desk, body: Document) -> Document:
    """Make a user, or bring back one whom the directory deleted."""
    document = _complete(read_resource(USERS, body))
    back = await _deleted_before(desk, str(document["userName"]))
    if back is not None:
        await keep_name(desk, DELETED, back, None)
        return await replace_user(desk, back, body, None)
    acting = as_system(desk.context, "User")
    made = await create_record(desk.database, acting, "User", _values(document, {}))
    user_id = str(made.id)
    await assign(desk.database, desk.context.unversioned, user_id, [BASE_SET])
    await keep_name(desk, KIND, user_id, document.get("externalId"))
    await note(desk, "createdUser", user_id, f"created the user {document['userName']}", None, document)
    return await get_user(desk, user_id)


async def _deleted_before(desk: Desk, username: str) -> str | None:
    gone = await ids_of_kind(desk, DELETED)
    if not gone:
        return None
    condition = joined(is_equal("Username", username), among("Id", gone))
    _, records = await read_records(desk, "User", ("Id",), Listing(condition, 1, 1))
    return records[0]["Id"] if records else None


async def replace_user(desk: Desk, user_id: str, body: Document, version: str | None) -> Document:
    """The user as the body says; what it leaves out is empty, and a user who is not said to be inactive is active."""
    return await _change(desk, user_id, lambda _: _complete(read_resource(USERS, body)), version)


async def patch_user(desk: Desk, user_id: str, body: Document, version: str | None) -> Document:
    """The user as the operations leave it."""
    return await _change(desk, user_id, lambda document: _complete(apply_patch(USERS, document, body)), version)


async def _change(desk: Desk, user_id: str, change: Any, version: str | None) -> Document:
    record, before = await _record(desk, user_id)
    demand_version(before, version)
    await _demand_governed(desk, record)
    after = change(before)
    values = _values(after, record)
    if values:
        await update_record(desk.database, as_system(desk.context, "User"), "User", user_id, values)
        old = {field: record.get(field) for field in values}
        await note(desk, "changedUser", user_id, f"changed the user {record['Username']}", old, values)
    if values.get("IsActive") is False:
        await _end(desk, user_id)
    if after.get("externalId") != before.get("externalId"):
        await keep_name(desk, KIND, user_id, after.get("externalId"))
    return await get_user(replace(desk, context=desk.context.unversioned), user_id)


async def _demand_governed(desk: Desk, record: Mapping[str, Any]) -> None:
    """Service users, and who breaks the glass when directories fail, are no directory's to change."""
    policy = await read_sso_policy(desk.database, desk.tenant_id)
    if record["UserType"] in SERVICE_USERS or record["Id"] in policy.exempt_user_ids:
        raise ScimError(403, "This user is not the directory's to change.")


async def _end(desk: Desk, user_id: str) -> None:
    """Whoever is not active any more is out at once: sessions, tokens, all."""
    await desk.database.read(
        Binding(desk.tenant_id),
        revoke_sessions_of(desk.tenant_id, user_id),
        *end_grants(desk.tenant_id, user_id=user_id),
    )
    await note(desk, "deactivatedUser", user_id, "deactivated the user and ended their sessions")


async def delete_user(desk: Desk, user_id: str, version: str | None) -> None:
    """Deactivate a user whom the directory does not know any more; what they did keeps their name."""
    record, before = await _record(desk, user_id)
    demand_version(before, version)
    await _demand_governed(desk, record)
    if record["IsActive"]:
        await update_record(desk.database, as_system(desk.context, "User"), "User", user_id, {"IsActive": False})
    await _end(desk, user_id)
    await keep_name(desk, KIND, user_id, None)
    await keep_name(desk, DELETED, user_id, user_id)
