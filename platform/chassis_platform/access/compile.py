"""The store of compiled access policies: one read for who a user is, grants shared by all with the same sets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, NamedTuple, TypeVar

from chassis_metadata.components import PermissionSet
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.audiences import audiences_of
from chassis_platform.access.grants import compile_grants
from chassis_platform.access.groups import sets_of
from chassis_platform.access.owners import Owners, find_owners, owner_parameters, owning_audiences
from chassis_platform.access.policy import AccessPolicy, Grants
from chassis_platform.access.sharing import as_text
from chassis_platform.access.user_facts import FACTS, UserFacts, read_facts
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement
from chassis_tenants.tenant import Tenant

MOST_POLICIES = 10_000
MOST_GRANTS = 500
MOST_TENANTS = 200

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


class _Versions(NamedTuple):
    """A tenant, and which state of its metadata and its users' access."""

    tenant_id: int
    metadata: int
    access: int


class PolicyStore:
    """Access policies by tenant, user and the versions of metadata and access that they were compiled from."""

    def __init__(self, database: Database, *, most: int = MOST_POLICIES) -> None:
        self._database = database
        self._policies: Recent[tuple[_Versions, str], AccessPolicy] = Recent(most)
        self._grants: Recent[tuple[str, frozenset[str], frozenset[str], bool], Grants] = Recent(MOST_GRANTS)
        self._owners: Recent[_Versions, Owners] = Recent(MOST_TENANTS)
        self._named: Recent[tuple[_Versions, frozenset[str]], Mapping[str, str]] = Recent(MOST_GRANTS)

    async def of(self, tenant: Tenant, user_id: str, snapshot: Snapshot, access_version: int) -> AccessPolicy:
        """The user's policy at these versions; read and compiled when it is asked for the first time."""
        versions = _Versions(tenant.id, tenant.metadata_version, access_version)
        key = (versions, user_id)
        return self._policies.get(key) or self._policies.keep(key, await self._read(versions, user_id, snapshot))

    async def _read(self, versions: _Versions, user_id: str, snapshot: Snapshot) -> AccessPolicy:
        asked = Statement(FACTS, {"tenant_id": versions.tenant_id, "user_id": user_id})
        [[row]] = await self._database.read(Binding(versions.tenant_id), asked)
        user = read_facts(row)
        names = frozenset(name for name in user.permission_sets if name in snapshot.permission_sets)
        held = sets_of(snapshot, names)
        within = (name for each in names for name in snapshot.permission_sets[each].includes)
        user = replace(
            user,
            permission_sets=names.union(within),
            permissions=frozenset(name for each in held for name in each.custom_permissions),
        )
        grants = self._grants_of(snapshot, held, user)
        return AccessPolicy(
            user_id=user_id,
            grants=grants,
            group_ids=user.group_ids,
            us=as_text({user_id, *user.group_ids_reached, *user.subordinate_ids}),
            owners=await self._owners_named(versions, snapshot, grants.held),
            permission_sets=tuple(sorted(names)),
        )

    async def _owners_named(self, versions: _Versions, snapshot: Snapshot, held: frozenset[str]) -> Mapping[str, str]:
        named = self._named.get((versions, held))
        if named is None:
            owners = self._owners.get(versions) or self._owners.keep(versions, await self._find(versions, snapshot))
            named = self._named.keep((versions, held), owner_parameters(snapshot, held, owners))
        return named

    async def _find(self, versions: _Versions, snapshot: Snapshot) -> Owners:
        audiences = owning_audiences(snapshot)
        if not audiences:
            return {}
        asked = find_owners(snapshot).bind(tenant_id=versions.tenant_id)
        [[row]] = await self._database.read(Binding(versions.tenant_id), asked)
        return dict(zip(audiences, map(frozenset, row), strict=True))

    def _grants_of(self, snapshot: Snapshot, sets: Sequence[PermissionSet], user: UserFacts) -> Grants:
        """Tenant-made sets and rules lie in the snapshot's layer, so its identity covers their content too."""
        among = audiences_of(snapshot, user)

        def compile_now() -> Grants:
            return compile_grants(snapshot, sets, held=among, is_external=user.is_external)

        names = frozenset(each.name for each in sets)
        return self._grants.find((snapshot.identity, names, among, user.is_external), compile_now)
