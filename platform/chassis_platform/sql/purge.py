"""Statements that empty the recycle bin: what is old enough, references to it cleared, rows removed for good."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS, STAMP, TENANT
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import base_table, pivot_view, tenant_view

OLDER_THAN = sa.bindparam("older_than", type_=sa.DateTime(timezone=True))
MOST = sa.bindparam("most", type_=sa.Integer())

#: Rows that refer to each other go in one transaction: their foreign keys are looked at when it ends.
DEFER_FOREIGN_KEYS = Statement("SET CONSTRAINTS ALL DEFERRED")


def expired_records(obj: Object) -> Statement:
    """Records that have lain in the recycle bin since before `older_than`, the oldest first, `most` at once."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        here = [*of_this_object(obj, source), source.c.is_deleted, source.c.deleted_date < OLDER_THAN]
        oldest = sa.select(source.c.id).where(*here).order_by(source.c.deleted_date, source.c.id)
        return compile_statement(oldest.limit(MOST))

    return kept(obj, "expired", make)


def clear_references(child: Object, field: Field) -> list[Statement]:
    """Empty a reference of `child` where it leads to `ids`."""
    if field.column is not None:
        return [kept(child, ("clear", field.name), lambda: _clear_column(child, str(field.column)))]
    return [
        kept(child, ("clear", field.name), lambda: _clear_key(child, field)),
        Statement(
            "DELETE FROM data.custom_index WHERE tenant_id = %(tenant)s AND object_name = %(object_name)s"
            " AND field_name = %(field_name)s AND text_value = ANY (%(ids)s)",
            {"object_name": child.name, "field_name": field.name},
        ),
    ]


def _clear_column(child: Object, column: str) -> Statement:
    table = base_table(child)
    cleared = sa.update(table).values(**_seen(table), **{column: None})
    return compile_statement(cleared.where(table.c.tenant_id == TENANT, table.c[column] == sa.any_(IDS)))


def _clear_key(child: Object, field: Field) -> Statement:
    table, pivot = base_table(child), pivot_view.alias("p")
    found = sa.select(pivot.c.record_id).where(
        pivot.c.tenant_id == TENANT_ID,
        pivot.c.object_name == sa.literal(child.name, sa.Text()),
        pivot.c.field_name == sa.literal(field.name, sa.Text()),
        pivot.c.text_value == sa.any_(IDS),
    )
    without = table.c.custom.op("-")(sa.literal(field.name, sa.Text()))
    cleared = sa.update(table).values(**_seen(table), custom=without)
    return compile_statement(cleared.where(table.c.tenant_id == TENANT, table.c.id.in_(found)))


def _seen(table: sa.Table) -> dict[str, Any]:
    """Whoever keeps a copy of the record learns that it changed; nobody modified it."""
    return {"system_modstamp": STAMP, "row_version": table.c.row_version + 1}
