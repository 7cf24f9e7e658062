"""The recycle bin: deleted records of all objects that the user may see, latest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE, FromClause, Select

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.plan.logged import Logged
from chassis_platform.plan.read_plan import PlannedField
from chassis_platform.sql.access_log import entries
from chassis_platform.sql.json_values import JSON, Spelling, json_object, json_value, spelled
from chassis_platform.sql.page import BATCH, FETCH
from chassis_platform.sql.sources import Reach, Sources, alias_of
from chassis_tenants import storage
from chassis_tenants.statement import Statement, compile_statement

AFTER_DATE = sa.bindparam("after_1", type_=sa.DateTime(timezone=True))
AFTER_ID = sa.bindparam("after_2", type_=sa.Text())


@dataclass(frozen=True, slots=True)
class CompiledBin:
    """A statement that answers (records, how many were found, key of the last one answered)."""

    statement: Statement
    entry_count: int


def compile_bin(objects: Sequence[Object], reach: Reach, *, is_later_page: bool) -> CompiledBin:
    """The statement over these objects' deleted records; names that are classified are logged."""
    parts = [_deleted(each, reach, is_later_page=is_later_page) for each in objects]
    union = sa.union_all(*parts).subquery("deleted")
    latest = (union.c.deleted_date.desc(), union.c.id.desc())
    page = sa.select(*union.c).order_by(*latest).limit(FETCH).subquery("page")
    position = sa.func.row_number().over(order_by=(page.c.deleted_date.desc(), page.c.id.desc())).label("position")
    records = _bodies(sa.select(*page.c, position).cte("records"), reach)
    logged = [Logged(each.name, ("Name",)) for each in objects if each.fields["Name"].classification.is_logged]
    rows = [_of_object(records, each.object_name, number) for number, each in enumerate(logged, 1)]
    result = _result(records)
    return CompiledBin(compile_statement(result.add_cte(*entries(logged, rows)) if logged else result), len(logged))


def _deleted(obj: Object, reach: Reach, *, is_later_page: bool) -> Select[*tuple[Any, ...]]:
    record = storage.tenant_view(obj).alias(alias_of(obj))
    name, is_shown = _name(obj, record, reach)
    columns = (
        record.c.id,
        sa.literal_column(f"'{obj.name}'", sa.Text()).label("object_name"),
        name.label("name"),
        is_shown.label("is_shown"),
        record.c.deleted_date,
        record.c.deleted_by_id,
    )
    found = sa.select(*columns).where(*reach.conditions(obj, record), record.c.is_deleted)
    if is_later_page:
        found = found.where(sa.tuple_(record.c.deleted_date, record.c.id) < sa.tuple_(AFTER_DATE, AFTER_ID))
    return found.order_by(record.c.deleted_date.desc(), record.c.id.desc()).limit(FETCH)


def _name(obj: Object, record: FromClause, reach: Reach) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    """The name as the user sees it, and whether that is in clear."""
    sources = Sources(obj, record, reach)
    clear = sources.clear_of(obj.fields["Name"], record)
    shown = json_value(PlannedField((), (obj.fields["Name"],)), sources, Spelling.UI)
    return shown, sa.true() if clear is None else clear


def _bodies(records: CTE, reach: Reach) -> CTE:
    person = storage.tenant_view(reach.snapshot.objects["User"]).alias("person")
    who = sa.case((records.c.deleted_by_id.is_not(None), json_object(
        [("id", records.c.deleted_by_id), ("name", person.c.name)]
    )))  # fmt: skip
    body = json_object(
        [
            ("id", records.c.id),
            ("object", records.c.object_name),
            ("name", records.c.name),
            ("deleted_date", spelled(FieldType.DATETIME, records.c.deleted_date, Spelling.UI)),
            ("deleted_by", who),
        ]
    )
    key = sa.func.json_build_array(sa.cast(records.c.deleted_date, sa.Text()), records.c.id, type_=JSON)
    by = sa.and_(person.c.tenant_id == TENANT_ID, person.c.id == records.c.deleted_by_id)
    own = (records.c.id, records.c.object_name, records.c.position, records.c.is_shown)
    columns = (*own, body.label("body"), key.label("key"))
    return sa.select(*columns).select_from(records.outerjoin(person, by)).cte("answer")


def _result(answer: CTE) -> Select[*tuple[Any, ...]]:
    bodies = sa.func.json_agg(aggregate_order_by(answer.c.body, answer.c.position), type_=JSON)
    last = sa.func.json_agg(answer.c.key, type_=JSON).filter(answer.c.position == BATCH)
    empty = sa.literal_column("'[]'::json", JSON)
    return sa.select(
        sa.func.coalesce(bodies.filter(answer.c.position <= BATCH), empty, type_=JSON),
        sa.func.count(),
        last.op("->", return_type=JSON)(sa.literal_column("0")),
    ).select_from(answer)


def _of_object(answer: CTE, object_name: str, number: int) -> FromClause:
    own = answer.c.object_name == sa.literal(object_name, sa.Text())
    return sa.select(answer.c.id).where(own, answer.c.is_shown, answer.c.position <= BATCH).subquery(f"read_{number}")
