"""How a field becomes a column, a JSON key or an index row; nobody else knows.

Packaged objects have a typed table each (schema `data`), read through a tenant view of the same name (schema `tenant`).
What a tenant adds lies in the row's `custom` JSONB; objects that a tenant makes are rows of one shared table.
Filtered fields have a companion column that PostgreSQL computes: text lower-cased, numerics as float8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.fields import CASELESS_TYPES, NUMERIC_TYPES, REFERENCE_TYPES, FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_tenants.sealed_columns import FoundBy, Sealed
from chassis_tenants.sealing import FOUND_PART, SEALED_FORM

DATA_SCHEMA = "data"
VIEW_SCHEMA = "tenant"
CUSTOM_TABLE = "custom_record"
CUSTOM_INDEX_TABLE = "custom_index"

#: Columns that every record table has; (name, SQL type, whether it may be null, default).
SYSTEM_COLUMNS: tuple[tuple[str, str, bool, str | None], ...] = (
    ("tenant_id", "integer", False, None),
    ("id", 'text COLLATE "C"', False, None),
    ("name", "text", True, None),
    ("owner_id", 'text COLLATE "C"', True, None),
    ("record_type_id", 'text COLLATE "C"', True, None),
    ("created_date", "timestamptz", False, "now()"),
    ("created_by_id", 'text COLLATE "C"', True, None),
    ("last_modified_date", "timestamptz", False, "now()"),
    ("last_modified_by_id", 'text COLLATE "C"', True, None),
    ("system_modstamp", "timestamptz", False, "now()"),
    ("is_deleted", "boolean", False, "false"),
    ("deleted_date", "timestamptz", True, None),
    ("deleted_by_id", 'text COLLATE "C"', True, None),
    ("row_version", "bigint", False, "1"),
    ("custom", "jsonb", False, "'{}'::jsonb"),
)

_ID_TYPE = sa.Text(collation="C")
_SQLALCHEMY_TYPES: dict[FieldType, sa.types.TypeEngine[Any]] = {
    FieldType.ID: _ID_TYPE,
    FieldType.LOOKUP: _ID_TYPE,
    FieldType.MASTER_DETAIL: _ID_TYPE,
    FieldType.NUMBER: sa.Numeric(),
    FieldType.CURRENCY: sa.Numeric(),
    FieldType.PERCENT: sa.Numeric(),
    FieldType.DATE: sa.Date(),
    FieldType.DATETIME: sa.DateTime(timezone=True),
    FieldType.TIME: sa.Time(),
    FieldType.CHECKBOX: sa.Boolean(),
    FieldType.MULTI_PICKLIST: pg.ARRAY(sa.Text()),
}


def column_type(field: Field) -> sa.types.TypeEngine[Any]:
    """The SQLAlchemy type of the field's value."""
    return _SQLALCHEMY_TYPES.get(field.type, sa.Text())


def sql_type(field: Field) -> str:
    """PostgreSQL's name of the column type, with precision where the field has one."""
    if field.type in NUMERIC_TYPES and field.precision is not None:
        return f"numeric({field.precision},{field.scale or 0})"
    base = field.traits.sql_type
    if base is None:
        raise ValueError(f"{field.object_name}.{field.name} is compound and has no column")
    return base


@dataclass(frozen=True, slots=True)
class Companion:
    """A column that PostgreSQL computes from another, so that a filter by it meets an index."""

    column: str
    sql_type: str
    expression: str


def companion(field: Field) -> Companion | None:
    """The companion of a typed column, or None where the column itself can be compared."""
    if field.column is None or not (field.has_index or field.is_name or field.searchable):
        return None
    quoted = f'"{field.column}"'
    if field.encrypted:
        # Where a tenant's values lie in clear, a part between two points of theirs is nothing to find them by.
        part = f"nullif(split_part({quoted}, '.', {FOUND_PART}), '')"
        found = f"CASE WHEN {quoted} ~ '{SEALED_FORM}' THEN {part} END"
        return Companion(f"{field.column}__found", 'text COLLATE "C"', found)
    if field.type in CASELESS_TYPES and not field.case_sensitive:
        return Companion(f"{field.column}__lower", 'text COLLATE "C"', f"lower({quoted})")
    if field.type in NUMERIC_TYPES:
        return Companion(f"{field.column}__float", "double precision", f"({quoted})::double precision")
    return None


def stored_fields(obj: Object) -> Iterable[Field]:
    """Fields with a place of their own in storage: all but compound ones and formulas worked out when they are read."""
    return (field for field in obj.fields.values() if not field.is_compound and not field.is_computed)


_SYSTEM_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "tenant_id": sa.Integer(),
    "created_date": sa.DateTime(timezone=True),
    "last_modified_date": sa.DateTime(timezone=True),
    "system_modstamp": sa.DateTime(timezone=True),
    "is_deleted": sa.Boolean(),
    "deleted_date": sa.DateTime(timezone=True),
    "row_version": sa.BigInteger(),
    "custom": pg.JSONB(),
    "name": sa.Text(),
}


def _columns(obj: Object) -> dict[str, sa.types.TypeEngine[Any]]:
    columns = {name: _SYSTEM_TYPES.get(name, _ID_TYPE) for name, _, _, _ in SYSTEM_COLUMNS}
    if obj.table is None:
        return columns | {"object_name": sa.Text(collation="C"), "name__lower": sa.Text(collation="C")}
    for field in stored_fields(obj):
        if field.column is None:
            continue
        columns.setdefault(field.column, column_type(field))
        if _is_found_in_clear(field):
            columns.setdefault(_column_in_clear(field), sa.Text(collation="C"))
        extra = companion(field)
        if extra is not None:
            columns[extra.column] = sa.Float() if extra.sql_type == "double precision" else sa.Text(collation="C")
    return columns


def _relation(obj: Object, schema: str) -> sa.Table:
    """A Table value per object and schema; made once per Object value."""
    cache: dict[str, sa.Table] = obj.__dict__.setdefault("_relations", {})
    if schema not in cache:
        columns = [sa.Column(name, kind) for name, kind in _columns(obj).items()]
        cache[schema] = sa.Table(obj.table or CUSTOM_TABLE, sa.MetaData(), *columns, schema=schema)
    return cache[schema]


def base_table(obj: Object) -> sa.Table:
    """The table that writes go to, by key, under row-level security."""
    return _relation(obj, DATA_SCHEMA)


def tenant_view(obj: Object) -> sa.Table:
    """The view that reads go through; it shows the bound tenant's rows only."""
    return _relation(obj, VIEW_SCHEMA)


def only_this_object(obj: Object, source: FromClause) -> ColumnElement[bool] | None:
    """The condition that picks a tenant-made object's rows out of the shared table; None for typed tables."""
    return source.c.object_name == sa.literal(obj.name, sa.Text()) if obj.table is None else None


def value(field: Field, source: FromClause) -> ColumnElement[Any]:
    """The field's typed value in `source`, an alias of the object's view or table."""
    if field.is_computed:
        raise ValueError(f"{field.object_name}.{field.name} is a formula and lies nowhere")
    if field.encrypted:
        return Sealed(field, source.c.id, stored_text(field, source), None)
    if field.column is not None:
        return source.c[field.column]
    custom = _custom_value(field, source)
    return sa.func.coalesce(custom, sa.literal_column("0"), type_=custom.type) if begins_at_zero(field) else custom


def stored_text(field: Field, source: FromClause) -> ColumnElement[str]:
    """An encrypted field's value as it lies there."""
    found = source.c[field.column] if field.column is not None else _custom_value(field, source)
    return sa.type_coerce(found, sa.Text())


def begins_at_zero(field: Field) -> bool:
    """Whether a record that no children were written for holds 0: a count or a sum of nothing."""
    return field.summary is not None and field.summary.function in ("count", "sum")


def _custom_value(field: Field, source: FromClause) -> ColumnElement[Any]:
    key: ColumnElement[Any] = sa.literal_column(_quoted(field.name))
    if field.type is FieldType.MULTI_PICKLIST:
        return sa.func.string_to_array(source.c.custom.op("->>")(key), ";", type_=pg.ARRAY(sa.Text()))
    text = source.c.custom.op("->>", return_type=sa.Text())(key)
    kind = column_type(field)
    if field.type is FieldType.CHECKBOX:
        return sa.func.coalesce(sa.cast(text, sa.Boolean()), sa.false())
    return text if isinstance(kind, sa.Text) and field.type not in REFERENCE_TYPES else sa.cast(text, kind)


def _quoted(name: str) -> str:
    """A name from the snapshot as an SQL string literal; API names hold letters, digits and underscores only."""
    if not name.replace("_", "").isalnum():
        raise ValueError(f"{name!r} is no API name")
    return f"'{name}'"


def comparable(field: Field, source: FromClause) -> ColumnElement[Any]:
    """What to compare and order by: the companion where there is one, lower-cased text otherwise."""
    extra = companion(field)
    if field.conversion is not None:
        return FoundBy(_either_form(field, source))
    if field.encrypted:
        return FoundBy(source.c[extra.column] if extra is not None else _found_part(field, source))
    if extra is not None:
        return source.c[extra.column]
    plain = value(field, source)
    if field.type in CASELESS_TYPES and not field.case_sensitive:
        return sa.func.lower(plain).collate("C")
    return plain


def _found_part(field: Field, source: FromClause) -> ColumnElement[str]:
    dot, nothing = (sa.literal_column(each, sa.Text()) for each in ("'.'", "''"))
    part = sa.func.split_part(stored_text(field, source), dot, sa.literal_column(str(FOUND_PART)))
    return sa.func.nullif(part, nothing, type_=sa.Text()).collate("C")


def _either_form(field: Field, source: FromClause) -> ColumnElement[str]:
    """What a value is found by, or its own form where it lies in clear. No index has it: see `is_among`."""
    stored = stored_text(field, source)
    in_clear = stored if field.case_sensitive else sa.func.lower(stored, type_=sa.Text())
    return sa.case((looks_sealed(stored), _found_part(field, source)), else_=in_clear.collate("C"))


def looks_sealed(stored: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a stored value has the form of a sealed one."""
    return stored.op("~", return_type=sa.Boolean())(sa.literal_column(f"'{SEALED_FORM}'", sa.Text()))


def _is_found_in_clear(field: Field) -> bool:
    """Whether values that still lie in clear stand in an index of the object's own table."""
    return field.column is not None and field.conversion is not None and field.conversion.was_indexed


def _column_in_clear(field: Field) -> str:
    """What such values were compared by before the field was encrypted."""
    before = companion(replace(field, encrypted=False, indexed=True))
    return before.column if before is not None else str(field.column)


def is_among(field: Field, source: FromClause, values: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the field has one of the values, a list in comparable form; indexes serve it."""
    if _is_found_in_clear(field):
        sealed, clear = companion(field), source.c[_column_in_clear(field)]
        if sealed is not None:
            return sa.or_(FoundBy(source.c[sealed.column]) == sa.any_(values), clear == sa.any_(values))
    return comparable(field, source) == sa.any_(values)


def compared_value(field: Field, bound: ColumnElement[Any]) -> ColumnElement[Any]:
    """A bound value in the form in which `comparable` holds it; that of an encrypted field is bound as a mark."""
    if field.encrypted:
        return bound
    if field.type in CASELESS_TYPES and not field.case_sensitive:
        return sa.func.lower(sa.cast(bound, sa.Text()))
    extra = companion(field)
    if extra is not None and extra.sql_type == "double precision":
        return sa.cast(bound, sa.Float())
    return bound


def needs_pivot(field: Field) -> bool:
    """Whether writes keep a row of the pivot index table for it (custom, and indexed in some way)."""
    return field.column is None and field.has_index and not field.is_compound and not field.is_computed


def is_pivoted(field: Field) -> bool:
    """Whether that index has the values of all records."""
    return needs_pivot(field) and (field.conversion is None or field.conversion.was_indexed)


def pivot_kind(field: Field) -> str:
    """The pivot's value column that serves the field: `text_value`, `number_value` or `time_value`."""
    if field.type in NUMERIC_TYPES:
        return "number_value"
    if field.type in (FieldType.DATE, FieldType.DATETIME):
        return "time_value"
    return "text_value"


pivot_view = sa.Table(
    CUSTOM_INDEX_TABLE,
    sa.MetaData(),
    sa.Column("tenant_id", sa.Integer()),
    sa.Column("object_name", sa.Text(collation="C")),
    sa.Column("field_name", sa.Text(collation="C")),
    sa.Column("record_id", _ID_TYPE),
    sa.Column("text_value", sa.Text(collation="C")),
    sa.Column("number_value", sa.Float()),
    sa.Column("time_value", sa.DateTime(timezone=True)),
    schema=VIEW_SCHEMA,
)
