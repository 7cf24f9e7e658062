"""What a write tells the world of itself: whose records changed, which of their fields, by whom. Never a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import Change
from chassis_platform.plan.write import WritePlan
from chassis_platform.sql.change_rows import TELL_CHANGES
from chassis_platform.sql.rows import folded
from chassis_tenants.statement import Statement

#: The most records of one event.
MOST_RECORDS = 200


class ChangeType(StrEnum):
    """What happened to a record, in the words of change data capture."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    UNDELETE = "UNDELETE"


def is_told_of(obj: Object) -> bool:
    """Whether changes of the object's records are events: journals, and what engines keep for themselves, are not.

    Nor is what an object's definition leaves out.
    """
    return obj.change_events and (obj.createable or obj.updateable or obj.deletable)


def saved(plan: WritePlan, created: Sequence[Change], changed: Sequence[Change]) -> Iterable[Statement]:
    """The statement that tells of inserted and updated records; none where there is nothing to tell."""
    rows = []
    if created:
        rows += _rows(plan.obj, ChangeType.CREATE, [str(change.id) for change in created])
    for fields, ids in _alike(plan.obj, changed).items():
        rows += _rows(plan.obj, ChangeType.UPDATE, ids, fields)
    yield from _told(plan.context, rows, plan.now)


def tell(
    context: Context,
    change_type: ChangeType,
    members: Mapping[str, Sequence[str]],
    now: datetime,
    fields: Sequence[str] = (),
) -> Iterable[Statement]:
    """The same for records, ids by object name, that were all changed alike, such as put into the recycle bin."""
    objects = context.snapshot.objects
    rows = [row for name, ids in members.items() for row in _rows(objects[name], change_type, ids, fields)]
    yield from _told(context, rows, now)


def _alike(obj: Object, changed: Sequence[Change]) -> dict[tuple[str, ...], list[str]]:
    """The ids of the changed records, by the fields that changed; who was saved as it was is not told of."""
    found: dict[tuple[str, ...], list[str]] = {}
    for change in changed:
        fields = tuple(name for name in change.values if change.differs(name) and not obj.fields[name].system)
        if fields:
            found.setdefault(tuple(sorted(fields)), []).append(str(change.id))
    return found


def _rows(obj: Object, change_type: ChangeType, ids: Sequence[str], fields: Sequence[str] = ()) -> list[dict[str, Any]]:
    if not is_told_of(obj):
        return []
    common = {"object_name": obj.name, "change_type": change_type, "fields": list(fields)}
    parts = range(0, len(ids), MOST_RECORDS)
    return [{**common, "record_ids": ids[start : start + MOST_RECORDS]} for start in parts]


def _told(context: Context, rows: Sequence[dict[str, Any]], now: datetime) -> Iterable[Statement]:
    if rows:
        principal = context.principal
        yield TELL_CHANGES.bind(
            tenant=context.tenant.id,
            stamp=now,
            actor=principal.user_id,
            acting_user_id=principal.acting_user_id,
            origin=principal.client_name or principal.kind,
            rows=folded(rows),
        )
