"""Rows as one parameter: a JSON array that PostgreSQL unfolds, so that the text is the same for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias

from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_tenants.sealed_columns import sealing_mark
from chassis_tenants.storage import only_this_object

ROWS = "rows"
_MOST_KEPT = 500

Kept = TypeVar("Kept")


def unfolded(
    columns: Mapping[str, sa.types.TypeEngine[Any]], *, parameter: str = ROWS, name: str = "r"
) -> TableValuedAlias:
    """The rows of the parameter `rows`, as `r` with these columns."""
    document = sa.cast(sa.bindparam(parameter, type_=sa.Text()), pg.JSON())
    listed = [sa.column(column, kind) for column, kind in columns.items()]
    return sa.func.json_to_recordset(document).table_valued(*listed).render_derived(name=name, with_types=True)


def unfolded_in_order(columns: Mapping[str, sa.types.TypeEngine[Any]]) -> sa.Subquery:
    """The same of rows that are lists, values in the order of these columns: none is looked for by its name.

    PostgreSQL reads them in half the time. For inserts: elsewhere the distributed engine wants plain columns.
    """
    document = sa.cast(sa.bindparam(ROWS, type_=sa.Text()), pg.JSONB())
    row = sa.func.jsonb_array_elements(document).table_valued(sa.column("value", pg.JSONB())).render_derived(name="e")
    cells = [_cell(row.c.value, place, kind).label(name) for place, (name, kind) in enumerate(columns.items())]
    return sa.select(*cells).subquery("r")


def _cell(row: ColumnElement[Any], place: int, kind: sa.types.TypeEngine[Any]) -> ColumnElement[Any]:
    at = sa.literal_column(str(place), sa.Integer())
    if isinstance(kind, pg.JSONB):
        return row.op("->", return_type=kind)(at)
    text = row.op("->>", return_type=sa.Text())(at)
    if isinstance(kind, pg.ARRAY):
        return sa.func.string_to_array(text, sa.literal_column("';'", sa.Text()), type_=kind)
    return text if isinstance(kind, sa.Text) else sa.cast(text, kind)


def folded(rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> str:
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

    For formulas to read; what goes into storage is `row_to_store`, or in order with `write.insert_records`.
    """
    value = values.get
    row = {column: value(name) for name, column in places if column is not None}
    custom = {name: in_custom(value(name)) for name, column in places if column is None}
    return row | {"custom": custom} if custom else row


def row_to_store(
    obj: Object, record_id: str, values: Mapping[str, Any], places: Sequence[tuple[str, str | None]]
) -> dict[str, Any]:
    """The row of a record as it is to be stored, its id with it; what is encrypted is marked, to be sealed."""
    return {"id": record_id, **stored_row(marked(obj, record_id, values), places)}


def marked(obj: Object, record_id: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record's values, marks in the place of those that are to be sealed."""
    to_seal = [each for each in sealed_fields(obj) if values.get(each.name) is not None]
    if not to_seal:
        return values
    return {**values, **{each.name: sealing_mark(each, record_id, values[each.name]) for each in to_seal}}


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


def kept(obj: Object, key: Hashable, make: Callable[[], Kept]) -> Kept:
    """A compiled statement, kept beside its Object value: SQLAlchemy's compilation costs more than running it."""
    cache: dict[Hashable, Kept] = obj.__dict__.setdefault("_write_statements", {})
    found = cache.get(key)
    if found is None:
        if len(cache) >= _MOST_KEPT:
            cache.clear()
        found = cache[key] = make()
    return found
