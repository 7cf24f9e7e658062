"""What EXISTS and its like compare, as conditions that an index serves.

Formulas compare blanks as equal, so `RoomId = $This.RoomId` is written with what no index knows. Where the value that
is looked for is not blank, the plain comparison says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.expressions.kinds import TEXT_LIKE
from chassis_metadata.expressions.typed import Constant, FieldValue, Operation, Related, Source, Typed, walk
from chassis_metadata.fields import CASELESS_TYPES, FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formulas.compiler import Compiler
from chassis_platform.sql.formulas.pieces import Condition, Value
from chassis_tenants import storage


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """`condition` follows from the criteria unless `blank`; None: what is looked for is never blank."""

    condition: Condition
    blank: Condition | None


def answered(found: Sequence[Served], conditions: Sequence[Condition], answer: Callable[..., Value]) -> Value:
    """What `answer` makes of the conditions, with those that an index serves wherever they hold."""
    if not found:
        return answer(*conditions)
    by_index = answer(*conditions, *(each.condition for each in found))
    blank = [each.blank for each in found if each.blank is not None]
    return sa.case((sa.or_(*blank), answer(*conditions)), else_=by_index) if blank else by_index


def served(inner: Compiler, node: Related, view: FromClause) -> list[Served]:
    """The comparisons of an indexed field with a value from outside, all of which the criteria ask for."""
    obj = inner.rows.obj
    if obj is None or node.criteria is None:
        return []
    return [each for one in _conjuncts(node.criteria) for each in _of_comparison(inner, one, obj, view)]


def _conjuncts(node: Typed) -> Iterator[Typed]:
    if isinstance(node, Operation) and node.name == "AND":
        for each in node.arguments:
            yield from _conjuncts(each)
    else:
        yield node


def _of_comparison(inner: Compiler, node: Typed, obj: Object, view: FromClause) -> Iterator[Served]:
    if not isinstance(node, Operation) or node.name != "=":
        return
    left, right = node.arguments
    for one, other in ((left, right), (right, left)):
        field = _indexed(one, obj)
        if field is not None and other.kind in TEXT_LIKE and _is_from_outside(other):
            wanted = inner.piece(other)
            if wanted.failed is None:
                yield Served(_compared(field, view, wanted.value), _blank(other, wanted.value))
                return


def _indexed(node: Typed, obj: Object) -> Field | None:
    """The field of the rows that are looked through, if an index leads to its values."""
    if not isinstance(node, FieldValue) or node.steps or node.source is not Source.ROW or node.obj != obj.name:
        return None
    field = obj.fields[node.field]
    is_text = field.is_reference or field.type is FieldType.ID or field.type in CASELESS_TYPES
    return field if field.has_index and is_text and not field.is_computed else None


def _is_from_outside(node: Typed) -> bool:
    """Whether the value is the same for all rows that are looked through."""
    parts = list(walk(node))
    looks_on = any(isinstance(each, FieldValue) and each.source is Source.ROW for each in parts)
    return not looks_on and not any(isinstance(each, Related) for each in parts)


def _compared(field: Field, view: FromClause, wanted: Value) -> Condition:
    plain: Value = sa.cast(wanted, sa.Text())
    is_caseless = field.type in CASELESS_TYPES and not field.case_sensitive
    key = sa.func.lower(plain, type_=sa.Text()) if is_caseless else plain
    if not storage.needs_pivot(field):
        return storage.comparable(field, view) == key.collate("C")
    pivot = storage.pivot_view.alias()
    found = sa.select(pivot.c.record_id).where(
        pivot.c.tenant_id == TENANT_ID,
        pivot.c.object_name == sa.literal(field.object_name, sa.Text()),
        pivot.c.field_name == sa.literal(field.name, sa.Text()),
        pivot.c.text_value == key.collate("C"),
    )
    return view.c.id.in_(found.correlate_except(pivot))


def _blank(node: Typed, wanted: Value) -> Condition | None:
    is_given = (isinstance(node, Constant) and bool(node.value)) or (
        isinstance(node, FieldValue) and not node.steps and node.field == "Id"
    )
    return None if is_given else sa.func.nullif(sa.cast(wanted, sa.Text()), sa.literal_column("''")).is_(None)
