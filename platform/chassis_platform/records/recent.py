"""What a user looked at last, as far as they still see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Comparison, Literal, Operator, Path, Query, SelectedField
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.plan.names import Names
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.records.pages import LATEST_VERSION, Wanted, read_pages
from chassis_platform.sql.recent import MOST_KEPT, find_seen, keep_seen
from chassis_tenants.database import Database


async def remember(database: Database, context: Context, obj: Object, ids: Sequence[str]) -> None:
    """Note that the user looked at these records."""
    kept = tuple(dict.fromkeys(ids))[:MOST_KEPT]
    if kept:
        who = (context.tenant.id, context.principal.user_id)
        await database.read(context.binding, *keep_seen(*who, obj.name, kept, clock.now()))


async def remember_answer(database: Database, context: Context, plan: ReadPlan, records: bytes) -> None:
    """The same for the records of a query that says that they are looked at: `FOR VIEW`, `FOR REFERENCE`."""
    if plan.is_looked_at:
        urls = (each["attributes"]["url"] for each in orjson.loads(records))
        await remember(database, context, plan.object, [url.rpartition("/")[2] for url in urls])


async def recent_items(
    database: Database,
    context: Context,
    obj: Object | None = None,
    *,
    limit: int = MOST_KEPT,
    version: str = LATEST_VERSION,
) -> list[dict[str, Any]]:
    """The records, the latest first, with their names; of one object, where one is named."""
    who = (context.tenant.id, context.principal.user_id)
    [seen] = await database.read(context.binding, find_seen(*who, None if obj is None else obj.name))
    by_object: dict[str, list[str]] = {}
    for name, record_id in seen:
        by_object.setdefault(name, []).append(record_id)
    pages = [
        (_plan(context, found, by_object[found.name]), Wanted("list", MOST_KEPT, version=version))
        for found in _readable(context, by_object)
    ]
    answers = await read_pages(database, context, pages) if pages else []
    shown = {each["Id"]: each for page in answers for each in orjson.loads(page.records)}
    return [shown[record_id] for _, record_id in seen if record_id in shown][:limit]


def _readable(context: Context, names: Iterable[str]) -> list[Object]:
    found = (context.snapshot.objects.get(each) for each in names)
    return [each for each in found if each is not None and context.policy.on(each.name).read]


def _plan(context: Context, obj: Object, ids: Sequence[str]) -> ReadPlan:
    names = Names(context.snapshot, context.policy).readable(obj)
    selected = [each for each in ("Id", "Name") if each in names or each == "Id"]
    literals = tuple(Literal(each) for each in ids)
    query = Query(
        selected=tuple(SelectedField(Path((each,))) for each in selected),
        source=obj.name,
        where=Comparison(Path(("Id",)), Operator.IN, literals),
    )
    return plan_query(query, context)
