"""Several records of one object by their ids, in the order in which they were asked for."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.soql.tree import Comparison, Literal, Operator, Path, Query, SelectedField
from chassis_platform.access.context import Context
from chassis_platform.plan.query import plan_query
from chassis_platform.records.pages import LATEST_VERSION, Wanted, read_page
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
    names = dict.fromkeys(["Id", *fields])
    query = Query(
        selected=tuple(SelectedField(Path(tuple(each.split(".")))) for each in names),
        source=object_name,
        where=Comparison(Path(("Id",)), Operator.IN, tuple(Literal(each) for each in dict.fromkeys(wanted_ids))),
    )
    page = await read_page(
        database, context, plan_query(query, context), Wanted(door, batch=len(wanted_ids), version=version)
    )
    found = {each["Id"]: each for each in orjson.loads(page.records)}
    return orjson.dumps([found.get(each) for each in wanted_ids])
