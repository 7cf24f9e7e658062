"""Details of a record in approval are locked with it: none is made, changed, moved or deleted meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from chassis_metadata.fields import FieldType
from chassis_metadata.logic.approval import objects_in_approval
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.plan.changes import Change, fine
from chassis_platform.plan.write import WritePlan
from chassis_platform.sql.rows import of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

#: Masters of masters, so far up.
HIGHEST = 3
Step = tuple[Object, Field]
Path = tuple[Step, ...]  # from a detail's master: objects, and the field by which each refers to its own master


def masters_that_lock(plan: WritePlan) -> list[Field]:
    """The references to masters that may be locked, or whose own masters may; none where no lock holds the user."""
    return [each for each in _masters(plan.context.snapshot, plan.obj) if any(_paths(plan, each))]


def _masters(snapshot: Snapshot, obj: Object) -> list[Field]:
    def make() -> list[Field]:
        return [each for each in obj.fields.values() if each.type is FieldType.MASTER_DETAIL]

    return snapshot.keep(("masters", obj.name), make)


def _paths(plan: WritePlan, field: Field) -> Iterator[tuple[Path, Object]]:
    """The ways from the master up to objects with approvals, of which the user may not change all records."""
    snapshot = plan.context.snapshot
    for path, obj in _ways(snapshot, field):
        if obj.name in objects_in_approval(snapshot) and not plan.context.policy.on(obj.name).modify_all:
            yield path, obj


def _ways(snapshot: Snapshot, field: Field, path: Path = ()) -> Iterator[tuple[Path, Object]]:
    for name in field.references:
        obj = snapshot.objects[name]
        yield path, obj
        if len(path) < HIGHEST:
            for each in _masters(snapshot, obj):
                yield from _ways(snapshot, each, (*path, (obj, each)))


async def refuse_under_locked(
    transaction: Transaction, plan: WritePlan, changes: Sequence[Change] | None = None
) -> None:
    """Note the details whose masters, old or new, are locked. One statement, whatever the number of records."""
    fields = masters_that_lock(plan)
    concerned = [each for each in fine(plan.changes if changes is None else changes) if _touches(plan, each)]
    wanted = {name for each in concerned for field in fields for name in _named(each, field)}
    if not wanted:
        return
    rows = await transaction.fetch(_statement(plan, fields).bind(tenant_id=plan.context.tenant.id, ids=sorted(wanted)))
    locks: dict[str, str] = dict(rows)
    for change in concerned:
        for field in fields:
            label = next((locks[each] for each in _named(change, field) if each in locks), None)
            if label is not None:
                message = f"The record belongs to one that is locked while it is in approval ({label})."
                change.wrong("entity_is_locked", message, field.name)


def _touches(plan: WritePlan, change: Change) -> bool:
    return change.creating or plan.operation == "delete" or any(map(change.differs, change.values))


def _named(change: Change, field: Field) -> Iterable[str]:
    values = (change.values.get(field.name), (change.old or {}).get(field.name))
    return [each for each in values if each is not None]


def _statement(plan: WritePlan, fields: Sequence[Field]) -> Statement:
    snapshot = plan.context.snapshot
    ways = [(path, obj) for field in fields for path, obj in _paths(plan, field)]
    key = ("master_locks", *sorted({_way(path, obj) for path, obj in ways}))

    def make() -> Statement:
        return compile_statement(sa.union_all(*(_locked(snapshot, path) for path, _ in ways)))

    return snapshot.keep(key, make)


def _way(path: Path, obj: Object) -> str:
    return "/".join([*(f"{step.name}.{field.name}" for step, field in path), obj.name])


def _locked(snapshot: Snapshot, path: Path) -> sa.Select[tuple[str, str]]:
    """(id of the master, label of the approval) where the end of the path is locked."""
    instance = tenant_view(snapshot.objects["ProcessInstance"]).alias("i")
    target = instance.c.target_object_id
    locking = (instance.c.tenant_id == TENANT_ID, instance.c.is_locking, sa.not_(instance.c.is_deleted))
    if not path:
        return sa.select(target, instance.c.name).where(*locking, target == sa.any_(IDS))
    conditions = list(locking)
    sources = [tenant_view(obj).alias(f"m{place}") for place, (obj, _) in enumerate(path)]
    for place, (obj, field) in enumerate(path):
        upper = sources[place + 1].c.id if place + 1 < len(path) else target
        conditions += [*of_this_object(obj, sources[place]), value(field, sources[place]) == upper]
    return sa.select(sources[0].c.id, instance.c.name).where(*conditions, sources[0].c.id == sa.any_(IDS))
