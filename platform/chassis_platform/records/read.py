"""Single records, as the REST API answers them, and all that is read besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import orjson

from chassis_metadata.errors import Conflict, Invalid, NotFound, Problem
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.records.batches import query, query_more
from chassis_platform.records.export import export_list, export_query
from chassis_platform.records.history import record_history
from chassis_platform.records.lists import count_records, list_records, record_for_ui, related_list
from chassis_platform.records.pages import (
    LATEST_VERSION,
    Wanted,
    bound_page,
    count_all,
    planned_by_id,
    planned_record,
    read_page,
)
from chassis_platform.records.recycle_bin import recycle_bin
from chassis_platform.sql.read import Shape
from chassis_tenants.database import Database, Row

__all__ = [
    "count_records",
    "export_list",
    "export_query",
    "get_by_external_id",
    "get_record",
    "list_records",
    "query",
    "query_more",
    "record_for_ui",
    "record_history",
    "recycle_bin",
    "related_list",
]

_NO_RECORD = "The requested resource does not exist"


async def get_record(  # noqa: PLR0913  what a request for a record may say, by name
    database: Database,
    context: Context,
    object_name: str,
    record_id: str,
    fields: Sequence[str] | None = None,
    *,
    door: str = "get",
    version: str = LATEST_VERSION,
) -> bytes:
    """The record with its attributes; all fields that the user may read where none are named."""
    found = await find_record(database, context, object_name, record_id, fields, door=door, version=version)
    return found.body


async def get_by_external_id(  # noqa: PLR0913  as get_record
    database: Database,
    context: Context,
    object_name: str,
    field_name: str,
    value: str,
    fields: Sequence[str] | None = None,
    *,
    door: str = "get",
    version: str = LATEST_VERSION,
) -> bytes:
    """The one record with that external id."""
    key = (field_name, value)
    return (await find_by_external_id(database, context, object_name, key, fields, door=door, version=version)).body


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record's body, its version, and when somebody changed it; `changed` is when anything did, a roll-up say."""

    body: bytes
    version: int
    modified: datetime
    changed: datetime

    @property
    def tag(self) -> str:
        """The version; where the platform changed a value since, with that moment."""
        later = "" if self.changed == self.modified else f"-{self.changed.timestamp():.6f}"
        return f"{self.version}{later}"


async def find_record(  # noqa: PLR0913  as get_record
    database: Database,
    context: Context,
    object_name: str,
    record_id: str,
    fields: Sequence[str] | None = None,
    *,
    door: str = "get",
    version: str = LATEST_VERSION,
) -> FoundRecord:
    """The record with what is known of its last change."""
    obj = readable_object(context, object_name)
    if not is_id(record_id):
        raise Invalid.of("malformed_id", f"{obj.name} ID: id value of incorrect type: {record_id}")
    if record_id[:3] != obj.key_prefix:
        raise NotFound.of("not_found", _NO_RECORD)
    wanted_record = (obj, obj.fields["Id"], normal_id(record_id), fields)
    return await _one(database, context, wanted_record, _single(door, version))


async def find_by_external_id(  # noqa: PLR0913  as get_record
    database: Database,
    context: Context,
    object_name: str,
    key: tuple[str, str],
    fields: Sequence[str] | None = None,
    *,
    door: str = "get",
    version: str = LATEST_VERSION,
) -> FoundRecord:
    """The same for the one record with that external id: a field and its value."""
    obj = readable_object(context, object_name)
    name, value = key
    field = obj.fields_by_lower_name.get(name.lower())
    if field is None or not field.external_id or field.name not in context.policy.on(obj.name).readable:
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise NotFound.of("not_found", message)
    return await _one(database, context, (obj, field, value, fields), _single(door, version))


@lru_cache(maxsize=500)
def _single(door: str, version: str, *, own: bool = False) -> Wanted:
    """One record, in the shape that tells its version."""
    return Wanted(door, 1, shape=Shape.RECORD, version=version, own=own)


async def _one(
    database: Database,
    context: Context,
    wanted_record: tuple[Object, Field, str, Sequence[str] | None],
    wanted: Wanted,
) -> FoundRecord:
    obj, key, value, fields = wanted_record
    if key.name == "Id":
        plan = planned_by_id(context, obj, value, fields=fields, include_deleted=False)
    else:
        plan = planned_record(context, obj, key, value, fields=fields, include_deleted=False)
    found = await _found(database, context, plan, wanted)
    if len(found) > 1:
        raise await _choices(database, context, wanted_record[:3], wanted)
    if found:
        return FoundRecord(*found[0])
    if key.name == "Id" and await count_all(database, context, replace(plan, include_deleted=True)):
        raise NotFound.of("entity_is_deleted", "entity is deleted")
    raise NotFound.of("not_found", _NO_RECORD)


async def _found(database: Database, context: Context, plan: ReadPlan, wanted: Wanted) -> list[Row]:
    """The record's rows. Most records that are read are the reader's own, and to find those takes a third."""
    roads, name = context.policy.roads, plan.object.name
    if roads.looks_at_own(name):
        among_own = _single(wanted.door, wanted.version, own=True)
        [own] = await database.read(context.binding, bound_page(context, plan, among_own))
        if own:
            return own
        roads.missed(name)
    [found] = await database.read(context.binding, bound_page(context, plan, wanted))
    return found


async def _choices(database: Database, context: Context, sought: tuple[Object, Field, str], wanted: Wanted) -> Conflict:
    """The refusal to choose between records with the same external id: it names them."""
    obj, key, value = sought
    plan = planned_record(context, obj, key, value, fields=("Id",), include_deleted=False)
    page = await read_page(database, context, plan, Wanted(wanted.door, version=wanted.version))
    urls = [each["attributes"]["url"] for each in orjson.loads(page.records)]
    message = f"{key.name} {value} belongs to {page.count} records: use their ids"
    return Conflict(Problem("", "multiple_choices", message, details={"choices": urls}))


def readable_object(context: Context, name: str) -> Object:
    """The object of that name where the user may read it; the same NotFound otherwise."""
    obj = context.snapshot.object(name)
    if obj is None or not context.policy.on(obj.name).read:
        raise NotFound.of("not_found", _NO_RECORD)
    return obj
