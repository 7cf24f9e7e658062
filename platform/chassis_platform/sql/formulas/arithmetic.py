"""Arithmetic and mathematics. Division keeps 60 decimals: what Salesforce rounds to 39 digits comes out alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Operation
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.pieces import (
    Condition,
    Piece,
    Template,
    Value,
    any_failed,
    as_kind,
    blank,
    number,
    truth,
)

#: PostgreSQL's numerics end at 131,072 digits before and 16,383 behind the point; far before that we cut.
MOST_DIGITS = 2_000
FLOAT_DIGITS = 300
QUOTIENT_SCALE = 60
#: Whole numbers are found after rounding to so many decimals: (1/9)*9 is 1.
WHOLE_SCALE = 33
POWER_DIGITS = 64
SMALLEST_POWER = -39
LARGEST_EXPONENT = "709.78"
SMALLEST_EXPONENT = "-700"
MOST_DECIMALS = 100

Body = Callable[[Value], Value]


def numeric(compiler: Compiler, piece: Piece) -> Piece:
    """A number, cut where its bounds could outgrow PostgreSQL's."""
    piece = replace(piece, kind=Kind.NUMBER, value=as_kind(piece, Kind.NUMBER))
    if piece.digits <= MOST_DIGITS and piece.scale <= MOST_DIGITS:
        return piece
    limit = sa.literal_column(f"'1e{MOST_DIGITS}'::numeric", sa.Numeric())
    outgrown = truth(sa.func.abs(piece.value) >= limit)
    value = compiler.once(
        piece.value, lambda x: sa.case((sa.func.abs(x) < limit, sa.func.round(x, MOST_DIGITS, type_=sa.Numeric())))
    )
    return replace(
        piece,
        value=value,
        failed=any_failed((piece.failed, outgrown)),
        digits=MOST_DIGITS,
        scale=MOST_DIGITS,
    )


def numerics(compiler: Compiler, node: Operation) -> list[Piece]:
    """The arguments as numbers."""
    return [numeric(compiler, each) for each in compiler.pieces(node.arguments)]


def whole(value: Value, least: int = -2_000_000_000, most: int = 2_000_000_000) -> Value:
    """A number cut to an integer that PostgreSQL can hold; blank stays blank."""
    cut = sa.func.trunc(value, type_=sa.Numeric())
    held = sa.case((cut < number(least), number(least)), (cut > number(most), number(most)), else_=cut)
    return sa.cast(held, sa.Integer())


def counted(piece: Piece, least: int = -2_000_000_000, most: int = 2_000_000_000) -> Value:
    """`whole` of a piece; of a constant, a constant."""
    if piece.kind is Kind.NUMBER and piece.literal is not None:
        held = max(least, min(most, int(piece.literal)))
        return (
            sa.literal_column(f"{held}::int", sa.Integer())
            if held >= 0
            else sa.literal_column(f"({held})::int", sa.Integer())
        )
    return whole(as_kind(piece, Kind.NUMBER), least, most)


# Operators


def sum_of(compiler: Compiler, node: Operation) -> Piece:
    """`a + b + c` or `a - b`, all numbers."""
    pieces = numerics(compiler, node)
    form = f" {node.name} ".join(f"{{{index}}}" for index in range(len(pieces)))  # flat: long sums are no deep trees
    return Piece(
        Kind.NUMBER,
        Template(form, *(each.value for each in pieces), type_=sa.Numeric()),
        any_failed(each.failed for each in pieces),
        digits=max(each.digits for each in pieces) + len(str(len(pieces))),
        scale=max(each.scale for each in pieces),
        is_rounded=any(each.is_rounded for each in pieces),
    )


def _product(compiler: Compiler, node: Operation) -> Piece:
    left, right = numerics(compiler, node)
    return Piece(
        Kind.NUMBER,
        left.value * right.value,
        any_failed((left.failed, right.failed)),
        digits=left.digits + right.digits,
        scale=left.scale + right.scale,
        is_rounded=left.is_rounded or right.is_rounded,
    )


def divided(left: Piece, right: Piece) -> Piece:
    """A quotient; it fails where the divisor is zero."""
    known = right.literal is not None and right.literal != 0
    stretched = left.value * sa.literal_column(f"1.{'0' * QUOTIENT_SCALE}", sa.Numeric())
    divisor = right.value if known else sa.func.nullif(right.value, number(0))
    value = sa.cast(stretched, sa.Numeric()).op("/", return_type=sa.Numeric())(divisor)
    by_zero = None if known else truth(sa.and_(right.value == number(0), left.value.is_not(None)))
    return Piece(
        Kind.NUMBER,
        value,
        any_failed((left.failed, right.failed, by_zero)),
        digits=left.digits + right.scale + 1,
        scale=left.scale + right.scale + QUOTIENT_SCALE + 20,
        is_rounded=True,
    )


def _quotient(compiler: Compiler, node: Operation) -> Piece:
    left, right = numerics(compiler, node)
    return divided(left, right)


def _negative(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = numerics(compiler, node)
    return replace(piece, value=number(0) - piece.value, is_plain=False, literal=None)


def _positive(compiler: Compiler, node: Operation) -> Piece:
    return numerics(compiler, node)[0]


def _power(compiler: Compiler, node: Operation) -> Piece:
    """Whole exponents only, results up to 64 digits: what Salesforce allows."""
    base, exponent = (_for_float(each) for each in numerics(compiler, node))

    def both(a: Value) -> Value:
        return compiler.repeated(exponent, lambda b: _power_value(a, b))

    def refused(a: Value) -> Value:
        return compiler.repeated(exponent, lambda b: _power_refused(a, b))

    fails = truth(compiler.repeated(base, refused))
    failed = any_failed((base.failed, exponent.failed, fails))
    value = compiler.repeated(base, both)
    return Piece(Kind.NUMBER, value, failed, digits=POWER_DIGITS + 2, scale=1_000, is_rounded=True)


def _magnitude(a: Value, b: Value) -> Value:
    """The logarithm of the result: only where neither is zero."""
    return sa.func.log(sa.cast(sa.func.abs(a), sa.Double()), type_=sa.Double()) * sa.cast(b, sa.Double())


def _power_refused(a: Value, b: Value) -> Value:
    return sa.case(
        (sa.or_(a.is_(None), b.is_(None)), sa.false()),
        (sa.or_(b != sa.func.trunc(b), sa.func.abs(b) > number(999_999_999)), sa.true()),
        (a == number(0), b < number(0)),
        else_=_magnitude(a, b) > POWER_DIGITS,
    )


def _power_value(a: Value, b: Value) -> Value:
    return sa.case(
        (sa.or_(b != sa.func.trunc(b), sa.func.abs(b) > number(999_999_999)), sa.null()),
        (b == number(0), sa.case((a.is_not(None), number(1)))),
        (a == number(0), sa.case((b > number(0), number(0)))),
        (_magnitude(a, b) > POWER_DIGITS, sa.null()),
        (_magnitude(a, b) < SMALLEST_POWER, number(0)),
        else_=sa.func.power(a, sa.func.trunc(b), type_=sa.Numeric()),
    )


# Rounding


def _absolute(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = numerics(compiler, node)
    return replace(piece, value=sa.func.abs(piece.value, type_=sa.Numeric()), is_plain=False, literal=None)


def _rounded_whole(body: Body) -> Function:
    def function(compiler: Compiler, node: Operation) -> Piece:
        (piece,) = numerics(compiler, node)
        value = sa.func.round(piece.value, WHOLE_SCALE, type_=sa.Numeric()) if piece.is_rounded else piece.value
        return Piece(
            Kind.NUMBER,
            compiler.repeated(replace(piece, value=value), body),
            piece.failed,
            digits=piece.digits + 1,
            scale=0,
        )

    return function


def _away_from_zero(value: Value) -> Value:
    return sa.case((value >= number(0), sa.func.ceil(value)), else_=sa.func.floor(value))


def _decimals(name: str) -> Function:
    """ROUND and TRUNC. A number with fewer places before the point than are to be cut is 0, as in Salesforce."""

    def function(compiler: Compiler, node: Operation) -> Piece:
        piece, *rest = numerics(compiler, node)
        places = rest[0] if rest else Piece(Kind.NUMBER, number(0), literal=0, is_plain=True)  # type: ignore[arg-type]
        cut = getattr(sa.func, name)
        decimals = counted(places, -MOST_DECIMALS, MOST_DECIMALS)
        if places.literal is not None and places.literal >= 0:  # type: ignore[operator]  # a number
            value = cut(piece.value, decimals, type_=sa.Numeric())
        else:
            value = compiler.repeated(piece, lambda x: compiler.once(decimals, lambda n: _cut(cut, x, n)))
        failed = any_failed((piece.failed, places.failed))
        return Piece(Kind.NUMBER, value, failed, digits=piece.digits + 1, scale=min(piece.scale, MOST_DECIMALS))

    return function


def _cut(cut: Callable[..., Value], value: Value, places: Value) -> Value:
    small = sa.func.abs(value) < sa.func.power(number(10), sa.cast(-places, sa.Numeric()), type_=sa.Numeric())
    return sa.case((sa.and_(places < 0, small), number(0)), else_=cut(value, places, type_=sa.Numeric()))


def _remainder(compiler: Compiler, node: Operation) -> Piece:
    left, right = numerics(compiler, node)
    by_zero = truth(sa.and_(right.value == number(0), left.value.is_not(None)))
    known = right.literal is not None and right.literal != 0
    value = sa.func.mod(left.value, sa.func.nullif(right.value, number(0)), type_=sa.Numeric())
    failed = any_failed((left.failed, right.failed, None if known else by_zero))
    rounded = left.is_rounded or right.is_rounded
    return Piece(Kind.NUMBER, value, failed, right.digits, max(left.scale, right.scale), is_rounded=rounded)


def _extreme(name: str) -> Function:
    def function(compiler: Compiler, node: Operation) -> Piece:
        pieces = compiler.pieces(node.arguments)
        values = [as_kind(each, node.kind) for each in pieces]
        if any(each.kind is Kind.NULL for each in pieces):
            return Piece(node.kind, blank(node.kind), any_failed(each.failed for each in pieces))
        best = getattr(sa.func, name)(*values, type_=values[0].type)
        all_there = sa.and_(*(each.is_not(None) for each in values))
        return Piece(
            node.kind,
            sa.case((all_there, best)),
            any_failed(each.failed for each in pieces),
            digits=max(each.digits for each in pieces),
            scale=max(each.scale for each in pieces),
            is_rounded=any(each.is_rounded for each in pieces),
        )

    return function


# Functions of floating point


def _for_float(piece: Piece) -> Piece:
    """A number that fits a double: others fail, tiny ones are zero."""
    value, failed = piece.value, piece.failed
    if piece.scale > FLOAT_DIGITS:
        value = sa.func.round(value, FLOAT_DIGITS, type_=sa.Numeric())
    if piece.digits > FLOAT_DIGITS:
        limit = sa.literal_column(f"'1e{FLOAT_DIGITS}'::numeric", sa.Numeric())
        failed = any_failed((failed, truth(sa.func.abs(value) >= limit)))
        value = sa.case((sa.func.abs(value) < limit, value))
    return replace(piece, value=value, failed=failed)


def _double(value: Value) -> Value:
    return sa.cast(value, sa.Double())


def _exact(value: Value) -> Value:
    """All digits of a double as a number: the direct cast keeps 15 only."""
    return sa.cast(sa.cast(value, sa.Text()), sa.Numeric())


def _float_function(body: Body, allowed: Body | None) -> Function:
    """A function of one double; `allowed` says where it has a value."""

    def function(compiler: Compiler, node: Operation) -> Piece:
        piece = _for_float(numerics(compiler, node)[0])
        if allowed is None:
            value = compiler.repeated(piece, body)
            return Piece(
                Kind.NUMBER, value, piece.failed, digits=FLOAT_DIGITS + 10, scale=FLOAT_DIGITS + 30, is_rounded=True
            )
        fits = allowed
        value = compiler.repeated(piece, lambda x: sa.case((fits(x), body(x))))
        refused = sa.not_(sa.func.coalesce(compiler.repeated(piece, fits), sa.true()))
        failed = any_failed((piece.failed, refused))
        return Piece(Kind.NUMBER, value, failed, digits=FLOAT_DIGITS + 10, scale=FLOAT_DIGITS + 30, is_rounded=True)

    return function


def _doubled(name: str) -> Body:
    return lambda x: _exact(getattr(sa.func, name)(_double(x), type_=sa.Double()))


def _exponential(x: Value) -> Value:
    power = _exact(sa.func.exp(_double(x), type_=sa.Double()))
    return sa.case((x < number(SMALLEST_EXPONENT), number(0)), else_=power)


def _circular(name: str) -> Body:
    """Beyond 1e15 a double has no angle left; the argument is taken within a few turns."""
    turn = number("6.283185307179586476925286766559005768394")
    return lambda x: _doubled(name)(sa.case((sa.func.abs(x) < number(10**9), x), else_=sa.func.mod(x, turn)))


def _is_positive(x: Value) -> Condition:
    return x > number(0)


def _is_not_negative(x: Value) -> Condition:
    return x >= number(0)


def _is_ratio(x: Value) -> Condition:
    return sa.func.abs(x) <= number(1)


def _has_power(x: Value) -> Condition:
    return x <= number(LARGEST_EXPONENT)


def _angle(compiler: Compiler, node: Operation) -> Piece:
    y, x = (_for_float(each) for each in numerics(compiler, node))
    value = _exact(sa.func.atan2(_double(y.value), _double(x.value), type_=sa.Double()))
    return Piece(
        Kind.NUMBER, value, any_failed((y.failed, x.failed)), digits=10, scale=FLOAT_DIGITS + 30, is_rounded=True
    )


def _pi(_: Compiler, __: Operation) -> Piece:
    return Piece(Kind.NUMBER, number("3.141592653589793"), is_plain=True, scale=20)


NUMBERS: dict[str, Function] = {
    "*": _product,
    "/": _quotient,
    "^": _power,
    "-x": _negative,
    "+x": _positive,
    "ABS": _absolute,
    "CEILING": _rounded_whole(_away_from_zero),
    "FLOOR": _rounded_whole(lambda x: sa.func.trunc(x, type_=sa.Numeric())),
    "MCEILING": _rounded_whole(lambda x: sa.func.ceil(x, type_=sa.Numeric())),
    "MFLOOR": _rounded_whole(lambda x: sa.func.floor(x, type_=sa.Numeric())),
    "ROUND": _decimals("round"),
    "TRUNC": _decimals("trunc"),
    "MOD": _remainder,
    "MAX": _extreme("greatest"),
    "MIN": _extreme("least"),
    "EXP": _float_function(_exponential, _has_power),
    "LN": _float_function(_doubled("ln"), _is_positive),
    "LOG": _float_function(_doubled("log"), _is_positive),
    "SQRT": _float_function(_doubled("sqrt"), _is_not_negative),
    "SIN": _float_function(_circular("sin"), None),
    "COS": _float_function(_circular("cos"), None),
    "TAN": _float_function(_circular("tan"), None),
    "ASIN": _float_function(_doubled("asin"), _is_ratio),
    "ACOS": _float_function(_doubled("acos"), _is_ratio),
    "ATAN": _float_function(_doubled("atan"), None),
    "ATAN2": _angle,
    "PI": _pi,
}
