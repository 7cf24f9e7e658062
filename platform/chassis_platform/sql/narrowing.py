"""Equalities of a criteria formula as plain comparisons, beside the formula: those that an index can serve.

A formula compares texts with blanks as empty texts, which no index holds. Where one side can't be blank, the plain
comparison is true for the same rows, so that asking both changes nothing but the time it takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.expressions.kinds import TEXT_LIKE
from chassis_metadata.expressions.typed import Constant, FieldValue, Operation, Source, Typed, Variable
from chassis_metadata.snapshot import Field
from chassis_platform.sql.formulas.rows import Rows
from chassis_tenants.storage import comparable, compared_value, value


def narrowing(root: Typed, rows: Rows) -> list[ColumnElement[bool]]:
    """Plain comparisons that hold for every row for which the criteria hold."""
    found: list[ColumnElement[bool]] = []
    for one, other in _equalities(root):
        if not (_is_filled(one) or _is_filled(other)):
            continue
        indexed = _indexed(one, other, rows) if isinstance(other, Constant) else _indexed(other, one, rows)
        sides = _plain(one, rows), _plain(other, rows)
        if indexed is not None:
            found.append(indexed)
        elif sides[0] is not None and sides[1] is not None:
            found.append(sides[0] == sides[1])
    return found


def _indexed(node: Typed, constant: Typed, rows: Rows) -> ColumnElement[bool] | None:
    """A field with a literal, as the field's index has it."""
    field = _field(node, rows)
    if field is None or not isinstance(constant, Constant) or field[0].is_reference or field[0].column is None:
        return None
    bound = sa.literal(str(constant.value), sa.Text())
    return comparable(*field) == compared_value(field[0], bound)


def _equalities(node: Typed) -> Iterator[tuple[Typed, Typed]]:
    """The equalities that all must hold."""
    if not isinstance(node, Operation):
        return
    if node.name == "AND":
        for each in node.arguments:
            yield from _equalities(each)
    elif node.name == "=":
        one, other = node.arguments
        if one.kind in TEXT_LIKE and other.kind in TEXT_LIKE:
            yield one, other


def _is_filled(node: Typed) -> bool:
    """Whether it can't be blank: an id of a row, a literal with something in it."""
    if isinstance(node, Constant):
        return isinstance(node.value, str) and node.value != ""
    return isinstance(node, FieldValue) and node.field == "Id" and not node.steps


def _plain(node: Typed, rows: Rows) -> ColumnElement[Any] | None:
    """The value as it is stored; None where it is not stored as such."""
    if isinstance(node, Constant):
        return sa.literal(str(node.value), sa.Text())
    if isinstance(node, Variable):
        return rows.variables.get(node.name)
    field = _field(node, rows)
    return None if field is None else value(*field)


def _field(node: Typed, rows: Rows) -> tuple[Field, FromClause] | None:
    """A stored field of the rows themselves, and where it is read."""
    if not isinstance(node, FieldValue) or node.steps or node.source is Source.PRIOR:
        return None
    of = rows if node.source is Source.ROW else rows.saved
    if of.obj is None or of.source is None or of.obj.name != node.obj:
        return None
    field = of.obj.fields[node.field]
    return None if field.is_computed or field.is_compound else (field, of.source)
