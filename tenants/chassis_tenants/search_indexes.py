"""Indexes for what trigrams alone don't find: two ideographs, and the digits of a number that is written with signs.

Two letters have no trigram, but each of them doubled has two: `张伟` is kept as `张张伟伟`. Rows without ideographs, or
whose number is digits alone, stay out of these indexes and cost nothing.
"""

from __future__ import annotations

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field

#: What is searched for, and what stands in its place.
PAIRS = ("([\u3400-\u9fff])", r"\1\1")
DIGITS = (r"\D", "")
HAS_IDEOGRAPHS = "[\u3400-\u9fff]"
HAS_SIGNS = "[^0-9]"


def search_form(field: Field, column: str) -> tuple[str, str, str] | None:
    """The further form in which a field is searched: its short name, the expression, which rows have it."""
    if field.encrypted:
        return None
    if field.is_name or field.type is FieldType.TEXT:
        return "pairs", _replaced(PAIRS, column), f"{column} ~ '{HAS_IDEOGRAPHS}'"
    if field.type is FieldType.PHONE:
        return "digits", _replaced(DIGITS, column), f"{column} ~ '{HAS_SIGNS}'"
    return None


def _replaced(shape: tuple[str, str], column: str) -> str:
    searched, replacement = shape
    return f"regexp_replace({column}, '{searched}', '{replacement}', 'g')"
