"""Texts made safe for HTML, JavaScript and addresses; links and pictures; ids of 18 characters."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Operation
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.pieces import Piece, Template, Value, any_failed, filled, text
from chassis_platform.sql.formulas.texts import EMPTY, replaced, shown

_HTML = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&quot;"),
    ("'", "&#39;"),
    ("©", "&copy;"),
    ("\u2028", "<br>"),
    ("\u2029", "<p>"),
)
_JAVASCRIPT = (
    ("\\", "\\\\"),
    ("'", "\\'"),
    ("\n", "\\n"),
    ("\r", "\\r"),
    ('"', '\\"'),
    ("!--", "\\!--"),
    ("<", "\\u003C"),
    (">", "\\u003E"),
    ("\u2028", "\\n"),
    ("\u2029", "\\u2029"),
    ("&#39;", "\\&#39;"),
    ("/*", "\\/*"),
    ("*/", "*\\/"),
    ("*", "\\*"),
)

#: Letters, digits and -_.* stay, a blank becomes +, all else its bytes with a percent sign (character 37) each.
_URL = (
    "SELECT coalesce(string_agg(CASE WHEN c ~ '^[A-Za-z0-9._*-]$' THEN c WHEN c = ' ' THEN '+' "
    "ELSE regexp_replace(upper(encode(convert_to(c, 'UTF8'), 'hex')), '(..)', chr(37) || '\\1', 'g') END, '' "
    "ORDER BY n), '') FROM string_to_table({0}, NULL) WITH ORDINALITY AS letters(c, n)"
)

#: The three characters that say which of the 15 are capitals.
_CASE_SAFE = (
    "SELECT {0} || string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + bits, 1), '' ORDER BY part) FROM ("
    "SELECT (n - 1) / 5 AS part, sum(CASE WHEN c ~ '^[A-Z]$' THEN 1 << mod(n - 1, 5)::int ELSE 0 END)::int AS bits "
    "FROM string_to_table({0}, NULL) WITH ORDINALITY AS letters(c, n) GROUP BY 1) AS parts"
)


#: Characters beyond the first plane as their numbers, for old browsers.
_NUMBERED = (
    "SELECT coalesce(string_agg(CASE WHEN ascii(c) > 65535 THEN concat('&#', ascii(c), ';') ELSE c END, '' "
    "ORDER BY n), '') FROM string_to_table({0}, NULL) WITH ORDINALITY AS letters(c, n)"
)


def _encoded(pairs: Iterable[tuple[str, str]]) -> Function:
    pairs = tuple(pairs)

    def function(compiler: Compiler, node: Operation) -> Piece:
        (piece,) = compiler.pieces(node.arguments)
        return Piece(Kind.TEXT, replaced(filled(piece), pairs), piece.failed)

    return function


def _html(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    return Piece(Kind.TEXT, Template(_NUMBERED, replaced(filled(piece), _HTML), type_=sa.Text()), piece.failed)


def _url(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    return Piece(Kind.TEXT, Template(_URL, filled(piece), type_=sa.Text()), piece.failed)


def _case_safe(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)

    def body(identifier: Value) -> Value:
        plain = identifier.collate("C")
        made = Template(_CASE_SAFE, plain, type_=sa.Text())
        length = sa.func.length(plain)
        return sa.case((length == 18, plain), (length == 15, made))  # noqa: PLR2004  the two forms of an id

    return Piece(Kind.TEXT, compiler.once(filled(piece), body), piece.failed)


def _line_break(_: Compiler, __: Operation) -> Piece:
    return Piece(Kind.TEXT, text("<br>"), is_plain=True)


def _link(compiler: Compiler, node: Operation) -> Piece:
    address, label, *target = compiler.pieces(node.arguments)
    aim = ('" target="', filled(target[0])) if target else ()
    value = _written('<a href="', filled(address), *aim, '">', _label(compiler, label), "</a>")
    return Piece(Kind.TEXT, value, any_failed(each.failed for each in (address, label, *target)))


def _picture(compiler: Compiler, node: Operation) -> Piece:
    address, other, *size = compiler.pieces(node.arguments)
    parts: list[str | Value] = ['<img src="', filled(address), '" alt="', filled(other)]
    for name, piece in zip(("height", "width"), size, strict=False):
        parts += [f'" {name}="', _label(compiler, piece)]
    value = _written(*parts, '" border="0"/>')
    return Piece(Kind.TEXT, value, any_failed(each.failed for each in (address, other, *size)))


def _label(compiler: Compiler, piece: Piece) -> Value:
    return sa.func.coalesce(shown(compiler, piece), EMPTY)


def _written(*parts: str | Value) -> Value:
    return sa.func.concat(*(text(each) if isinstance(each, str) else each for each in parts), type_=sa.Text())


ENCODINGS: dict[str, Function] = {
    "HTMLENCODE": _html,
    "JSENCODE": _encoded(_JAVASCRIPT),
    "JSINHTMLENCODE": _encoded((*_HTML, *_JAVASCRIPT)),
    "URLENCODE": _url,
    "CASESAFEID": _case_safe,
    "BR": _line_break,
    "HYPERLINK": _link,
    "IMAGE": _picture,
}
