"""Found records with their fields: read by the ordinary road, so that masks hold and clear reads are logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.records.pages import LATEST_VERSION
from chassis_platform.records.several import get_records
from chassis_tenants.database import Database


async def add_record_details(
    database: Database, context: Context, results: Iterable[Mapping[str, Any]], *, version: str = LATEST_VERSION
) -> None:
    """Fill the `record`s of `duplicateResult`s with name and compact fields, as far as the user may read them."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        for match in result["matchResults"]:
            wanted.setdefault(match["entityType"], []).extend(match["matchRecords"])
    for name, matches in wanted.items():
        obj = context.snapshot.objects[name]
        ids = list(dict.fromkeys(each["record"]["Id"] for each in matches))
        fields = shown_fields(context, obj)
        body = await get_records(database, context, name, ids, fields, door="duplicates", version=version)
        found = {each["Id"]: each for each in orjson.loads(body) if each is not None}
        for each in matches:
            each["record"] = found.get(each["record"]["Id"], each["record"])


def shown_fields(context: Context, obj: Object) -> Sequence[str]:
    """The fields that tell records of an object apart."""
    readable = context.policy.on(obj.name).readable
    names = ["Name", *obj.compact_fields, "LastModifiedDate"]
    return [name for name in dict.fromkeys(names) if name in readable and not obj.fields[name].is_compound]
