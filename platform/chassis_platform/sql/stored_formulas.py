"""Statements that keep what follows from a record: stored formulas, and index rows of a tenant's calculated fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.plan.summaries import stored_formulas
from chassis_platform.sql.field_values import fitting, worked_out
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS, TENANT
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import (
    CUSTOM_INDEX_TABLE,
    DATA_SCHEMA,
    base_table,
    comparable,
    needs_pivot,
    pivot_kind,
    tenant_view,
    value,
)

_INDEX = sa.Table(
    CUSTOM_INDEX_TABLE,
    sa.MetaData(),
    sa.Column("tenant_id", sa.Integer(), primary_key=True),
    *(sa.Column(name, sa.Text(), primary_key=True) for name in ("object_name", "field_name", "record_id")),
    sa.Column("text_value", sa.Text()),
    sa.Column("number_value", sa.Float()),
    sa.Column("time_value", sa.DateTime(timezone=True)),
    schema=DATA_SCHEMA,
)


def keep_formulas(obj: Object, snapshot: Snapshot) -> Statement:
    """Work out the stored formulas of records (`ids`) that lie there already; answers the ids of those that changed."""

    def make() -> Statement:
        table, source = base_table(obj), tenant_view(obj).alias("t")
        fields = stored_formulas(obj)
        values = [fitting(each, worked_out(each, source, snapshot)).label(f"v{at}") for at, each in enumerate(fields)]
        here = [*of_this_object(obj, source), source.c.id == sa.any_(IDS)]
        # Worked out first, and then joined by key: both sides led by the ids would be compared each with each.
        found = sa.select(source.c.id, *values).where(*here).cte("found").prefix_with("MATERIALIZED")
        pairs = [(each, found.c[f"v{at}"]) for at, each in enumerate(fields)]
        differs = sa.or_(*(value(each, table).is_distinct_from(new) for each, new in pairs))
        same = [*of_this_object(obj, table), table.c.id == found.c.id]
        changed = sa.update(table).values(**calculated(table, pairs)).where(*same, differs).returning(table.c.id)
        return compile_statement(changed)

    return snapshot.keep(("keep formulas", obj.name), make)


def ids_behind(obj: Object) -> Statement:
    """The ids of all records, those in the recycle bin too, behind the id `after`: `most` at once, in order."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        behind = source.c.id > sa.bindparam("after", type_=sa.Text())
        wanted = sa.select(source.c.id).where(*of_this_object(obj, source), behind).order_by(source.c.id)
        return compile_statement(wanted.limit(sa.bindparam("most", type_=sa.Integer())))

    return kept(obj, "ids behind", make)


def calculated(table: sa.Table, values: Sequence[tuple[Field, ColumnElement[Any]]]) -> dict[str, Any]:
    """Calculated values as an UPDATE sets them: columns of their own, or keys laid over the others of `custom`."""
    columns: dict[str, Any] = {each.column: new for each, new in values if each.column is not None}
    inside = [part for each, new in values if each.column is None for part in (sa.literal(each.name, sa.Text()), new)]
    if inside:
        laid_over = table.c.custom.op("||")(sa.func.jsonb_build_object(*inside, type_=pg.JSONB()))
        columns["custom"] = sa.func.jsonb_strip_nulls(laid_over)
    return columns


def keep_index_rows(obj: Object) -> Iterable[Statement]:
    """The index rows of a tenant's calculated fields, for records (`ids`) as they lie there."""
    for field in obj.fields.values():
        if field.is_calculated and needs_pivot(field):
            yield kept(obj, ("drop calculated", field.name), partial(_drop, obj, field))
            yield kept(obj, ("keep calculated", field.name), partial(_keep, obj, field))


def _drop(obj: Object, field: Field) -> Statement:
    source = tenant_view(obj).alias("t")
    empty = sa.select(source.c.id).where(*_asked(obj, source), value(field, source).is_(None))
    of_it = [_INDEX.c.object_name == sa.literal(obj.name, sa.Text()), _INDEX.c.field_name == _name(field)]
    return compile_statement(
        sa.delete(_INDEX).where(_INDEX.c.tenant_id == TENANT, *of_it, _INDEX.c.record_id.in_(empty))
    )


def _keep(obj: Object, field: Field) -> Statement:
    source, column = tenant_view(obj).alias("t"), pivot_kind(field)
    found = _key(field, source)
    row: list[ColumnElement[Any]] = [TENANT, sa.literal(obj.name, sa.Text()), _name(field), source.c.id, found]
    wanted = sa.select(*row).where(*_asked(obj, source), found.is_not(None))
    columns = ["tenant_id", "object_name", "field_name", "record_id", column]
    rows = pg.insert(_INDEX).from_select(columns, wanted)
    return compile_statement(
        rows.on_conflict_do_update(index_elements=columns[:4], set_={column: rows.excluded[column]})
    )


def _key(field: Field, source: FromClause) -> ColumnElement[Any]:
    """The value as the index holds it: days as the moment at which they begin in UTC."""
    if field.type is FieldType.DATE:
        return sa.func.timezone("UTC", sa.cast(value(field, source), sa.DateTime()))
    if pivot_kind(field) == "text_value":
        return sa.cast(comparable(field, source), sa.Text())
    return value(field, source)


def _asked(obj: Object, source: FromClause) -> list[ColumnElement[bool]]:
    return [*of_this_object(obj, source), source.c.id == sa.any_(IDS)]


def _name(field: Field) -> ColumnElement[str]:
    return sa.literal(field.name, sa.Text())
