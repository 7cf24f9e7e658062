"""What can wait: keys of records that were there before a rule, and a look over all records for duplicates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.logic.duplicate_rule import asked_by, duplicate_rules
from chassis_metadata.logic.matching_rule import Side, sides_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.duplicates import find_parameters
from chassis_platform.automation.matching.findings import findings_of
from chassis_platform.automation.matching.keys import drop, stored_key_rows
from chassis_platform.automation.matching.record_sets import Group, keep_groups
from chassis_platform.automation.matching.search import by_other
from chassis_platform.automation.unattended import unattended
from chassis_platform.sql.match_keys import (
    ADVANCE_BUILD,
    BEGIN_BUILD,
    FORGET_BUILDS,
    FORGET_KEYS,
    KEEP_KEYS,
    UNFINISHED_BUILDS,
    next_records,
)
from chassis_platform.sql.matches import matches_of_saved
from chassis_platform.sql.rows import folded
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Database, Row, Transaction
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

BATCH = 500


async def build_keys(database: Database, snapshots: SnapshotStore, tenant_id: int, *, batch: int = BATCH) -> int:
    """Make the keys that rules ask for and records don't have yet; answers how many records were gone through.

    It goes on where it was interrupted. What no rule asks for any more goes.
    """
    context = await unattended(database, snapshots, tenant_id)
    if context is None:
        return 0
    starts: dict[str, dict[str, str]] = {}
    for key_id, object_name, last_id in await _unfinished(database, context):
        starts.setdefault(object_name, {})[key_id] = last_id
    if starts:
        await _finish_those_without_records(database, context, starts)
    return sum([await _build(database, context, name, keys, batch) for name, keys in starts.items()])


async def _unfinished(database: Database, context: Context) -> list[Row]:
    """Begin with keys that are new, forget those that are gone; answers (key, object, last id) of what is left."""
    sides = [side for name in context.snapshot.objects for side in sides_of(context.snapshot, name)]
    rows = folded({"key_id": side.key.id, "object_name": side.object_name} for side in sides)
    key_ids = sorted({side.key.id for side in sides})
    begin = BEGIN_BUILD.bind(tenant=context.tenant.id, rows=rows)
    forget = FORGET_BUILDS.bind(tenant=context.tenant.id, key_ids=key_ids)
    left = UNFINISHED_BUILDS.bind(tenant=context.tenant.id)
    _, gone, unfinished = await database.read(context.binding, begin, forget, left)
    if gone:
        unused = FORGET_KEYS.bind(tenant=context.tenant.id, key_ids=sorted({row[0] for row in gone}))
        await database.read(context.binding, unused)
    return unfinished


async def _finish_those_without_records(
    database: Database, context: Context, starts: dict[str, dict[str, str]]
) -> None:
    """Most objects of a new tenant: all are asked and noted at once, and leave `starts`."""
    objects = [context.snapshot.objects[name] for name in starts if sides_of(context.snapshot, name)]
    asked = [next_records(each).bind(tenant_id=context.tenant.id, after="", most=1) for each in objects]
    async with database.transaction(context.binding) as transaction:
        found = await transaction.fetch_each(asked)
        empty = [obj.name for obj, rows in zip(objects, found, strict=True) if not rows]
        await transaction.commit_with([_advanced(context, name, starts[name]) for name in empty])
    for name in empty:
        del starts[name]


async def _build(database: Database, context: Context, name: str, starts: Mapping[str, str], batch: int) -> int:
    obj = context.snapshot.objects.get(name)
    sides = [side for side in sides_of(context.snapshot, name) if side.key.id in starts] if obj is not None else []
    done, after = 0, min(starts.values())
    while obj is not None and sides:
        async with database.transaction(context.binding) as transaction:
            ids = await _next_ids(transaction, obj, after, batch)
            await _make(transaction, context, obj, sides, ids)
            is_done, after = len(ids) < batch, ids[-1] if ids else after
            await transaction.fetch(_advanced(context, name, starts, after, is_done=is_done))
        done += len(ids)
        if is_done:
            break
    return done


def _advanced(
    context: Context, name: str, key_ids: Iterable[str], last_id: str = "", *, is_done: bool = True
) -> Statement:
    progress = {"tenant": context.tenant.id, "object_name": name, "key_ids": list(key_ids)}
    return ADVANCE_BUILD.bind(**progress, last_id=last_id, is_done=is_done)


async def _next_ids(transaction: Transaction, obj: Object, after: str, most: int) -> list[str]:
    bound = next_records(obj).bind(tenant_id=transaction.tenant_id, after=after, most=most)
    return [row[0] for row in await transaction.fetch(bound)]


async def _make(
    transaction: Transaction, context: Context, obj: Object, sides: Sequence[Side], ids: Sequence[str]
) -> None:
    """The records are locked: a save of theirs comes before, and is seen, or after, and makes the keys anew."""
    if not ids:
        return
    tenant = {"tenant": context.tenant.id, "tenant_id": context.tenant.id}
    await transaction.fetch(lock_records(obj).bind(**tenant, ids=list(ids)))
    rows = await stored_key_rows(transaction, context, obj, sides, ids)
    kept = [KEEP_KEYS.bind(tenant=context.tenant.id, rows=folded(rows))] if rows else []
    await transaction.fetch_each([drop(context.tenant.id, sides, ids), *kept])


async def find_all(
    database: Database, snapshots: SnapshotStore, tenant_id: int, rule_name: str, *, batch: int = BATCH
) -> int:
    """Look over all records of a duplicate rule's object and keep what matches; answers how many sets are new."""
    context = await unattended(database, snapshots, tenant_id)
    rule = duplicate_rules(context.snapshot).get(rule_name) if context is not None else None
    if context is None or rule is None:
        return 0
    obj, new = context.snapshot.objects[rule.object_name], 0
    async for transaction, ids in _pages(database, context, obj, batch):
        groups = await _groups(transaction, context, rule_name, ids)
        new += await keep_groups(transaction, context, groups)
    return new


async def _pages(
    database: Database, context: Context, obj: Object, batch: int
) -> AsyncIterator[tuple[Transaction, list[str]]]:
    """All records in the order of ids, each page in a transaction of its own."""
    after, is_over = "", False
    while not is_over:
        async with database.transaction(context.binding) as transaction:
            ids = await _next_ids(transaction, obj, after, batch)
            if ids:
                yield transaction, ids
                after = ids[-1]
        is_over = len(ids) < batch


async def _groups(transaction: Transaction, context: Context, rule_name: str, ids: Sequence[str]) -> list[Group]:
    rule = duplicate_rules(context.snapshot)[rule_name]
    rules = asked_by(rule, context.snapshot)
    bound: dict[str, Any] = find_parameters(context) | {"ids": list(ids)}
    questions = [matches_of_saved(context, each).bind(**bound) for each in by_other(rules)]
    answers = await transaction.fetch_each(questions) if questions else []
    findings = findings_of((row for rows in answers for row in rows), rules)
    return [
        (rule.name, rule.object_name, [record_id, *(each.record_id for each in matches)])
        for record_id, matches in findings.items()
    ]
