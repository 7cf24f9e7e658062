"""Rows as one parameter: a JSON array that PostgreSQL unfolds, so that the text is the same for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_tenants.sealed_columns import sealing_mark
from chassis_tenants.statement import Statement
from chassis_tenants.storage import only_this_object

ROWS = "rows"
_MOST_KEPT = 500


def unfolded(
    columns: Mapping[str, sa.types.TypeEngine[Any]], *, parameter: str = ROWS, name: str = "r"
) -> TableValuedAlias:
    """The rows of the parameter `rows`, as `r` with these columns."""
    document = sa.cast(sa.bindparam(parameter, type_=sa.Text()), pg.JSON())
    listed = [sa.column(column, kind) for column, kind in columns.items()]
    return sa.func.json_to_recordset(document).table_valued(*listed).render_derived(name=name, with_types=True)


def folded(rows: Iterable[Mapping[str, Any]]) -> str:
    """The value of the parameter `rows`."""
    return orjson.dumps(list(rows), default=_json, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()


def _json(value: object) -> str:
    """Decimals travel as text: PostgreSQL reads them exactly, and JSON's numbers would go through float8."""
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no place in a row")


def places_of(obj: Object, names: Iterable[str]) -> list[tuple[str, str | None]]:
    """Field names with their columns; None: in `custom`."""
    return [(name, obj.fields[name].column) for name in names]


def stored_row(values: Mapping[str, Any], places: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """Typed values by field name as one row: columns by their names, all others together under `custom`.

    For formulas to read; what goes into storage is `row_to_store`.
    """
    value = values.get
    row = {column: value(name) for name, column in places if column is not None}
    custom = {name: in_custom(value(name)) for name, column in places if column is None}
    return row | {"custom": custom} if custom else row


def row_to_store(
    obj: Object, record_id: str, values: Mapping[str, Any], places: Sequence[tuple[str, str | None]]
) -> dict[str, Any]:
    """The row of a record as it is to be stored, its id with it; what is encrypted is marked, to be sealed."""
    to_seal = [each for each in sealed_fields(obj) if values.get(each.name) is not None]
    if to_seal:
        values = {**values, **{each.name: sealing_mark(each, record_id, values[each.name]) for each in to_seal}}
    return {"id": record_id, **stored_row(values, places)}


def sealed_fields(obj: Object) -> tuple[Field, ...]:
    """The fields whose values are stored encrypted; asked for with every record, so kept beside the Object value."""
    fields: tuple[Field, ...] | None = obj.__dict__.get("_sealed")
    if fields is None:
        fields = obj.__dict__["_sealed"] = tuple(each for each in obj.fields.values() if each.is_sealed_when_saved)
    return fields


def in_custom(value: Any) -> Any:
    """A typed value as the JSON column holds it; a list is one text, as the expression that reads it expects."""
    return ";".join(value) if isinstance(value, list) else value


def of_this_object(obj: Object, source: sa.FromClause) -> list[ColumnElement[bool]]:
    """The conditions that every statement on an object's rows has: the tenant, and the object in the shared table."""
    this_object = only_this_object(obj, source)
    return [source.c.tenant_id == TENANT_ID, *([] if this_object is None else [this_object])]


def kept(obj: Object, key: Hashable, make: Callable[[], Statement]) -> Statement:
    """A compiled statement, kept beside its Object value: SQLAlchemy's compilation costs more than running it."""
    cache: dict[Hashable, Statement] = obj.__dict__.setdefault("_write_statements", {})
    statement = cache.get(key)
    if statement is None:
        if len(cache) >= _MOST_KEPT:
            cache.clear()
        statement = cache[key] = make()
    return statement
