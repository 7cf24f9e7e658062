"""Child sets: for each record of a page, its children as a query result of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, LateralFromClause, Select

from chassis_metadata.naming import storage_name
from chassis_platform.plan.logged import Logged
from chassis_platform.plan.read_plan import ChildSet
from chassis_platform.sql.found import filtered
from chassis_platform.sql.json_values import JSON, built_object
from chassis_platform.sql.paging import keys_of
from chassis_platform.sql.shapes import rest_record
from chassis_platform.sql.sources import Reach, Sources
from chassis_tenants import storage


def ids_label(number: int) -> str:
    """The column that holds the ids of one set of logged records."""
    return f"ids_{number}"


def id_at(logged: Logged, sources: Sources) -> ColumnElement[Any]:
    """The id of the record whose classified fields are read; null where they are masked."""
    source = sources.at(logged.hops)[logged.object_name]
    field = sources.reach.snapshot.objects[logged.object_name].fields[logged.fields[0]]
    clear = sources.clear_of(field, source)
    return source.c.id if clear is None else sa.case((clear, source.c.id))


def child_rows(child: ChildSet, parent: FromClause, reach: Reach, logged: Sequence[Logged]) -> LateralFromClause:
    """One row for each row of `parent`: the child set as JSON, and the ids whose classified fields it shows."""
    numbers = [number for number, each in enumerate(logged, 1) if each.child == child.name]
    own = {number: logged[number - 1] for number in numbers}
    prefix = f"{storage_name(child.name)}_"
    each = _records(child, parent, reach, own).subquery(prefix + "record")
    records = sa.func.json_agg(aggregate_order_by(each.c.body, each.c.position), type_=JSON)
    result = built_object([("totalSize", sa.func.count()), ("done", sa.true()), ("records", records)])
    some = sa.func.count() > sa.literal_column("0")
    ids = [
        sa.func.array_agg(each.c[ids_label(number)], type_=pg.ARRAY(sa.Text())).label(ids_label(number))
        for number in numbers
    ]
    return sa.select(sa.case((some, result)).label("body"), *ids).lateral(storage_name(child.name))


def _records(child: ChildSet, parent: FromClause, reach: Reach, logged: dict[int, Logged]) -> Select[Any]:
    plan = child.plan
    sources, where = filtered(plan, reach, prefix=f"{storage_name(child.name)}_")
    where.append(storage.value(child.field, sources.root) == parent.c.id)
    clear = sources.clear_of(child.field, sources.root)
    if clear is not None:
        where.append(clear)  # whose children they are is what the reference says
    keys = keys_of(plan.order_by, sources)
    order = [key.sorted(key.value, with_nulls=True) for key in keys]
    body = rest_record(plan.selected, sources, _no_children).label("body")
    ids = [id_at(each, sources).label(ids_label(number)) for number, each in logged.items()]
    position = sa.func.row_number().over(order_by=order).label("position")
    found = sa.select(body, position, *ids).select_from(sources.all()).where(*where).order_by(*order)
    found = found.correlate(parent)
    return found if plan.limit is None else found.limit(sa.literal_column(str(plan.limit)))


def _no_children(child: ChildSet) -> ColumnElement[Any]:
    raise ValueError(f"{child.name} inside another child set")
