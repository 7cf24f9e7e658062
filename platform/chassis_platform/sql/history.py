"""What happened to a record's fields, as far as the user may see the record and read the fields."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import aggregate_order_by

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.plan.logged import Logged
from chassis_platform.sql.access_log import entries
from chassis_platform.sql.json_values import JSON, Spelling, json_object, spelled
from chassis_platform.sql.sources import Reach, alias_of
from chassis_tenants import storage
from chassis_tenants.statement import Statement, compile_statement

RECORD_ID = sa.bindparam("record_id", type_=sa.Text())
#: Fields that the user may read, and those among them that are classified.
READABLE = sa.bindparam("readable", type_=pg.ARRAY(sa.Text()))
CLASSIFIED = sa.bindparam("classified", type_=pg.ARRAY(sa.Text()))
MOST_CHANGES = 500


def compile_history(obj: Object, reach: Reach) -> Statement:
    """Answers (whether the user may see the record, its changes, newest first); logs the classified fields shown."""
    record = storage.tenant_view(obj).alias(alias_of(obj))
    visible = sa.exists().where(*reach.conditions(obj, record), record.c.id == RECORD_ID)
    changes = _changes(reach, obj).where(visible).order_by(sa.desc("id")).limit(MOST_CHANGES).cte("changes")
    body = sa.func.json_agg(aggregate_order_by(changes.c.body, changes.c.id.desc()), type_=JSON)
    result = sa.select(visible, sa.func.coalesce(body, sa.literal_column("'[]'::json", JSON), type_=JSON))
    shown = sa.select(RECORD_ID.label("id")).where(changes.c.field_name == sa.any_(CLASSIFIED)).subquery("read_1")
    logged = Logged(obj.name, ())
    fields = sa.select(
        sa.func.array_agg(changes.c.field_name.distinct()).filter(changes.c.field_name == sa.any_(CLASSIFIED))
    ).scalar_subquery()
    return compile_statement(result.select_from(changes).add_cte(*entries([logged], [shown], fields=fields)))


def _changes(reach: Reach, obj: Object) -> sa.Select[*tuple[Any, ...]]:
    history = storage.tenant_view(reach.snapshot.objects["FieldHistory"]).alias("change")
    person = storage.tenant_view(reach.snapshot.objects["User"]).alias("person")
    by = json_object([("id", history.c.user_id), ("name", person.c.name)])
    body = json_object(
        [
            ("field", history.c.field_name),
            ("old", history.c.old_value),
            ("new", history.c.new_value),
            ("date", spelled(FieldType.DATETIME, history.c.created_date, Spelling.UI)),
            ("by", by),
        ]
    )
    joined = history.outerjoin(person, sa.and_(person.c.tenant_id == TENANT_ID, person.c.id == history.c.user_id))
    return (
        sa.select(history.c.id, history.c.field_name, body.label("body"))
        .select_from(joined)
        .where(
            history.c.tenant_id == TENANT_ID,
            history.c.record_id == RECORD_ID,
            history.c.object_name__lower == sa.func.lower(sa.literal(obj.name, sa.Text())),
            history.c.field_name == sa.any_(READABLE),
        )
    )
