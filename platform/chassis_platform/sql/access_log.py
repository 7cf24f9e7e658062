"""The access log's entries, inserted by the statement that reads what they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE, FromClause

from chassis_platform.access.sharing import TENANT_ID, USER_ID
from chassis_platform.plan.logged import Logged
from chassis_tenants import storage

_ID = sa.Text(collation="C")
_TEXTS = pg.ARRAY(sa.Text())
_TABLE = sa.Table(
    "access_log",
    sa.MetaData(),
    sa.Column("tenant_id", sa.Integer()),
    *(sa.Column(name, _ID) for name in ("id", "name", "user_id", "created_by_id", "last_modified_by_id")),
    *(sa.Column(name, sa.Text()) for name in ("object_name", "door", "source_ip", "session_id", "client_name")),
    *(sa.Column(name, _TEXTS) for name in ("record_ids", "fields")),
    sa.Column("record_count", sa.Integer()),
    schema=storage.DATA_SCHEMA,
)
_COLUMNS = (
    "tenant_id", "id", "name", "user_id", "object_name", "record_ids", "fields", "record_count",
    "door", "source_ip", "session_id", "client_name", "created_by_id", "last_modified_by_id",
)  # fmt: skip


def entry_name(number: int) -> str:
    """The parameter that holds the id of an entry, made before the statement runs."""
    return f"entry_{number}"


def entries(
    logged: Sequence[Logged], rows: Sequence[FromClause], *, fields: ColumnElement[Any] | None = None
) -> list[CTE]:
    """One insert for each set of records; `rows` have one column `id`, or are groups, which have none.

    `fields` says which fields were shown where only the rows tell.
    """
    return [
        _entry(number, each, read, fields if fields is not None else sa.literal(list(each.fields), _TEXTS))
        for number, (each, read) in enumerate(zip(logged, rows, strict=True), 1)
    ]


def _entry(number: int, logged: Logged, rows: FromClause, fields: ColumnElement[Any]) -> CTE:
    has_ids = "id" in rows.c
    entry_id = sa.bindparam(entry_name(number), type_=sa.Text())
    record_ids = sa.func.array_agg(rows.c.id.distinct()) if has_ids else sa.null()
    record_count = sa.func.count(rows.c.id.distinct()) if has_ids else sa.func.count()
    values = [
        TENANT_ID,
        entry_id,
        entry_id,
        USER_ID,
        sa.literal(logged.object_name, sa.Text()),
        record_ids,
        fields,
        record_count,
        *(sa.bindparam(name, type_=sa.Text()) for name in ("door", "source_ip", "session_id", "client_name")),
        USER_ID,
        USER_ID,
    ]
    some = sa.select(*values).select_from(rows).having(record_count > sa.literal_column("0"))
    inserted = sa.insert(_TABLE).from_select(_COLUMNS, some, include_defaults=False)
    return inserted.cte(f"logged_{number}")
