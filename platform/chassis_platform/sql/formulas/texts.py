"""Functions of texts and picklists. A blank text and a text without characters are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Operation
from chassis_platform.sql.formulas.arithmetic import counted, numeric
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.pieces import (
    TEXTUAL,
    Condition,
    Piece,
    Template,
    Value,
    any_failed,
    as_kind,
    filled,
    number,
    text,
    truth,
)

LONGEST_TEXT = 131_072
LONGEST_PADDED = 32_768
MOST_DIGITS_READ = 60
SIGNIFICANT = 39

EMPTY: Value = sa.literal_column("''", sa.Text())
#: What Java's BigDecimal reads, with an exponent of two digits at most.
NUMBER_PATTERN = r"^[+-]?([0-9]{1,60}(\.[0-9]{0,60})?|\.[0-9]{1,60})([eE][+-]?[0-9]{1,2})?$"


def _parts(compiler: Compiler, node: Operation) -> list[Value]:
    return [filled(each) for each in compiler.pieces(node.arguments)]


def _simple(name: str) -> Function:
    """A function of PostgreSQL's own, over texts."""

    def function(compiler: Compiler, node: Operation) -> Piece:
        pieces = compiler.pieces(node.arguments)
        value = getattr(sa.func, name)(filled(pieces[0]), type_=sa.Text())
        return Piece(Kind.TEXT, value, any_failed(each.failed for each in pieces))

    return function


def replaced(value: Value, pairs: Iterable[tuple[str, str]]) -> Value:
    """Every first text replaced by its second, one pair after the other."""
    for old, new in pairs:
        value = sa.func.replace(value, text(old), text(new), type_=sa.Text())
    return value


def _cased(name: str) -> Function:
    """Capitals and small letters of all scripts, whatever the database's language; Turkish ones where asked for."""

    def function(compiler: Compiler, node: Operation) -> Piece:
        words, *language = compiler.pieces(node.arguments)
        whole = replace(words, value=filled(words))
        value = compiler.repeated(whole, lambda each: _in_case(name, each.collate("C"), language)).collate("C")
        return Piece(Kind.TEXT, value, any_failed(each.failed for each in (words, *language)))

    return function


#: Letters that have another pair in Turkish.
_TURKISH = {"upper": (("i", "İ"),), "lower": (("İ", "i"), ("I", "\u0131"))}


_FINAL_SIGMA = "(?<=[^\\s[:punct:][:digit:]])\u03c3(?![^\\s[:punct:][:digit:]])"


def _in_case(name: str, whole: Value, language: list[Piece]) -> Value:
    usual = _mapped(name, whole)
    if not language:
        return usual
    is_turkish = sa.func.left(sa.func.lower(filled(language[0])), 2, type_=sa.Text()).in_([text("tr"), text("az")])
    return sa.case((is_turkish, _mapped(name, replaced(whole, _TURKISH[name]))), else_=usual)


def _mapped(name: str, whole: Value) -> Value:
    """PostgreSQL maps letter by letter; one letter that becomes two, and the sigma of a word's end, are ours."""
    value: Value = getattr(sa.func, name)(sa.collate(whole, "default"), type_=sa.Text()).collate("C")
    if name == "upper":
        return replaced(value, [("ß", "SS")])
    if name == "lower":
        ended = sa.func.regexp_replace(value, text(_FINAL_SIGMA), text("ς"), text("g"))
        return sa.case((sa.func.strpos(whole, text("Σ")) > 0, sa.cast(ended, sa.Text())), else_=value)
    return value


def _joined(compiler: Compiler, node: Operation) -> Piece:
    pieces = compiler.pieces(node.arguments)
    form = " || ".join(f"{{{index}}}" for index in range(len(pieces)))  # flat, and a function takes 100 arguments only
    value = Template(form, *(filled(each) for each in pieces), type_=sa.Text())
    return Piece(Kind.TEXT, value, any_failed(each.failed for each in pieces))


def _length(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    value = sa.cast(sa.func.length(filled(piece)), sa.Numeric())
    return Piece(Kind.NUMBER, value, piece.failed, digits=10, scale=0)


def _side(name: str) -> Function:
    """LEFT and RIGHT; without a count, blank."""

    def function(compiler: Compiler, node: Operation) -> Piece:
        words, count = compiler.pieces(node.arguments)
        value = getattr(sa.func, name)(filled(words), counted(count, 0), type_=sa.Text())
        return Piece(Kind.TEXT, value, any_failed((words.failed, count.failed)))

    return function


def _middle(compiler: Compiler, node: Operation) -> Piece:
    words, start, count = compiler.pieces(node.arguments)
    most = LONGEST_TEXT * 10
    value = sa.func.substr(filled(words), counted(start, 1, most), counted(count, 0, most), type_=sa.Text())
    return Piece(Kind.TEXT, value, any_failed((words.failed, start.failed, count.failed)))


def _substring(compiler: Compiler, node: Operation) -> Piece:
    """A start before the text's own beginning, counted from the end, answers nothing."""
    words, start, *rest = compiler.pieces(node.arguments)
    most = LONGEST_TEXT * 10
    at = counted(start, -most, most)
    count = counted(rest[0], 0, most) if rest else sa.literal_column(str(most), sa.Integer())

    def cut(whole: Value) -> Value:
        return compiler.once(at, lambda n: _cut_from(whole.collate("C"), n, count))

    value = compiler.once(filled(words), cut)
    return Piece(Kind.TEXT, value, any_failed(each.failed for each in (words, start, *rest)))


def _cut_from(whole: Value, at: Value, count: Value) -> Value:
    length = sa.func.length(whole)
    return sa.case(
        (at > 0, sa.func.substr(whole, at, count, type_=sa.Text())),
        (at == 0, sa.func.substr(whole, 1, count, type_=sa.Text())),
        (at >= -length, sa.func.substr(whole, length + at + 1, count, type_=sa.Text())),
    )


def _find(compiler: Compiler, node: Operation) -> Piece:
    wanted, words, *rest = compiler.pieces(node.arguments)
    start = counted(rest[0], 1, LONGEST_TEXT * 10) if rest else None
    failed = any_failed(each.failed for each in (wanted, words, *rest))
    search, whole = filled(wanted), filled(words)
    if start is None:
        place: Value = sa.func.strpos(whole, search, type_=sa.Integer())
    else:
        place = compiler.once(sa.func.coalesce(start, 1), lambda n: _find_from(whole, search, n))
    nothing = sa.or_(search == EMPTY, whole == EMPTY)
    value = sa.case((nothing, number(0)), else_=sa.cast(place, sa.Numeric()))
    if start is not None:
        failed = any_failed((failed, sa.and_(sa.not_(nothing), start.is_(None))))
    return Piece(Kind.NUMBER, value, failed, digits=10, scale=0)


def _find_from(whole: Value, search: Value, start: Value) -> Value:
    found = sa.func.strpos(sa.func.substr(whole, start, type_=sa.Text()), search, type_=sa.Integer())
    return sa.case((found > 0, found + start - 1), else_=0)


def _within(test: Callable[[Value, Value], Condition]) -> Function:
    """CONTAINS and its like: of a blank text nothing is known, a blank is in every text."""

    def function(compiler: Compiler, node: Operation) -> Piece:
        words, part = compiler.pieces(node.arguments)
        whole, search = filled(words), filled(part)
        value = sa.case((search == EMPTY, sa.true()), (whole != EMPTY, test(whole, search)))
        return Piece(Kind.BOOLEAN, value, any_failed((words.failed, part.failed)))

    return function


def _ends(whole: Value, search: Value) -> Condition:
    return sa.func.right(whole, sa.func.length(search), type_=sa.Text()).collate("C") == search


def _like(compiler: Compiler, node: Operation) -> Piece:
    """A pattern that ends in a lone backslash is completed: PostgreSQL would refuse it."""
    words, pattern = compiler.pieces(node.arguments)
    form = sa.func.regexp_replace(filled(pattern), text(r"(^|[^\\])((\\\\)*)\\$"), text(r"\1\2\\\\"), type_=sa.Text())
    value = filled(words).op("LIKE", return_type=sa.Boolean())(form.collate("C"))
    return Piece(Kind.BOOLEAN, value, any_failed((words.failed, pattern.failed)))


def _regex(compiler: Compiler, node: Operation) -> Piece:
    words, pattern = compiler.pieces(node.arguments)
    whole = sa.func.left(filled(words), LONGEST_TEXT, type_=sa.Text()).collate("C")
    fits = whole.op("~", return_type=sa.Boolean())(filled(pattern))
    return Piece(Kind.BOOLEAN, fits, any_failed((words.failed, pattern.failed)))


def _substitute(compiler: Compiler, node: Operation) -> Piece:
    words, old, new = compiler.pieces(node.arguments)
    search, put = filled(old), filled(new)
    failed = any_failed((words.failed, old.failed, new.failed))
    shrinks = isinstance(old.literal, str) and isinstance(new.literal, str) and len(new.literal) <= len(old.literal)

    def replaced(whole: Value) -> Value:
        whole = whole.collate("C")
        value = sa.func.replace(whole, search, put, type_=sa.Text())
        return value if shrinks else sa.case((_stays_short(whole, put), value))

    value = compiler.once(filled(words), replaced)
    grows = None if shrinks else sa.not_(_stays_short(filled(words), put))
    return Piece(Kind.TEXT, sa.case((search != EMPTY, value)), any_failed((failed, grows)))


def _stays_short(whole: Value, put: Value) -> Condition:
    length = sa.cast(sa.func.length(whole), sa.BigInteger())
    return length * (sa.func.length(put) + 1) <= LONGEST_TEXT * 20


def _padded(name: str) -> Function:
    def function(compiler: Compiler, node: Operation) -> Piece:
        words, count, *rest = compiler.pieces(node.arguments)
        padding = filled(rest[0]) if rest else sa.literal_column("' '", sa.Text())
        size = counted(count, 0, LONGEST_PADDED)

        def pad(whole: Value) -> Value:
            padded = getattr(sa.func, name)(whole.collate("C"), size, padding, type_=sa.Text())
            return sa.case((whole != EMPTY, padded))

        value = compiler.once(filled(words), pad)
        return Piece(Kind.TEXT, value, any_failed(each.failed for each in (words, count, *rest)))

    return function


def _trimmed(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    value = sa.func.btrim(filled(piece), sa.literal_column("' '"), type_=sa.Text())
    return Piece(Kind.TEXT, value, piece.failed)


def _code(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    whole = filled(piece)
    value = sa.case((whole != EMPTY, sa.cast(sa.func.ascii(whole), sa.Numeric())))
    return Piece(Kind.NUMBER, value, piece.failed, digits=10, scale=0)


def _character(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)

    def body(code: Value) -> Value:
        surrogate = code.between(0xD800, 0xDFFF)
        known = sa.and_(code.between(1, 0x10FFFF), sa.not_(surrogate))
        return sa.case((known, sa.func.chr(code, type_=sa.Text())))

    return Piece(Kind.TEXT, compiler.once(counted(piece), body), piece.failed)


# Numbers, dates and times as text, and back


def as_text(compiler: Compiler, node: Operation) -> Piece:
    """TEXT."""
    (piece,) = compiler.pieces(node.arguments)
    value = shown(compiler, piece)
    return Piece(Kind.TEXT, value, piece.failed)


def shown(compiler: Compiler, piece: Piece) -> Value:
    """A value as TEXT writes it."""
    match piece.kind:
        case Kind.NUMBER:
            return _number_shown(compiler, piece)
        case Kind.DATE:
            return sa.func.to_char(piece.value, "YYYY-MM-DD", type_=sa.Text())
        case Kind.DATETIME:
            in_gmt = sa.func.timezone("UTC", piece.value, type_=sa.DateTime())
            return sa.func.to_char(in_gmt, 'YYYY-MM-DD HH24:MI:SS"Z"', type_=sa.Text())
        case Kind.TIME:
            return sa.func.to_char(piece.value, "HH24:MI:SS.MS", type_=sa.Text())
        case kind if kind in TEXTUAL:
            return as_kind(piece, Kind.TEXT)
        case _:
            return sa.cast(piece.value, sa.Text())


def _number_shown(compiler: Compiler, piece: Piece) -> Value:
    """Without an exponent and closing zeroes; what a division left over is rounded to 39 digits."""
    plain = numeric(compiler, piece)
    value = plain.value
    if piece.is_rounded:
        value = compiler.repeated(plain, _significant)
    return sa.cast(sa.func.trim_scale(value, type_=sa.Numeric()), sa.Text())


def _significant(value: Value) -> Value:
    """Rounded to 39 digits, counted from the first that is not zero."""
    before = Template("length(split_part(abs(trunc({0}))::text, '.', 1))", value, type_=sa.Integer())
    zeroes = Template("length(substring(split_part(abs({0})::text, '.', 2) from '^0*'))", value, type_=sa.Integer())
    places = sa.case((sa.func.abs(value) >= number(1), SIGNIFICANT - before), else_=SIGNIFICANT + zeroes)
    return sa.case((value == number(0), number(0)), else_=sa.func.round(value, places, type_=sa.Numeric()))


def _value(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    whole = filled(piece)
    pattern = text(NUMBER_PATTERN)

    def read(words: Value) -> Value:
        return sa.case((words.collate("C").op("~")(pattern), sa.cast(words, sa.Numeric())))

    value = compiler.once(whole, read)
    refused = sa.and_(whole != EMPTY, sa.not_(whole.op("~", return_type=sa.Boolean())(pattern)))
    return Piece(Kind.NUMBER, value, any_failed((piece.failed, refused)), digits=160, scale=160)


def _is_number(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    fits = filled(piece).op("~", return_type=sa.Boolean())(text(NUMBER_PATTERN))
    return Piece(Kind.BOOLEAN, fits, piece.failed)


# Picklists


def _is_picklist_value(compiler: Compiler, node: Operation) -> Piece:
    field, value = compiler.pieces(node.arguments)
    return Piece(Kind.BOOLEAN, filled(field) == filled(value), any_failed((field.failed, value.failed)))


def _chosen(piece: Piece) -> Value:
    return sa.func.string_to_array(sa.func.nullif(filled(piece), EMPTY), sa.literal_column("';'"))


def _includes(compiler: Compiler, node: Operation) -> Piece:
    field, value = compiler.pieces(node.arguments)
    found = Template("{0} = ANY ({1})", filled(value), _chosen(field), type_=sa.Boolean())
    return Piece(Kind.BOOLEAN, truth(found), any_failed((field.failed, value.failed)))


def _choices(compiler: Compiler, node: Operation) -> Piece:
    (field,) = compiler.pieces(node.arguments)
    count = sa.func.coalesce(sa.func.cardinality(_chosen(field)), 0)
    return Piece(Kind.NUMBER, sa.cast(count, sa.Numeric()), field.failed, digits=10, scale=0)


def _stage_index(compiler: Compiler, node: Operation) -> Piece:
    (field,) = compiler.pieces(node.arguments)
    cases = [(text(value), number(index)) for index, value in enumerate(node.detail)]
    value = sa.case(*((filled(field) == word, place) for word, place in cases), else_=sa.null())
    return Piece(Kind.NUMBER, value, field.failed, digits=10, scale=0)


TEXTS: dict[str, Function] = {
    "&": _joined,
    "TEXT": as_text,
    "VALUE": _value,
    "ISNUMBER": _is_number,
    "LEN": _length,
    "LEFT": _side("left"),
    "RIGHT": _side("right"),
    "MID": _middle,
    "SUBSTR": _substring,
    "FIND": _find,
    "CONTAINS": _within(lambda whole, search: sa.func.strpos(whole, search) > 0),
    "BEGINS": _within(lambda whole, search: sa.func.starts_with(whole, search, type_=sa.Boolean())),
    "ENDS": _within(_ends),
    "LIKE": _like,
    "REGEX": _regex,
    "SUBSTITUTE": _substitute,
    "LPAD": _padded("lpad"),
    "RPAD": _padded("rpad"),
    "TRIM": _trimmed,
    "UPPER": _cased("upper"),
    "LOWER": _cased("lower"),
    "INITCAP": _cased("initcap"),
    "REVERSE": _simple("reverse"),
    "ASCII": _code,
    "CHR": _character,
    "ISPICKVAL": _is_picklist_value,
    "INCLUDES": _includes,
    "PICKLISTCOUNT": _choices,
    "STAGE_INDEX": _stage_index,
}
