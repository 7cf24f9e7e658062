"""What the tests of logic have in common: components that a tenant saves, and the Context that goes on with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from chassis_metadata.errors import Problem
from chassis_metadata.logic.triggers import BeforeSaveUpdate, Trigger
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import RecordResult
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore

Components = Mapping[tuple[str, str], dict[str, Any]]


async def with_components(
    database: Database, snapshots: SnapshotStore, context: Context, components: Components
) -> Context:
    """The user's next Context after the tenant saved these."""
    async with database.transaction(Binding(context.tenant.id)) as transaction:
        for (kind, name), body in components.items():
            await save_component(transaction, snapshots, ComponentKey(kind, name), body, OPERATOR)
    return await afresh(database, snapshots, context)


async def afresh(database: Database, snapshots: SnapshotStore, context: Context) -> Context:
    """The Context of the user's next request."""
    tenant = await tenant_by_id(database, context.tenant.id)
    assert tenant is not None
    snapshot = await snapshots.of(tenant.id, tenant.metadata_version)
    policy = await PolicyStore(database).of(tenant, context.principal.user_id, snapshot, tenant.access_version)
    binding = Binding(tenant.id, tenant.metadata_version)
    return replace(context, tenant=tenant, snapshot=snapshot, policy=policy, binding=binding)


def reacting(context: Context, *reactions: Trigger | BeforeSaveUpdate, object_name: str = "Workshop") -> Context:
    """The same with these triggers and updates, as if some engine's components had brought them."""
    snapshot = replace(context.snapshot, identity=f"{context.snapshot.identity}+{next(_copies)}")
    triggers = tuple(each for each in reactions if isinstance(each, Trigger))
    updates = tuple(each for each in reactions if isinstance(each, BeforeSaveUpdate))
    snapshot.kept["triggers"] = {object_name: triggers}
    snapshot.kept["before_save_updates"] = {object_name: updates}
    return replace(context, snapshot=snapshot)


_copies = count(1)


def told(results: list[RecordResult]) -> list[list[str]]:
    """The messages of each record."""
    return [[problem.message for problem in result.problems] for result in results]


def codes(problems: Sequence[Problem]) -> list[str]:
    """The codes of problems."""
    return [problem.code for problem in problems]
