"""What was changed or deleted of an object in a span of time, as far as the user may see it: ids, by an index."""

from __future__ import annotations

import sqlalchemy as sa

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Object
from chassis_platform.sql.json_values import JSON, Spelling, json_object, spelled
from chassis_platform.sql.sources import Reach, alias_of
from chassis_tenants import storage
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.tables import is_journal

START, END = (sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("start", "end"))
MOST = sa.bindparam("most", type_=sa.Integer())

#: How long a change may still be under way that was stamped before: the oldest open transaction's age.
OLDEST_OPEN = Statement(
    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::double precision"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def compile_changes(obj: Object, reach: Reach) -> Statement:
    """(a JSON array of what was found, how many). With the recycle bin in reach, it is about what was deleted."""
    root = storage.tenant_view(obj).alias(alias_of(obj))
    deleted = reach.include_deleted
    # A journal's entries never change; their stamp has no index.
    moment = root.c.deleted_date if deleted else root.c.created_date if _never_changes(obj) else root.c.system_modstamp
    where = [*reach.conditions(obj, root), moment >= START, moment < END]
    if deleted:
        where.append(root.c.is_deleted)
    ordered = sa.select(root.c.id, moment.label("moment")).where(*where).order_by(moment, root.c.id)
    found = ordered.limit(MOST).subquery("found")
    date = spelled(FieldType.DATETIME, found.c.moment, Spelling.REST)
    told = json_object([("deletedDate", date), ("id", found.c.id)]) if deleted else found.c.id
    listed = sa.func.coalesce(sa.func.json_agg(told, type_=JSON), sa.literal_column("'[]'::json", JSON), type_=JSON)
    return compile_statement(sa.select(listed, sa.func.count()).select_from(found))


def _never_changes(obj: Object) -> bool:
    return obj.table is not None and is_journal(obj)
