"""Masked values on their way back: a client that sends a record as it read it must not save what a mask left of it.

Texts give themselves away by their stars, and the form refuses them. Of other types a mask leaves nothing, or a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from chassis_metadata.fields import NUMERIC_TYPES
from chassis_metadata.snapshot import Field
from chassis_platform.plan.changes import Change, fine
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.inquiry import everywhere
from chassis_platform.sql.clearness import is_clear
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view


async def refuse_masked(transaction: Transaction, plan: WritePlan) -> None:
    """Refuse blanks and rounded numbers where the user sees the record's value masked."""
    fields = _suspected(plan)
    if not fields:
        return
    changes = [each for each in fine(plan.existing) if not each.creating]
    asked = _statement(plan, tuple(fields)).bind(**everywhere(plan), ids=[each.id for each in changes])
    found = {row[0]: dict(zip(fields, row[1:], strict=True)) for row in await transaction.fetch(asked)}
    for change in changes:
        for name, field in fields.items():
            if found.get(str(change.id), {}).get(name) is False and _is_what_a_mask_left(change, field):
                message = f"{field.label}: you see the value masked. Send a whole value, or leave the field out."
                change.wrong("masked_value", message, name)


def _suspected(plan: WritePlan) -> dict[str, Field]:
    """Fields whose masked value is a blank or a rounded number, and for which one was sent."""
    masks = plan.context.policy.on(plan.obj.name).masks
    if not masks:
        return {}
    sent = {name for each in plan.existing for name in each.sent if _is_what_a_mask_left(each, plan.obj.fields[name])}
    return {name: plan.obj.fields[name] for name in sorted(sent) if name in masks}


def _is_what_a_mask_left(change: Change, field: Field) -> bool:
    old, new = _both(change.old, change.values, field)
    if field.traits.sql_type == "text" or old in (None, False) or old == new:
        return False
    return new in (None, False) or (field.type in NUMERIC_TYPES and new == round(old, 1))


def _both(old: Mapping[str, Any] | None, new: Mapping[str, Any], field: Field) -> tuple[Any, Any]:
    return (old or {}).get(field.name), new.get(field.name)


def _statement(plan: WritePlan, names: tuple[str, ...]) -> Statement:
    """For each of the records `ids`: whether it shows these fields in clear."""
    obj, context = plan.obj, plan.context
    masks = context.policy.on(obj.name).masks

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        clear = [
            is_clear(masks[name], obj, source, context.snapshot, {}).label(f"c{place}")
            for place, name in enumerate(names)
        ]
        wanted = sa.select(source.c.id, *clear)
        return compile_statement(wanted.where(*of_this_object(obj, source), source.c.id == sa.any_(IDS)))

    return kept(obj, ("clear", names, context.policy.grants.identity), make)
