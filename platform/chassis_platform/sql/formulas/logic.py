"""Branches, comparisons, blanks and change. IF, AND and OR look no further than they must; CASE looks at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import FieldValue, Inlined, Many, Operation, Related, Source, Typed
from chassis_platform.sql.candidates import CHANGED
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.pieces import (
    TEXTUAL,
    Condition,
    Piece,
    Value,
    any_failed,
    as_kind,
    filled,
    is_blank,
    text,
    truth,
)
from chassis_platform.sql.formulas.related import rows_of


def merged(kind: Kind, value: Value, failed: Condition | None, chosen: Iterable[Piece]) -> Piece:
    """One of several values: bounds that hold for all of them."""
    pieces = list(chosen)
    return Piece(
        kind,
        value,
        failed,
        digits=max(each.digits for each in pieces),
        scale=max(each.scale for each in pieces),
        is_rounded=any(each.is_rounded for each in pieces),
    )


def _condition(piece: Piece) -> Condition:
    return as_kind(piece, Kind.BOOLEAN)


def _branches(compiler: Compiler, node: Operation) -> Piece:
    pieces = compiler.pieces(node.arguments)
    conditions, values, last = pieces[0:-1:2], pieces[1:-1:2], pieces[-1]
    pairs = list(zip(conditions, values, strict=True))
    value = sa.case(
        *((_condition(condition), as_kind(then, node.kind)) for condition, then in pairs),
        else_=as_kind(last, node.kind),
    )
    return merged(node.kind, value, _branches_failed(pairs, last), (*values, last))


def _branches_failed(pairs: Sequence[tuple[Piece, Piece]], last: Piece) -> Condition | None:
    if all(each.failed is None for pair in pairs for each in pair) and last.failed is None:
        return None
    steps: list[tuple[Condition, Condition]] = []
    for condition, then in pairs:
        if condition.failed is not None:
            steps.append((condition.failed, sa.true()))
        steps.append((_condition(condition), _failure(then)))
    return sa.case(*steps, else_=_failure(last))


def _failure(piece: Piece) -> Condition:
    return sa.false() if piece.failed is None else piece.failed


def _case(compiler: Compiler, node: Operation) -> Piece:
    pieces = compiler.pieces(node.arguments)
    subject, matches, values, last = pieces[0], pieces[1:-1:2], pieces[2:-1:2], pieces[-1]
    kind = next((each.kind for each in (subject, *matches) if each.kind is not Kind.NULL), Kind.TEXT)
    compared = [_comparable(each, kind) for each in (subject, *matches)]
    pairs = zip(compared[1:], values, strict=True)
    value: Value = sa.case(
        *((compared[0] == match, as_kind(then, node.kind)) for match, then in pairs), else_=as_kind(last, node.kind)
    )
    if not subject.is_plain and len(matches) > 1:
        value = _case_of_once(compiler, compared, values, last, node.kind)
    return merged(node.kind, value, any_failed(each.failed for each in pieces), (*values, last))


def _case_of_once(
    compiler: Compiler, compared: Sequence[Value], values: Sequence[Piece], last: Piece, kind: Kind
) -> Value:
    def body(subject: Value) -> Value:
        subject = subject.collate("C") if isinstance(compared[0].type, sa.Text) else subject
        pairs = zip(compared[1:], values, strict=True)
        return sa.case(*((subject == match, as_kind(then, kind)) for match, then in pairs), else_=as_kind(last, kind))

    return compiler.once(compared[0], body)


def _comparable(piece: Piece, kind: Kind) -> Value:
    return filled(piece) if kind in TEXTUAL else _operand(piece, kind)


def _all(compiler: Compiler, node: Operation) -> Piece:
    return _junction(compiler, node, stops_at=False)


def _any(compiler: Compiler, node: Operation) -> Piece:
    return _junction(compiler, node, stops_at=True)


def _junction(compiler: Compiler, node: Operation, *, stops_at: bool) -> Piece:
    pieces = compiler.pieces(node.arguments)
    conditions = [truth(_condition(each)) for each in pieces]
    value = sa.or_(*conditions) if stops_at else sa.and_(*conditions)
    steps: list[tuple[Condition, Condition]] = []
    for piece, condition in zip(pieces, conditions, strict=True):
        if piece.failed is not None:
            steps.append((piece.failed, sa.true()))
        steps.append((condition if stops_at else sa.not_(condition), sa.false()))
    failing = any(each.failed is not None for each in pieces)
    return Piece(Kind.BOOLEAN, value, sa.case(*steps, else_=sa.false()) if failing else None)


def _not(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    return Piece(Kind.BOOLEAN, sa.not_(_condition(piece)), piece.failed)


def _if_error(compiler: Compiler, node: Operation) -> Piece:
    value, instead = compiler.pieces(node.arguments)
    if value.failed is None:
        return value if value.kind is not Kind.NULL else replace(value, kind=node.kind, value=as_kind(value, node.kind))
    chosen = sa.case((value.failed, as_kind(instead, node.kind)), else_=as_kind(value, node.kind))
    failed = None if instead.failed is None else sa.and_(value.failed, instead.failed)
    return merged(node.kind, chosen, failed, (value, instead))


def _blank_value(compiler: Compiler, node: Operation) -> Piece:
    value, instead = compiler.pieces(node.arguments)
    chosen: Value
    if node.kind in TEXTUAL:
        chosen = sa.func.coalesce(
            sa.func.nullif(filled(value), sa.literal_column("''"), type_=sa.Text()), filled(instead), type_=sa.Text()
        )
    else:
        chosen = sa.func.coalesce(as_kind(value, node.kind), as_kind(instead, node.kind))
    return merged(node.kind, chosen, any_failed((value.failed, instead.failed)), (value, instead))


def _null_value(compiler: Compiler, node: Operation) -> Piece:
    value, instead = compiler.pieces(node.arguments)
    if Kind.TEXT not in {value.kind, instead.kind}:
        return _blank_value(compiler, node)
    return replace(value, value=as_kind(value, node.kind), failed=any_failed((value.failed, instead.failed)))


def _is_blank(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    return Piece(Kind.BOOLEAN, is_blank(piece), piece.failed)


def _is_null(compiler: Compiler, node: Operation) -> Piece:
    """Texts are never null to ISNULL; a picklist as text is the picklist."""
    (argument,) = node.arguments
    if isinstance(argument, Operation) and argument.name == "TEXT" and argument.arguments[0].kind is Kind.PICKLIST:
        argument = argument.arguments[0]
    piece = compiler.piece(argument)
    value = sa.false() if piece.kind is Kind.TEXT else is_blank(piece)
    return Piece(Kind.BOOLEAN, value, piece.failed)


def _is_absent(compiler: Compiler, node: Operation) -> Piece:
    """`Field = NULL`: whether the field has no value, however blanks are counted."""
    plain = compiler.as_blank()
    (piece,) = plain.pieces(node.arguments)
    return Piece(Kind.BOOLEAN, is_blank(piece), piece.failed)


def _first(compiler: Compiler, node: Operation) -> Piece:
    """The field of whichever object a polymorphic reference leads to."""
    pieces = compiler.pieces(node.arguments)
    value = sa.func.coalesce(*(as_kind(each, node.kind) for each in pieces))
    return merged(node.kind, value, any_failed(each.failed for each in pieces), pieces)


def _compared(compiler: Compiler, node: Operation) -> Piece:
    left, right = compiler.pieces(node.arguments)
    kinds = {left.kind, right.kind} - {Kind.NULL}
    failed = any_failed((left.failed, right.failed))
    if not kinds or kinds & TEXTUAL:
        return Piece(Kind.BOOLEAN, _texts_compared(node.name, left, right, is_text=bool(kinds)), failed)
    kind = kinds.pop()
    one, other = (_operand(each, kind) for each in (left, right))
    return Piece(Kind.BOOLEAN, one.op(node.name, return_type=sa.Boolean())(other), failed)


def _operand(piece: Piece, kind: Kind) -> Value:
    """A side of a comparison; a condition in parentheses, for comparisons don't chain in SQL and IS binds less."""
    value = as_kind(piece, kind)
    return sa.sql.elements.Grouping(value) if kind is Kind.BOOLEAN else value


def _texts_compared(sign: str, left: Piece, right: Piece, *, is_text: bool) -> Value:
    if not is_text:
        return sa.cast(sa.null(), sa.Boolean())
    one, other = filled(left), filled(right)
    if sign not in {"=", "<>"}:
        one, other = (
            sa.func.nullif(each, sa.literal_column("''"), type_=sa.Text()).collate("C") for each in (one, other)
        )
    return one.op(sign, return_type=sa.Boolean())(other)


_Set = list[Value] | sa.Select[tuple[object]]


def _contained(compiler: Compiler, node: Operation) -> Piece:
    subject = compiler.piece(node.arguments[0])
    kind = next((each.kind for each in node.arguments if each.kind is not Kind.NULL), Kind.TEXT)
    members: list[Value] = []
    sets: list[_Set] = []
    failures = [subject.failed]
    for item, scope in _members(compiler, node.arguments[1:]):
        if isinstance(item, Related) and item.function == "SET":
            sets.append(_rows_of(scope, item, kind))
            continue
        piece = scope.piece(item)
        members.append(_comparable(piece, kind))
        failures.append(piece.failed)
    among: list[_Set] = [*([members] if members else []), *sets]
    compared = replace(subject, value=_comparable(subject, kind))
    value = compiler.repeated(compared, lambda each: _is_among(each, kind, among))
    return Piece(Kind.BOOLEAN, value, any_failed(failures))


def _is_among(value: Value, kind: Kind, among: Sequence[_Set]) -> Condition:
    present = value != sa.literal_column("''") if kind in TEXTUAL else value.is_not(None)
    return sa.and_(present, sa.or_(*(truth(value.in_(each)) for each in among)))


def _members(compiler: Compiler, nodes: Iterable[Typed]) -> Iterable[tuple[Typed, Compiler]]:
    """The members of sets inside sets, each with the names that it sees."""
    for node in nodes:
        if isinstance(node, Many):
            yield from _members(compiler, node.items)
        elif isinstance(node, Inlined) and isinstance(node.expression.root, Many | Related):
            bindings = {name: compiler.piece(value) for name, value in node.bindings}
            inner = compiler.inner(compiler.rows, node.expression.blanks_as, bindings)
            yield from _members(inner, (node.expression.root,))
        else:
            yield node, compiler


def _rows_of(compiler: Compiler, item: Related, kind: Kind) -> sa.Select[tuple[object]]:
    return rows_of(compiler, item, lambda piece: _comparable(piece, kind))


# Change


def _is_new(compiler: Compiler, _: Operation) -> Piece:
    rows = compiler.rows.saved
    if rows.is_new is not None:
        return Piece(Kind.BOOLEAN, rows.is_new, is_plain=True)
    return Piece(Kind.BOOLEAN, sa.true() if rows.prior is None else sa.false(), is_plain=True)


def _is_clone(_: Compiler, __: Operation) -> Piece:
    return Piece(Kind.BOOLEAN, sa.false(), is_plain=True)


def _is_changed(compiler: Compiler, node: Operation) -> Piece:
    rows = compiler.rows.saved
    if rows.prior is None:
        return Piece(Kind.BOOLEAN, sa.false(), is_plain=True)
    if _is_encrypted(compiler, node):
        was: Condition = compiler.piece(node.arguments[1]).value == text(CHANGED)
        return Piece(Kind.BOOLEAN, sa.func.coalesce(was, sa.false(), type_=sa.Boolean()))
    now, before = (_raw(compiler, each) for each in node.arguments)
    textual = now.kind in TEXTUAL
    one, other = (filled(each) if textual else each.value for each in (now, before))
    changed: Condition = one.is_distinct_from(other)
    if rows.is_new is not None:
        changed = sa.and_(sa.not_(rows.is_new), changed)
    return Piece(Kind.BOOLEAN, changed, any_failed((now.failed, before.failed)))


def _is_encrypted(compiler: Compiler, node: Operation) -> bool:
    """What the field held before the change is no value: it says whether there is another one now."""
    asked, snapshot = node.arguments[1], compiler.rows.snapshot
    if not isinstance(asked, FieldValue) or snapshot is None:
        return False
    return snapshot.objects[asked.obj].fields[asked.field].encrypted


def _raw(compiler: Compiler, node: Typed) -> Piece:
    """The field's value with blank as blank: from nothing to zero is a change."""
    plain = compiler.as_blank()
    if isinstance(node, FieldValue) and node.source is Source.ROW:
        node = replace(node, source=Source.THIS)
    return plain.piece(node)


LOGIC: dict[str, Function] = {
    "IFS": _branches,
    "CASE": _case,
    "AND": _all,
    "OR": _any,
    "NOT": _not,
    "IFERROR": _if_error,
    "BLANKVALUE": _blank_value,
    "NULLVALUE": _null_value,
    "ISBLANK": _is_blank,
    "ISNULL": _is_null,
    "IS NULL": _is_absent,
    "FIRST": _first,
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), _compared),
    "IN": _contained,
    "ISNEW": _is_new,
    "ISCLONE": _is_clone,
    "ISCHANGED": _is_changed,
}
