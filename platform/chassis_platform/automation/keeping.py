"""What engines keep: rows of objects that nobody else may write, and the parameters that all their statements share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from chassis_metadata.ids import new_ids
from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.sql.formula_context import running
from chassis_platform.sql.rows import folded, places_of, row_to_store
from chassis_platform.sql.write import insert_records, update_records
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

Values = Mapping[str, Any]


def common(context: Context, now: datetime | None = None) -> dict[str, Any]:
    """The parameters of every statement of an engine: tenant, actor, moment, and what formulas ask."""
    moment = now or clock.now()
    return {
        "tenant": context.tenant.id,
        "tenant_id": context.tenant.id,
        "stamp": moment,
        "actor": context.principal.user_id,
        **running(context, moment),
        "formula_zone": context.tenant.time_zone,  # what an engine decides does not depend on whose act it followed
    }


def today(context: Context) -> date:
    """The day it is where the tenant is."""
    return clock.now().astimezone(ZoneInfo(context.tenant.time_zone)).date()


def with_ids(obj: Object, rows: Sequence[Values]) -> list[dict[str, Any]]:
    """The rows, each with an id that sorts after the ids of the rows before; the id is the name, too."""
    if not rows:
        return []
    ids = new_ids(obj.key_prefix, len(rows))
    return [{**row, "Id": record_id, "Name": record_id} for row, record_id in zip(rows, ids, strict=True)]


def inserted(context: Context, object_name: str, rows: Sequence[Values]) -> Iterable[Statement]:
    """The statement that inserts rows, values by field name, `Id` among them; none for no rows."""
    if rows:
        obj = context.snapshot.objects[object_name]
        names = sorted({name for row in rows for name in row} - {"Id"})
        yield insert_records(obj, names, [(row["Id"], row) for row in rows]).bind(**common(context))


def updated(context: Context, object_name: str, rows: Sequence[Values]) -> Iterable[Statement]:
    """The statement that changes rows by `Id`; every row names the same fields. Rules and history are passed by."""
    if rows:
        obj = context.snapshot.objects[object_name]
        names = sorted(set(rows[0]) - {"Id"})
        ids = [row["Id"] for row in rows]
        places = places_of(obj, names)
        folded_rows = folded(row_to_store(obj, row["Id"], row, places) for row in rows)
        yield update_records(obj, names).bind(rows=folded_rows, ids=ids, **common(context))


class Kept(Protocol):
    """A value that an engine keeps as a row."""

    @property
    def is_stored(self) -> bool:
        """Whether there is a row of it already."""


Item = TypeVar("Item", bound=Kept)


def stored(
    context: Context,
    object_name: str,
    items: Sequence[Item],
    values: Callable[[Item], Values],
    fixed: Callable[[Item], Values],
) -> list[Statement]:
    """The statements that store items, new ones and changed ones; `fixed` is what never changes."""
    new = [{**values(each), **fixed(each)} for each in items if not each.is_stored]
    changed = [values(each) for each in items if each.is_stored]
    return [*inserted(context, object_name, new), *updated(context, object_name, changed)]


def without_blanks(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that have a value: what is kept of it as JSON."""
    return {key: each for key, each in asdict(value).items() if each is not None}


_TAKE_TURNS = Statement(
    "INSERT INTO chassis.counter (tenant_id, name, value) VALUES (%(tenant)s, %(name)s, 1)"
    " ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + 1"
)


async def take_turns(transaction: Transaction, context: Context, name: str) -> None:
    """From here to the end of the transaction, nobody else who takes turns by that name goes on."""
    await transaction.fetch(_TAKE_TURNS.bind(tenant=context.tenant.id, name=name))
