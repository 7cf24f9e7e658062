"""Permission sets and public groups of a user, brought in step with what another system says."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_system
from chassis_platform.auth.users import assign, assignments
from chassis_platform.plan.write import Operation
from chassis_platform.records.write import write_records
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

#: A group of people, where the others are queues of records.
PUBLIC_GROUP = "Regular"

_GROUPS = Statement(
    'SELECT g.developer_name, g.id, m.id FROM tenant."group" g'
    " LEFT JOIN tenant.group_member m ON m.tenant_id = g.tenant_id AND m.group_id = g.id"
    "   AND m.user_or_group_id = %(user_id)s AND NOT m.is_deleted"
    " WHERE g.tenant_id = %(tenant_id)s AND g.type = %(type)s AND NOT g.is_deleted"
    "   AND g.developer_name = ANY(%(names)s)"
)


async def keep_permission_sets(
    database: Database, context: Context, user_id: str, *, wanted: AbstractSet[str], governed: AbstractSet[str]
) -> None:
    """Of the governed sets, the user has the wanted ones afterwards and no others."""
    known = governed & context.snapshot.permission_sets.keys()
    held = await assignments(database, context, user_id) if known else {}
    await assign(database, context, user_id, sorted((wanted & known) - held.keys()))
    gone = [{"Id": held[name]} for name in sorted((known - wanted) & held.keys())]
    acting = as_system(context, "PermissionSetAssignment", "User", "PermissionSet")
    await write_all(database, acting, "PermissionSetAssignment", "delete", gone)


async def keep_groups(
    database: Database, context: Context, user_id: str, *, wanted: AbstractSet[str], governed: AbstractSet[str]
) -> None:
    """The same for public groups, by their developer names."""
    if not governed:
        return
    asked = _GROUPS.bind(tenant_id=context.tenant.id, user_id=user_id, type=PUBLIC_GROUP, names=sorted(governed))
    [rows] = await database.read(context.unversioned.binding, asked)
    joined = [
        {"GroupId": group, "UserOrGroupId": user_id} for name, group, member in rows if name in wanted and not member
    ]
    left = [{"Id": member} for name, _, member in rows if name not in wanted and member]
    acting = as_system(context, "GroupMember", "Group", "User")
    await write_all(database, acting, "GroupMember", "insert", joined)
    await write_all(database, acting, "GroupMember", "delete", left)


async def write_all(
    database: Database, context: Context, object_name: str, operation: Operation, records: Sequence[dict[str, Any]]
) -> list[str]:
    """Write all records or none; answers their ids and raises what is wrong."""
    if not records:
        return []
    results = await write_records(database, context, object_name, operation, records, all_or_none=True)
    problems = [problem for each in results for problem in each.problems]
    if problems:
        raise Invalid(problems)
    return [str(each.id) for each in results]
