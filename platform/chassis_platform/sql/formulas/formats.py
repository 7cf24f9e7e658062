"""FORMAT and FORMATCURRENCY: values as people write them, in American spelling as Salesforce's patterns have it."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from chassis_metadata.expressions.formats import MomentPart, NumberFormat, moment_format, number_format
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Operation
from chassis_platform.sql.formulas.arithmetic import numeric
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.pieces import Piece, Template, Value, any_failed, filled, number, text, truth
from chassis_platform.sql.formulas.rows import ZONE
from chassis_platform.sql.formulas.texts import EMPTY

#: Currencies of another number of decimals than two (ISO 4217).
_DECIMALS: dict[int, tuple[str, ...]] = {
    0: (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ),
    3: ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"),
    4: ("CLF", "UYW"),
}
_LARGEST_AMOUNT = 2**63 - 1
_EXACT = sa.Numeric()


def _format(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    if not node.detail:
        return Piece(Kind.TEXT, text(""))
    if piece.kind is Kind.NUMBER:
        return _number(compiler, numeric(compiler, piece), number_format(node.detail[0]))
    return Piece(Kind.TEXT, _moment(piece, moment_format(node.detail[0])), piece.failed)


# Dates and times


def _moment(piece: Piece, parts: tuple[MomentPart, ...]) -> Value:
    """A moment by the clock of the user's time zone; a time of day as on some day."""
    at = piece.value
    if piece.kind is Kind.DATETIME:
        at = sa.func.timezone(sa.cast(ZONE, sa.Text()), at, type_=sa.DateTime())
    elif piece.kind is Kind.TIME:
        at = Template("DATE '1970-01-01' + {0}", at, type_=sa.DateTime())
    else:
        at = sa.cast(at, sa.DateTime())
    written = (text(each.template) if each.is_text else _part(at, each.template) for each in parts)
    return sa.case((at.is_not(None), sa.func.concat("", *written, type_=sa.Text())))


def _part(at: Value, template: str) -> Value:
    return sa.func.to_char(at, template, type_=sa.Text())


# Numbers


def _number(compiler: Compiler, piece: Piece, form: NumberFormat) -> Piece:
    def body(value: Value) -> Value:
        shifted = sa.func.abs(value) * number(10**form.shift)
        rounded = compiler.once(shifted, lambda x: _half_even(x, form.most_decimals), _EXACT)
        plain = compiler.once(rounded, lambda x: _digits(x, form), sa.Text())
        before, after = (
            sa.case((value < number(0), text(negative)), else_=text(positive))
            for positive, negative in ((form.before, form.before_negative), (form.after, form.after_negative))
        )
        return sa.case((value.is_not(None), sa.func.concat(before, plain, after, type_=sa.Text())))

    return Piece(Kind.TEXT, compiler.repeated(piece, body), piece.failed)


def _half_even(value: Value, places: int) -> Value:
    """Rounded to an even last digit where it lies in the middle, as Java's patterns do."""
    unit = f"1e-{places}::numeric"
    cut = Template(f"trunc({{0}}, {places})", value, type_=_EXACT)
    middle = Template(f"{{0}} - {{1}} = {unit} / 2 AND mod({{1}}, 2 * {unit}) = 0", value, cut, type_=sa.Boolean())
    return sa.case((middle, cut), else_=sa.func.round(value, places, type_=_EXACT))


def _digits(value: Value, form: NumberFormat) -> Value:
    """The digits with commas and a point."""
    whole = Template("split_part({0}::text, '.', 1)", value, type_=sa.Text())
    decimals = Template(
        f"rpad(rtrim(split_part({{0}}::text, '.', 2), '0'), greatest({form.least_decimals}, "
        "length(rtrim(split_part({0}::text, '.', 2), '0'))), '0')",
        value,
        type_=sa.Text(),
    )
    form_of_whole = f"lpad({{0}}, greatest({max(form.digits, 1)}, length({{0}})), '0')"
    padded: Value = Template(form_of_whole, whole, type_=sa.Text())
    if form.group:
        grouping = f"(\\d)(?=(\\d{{{form.group}}})+$)"
        padded = sa.func.regexp_replace(padded, text(grouping), text("\\1,"), text("g"), type_=sa.Text())
    if form.digits == 0 and form.most_decimals:
        padded = sa.case((sa.and_(whole == text("0"), decimals != EMPTY), EMPTY), else_=padded)
    point = sa.case((decimals != EMPTY, text(".")), else_=EMPTY)
    return sa.func.concat(padded, point, decimals, type_=sa.Text())


# Money


def _currency(compiler: Compiler, node: Operation) -> Piece:
    """`USD 1,234.50`: rounded half up to as many decimals as the currency has."""
    code, amount = compiler.pieces(node.arguments)
    amount = numeric(compiler, amount)
    plain = number_format("#,##0.####################")
    forms = [(filled(code).in_([text(each) for each in codes]), count) for count, codes in _DECIMALS.items()]

    def body(value: Value) -> Value:
        size = sa.func.abs(value)
        usual = _money(compiler, size, 2, plain)
        written = sa.case(*((fits, _money(compiler, size, count, plain)) for fits, count in forms), else_=usual)
        sign = sa.case((value < number(0), text("-")), else_=EMPTY)
        spelled = sa.func.concat(filled(code), text(" "), sign, written, type_=sa.Text())
        return sa.case((value.is_not(None), spelled))

    held = sa.case((sa.func.abs(amount.value) < number(_LARGEST_AMOUNT), amount.value))
    too_large = truth(sa.func.abs(amount.value) >= number(_LARGEST_AMOUNT))
    value = compiler.once(held, body, sa.Text())
    return Piece(Kind.TEXT, value, any_failed((code.failed, amount.failed, too_large)))


def _money(compiler: Compiler, size: Value, decimals: int, form: NumberFormat) -> Value:
    exact = replace(form, least_decimals=decimals, most_decimals=decimals)
    rounded = sa.func.round(size, decimals, type_=_EXACT)
    return compiler.once(rounded, lambda x: _digits(x, exact), sa.Text())


FORMATS: dict[str, Function] = {"FORMAT": _format, "FORMATCURRENCY": _currency}
