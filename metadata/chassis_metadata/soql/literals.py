"""The values of a query text: strings, numbers, dates and date literals, read into the tree's literals."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from chassis_metadata.soql.tree import CurrencyLiteral, DateLiteral, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Moment = TypeVar("Moment", datetime, date, time)

_PERIODS = ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
_COUNTED_PERIODS = ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS")

DATE_LITERALS = frozenset(
    {"YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"}
    | {f"{when}_{period}" for when in ("LAST", "THIS", "NEXT") for period in _PERIODS},
)
COUNTED_DATE_LITERALS = frozenset(
    {f"{when}_N_{period}" for when in ("LAST", "NEXT") for period in _COUNTED_PERIODS}
    | {f"N_{period}_AGO" for period in _COUNTED_PERIODS},
)

# An escape sequence, or a character no database text can hold.
_SPECIAL = re.compile(r"\\[uU][0-9A-Fa-f]{4}|\\.|[\x00\ud800-\udfff]", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "_": "_", "%": "%", '"': '"', "'": "'", "\\": "\\"}
_PATTERN_ESCAPES = frozenset({"\\\\", "\\_", "\\%"})

_WORDS = {"TRUE": Literal(value=True), "FALSE": Literal(value=False), "NULL": Literal(None)}
_LONGEST_NUMBER = 100


def parse_string(text: str) -> Literal:
    """Read a quoted string; a ValueError, here and below, carries what is wrong and perhaps what would be right."""
    if "\\" not in text and text.isascii() and "\x00" not in text:
        return Literal(text[1:-1])
    return Literal(_join_surrogates(_SPECIAL.sub(_unescape, text[1:-1])))


def parse_pattern(text: str) -> Literal:
    r"""Read the string after LIKE: `\\`, `\_` and `\%` stay as they are, so that the value is a pattern, not a text."""
    return Literal(_join_surrogates(_SPECIAL.sub(_unescape_in_pattern, text[1:-1])))


def parse_word(text: str) -> Literal:
    """Read TRUE, FALSE, NULL or a date literal."""
    name, colon, count = map(str.strip, text.upper().partition(":"))
    if not colon and name in _WORDS:
        return _WORDS[name]
    if not colon and name in DATE_LITERALS:
        return Literal(DateLiteral(name))
    if colon and name in COUNTED_DATE_LITERALS:
        return Literal(DateLiteral(name, int(_short(count))))
    if name in COUNTED_DATE_LITERALS:
        raise ValueError(f"{name} needs a number", f"write {name}:7")
    if name in DATE_LITERALS:
        raise ValueError(f"{name} takes no number")
    raise ValueError(f"unexpected token: '{text}'", "expected a value; a text stands in single quotes")


def parse_number(text: str) -> Literal:
    """Read an int, or with a decimal point a Decimal."""
    return Literal(Decimal(_short(text)) if "." in text else int(_short(text)))


def parse_currency(text: str) -> Literal:
    """Read `USD5000` as its code, in capitals, and its amount."""
    return Literal(CurrencyLiteral(text[:3].upper(), Decimal(_short(text[3:]))))


def parse_datetime(text: str) -> Literal:
    """Read a moment; without a zone it would be another one for every reader, so it is refused."""
    moment = _read_iso(datetime.fromisoformat, text)
    if moment.tzinfo is None:
        raise ValueError(f"the datetime {text} has no zone", f"write {text}Z or {text}+02:00")
    return Literal(moment)


def parse_date(text: str) -> Literal:
    """Read a day of the calendar."""
    return Literal(_read_iso(date.fromisoformat, text))


def parse_time(text: str) -> Literal:
    """Read a time of day. Salesforce writes a Z behind it, which says nothing: times have no zone."""
    return Literal(_read_iso(time.fromisoformat, text.upper().removesuffix("Z")))


def _read_iso(read: Callable[[str], Moment], text: str) -> Moment:
    try:
        return read(text.upper())
    except ValueError as error:
        raise ValueError(f"{text} does not exist", str(error)) from None


def _unescape(match: re.Match[str]) -> str:
    special = match.group()
    if len(special) == 1:
        raise ValueError(f"the character U+{ord(special):04X} cannot stand in a string")
    if len(special) > 2:  # noqa: PLR2004 - a backslash and a letter; more is \uXXXX
        return _character(int(special[2:], 16))  # noqa: FURB166 - the prefix is none that int() knows
    character = _ESCAPES.get(special[1].lower())
    if character is None:
        raise ValueError(f"illegal escape {special} in a string", "a backslash is written \\\\")
    return character


def _unescape_in_pattern(match: re.Match[str]) -> str:
    escape = match.group()
    if escape in _PATTERN_ESCAPES:
        return escape
    character = _unescape(match)
    return "\\\\" if character == "\\" else character


def _character(code: int) -> str:
    if code == 0:
        raise ValueError("the character U+0000 cannot stand in a string")
    return chr(code)


def _join_surrogates(text: str) -> str:
    r"""`\ud83d\ude00` is one character, written as two; half of one is none."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError("half of a surrogate pair cannot stand in a string") from None


def _short(digits: str) -> str:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("the number is too long", f"at most {_LONGEST_NUMBER} digits are allowed")
    return digits
