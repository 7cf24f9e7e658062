"""Masks in SQL: what is left of a value. Null stays null, and a short value shows at most a third of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.fields import NUMERIC_TYPES, REFERENCE_TYPES, FieldType
from chassis_metadata.masks import COMPOUND_FAMILY_NAMES, HIDDEN, Mask
from chassis_metadata.snapshot import Field
from chassis_platform.sql.formulas.pieces import Template
from chassis_tenants.sealed_columns import Sealed

Text = ColumnElement[str]
Value = ColumnElement[Any]

_MOBILE_LENGTH = 11
_DAYS = frozenset({FieldType.DATE, FieldType.DATETIME})
_WITHOUT_FORM = REFERENCE_TYPES | {FieldType.CHECKBOX, FieldType.TIME, FieldType.ID}


def masked(field: Field, mask: Mask, value: Value) -> Text | None:
    """What is shown of the field's value, as a text. None: nothing, for types that no text of a mask stands for.

    An encrypted value is masked where it is opened (`chassis_metadata.mask_texts`).
    """
    if isinstance(value, Sealed):
        return value.masked(mask)
    if field.type in _WITHOUT_FORM:
        return None
    if field.type in NUMERIC_TYPES:
        return _of_number(mask, value)
    if field.type in _DAYS:
        moment = value if field.type is FieldType.DATE else sa.func.timezone(_literal("UTC"), value)
        return _text(sa.func.to_char(moment, _literal("YYYY"))) if mask.name == "year" else None
    if field.type is FieldType.MULTI_PICKLIST:
        given = sa.func.cardinality(value) > sa.literal_column("0")
        return sa.case((given, _literal(HIDDEN)))
    return masked_text(mask, value)


def masked_text(mask: Mask, value: Value) -> Text:
    """What is shown of a text, also of a date or a number that is kept as one."""
    return _FORMS.get(mask.name, _kept)(mask, value)


def _of_number(mask: Mask, value: Value) -> Text | None:
    if mask.name == "range":
        return _range(value)
    return _text(sa.cast(sa.func.round(value, sa.literal_column("1")), sa.Text())) if mask.name == "location" else None


def _literal(text: str) -> Text:
    return sa.literal_column("'" + text.replace("'", "''") + "'", sa.Text())


def _number(number: int) -> ColumnElement[int]:
    return sa.literal_column(str(number), sa.Integer())


def _text(value: Value) -> Text:
    return sa.type_coerce(value, sa.Text())


def _length(value: Value) -> ColumnElement[int]:
    return sa.func.char_length(value, type_=sa.Integer())


def _left(value: Value, count: int | ColumnElement[int]) -> Text:
    return sa.func.left(value, _number(count) if isinstance(count, int) else count, type_=sa.Text())


def _right(value: Value, count: int) -> Text:
    return sa.func.right(value, _number(count), type_=sa.Text()) if count else _literal("")


def _stars(count: Value) -> Text:
    return sa.func.repeat(_literal("*"), count, type_=sa.Text())


def _of(value: Value, form: Callable[[Value], Value]) -> Text:
    """A form that names its value often; null makes null. OFFSET 0 has it worked out once, not at each of its names."""
    once: Value = sa.literal_column("m.v", value.type)
    shown = sa.case((once.is_not(None), form(once)))
    return Template("SELECT {1} FROM (SELECT {0} AS v OFFSET 0) AS m", value, shown, type_=sa.Text())


def _short(value: Value) -> Text:
    """At most the first third, and at least as many stars."""
    shown = _length(value) // _number(3)
    return _left(value, shown) + _stars(sa.func.greatest(_length(value) - shown, _number(3)))


def _around(value: Value, first: int, last: int, least_hidden: int) -> Text:
    whole = _left(value, first) + _stars(_length(value) - _number(first + last)) + _right(value, last)
    return sa.case((_length(value) >= _number(first + last + least_hidden), whole), else_=_short(value))


def _kept(mask: Mask, value: Value) -> Text:
    first, last, least = mask.keep_first, mask.keep_last, mask.least_hidden
    return _of(value, lambda each: _around(each, first, last, least))


def _all(mask: Mask, value: Value) -> Text:
    del mask
    return sa.case((value.is_not(None), _literal(HIDDEN)))


def _phone(mask: Mask, value: Value) -> Text:
    """Written with blanks, hyphens, brackets or the country's code, a number is the same number.

    Most are plain mobile numbers: these take the short way, which costs a fraction; a pattern would cost as much.
    """
    plain = sa.func.translate(value, _literal(" -()+.\u00a0"), _literal(""))
    home = sa.case((plain.like(_literal("861%")), sa.func.substr(plain, _number(3))), else_=plain)
    eleven = value.like(_literal("1" + "_" * (_MOBILE_LENGTH - 1)))
    mobile = sa.and_(eleven, sa.func.ltrim(value, _literal("0123456789")) == _literal(""))
    hidden = _number(_MOBILE_LENGTH - mask.keep_first - mask.keep_last)
    shown = sa.func.overlay(value, _literal("****"), _number(mask.keep_first + 1), hidden, type_=sa.Text())
    return sa.case((mobile, shown), else_=_of(home, lambda each: _of_digits(mask, each)))


def _of_digits(mask: Mask, digits: Value) -> Text:
    long_enough = sa.and_(digits.like(_literal("0%")), _length(digits).between(_number(10), _number(12)))
    area: ColumnElement[int] = sa.case((digits.op("~")(_literal("^0(10|2)")), _number(3)), else_=_number(4))
    landline = _left(digits, area) + _stars(_length(digits) - area - _number(2)) + _right(digits, 2)
    return sa.case((long_enough, landline), else_=_around(digits, mask.keep_first, mask.keep_last, mask.least_hidden))


def _email(mask: Mask, value: Value) -> Text:
    del mask
    return _of(value, _of_address)


def _of_address(value: Value) -> Text:
    at = sa.func.strpos(value, _literal("@"), type_=sa.Integer())
    domain = sa.func.substr(value, at, type_=sa.Text())
    shown = sa.case((at > _number(3), _left(value, 1)), else_=_literal(""))
    return sa.case((at > _number(1), shown + _literal("***") + domain), else_=_literal(HIDDEN))


def _name(mask: Mask, value: Value) -> Text:
    del mask
    return _of(value, _of_name)


def _of_name(value: Value) -> Text:
    """Ideographs: the family name. Anything else: the first letter."""
    double = _left(value, 2).in_([_literal(each) for each in COMPOUND_FAMILY_NAMES])
    is_ideograph = value.op("~")(_literal("^[\u3400-\u9fff]"))
    return sa.case(
        (_length(value) < _number(2), _literal("*")),
        (sa.and_(double, _length(value) > _number(2)), _left(value, 2) + _stars(_length(value) - _number(2))),
        (is_ideograph, _left(value, 1) + _stars(_length(value) - _number(1))),
        (_length(value) > _number(2), _left(value, 1) + _literal("***")),
        else_=_literal("***"),
    )


def _address(mask: Mask, value: Value) -> Text:
    """What leads up to the city, where the text begins with that."""
    del mask
    city = sa.func.substring(value, _literal("^(?:[^省市区]{2,8}(?:省|自治区))?[^省市区县]{2,8}市"), type_=sa.Text())
    found = sa.func.coalesce(city + _literal("***"), _literal(HIDDEN))
    return sa.case((value.is_not(None), found))


def _year(mask: Mask, value: Value) -> Text:
    del mask
    year = sa.func.substring(value, _literal("^([0-9]{4})-[0-9]{2}-[0-9]{2}"), type_=sa.Text())
    return sa.case((value.is_not(None), sa.func.coalesce(year, _literal(HIDDEN))))


def _range(value: Value) -> Text:
    """The band 1-2, 2-5 or 5-10 of its power of ten; what is below 1,000 is one band."""
    return _of(value, _band)


def _band(value: Value) -> Text:
    size = sa.func.abs(value)
    power = sa.func.power(sa.literal_column("10::numeric"), sa.func.floor(sa.func.log(size)), type_=sa.Numeric())
    first = size / power
    bands = [(2, "1", "2"), (5, "2", "5")]
    low, high = (
        sa.case(*((first < _number(below), _number(int(ends[end]))) for below, *ends in bands), else_=_number(top))
        for end, top in ((0, 5), (1, 10))
    )
    sign = sa.case((value < _number(0), _literal("-")), else_=_literal(""))
    both = sign + _whole(low * power) + _literal("-") + sign + _whole(high * power)
    return sa.case((size < _number(1000), sign + _literal("0-") + sign + _literal("1000")), else_=both)


def _whole(value: Value) -> Text:
    return sa.cast(sa.func.trunc(value), sa.Text())


_FORMS: Mapping[str, Callable[[Mask, Value], Text]] = {
    "all": _all,
    "phone": _phone,
    "email": _email,
    "name": _name,
    "address": _address,
    "location": _address,
    "year": _year,
    "range": _all,
}
