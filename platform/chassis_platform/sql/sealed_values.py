"""Stored values of encrypted fields, page by page, and others in their place: nothing else of the records changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.snapshot import Field, Object
from chassis_platform.sql.rows import kept, of_this_object, unfolded
from chassis_platform.sql.write import IDS, TENANT
from chassis_tenants.sealing import VERSION_PART
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import base_table, looks_sealed, stored_text, tenant_view, value

_AFTER = sa.bindparam("after", type_=sa.Text(collation="C"))
_NUMBER = sa.bindparam("number", type_=sa.Text())
_MOST = sa.bindparam("most", type_=sa.Integer())


def older_values(obj: Object, field: Field) -> Statement:
    """The next values that another data key than `number` sealed: id, as it is stored, in clear."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        stored = stored_text(field, source)
        dot, part = sa.literal_column("'.'", sa.Text()), sa.literal_column(str(VERSION_PART), sa.Integer())
        older = sa.func.split_part(stored, dot, part, type_=sa.Text()) != _NUMBER
        wanted = sa.select(source.c.id, stored.label("stored"), value(field, source).label("clear"))
        here = [*of_this_object(obj, source), source.c.id > _AFTER, stored.is_not(None), older]
        if field.conversion is not None:
            here.append(looks_sealed(stored))
        return compile_statement(wanted.where(*here).order_by(source.c.id).limit(_MOST))

    return kept(obj, ("sealed by older keys", field.name), make)


def values_of_both_kinds(obj: Object, field: Field, *, sealed: bool | None = None) -> Statement:
    """The next values of a field that is converted: id, as it is stored, in clear, whether it looks sealed.

    `sealed`: only those that look so, or only those that don't.
    """

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        stored = stored_text(field, source)
        looks = looks_sealed(stored)
        here = [*of_this_object(obj, source), source.c.id > _AFTER, stored.is_not(None)]
        if sealed is not None:
            here.append(looks if sealed else sa.not_(looks))
        wanted = sa.select(
            source.c.id, stored.label("stored"), value(field, source).label("clear"), looks.label("looks")
        )
        return compile_statement(wanted.where(*here).order_by(source.c.id).limit(_MOST))

    return kept(obj, ("values of both kinds", field.name, sealed), make)


def value_count(obj: Object, field: Field) -> Statement:
    """How many records have a value."""
    source = tenant_view(obj).alias("t")
    here = [*of_this_object(obj, source), stored_text(field, source).is_not(None)]
    return compile_statement(sa.select(sa.func.count()).select_from(source).where(*here))


def replaced_values(obj: Object, field: Field) -> Statement:
    """Values (`rows`) take the place of those that are as they were; answers id and whether it is deleted."""

    def make() -> Statement:
        table = base_table(obj)
        rows = unfolded({"id": sa.Text(collation="C"), "was": sa.Text(), "becomes": sa.Text()})
        same = stored_text(field, table) == rows.c.was
        here = [table.c.tenant_id == TENANT, table.c.id == sa.any_(IDS), table.c.id == rows.c.id, same]
        changed = sa.update(table).values(_columns(table, field, rows.c.becomes)).where(*here)
        return replace(compile_statement(changed.returning(table.c.id, table.c.is_deleted)), sealed=True)

    return kept(obj, ("replaced values", field.name), make)


def _columns(table: sa.Table, field: Field, becomes: ColumnElement[Any]) -> dict[str, Any]:
    if field.column is not None:
        return {field.column: becomes}
    name = sa.literal(field.name, sa.Text())
    inside = sa.func.jsonb_build_object(name, becomes, type_=pg.JSONB())
    with_it = table.c.custom.op("||", return_type=pg.JSONB())(inside)
    return {"custom": sa.case((becomes.is_(None), table.c.custom.op("-")(name)), else_=with_it)}
