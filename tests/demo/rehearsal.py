"""A demo plan rehearsed without a database: every step evaluated, every record taken halfway through a write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chassis_metadata.errors import Problem
from chassis_metadata.ids import new_ids
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.context import Context, Principal
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.system import system_grants
from chassis_platform.demo.expressions import RecordSet, World
from chassis_platform.demo.plan import DemoPlan, Step, TenantPlan, compile_steps
from chassis_platform.demo.progress import Progress
from chassis_platform.demo.sources import read_list
from chassis_platform.demo.steps import Draft, Tenancy, drafts_of, payload_of
from chassis_platform.plan.write import plan_write
from chassis_tenants.database import Binding
from chassis_tenants.tenant import Tenant

TODAY = date(2026, 11, 20)


@dataclass
class Rehearsed:
    """What a tenant's plan comes to: the drafts of each step, and what the write road would refuse."""

    drafts: dict[str, list[Draft]] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[str, Problem]] = field(default_factory=list)


def rehearse(plan: DemoPlan, tenant: TenantPlan, snapshot: Snapshot, *, scale: float = 1.0) -> Rehearsed:
    done = Rehearsed()
    tenancy = _tenancy(plan, tenant, snapshot, scale)
    for place, step in enumerate(compile_steps(tenant, plan, tenancy.world)):
        key = f"{place} {step.name}"
        drafts = done.drafts[key] = list(drafts_of(tenancy, step, key))
        prefix = "005"
        if step.object_name is not None:
            obj = snapshot.objects[step.object_name]
            prefix = obj.key_prefix
            done.problems += ((step.name, each) for each in _refused(tenancy.context, step, drafts))
            if step.operation == "insert":
                done.objects[obj.name] = done.objects.get(obj.name, 0) + len(drafts)
        if step.operation == "insert":
            ids = new_ids(prefix, len(drafts)) if drafts else []
            records = [{**each.kept, "Id": made} for each, made in zip(drafts, ids, strict=True)]
            tenancy.world.sets[step.name] = RecordSet(records)
    return done


def _refused(context: Context, step: Step, drafts: list[Draft]) -> Iterator[Problem]:
    obj = context.snapshot.objects[str(step.object_name)]
    planned = plan_write(context, obj, step.operation, [payload_of(obj, each.values) for each in drafts])
    for change in planned.changes:
        yield from change.problems


def _tenancy(plan: DemoPlan, tenant: TenantPlan, snapshot: Snapshot, scale: float) -> Tenancy:
    lists = {
        name: read_list(plan.folder / each.file, each.column, each.weight, each.only)
        for name, each in plan.lists.items()
    }
    world = World(TODAY, ZoneInfo(tenant.time_zone), lists=lists, functions=snapshot.functions)
    progress = Progress(Path("nowhere"), {"tenants": {}}).tenant(tenant.name)
    nobody: Any = None
    return Tenancy(
        nobody, _context(tenant, snapshot), tenant, plan.folder, world, progress, scale, report=lambda _: None
    )


def _context(tenant: TenantPlan, snapshot: Snapshot) -> Context:
    made = Tenant(
        1, "00D000000000001AAA", tenant.name, tenant.label, "active", tenant.language, tenant.time_zone, "USD", 1, 1
    )
    policy = AccessPolicy("005000000000001AAA", system_grants(snapshot, frozenset(snapshot.objects)))
    return Context(made, Principal("005000000000001AAA", "admin", "command_line"), snapshot, policy, Binding(1))
