"""One statement that works out values before records are written: defaults first, then the updates in their order.

Each step is a subselect over the one before, so that it sees what was set already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.fields import FieldType
from chassis_metadata.logic.triggers import BeforeSaveUpdate, Event
from chassis_metadata.snapshot import Field
from chassis_platform.plan.object_logic import ObjectLogic
from chassis_platform.sql.candidates import candidate_columns, old_rows
from chassis_platform.sql.formulas.compile import Compiled, compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import unfolded
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import column_type, value

#: What the statement answers before the values of the computed fields.
PLACE, FAILED, FIRST_VALUE = range(3)

_FAILED = "failed"


def compile_computation(logic: ObjectLogic) -> Statement:
    """From candidates (`rows`, and `old_rows`) to (place, numbers of updates that failed, each computed field)."""
    columns: dict[str, sa.types.TypeEngine[Any]] = {
        "place": sa.Integer(),
        "is_new": sa.Boolean(),
        "sent": pg.ARRAY(sa.Text()),
        **candidate_columns(logic.obj, logic.read_before),
    }
    rows = unfolded(columns)
    start = sa.select(*(rows.c[name] for name in columns), sa.literal_column("'{}'::int[]").label(_FAILED))
    work = _Work(logic, start.offset(0).subquery("s0"), 0)
    if logic.defaults:
        work = work.then(_defaulted(work, work.rows()))
    for number, update in enumerate(logic.updates):
        work = work.then(_updated(work, number, update))
    last = work.source
    values = [value(logic.obj.fields[name], last).label(f"c{at}") for at, name in enumerate(logic.computed)]
    return compile_statement(sa.select(last.c.place, last.c[_FAILED], *values))


@dataclass(frozen=True, slots=True)
class _Work:
    """The rows so far. The OFFSET 0 of each step keeps PostgreSQL from writing a formula into all that read it."""

    logic: ObjectLogic
    source: sa.Subquery
    step: int

    def rows(self, prior: sa.FromClause | None = None) -> Rows:
        prior = self.source if prior is None else prior
        return Rows(self.logic.snapshot, self.logic.obj, self.source, prior=prior, is_new=self.source.c.is_new)

    def then(self, changed: _Step) -> _Work:
        columns = [changed.columns.get(each.name, each).label(each.name) for each in self.source.c]
        following = sa.select(*columns).select_from(changed.joined).offset(0)
        return _Work(self.logic, following.subquery(f"s{self.step + 1}"), self.step + 1)


@dataclass(frozen=True, slots=True)
class _Step:
    """The columns that a step replaces, and the rows it reads."""

    columns: Mapping[str, ColumnElement[Any]]
    joined: sa.FromClause


def _defaulted(work: _Work, rows: Rows) -> _Step:
    """A default is taken where nothing was sent; one that can't be worked out is none."""
    was_sent = work.source.c.sent
    chosen = []
    for field in work.logic.defaults:
        expression = work.logic.value_for(field.name, str(field.default_formula))
        applies = sa.and_(work.source.c.is_new, sa.not_(sa.literal(field.name, sa.Text()) == sa.any_(was_sent)))
        chosen.append((field, applies, _stored(field, compile_expression(expression, rows))))
    return _Step(_replaced(work, chosen), work.source)


def _updated(work: _Work, number: int, update: BeforeSaveUpdate) -> _Step:
    logic = work.logic
    assignments = [
        (logic.obj.fields[name], logic.value_for(name, text))
        for name, text in update.assignments.items()
        if name in logic.obj.fields
    ]
    criterion = None if update.criteria is None else logic.criterion(update.criteria)
    becomes = update.becomes and criterion is not None and Event.UPDATE in logic.events
    asks_old = becomes or any(
        each.uses_prior for each in [*filter(None, [criterion]), *(one for _, one in assignments)]
    )
    joined: sa.FromClause = work.source
    rows, old = work.rows(), None
    if asks_old and Event.UPDATE in logic.events:
        before = old_rows(logic.obj, logic.old_needed, name=f"o{work.step}")
        joined = work.source.outerjoin(before, before.c.id == work.source.c.id)
        rows = work.rows(before)
        old = Rows(logic.snapshot, logic.obj, before, prior=before, is_new=sa.false())
    applies, failed = _conditions(work, update, criterion, rows, old if becomes else None)
    compiled = [(field, compile_expression(each, rows)) for field, each in assignments]
    failures = [sa.and_(applies, one.failed) for _, one in compiled if one.failed is not None]
    columns = _replaced(work, [(field, applies, _stored(field, one)) for field, one in compiled])
    columns |= _noted(work, number, [*failed, *failures])
    return _Step(columns, joined)


def _conditions(
    work: _Work, update: BeforeSaveUpdate, criterion: Expression | None, rows: Rows, old: Rows | None
) -> tuple[ColumnElement[bool], list[ColumnElement[bool]]]:
    """When the update applies, and when its criteria fail."""
    is_new = work.source.c.is_new
    during: list[ColumnElement[bool]] = []
    if not work.logic.events <= update.events:
        during.append(is_new if Event.CREATE in update.events else sa.not_(is_new))
    if criterion is None:
        return sa.and_(sa.true(), *during), []
    compiled = compile_expression(criterion, rows)
    conditions = [*during, _holds(compiled)]
    if old is not None:
        conditions.append(sa.or_(is_new, sa.not_(_holds(compile_expression(criterion, old)))))
    return sa.and_(*conditions), [] if compiled.failed is None else [sa.and_(*during, compiled.failed)]


def _holds(compiled: Compiled) -> ColumnElement[bool]:
    return sa.func.coalesce(compiled.value, sa.false(), type_=sa.Boolean())


def _noted(work: _Work, number: int, failures: Sequence[ColumnElement[bool]]) -> dict[str, ColumnElement[Any]]:
    if not failures:
        return {}
    so_far = work.source.c[_FAILED]
    more = sa.func.array_append(so_far, sa.literal_column(str(number)), type_=pg.ARRAY(sa.Integer()))
    return {_FAILED: sa.case((sa.or_(*failures), more), else_=so_far)}


def _stored(field: Field, compiled: Compiled) -> ColumnElement[Any]:
    """The formula's value as the field holds it."""
    if field.type is FieldType.MULTI_PICKLIST:
        return sa.func.string_to_array(compiled.value, ";", type_=pg.ARRAY(sa.Text()))
    found = sa.cast(compiled.value, column_type(field))
    return sa.func.coalesce(found, sa.false()) if field.type is FieldType.CHECKBOX else found


_Chosen = tuple[Field, ColumnElement[bool], ColumnElement[Any]]


def _replaced(work: _Work, chosen: Sequence[_Chosen]) -> dict[str, ColumnElement[Any]]:
    columns: dict[str, ColumnElement[Any]] = {}
    for field, applies, found in chosen:
        if field.column is not None:
            columns[field.column] = sa.case((applies, found), else_=work.source.c[field.column])
        else:
            custom = columns.get("custom", work.source.c.custom)
            columns["custom"] = sa.case((applies, custom.op("||")(_in_custom(field, found))), else_=custom)
    return columns


def _in_custom(field: Field, found: ColumnElement[Any]) -> ColumnElement[Any]:
    """As `sql.rows.in_custom` folds it: a text that the expression which reads it can cast."""
    text = sa.func.array_to_string(found, ";") if field.type is FieldType.MULTI_PICKLIST else sa.cast(found, sa.Text())
    return sa.func.jsonb_build_object(sa.literal(field.name, sa.Text()), text, type_=pg.JSONB())
