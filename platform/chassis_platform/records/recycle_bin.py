"""The recycle bin as the web application shows it."""

from __future__ import annotations

from typing import Any

import orjson

from chassis_metadata.snapshot import Object
from chassis_platform.access.compile import Recent
from chassis_platform.access.context import Context
from chassis_platform.records.cursors import read_cursor, write_cursor
from chassis_platform.records.pages import cursor_parameters, log_parameters, who
from chassis_platform.sql.recycle_bin import CompiledBin, compile_bin
from chassis_platform.sql.sources import Reach
from chassis_tenants.database import Database

_bins: Recent[tuple[str, bool], CompiledBin] = Recent(100)
_KEY_COUNT = 2


async def recycle_bin(
    database: Database, context: Context, *, limit: int = 50, after: str | None = None, door: str = "list"
) -> bytes:
    """Deleted records that the user may see, latest first."""
    objects = _objects(context)
    if not objects:
        return b'{"records":[],"next":null}'
    key = None if after is None else read_cursor(after, _KEY_COUNT)
    read = _compiled(context, objects, is_later_page=key is not None)
    statement = read.statement.bind(
        **who(context),
        **cursor_parameters(key),
        **log_parameters(context, door, read.entry_count),
        fetch=limit + 1,
        batch=limit,
    )
    [[(records, found, last_key)]] = await database.read(context.binding, statement)
    labelled = [_labelled(each, context) for each in orjson.loads(records)]
    following = write_cursor(orjson.loads(last_key)) if found > limit else None
    return orjson.dumps({"records": labelled, "next": following})


def _objects(context: Context) -> list[Object]:
    """Whatever can be deleted at all, where the user may read it."""
    return [each for each in context.snapshot.objects.values() if each.deletable and context.policy.on(each.name).read]


def _compiled(context: Context, objects: list[Object], *, is_later_page: bool) -> CompiledBin:
    reach = Reach(context.snapshot, context.policy, include_deleted=True)
    key = (context.policy.grants.identity, is_later_page)
    return _bins.find(key, lambda: compile_bin(objects, reach, is_later_page=is_later_page))


def _labelled(record: dict[str, Any], context: Context) -> dict[str, Any]:
    obj = context.snapshot.objects[record["object"]]
    label = context.snapshot.text(context.principal.language, f"objects.{obj.name}.label", obj.label)
    return {**record, "object_label": label}
