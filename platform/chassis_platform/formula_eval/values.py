"""The values of `chassis formula eval`: types in Salesforce's words and ours, values in many spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from chassis_metadata.expressions.kinds import Kind

MOST_DIGITS = 100

_KINDS: dict[Kind, str] = {
    Kind.NUMBER: "double number currency percent integer int long decimal autonumber numeric",
    Kind.TEXT: "text string phone email url textarea longtext longtextarea richtext richtextarea html encryptedtext "
    "encrypted combobox address fax any anytype",
    Kind.PICKLIST: "picklist enum staticenum dynamicenum singlepicklist",
    Kind.MULTI_PICKLIST: "multipicklist multienum multiselectpicklist",
    Kind.BOOLEAN: "boolean checkbox bool",
    Kind.DATE: "dateonly date",
    Kind.DATETIME: "datetime timestamp",
    Kind.TIME: "timeonly time",
    Kind.ID: "id entityid lookup reference masterdetail foreignkey",
    Kind.LOCATION: "location geolocation",
    Kind.NULL: "null none",
}
_BY_WORD = {word: kind for kind, words in _KINDS.items() for word in words.split()}
#: Words that tell the kind of a type we have not heard of.
_BY_PART = {
    "multi": Kind.MULTI_PICKLIST,
    "enum": Kind.PICKLIST,
    "pick": Kind.PICKLIST,
    "text": Kind.TEXT,
    "string": Kind.TEXT,
}
_DATE = re.compile(r"(\d{1,4})[-:/](\d{1,2})[-:/](\d{1,2})")
_CLOCK = re.compile(
    r"[T: ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.:](\d{1,9}))?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.:](\d{1,9}))?)?Z?", re.IGNORECASE)


class Unreadable(Exception):
    """A value that is none of its type."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field holds; a percent field that holds 4 counts as 0.04."""

    kind: Kind
    is_percent: bool = False


def field_type(word: str) -> FieldType:
    """The type of that name."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    kind = _BY_WORD.get(plain) or next((kind for part, kind in _BY_PART.items() if part in plain), None)
    if kind is None:
        raise Unreadable(f"There is no field type {word!r}.")
    return FieldType(kind, is_percent=plain == "percent")


def read_value(of: FieldType, value: Any) -> str | None:  # noqa: PLR0911  one answer a kind
    """The value as PostgreSQL reads it. Raises Unreadable."""
    if value is None or value == "" or (of.kind is not Kind.TEXT and str(value).strip().upper() == "NULL"):
        return None
    match of.kind:
        case Kind.NUMBER:
            return _number(value)
        case Kind.BOOLEAN:
            return "true" if str(value).strip().lower() in {"true", "1", "yes", "t", "on"} else "false"
        case Kind.DATE:
            return _day(str(value).strip())[0].isoformat()
        case Kind.DATETIME:
            return _moment(str(value).strip())
        case Kind.TIME:
            return _time(str(value).strip())
        case Kind.LOCATION:
            return _location(value)
        case Kind.MULTI_PICKLIST if isinstance(value, list):
            return ";".join(str(each) for each in value)
        case _:
            return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    words = format(value, "f") if isinstance(value, Decimal) else str(value)
    if "\x00" in words:
        raise Unreadable("A text cannot hold the character 0.")
    return words


def _number(value: Any) -> str | None:
    words = str(value).strip()
    if not words:
        return None
    try:
        decimal = Decimal(words)
    except InvalidOperation:
        raise Unreadable(f"{words[:50]!r} is no number.") from None
    if not decimal.is_finite() or abs(decimal.adjusted()) > MOST_DIGITS or len(words) > 2 * MOST_DIGITS:
        raise Unreadable(f"{words[:50]!r} is no number that can be computed with.")
    return format(decimal, "f")


def _day(words: str) -> tuple[date, int]:
    """The day, and where its text ends. A day beyond the month's end runs into the next month."""
    match = _DATE.match(words)
    if match is None:
        raise Unreadable(f"{words[:50]!r} is no date.")
    year, month, day = (int(each) for each in match.groups())
    try:
        first = date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
        return first + timedelta(days=day - 1), match.end()
    except (ValueError, OverflowError):
        raise Unreadable(f"{words[:50]!r} is no date.") from None


def _moment(words: str) -> str:
    day, end = _day(words)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if end == len(words):
        return midnight.isoformat()
    match = _CLOCK.fullmatch(words, end)
    if match is None:
        raise Unreadable(f"{words[:50]!r} is no date and time.")
    try:
        return (midnight + _clock(match) - _offset(match[5])).isoformat()
    except OverflowError:
        raise Unreadable(f"{words[:50]!r} is no date and time.") from None


def _clock(match: re.Match[str]) -> timedelta:
    hours, minutes, seconds = (int(match[each] or 0) for each in (1, 2, 3))
    return timedelta(
        hours=hours, minutes=minutes, seconds=seconds, microseconds=int((match[4] or "0").ljust(6, "0")[:6])
    )


def _offset(words: str | None) -> timedelta:
    if words is None or words.upper() in {"Z", "UTC", "GMT"}:
        return timedelta()
    sign = -1 if words[0] == "-" else 1
    digits = words[1:].replace(":", "")
    return sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def _time(words: str) -> str:
    if words.isdigit():
        words = _of_milliseconds(int(words))
    match = _TIME.fullmatch(words)
    if match is None:
        raise Unreadable(f"{words[:50]!r} is no time.")
    total = _clock(match) % timedelta(days=1)
    return (datetime(2000, 1, 1, tzinfo=UTC) + total).time().isoformat()


def _of_milliseconds(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds % 86_400_000, 1_000)
    return f"{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}.{rest:03}"


def _location(value: Any) -> str:
    parts = value.values() if isinstance(value, dict) else re.split(r"[,;:*\s]+", str(value).strip())
    numbers = [_number(each) for each in parts][:2]
    if len(numbers) != 2 or None in numbers:  # noqa: PLR2004  latitude and longitude
        raise Unreadable(f"{str(value)[:50]!r} is no location.")
    return "{" + ",".join(str(each) for each in numbers) + "}"
