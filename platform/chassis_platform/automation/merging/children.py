"""What refers to the losing records refers to the surviving one from now on, whatever its object and state.

As in Salesforce, nothing asks whether the user may change the children, and their own rules are not run; history,
roll-up summaries, indexes and match keys are kept right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import Conflict, Problem
from chassis_metadata.logic.matching_rule import sides_of
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.keys import field_names, renew_keys
from chassis_platform.automation.matching.related import follow
from chassis_platform.plan.changes import Change
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.inquiry import everywhere
from chassis_platform.records.rollups import maintain
from chassis_platform.records.trail import trail_of
from chassis_platform.sql.check import children_of
from chassis_platform.sql.pivot import DROP_INDEX_ROWS, KEEP_INDEX_ROWS, index_row
from chassis_platform.sql.rows import folded, places_of, stored_row
from chassis_platform.sql.write import lock_records, update_records
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement
from chassis_tenants.storage import needs_pivot

MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Family:
    """The object, the survivor's id, those of the losers; `heads`: what the losers themselves refer to, by field."""

    obj: Object
    master_id: str
    loser_ids: Sequence[str]
    heads: Mapping[str, Mapping[str, str | None]]

    @property
    def ids(self) -> set[str]:
        """All of them."""
        return {self.master_id, *self.loser_ids}


def referring_fields(snapshot: Snapshot, obj: Object) -> list[tuple[Object, Field]]:
    """The fields by which records refer to the object's; the journal's entries stay as they are."""
    found = []
    for each in snapshot.referrers.get(obj.name, ()):
        child = snapshot.objects[each.object_name]
        is_written = child.createable or child.updateable or child.deletable
        if is_written and not each.system and not each.is_calculated:
            found.append((child, each))
    return found


async def move_children(transaction: Transaction, context: Context, family: Family) -> list[str]:
    """Re-parent all that refers to the losers; answers the ids of what was moved."""
    fields = referring_fields(context.snapshot, family.obj)
    if not fields:
        return []
    tenant = {"tenant": context.tenant.id, "tenant_id": context.tenant.id}
    everyone = sorted(family.ids)
    asked = [
        children_of(child, each, deleted=None).bind(**tenant, ids=everyone if each.unique else list(family.loser_ids))
        for child, each in fields
    ]
    answers = await transaction.fetch_each(asked)
    moved: list[str] = []
    for (child, field), rows in zip(fields, answers, strict=True):
        parents = {row[0]: row[1] for row in rows}
        if field.unique:
            _refuse_several(family, child, field, [row[0] for row in rows if row[2] is None])
        changes = list(_changes(family, child, field, parents))
        if changes:
            await _move(transaction, context, child, field, changes)
            moved += [str(each.id) for each in changes]
    return moved


def _refuse_several(family: Family, child: Object, field: Field, ids: Sequence[str]) -> None:
    found = sorted(set(ids) - family.ids)
    if len(found) > 1:
        named = ", ".join(found[:MOST_TOLD])
        message = (
            f"{len(found)} {child.plural_label.lower()} ({named}) would have the same {field.label}, which is unique."
        )
        raise Conflict(Problem(field.name, "duplicate_value", f"{message} Merge or change them first."))


def _changes(family: Family, child: Object, field: Field, parents: Mapping[str, str]) -> Iterable[Change]:
    """The losers keep what they refer to; a survivor that referred to a loser gets what that one referred to."""
    is_own = child.name == family.obj.name
    for place, (child_id, parent) in enumerate(sorted(parents.items())):
        if parent == family.master_id or (is_own and child_id in family.loser_ids):
            continue
        new: str | None = family.master_id
        if is_own and child_id == family.master_id:
            head = family.heads.get(field.name, {}).get(parent)
            new = None if head in family.ids else head
        yield Change(place, creating=False, id=child_id, values={field.name: new}, old={field.name: parent})


async def _move(
    transaction: Transaction, context: Context, child: Object, field: Field, changes: Sequence[Change]
) -> None:
    plan = WritePlan(context, child, "update", tuple(changes), clock.now())
    common, ids = everywhere(plan), [str(each.id) for each in changes]
    places = places_of(child, [field.name])
    rows = [{"id": each.id, **stored_row(each.values, places)} for each in changes]
    statements = [
        lock_records(child).bind(ids=ids),
        update_records(child, [field.name]).bind(rows=folded(rows), ids=ids),
        *_index_rows(child, field, changes),
        *trail_of(plan, [], changes),
    ]
    await transaction.fetch_each([each.bind(**common) for each in statements])
    await maintain(transaction, plan, changes)
    if field.name in field_names(sides_of(context.snapshot, child.name)):
        await renew_keys(transaction, context, child, ids)
    await follow(transaction, context, child.name, changes)


def _index_rows(child: Object, field: Field, changes: Sequence[Change]) -> Iterable[Statement]:
    if not needs_pivot(field):
        return
    kept = [index_row(field, str(each.id), each.values[field.name]) for each in changes if each.values[field.name]]
    gone = [{"field_name": field.name, "record_id": each.id} for each in changes if not each.values[field.name]]
    if kept:
        yield KEEP_INDEX_ROWS.bind(object_name=child.name, rows=folded(kept))
    if gone:
        yield DROP_INDEX_ROWS.bind(object_name=child.name, rows=folded(gone))


def heads_of(fields: Iterable[Field], values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str | None]]:
    """What records of one object refer to in their own object, by field; `values` by record."""
    return {each.name: {record_id: found.get(each.name) for record_id, found in values.items()} for each in fields}
