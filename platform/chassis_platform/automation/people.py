"""Users and queues by what a declaration calls them: username, role, queue, permission set, id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis_platform.access.context import Context
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement


@dataclass(frozen=True, slots=True)
class Person:
    """An active user, as a message needs it."""

    id: str
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Naming:
    """A way to name users: `kind` is id (of a user or a queue), username, role, queue or permission_set."""

    kind: str
    value: str


_QUEUES = """
SELECT developer_name, id FROM tenant."group"
WHERE tenant_id = %(tenant_id)s AND developer_name = ANY (%(names)s) AND NOT is_deleted
"""

_PEOPLE = """
WITH asked AS (
    SELECT a.kind, a.value FROM json_to_recordset(%(asked)s::json) AS a (kind text, value text)
), meant AS (
    SELECT a.kind, a.value, a.value AS user_id FROM asked a WHERE a.kind = 'id' AND left(a.value, 3) = '005'
    UNION
    SELECT a.kind, a.value, m.user_or_group_id FROM asked a
    JOIN tenant.group_member m ON m.tenant_id = %(tenant_id)s AND m.group_id = a.value AND NOT m.is_deleted
    WHERE a.kind = 'id'
    UNION
    SELECT a.kind, a.value, m.user_or_group_id FROM asked a
    JOIN tenant."group" g ON g.tenant_id = %(tenant_id)s AND g.developer_name = a.value AND NOT g.is_deleted
    JOIN tenant.group_member m ON m.tenant_id = %(tenant_id)s AND m.group_id = g.id AND NOT m.is_deleted
    WHERE a.kind = 'queue'
    UNION
    SELECT a.kind, a.value, u.id FROM asked a
    JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.username = a.value WHERE a.kind = 'username'
    UNION
    SELECT a.kind, a.value, u.id FROM asked a
    JOIN tenant.user_role r ON r.tenant_id = %(tenant_id)s AND r.developer_name = a.value AND NOT r.is_deleted
    JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.user_role_id = r.id WHERE a.kind = 'role'
    UNION
    SELECT a.kind, a.value, s.assignee_id FROM asked a
    JOIN tenant.permission_set p ON p.tenant_id = %(tenant_id)s AND p.name = a.value
    JOIN tenant.permission_set_assignment s
        ON s.tenant_id = %(tenant_id)s AND s.permission_set_id = p.id AND NOT s.is_deleted
    WHERE a.kind = 'permission_set'
)
SELECT m.kind, m.value, u.id, u.name, u.email, coalesce(u.language_locale_key, %(language)s)
FROM meant m JOIN tenant."user" u ON u.tenant_id = %(tenant_id)s AND u.id = m.user_id AND u.is_active
ORDER BY u.id
"""


async def queue_ids(transaction: Transaction, context: Context, names: Sequence[str]) -> dict[str, str]:
    """Queues by developer name."""
    statement = Statement(_QUEUES, {"tenant_id": context.tenant.id, "names": list(names)})
    return dict(await transaction.fetch(statement))


async def people(
    transaction: Transaction, context: Context, namings: Iterable[Naming]
) -> Mapping[Naming, tuple[Person, ...]]:
    """The active users that each naming means, in one statement; a queue means its members."""
    asked = list(dict.fromkeys(namings))
    if not asked:
        return {}
    rows = [{"kind": each.kind, "value": each.value} for each in asked]
    common = {"tenant_id": context.tenant.id, "language": context.tenant.language}
    found: dict[Naming, list[Person]] = {each: [] for each in asked}
    for kind, value, *person in await transaction.fetch(Statement(_PEOPLE, {**common, "asked": folded(rows)})):
        found[Naming(kind, value)].append(Person(*person))
    return {naming: tuple(each) for naming, each in found.items()}
