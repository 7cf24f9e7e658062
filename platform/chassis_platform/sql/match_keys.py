"""The table of match keys: which records have which, kept with every write, built for those that were there before."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis_metadata.logic.matching_rule import RelatedValue, criterion_of_rows
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

_KEY = sa.Text(collation="C")

match_key = sa.Table(
    "match_key",
    sa.MetaData(),
    sa.Column("tenant_id", sa.Integer()),
    sa.Column("key_id", _KEY),
    sa.Column("token", _KEY),
    sa.Column("record_id", _KEY),
    sa.Column("grams", pg.ARRAY(sa.Integer())),
    schema="chassis",
)

#: The keys `key_ids` of records (`ids`) go; others of theirs stay.
DROP_KEYS = Statement(
    "DELETE FROM chassis.match_key WHERE tenant_id = %(tenant)s AND record_id = ANY (%(ids)s)"
    " AND key_id = ANY (%(key_ids)s)"
)
KEEP_KEYS = Statement(
    "INSERT INTO chassis.match_key (tenant_id, key_id, token, record_id, grams)"
    " SELECT %(tenant)s, r.key_id, r.token, r.record_id, r.grams FROM json_to_recordset(%(rows)s::json)"
    " AS r (key_id text, token text, record_id text, grams integer[]) ON CONFLICT DO NOTHING",
    sealed=True,  # a token made of encrypted values comes as a mark
)
#: Records that are gone for good.
ERASE_KEYS = Statement("DELETE FROM chassis.match_key WHERE tenant_id = %(tenant)s AND record_id = ANY (%(ids)s)")

#: Whoever saves a record with the same key at the same moment waits until this write has ended, and then sees it. The
#: locks are taken in one order. Few records lock their tokens, and share the key's lock; many lock the keys alone.
LOCK_KEYS_SHARED = Statement(
    "SELECT count(*) FROM (SELECT pg_advisory_xact_lock_shared(l.number) FROM"
    " (SELECT unnest(%(locks)s::bigint[]) AS number ORDER BY 1) l) locked"
)
LOCK_KEYS = Statement(LOCK_KEYS_SHARED.text.replace("lock_shared", "lock"))
LOCK_TOKENS = Statement(
    "SELECT count(*) FROM (SELECT pg_advisory_xact_lock(hashtextextended(t.token, %(tenant)s)) FROM"
    " (SELECT DISTINCT k.token FROM chassis.match_key k WHERE k.tenant_id = %(tenant)s"
    " AND k.record_id = ANY (%(ids)s) AND k.key_id = ANY (%(key_ids)s) ORDER BY k.token) t) locked"
)

#: Keys are made for what was there before, object by object, in the order of ids.
BEGIN_BUILD = Statement(
    "INSERT INTO chassis.match_key_build (tenant_id, key_id, object_name)"
    " SELECT %(tenant)s, r.key_id, r.object_name FROM json_to_recordset(%(rows)s::json)"
    " AS r (key_id text, object_name text) ON CONFLICT DO NOTHING"
)
UNFINISHED_BUILDS = Statement(
    "SELECT key_id, object_name, last_id FROM chassis.match_key_build WHERE tenant_id = %(tenant)s AND NOT is_done"
    " ORDER BY object_name, key_id"
)
ADVANCE_BUILD = Statement(
    "UPDATE chassis.match_key_build SET last_id = %(last_id)s, is_done = %(is_done)s WHERE tenant_id = %(tenant)s"
    " AND object_name = %(object_name)s AND key_id = ANY (%(key_ids)s)"
)
#: What no rule asks for any more.
FORGET_BUILDS = Statement(
    "DELETE FROM chassis.match_key_build WHERE tenant_id = %(tenant)s AND NOT (key_id = ANY (%(key_ids)s))"
    " RETURNING key_id"
)
FORGET_KEYS = Statement("DELETE FROM chassis.match_key WHERE tenant_id = %(tenant)s AND key_id = ANY (%(key_ids)s)")


def next_records(obj: Object) -> Statement:
    """Ids of the records behind `after`, `most` at once, those in the recycle bin too: they may come back."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        behind = source.c.id > sa.bindparam("after", type_=_KEY)
        ids = sa.select(source.c.id).where(*of_this_object(obj, source), behind, source.c.tenant_id == TENANT_ID)
        return compile_statement(ids.order_by(source.c.id).limit(sa.bindparam("most", type_=sa.Integer())))

    return kept(obj, "next_records", make)


def related_values(snapshot: Snapshot, obj: Object, part: RelatedValue) -> Statement:
    """The values of related records, with the ids of the records (`ids`) that they refer to."""

    def make() -> Statement:
        child = next(each for each in obj.children if each.name == part.relationship)
        related = snapshot.objects[child.child]
        source = tenant_view(related).alias("t")
        reference = value(related.fields[child.field], source)
        here = [*of_this_object(related, source), ~source.c.is_deleted, reference == sa.any_(IDS)]
        if part.criteria is not None:
            expression = criterion_of_rows(snapshot, related, part.criteria)
            here.append(
                sa.func.coalesce(compile_expression(expression, Rows(snapshot, related, source)).value, sa.false())
            )
        found = sa.select(reference.label("parent"), value(related.fields[part.field], source).label("value"))
        return compile_statement(found.where(*here).order_by(source.c.id))

    return snapshot.keep(("related_match_values", obj.name, part), make)
