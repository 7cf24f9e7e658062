"""A field by itself: keys that fit its type, sizes within limits, a default of its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any

from chassis_metadata.check.look import Look, unknown
from chassis_metadata.compile_fields import PRECISIONS
from chassis_metadata.components import DeleteRule, FieldDefinition
from chassis_metadata.fields import (
    CALCULATED_TYPES,
    COMPOUND_TYPES,
    ENCRYPTABLE_TYPES,
    NUMERIC_TYPES,
    REFERENCE_TYPES,
    TRAITS,
    FieldType,
)
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where

LONGEST = {
    FieldType.TEXT: 1_300,
    FieldType.URL: 1_300,
    FieldType.LONG_TEXT: 131_072,
    FieldType.RICH_TEXT: 131_072,
}
TEXTS = frozenset(LONGEST) | {FieldType.EMAIL, FieldType.PHONE}
PICKLISTS = frozenset({FieldType.PICKLIST, FieldType.MULTI_PICKLIST})
_KEYS = frozenset({FieldType.TEXT, FieldType.NUMBER, FieldType.EMAIL, FieldType.PHONE, FieldType.AUTO_NUMBER})
_FILTERABLE = frozenset(each for each, traits in TRAITS.items() if traits.filterable)
_SEARCHABLE = frozenset(each for each, traits in TRAITS.items() if traits.searchable)
_UNIQUE = _FILTERABLE - PICKLISTS - {FieldType.CHECKBOX}
_STORED = frozenset(FieldType) - COMPOUND_TYPES - CALCULATED_TYPES - {FieldType.ID}
_FORMULA = frozenset({FieldType.FORMULA})

#: Keys that only some types have.
_TYPES_OF_KEY: dict[str, frozenset[FieldType]] = {
    "length": frozenset(LONGEST) | _FORMULA,
    "precision": NUMERIC_TYPES | _FORMULA,
    "scale": NUMERIC_TYPES | _FORMULA,
    "format": frozenset({FieldType.AUTO_NUMBER}),
    "gap_free": frozenset({FieldType.AUTO_NUMBER}),
    "references": REFERENCE_TYPES,
    "relationship_name": REFERENCE_TYPES,
    "child_relationship_name": REFERENCE_TYPES,
    "child_label": REFERENCE_TYPES,
    "value_set": PICKLISTS,
    "values": PICKLISTS,
    "controlling_field": PICKLISTS,
    "checksum": TEXTS,
    "encrypted": ENCRYPTABLE_TYPES,
    "follows_merge": REFERENCE_TYPES | {FieldType.TEXT},
    "mask": (TEXTS | COMPOUND_TYPES | NUMERIC_TYPES | CALCULATED_TYPES | {FieldType.DATE, FieldType.DATETIME}),
    "unique": _UNIQUE,
    "external_id": _KEYS,
    "indexed": _FILTERABLE | COMPOUND_TYPES | CALCULATED_TYPES,
    "case_sensitive": _KEYS | {FieldType.URL},
    "searchable": _SEARCHABLE,
    "required": _STORED - {FieldType.AUTO_NUMBER},
    "default": _STORED - REFERENCE_TYPES - {FieldType.AUTO_NUMBER},
    "default_formula": _STORED - {FieldType.AUTO_NUMBER},
    "required_when": _STORED - {FieldType.AUTO_NUMBER, FieldType.CHECKBOX},
    "read_only_when": _STORED - {FieldType.AUTO_NUMBER},
}
#: What an encrypted field can't have, with the reason that the author is told.
_NOT_ENCRYPTED = {
    "searchable": "is not found by parts of it. Find records by the whole value: `indexed: true`.",
    "default": "has no default: it would stand in the package for all to read.",
    "default_formula": "is worked out by no formula.",
    "follows_merge": "holds no Id that a merge could find.",
}
_FORMAT_PART = re.compile(r"\{([^{}]*)\}")
_DATE_PART = re.compile(r"(YYYY|YY|MM|DD)+")
_COUNTER = re.compile(r"0{1,10}")


def check_fields(look: Look) -> Iterator[Complaint]:
    """Each field that the package declares, but not what it refers to."""
    for where, _, each in look.fields():
        if each.extends:
            continue
        yield from _check_keys(where, each)
        yield from _check_encrypted(look, where, each)
        yield from _check_sizes(where, each)
        yield from _check_default(where, each)
        yield from _check_checksum(look, where, each)
        yield from _check_follows_merge(look, where, each)
        if each.type is FieldType.AUTO_NUMBER:
            yield from format_complaints(where, each.format)


def format_complaints(where: Where, text: str | None) -> Iterator[Complaint]:
    """What is wrong with an auto-number's format."""
    if text is None:
        yield Complaint(where, "required_key_missing", "'format' is missing, such as L-{YYMMDD}{00000}.")
        return
    parts = _FORMAT_PART.findall(text)
    counters = [part for part in parts if _COUNTER.fullmatch(part)]
    odd = [part for part in parts if not _COUNTER.fullmatch(part) and not _DATE_PART.fullmatch(part)]
    stray = re.search(r"[{}]", _FORMAT_PART.sub("", text))
    if odd or stray or len(counters) != 1:
        wrong = f"{{{odd[0]}}} means nothing" if odd else "a brace is alone" if stray else "one counter is needed"
        message = f"{text!r}: {wrong}. Write text, one counter {{00000}}, and dates of YYYY, YY, MM, DD."
        yield Complaint((*where, "format"), "invalid_auto_number_format", message)


def _check_keys(where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    for key, types in _TYPES_OF_KEY.items():
        if each.type not in types and getattr(each, key) not in (None, False, ()):
            allowed = ", ".join(sorted(types))
            yield Complaint((*where, key), "misplaced_key", f"A {each.type} has no {key!r}; it belongs to: {allowed}.")
    if each.on_delete is not DeleteRule.CLEAR and each.type not in REFERENCE_TYPES:
        yield Complaint((*where, "on_delete"), "misplaced_key", f"A {each.type} has no 'on_delete'.")


def _check_sizes(where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    longest = LONGEST.get(each.type)
    if longest is not None and each.length is not None and each.length > longest:
        message = f"A {each.type} has at most {longest:,} characters."
        yield Complaint((*where, "length"), "out_of_range", message)
    if each.type in PRECISIONS:
        precision, scale = PRECISIONS[each.type]
        precision = each.precision or precision
        scale = scale if each.scale is None else each.scale
        if scale > precision:
            message = f"Of {precision} digits, {scale} can't stand after the point. Raise precision or lower scale."
            yield Complaint((*where, "scale"), "out_of_range", message)


def _check_checksum(look: Look, where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    if each.checksum is None:
        return
    here = (*where, "checksum")
    function = look.after.functions.get(each.checksum)
    if function is None:
        yield unknown(here, "function", each.checksum, look.after.functions)
    elif function.kind != "checksum":
        message = f"{each.checksum!r} is a {function.kind}; a function of kind checksum is needed."
        yield Complaint(here, "wrong_type", message)


def _check_follows_merge(look: Look, where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    obj = look.after.objects.get(str(where[1]))
    for place, name in enumerate(each.follows_merge or ()):
        if obj is not None and name not in obj.fields:
            yield unknown((*where, "follows_merge", place), "field", name, obj.fields)


def _check_encrypted(look: Look, where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    if not each.encrypted:
        return
    for key, reason in _NOT_ENCRYPTED.items():
        if getattr(each, key) not in (None, False):
            yield Complaint((*where, key), "encrypted_field", f"An encrypted field {reason}")
    obj = look.after.objects.get(str(where[1]))
    if obj is not None and each.name in (obj.name_field.last, obj.name_field.first):
        message = f"{obj.name}.Name is made of {each.name} and would repeat it in clear."
        yield Complaint((*where, "encrypted"), "encrypted_field", message)
    if obj is not None and not (obj.createable or obj.updateable or obj.deletable):
        message = f"{obj.plural_label} are the platform's own: what it writes once can't be sealed with a new key."
        yield Complaint((*where, "encrypted"), "encrypted_field", message)


def _check_default(where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    if each.default is None or each.type not in _TYPES_OF_KEY["default"] or each.type in PICKLISTS:
        return
    wrong = default_complaint(each.type, each.default, each.length)
    if wrong is not None:
        yield Complaint((*where, "default"), "invalid_default", wrong)


def default_complaint(field_type: FieldType, value: Any, length: int | None = None) -> str | None:
    """Why a value can't be one of a type; None if it can. Picklists are looked at elsewhere."""
    if field_type in _READERS:
        reader, example = _READERS[field_type]
        return None if isinstance(value, str) and _reads(reader, value) else f"{value!r} will not do. Write {example}."
    if field_type in NUMERIC_TYPES:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if is_number else f"{value!r} is no number."
    if field_type is FieldType.CHECKBOX:
        return None if isinstance(value, bool) else f"{value!r} will not do. Write true or false."
    if not isinstance(value, str):
        return f"{value!r} is no text. Put it in quotes."
    return f"The text has more than {length:,} characters." if length and len(value) > length else None


def _reads(reader: Callable[[str], object], text: str) -> bool:
    try:
        reader(text)
    except ValueError:
        return False
    return True


_READERS: dict[FieldType, tuple[Callable[[str], object], str]] = {
    FieldType.DATE: (date.fromisoformat, "2026-01-31"),
    FieldType.DATETIME: (datetime.fromisoformat, "2026-01-31T08:00:00Z"),
    FieldType.TIME: (time.fromisoformat, "08:00:00"),
}
