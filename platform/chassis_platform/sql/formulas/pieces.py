"""A part of a formula in SQL: a value that never raises, and a condition that says where it failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind

Value = ColumnElement[Any]
Condition = ColumnElement[bool]

SQL_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.NUMBER: sa.Numeric(),
    Kind.BOOLEAN: sa.Boolean(),
    Kind.DATE: sa.Date(),
    Kind.DATETIME: sa.DateTime(timezone=True),
    Kind.TIME: sa.Time(),
    Kind.LOCATION: pg.ARRAY(sa.Double()),
}

TEXTUAL = TEXT_LIKE | {Kind.MULTI_PICKLIST, Kind.NULL}

#: Digits that a stored number has at most, before and behind the point.
FIELD_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """`value` may be anything where `failed` is true, but computing it never raises.

    `digits` and `scale` bound a number's places before and behind the point, so that no product outgrows PostgreSQL.
    `is_rounded` numbers have more places than were meant. `is_plain` values are cheap to write twice.
    """

    kind: Kind
    value: Value
    failed: Condition | None = None
    digits: int = FIELD_DIGITS
    scale: int = FIELD_DIGITS
    is_rounded: bool = False
    is_plain: bool = False
    literal: str | Decimal | bool | None = None


def sql_type(kind: Kind) -> sa.types.TypeEngine[Any]:
    """The SQL type of a kind's values."""
    return SQL_TYPES.get(kind, sa.Text())


def blank(kind: Kind) -> Value:
    """No value, of a type."""
    return sa.cast(sa.null(), sql_type(kind))


def as_kind(piece: Piece, kind: Kind) -> Value:
    """The value; a NULL of no kind gets one."""
    return blank(kind) if piece.kind is Kind.NULL else piece.value


def number(value: int | str | Decimal) -> Value:
    """A constant, written into the statement: it was read by the parser or is our own."""
    written = f"{Decimal(value):f}::numeric"
    return sa.literal_column(f"({written})" if written.startswith("-") else written, sa.Numeric())


def text(value: str) -> Value:
    """A constant text, as a parameter."""
    return sa.cast(sa.literal(value, sa.Text()), sa.Text())


def filled(piece: Piece) -> Value:
    """A text with blank as the empty text, in one collation for all."""
    return sa.func.coalesce(as_kind(piece, Kind.TEXT), sa.literal_column("''", sa.Text())).collate("C")


def is_blank(piece: Piece) -> Condition:
    """Whether there is no value."""
    return filled(piece) == sa.literal_column("''") if piece.kind in TEXTUAL else piece.value.is_(None)


def any_failed(conditions: Iterable[Condition | None]) -> Condition | None:
    """Whether one of them failed; None if none can."""
    found = [each for each in conditions if each is not None]
    return sa.or_(*found) if found else None


def truth(value: Value) -> Condition:
    """A condition with blank as false."""
    return sa.func.coalesce(value, sa.false())


class Template(FunctionElement[Any]):
    """SQL that SQLAlchemy has no words for: a text with `{0}`, `{1}` … for its parts."""

    inherit_cache = False
    name = "template"

    def __init__(self, form: str, *parts: Value, type_: sa.types.TypeEngine[Any]) -> None:
        super().__init__(*parts)
        self.form = form
        self.type = type_


@compiles(Template)
def _write_template(element: Template, compiler: SQLCompiler, **options: Any) -> str:
    written = [f"({compiler.process(each, **options)})" for each in element.clauses]  # they are no operands of ours
    return "(" + element.form.format(*written) + ")"
