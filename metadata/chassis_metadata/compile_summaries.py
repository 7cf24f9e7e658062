"""Roll-up summaries in force: their type and size follow from what they summarise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Field, Object

#: A summary of summaries of summaries is the deepest there may be.
DEEPEST_SUMMARY = 3
_COUNT_PRECISION = 18
#: A sum may have so many digits more than its summands: a record type holds no more than ten billion records.
_MORE_DIGITS = 10
_MOST_DIGITS = 38


def settle_summaries(objects: Mapping[str, Object], touched: Iterable[str]) -> dict[str, Object]:
    """The objects with the summaries of the touched ones typed; those over other summaries settle level by level."""
    settled = dict(objects)
    names = [name for name in touched if any(each.summary is not None for each in settled[name].fields.values())]
    for _ in range(DEEPEST_SUMMARY):
        for name in names:
            fields = {key: _typed(each, settled[name], settled) for key, each in settled[name].fields.items()}
            settled[name] = replace(settled[name], fields=fields)
    return settled


def _typed(each: Field, of: Object, objects: Mapping[str, Object]) -> Field:
    summary = each.summary
    if summary is None:
        return each
    if summary.function == "count":
        return replace(each, type=FieldType.NUMBER, precision=_COUNT_PRECISION, scale=0, length=None)
    field = summarised_field(each, of, objects)
    if field is None:
        return each
    return replace(each, type=field.type, precision=_precision(each, field), scale=field.scale, length=None)


def _precision(each: Field, field: Field) -> int | None:
    if field.precision is None or field.type not in NUMERIC_TYPES:
        return field.precision
    is_sum = each.summary is not None and each.summary.function == "sum"
    return min(field.precision + _MORE_DIGITS, _MOST_DIGITS) if is_sum else field.precision


def summarised_field(each: Field, of: Object, objects: Mapping[str, Object]) -> Field | None:
    """The child's field that a summary is over; None where it counts, or where there is none of that name."""
    if each.summary is None or each.summary.field is None:
        return None
    child = of.children_by_lower_name.get(each.summary.child.lower())
    found = objects.get(child.child) if child is not None else None
    return None if found is None else found.fields.get(each.summary.field)
