"""A field's value as SQL, stored or worked out: what reads show, filter, sort and group by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause, ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.fields import formula_of
from chassis_metadata.fields import CASELESS_TYPES, NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Field, Snapshot
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_tenants import storage

Value = ColumnElement[Any]


def value(field: Field, source: FromClause, snapshot: Snapshot) -> Value:
    """The field's typed value in `source`; a formula that isn't stored is worked out, blank where it fails."""
    return worked_out(field, source, snapshot) if field.is_computed else storage.value(field, source)


def comparable(field: Field, source: FromClause, snapshot: Snapshot) -> Value:
    """What to compare and order by."""
    if not field.is_computed:
        return storage.comparable(field, source)
    plain = worked_out(field, source, snapshot)
    return sa.func.lower(plain).collate("C") if field.type in CASELESS_TYPES else plain


def worked_out(field: Field, source: FromClause, snapshot: Snapshot) -> Value:
    """A formula field's value from the fields that it reads, whether it is stored or not.

    A formula that the metadata no longer bears (an upgrade took what it names) is blank: one field must not stop all.
    """
    kind = storage.column_type(field)
    try:
        expression = formula_of(snapshot, field)
    except Invalid:
        return sa.cast(sa.null(), kind)
    rows = Rows(snapshot, snapshot.objects[field.object_name], source)
    return sa.cast(_shaped(field, compile_expression(expression, rows).value), kind)


def _shaped(field: Field, found: Value) -> Value:
    """In the field's size: digits rounded, a long text cut, a flag that is never empty."""
    if field.type in NUMERIC_TYPES:
        scale: Value = sa.literal_column(str(field.scale or 0))
        return sa.func.round(sa.cast(found, sa.Numeric()), scale, type_=sa.Numeric())
    if field.type is FieldType.TEXT:
        return sa.func.left(found, sa.literal_column(str(field.length or 0)))
    if field.type is FieldType.CHECKBOX:
        return sa.func.coalesce(found, sa.false())
    return found


def fitting(field: Field, found: Value) -> Value:
    """The value where its column can hold it: a number with too many digits is none."""
    if field.type not in NUMERIC_TYPES or field.precision is None:
        return found
    most = sa.literal_column("1" + "0" * (field.precision - (field.scale or 0)), sa.Numeric())
    return sa.case((sa.func.abs(found) < most, found))


def columns_read(field: Field, source: FromClause, snapshot: Snapshot) -> set[str]:
    """The columns of `source` that the field's value is made of."""
    if not field.is_computed:
        return {field.column or "custom"}
    return columns_in(worked_out(field, source, snapshot), source)


def columns_in(expression: Value, source: FromClause) -> set[str]:
    """The columns of `source` that an expression reads."""
    parts = visitors.iterate(expression)
    return {each.name for each in parts if isinstance(each, ColumnClause) and each.table is source}
