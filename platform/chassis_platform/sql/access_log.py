"""The access log's entries, inserted by the statement that reads what they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE, FromClause, Select

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
    """What inserts an entry for each set of records; `rows` have one column `id`, or are groups, which have none.

    Fields that turn out to be shown of the same records share an entry. `fields` says which fields were shown where
    only the rows tell.
    """
    numbered = list(enumerate(zip(logged, rows, strict=True), 1))
    if fields is None and len(numbered) > 1 and all("id" in each.c for each in rows):
        return [_shared([_shown(number, each, read) for number, (each, read) in numbered])]
    return [
        _entry(number, each, read, fields if fields is not None else sa.literal(list(each.fields), _TEXTS))
        for number, (each, read) in numbered
    ]


def _shown(number: int, logged: Logged, rows: FromClause) -> Select[Any]:
    """One row: the records of which some fields were shown, under the id that an entry of its own would have."""
    return sa.select(
        sa.literal_column(str(number)).label("number"),
        sa.bindparam(entry_name(number), type_=sa.Text()).label("entry"),
        sa.literal(logged.object_name, sa.Text()).label("object_name"),
        sa.literal(list(logged.fields), _TEXTS).label("fields"),
        _ids(rows.c.id).label("ids"),
    ).select_from(rows)


def _shared(shown: Sequence[Select[Any]]) -> CTE:
    """One insert for all: an entry for each object and set of records."""
    all_shown = sa.union_all(*shown).subquery("shown")
    field = sa.func.unnest(all_shown.c.fields).table_valued("name", with_ordinality="place").render_derived("field")
    order = aggregate_order_by(field.c.name, all_shown.c.number, field.c.place)
    ids = all_shown.c.ids
    values = _values(
        sa.func.min(all_shown.c.entry),
        all_shown.c.object_name,
        _kept(ids),
        sa.func.array_agg(order, type_=_TEXTS),
        (sa.func.cardinality(ids), _digest(ids)),
    )
    some = sa.select(*values).select_from(all_shown.join(field, sa.true())).where(ids.is_not(None))
    grouped = some.group_by(all_shown.c.object_name, ids)
    return sa.insert(_TABLE).from_select(COLUMNS, grouped, include_defaults=False).cte("logged")


def _entry(number: int, logged: Logged, rows: FromClause, fields: ColumnElement[Any]) -> CTE:
    entry_id = sa.bindparam(entry_name(number), type_=sa.Text())
    object_name = sa.literal(logged.object_name, sa.Text())
    if "id" in rows.c:
        ids, found = _ids(rows.c.id), sa.func.count(rows.c.id)
        values = _values(entry_id, object_name, _kept(ids), fields, (sa.func.cardinality(ids), _digest(ids)))
    else:
        found = sa.func.count()
        values = _values(entry_id, object_name, sa.null(), fields, (found, sa.null()))
    some = sa.select(*values).select_from(rows).having(found > sa.literal_column("0"))
    return sa.insert(_TABLE).from_select(COLUMNS, some, include_defaults=False).cte(f"logged_{number}")


def _values(
    entry_id: ColumnElement[Any],
    object_name: ColumnElement[Any],
    record_ids: ColumnElement[Any],
    fields: ColumnElement[Any],
    number: tuple[ColumnElement[Any], ColumnElement[Any]],
) -> list[ColumnElement[Any]]:
    """The values of `COLUMNS`; `number`: how many records there are, and of many their digest."""
    of_request = (sa.bindparam(name, type_=sa.Text()) for name in _OF_REQUEST)
    who = (entry_id, entry_id, USER_ID)
    return [TENANT_ID, *who, object_name, record_ids, fields, *number, *of_request, USER_ID, USER_ID]


def _ids(record_id: ColumnElement[str]) -> ColumnElement[Any]:
    """The ids in order, each once. Where it stands several times, PostgreSQL sorts once."""
    every = sa.func.array_agg(sa.distinct(sa.collate(record_id, "C")), type_=_TEXTS)
    return every.filter(record_id.is_not(None))


def _kept(ids: ColumnElement[Any]) -> ColumnElement[Any]:
    """As many of the ids as are kept."""
    surplus = sa.func.cardinality(ids) - sa.literal_column(str(KEPT_IDS))
    return sa.func.trim_array(ids, sa.func.greatest(surplus, sa.literal_column("0")))


def _digest(ids: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of many ids their digest, as `journal.digest_of` makes it."""
    joined = sa.func.array_to_string(ids, sa.literal_column("','"))
    digest = sa.func.encode(sa.func.sha256(sa.func.convert_to(joined, sa.literal_column("'UTF8'"))), _HEX)
    return sa.case((sa.func.cardinality(ids) > sa.literal_column(str(DIGEST_BEYOND)), digest))
