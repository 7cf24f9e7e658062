"""Formulas whose value somebody reads: a text with merge fields, what a request shows, what another system is told.

Formulas themselves see what the system sees. A masked field is masked in what is shown of it, and whatever else is made
of masked fields is not shown at all; a yes or a no says too little to repeat a value.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind
from chassis_metadata.expressions.typed import Expression, FieldValue, Source, walk
from chassis_metadata.masks import HIDDEN
from chassis_metadata.snapshot import Field
from chassis_platform.access.field_masks import FieldMask
from chassis_platform.access.masking import Masks
from chassis_platform.sql.clearness import is_clear
from chassis_platform.sql.formulas.compile import Compiled, compile_expression
from chassis_platform.sql.formulas.pieces import Value
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.masks import masked


def shown_expression(expression: Expression, rows: Rows, masks: Masks) -> Compiled:
    """The formula for these rows as somebody with these masks may read it."""
    compiled = compile_expression(expression, rows)
    found = list(_masked_fields(expression, masks))
    if not found or expression.kind is Kind.BOOLEAN:
        return compiled
    root, snapshot = expression.root, rows.snapshot
    if snapshot is None or not isinstance(root, FieldValue) or [root] != [node for node, _ in found]:
        return Compiled(_nothing(expression, compiled.value), compiled.failed)
    field, mask = snapshot.objects[root.obj].fields[root.field], found[0][1]
    hidden = _hidden(field, mask, compiled.value)
    if root.steps or root.source is not Source.ROW or rows.source is None or mask.is_never_clear:
        return Compiled(hidden, compiled.failed)
    clear = is_clear(mask, snapshot.objects[root.obj], rows.source, snapshot, {})
    return Compiled(_either(clear, compiled.value, hidden), compiled.failed)


def is_shown_masked(expression: Expression, masks: Masks) -> bool:
    """Whether nothing of the formula is ever shown in clear."""
    return any(mask.is_never_clear for _, mask in _masked_fields(expression, masks))


def _masked_fields(expression: Expression, masks: Masks) -> Iterator[tuple[FieldValue, FieldMask]]:
    """Masked fields that are read, at the end of a path or on the way."""
    for node in walk(expression.root):
        if not isinstance(node, FieldValue) or node.source is Source.USER:
            continue
        standing = node.root or node.obj
        for step in node.steps:
            if step.field in masks.get(standing, {}):
                yield FieldValue(Kind.ID, node.source, standing, step.field), masks[standing][step.field]
            standing = step.target
        if node.field in masks.get(node.obj, {}):
            yield node, masks[node.obj][node.field]


def _hidden(field: Field, mask: FieldMask, value: Value) -> Value:
    hidden = masked(field, mask.mask, value)
    return sa.cast(sa.null(), sa.Text()) if hidden is None else hidden


def _either(clear: sa.ColumnElement[bool], value: Value, hidden: Value) -> Value:
    """A column has one type: beside a masked text, a clear value of another type is a text too."""
    return sa.case((clear, sa.cast(value, sa.Text())), else_=hidden)


def _nothing(expression: Expression, value: Value) -> Value:
    if expression.kind in TEXT_LIKE:
        return sa.case((value.is_not(None), sa.literal(HIDDEN, sa.Text())))
    return sa.cast(sa.null(), value.type)
