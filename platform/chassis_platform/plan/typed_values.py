"""A value as it was sent to the typed value that is stored, field type by field type; what can't be one is a BadValue.

Typed values are str, Decimal, date, datetime (UTC, milliseconds), time, bool and, for multi-picklists, a list of str:
the same that the driver answers for the column, so that old and new can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Field

#: From what came (never None or an empty text) to what is stored; None where nothing is (blanks, an empty list).
Convert = Callable[[Any], Any]

_SHOWN = 80
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s.,;<>\"]+(\.[^@\s.,;<>\"]+)+")
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20<>\"]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WEB_SCHEMES = frozenset({"http", "https", "ftp", "mailto", "tel"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?\s?(Z|[+-]\d\d(:?\d\d)?)?)?", re.IGNORECASE | re.ASCII
)
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})
_LATITUDE, _LONGITUDE = Decimal(90), Decimal(180)


class BadValue(Exception):  # it becomes a Problem, not an error
    """What was sent can't be a value of the field; `code` and `message` as the field's tools know them."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


def shown(value: object) -> str:
    """A value for a message: short, whatever it is."""
    if isinstance(value, int) and value.bit_length() > _SHOWN:
        return "a very large number"
    text = value if isinstance(value, str) else json_token(value) if isinstance(value, list | Mapping) else str(value)
    safe = text[: _SHOWN + 1].encode("utf-8", "replace").decode()
    return safe if len(safe) <= _SHOWN else safe[:_SHOWN] + "…"


def json_token(value: object) -> str:
    """What the field's JSON parser calls the kind of value that came."""
    if isinstance(value, bool):
        return "VALUE_TRUE" if value else "VALUE_FALSE"
    if isinstance(value, int):
        return "VALUE_NUMBER_INT"
    if isinstance(value, float | Decimal):
        return "VALUE_NUMBER_FLOAT"
    if isinstance(value, Mapping):
        return "START_OBJECT"
    return "START_ARRAY" if isinstance(value, list | tuple) else "VALUE_STRING"


def wrong_type(wanted: str, value: object) -> BadValue:
    """The value is not of the JSON type, or not in the form, that the field takes."""
    return BadValue(
        "json_parser_error", f"Cannot deserialize instance of {wanted} from {json_token(value)} value {shown(value)}"
    )


def _demand_text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong_type("string", value)
    return value


_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST = 1 << 30


def _is_storable(text: str) -> bool:
    """Whether nothing is in a text that a database can't hold; most texts are ASCII, which they know of themselves."""
    return "\0" not in text if text.isascii() else not _NOT_STORABLE.search(text)


def _fitting(field: Field, text: str) -> str:
    if len(text) > (field.length or _LONGEST):
        size = f"(max length={field.length})"
        raise BadValue("string_too_long", f"{field.label}: data value too large: {shown(text)} {size}")
    if not _is_storable(text):
        raise BadValue("json_parser_error", f"{field.label}: holds a null character or half a surrogate pair")
    return text


def _text(field: Field) -> Convert:
    longest = field.length or _LONGEST

    def convert(value: Any) -> str | None:
        text = value.strip() if value.__class__ is str else _demand_text(value).strip()
        if len(text) > longest or not _is_storable(text):
            _fitting(field, text)
        return text or None

    return convert


def _long_text(field: Field) -> Convert:
    return lambda value: _fitting(field, _demand_text(value)) or None


def _email(field: Field) -> Convert:
    text = _text(field)

    def convert(value: Any) -> str | None:
        address: str | None = text(value)
        if address is not None and not _EMAIL.fullmatch(address):
            raise BadValue("invalid_email_address", f"{field.label}: invalid email address: {shown(address)}")
        return address

    return convert


def _url(field: Field) -> Convert:
    text = _text(field)

    def convert(value: Any) -> str | None:
        address: str | None = text(value)
        if address is not None and not _is_web_address(address):
            raise BadValue("invalid_url", f"{field.label}: invalid URL: {shown(address)}")
        return address

    return convert


def _is_web_address(address: str) -> bool:
    """A link that a browser may follow: `javascript:` and its kin would run in whoever clicks."""
    if _NOT_IN_ADDRESSES.search(address):
        return False
    scheme = _SCHEME.match(address)
    # `shop.example:8443/x` has a port, not a scheme.
    return scheme is None or scheme[1].lower() in _WEB_SCHEMES or "." in scheme[1]


def _number(field: Field) -> Convert:
    unit = Decimal(1).scaleb(-(field.scale or 0))
    limit = _limit(field)
    may_be_limit = field.compound is not None

    def convert(value: Any) -> Decimal:
        number = _decimal(value)
        if abs(number) <= limit:
            rounded = number.quantize(unit, ROUND_HALF_UP)
            if abs(rounded) < limit or may_be_limit:
                return rounded
        raise BadValue(
            "number_outside_valid_range",
            f"{field.label}: value outside of valid range on numeric field: {shown(value)}",
        )

    return convert


def _limit(field: Field) -> Decimal:
    if field.compound is not None:
        return _LATITUDE if "Latitude" in field.name else _LONGITUDE
    return Decimal(10) ** ((field.precision or 18) - (field.scale or 0))


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool):
        raise wrong_type("double", value)
    if isinstance(value, int):
        return Decimal(value)
    text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, float | Decimal) else ""
    if not _NUMBER.fullmatch(text):
        raise wrong_type("double", value)
    try:
        return Decimal(text)
    except DecimalException:
        raise wrong_type("double", value) from None


def _date(_: Field) -> Convert:
    def convert(value: Any) -> date:
        if isinstance(value, date):
            return value.date() if isinstance(value, datetime) else value
        text = value.strip() if isinstance(value, str) else ""
        if not _DATE.match(text) or not _DATETIME.fullmatch(text):
            raise wrong_type("date", value)
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise wrong_type("date", value) from None

    return convert


def _datetime(_: Field) -> Convert:
    def convert(value: Any) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else _moment(value)
            utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise wrong_type("datetime", value) from None
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)

    return convert


def _moment(value: object) -> datetime:
    text = value.strip() if isinstance(value, str) else ""
    if not _DATETIME.fullmatch(text):
        raise ValueError
    return datetime.fromisoformat(text.upper().replace(" ", "T", 1).replace(" ", ""))


def _time(_: Field) -> Convert:
    def convert(value: Any) -> time:
        if isinstance(value, time):
            return value.replace(tzinfo=None)
        text = value.strip() if isinstance(value, str) else ""
        if not _TIME.fullmatch(text):
            raise wrong_type("time", value)
        try:
            return time.fromisoformat(text.rstrip("zZ"))
        except ValueError:
            raise wrong_type("time", value) from None

    return convert


def _checkbox(_: Field) -> Convert:
    def convert(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        text = value.strip().lower() if isinstance(value, str) else ""
        if text not in _TRUE and text not in _FALSE:
            raise wrong_type("boolean", value)
        return text in _TRUE

    return convert


def _picklist(field: Field) -> Convert:
    text = _text(field)
    spelled = {each.value.lower(): each.value for each in field.values}

    def convert(value: Any) -> str | None:
        chosen: str | None = text(value)
        if chosen is None:
            return None
        known = spelled.get(chosen.lower())
        if known is None and field.restricted:
            raise bad_choice(field, chosen)
        return known or chosen

    return convert


def bad_choice(field: Field, value: str) -> BadValue:
    """A value that the picklist doesn't offer."""
    return BadValue(
        "invalid_or_null_for_restricted_picklist",
        f"{field.label}: bad value for restricted picklist field: {shown(value)}",
    )


def _multi_picklist(field: Field) -> Convert:
    spelled = {each.value.lower(): each.value for each in field.values}
    order = {each.value: place for place, each in enumerate(field.values)}

    def convert(value: Any) -> list[str] | None:
        chosen = dict.fromkeys(spelled.get(each.lower(), each) for each in _parts(value))
        for each in chosen:
            if field.restricted and each not in order:
                raise bad_choice(field, each)
        _fitting(field, ";".join(chosen))
        return sorted(chosen, key=lambda each: order.get(each, len(order))) or None

    return convert


def _parts(value: object) -> list[str]:
    whole = ";".join(_demand_text(each) for each in value) if isinstance(value, list | tuple) else _demand_text(value)
    return [part for part in (each.strip() for each in whole.split(";")) if part]


def _reference(field: Field, prefixes: Mapping[str, str]) -> Convert:
    allowed = frozenset(prefix for prefix, name in prefixes.items() if name in field.references)

    def convert(value: Any) -> str:
        text = _demand_text(value).strip()
        if not is_id(text) or text[:3] not in allowed:
            raise BadValue("malformed_id", f"{field.label}: id value of incorrect type: {shown(text)}")
        return normal_id(text)

    return convert


_CONVERTERS: dict[FieldType, Callable[[Field], Convert]] = {
    FieldType.TEXT: _text,
    FieldType.AUTO_NUMBER: _text,
    FieldType.LONG_TEXT: _long_text,
    FieldType.RICH_TEXT: _long_text,
    FieldType.EMAIL: _email,
    FieldType.PHONE: _text,
    FieldType.URL: _url,
    FieldType.NUMBER: _number,
    FieldType.CURRENCY: _number,
    FieldType.PERCENT: _number,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.TIME: _time,
    FieldType.CHECKBOX: _checkbox,
    FieldType.PICKLIST: _picklist,
    FieldType.MULTI_PICKLIST: _multi_picklist,
}


_OFTEN_THE_SAME = NUMERIC_TYPES | {FieldType.PICKLIST, FieldType.MULTI_PICKLIST, FieldType.DATE, FieldType.CHECKBOX}
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 1_000, 100


def converter(field: Field, prefixes: Mapping[str, str]) -> Convert:
    """The conversion of a field's values, made once and called for each.

    `prefixes` maps key prefixes to object names: a reference takes ids of the objects that it may refer to.
    """
    convert = _reference(field, prefixes) if field.is_reference else _CONVERTERS[field.type](field)
    return remembering(convert) if field.is_reference or field.type in _OFTEN_THE_SAME else convert


def remembering(convert: Convert) -> Convert:
    """The same texts come again and again in some fields: a look-up is ten times faster than reading them anew."""
    known: dict[str, Any] = {}

    def convert_or_recall(value: Any) -> Any:
        if value.__class__ is not str:
            return convert(value)
        recalled = known.get(value, known)
        if recalled is not known:
            return recalled
        if len(value) > _LONGEST_REMEMBERED:
            return convert(value)
        if len(known) >= _MOST_REMEMBERED:
            known.clear()
        found = known[value] = convert(value)
        return found

    return convert_or_recall


def checked(convert: Convert, check: Callable[[Any], str | None], field: Field) -> Convert:
    """The conversion followed by a declared check, which answers what is wrong."""

    def convert_and_check(value: Any) -> Any:
        found = convert(value)
        problem = check(found) if found is not None else None
        if problem is not None:
            raise BadValue("field_integrity_exception", f"{field.label}: {problem}")
        return found

    return convert_and_check
