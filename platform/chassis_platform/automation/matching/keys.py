"""The keys that records are matched by: made in the transaction of the write, whatever door it came through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.logic.matching_rule import KIND, Side, sides_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.forms import tokens_of
from chassis_platform.plan.changes import Change
from chassis_platform.records import after_save
from chassis_platform.records.after_save import Fired
from chassis_platform.sql.check import values_of
from chassis_platform.sql.match_keys import DROP_KEYS, KEEP_KEYS
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

Values = Mapping[str, Sequence[Any]]


async def keep_keys(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Make the keys of what was saved, all keys of all rules at once."""
    obj = fired[0].obj
    changes = {str(change.id): change for each in fired for change in each.changes}
    sides = sides_of(context.snapshot, obj.name)
    created = {record_id: change for record_id, change in changes.items() if change.creating}
    rows = list(key_rows(sides, _values_of_new(sides, created)))
    changed = sorted(changes.keys() - created.keys())
    statements: list[Statement] = []
    if changed:
        rows += key_rows(sides, await stored_values(transaction, obj, sides, changed))
        statements.append(drop(context.tenant.id, sides, changed))
    if rows:
        statements.append(KEEP_KEYS.bind(tenant=context.tenant.id, rows=folded(rows)))
    if statements:
        await transaction.fetch_each(statements)


def _values_of_new(sides: Sequence[Side], created: Mapping[str, Change]) -> Values:
    names = field_names(sides)
    return {record_id: [change.now(name) for name in names] for record_id, change in created.items()}


def field_names(sides: Iterable[Side]) -> list[str]:
    """The fields that the keys are made of."""
    return sorted({name for side in sides for name in side.fields})


async def stored_values(transaction: Transaction, obj: Object, sides: Sequence[Side], ids: Sequence[str]) -> Values:
    """The values of `field_names` as they are stored, by record."""
    tenant = {"tenant": transaction.tenant_id, "tenant_id": transaction.tenant_id}
    rows = await transaction.fetch(values_of(obj, field_names(sides)).bind(**tenant, ids=list(ids)))
    return {row[0]: row[1:] for row in rows}


def key_rows(sides: Sequence[Side], values: Values) -> Iterable[dict[str, Any]]:
    """Rows of the table of keys."""
    places = {name: place for place, name in enumerate(field_names(sides))}
    for record_id, found in values.items():
        for side in sides:
            for token in tokens_of(side, [found[places[name]] for name in side.fields]):
                yield {"key_id": side.key.id, "token": token.text, "record_id": record_id, "grams": token.grams}


def drop(tenant_id: int, sides: Iterable[Side], ids: Sequence[str]) -> Statement:
    """The keys that records have so far go."""
    return DROP_KEYS.bind(tenant=tenant_id, ids=list(ids), key_ids=[side.key.id for side in sides])


async def renew_keys(transaction: Transaction, context: Context, obj: Object, ids: Sequence[str]) -> None:
    """Make the keys of stored records anew: for what changed them without being a save of theirs."""
    sides = sides_of(context.snapshot, obj.name)
    if not sides or not ids:
        return
    rows = list(key_rows(sides, await stored_values(transaction, obj, sides, ids)))
    kept = [KEEP_KEYS.bind(tenant=context.tenant.id, rows=folded(rows))] if rows else []
    await transaction.fetch_each([drop(context.tenant.id, sides, ids), *kept])


def lock_number(tenant_id: int, key_id: str) -> int:
    """The number under which a key is locked as a whole."""
    digest = hashlib.blake2b(f"match_key:{tenant_id}:{key_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


after_save.handle(KIND, keep_keys)
