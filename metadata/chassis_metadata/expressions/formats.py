"""The patterns of FORMAT: Java's, for numbers, for dates and times, and for texts with places in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_PATTERN = 500


class WrongFormat(Exception):
    """The pattern is wrong, or says what PostgreSQL cannot write."""


# Numbers


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a number is written: `#,##0.00` has one digit at least, two decimals, and a comma every three digits."""

    before: str
    after: str
    before_negative: str
    after_negative: str
    digits: int  # before the point, at least
    least_decimals: int
    most_decimals: int
    group: int  # digits between two commas; 0 without any
    shift: int  # places that the point moves: 2 for %


_MOST_PLACES = 60
_SHIFTS = {"%": 2, "‰": 3}


def number_format(pattern: str) -> NumberFormat:
    """Read `#,##0.00`, `0.#%`, `#,##0;(#)`. Raises WrongFormat."""
    (before, places, after), *negative = _halves(pattern)
    digits, least, most, group = _places(places)
    if max(digits, most) > _MOST_PLACES:
        raise WrongFormat(f"The format has more than {_MOST_PLACES} places.")
    sides = (negative[0][0], negative[0][2]) if negative else (before, after)
    if sides == (before, after):
        sides = (f"-{before}", after)
    shift = next((places for sign, places in _SHIFTS.items() if sign in before + after), 0)
    return NumberFormat(before, after, *sides, digits, least, most, group, shift)


_Half = tuple[str, str, str]  # what stands before the digits, the digits, what stands behind them


def _halves(pattern: str) -> list[_Half]:
    if len(pattern) > LONGEST_PATTERN:
        raise WrongFormat(f"The format has more than {LONGEST_PATTERN} characters.")
    parts = _unquoted(pattern).split(_SEMICOLON)
    if len(parts) > 2:  # noqa: PLR2004  one for positive numbers, one for negative
        raise WrongFormat("The format has more than one ';'.")
    return [_half(each) for each in parts]


#: Characters with a meaning are marked while quoted ones are taken out of their quotes.
_MARKS = {sign: chr(0xE000 + index) for index, sign in enumerate("#0,.;E¤")}
_SEMICOLON = _MARKS[";"]
_MARKED_PART = re.compile("[" + "".join(_MARKS[each] for each in "#0,.") + "]+")
_UNMARKED = {mark: sign for sign, mark in _MARKS.items()}


def _unquoted(pattern: str) -> str:
    written: list[str] = []
    quoted = False
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if character == "'" and pattern[index + 1 : index + 2] == "'":
            written.append("'")
            index += 1
        elif character == "'":
            quoted = not quoted
        else:
            written.append(character if quoted else _MARKS.get(character, character))
        index += 1
    if quoted:
        raise WrongFormat("The format has an opening quote without its closing one.")
    return "".join(written)


def _half(part: str) -> _Half:
    found = _MARKED_PART.search(part)
    if found is None:
        raise WrongFormat("The format has no # or 0.")
    before, places, after = part[: found.start()], found[0], part[found.end() :]
    if any(mark in before + after for mark in _UNMARKED):
        raise WrongFormat("The format has #, 0, a comma, a point, E or ¤ where it cannot stand.")
    return before, "".join(_UNMARKED[each] for each in places), after


def _places(places: str) -> tuple[int, int, int, int]:
    """Digits at least, decimals at least and at most, digits in a group."""
    if not re.fullmatch(r"[#,]*[0,]*(\.0*#*)?", places) or "," in places.partition(".")[2]:
        raise WrongFormat("Write # before 0 in front of the point, and 0 before # behind it.")
    whole, point, decimals = places.partition(".")
    group = len(whole) - whole.rfind(",") - 1 if "," in whole else 0
    if "," in whole and group == 0:
        raise WrongFormat("The format has a comma without digits behind it.")
    digits, least = whole.count("0"), decimals.count("0")
    if point and not digits + least:  # as Java reads ###.###: the last # before the point is a 0, else the first behind
        has_whole = "#" in whole
        digits, least = int(has_whole), int(not has_whole and bool(decimals))
    return digits, least, len(decimals), group


# Dates and times


@dataclass(frozen=True, slots=True)
class MomentPart:
    """A part that PostgreSQL's to_char writes, or a text as it is."""

    template: str
    is_text: bool = False


_NAMED = {
    "date": "M/d/yyyy",
    "ldate": "MMMM d, yyyy",
    "time": "h:mm a",
    "time_correct": "h:mm a",
}
DATE = "M/d/yyyy"
MOMENT = "M/d/yyyy h:mm a"
TIME = "h:mm a"
NUMBER = "#,##0.###"
_MOMENT_PIECE = re.compile(r"''|'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z']+)")
_LETTERS: dict[str, tuple[tuple[int, str], ...]] = {  # from so many letters on
    "y": ((3, "FMYYYY"), (2, "YY"), (1, "FMYYYY")),
    "u": ((1, "FMID"),),
    "M": ((4, "FMMonth"), (3, "Mon"), (2, "MM"), (1, "FMMM")),
    "L": ((4, "FMMonth"), (3, "Mon"), (2, "MM"), (1, "FMMM")),
    "d": ((2, "DD"), (1, "FMDD")),
    "D": ((3, "DDD"), (1, "FMDDD")),
    "E": ((4, "FMDay"), (1, "Dy")),
    "H": ((2, "HH24"), (1, "FMHH24")),
    "h": ((2, "HH12"), (1, "FMHH12")),
    "m": ((2, "MI"), (1, "FMMI")),
    "s": ((2, "SS"), (1, "FMSS")),
    "S": ((3, "MS"), (1, "FMMS")),
    "a": ((1, "AM"),),
}


def moment_format(pattern: str) -> tuple[MomentPart, ...]:
    """Read `yyyy-MM-dd HH:mm`, `EEEE, d MMMM`. Raises WrongFormat."""
    pattern = _NAMED.get(pattern, pattern).removeprefix("LANG:")
    if len(pattern) > LONGEST_PATTERN:
        raise WrongFormat(f"The format has more than {LONGEST_PATTERN} characters.")
    parts: list[MomentPart] = []
    at = 0
    while at < len(pattern):
        match = _MOMENT_PIECE.match(pattern, at)
        if match is None:
            raise WrongFormat("The format has an opening quote without its closing one.")
        parts.append(_moment_part(match))
        at = match.end()
    return tuple(parts)


def _moment_part(match: re.Match[str]) -> MomentPart:
    if match[0] == "''":
        return MomentPart("'", is_text=True)
    if match[1] is not None:
        return MomentPart(match[1].replace("''", "'"), is_text=True)
    if match[4] is not None:
        return MomentPart(match[4], is_text=True)
    letters, letter = match[2], match[3]
    if letter == "y" and len(letters) >= 4:  # noqa: PLR2004  four digits
        return MomentPart("YYYY")
    template = next((each for least, each in _LETTERS.get(letter, ()) if len(letters) >= least), None)
    if template is None:
        raise WrongFormat(f"The format has the letter {letter}, which stands for nothing; texts stand in '…'.")
    return MomentPart(template)


# Texts with places


@dataclass(frozen=True, slots=True)
class Place:
    """`{0}` or `{1,date,yyyy}`: an argument, and how it is written."""

    index: int
    kind: str = ""
    style: str = ""


_PLACE = re.compile(r"\s*(\d{1,3})\s*(?:,\s*(number|date|time)\s*(?:,(.*))?)?", re.DOTALL)
_STYLES = {
    "": {"date": "MMM d, yyyy", "time": "h:mm:ss a", "number": NUMBER},
    "short": {"date": "M/d/yy", "time": "h:mm a"},
    "medium": {"date": "MMM d, yyyy", "time": "h:mm:ss a"},
    "long": {"date": "MMMM d, yyyy", "time": "h:mm:ss a"},
    "full": {"date": "EEEE, MMMM d, yyyy", "time": "h:mm:ss a"},
    "integer": {"number": "#,##0"},
    "percent": {"number": "#,##0%"},
}


def text_format(pattern: str) -> tuple[str | Place, ...]:
    """Read `Hello {0}, it is {1,date,EEEE}`. Raises WrongFormat."""
    parts: list[str | Place] = []
    written, quoted, at = "", False, 0
    while at < len(pattern):
        character = pattern[at]
        if character == "'":
            doubled = pattern[at + 1 : at + 2] == "'"
            written += "'" if doubled else ""
            quoted = quoted if doubled else not quoted
            at += 2 if doubled else 1
        elif character == "{" and not quoted:
            end = _closing(pattern, at)
            parts += [written, _place(pattern[at + 1 : end])]
            written, at = "", end + 1
        else:
            written += character
            at += 1
    return tuple(each for each in (*parts, written) if each != "")


def _closing(pattern: str, at: int) -> int:
    quoted, depth = False, 0
    for index in range(at, len(pattern)):
        character = pattern[index]
        if character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return index
    raise WrongFormat("The text has a { without its }; a plain one is written '{'.")


def _place(inner: str) -> Place:
    match = _PLACE.fullmatch(inner)
    if match is None:
        raise WrongFormat(f"{{{inner}}} is no place: write {{0}}, {{0,number,#.##}} or {{0,date,yyyy-MM-dd}}.")
    kind, style = match[2] or "", match[3] or ""
    return Place(int(match[1]), kind, _STYLES.get(style.strip(), {}).get(kind, style))
