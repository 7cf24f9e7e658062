"""The reference: what a mask leaves of a value, said slowly after docs/reference/masking.md, in no database."""

from __future__ import annotations

import re
from typing import Any

from leak_towns.masking import NAMES

HIDDEN = "******"
#: Fields of which no text stands for a value.
WITHOUT_FORM = frozenset({"IsActive", "ForemanId"})


def left_by(mask: str, field: str, value: Any) -> str | None:
    """What is shown of the field's value."""
    if value is None or field in WITHOUT_FORM:
        return None
    if field == "Budget":
        return _range(value) if mask == "range" else None
    if field == "OpenedOn":
        return value[:4] if mask == "year" else None
    return _of_text(mask, value)


def _of_text(mask: str, value: str) -> str:
    match mask.split():
        case ["phone"]:
            return _phone(value)
        case ["email"]:
            own, at, domain = value.partition("@")
            return own[: len(own) // 3][:1] + "***" + at + domain
        case ["name"]:
            return _name(value)
        case ["id_number"]:
            return _around(value, 3, 4, 7)
        case ["keep", first, last]:
            return _around(value, int(first), int(last), max(3, (int(first) + int(last)) // 2))
        case _:
            return HIDDEN


def _around(value: str, first: int, last: int, least_hidden: int) -> str:
    hidden = len(value) - first - last
    if hidden < least_hidden:
        shown = len(value) // 3
        return value[:shown] + "*" * max(3, len(value) - shown)
    return value[:first] + "*" * hidden + value[len(value) - last :]


def _phone(value: str) -> str:
    digits = re.sub(r"[^0-9]", "", value)
    if re.fullmatch(r"(86)?1\d{10}", digits):
        return digits[-11:][:3] + "****" + digits[-4:]
    if digits.startswith("0") and 10 <= len(digits) <= 12:
        area = 3 if digits.startswith(("010", "02")) else 4
        return digits[:area] + "*" * (len(digits) - area - 2) + digits[-2:]
    return _around(digits, 3, 4, 4)


def _name(value: str) -> str:
    family = next((last for last, _ in NAMES if len(last) > 1 and value.startswith(last) and not last.isascii()), "")
    if value.isascii():
        return value[0] + "***" if len(value) > 2 else "***"
    family = family if family and len(value) > len(family) else value[0]
    return "*" if len(value) < 2 else family + "*" * (len(value) - len(family))


def _range(value: int) -> str:
    if value < 1000:
        return "0-1000"
    power = 10 ** (len(str(value)) - 1)
    low, high = next(each for each in ((1, 2), (2, 5), (5, 10)) if value < each[1] * power)
    return f"{low * power}-{high * power}"
