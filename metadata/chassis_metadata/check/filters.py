"""Filters: operators that a type has, values that it can be compared with, logic that names each filter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from chassis_metadata.check.field import default_complaint
from chassis_metadata.check.look import Look, field_at
from chassis_metadata.check.picklists import unknown_values
from chassis_metadata.components import Filter
from chassis_metadata.fields import CASELESS_TYPES, FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object

USER_ID = "$User.Id"

_LISTS = frozenset({"IN", "NOT IN", "INCLUDES", "EXCLUDES"})
_RANGES = frozenset({"<", "<=", ">", ">="})
_DATE_LITERAL = re.compile(
    r"(YESTERDAY|TODAY|TOMORROW|(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)"
    r"|(LAST|NEXT)_90_DAYS|(LAST|NEXT)_N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS|FISCAL_QUARTERS|FISCAL_YEARS):\d{1,4}"
    r"|N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS|FISCAL_QUARTERS|FISCAL_YEARS)_AGO:\d{1,4})"
)
_LOGIC_WORD = re.compile(r"\s*(\(|\)|\d+|[A-Za-z]+|\S)")


def filter_complaints(look: Look, of: Object, each: Filter, where: Where) -> Iterator[Complaint]:
    """What is wrong with one condition."""
    field = field_at(look.after, of, each.field, (*where, "field"))
    if isinstance(field, Complaint):
        yield field
        return
    if field.encrypted:
        message = "A saved filter would keep the value in clear: look for encrypted values in a query."
        yield Complaint((*where, "field"), "encrypted_field", message)
        return
    if not field.traits.filterable:
        yield Complaint((*where, "field"), "not_filterable", f"A {field.type} can't be filtered by.")
        return
    known = operators(field)
    if each.operator not in known:
        message = f"{each.operator!r} makes no sense for {field.name}, a {field.type}. Use one of: {', '.join(known)}."
        yield Complaint((*where, "operator"), "invalid_operator", message)
        return
    yield from _check_value(field, each, (*where, "value"))


def operators(field: Field) -> list[str]:
    """The operators that a field's type has."""
    if field.type is FieldType.MULTI_PICKLIST:
        return ["=", "!=", "INCLUDES", "EXCLUDES"]
    if field.type is FieldType.CHECKBOX:
        return ["=", "!="]
    ranged = ["<", "<=", ">", ">="] if field.traits.ranged else []
    like = ["LIKE"] if field.type in CASELESS_TYPES else []
    return ["=", "!=", *ranged, *like, "IN", "NOT IN"]


def _check_value(field: Field, each: Filter, where: Where) -> Iterator[Complaint]:
    is_list = isinstance(each.value, tuple)
    if is_list != (each.operator in _LISTS):
        wanted = "a list of values" if each.operator in _LISTS else "one value"
        yield Complaint(where, "wrong_type", f"{each.operator} is compared with {wanted}.")
        return
    for value in each.value if is_list else (each.value,):
        yield from _check_one(field, each.operator, value, where)


def _check_one(field: Field, operator: str, value: Any, where: Where) -> Iterator[Complaint]:
    if value is None:
        if operator in _RANGES or operator == "LIKE":
            yield Complaint(where, "wrong_type", f"{operator} can't be asked of null.")
    elif field.is_reference or field.type is FieldType.ID:
        if not isinstance(value, str):
            yield Complaint(where, "wrong_type", f"{value!r} is no id. Write an id or {USER_ID}.")
    elif field.values and operator != "LIKE":
        if field.restricted:
            # INCLUDES has "A;B" for records with both.
            yield from unknown_values(where, field, str(value).split(";"), "unknown_value")
    elif field.type in (FieldType.DATE, FieldType.DATETIME) and _DATE_LITERAL.fullmatch(str(value)):
        return
    elif field.type not in (FieldType.PICKLIST, FieldType.MULTI_PICKLIST):
        wrong = default_complaint(field.type, value)
        if wrong is not None:
            yield Complaint(where, "wrong_type", wrong)


def logic_complaints(logic: str | None, count: int, where: Where) -> Iterator[Complaint]:
    """What is wrong with `1 AND (2 OR 3)` over so many filters."""
    if logic is None:
        return
    words = _LOGIC_WORD.findall(logic)
    numbers = [int(word) for word in words if word.isdecimal()]
    strange = [number for number in numbers if not 1 <= number <= count]
    unused = [number for number in range(1, count + 1) if number not in numbers]
    if strange:
        yield Complaint(where, "invalid_logic", f"There is no filter {strange[0]}; they are 1 to {count}.")
    elif unused:
        yield Complaint(where, "invalid_logic", f"Filter {unused[0]} is not in the logic.")
    elif not _is_logic(words):
        yield Complaint(where, "invalid_logic", f"{logic!r} can't be read. Write it like 1 AND (2 OR NOT 3).")


def _is_logic(words: Sequence[str]) -> bool:
    """A value may stand where one is awaited; AND and OR, or a bracket's end, only after one."""
    depth = 0
    awaits_value = True
    for word in map(str.upper, words):
        if awaits_value and word.isdecimal():
            awaits_value = False
        elif awaits_value and word == "(":
            depth += 1
        elif not awaits_value and word in ("AND", "OR"):
            awaits_value = True
        elif not awaits_value and word == ")" and depth:
            depth -= 1
        elif not (awaits_value and word == "NOT"):
            return False
    return depth == 0 and not awaits_value
