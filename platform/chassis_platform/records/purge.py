"""Emptying the recycle bin: what was deleted long enough ago goes for good, with what belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform import clock
from chassis_platform.records.family import Members, cascades, family_of
from chassis_platform.sql.match_keys import ERASE_KEYS
from chassis_platform.sql.pivot import ERASE_INDEX_ROWS, indexed_fields
from chassis_platform.sql.purge import DEFER_FOREIGN_KEYS, clear_references, expired_records
from chassis_platform.sql.write import erase_records
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.statement import Statement

BATCH = 500


async def purge_deleted(
    database: Database, binding: Binding, snapshot: Snapshot, *, older_than: datetime, batch: int = BATCH
) -> int:
    """Remove what was deleted before `older_than`, in transactions of `batch` records; answers how many records went.

    Their details go with them; other references to them are cleared. The journal keeps what it says about them.
    """
    gone = 0
    for obj in snapshot.objects.values():
        while obj.deletable:
            purged = await _purge_batch(database, binding, snapshot, obj, {"older_than": older_than, "most": batch})
            gone += purged
            if purged == 0:
                break
    return gone


async def _purge_batch(
    database: Database, binding: Binding, snapshot: Snapshot, obj: Object, which: dict[str, Any]
) -> int:
    common = {"tenant": binding.tenant_id, "tenant_id": binding.tenant_id, "stamp": clock.now()}
    async with database.transaction(binding) as transaction:
        expired = await transaction.fetch(expired_records(obj).bind(**common, **which))
        if not expired:
            return 0
        members = await _family(transaction, snapshot, obj, [row[0] for row in expired], common)
        statements = [DEFER_FOREIGN_KEYS, *_clearings(snapshot, members), *_erasures(snapshot, members)]
        await transaction.commit_with([each.bind(**common) for each in statements])
        return sum(len(ids) for ids in members.values())


async def purge_within(
    transaction: Transaction, snapshot: Snapshot, obj: Object, ids: Sequence[str], common: dict[str, Any]
) -> Members:
    """Remove these records for good inside the caller's transaction; answers all that went, by object."""
    members = await _family(transaction, snapshot, obj, ids, common)
    statements = [DEFER_FOREIGN_KEYS, *_clearings(snapshot, members), *_erasures(snapshot, members)]
    await transaction.fetch_each([each.bind(**common) for each in statements])
    return members


async def _family(
    transaction: Transaction, snapshot: Snapshot, obj: Object, ids: Sequence[str], common: dict[str, Any]
) -> Members:
    family = await family_of(transaction, snapshot, obj, ids, common, deleted=None)
    return family.members


def _clearings(snapshot: Snapshot, members: Members) -> Iterable[Statement]:
    for name, ids in members.items():
        for field in snapshot.referrers.get(name, ()):
            child = snapshot.objects[field.object_name]
            if _is_written(child) and not cascades(field) and not field.system:
                yield from (each.bind(ids=sorted(ids)) for each in clear_references(child, field))


def _is_written(obj: Object) -> bool:
    """Entries of the journal stay as they are."""
    return obj.createable or obj.updateable or obj.deletable


def _erasures(snapshot: Snapshot, members: Members) -> Iterable[Statement]:
    for name in reversed(members):
        obj, ids = snapshot.objects[name], sorted(members[name])
        indexed = [each.name for each in indexed_fields(obj)]
        if indexed:
            yield ERASE_INDEX_ROWS.bind(object_name=name, field_names=indexed, ids=ids)
        yield ERASE_KEYS.bind(ids=ids)
        yield erase_records(obj).bind(ids=ids)
