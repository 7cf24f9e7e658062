"""Formulas of a step for all its records in one statement: over the records, or over what is found for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, TableValuedAlias

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.flow_formulas import Standing
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.access.masking import masks_kept
from chassis_platform.automation.flows.frame import Frame, Item
from chassis_platform.automation.keeping import common
from chassis_platform.sql.candidates import OLD_ROWS, candidate_columns
from chassis_platform.sql.formulas.compile import Compiled, compile_expression
from chassis_platform.sql.formulas.pieces import sql_type
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.narrowing import narrowing
from chassis_platform.sql.rows import folded, of_this_object, unfolded
from chassis_platform.sql.shown_expressions import shown_expression
from chassis_tenants.database import Row, Transaction
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each record: formulas, and the fields whose present values are wanted.

    The first `told` of the formulas leave the system: what rules mask is masked in them.
    """

    expressions: tuple[Expression, ...] = ()
    fields: tuple[Field, ...] = ()
    told: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """Which records are found for each record: over a reference to it or of it, by criteria, so many, in this order."""

    obj: Object
    reference: Field | None  # of the found record, to the record at hand
    parent: Field | None  # of the record at hand, to the found record
    criteria: Expression | None
    order: tuple[tuple[Field, bool], ...]
    limit: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answers for one record. A formula that failed has no value and is named in `failed`."""

    values: tuple[Any, ...]
    failed: tuple[int, ...]
    present: tuple[Any, ...]
    record_id: str | None = None


def prior_names(expressions: Sequence[Expression], names: frozenset[str]) -> frozenset[str]:
    """The fields whose values before the change these formulas need; `names` are those that are known."""
    return names if any(each.uses_prior for each in expressions) else frozenset()


async def ask(
    transaction: Transaction, context: Context, frame: Frame, question: Question, known: frozenset[str]
) -> list[Answer]:
    """The answers for the frame's items, in their order."""
    items = frame.items
    prior = prior_names(question.expressions, known)
    key = ("flow_question", frame.standing, question, prior)
    statement = context.snapshot.keep(key, lambda: _asked(context.snapshot, frame.standing, question, prior))
    rows = await transaction.fetch(_bound(statement, context, frame.standing, items, prior))
    found = {row[0]: _answer(row, question) for row in rows}
    return [found[number] for number in range(len(items))]


async def find(
    transaction: Transaction, context: Context, frame: Frame, search: Search, question: Question
) -> list[tuple[Item, Answer]]:
    """What is found for each item, in their order, and the answers for it; formulas are over the found record."""
    standing = frame.standing
    key = ("flow_search", standing, search.obj.name, _search_key(search), question)
    statement = context.snapshot.keep(key, lambda: _searched(context.snapshot, standing, search, question))
    rows = await transaction.fetch(_bound(statement, context, standing, frame.items, frozenset()))
    return [(frame.items[row[0]], _answer(row, question)) for row in sorted(rows, key=lambda row: row[0])]


def _search_key(search: Search) -> tuple[Any, ...]:
    names = tuple(each and each.name for each in (search.reference, search.parent))
    return names, search.criteria, tuple((each.name, down) for each, down in search.order), search.limit


def _answer(row: Row, question: Question) -> Answer:
    count = len(question.expressions)
    values = tuple(row[2 : 2 + 2 * count : 2])
    failed = tuple(number for number in range(count) if row[3 + 2 * number])
    return Answer(values, failed, tuple(row[2 + 2 * count :]), row[1])


def _bound(
    statement: Statement, context: Context, standing: Standing, items: Sequence[Item], prior: frozenset[str]
) -> Statement:
    rows = [_item_row(number, item, standing) for number, item in enumerate(items)]
    parameters = {**common(context), ITEMS: folded(rows)}
    if prior:
        parameters[OLD_ROWS] = folded(each.prior for each in items if each.prior is not None)
    return statement.bind(**parameters)


def _item_row(number: int, item: Item, standing: Standing) -> dict[str, Any]:
    variables = {f"v{place}": item.variables.get(name) for place, (name, _) in enumerate(standing.variables)}
    return {"n": number, "id": item.record_id, "this_id": item.this_id, "is_new": item.is_new, **variables}


def _items(standing: Standing) -> TableValuedAlias:
    columns: dict[str, sa.types.TypeEngine[Any]] = {
        "n": sa.Integer(),
        "id": sa.Text(collation="C"),
        "this_id": sa.Text(collation="C"),
        "is_new": sa.Boolean(),
    }
    columns |= {f"v{place}": sql_type(kind) for place, (_, kind) in enumerate(standing.variables)}
    return unfolded(columns, parameter=ITEMS, name="i")


def _variables(standing: Standing, items: FromClause) -> dict[str, ColumnElement[Any]]:
    return {name: items.c[f"v{place}"] for place, (name, _) in enumerate(standing.variables)}


@dataclass(frozen=True, slots=True)
class _Ground:
    """The items joined with their records and those outside; formulas stand on it."""

    items: TableValuedAlias
    joined: FromClause
    rows: Rows


def _ground(snapshot: Snapshot, standing: Standing, prior: frozenset[str]) -> _Ground:
    items = _items(standing)
    joined: FromClause = items
    variables = _variables(standing, items)
    obj, this = (snapshot.objects.get(name or "") for name in (standing.object_name, standing.this_name))
    outside = None
    if this is not None:
        source = tenant_view(this).alias("o")
        joined = joined.outerjoin(source, sa.and_(source.c.id == items.c.this_id, *of_this_object(this, source)))
        outside = Rows(snapshot, this, source, variables=variables)
    record: FromClause | None = None
    if obj is not None:
        record = tenant_view(obj).alias("t")
        joined = joined.outerjoin(record, sa.and_(record.c.id == items.c.id, *of_this_object(obj, record)))
    before: FromClause | None = None
    if obj is not None and prior:
        before = unfolded(candidate_columns(obj, prior), parameter=OLD_ROWS, name="p")
        joined = joined.outerjoin(before, before.c.id == items.c.id)
    is_new = sa.func.coalesce(items.c.is_new, sa.false())
    return _Ground(items, joined, Rows(snapshot, obj, record, before, is_new, variables, outside))


def _columns(question: Question, rows: Rows) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = []
    for number, each in enumerate(question.expressions):
        compiled = _told(each, rows) if number < question.told else compile_expression(each, rows)
        failed = sa.false() if compiled.failed is None else sa.func.coalesce(compiled.failed, sa.false())
        columns += [compiled.value.label(f"e{number}"), failed.label(f"f{number}")]
    source = rows.source
    if source is not None:
        columns += [value(field, source).label(f"p{number}") for number, field in enumerate(question.fields)]
    return columns


def _told(expression: Expression, rows: Rows) -> Compiled:
    """Whoever reads it: no audience is asked for."""
    if rows.snapshot is None:
        return compile_expression(expression, rows)
    return shown_expression(expression, rows, masks_kept(rows.snapshot, frozenset()))


def _asked(snapshot: Snapshot, standing: Standing, question: Question, prior: frozenset[str]) -> Statement:
    ground = _ground(snapshot, standing, prior)
    columns = _columns(question, ground.rows)
    return compile_statement(sa.select(ground.items.c.n, ground.items.c.id, *columns).select_from(ground.joined))


def _searched(snapshot: Snapshot, standing: Standing, search: Search, question: Question) -> Statement:
    """For each item, by itself: what is found over the reference and by the criteria, not more than the limit."""
    ground = _ground(snapshot, standing, frozenset())
    found = tenant_view(search.obj).alias("c")
    rows = Rows(snapshot, search.obj, found, variables=ground.rows.variables, this=ground.rows)
    here = [*of_this_object(search.obj, found), ~found.c.is_deleted]
    if search.reference is not None:
        here.append(value(search.reference, found) == ground.items.c.id)
    if search.parent is not None and ground.rows.source is not None:
        here.append(found.c.id == value(search.parent, ground.rows.source))
    if search.criteria is not None:
        here += narrowing(search.criteria.root, rows)
        here.append(sa.func.coalesce(compile_expression(search.criteria, rows).value, sa.false()))
    order = [value(field, found).desc().nulls_last() if down else value(field, found) for field, down in search.order]
    inner = (
        sa.select(found.c.id.label("found_id"), *_columns(question, rows))
        .where(*here)
        .order_by(*order, found.c.id)
        .limit(sa.literal_column(str(search.limit)))
        .lateral("l")
    )
    listed = [inner.c[each.name] for each in inner.c]
    return compile_statement(sa.select(ground.items.c.n, *listed).select_from(ground.joined.join(inner, sa.true())))
