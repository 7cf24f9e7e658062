"""Statements of a merge: which record a merged one has become part of, and the sets that are settled by it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from chassis_metadata.snapshot import Field, Object
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

#: Records (`ids`) have become part of `master_id`, and so has what was merged into them before.
REDIRECT = Statement(
    "INSERT INTO chassis.merged_record (tenant_id, id, object_name, master_id, merged_at, merged_by_id)"
    " SELECT %(tenant)s, unnest(%(ids)s::text[]), %(object_name)s, %(master_id)s, %(stamp)s, %(actor)s"
    " ON CONFLICT (tenant_id, id) DO UPDATE SET master_id = excluded.master_id, merged_at = excluded.merged_at,"
    " merged_by_id = excluded.merged_by_id"
)
REDIRECT_FURTHER = Statement(
    "UPDATE chassis.merged_record SET master_id = %(master_id)s"
    " WHERE tenant_id = %(tenant)s AND master_id = ANY (%(ids)s::text[])"
)
#: Nothing leads away from a record that others are merged into: it had been merged itself, and was restored.
FORGET_REDIRECT = Statement("DELETE FROM chassis.merged_record WHERE tenant_id = %(tenant)s AND id = %(master_id)s")
MASTER_OF = Statement("SELECT master_id FROM chassis.merged_record WHERE tenant_id = %(tenant)s AND id = %(id)s")

#: Open sets that hold merged records, and of whose others only one is left.
SETTLE_SETS = Statement(
    "UPDATE data.duplicate_record_set s SET status = 'Merged', last_modified_date = %(stamp)s,"
    " last_modified_by_id = %(actor)s, system_modstamp = %(stamp)s, row_version = s.row_version + 1"
    " WHERE s.tenant_id = %(tenant)s AND s.status = 'Open' AND s.id = ANY (ARRAY("
    "SELECT i.duplicate_record_set_id FROM data.duplicate_record_item i"
    " WHERE i.tenant_id = %(tenant)s AND i.record_id = ANY (%(ids)s::text[])))"
    " AND (SELECT count(*) FROM data.duplicate_record_item i WHERE i.tenant_id = %(tenant)s"
    " AND i.duplicate_record_set_id = s.id AND NOT i.is_deleted AND NOT EXISTS (SELECT FROM chassis.merged_record m"
    " WHERE m.tenant_id = %(tenant)s AND m.id = i.record_id)) <= 1"
)

#: Which of `ids` are in approval, and which are locked by one that runs or is over.
IN_APPROVAL = Statement(
    "SELECT i.target_object_id, bool_or(i.status = 'Pending'), bool_or(i.is_locking) FROM tenant.process_instance i"
    " WHERE i.tenant_id = %(tenant_id)s AND i.target_object_id = ANY (%(ids)s::text[]) AND NOT i.is_deleted"
    " AND (i.status = 'Pending' OR i.is_locking) GROUP BY i.target_object_id ORDER BY 1"
)


def rows_that_follow(obj: Object, field: Field, more: Sequence[str]) -> Statement:
    """(id, what the field names, the values of `more`) of the rows that name one of `ids`."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        named = value(field, source)
        columns = [source.c.id, named, *(value(obj.fields[each], source) for each in more)]
        labelled = [each.label(f"c{place}") for place, each in enumerate(columns)]
        here = (*of_this_object(obj, source), source.c.is_deleted.is_(sa.false()), named == sa.any_(IDS))
        return compile_statement(sa.select(*labelled).where(*here))

    return kept(obj, ("follows_merge", field.name, tuple(more)), make)
