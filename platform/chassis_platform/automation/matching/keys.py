"""The keys that records are matched by: made in the transaction of the write, whatever door it came through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, product
from typing import Any

from chassis_metadata.logic.matching_rule import RelatedValue, Side, sides_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import common
from chassis_platform.automation.matching.forms import tokens_of
from chassis_platform.plan.changes import Change
from chassis_platform.records.after_save import Fired
from chassis_platform.sql.check import values_of
from chassis_platform.sql.match_keys import DROP_KEYS, KEEP_KEYS, related_values
from chassis_platform.sql.rows import folded
from chassis_tenants.database import Transaction
from chassis_tenants.seal_marks import to_find
from chassis_tenants.statement import Statement

#: More values of related records than this make no more keys.
MOST_RELATED = 50
Values = Mapping[str, Sequence[Any]]
#: The values of related records, by what they are and by record.
RelatedValues = Mapping[RelatedValue, Mapping[str, Sequence[Any]]]
_NONE: RelatedValues = {}


async def keep_keys(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Make the keys of what was saved, all keys of all rules at once."""
    obj = fired[0].obj
    changes = {str(change.id): change for each in fired for change in each.changes}
    sides = sides_of(context.snapshot, obj.name)
    created = {record_id: change for record_id, change in changes.items() if change.creating}
    rows = list(key_rows(sides, _values_of_new(sides, created)))
    changed = sorted(changes.keys() - created.keys()) if sides else []
    statements: list[Statement] = []
    if changed:
        rows += await stored_key_rows(transaction, context, obj, sides, changed)
        statements.append(drop(context.tenant.id, sides, changed))
    if rows:
        statements.append(KEEP_KEYS.bind(tenant=context.tenant.id, rows=folded(rows)))
    if statements:
        await transaction.fetch_each(statements)


def _values_of_new(sides: Sequence[Side], created: Mapping[str, Change]) -> Values:
    names = field_names(sides)
    return {record_id: [change.now(name) for name in names] for record_id, change in created.items()}


def field_names(sides: Iterable[Side]) -> list[str]:
    """The object's own fields that the keys are made of."""
    return sorted({name for side in sides for name in side.fields if isinstance(name, str)})


async def stored_key_rows(
    transaction: Transaction, context: Context, obj: Object, sides: Sequence[Side], ids: Sequence[str]
) -> list[dict[str, Any]]:
    """The keys of stored records."""
    parameters = {**common(context), "ids": list(ids)}
    parts = list(dict.fromkeys(part for side in sides for part in side.related))
    asked = [values_of(obj, field_names(sides)), *(related_values(context.snapshot, obj, each) for each in parts)]
    rows, *found = await transaction.fetch_each([each.bind(**parameters) for each in asked])
    related: dict[RelatedValue, dict[str, list[Any]]] = {part: {} for part in parts}
    for part, answers in zip(parts, found, strict=True):
        for record_id, value in answers:
            related[part].setdefault(record_id, []).append(value)
    return list(key_rows(sides, {row[0]: row[1:] for row in rows}, related))


def key_rows(sides: Sequence[Side], values: Values, related: RelatedValues = _NONE) -> Iterable[dict[str, Any]]:
    """Rows of the table of keys: one for each way to take one of several related values."""
    places = {name: place for place, name in enumerate(field_names(sides))}
    for record_id, found in values.items():
        for side in sides:
            choices = [
                [found[places[part]]] if isinstance(part, str) else related.get(part, {}).get(record_id, ())
                for part in side.fields
            ]
            for chosen in islice(product(*choices), MOST_RELATED):
                for token in tokens_of(side, chosen):
                    text = to_find(f"match {side.key.id}", token.text) if side.is_sealed else token.text
                    yield {"key_id": side.key.id, "token": text, "record_id": record_id, "grams": token.grams}


def drop(tenant_id: int, sides: Iterable[Side], ids: Sequence[str]) -> Statement:
    """The keys that records have so far go."""
    return DROP_KEYS.bind(tenant=tenant_id, ids=list(ids), key_ids=[side.key.id for side in sides])


async def renew_keys(transaction: Transaction, context: Context, obj: Object, ids: Sequence[str]) -> None:
    """Make the keys of stored records anew: for what changed them without being a save of theirs."""
    sides = sides_of(context.snapshot, obj.name)
    if not sides or not ids:
        return
    rows = await stored_key_rows(transaction, context, obj, sides, ids)
    kept = [KEEP_KEYS.bind(tenant=context.tenant.id, rows=folded(rows))] if rows else []
    await transaction.fetch_each([drop(context.tenant.id, sides, ids), *kept])


def lock_number(tenant_id: int, key_id: str) -> int:
    """The number under which a key is locked as a whole."""
    digest = hashlib.blake2b(f"match_key:{tenant_id}:{key_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
