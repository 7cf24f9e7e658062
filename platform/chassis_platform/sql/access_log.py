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
from chassis_tenants.journal import DIGEST_BEYOND, KEPT_IDS

_ID = sa.Text(collation="C")
_TEXTS = pg.ARRAY(sa.Text())
_HEX: ColumnElement[str] = sa.literal_column("'hex'")
#: What the request says, by the names of parameters and columns.
_OF_REQUEST = ("door", "source_ip", "session_id", "client_name", "acting_user_id")
_TABLE = sa.Table(
    "access_log",
    sa.MetaData(),
    sa.Column("tenant_id", sa.Integer()),
    *(sa.Column(name, _ID) for name in ("id", "name", "user_id", "created_by_id", "last_modified_by_id")),
    *(sa.Column(name, sa.Text()) for name in ("object_name", *_OF_REQUEST)),
    *(sa.Column(name, _TEXTS) for name in ("record_ids", "fields")),
    sa.Column("record_count", sa.Integer()),
    sa.Column("digest", sa.Text()),
    schema=storage.DATA_SCHEMA,
)
COLUMNS = (
    "tenant_id", "id", "name", "user_id", "object_name", "record_ids", "fields", "record_count", "digest",
    *_OF_REQUEST, "created_by_id", "last_modified_by_id",
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
    found = sa.func.count(rows.c.id) if has_ids else sa.func.count()
    record_ids, record_count, digest = _records(rows.c.id) if has_ids else (sa.null(), found, sa.null())
    values = [
        TENANT_ID,
        entry_id,
        entry_id,
        USER_ID,
        sa.literal(logged.object_name, sa.Text()),
        record_ids,
        fields,
        record_count,
        digest,
        *(sa.bindparam(name, type_=sa.Text()) for name in _OF_REQUEST),
        USER_ID,
        USER_ID,
    ]
    some = sa.select(*values).select_from(rows).having(found > sa.literal_column("0"))
    inserted = sa.insert(_TABLE).from_select(COLUMNS, some, include_defaults=False)
    return inserted.cte(f"logged_{number}")


def _records(record_id: ColumnElement[str]) -> tuple[ColumnElement[Any], ColumnElement[Any], ColumnElement[Any]]:
    """The ids in order, as many as are kept; how many there are; of many, their digest as `journal.digest_of` makes it.

    The same aggregate stands in all three: PostgreSQL sorts once.
    """
    every = sa.func.array_agg(sa.distinct(sa.collate(record_id, "C")), type_=_TEXTS)
    ids = every.filter(record_id.is_not(None))
    count = sa.func.cardinality(ids)
    joined = sa.func.array_to_string(ids, sa.literal_column("','"))
    digest = sa.func.encode(sa.func.sha256(sa.func.convert_to(joined, sa.literal_column("'UTF8'"))), _HEX)
    kept = sa.func.trim_array(ids, sa.func.greatest(count - sa.literal_column(str(KEPT_IDS)), sa.literal_column("0")))
    return kept, count, sa.case((count > sa.literal_column(str(DIGEST_BEYOND)), digest))
