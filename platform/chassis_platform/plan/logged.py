"""Which classified fields of which records a read shows in clear: what the access log will say about it.

Fields that are masked by the same rules are clear in the same records and share an entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chassis_metadata.snapshot import Field
from chassis_platform.access.field_masks import FieldMask, RuleMask
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.plan.read_plan import (
    Aggregate,
    ChildSet,
    Column,
    Computed,
    Hop,
    PlannedField,
    PlannedOperand,
    fields_of,
)


@dataclass(frozen=True, slots=True)
class Logged:
    """Classified fields read of the records at the end of `hops`, or of a child set's records: `child` is its path."""

    object_name: str
    fields: tuple[str, ...]
    hops: tuple[Hop, ...] = ()
    child: str | None = None


def logged_reads(
    columns: Iterable[Column], child_sets: Iterable[tuple[str, ChildSet]] = (), *, policy: AccessPolicy
) -> list[Logged]:
    """One entry for each object, set of records and way to be clear with a classified field among what is selected."""
    found = _of_columns(columns, None, policy)
    for path, each in child_sets:
        found += _of_columns(each.plan.columns, path, policy)
    return found


_Key = tuple[str, tuple[str, ...], tuple[RuleMask, ...]]


def _of_columns(columns: Iterable[Column], child: str | None, policy: AccessPolicy) -> list[Logged]:
    names: dict[_Key, dict[str, None]] = {}
    hops: dict[_Key, tuple[Hop, ...]] = {}
    for operand in (field for each in columns for field in _fields_shown(each.operand)):
        if operand.is_type:
            continue
        for field in operand.fields:
            masked = mask_of(field, policy)
            if field.classification.is_logged and not (masked and masked.is_never_clear):
                rules = masked.rules if masked is not None else ()
                key = (field.object_name, tuple(hop.relationship for hop in operand.hops), rules)
                names.setdefault(key, {})[field.name] = None
                hops.setdefault(key, operand.hops)
    return [Logged(key[0], tuple(fields), hops[key], child) for key, fields in names.items()]


def mask_of(field: Field, policy: AccessPolicy) -> FieldMask | None:
    """How the user sees the field; of a compound field, what its components have in common."""
    return policy.on(field.object_name).masks.get(field.name)


def _fields_shown(operand: PlannedOperand) -> tuple[PlannedField, ...]:
    """An aggregate shows a value where it picks one; a count or a sum shows none."""
    if isinstance(operand, Aggregate) and operand.function not in ("min", "max"):
        return ()
    if isinstance(operand, Computed):
        return tuple(field for each in operand.operands for field in _fields_shown(each))
    return fields_of(operand)
