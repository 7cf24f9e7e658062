"""The store of compiled access policies: one read for who a user is, grants shared by all with the same sets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.grants import compile_grants
from chassis_platform.access.policy import AccessPolicy, Grants
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

MOST_POLICIES = 10_000
MOST_GRANTS = 500

#: What the platform's own objects say about a user: sets assigned, queues joined, roles below the user's own.
_MEMBERSHIP = """
WITH RECURSIVE below AS (
    SELECT role.id
    FROM tenant.user_role AS role
    JOIN tenant."user" AS person ON person.tenant_id = %(tenant_id)s AND person.id = %(user_id)s
    WHERE role.tenant_id = %(tenant_id)s AND role.parent_role_id = person.user_role_id AND NOT role.is_deleted
    UNION
    SELECT role.id
    FROM tenant.user_role AS role
    JOIN below ON role.parent_role_id = below.id
    WHERE role.tenant_id = %(tenant_id)s AND NOT role.is_deleted
)
SELECT
    ARRAY(
        SELECT granted.name
        FROM tenant.permission_set_assignment AS assignment
        JOIN tenant.permission_set AS granted
          ON granted.tenant_id = %(tenant_id)s AND granted.id = assignment.permission_set_id
        WHERE assignment.tenant_id = %(tenant_id)s AND assignment.assignee_id = %(user_id)s
          AND NOT assignment.is_deleted AND NOT granted.is_deleted
        ORDER BY granted.name
    ),
    ARRAY(
        SELECT member.group_id
        FROM tenant.group_member AS member
        WHERE member.tenant_id = %(tenant_id)s AND member.user_or_group_id = %(user_id)s AND NOT member.is_deleted
        ORDER BY member.group_id
    ),
    ARRAY(SELECT id FROM below ORDER BY id)
"""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """The values used last, up to a number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """The value, which then counts as just used."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def keep(self, key: Key, value: Value) -> Value:
        """Hold the value; the one unused for longest goes where there are too many."""
        self._values[key] = value
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value

    def find(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value held, or the one that `make` makes."""
        value = self.get(key)
        return value if value is not None else self.keep(key, make())


class PolicyStore:
    """Access policies by tenant, user and the versions of metadata and access that they were compiled from."""

    def __init__(self, database: Database, *, most: int = MOST_POLICIES) -> None:
        self._database = database
        self._policies: Recent[tuple[int, str, int, int], AccessPolicy] = Recent(most)
        self._grants: Recent[tuple[str, frozenset[str]], Grants] = Recent(MOST_GRANTS)

    async def of(self, tenant: Tenant, user_id: str, snapshot: Snapshot, access_version: int) -> AccessPolicy:
        """The user's policy at these versions; read and compiled when it is asked for the first time."""
        key = (tenant.id, user_id, tenant.metadata_version, access_version)
        return self._policies.get(key) or self._policies.keep(key, await self._read(tenant, user_id, snapshot))

    async def _read(self, tenant: Tenant, user_id: str, snapshot: Snapshot) -> AccessPolicy:
        membership = Statement(_MEMBERSHIP, {"tenant_id": tenant.id, "user_id": user_id})
        [[(assigned, queues, roles)]] = await self._database.read(Binding(tenant.id), membership)
        names = frozenset(name for name in assigned if name in snapshot.permission_sets)
        return AccessPolicy(
            user_id=user_id,
            grants=self._grants_of(snapshot, names),
            queue_ids=tuple(queues),
            subordinate_role_ids=tuple(roles),
            permission_sets=tuple(sorted(names)),
        )

    def _grants_of(self, snapshot: Snapshot, names: frozenset[str]) -> Grants:
        """Tenant-made sets lie in the snapshot's layer, so its identity covers their content too."""

        def compile_now() -> Grants:
            return compile_grants(snapshot, [snapshot.permission_sets[name] for name in sorted(names)])

        return self._grants.find((snapshot.identity, names), compile_now)
