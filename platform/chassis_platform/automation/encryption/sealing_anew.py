"""The job that seals values anew which an older data key sealed: field by field, in the order of ids, a batch at once.

It may stop anywhere and goes on where it was. Nothing is locked: a value that somebody changed meanwhile is sealed with
the new key already, and is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.encryption.rotation import encrypted_fields
from chassis_platform.sql.rows import folded, kept, of_this_object, unfolded
from chassis_platform.sql.write import TENANT
from chassis_tenants.database import Binding, Database, Row, Transaction
from chassis_tenants.sealed_columns import place_of, sealing_mark
from chassis_tenants.sealing import VERSION_PART
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import base_table, stored_text, tenant_view, value

BATCH = 500
_AFTER = sa.bindparam("after", type_=sa.Text(collation="C"))
_NUMBER = sa.bindparam("number", type_=sa.Text())
_MOST = sa.bindparam("most", type_=sa.Integer())

_WHERE_WE_ARE = Statement(
    "SELECT object_name, last_id FROM chassis.key_rotation WHERE tenant_id = %(tenant_id)s AND number = %(number)s"
    " AND finished_at IS NULL AND number = (SELECT max(number) FROM chassis.key_rotation"
    " WHERE tenant_id = %(tenant_id)s)"
)
_ADVANCE = Statement(
    "UPDATE chassis.key_rotation SET object_name = %(place)s, last_id = %(last_id)s,"
    " sealed_anew = sealed_anew + %(sealed)s WHERE tenant_id = %(tenant_id)s AND number = %(number)s"
)
_FINISH = Statement(
    "UPDATE chassis.key_rotation SET finished_at = %(now)s, object_name = NULL, last_id = NULL"
    " WHERE tenant_id = %(tenant_id)s AND number = %(number)s"
)


async def seal_anew(database: Database, context: Context, number: int) -> None:
    """Until nothing is left that an older key sealed. Where a newer rotation began, that one's job does it."""
    anew = _Anew(database, context.snapshot, context.tenant.id, number)
    [rows] = await database.read(Binding(anew.tenant_id), _WHERE_WE_ARE.bind(**anew.named))
    if not rows:
        return
    place, last_id = rows[0]
    while await anew.go_over(place, last_id or ""):  # what was written while we went is found by going once more
        place, last_id = None, ""
    await database.read(Binding(anew.tenant_id), _FINISH.bind(**anew.named, now=clock.now()))


@dataclass(frozen=True, slots=True)
class _Anew:
    database: Database
    snapshot: Snapshot
    tenant_id: int
    number: int

    @property
    def named(self) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, "number": self.number}

    async def go_over(self, place: str | None, last_id: str) -> int:
        """Over all fields, from a position on; answers how many values were sealed anew."""
        done = 0
        for field in encrypted_fields(self.snapshot):
            if place is not None and place_of(field) < place:
                continue
            done += await self._field(field, last_id if place_of(field) == place else "")
        return done

    async def _field(self, field: Field, after: str) -> int:
        done = 0
        while True:
            async with self.database.transaction(Binding(self.tenant_id)) as transaction:
                found, sealed = await self._batch(transaction, field, after)
            done += sealed
            if len(found) < BATCH:
                return done
            after = found[-1][0]

    async def _batch(self, transaction: Transaction, field: Field, after: str) -> tuple[list[Row], int]:
        obj = self.snapshot.objects[field.object_name]
        asked = {"tenant_id": self.tenant_id, "after": after, "most": BATCH, "number": str(self.number)}
        found = await transaction.fetch(_older(obj, field).bind(**asked))
        rows = [
            {"id": record_id, "was": stored, "becomes": sealing_mark(field, record_id, clear)}
            for record_id, stored, clear in found
            if clear is not None  # its key was destroyed
        ]
        sealed = await self._write(transaction, obj, field, rows)
        last = found[-1][0] if found else after
        await transaction.fetch(_ADVANCE.bind(**self.named, place=place_of(field), last_id=last, sealed=sealed))
        return found, sealed

    async def _write(self, transaction: Transaction, obj: Object, field: Field, rows: Sequence[dict[str, Any]]) -> int:
        if not rows:
            return 0
        parameters = {"tenant": self.tenant_id, "tenant_id": self.tenant_id, "ids": [row["id"] for row in rows]}
        return len(await transaction.fetch(_replaced(obj, field).bind(**parameters, rows=folded(rows))))


def _older(obj: Object, field: Field) -> Statement:
    """The next values that another key sealed: id, as it is stored, in clear."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        stored = stored_text(field, source)
        dot, part = sa.literal_column("'.'", sa.Text()), sa.literal_column(str(VERSION_PART), sa.Integer())
        older = sa.func.split_part(stored, dot, part, type_=sa.Text()) != _NUMBER
        wanted = sa.select(source.c.id, stored.label("stored"), value(field, source).label("clear"))
        here = [*of_this_object(obj, source), source.c.id > _AFTER, stored.is_not(None), older]
        return compile_statement(wanted.where(*here).order_by(source.c.id).limit(_MOST))

    return kept(obj, ("sealed by older keys", field.name), make)


def _replaced(obj: Object, field: Field) -> Statement:
    """Values (`rows`) take the place of those that are as they were; nothing else of the records changes."""

    def make() -> Statement:
        table = base_table(obj)
        rows = unfolded({"id": sa.Text(collation="C"), "was": sa.Text(), "becomes": sa.Text()})
        same = stored_text(field, table) == rows.c.was
        here = [table.c.tenant_id == TENANT, table.c.id == sa.any_(_ids()), table.c.id == rows.c.id, same]
        changed = sa.update(table).values(_columns(table, field, rows.c.becomes)).where(*here)
        return replace(compile_statement(changed.returning(table.c.id)), sealed=True)

    return kept(obj, ("sealed anew", field.name), make)


def _ids() -> sa.BindParameter[Any]:
    return sa.bindparam("ids", type_=pg.ARRAY(sa.Text()))


def _columns(table: sa.Table, field: Field, becomes: sa.ColumnElement[Any]) -> dict[str, Any]:
    if field.column is not None:
        return {field.column: becomes}
    inside = sa.func.jsonb_build_object(sa.literal(field.name, sa.Text()), becomes, type_=pg.JSONB())
    return {"custom": table.c.custom.op("||")(inside)}
