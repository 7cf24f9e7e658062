"""A checked formula as an SQL expression; the front door of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_platform.sql.formulas.compiler import Compiler, Tools
from chassis_platform.sql.formulas.functions import FUNCTIONS
from chassis_platform.sql.formulas.pieces import TEXTUAL, filled, truth
from chassis_platform.sql.formulas.related import related_piece
from chassis_platform.sql.formulas.rows import Rows

TOOLS = Tools(FUNCTIONS, related_piece)


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """`value` never raises in PostgreSQL: it is NULL where the formula fails, and `failed` is true exactly there.

    `failed` is None where the formula cannot fail.
    """

    value: ColumnElement[Any]
    failed: ColumnElement[bool] | None


def compile_expression(expression: Expression, rows: Rows) -> Compiled:
    """Write the formula for these rows. Run-time parameters are bound by `rows.formula_parameters`."""
    piece = Compiler(rows, expression.blanks_as, TOOLS).piece(expression.root)
    value: ColumnElement[Any] = piece.value
    if piece.kind in TEXTUAL:
        value = sa.func.nullif(filled(piece), sa.literal_column("''"), type_=sa.Text())
    elif piece.kind is Kind.BOOLEAN:
        value = truth(piece.value)
    if piece.failed is None:
        return Compiled(value, None)
    failed = truth(piece.failed)
    return Compiled(sa.case((failed, sa.null()), else_=value), failed)
