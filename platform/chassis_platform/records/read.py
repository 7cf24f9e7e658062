"""Queries and single records, as the REST API answers them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import orjson

from chassis_metadata.errors import ChassisError, Conflict, Invalid, NotFound
from chassis_metadata.ids import is_id, new_id, normal_id
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.records.export import export_csv
from chassis_platform.records.groups import read_groups
from chassis_platform.records.history import record_history
from chassis_platform.records.lists import count_records, list_records, record_for_ui, related_list
from chassis_platform.records.pages import (
    LARGEST_BATCH,
    LATEST_VERSION,
    Page,
    Wanted,
    count_all,
    count_statement,
    planned,
    planned_record,
    read_page,
    who,
)
from chassis_platform.records.recycle_bin import recycle_bin
from chassis_platform.sql.locators import find_locator, keep_locator, kept_text
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

_LOCATOR_PREFIX = "01g"
_LOCATOR = re.compile(r"(?P<id>01g[0-9A-Za-z]{15})-(?P<position>\d{1,10})")
_NO_RECORD = "The requested resource does not exist"
_MOST = 2**31 - 1


async def query(  # noqa: PLR0913  what a request for a query may say, by name
    database: Database,
    context: Context,
    text: str,
    *,
    door: str = "query",
    include_deleted: bool = False,
    batch_size: int = LARGEST_BATCH,
    version: str = LATEST_VERSION,
) -> bytes:
    """The whole answer to a query: its first batch, and where the next one is."""
    plan = planned(context, text, include_deleted=include_deleted)
    if plan.count_only:
        return _body(_cut(await count_all(database, context, plan), plan), b"[]")
    wanted = Wanted(door, batch_size, version=version)
    if plan.is_aggregate:
        page = await read_groups(database, context, plan, wanted)
        return _body(page.count, page.records)
    page = await read_page(database, context, plan, wanted)
    if page.next_key is None:
        return _body(page.count, page.records)
    return await _with_locator(database, context, plan, (text, page, wanted), None)


def _cut(found: int, plan: ReadPlan) -> int:
    """How many of the found remain behind the query's offset and within its limit."""
    return min(max(found - plan.offset, 0), _MOST if plan.limit is None else plan.limit)


async def query_more(
    database: Database, context: Context, locator: str, *, door: str = "query", version: str = LATEST_VERSION
) -> bytes:
    """The batch behind a locator. It may be asked for again and again: each answer keeps a locator of its own."""
    match = _LOCATOR.fullmatch(locator)
    if match is None:
        raise _no_locator()
    found = find_locator(context.tenant.id, context.principal.user_id, match["id"])
    [rows] = await database.read(context.binding, found)
    if not rows or rows[0][2] != int(match["position"]):
        raise _no_locator()
    text, include_deleted, position, after, total, batch = rows[0]
    plan = planned(context, text, include_deleted=include_deleted)
    wanted = Wanted(door, batch, after=after, position=position, version=version)
    page = await read_page(database, context, plan, wanted)
    if page.next_key is None:
        return _body(total, page.records)
    return await _with_locator(database, context, plan, (text, page, wanted), total)


def _no_locator() -> ChassisError:
    return Invalid.of("invalid_query_locator", "invalid query locator")


async def _with_locator(
    database: Database, context: Context, plan: ReadPlan, answered: tuple[str, Page, Wanted], total: int | None
) -> bytes:
    text, page, wanted = answered
    locator_id = new_id(_LOCATOR_PREFIX)
    position = wanted.position + page.count
    statement = keep_locator(count_statement(context, plan) if total is None else None).bind(
        **who(context),
        locator_id=locator_id,
        query_text=kept_text(locator_id, text, plan.values.values()),
        include_deleted=plan.include_deleted,
        position=position,
        after_key=orjson.dumps(page.next_key).decode(),
        known_total=total,
        skipped=plan.offset if total is None else 0,
        most=_MOST if plan.limit is None else plan.limit,
        batch=wanted.batch,
    )
    [[(counted,)]] = await database.read(context.binding, statement)
    url = f"/services/data/v{wanted.version}/query/{locator_id}-{position}"
    return _body(counted, page.records, url)


def _body(total: int, records: bytes, next_url: str | None = None) -> bytes:
    done = b"true" if next_url is None else b"false"
    following = b"" if next_url is None else b'"nextRecordsUrl":"%b",' % next_url.encode()
    return b'{"totalSize":%d,"done":%b,%b"records":%b}' % (total, done, following, records)


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
