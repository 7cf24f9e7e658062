"""A formula worked out for one record that the user sees: how an implementer tries it before it decides anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import sqlalchemy as sa

from chassis_metadata.errors import Forbidden, Invalid, NotFound
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression, FieldValue, Source, walk
from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.json_values import Spelling, spelled
from chassis_platform.sql.sharing import visible
from chassis_tenants import storage
from chassis_tenants.database import Database
from chassis_tenants.statement import compile_statement

_SPELLED_AS = {
    Kind.DATE: FieldType.DATE,
    Kind.DATETIME: FieldType.DATETIME,
    Kind.TIME: FieldType.TIME,
    Kind.BOOLEAN: FieldType.CHECKBOX,
    Kind.NUMBER: FieldType.NUMBER,
}


def typed_formula(context: Context, obj: Object, text: str) -> Expression:
    """The formula over records of the object; Invalid with all that is wrong with it."""
    return type_expression(text, Scope(context.snapshot, obj, has_prior=True))


async def try_formula(database: Database, context: Context, obj: Object, expression: Expression, record_id: str) -> Any:
    """What the formula says of a record as it is now. The user must see the record and may read all that is asked."""
    demand_readable(context, expression)
    source = storage.tenant_view(obj).alias("t")
    compiled = compile_expression(expression, Rows(context.snapshot, obj, source, prior=source, is_new=sa.false()))
    value = spelled(_SPELLED_AS.get(expression.kind, FieldType.TEXT), compiled.value, Spelling.REST)
    failed = sa.false() if compiled.failed is None else compiled.failed
    wanted = sa.select(sa.func.to_json(value), failed).where(
        source.c.tenant_id == TENANT_ID, source.c.id == sa.bindparam("record_id", type_=sa.Text())
    )
    wanted = wanted.where(visible(obj, source, context.policy, context.snapshot))
    this_object = storage.only_this_object(obj, source)
    statement = compile_statement(wanted if this_object is None else wanted.where(this_object))
    parameters = {**asking(context), "tenant_id": context.tenant.id}
    [rows] = await database.read(context.binding, statement.bind(**parameters, record_id=record_id))
    if not rows:
        raise NotFound.of("not_found", f"There is no {obj.name} {record_id!r} that you see.")
    value, has_failed = rows[0]
    if has_failed:
        raise Invalid.of("formula_failed", "The formula fails for this record, for example by a division by zero.")
    return None if value is None else orjson.loads(value)


def demand_readable(context: Context, expression: Expression) -> None:
    """Refuse a formula that would tell the user what may not be read, or what is masked."""
    hidden = sorted(set(_hidden(context, expression)))
    if hidden:
        raise Forbidden.of("insufficient_access", f"The formula reads what you may not: {', '.join(hidden)}.")


def _hidden(context: Context, expression: Expression) -> Iterator[str]:
    """Fields that the formula reads and the user may not, or sees masked: what it says could repeat them."""
    for node in walk(expression.root):
        if isinstance(node, FieldValue) and node.source is not Source.USER:
            access = context.policy.on(node.obj)
            if not access.read or node.field not in access.readable or node.field in access.masks:
                yield f"{node.obj}.{node.field}"
            yield from _masked_steps(context, node)


def _masked_steps(context: Context, node: FieldValue) -> Iterator[str]:
    standing = node.root or node.obj
    for step in node.steps:
        if step.field in context.policy.on(standing).masks:
            yield f"{standing}.{step.field}"
        standing = step.target
