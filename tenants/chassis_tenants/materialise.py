"""Components that are records too, for others to refer to: record types, permission sets, roles, queues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chassis_metadata.components import PermissionSet, QueueDefinition, RecordType, RoleDefinition
from chassis_metadata.ids import component_id
from chassis_tenants.database import Transaction
from chassis_tenants.rows import upsert_rows
from chassis_tenants.statement import Statement

RECORD_TYPE_PREFIX, PERMISSION_SET_PREFIX, ROLE_PREFIX, GROUP_PREFIX = "012", "0PS", "00E", "00G"

_ID, _TEXT = 'text COLLATE "C"', "text"
_DESCRIPTION_LENGTH = 255


def record_type_rows(tenant_id: int, user_id: str | None, record_types: Iterable[RecordType]) -> Statement:
    """A RecordType record each; its id is the same in every tenant."""
    rows = [
        {
            "id": component_id(RECORD_TYPE_PREFIX, f"{each.object_name}.{each.name}"),
            "name": each.label,
            "developer_name": each.name,
            "sobject_type": each.object_name,
            "description": each.description and each.description[:_DESCRIPTION_LENGTH],
            "is_active": each.active,
        }
        for each in record_types
    ]
    types = dict.fromkeys(("name", "developer_name", "sobject_type", "description"), _TEXT)
    types |= {"id": _ID, "is_active": "boolean"}
    updated = types.keys() - {"id"}
    return upsert_rows(tenant_id, "record_type", types, rows, user_id=user_id, updated=updated)


def permission_set_rows(
    tenant_id: int, user_id: str | None, permission_sets: Iterable[PermissionSet], *, custom: bool = False
) -> Statement:
    """A PermissionSet record each, for users to be assigned to; its name is the API name."""
    rows = [
        {
            "id": component_id(PERMISSION_SET_PREFIX, each.name),
            "name": each.name,
            "label": each.label,
            "description": each.description and each.description[:_DESCRIPTION_LENGTH],
            "is_custom": custom,
            "is_deleted": False,
        }
        for each in permission_sets
    ]
    types = {"id": _ID, "name": _TEXT, "label": _TEXT, "description": _TEXT}
    types |= {"is_custom": "boolean", "is_deleted": "boolean"}
    updated = types.keys() - {"id"}
    return upsert_rows(tenant_id, "permission_set", types, rows, user_id=user_id, updated=updated)


async def role_and_queue_rows(
    tx: Transaction, user_id: str | None, roles: Sequence[RoleDefinition], queues: Sequence[QueueDefinition]
) -> list[Statement]:
    """A UserRole and a Group record each, where the tenant has none of that name; those it has stay as they are."""
    if not roles and not queues:
        return []
    known_roles, known_groups = await tx.fetch_each([_known(tx.tenant_id, "user_role"), _known(tx.tenant_id, "group")])
    return [
        *_role_rows(tx.tenant_id, user_id, roles, dict(known_roles)),
        *_queue_rows(tx.tenant_id, user_id, queues, dict(known_groups)),
    ]


def _known(tenant_id: int, table: str) -> Statement:
    return Statement(
        f'SELECT developer_name__lower, id FROM tenant."{table}" WHERE tenant_id = %(tenant_id)s AND NOT is_deleted',  # noqa: S608
        {"tenant_id": tenant_id},
    )


def _role_rows(
    tenant_id: int, user_id: str | None, roles: Sequence[RoleDefinition], known: Mapping[str, str]
) -> Iterator[Statement]:
    ids = {each.name.lower(): component_id(ROLE_PREFIX, each.name) for each in roles} | dict(known)
    rows = [
        {
            "id": ids[each.name.lower()],
            "name": each.label,
            "developer_name": each.name,
            "parent_role_id": ids.get((each.parent or "").lower()),
        }
        for each in roles
        if each.name.lower() not in known
    ]
    types = {"id": _ID, "name": _TEXT, "developer_name": _TEXT, "parent_role_id": _ID}
    yield from _new_rows(tenant_id, user_id, "user_role", types, rows)


def _queue_rows(
    tenant_id: int, user_id: str | None, queues: Sequence[QueueDefinition], known: Mapping[str, str]
) -> Iterator[Statement]:
    rows = [
        {
            "id": component_id(GROUP_PREFIX, each.name),
            "name": each.label,
            "developer_name": each.name,
            "type": "Queue",
        }
        for each in queues
        if each.name.lower() not in known
    ]
    types = {"id": _ID, "name": _TEXT, "developer_name": _TEXT, "type": _TEXT}
    yield from _new_rows(tenant_id, user_id, "group", types, rows)


def _new_rows(
    tenant_id: int, user_id: str | None, table: str, types: Mapping[str, str], rows: list[dict[str, Any]]
) -> Iterator[Statement]:
    if rows:
        yield upsert_rows(tenant_id, table, types, rows, user_id=user_id, updated=())
