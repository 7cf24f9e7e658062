"""The Snapshot of a tenant: compiled once for all that have the same packages, the tenant's own layer laid over it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from chassis_metadata.compile import compile_snapshot, overlay, with_conversions
from chassis_metadata.components import Layer
from chassis_metadata.errors import Invalid
from chassis_metadata.logic.kinds import LOGIC_KINDS
from chassis_metadata.package import PART_KINDS, TOP_KINDS
from chassis_metadata.parse import parse_component
from chassis_metadata.snapshot import Snapshot
from chassis_tenants.conversions import conversions_of, unfinished
from chassis_tenants.database import Binding, Database, Row, StaleBindingError
from chassis_tenants.registry import PackageLibrary, PackageVersion
from chassis_tenants.secret_settings import SEEN_BODY
from chassis_tenants.statement import Statement

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)

#: What a tenant may make of its own: kind -> attribute of a Layer.
LAYER_KINDS = {
    kind: attribute
    for kind, attribute in [("object", "objects"), *PART_KINDS.values(), *TOP_KINDS.values()]
    if attribute in Layer.__dataclass_fields__
} | dict.fromkeys(LOGIC_KINDS, "logic")


def installed_versions(tenant_id: int) -> Statement:
    """The package versions that a tenant has; rows make a PackageVersion each."""
    return Statement(
        "SELECT i.package, i.version, p.digest FROM chassis.installation i"
        " JOIN chassis.package_version p ON p.package = i.package AND p.version = i.version"
        " WHERE i.tenant_id = %(tenant_id)s ORDER BY i.package",
        {"tenant_id": tenant_id},
    )


def stored_components(tenant_id: int) -> Statement:
    """What a tenant made of its own: kind, name, body without secrets; in the order in which it was made."""
    return Statement(
        f"SELECT kind, name, {SEEN_BODY} FROM chassis.component WHERE tenant_id = %(tenant_id)s"  # noqa: S608
        " ORDER BY created_at, kind, name",
        {"tenant_id": tenant_id},
    )


def layer_of(components: Iterable[Row]) -> Layer:
    """Stored components as a Layer; one that can't be read any more is left out, so that the rest works."""
    parts: dict[str, Any] = {}
    for kind, name, body in components:
        try:
            component = parse_component(kind, name, body)
        except Invalid as error:
            _log.warning("The %s %s is left out: %s", kind, name, error)
            continue
        _add(parts, kind, name, component)
    return Layer(**parts)


def _add(parts: dict[str, Any], kind: str, name: str, component: Any) -> None:
    attribute = LAYER_KINDS[kind]
    if kind == "object":
        parts.setdefault(attribute, {})[name] = component
    elif kind == "field":
        fields = parts.setdefault(attribute, {})
        object_name = name.rpartition(".")[0]
        fields[object_name] = (*fields.get(object_name, ()), component)
    else:
        parts[attribute] = (*parts.get(attribute, ()), component)


class SnapshotStore:
    """Snapshots by tenant: one without a layer of its own costs a dictionary entry; no more than `most` stay."""

    def __init__(self, database: Database, *, most: int = 5_000, most_bases: int = 64) -> None:
        self.database = database
        self.library = PackageLibrary(database)
        self._tenants: _UsedLast[int, tuple[int, Snapshot]] = _UsedLast(most)
        self._bases: _UsedLast[frozenset[PackageVersion], Snapshot] = _UsedLast(most_bases)
        self._turns = _Turns()

    async def of(self, tenant_id: int, metadata_version: int) -> Snapshot:
        """The tenant's snapshot at this version; StaleBindingError if the tenant has another version by now."""
        known = self._tenants.find(tenant_id)
        if known is not None and known[0] == metadata_version:
            return known[1]
        async with self._turns.of(tenant_id):
            known = self._tenants.find(tenant_id)
            if known is not None and known[0] == metadata_version:
                return known[1]
            snapshot = await self._compile(Binding(tenant_id, metadata_version))
            self._tenants.keep(tenant_id, (metadata_version, snapshot))
            return snapshot

    async def base(self, versions: frozenset[PackageVersion]) -> Snapshot:
        """What these packages say together; one value for everybody."""
        known = self._bases.find(versions)
        if known is not None:
            return known
        async with self._turns.of(versions):
            known = self._bases.find(versions)
            if known is None:
                known = await self._compile_base(versions)
                self._bases.keep(versions, known)
            return known

    async def _compile(self, binding: Binding) -> Snapshot:
        tenant_id = binding.tenant_id
        versions, components, under_way = await self.database.read(
            binding, installed_versions(tenant_id), stored_components(tenant_id), unfinished(tenant_id)
        )
        snapshot = await self.base(frozenset(PackageVersion(*row) for row in versions))
        if components:
            snapshot = await asyncio.to_thread(overlay, snapshot, layer_of(components))
        return with_conversions(snapshot, conversions_of(under_way)) if under_way else snapshot

    async def _compile_base(self, versions: frozenset[PackageVersion]) -> Snapshot:
        packages = await self.library.load(sorted(versions))
        if len(packages) < len(versions):
            raise StaleBindingError  # a version was replaced between two statements
        return await asyncio.to_thread(compile_snapshot, packages)


class _UsedLast(Generic[_Key, _Value]):
    """The values used last, at most so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[_Key, _Value] = OrderedDict()

    def find(self, key: _Key) -> _Value | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def keep(self, key: _Key, value: _Value) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)


class _Turns:
    """One compilation of a thing at a time: the others wait for its result."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncIterator[None]:
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks.pop(key)
            if waiting > 1:
                self._locks[key] = (lock, waiting - 1)
