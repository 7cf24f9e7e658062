"""What happened to a record's fields, as far as the user may see the record and read the fields.

Old and new values are masked as the record's present ones are.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.fields import NUMERIC_TYPES, REFERENCE_TYPES, FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.field_masks import FieldMask
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.plan.logged import Logged
from chassis_platform.sql.access_log import entries
from chassis_platform.sql.clearness import is_clear
from chassis_platform.sql.json_values import JSON, Spelling, json_object, spelled
from chassis_platform.sql.masks import masked, masked_text
from chassis_platform.sql.sources import Reach, alias_of
from chassis_tenants import storage
from chassis_tenants.statement import Statement, compile_statement

RECORD_ID = sa.bindparam("record_id", type_=sa.Text())
#: Fields that the user may read, and those among them that are classified.
READABLE = sa.bindparam("readable", type_=pg.ARRAY(sa.Text()))
CLASSIFIED = sa.bindparam("classified", type_=pg.ARRAY(sa.Text()))
MOST_CHANGES = 500
_WITHOUT_MASK = REFERENCE_TYPES | {FieldType.CHECKBOX, FieldType.TIME}


def compile_history(obj: Object, reach: Reach) -> Statement:
    """Answers (whether the user may see the record, its changes, newest first); logs the classified fields shown."""
    record = storage.tenant_view(obj).alias(alias_of(obj))
    visible = sa.exists().where(*reach.conditions(obj, record), record.c.id == RECORD_ID)
    changes = _changes(reach, obj).where(visible).order_by(sa.desc("id")).limit(MOST_CHANGES).cte("changes")
    body = sa.func.json_agg(aggregate_order_by(changes.c.body, changes.c.id.desc()), type_=JSON)
    result = sa.select(visible, sa.func.coalesce(body, sa.literal_column("'[]'::json", JSON), type_=JSON))
    is_logged = sa.and_(changes.c.field_name == sa.any_(CLASSIFIED), changes.c.is_clear)
    shown = sa.select(RECORD_ID.label("id")).where(is_logged).subquery("read_1")
    logged = Logged(obj.name, ())
    fields = sa.select(sa.func.array_agg(changes.c.field_name.distinct()).filter(is_logged)).scalar_subquery()
    return compile_statement(result.select_from(changes).add_cte(*entries([logged], [shown], fields=fields)))


def _changes(reach: Reach, obj: Object) -> sa.Select[*tuple[Any, ...]]:
    history = storage.tenant_view(reach.snapshot.objects["FieldHistory"]).alias("change")
    person = storage.tenant_view(reach.snapshot.objects["User"]).alias("person")
    by = json_object([("id", history.c.user_id), ("name", person.c.name)])
    body = json_object(
        [
            ("field", history.c.field_name),
            ("old", _shown(history, history.c.old_value, obj, reach)),
            ("new", _shown(history, history.c.new_value, obj, reach)),
            *([("masked", sa.not_(_is_clear(history, obj, reach)))] if _masked_fields(obj, reach) else []),
            ("date", spelled(FieldType.DATETIME, history.c.created_date, Spelling.UI)),
            ("by", by),
        ]
    )
    joined = history.outerjoin(person, sa.and_(person.c.tenant_id == TENANT_ID, person.c.id == history.c.user_id))
    return (
        sa.select(
            history.c.id, history.c.field_name, _is_clear(history, obj, reach).label("is_clear"), body.label("body")
        )
        .select_from(joined)
        .where(
            history.c.tenant_id == TENANT_ID,
            history.c.record_id == RECORD_ID,
            history.c.object_name__lower == sa.func.lower(sa.literal(obj.name, sa.Text())),
            history.c.field_name == sa.any_(READABLE),
        )
    )


def _masked_fields(obj: Object, reach: Reach) -> list[tuple[Field, FieldMask]]:
    masks = reach.policy.on(obj.name).masks
    return [(each, masks[name]) for name, each in obj.fields.items() if name in masks and each.tracked]


def _is_clear(history: FromClause, obj: Object, reach: Reach) -> ColumnElement[bool]:
    """Whether the record shows the field that was changed."""
    found = [(_is_of(history, each), _by_record(mask, obj, reach)) for each, mask in _masked_fields(obj, reach)]
    return sa.case(*found, else_=sa.true()) if found else sa.true()


def _shown(history: FromClause, value: ColumnElement[Any], obj: Object, reach: Reach) -> ColumnElement[Any]:
    found = [
        (_is_of(history, each), sa.case((_by_record(mask, obj, reach), value), else_=_hidden(each, mask, value)))
        for each, mask in _masked_fields(obj, reach)
    ]
    return sa.case(*found, else_=value) if found else value


def _is_of(history: FromClause, field: Field) -> ColumnElement[bool]:
    return history.c.field_name == sa.literal(field.name, sa.Text())


def _hidden(field: Field, mask: FieldMask, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The journal keeps every value as a text."""
    if field.type in _WITHOUT_MASK:
        return sa.null()
    if field.type in NUMERIC_TYPES:
        hidden = masked(field, mask.mask, sa.cast(value, sa.Numeric()))
        return sa.null() if hidden is None else hidden
    return masked_text(mask.mask, value)


def _by_record(mask: FieldMask, obj: Object, reach: Reach) -> ColumnElement[bool]:
    record = storage.tenant_view(obj).alias("record")
    clear = is_clear(mask, obj, record, reach.snapshot, {})
    here = [record.c.tenant_id == TENANT_ID, record.c.id == RECORD_ID]
    return sa.exists(sa.select(sa.literal_column("1")).select_from(record).where(*here, clear).correlate(None))
