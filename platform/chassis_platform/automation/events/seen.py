"""Changes as one user may see them: read down the ordinary road, as the records are by now.

A change of records that the user does not see, or of fields that the user may not read, is none for the user. What is
masked is masked, and what is shown in clear and is classified is in the access log.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chassis_metadata.logic.sharing_rule import restriction_rules_of
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Comparison, Literal, Operator, Path, Query, SelectedField
from chassis_platform.access.compile import Recent
from chassis_platform.access.context import Context
from chassis_platform.automation.events.stream import Change, header_of
from chassis_platform.plan.names import Names
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.plan.signature import with_values
from chassis_platform.records.pages import LARGEST_BATCH, LATEST_VERSION, Wanted, read_pages
from chassis_platform.records.told import ChangeType
from chassis_tenants.database import Database

#: The most records that are read for one page of events.
MOST_RECORDS = LARGEST_BATCH
_MODIFIED = "SystemModstamp"

_NONE_CHOSEN: Mapping[str, Sequence[str]] = {}

_plans: Recent[Hashable, ReadPlan] = Recent(500)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read of the records of some changes: these fields, the recycle bin too or not."""

    object_name: str
    fields: tuple[str, ...]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A change as it is told to one user: whose replay id, the header, the records as they are now."""

    replay_id: str
    header: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]

    @property
    def document(self) -> dict[str, Any]:
        """The event as it goes out."""
        return {"replayId": self.replay_id, "ChangeEventHeader": self.header, "records": self.records}


def page_of(changes: Sequence[Change]) -> Sequence[Change]:
    """So many of the first changes that their records can be read at once."""
    count = 0
    for place, change in enumerate(changes):
        count += len(change.record_ids)
        if place and count > MOST_RECORDS:
            return changes[:place]
    return changes


async def seen_by(
    database: Database,
    context: Context,
    changes: Sequence[Change],
    *,
    door: str,
    version: str = LATEST_VERSION,
    chosen: Mapping[str, Sequence[str]] = _NONE_CHOSEN,
) -> list[Event]:
    """The changes as events for the context's user, in their order; what the user may not see is left out.

    `chosen`: the fields, by object, that are told in place of those that changed.
    """
    readings = ((change, _reading(context, change, chosen)) for change in changes)
    wanted = [(change, reading) for change, reading in readings if reading is not None]
    ids: dict[_Reading, dict[str, None]] = {}
    for change, reading in wanted:
        ids.setdefault(reading, {}).update(dict.fromkeys(change.record_ids))
    found = await _read(database, context, ids, Wanted(door, version=version))
    events = (_event(context, change, reading, found[reading]) for change, reading in wanted)
    return [each for each in events if each is not None]


def _reading(context: Context, change: Change, chosen: Mapping[str, Sequence[str]]) -> _Reading | None:
    obj = context.snapshot.object(change.object_name)
    if obj is None or not context.policy.on(obj.name).read:
        return None
    if change.change_type == ChangeType.DELETE:
        return _Reading(obj.name, ("Id",), deleted=True)
    readable = [each.name for each in Names(context.snapshot, context.policy).readable_fields(obj)]
    changed = [name for name in readable if name in change.fields]
    if change.change_type == ChangeType.UPDATE and not changed:
        return None
    if obj.name in chosen:
        return _Reading(obj.name, tuple(dict.fromkeys(("Id", *chosen[obj.name]))))
    if change.change_type != ChangeType.UPDATE:
        return _Reading(obj.name, tuple(readable))
    modified = [_MODIFIED] if _MODIFIED in readable else []
    return _Reading(obj.name, ("Id", *changed, *modified))


Records = dict[str, dict[str, Any]]


async def _read(
    database: Database, context: Context, ids: Mapping[_Reading, Iterable[str]], wanted: Wanted
) -> dict[_Reading, Records]:
    """All records in one round trip, by what is read of them and their ids."""
    if not ids:
        return {}
    pages = await read_pages(
        database, context, [(_planned(context, reading, list(some)), wanted) for reading, some in ids.items()]
    )
    records = (orjson.loads(page.records) for page in pages)
    return {reading: {each["Id"]: each for each in some} for reading, some in zip(ids, records, strict=True)}


def _planned(context: Context, reading: _Reading, ids: Sequence[str]) -> ReadPlan:
    obj = context.snapshot.objects[reading.object_name]
    spoken = (context.principal.language, context.tenant.currency)

    def plan() -> ReadPlan:
        selected = tuple(SelectedField(Path(tuple(name.split(".")))) for name in reading.fields)
        where = Comparison(Path(("Id",)), Operator.IN, (Literal(ids[0]),))
        query = Query(selected=selected, source=obj.name, where=where)
        return plan_query(query, context, include_deleted=reading.deleted)

    found = _plans.find((context.policy.grants.identity, spoken, reading), plan)
    [slot] = found.values
    return with_values(found, {slot: ids})


def _event(context: Context, change: Change, reading: _Reading, found: Records) -> Event | None:
    ids = [each for each in change.record_ids if each in found]
    if reading.deleted:
        gone_too = _sees_all(context, context.snapshot.objects[reading.object_name])
        ids, records = (list(change.record_ids) if gone_too else ids), []
    else:
        records = [found[each] for each in ids]
    if not ids:
        return None
    readable = context.policy.on(change.object_name).readable
    changed = [name for name in change.fields if name in readable]
    return Event(str(change.position), header_of(change, ids, changed), records)


def _sees_all(context: Context, obj: Object) -> bool:
    """Whether no record is kept from the user: then also those are told of that are gone for good."""
    return context.policy.on(obj.name).view_all and not restriction_rules_of(context.snapshot, obj.name)
