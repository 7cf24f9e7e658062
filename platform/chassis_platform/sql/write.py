"""Statements that write records: any number of rows in one, by key, under row-level security.

Values are computed in Python and come as parameters: the distributed engine allows no volatile or stable function over
columns in an UPDATE. `rows` is the parameter with the rows; `tenant_id`, `stamp` and `actor` are the same for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ClauseElement

from chassis_metadata.snapshot import Object
from chassis_platform.sql.rows import folded, in_custom, kept, marked, of_this_object, unfolded, unfolded_in_order
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import base_table

STAMP = sa.bindparam("stamp", type_=sa.DateTime(timezone=True))
ACTOR = sa.bindparam("actor", type_=sa.Text())
TENANT = sa.bindparam("tenant", type_=sa.Integer())
IDS = sa.bindparam("ids", type_=pg.ARRAY(sa.Text()))


def _columns_of(obj: Object, names: Sequence[str]) -> dict[str, sa.types.TypeEngine[Any]]:
    table = base_table(obj)
    columns = {obj.fields[name].column or "custom" for name in names}
    return {column: table.c[column].type for column in ("id", *sorted(columns))}


@dataclass(frozen=True, slots=True)
class _Insert:
    """How records are inserted: fields with a column, those of them that hold lists (by place), and those without."""

    statement: Statement
    own: tuple[str, ...]
    lists: tuple[int, ...]
    custom: tuple[str, ...]

    def row(self, record_id: str, values: Mapping[str, Any]) -> list[Any]:
        """A record's row, in the order of the statement's columns."""
        row = [record_id, *map(values.get, self.own)]
        for place in self.lists:
            row[place] = in_custom(row[place])
        if self.custom:
            row.append({name: in_custom(values[name]) for name in self.custom if values.get(name) is not None})
        return row


def insert_records(obj: Object, names: Sequence[str], records: Iterable[tuple[str, Mapping[str, Any]]]) -> Statement:
    """Insert records, each an id and typed values by field name, with values for these fields."""
    insert = kept(obj, ("insert", tuple(names)), lambda: _compile_insert(obj, names))
    rows = folded(insert.row(record_id, marked(obj, record_id, values)) for record_id, values in records)
    return insert.statement.bind(rows=rows)


def _compile_insert(obj: Object, names: Sequence[str]) -> _Insert:
    own = tuple(name for name in names if obj.fields[name].column is not None)
    custom = tuple(name for name in names if obj.fields[name].column is None)
    types = base_table(obj).c
    columns = ["id", *(str(obj.fields[name].column) for name in own), *(["custom"] if custom else [])]
    statement = _sealing(obj, names, _insert(obj, {column: types[column].type for column in columns}))
    lists = tuple(place for place, column in enumerate(columns) if isinstance(types[column].type, pg.ARRAY))
    return _Insert(statement, own, lists, custom)


def _insert(obj: Object, columns: Mapping[str, sa.types.TypeEngine[Any]]) -> ClauseElement:
    table = base_table(obj)
    rows = unfolded_in_order(columns)
    values: dict[str, sa.ColumnElement[Any]] = {column: rows.c[column] for column in columns}
    values |= {"tenant_id": TENANT, "created_by_id": ACTOR, "last_modified_by_id": ACTOR}
    values |= dict.fromkeys(("created_date", "last_modified_date", "system_modstamp"), STAMP)
    if obj.table is None:
        values["object_name"] = sa.literal(obj.name, sa.Text())
    return sa.insert(table).from_select(list(values), sa.select(*values.values()))


def _sealing(obj: Object, names: Sequence[str], clause: ClauseElement) -> Statement:
    """The statement; where fields among these are encrypted, its rows hold marks."""
    return replace(compile_statement(clause), sealed=any(obj.fields[name].encrypted for name in names))


def update_records(obj: Object, names: Sequence[str]) -> Statement:
    """Set these fields' columns in rows (`ids`); keys of `custom` are laid over those that are there, nulls removed."""
    return kept(obj, ("update", tuple(names)), lambda: _update(obj, names))


def _update(obj: Object, names: Sequence[str]) -> Statement:
    table = base_table(obj)
    columns = _columns_of(obj, names)
    rows = unfolded(columns)
    values: dict[str, Any] = {column: rows.c[column] for column in columns if column != "id"}
    if "custom" in values:
        values["custom"] = sa.func.jsonb_strip_nulls(table.c.custom.op("||")(rows.c.custom))
    # The planner takes unfolded rows for a hundred and might read the whole table; the ids alone lead to the key.
    here = [table.c.tenant_id == TENANT, table.c.id == sa.any_(IDS), table.c.id == rows.c.id]
    return _sealing(obj, names, sa.update(table).values(**values, **_touched(table)).where(*here))


def _touched(table: sa.Table) -> dict[str, Any]:
    stamps = dict.fromkeys(("last_modified_date", "system_modstamp"), STAMP)
    return {**stamps, "last_modified_by_id": ACTOR, "row_version": table.c.row_version + 1}


def mark_deleted(obj: Object) -> Statement:
    """Put records (`ids`) into the recycle bin."""
    return kept(obj, "delete", lambda: _mark(obj, is_deleted=True))


def mark_restored(obj: Object) -> Statement:
    """Take records (`ids`) out of the recycle bin."""
    return kept(obj, "undelete", lambda: _mark(obj, is_deleted=False))


def _mark(obj: Object, *, is_deleted: bool) -> Statement:
    table = base_table(obj)
    values: dict[str, Any] = {"is_deleted": sa.false(), "deleted_date": None, "deleted_by_id": None}
    if is_deleted:
        values = {"is_deleted": sa.true(), "deleted_date": STAMP, "deleted_by_id": ACTOR}
    marked = sa.update(table).values(**values, **_touched(table))
    return compile_statement(marked.where(table.c.tenant_id == TENANT, table.c.id == sa.any_(IDS)))


def erase_records(obj: Object) -> Statement:
    """Remove rows (`ids`) for good."""

    def make() -> Statement:
        table = base_table(obj)
        return compile_statement(sa.delete(table).where(table.c.tenant_id == TENANT, table.c.id == sa.any_(IDS)))

    return kept(obj, "erase", make)


def lock_records(obj: Object) -> Statement:
    """Lock rows (`ids`) in the order of their ids: two batches with the same records wait and don't deadlock."""

    def make() -> Statement:
        table = base_table(obj)
        wanted = sa.select(table.c.id).where(*of_this_object(obj, table), table.c.id == sa.any_(IDS))
        return compile_statement(wanted.order_by(table.c.id).with_for_update(key_share=True))

    return kept(obj, "lock", make)
