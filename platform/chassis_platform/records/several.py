"""Several records of one object by their ids, in the order in which they were asked for."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Comparison, Literal, Operator, Path, Query, SelectedField
from chassis_platform.access.context import Context
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import ReadPlan
from chassis_platform.records.pages import LATEST_VERSION, Wanted, bound_page, read_page
from chassis_platform.records.read import FoundRecord
from chassis_platform.sql.check import last_changes
from chassis_tenants.database import Database


async def get_records(  # noqa: PLR0913  what a request for records may say, by name
    database: Database,
    context: Context,
    object_name: str,
    ids: Sequence[str],
    fields: Sequence[str],
    *,
    door: str = "get",
    version: str = LATEST_VERSION,
) -> bytes:
    """A JSON array with each record, and null in the place of one that is not there or may not be seen."""
    wrong = [each for each in ids if not is_id(each)]
    if wrong:
        raise Invalid.of("malformed_id", f"Malformed ids: {', '.join(wrong[:5])}", fields=["Id"])
    wanted_ids = [normal_id(each) for each in ids]
    if not wanted_ids:
        return b"[]"
    wanted = Wanted(door, batch=len(wanted_ids), version=version)
    page = await read_page(database, context, _plan(context, object_name, wanted_ids, fields), wanted)
    found = {each["Id"]: each for each in orjson.loads(page.records)}
    return orjson.dumps([found.get(each) for each in wanted_ids])


def _plan(context: Context, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> ReadPlan:
    names = {each.lower(): each for each in ("Id", *fields)}.values()
    query = Query(
        selected=tuple(SelectedField(Path(tuple(each.split(".")))) for each in names),
        source=object_name,
        where=Comparison(Path(("Id",)), Operator.IN, tuple(Literal(each) for each in dict.fromkeys(ids))),
    )
    return plan_query(query, context)


async def find_records(
    database: Database, context: Context, obj: Object, ids: Sequence[str], fields: Sequence[str]
) -> dict[str, FoundRecord]:
    """Of these records those that may be seen, by id, with what is known of their last changes."""
    wanted_ids = [normal_id(each) for each in ids]
    plan = _plan(context, obj.name, wanted_ids, fields)
    read = bound_page(context, plan, Wanted("get", batch=len(wanted_ids)))
    changes = last_changes(obj).bind(tenant_id=context.tenant.id, ids=wanted_ids)
    [[(records, *_)], changed] = await database.read(context.binding, read, changes)
    known = {record_id: rest for record_id, *rest in changed}
    documents = {each["Id"]: each for each in orjson.loads(records)}
    return {name: FoundRecord(orjson.dumps(each), *known[name]) for name, each in documents.items() if name in known}
