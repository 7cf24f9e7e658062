"""EXISTS and its like: correlated subqueries over the rows of an object. Deleted rows are not seen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Related
from chassis_metadata.snapshot import Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formulas.compiler import Compiler
from chassis_platform.sql.formulas.pieces import Condition, Piece, Value, as_kind, number, truth
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.formulas.served import answered, served
from chassis_tenants import storage


def related_piece(compiler: Compiler, node: Related) -> Piece:
    """The answer over the rows that meet the criteria. A row whose criteria fail does not meet them."""
    view, inner, conditions = _opened(compiler, node)
    by_index = served(inner, node, view)
    if node.function == "EXISTS":
        return Piece(Kind.BOOLEAN, answered(by_index, conditions, partial(_exists, view)))
    answer = answered(by_index, conditions, partial(_one, node, inner, view))
    if node.function == "SUM":
        answer = sa.func.coalesce(answer, number(0))
    return Piece(node.kind, answer, is_rounded=node.function == "AVG")


def _exists(view: FromClause, *conditions: Condition) -> Value:
    one = sa.literal_column("1", sa.Integer())
    return sa.exists(sa.select(one).select_from(view).where(*conditions).correlate_except(view))


def _one(node: Related, inner: Compiler, view: FromClause, *conditions: Condition) -> Value:
    query = sa.select(_aggregated(node, inner)).select_from(view).where(*conditions).correlate_except(view)
    if node.function == "LOOKUP":
        query = query.order_by(view.c.id).limit(1)
    answer: Value = query.scalar_subquery()
    return answer


def rows_of(compiler: Compiler, node: Related, shape: Callable[[Piece], Value]) -> sa.Select[tuple[object]]:
    """The values of SET as a query, for IN."""
    view, inner, conditions = _opened(compiler, node)
    value = shape(_value(node, inner))
    return sa.select(value).select_from(view).where(*conditions).correlate_except(view)


def _opened(compiler: Compiler, node: Related) -> tuple[FromClause, Compiler, list[Condition]]:
    snapshot = compiler.rows.snapshot
    if snapshot is None:
        raise ValueError("no snapshot to look objects up in")
    obj = snapshot.objects[node.obj]
    view = storage.tenant_view(obj).alias()
    inner = compiler.over(Rows(snapshot, obj, view, this=compiler.rows.saved, variables=compiler.rows.variables))
    return view, inner, _conditions(inner, node, obj, view)


def _conditions(inner: Compiler, node: Related, obj: Object, view: FromClause) -> list[Condition]:
    conditions: list[Condition] = [view.c.tenant_id == TENANT_ID, sa.not_(view.c.is_deleted)]
    only = storage.only_this_object(obj, view)
    if only is not None:
        conditions.append(only)
    if node.criteria is not None:
        criteria = inner.piece(node.criteria)
        met = as_kind(criteria, Kind.BOOLEAN)
        conditions.append(met if criteria.failed is None else sa.case((criteria.failed, sa.false()), else_=truth(met)))
    return conditions


def _value(node: Related, inner: Compiler) -> Piece:
    if node.value is None:
        raise ValueError(f"{node.function} has no expression")
    piece = inner.piece(node.value)
    if piece.failed is None:
        return piece
    value = sa.case((piece.failed, sa.null()), else_=as_kind(piece, node.kind))
    return Piece(piece.kind, value, digits=piece.digits, scale=piece.scale, is_rounded=piece.is_rounded)


def _aggregated(node: Related, inner: Compiler) -> Value:
    if node.function == "COUNT":
        return sa.cast(sa.func.count(), sa.Numeric())
    value = as_kind(_value(node, inner), node.kind)
    if node.function == "LOOKUP":
        return value
    aggregate = getattr(sa.func, node.function.lower())
    written: Value = aggregate(value, type_=value.type)
    return written
