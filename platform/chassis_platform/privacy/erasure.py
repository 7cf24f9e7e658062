"""Erasing a person: what would happen, told beforehand; and its happening, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.errors import Conflict
from chassis_metadata.logic.data_subject import Erasure, Holding, subject_map
from chassis_platform.access.context import Context
from chassis_platform.privacy.graph import PersonalData, collect
from chassis_platform.privacy.mentions import empty_mentions, find_mentions, told
from chassis_platform.privacy.treatment import Eraser, anonymise, remove
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement

_HOLDS = Statement(
    "SELECT scope, subject, reason FROM chassis.audit_hold WHERE tenant_id = %(tenant_id)s AND released_at IS NULL"
    " AND (scope = 'all' OR scope = 'record' AND subject = ANY (%(ids)s::text[])) ORDER BY id"
)


def plan_of(context: Context, data: PersonalData) -> dict[str, dict[str, Any]]:
    """What becomes of the records of each object: how many of them, and why where they stay."""
    declared = subject_map(context.snapshot)
    return {
        name: _line(declared.holdings[name], ids, data.held.get(name, frozenset()))
        for name, ids in sorted(data.ids.items())
    }


def _line(holding: Holding, ids: Sequence[str], held: frozenset[str]) -> dict[str, Any]:
    line: dict[str, Any] = {"action": holding.erasure.value, "records": len(ids)}
    if held and holding.hold is not None:
        line |= {"held": len(held), "held_because": holding.hold.reason}
    if holding.erasure is Erasure.KEEP:
        line |= {"reason": holding.reason, "until": holding.until}
    return line


async def legal_holds(transaction: Transaction, context: Context, ids: Sequence[str]) -> list[Row]:
    """(scope, record, reason) of the journal's holds on records, or on all."""
    return await transaction.fetch(_HOLDS.bind(tenant_id=context.tenant.id, ids=list(ids)))


async def refuse_held(transaction: Transaction, context: Context, data: PersonalData) -> None:
    """Conflict where a legal hold of the journal is on one of the records, or on all."""
    rows = await legal_holds(transaction, context, data.all_ids)
    if rows:
        said = "; ".join(f"{subject or scope}: {reason}" for scope, subject, reason in rows)
        raise Conflict.of("legal_hold", f"A legal hold is on the person's records ({said}). Release it first.")


async def erase_person(eraser: Eraser, subjects: Sequence[str], *, with_mentions: bool = False) -> dict[str, Any]:
    """Erase what is declared; answers what happened. May be repeated: what is erased already stays so.

    `with_mentions`: other texts of the person's records, too, in which the person is named.
    """
    transaction, context = eraser.transaction, eraser.context
    data = await collect(transaction, context, subjects)
    await refuse_held(transaction, context, data)
    mentions = await find_mentions(transaction, context, data)
    emptied = await empty_mentions(eraser, mentions, data.held) if with_mentions else []
    declared, report = subject_map(context.snapshot), plan_of(context, data)
    gone: dict[str, int] = {}
    for name, ids in data.ids.items():
        holding, held = declared.holdings[name], data.held.get(name, frozenset())
        await _empty(eraser, holding, ids, held)
    for name, ids in reversed(list(data.ids.items())):
        if declared.holdings[name].erasure is Erasure.DELETE:
            removed = await remove(eraser, name, [each for each in ids if each not in data.held.get(name, ())])
            gone = {each: gone.get(each, 0) + removed.get(each, 0) for each in {*gone, *removed}}
    report_of_texts = {"mentions": told(mentions), "emptied": told(emptied)}
    return {"objects": report, "removed": dict(sorted(gone.items())), **report_of_texts}


async def _empty(eraser: Eraser, holding: Holding, ids: Sequence[str], held: frozenset[str]) -> None:
    """The fields of records that stay; of those that are held only what may go nevertheless."""
    if holding.erasure is Erasure.ANONYMISE:
        await anonymise(eraser, holding.object_name, [each for each in ids if each not in held], holding.fields)
    if held and holding.hold is not None:
        fields: Mapping[str, Any] = {name: holding.fields[name] for name in holding.hold.fields}
        await anonymise(eraser, holding.object_name, sorted(held), fields)
