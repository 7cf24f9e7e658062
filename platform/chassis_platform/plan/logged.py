"""Which classified fields of which records a read shows in clear: what the access log will say about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chassis_platform.plan.read_plan import Aggregate, ChildSet, Column, Hop, PlannedField


@dataclass(frozen=True, slots=True)
class Logged:
    """Classified fields read of the records at the end of `hops`, or of a child set's records."""

    object_name: str
    fields: tuple[str, ...]
    hops: tuple[Hop, ...] = ()
    child: str | None = None


def logged_reads(columns: Iterable[Column], child_sets: Iterable[ChildSet] = ()) -> list[Logged]:
    """One entry for each object and set of records with a classified field among what is selected."""
    found = _of_columns(columns, None)
    for each in child_sets:
        found += _of_columns(each.plan.columns, each.name)
    return found


def _of_columns(columns: Iterable[Column], child: str | None) -> list[Logged]:
    names: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    hops: dict[tuple[str, tuple[str, ...]], tuple[Hop, ...]] = {}
    for operand in (_field_of(each) for each in columns):
        if operand is None or operand.is_type:
            continue
        for field in operand.fields:
            if field.classification.is_logged:
                key = (field.object_name, tuple(hop.relationship for hop in operand.hops))
                names.setdefault(key, {})[field.name] = None
                hops.setdefault(key, operand.hops)
    return [Logged(key[0], tuple(fields), hops[key], child) for key, fields in names.items()]


def _field_of(column: Column) -> PlannedField | None:
    """An aggregate shows a value where it picks one; a count or a sum shows none."""
    operand = column.operand
    if isinstance(operand, Aggregate):
        return operand.field if operand.function in ("min", "max") else None
    return operand
