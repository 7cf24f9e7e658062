"""A tenant whose packages keep still: what they would do by themselves is no part of a comparison of roads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

#: Kinds that do something when a record is saved.
_BUSY = (
    "validation_rule",
    "duplicate_rule",
    "matching_rule",
    "flow",
    "approval",
    "assignment_rule",
    "milestone",
    "scoring_model",
    "task_plan",
)


async def only_this_logic(
    database: Database, snapshots: SnapshotStore, tenant_id: int, logic: Mapping[tuple[str, str], Any]
) -> None:
    """Switch off all that the tenant's packages bring, and give it these components of its own."""
    current = await tenant_by_id(database, tenant_id)
    snapshot = await snapshots.of(tenant_id, current.metadata_version if current else 0)
    names = [f"{kind}.{name}" for kind in _BUSY for name in snapshot.logic_of(kind)]
    off = {("switch", name): {"active": False} for name in names}
    async with database.transaction(Binding(tenant_id)) as transaction:
        for (kind, name), body in {**off, **logic}.items():
            await save_component(transaction, snapshots, ComponentKey(kind, name), body, OPERATOR)
