"""Walks a checked formula and writes its parts; the functions themselves are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import (
    Constant,
    FieldValue,
    Global,
    Inlined,
    Many,
    Operation,
    RecordTypeValue,
    Related,
    Typed,
    Variable,
)
from chassis_platform.sql.formulas.fields import field_piece, global_piece, record_type_piece
from chassis_platform.sql.formulas.pieces import (
    Piece,
    Template,
    Value,
    blank,
    number,
    text,
    truth,
)
from chassis_platform.sql.formulas.rows import Rows

DEEPEST_FORMULAS = 10

Function = Callable[["Compiler", Operation], Piece]


@dataclass(frozen=True, slots=True)
class Tools:
    """What writes operations, by name, and what writes EXISTS and its like. They call back to the compiler."""

    functions: Mapping[str, Function]
    related: Callable[[Compiler, Related], Piece]


class Compiler:
    """Writes formulas over the same rows. Formulas inside formulas get their own Compiler, with shared counting."""

    def __init__(
        self,
        rows: Rows,
        blanks_as: str,
        tools: Tools,
        *,
        variables: Mapping[str, Piece] | None = None,
        depth: int = 0,
        numbering: count[int] | None = None,
    ) -> None:
        self.rows = rows
        self.blanks_as = blanks_as
        self.tools = tools
        self.variables = variables or {}
        self.depth = depth
        self.numbering = numbering or count()

    def over(self, rows: Rows) -> Compiler:
        """The same formula's part over other rows: the inside of EXISTS."""
        return Compiler(
            rows, self.blanks_as, self.tools, variables=self.variables, depth=self.depth, numbering=self.numbering
        )

    def as_blank(self) -> Compiler:
        """The same formula's part with blank numbers as blank."""
        return Compiler(
            self.rows, "blank", self.tools, variables=self.variables, depth=self.depth, numbering=self.numbering
        )

    def inner(self, rows: Rows, blanks_as: str, variables: Mapping[str, Piece] | None = None) -> Compiler:
        """A formula inside this one."""
        if self.depth >= DEEPEST_FORMULAS:
            raise Invalid.of("formula_too_deep", f"Formulas use each other more than {DEEPEST_FORMULAS} levels deep.")
        return Compiler(
            rows, blanks_as, self.tools, variables=variables, depth=self.depth + 1, numbering=self.numbering
        )

    def piece(self, node: Typed) -> Piece:  # noqa: PLR0911  one answer a kind of node
        """The node in SQL."""
        match node:
            case Constant():
                return constant(node)
            case Variable():
                return self._variable(node)
            case FieldValue():
                return self.zero_filled(field_piece(self, node))
            case RecordTypeValue():
                return record_type_piece(self, node)
            case Global():
                return global_piece(self, node)
            case Inlined():
                return self.inlined(node)
            case _:
                return self._computed(node)

    def _computed(self, node: Operation | Related | Many) -> Piece:
        if isinstance(node, Operation):
            return self.tools.functions[node.name](self, node)
        if isinstance(node, Related):
            return self.tools.related(self, node)
        raise Invalid.of("misplaced_set", "A set of values stands only after IN.")

    def pieces(self, nodes: tuple[Typed, ...]) -> list[Piece]:
        """Several nodes."""
        return [self.piece(each) for each in nodes]

    def zero_filled(self, piece: Piece) -> Piece:
        """A number without a value counts as zero where the formula says so."""
        if piece.kind is not Kind.NUMBER or self.blanks_as != "zero":
            return piece
        return replace(piece, value=sa.func.coalesce(piece.value, number(0)))

    def _variable(self, node: Variable) -> Piece:
        bound = self.variables.get(node.name)
        if bound is None:
            value = self.rows.variables[node.name]
            value = truth(value) if node.kind is Kind.BOOLEAN else value
            bound = Piece(node.kind, value, is_plain=True)
        elif bound.kind is Kind.NULL:
            bound = replace(bound, kind=node.kind, value=blank(node.kind))
        return self.zero_filled(bound)

    def inlined(self, node: Inlined) -> Piece:
        """A declared function with its arguments in place, or a formula that a name stands for."""
        given = {name: self.piece(value) for name, value in node.bindings}
        named = {name: f"v{next(self.numbering)}" for name, piece in given.items() if _is_looked_up(piece)}
        bindings = {name: _named(piece, named.get(name)) for name, piece in given.items()}
        blanks_as = node.expression.blanks_as
        piece = self.inner(self.rows, blanks_as, bindings or self.variables).piece(node.expression.root)
        if piece.kind is Kind.NULL and node.kind is not Kind.NULL:
            piece = replace(piece, kind=node.kind, value=blank(node.kind))
        for name, source in named.items():
            piece = _with_source(piece, source, given[name].value)
        return piece if bindings else self.zero_filled(piece)

    def once(
        self, value: Value, body: Callable[[Value], Value], type_: sa.types.TypeEngine[Any] | None = None
    ) -> Value:
        """`body` of a value that is computed once, however often `body` writes it."""
        name = f"v{next(self.numbering)}"
        written = body(sa.literal_column(f"{name}.x", value.type))
        return _from(name, value, written, type_)

    def repeated(self, piece: Piece, body: Callable[[Value], Value]) -> Value:
        """As `once`, without its subquery where the value is short."""
        return body(piece.value) if piece.is_plain else self.once(piece.value, body)


def _from(name: str, value: Value, written: Value, type_: sa.types.TypeEngine[Any] | None = None) -> Value:
    """What was written over `name.x`.

    PostgreSQL puts the value in all its places. Where it is a query, it would be planned and asked again in each of
    them, and places inside places multiply: OFFSET 0 forbids it.
    """
    end = " OFFSET 0" if _has_query(value) else ""
    form = f"SELECT {{1}} FROM (SELECT {{0}} AS x{end}) AS {name}"  # noqa: S608  the name is our own
    return Template(form, value, written, type_=type_ or written.type)


def _has_query(value: Value) -> bool:
    return any(isinstance(each, sa.Select | sa.Exists) for each in visitors.iterate(value))


def _is_looked_up(piece: Piece) -> bool:
    return not piece.is_plain and _has_query(piece.value)


def _named(piece: Piece, name: str | None) -> Piece:
    if name is None:
        return piece
    return replace(piece, value=sa.literal_column(f"{name}.x", piece.value.type), is_plain=True)


def _with_source(piece: Piece, name: str, value: Value) -> Piece:
    failed = None if piece.failed is None else truth(_from(name, value, piece.failed, sa.Boolean()))
    return replace(piece, value=_from(name, value, piece.value), failed=failed, is_plain=False)


def constant(node: Constant) -> Piece:
    """A literal."""
    value: Value
    match node.value:
        case None:
            value = sa.null()
        case bool(flag):
            value = sa.true() if flag else sa.false()
        case Decimal() as decimal:
            return _number(decimal)
        case str(words):
            value = text(words) if words else sa.literal_column("''::text", sa.Text())
    return Piece(node.kind, value, is_plain=True, literal=node.value)


def _number(value: Decimal) -> Piece:
    exponent = int(value.as_tuple().exponent)
    digits = max(value.adjusted() + 1, 1)
    return Piece(Kind.NUMBER, number(value), digits=digits, scale=max(-exponent, 0), is_plain=True, literal=value)
