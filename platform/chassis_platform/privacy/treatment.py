"""What an erasure writes: blanks, tokens and years in the place of values, set by set, and nothing where rows go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chassis_metadata.fields import FieldType
from chassis_metadata.logic.data_subject import Treatment, treated_fields
from chassis_metadata.snapshot import Field, Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.audit.keys import Signer
from chassis_platform.audit.redacted import redact_history
from chassis_platform.automation.keeping import common, updated
from chassis_platform.automation.matching.keys import renew_keys
from chassis_platform.records.purge import purge_within
from chassis_platform.records.told import ChangeType, tell
from chassis_platform.sql.check import values_of
from chassis_platform.sql.pivot import DROP_INDEX_ROWS, KEEP_INDEX_ROWS, index_row
from chassis_platform.sql.rows import folded
from chassis_platform.sql.subject_rows import TOKEN
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.storage import needs_pivot


@dataclass(frozen=True, slots=True)
class Eraser:
    """An act at work: who acts, under which act's id, and with which key the journal is told."""

    transaction: Transaction
    context: Context
    signer: Signer
    act_id: str


def treatments_of(obj: Object, fields: Mapping[str, Treatment]) -> dict[str, Treatment]:
    """The stored fields with what becomes of each; whoever takes a person's last name takes the name made of it."""
    found = {each: how for name, how in fields.items() for each in treated_fields(obj, [name])}
    if obj.name_field.type == "person" and obj.name_field.last in found:
        found.setdefault("Name", Treatment.TOKEN)
    return found


async def anonymise(eraser: Eraser, object_name: str, ids: Sequence[str], fields: Mapping[str, Treatment]) -> None:
    """Empty fields of records, with the index rows, match keys and history that repeat them."""
    if not ids or not fields:
        return
    transaction, context = eraser.transaction, eraser.context
    obj = context.snapshot.objects[object_name]
    how = treatments_of(obj, fields)
    asked = values_of(obj, list(how)).bind(**common(context), ids=list(ids))
    rows = [_emptied(obj, how, row) for row in await transaction.fetch(asked)]
    statements = [*updated(context, object_name, rows), *_index_rows(obj, how, rows)]
    told = tell(context, ChangeType.UPDATE, {obj.name: list(ids)}, clock.now(), sorted(how))
    await transaction.fetch_each([*(each.bind(**common(context)) for each in statements), *told])
    await renew_keys(transaction, context, obj, ids)
    await redact_history(
        transaction, context.tenant, eraser.signer, eraser.act_id, [{"ids": list(ids), "fields": list(how)}]
    )


def _emptied(obj: Object, how: Mapping[str, Treatment], row: Sequence[Any]) -> dict[str, Any]:
    values = zip(how.items(), row[1:], strict=True)
    return {"Id": row[0]} | {name: _left(obj.fields[name], each, old, row[0]) for (name, each), old in values}


def _left(field: Field, how: Treatment, old: Any, record_id: str) -> Any:
    if how is Treatment.TOKEN:
        return None if old is None and not field.required else token_of(field, record_id)
    if how is Treatment.YEAR and isinstance(old, date):
        first = old.replace(month=1, day=1)
        return first.replace(hour=0, minute=0, second=0, microsecond=0) if isinstance(first, datetime) else first
    return False if field.type is FieldType.CHECKBOX else None


def token_of(field: Field, record_id: str) -> str:
    """A text that says nothing about a person and is another one for each record."""
    if field.type is FieldType.EMAIL:
        return f"erased-{record_id}@example.invalid".lower()
    room = len(record_id) if field.length is None else min(field.length - len(TOKEN), len(record_id))
    return TOKEN + record_id[-room:] if room > 0 else record_id[-(field.length or 1) :]


def _index_rows(obj: Object, how: Mapping[str, Treatment], rows: Sequence[Mapping[str, Any]]) -> Iterable[Statement]:
    indexed = [obj.fields[name] for name in how if needs_pivot(obj.fields[name])]
    kept = [
        index_row(each, row["Id"], row[each.name]) for each in indexed for row in rows if row[each.name] is not None
    ]
    gone = [
        {"field_name": each.name, "record_id": row["Id"]} for each in indexed for row in rows if row[each.name] is None
    ]
    if kept:
        yield KEEP_INDEX_ROWS.bind(object_name=obj.name, rows=folded(kept))
    if gone:
        yield DROP_INDEX_ROWS.bind(object_name=obj.name, rows=folded(gone))


async def remove(eraser: Eraser, object_name: str, ids: Sequence[str]) -> dict[str, int]:
    """Remove records for good, with their details; answers how many of each object went."""
    if not ids:
        return {}
    transaction, context = eraser.transaction, eraser.context
    obj = context.snapshot.objects[object_name]
    gone = await purge_within(transaction, context.snapshot, obj, ids, common(context))
    members = {name: sorted(some) for name, some in gone.items()}
    await transaction.fetch_each(list(tell(context, ChangeType.DELETE, members, clock.now())))
    everyone = [each for some in gone.values() for each in some]
    places = [{"ids": everyone, "fields": None}]
    await redact_history(transaction, context.tenant, eraser.signer, eraser.act_id, places)
    return {name: len(some) for name, some in gone.items()}
