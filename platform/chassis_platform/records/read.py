"""Single records, as the REST API answers them, and all that is read besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chassis_metadata.errors import Conflict, Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.records.batches import query, query_more
from chassis_platform.records.export import export_csv
from chassis_platform.records.history import record_history
from chassis_platform.records.lists import count_records, list_records, record_for_ui, related_list
from chassis_platform.records.pages import LATEST_VERSION, Wanted, count_all, planned_record, read_page
from chassis_platform.records.recycle_bin import recycle_bin
from chassis_tenants.database import Database

__all__ = [
    "count_records",
    "export_csv",
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
    obj = readable_object(context, object_name)
    if not is_id(record_id):
        raise Invalid.of("malformed_id", f"{obj.name} ID: id value of incorrect type: {record_id}")
    if record_id[:3] != obj.key_prefix:
        raise NotFound.of("not_found", _NO_RECORD)
    key = obj.fields["Id"]
    wanted = Wanted(door, version=version, batch=2)
    return await _one(database, context, (obj, key, normal_id(record_id), fields), wanted)


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
    obj = readable_object(context, object_name)
    key = obj.fields_by_lower_name.get(field_name.lower())
    if key is None or not key.external_id or key.name not in context.policy.on(obj.name).readable:
        message = f"Provided external ID field does not exist or is not accessible: {field_name}"
        raise NotFound.of("not_found", message)
    return await _one(database, context, (obj, key, value, fields), Wanted(door, version=version, batch=2))


async def _one(
    database: Database,
    context: Context,
    wanted_record: tuple[Object, Field, str, Sequence[str] | None],
    wanted: Wanted,
) -> bytes:
    obj, key, value, fields = wanted_record
    plan = planned_record(context, obj, key, value, fields=fields, include_deleted=False)
    page = await read_page(database, context, plan, wanted)
    if page.count > 1:
        raise Conflict.of("multiple_choices", f"{key.name} {value} belongs to {page.count} records: use their ids")
    if page.count == 1:
        return page.records[1:-1]
    if key.name == "Id" and await count_all(database, context, replace(plan, include_deleted=True)):
        raise NotFound.of("entity_is_deleted", "entity is deleted")
    raise NotFound.of("not_found", _NO_RECORD)


def readable_object(context: Context, name: str) -> Object:
    """The object of that name where the user may read it; the same NotFound otherwise."""
    obj = context.snapshot.object(name)
    if obj is None or not context.policy.on(obj.name).read:
        raise NotFound.of("not_found", _NO_RECORD)
    return obj
