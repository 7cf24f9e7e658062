"""Statements that keep roll-up summaries: the parents locked first, then worked out anew from the children they have.

In READ COMMITTED, a statement sees what was committed before it began. So whoever waited for a parent's lock counts, in
the statement behind it, what the holder of the lock has committed: that is what makes summaries exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import Function
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.compile_summaries import summarised_field
from chassis_metadata.expressions.fields import filter_of
from chassis_metadata.snapshot import Field, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.plan.summaries import Relation
from chassis_platform.sql.field_values import fitting, worked_out
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import of_this_object
from chassis_platform.sql.stored_formulas import calculated
from chassis_platform.sql.write import IDS, STAMP
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import (
    base_table,
    begins_at_zero,
    column_type,
    needs_pivot,
    pivot_view,
    tenant_view,
)
from chassis_tenants.storage import value as stored_value

Value = ColumnElement[Any]
#: Children whose parents, as stored, are to be summed up anew, beside those in `ids`.
CHILDREN = sa.bindparam("children", type_=pg.ARRAY(sa.Text()))


def lock_parents(relation: Relation, snapshot: Snapshot) -> Statement:
    """Lock the parents (`ids`, and those of `children`) in the order of their ids, so that nobody else sums them up."""

    def make() -> Statement:
        table = base_table(relation.parent)
        wanted = sa.select(table.c.id).where(*of_this_object(relation.parent, table), _is_affected(relation, table))
        return compile_statement(wanted.order_by(table.c.id).with_for_update(key_share=True))

    return snapshot.keep(("lock parents", relation), make)


def sum_up(relation: Relation, snapshot: Snapshot) -> Statement:
    """Work out the summaries of the same parents; answers the ids of those whose summaries have changed.

    Their version stays, so that nobody who has the parent open is told that it was saved meanwhile.
    """

    def make() -> Statement:
        table = base_table(relation.parent)
        found = _summed_up(relation, snapshot)
        pairs = [(each, found.c[f"s{place}"]) for place, each in enumerate(relation.summaries)]
        here = [*of_this_object(relation.parent, table), table.c.id == found.c.id]
        differs = sa.or_(*(stored_value(each, table).is_distinct_from(new) for each, new in pairs))
        values = {**calculated(table, pairs), "system_modstamp": STAMP}
        changed = sa.update(table).values(**values).where(*here, differs).returning(table.c.id)
        return compile_statement(changed)

    return snapshot.keep(("sum up", relation), make)


def _is_affected(relation: Relation, parent: FromClause) -> ColumnElement[bool]:
    child = tenant_view(relation.child).alias("touched")
    reference = stored_value(relation.reference, child)
    theirs = sa.select(reference).where(*of_this_object(relation.child, child), child.c.id == sa.any_(CHILDREN))
    wanted = sa.func.array(theirs.scalar_subquery(), type_=pg.ARRAY(sa.Text()))
    return parent.c.id == sa.any_(IDS.op("||", return_type=pg.ARRAY(sa.Text()))(wanted))


def _summed_up(relation: Relation, snapshot: Snapshot) -> FromClause:
    """A row for each parent, those without children too: its id, and its summaries as `s0`, `s1` and so on."""
    parent = tenant_view(relation.parent).alias("p")
    child = tenant_view(relation.child).alias("c")
    summaries = [
        _summary(each, relation, child, snapshot).label(f"s{place}") for place, each in enumerate(relation.summaries)
    ]
    affected = [*of_this_object(relation.parent, parent), _is_affected(relation, parent)]
    found = sa.select(parent.c.id, *summaries).select_from(_with_children(relation, parent, child)).where(*affected)
    # Worked out once: joined as a subquery, it may be worked out for each parent anew.
    return found.group_by(parent.c.id).cte("summed").prefix_with("MATERIALIZED")


def _with_children(relation: Relation, parent: FromClause, child: FromClause) -> FromClause:
    """A reference that the tenant made lies in the index table beside the record: it leads from there."""
    alive = [*of_this_object(relation.child, child), sa.not_(child.c.is_deleted)]
    if not needs_pivot(relation.reference):
        reference = stored_value(relation.reference, child)
        return parent.outerjoin(child, sa.and_(*alive, reference == parent.c.id))
    pivot = pivot_view.alias("i")
    of_it = [
        pivot.c.tenant_id == TENANT_ID,
        pivot.c.object_name == sa.literal(relation.child.name, sa.Text()),
        pivot.c.field_name == sa.literal(relation.reference.name, sa.Text()),
    ]
    referring = pivot.join(child, sa.and_(*alive, *of_it, child.c.id == pivot.c.record_id))
    return parent.outerjoin(referring, pivot.c.text_value == parent.c.id)


def _summary(field: Field, relation: Relation, child: FromClause, snapshot: Snapshot) -> Value:
    summarised = summarised_field(field, relation.parent, snapshot.objects)
    criteria = filter_of(snapshot, field)
    aggregate = _aggregate(field, summarised, child, snapshot)
    # A formula says something even of the row of nulls that stands for no child.
    is_asked = criteria is not None or (summarised is not None and summarised.formula is not None)
    taken: list[ColumnElement[bool]] = [child.c.id.is_not(None)] if is_asked else []
    if criteria is not None:
        taken.append(compile_expression(criteria, Rows(snapshot, relation.child, child)).value)
    plain: Value = aggregate.filter(*taken) if taken else aggregate
    if begins_at_zero(field):
        plain = sa.func.coalesce(plain, sa.literal_column("0"))
    if field.summary is not None and field.summary.function == "avg":
        plain = sa.func.round(plain, sa.literal_column(str(field.scale or 0)))
    return sa.cast(plain, column_type(field))


def _aggregate(field: Field, summarised: Field | None, child: FromClause, snapshot: Snapshot) -> Function[Any]:
    """A formula's number that has more digits than the formula says is left out: the column has no room for it."""
    if field.summary is None or summarised is None:
        return sa.func.count(child.c.id)
    is_formula = summarised.formula is not None
    over = fitting(summarised, worked_out(summarised, child, snapshot)) if is_formula else None
    return _FUNCTIONS[field.summary.function](stored_value(summarised, child) if over is None else over)


_FUNCTIONS: dict[str, Callable[[Value], Function[Any]]] = {
    "sum": sa.func.sum,
    "avg": sa.func.avg,
    "min": sa.func.min,
    "max": sa.func.max,
}
