"""The masks in Python, for values that SQL never sees in clear: each leaves what `sql/masks.py` leaves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chassis_metadata.masks import COMPOUND_FAMILY_NAMES, HIDDEN, Mask

_MOBILE_LENGTH = 11
_MOBILE = re.compile(r"(\+?86)?1[0-9]{10}")
_CITY = re.compile(r"(?:[^省市区]{2,8}(?:省|自治区))?[^省市区县]{2,8}市")
_DAY = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}")
_WITHOUT_SIGNS = str.maketrans("", "", " -()+.\u00a0")
_FIRST_IDEOGRAPH, _LAST_IDEOGRAPH = "\u3400", "\u9fff"
_TWO_CHARACTERS = 2


def masked_text(mask: Mask, text: str) -> str:
    """What is shown of a text."""
    return _FORMS.get(mask.name, _kept)(mask, text)


def _short(text: str) -> str:
    shown = len(text) // 3
    return text[:shown] + "*" * max(len(text) - shown, 3)


def _last(text: str, count: int) -> str:
    return text[-count:] if count else ""


def _kept(mask: Mask, text: str) -> str:
    hidden = len(text) - mask.keep_first - mask.keep_last
    if hidden < mask.least_hidden:
        return _short(text)
    return text[: mask.keep_first] + "*" * hidden + _last(text, mask.keep_last)


def _all(mask: Mask, text: str) -> str:
    del mask, text
    return HIDDEN


def _phone(mask: Mask, text: str) -> str:
    if _MOBILE.fullmatch(text):
        return text[-_MOBILE_LENGTH:][: mask.keep_first] + "****" + _last(text, mask.keep_last)
    digits = text.translate(_WITHOUT_SIGNS)
    digits = digits[2:] if digits.startswith("861") else digits
    if digits.startswith("0") and 10 <= len(digits) <= 12:  # noqa: PLR2004  a landline's area code and number
        area = 3 if digits.startswith(("010", "02")) else 4
        return digits[:area] + "*" * (len(digits) - area - 2) + digits[-2:]
    return _kept(mask, digits)


def _email(mask: Mask, text: str) -> str:
    del mask
    at = text.find("@")
    if at < 1:
        return HIDDEN
    return (text[0] if at > _TWO_CHARACTERS else "") + "***" + text[at:]


def _name(mask: Mask, text: str) -> str:
    """Ideographs: the family name. Anything else: the first letter."""
    del mask
    if len(text) < _TWO_CHARACTERS:
        return "*"
    if text[:_TWO_CHARACTERS] in COMPOUND_FAMILY_NAMES and len(text) > _TWO_CHARACTERS:
        return text[:_TWO_CHARACTERS] + "*" * (len(text) - _TWO_CHARACTERS)
    if _FIRST_IDEOGRAPH <= text[0] <= _LAST_IDEOGRAPH:
        return text[0] + "*" * (len(text) - 1)
    return (text[0] if len(text) > _TWO_CHARACTERS else "") + "***"


def _address(mask: Mask, text: str) -> str:
    """What leads up to the city, where the text begins with that."""
    del mask
    city = _CITY.match(text)
    return city[0] + "***" if city else HIDDEN


def _year(mask: Mask, text: str) -> str:
    del mask
    day = _DAY.match(text)
    return day[1] if day else HIDDEN


_FORMS: Mapping[str, Callable[[Mask, str], str]] = {
    "all": _all,
    "phone": _phone,
    "email": _email,
    "name": _name,
    "address": _address,
    "location": _address,
    "year": _year,
    "range": _all,
}
