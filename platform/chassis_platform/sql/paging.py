"""Order and pages by key: any page costs what the first one does, whatever is null and whichever way each term runs.

Indexes hold nulls last, the query language wants them first when the order rises. So where an index serves the first
term, a page is gathered from ranges (the nulls, the rest; and behind a cursor what equals its first values and what
lies behind them), each read from the index in its own order and cut at the page's length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement, UnaryExpression

from chassis_platform.plan.read_plan import Computed, PlannedField, PlannedOrder
from chassis_platform.sql.calls import worked_out
from chassis_platform.sql.sources import Sources

Condition = ColumnElement[bool]
#: Columns that PostgreSQL itself keeps from being null.
_NEVER_NULL = frozenset({"Id", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted"})
_INDEXED = frozenset({"Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"})


@dataclass(frozen=True, slots=True)
class Key:
    """A term of the order as a value to sort by."""

    value: ColumnElement[Any]
    descending: bool
    nulls_first: bool
    nullable: bool
    indexed: bool

    def sorted(self, value: ColumnElement[Any], *, with_nulls: bool) -> UnaryExpression[Any]:
        """An ORDER BY term; `with_nulls` says that nulls have to be put in their place."""
        term = value.desc() if self.descending else value.asc()
        if not (with_nulls and self.nullable):
            return term
        return term.nulls_first() if self.nulls_first else term.nulls_last()


def keys_of(order_by: Sequence[PlannedOrder], sources: Sources) -> list[Key]:
    """The terms of the order, and behind them the id, which makes the order total."""
    keys = [_key(each, sources) for each in order_by]
    last_descends = keys[-1].descending if keys else False
    by_id = [each for each in order_by if _is_own_id(each)]
    if by_id:
        return keys[: order_by.index(by_id[0]) + 1]
    tie_break = Key(sources.root.c.id, last_descends, nulls_first=False, nullable=False, indexed=not keys)
    return [*keys, tie_break]


def _is_own_id(order: PlannedOrder) -> bool:
    return isinstance(order.operand, PlannedField) and not order.operand.hops and order.operand.name == "Id"


def _key(order: PlannedOrder, sources: Sources) -> Key:
    operand = order.operand
    if isinstance(operand, Computed):
        value = worked_out(operand, sources)
        return Key(value, order.descending, order.nulls_first, nullable=True, indexed=False)
    if not isinstance(operand, PlannedField):
        raise TypeError("groups have no pages")
    own = not operand.hops
    field = operand.field
    return Key(
        value=sources.comparable(operand),
        descending=order.descending,
        nulls_first=order.nulls_first,
        nullable=not (own and operand.name in _NEVER_NULL),
        indexed=own and field.column is not None and (field.has_index or field.is_name or field.name in _INDEXED),
    )


def first_ranges(keys: Sequence[Key]) -> list[Condition | None]:
    """The ranges of the first page."""
    first = keys[0]
    if not (first.indexed and first.nullable):
        return [None]
    return [first.value.is_(None), first.value.is_not(None)]


def ranges_behind(keys: Sequence[Key], null_keys: Sequence[bool]) -> list[Condition]:
    """The ranges behind a cursor, whose values are bound as `after_1` …; `null_keys` says which of them are null."""
    ranges: list[Condition] = []
    equal: list[Condition] = []
    for position, (key, is_null) in enumerate(zip(keys, null_keys, strict=True), 1):
        bound = after_parameter(key, position)
        ranges += [sa.and_(*equal, behind) for behind in _behind(key, bound, is_null=is_null)]
        equal.append(key.value.is_(None) if is_null else key.value == bound)
    return ranges


def _behind(key: Key, bound: ColumnElement[Any], *, is_null: bool) -> list[Condition]:
    """What comes strictly behind one value in one term's order, as conditions that a range of an index can meet."""
    if is_null:
        return [key.value.is_not(None)] if key.nulls_first else []
    behind = key.value < bound if key.descending else key.value > bound
    nulls_follow = key.nullable and not key.nulls_first
    return [behind, key.value.is_(None)] if nulls_follow else [behind]


def after_parameter(key: Key, position: int) -> ColumnElement[Any]:
    """Where a cursor's value is bound."""
    kind = key.value.type
    return sa.bindparam(f"after_{position}", type_=sa.Text() if isinstance(kind, sa.Text) else kind)


def as_ranges(keys: Sequence[Key], null_keys: Sequence[bool] | None) -> list[Condition | None]:
    """The ranges of a page: as many as an index can serve, or one condition where none does."""
    if null_keys is None:
        return first_ranges(keys)
    ranges = ranges_behind(keys, null_keys)
    if keys[0].indexed:
        return list(ranges)
    return [sa.or_(sa.false(), *ranges)]


def key_count(order_by: Sequence[PlannedOrder]) -> int:
    """How many values a cursor has: one a term, up to the record's own id, which is the last in any case."""
    for number, each in enumerate(order_by, 1):
        if _is_own_id(each):
            return number
    return len(order_by) + 1
