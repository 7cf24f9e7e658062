"""Statements that ask what a write needs to know: records as they are, those referred to, those with the same key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.components import OrgWideDefault
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.sharing import visible, writable
from chassis_platform.sql.write import IDS
from chassis_tenants.sealed_columns import finding_mark
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import comparable, is_among, is_pivoted, pivot_kind, pivot_view, tenant_view, value

#: What `load_records` answers before the values of the fields asked for.
ID, VERSION, IS_DELETED, DELETED_DATE, LAST_MODIFIED, VISIBLE, WRITABLE, FIRST_VALUE = range(8)

_PUBLIC = (OrgWideDefault.PUBLIC_READ, OrgWideDefault.PUBLIC_READ_WRITE)


def _under(context: Context) -> tuple[str, str]:
    return context.snapshot.identity, context.policy.grants.identity


def may_see(obj: Object, source: sa.FromClause, context: Context) -> ColumnElement[bool]:
    """Whether the user sees a record: object permission and record access.

    The platform's own public objects (users, roles, queues, record types) may be referred to by everybody.
    """
    public = obj.package == "platform" and obj.sharing in _PUBLIC
    if not (context.policy.on(obj.name).read or public):
        return sa.false()
    return visible(obj, source, context.policy, context.snapshot)


def load_records(obj: Object, names: Sequence[str], context: Context) -> Statement:
    """Records (`ids`) as they are, those in the recycle bin too: state, access, the values of these fields."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        state = [source.c[name] for name in ("id", "row_version", "is_deleted", "deleted_date", "last_modified_date")]
        access = [may_see(obj, source, context), writable(obj, source, context.policy, context.snapshot)]
        values = [value(obj.fields[name], source) for name in names]
        columns = [each.label(f"c{place}") for place, each in enumerate([*state, *access, *values])]
        wanted = sa.select(*columns).where(*of_this_object(obj, source), source.c.id == sa.any_(IDS))
        return compile_statement(wanted)

    return kept(obj, ("load", tuple(names), _under(context)), make)


def referred_records(obj: Object, context: Context) -> Statement:
    """Which of `ids` the user may refer to, and whether the user may also change them."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        may_write = writable(obj, source, context.policy, context.snapshot)
        wanted = sa.select(source.c.id, may_write.label("writable"))
        here = [*of_this_object(obj, source), source.c.id == sa.any_(IDS), ~source.c.is_deleted]
        return compile_statement(wanted.where(*here, may_see(obj, source, context)))

    return kept(obj, ("referred", _under(context)), make)


def records_with_key(obj: Object, field: Field, context: Context) -> Statement:
    """Records whose field has one of the values `keys` (in comparable form): id, key, visible, writable.

    The key of an encrypted field is answered in clear: `key_of` makes the comparable form of it again.
    """

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        seen = may_see(obj, source, context).label("visible")
        may_write = writable(obj, source, context.policy, context.snapshot).label("writable")
        joined, key = _with_key(obj, field, source)
        is_key = key == sa.any_(_keys(key)) if is_pivoted(field) else is_among(field, source, _keys(key))
        here = [*of_this_object(obj, source), ~source.c.is_deleted, is_key]
        shown = value(field, source) if field.encrypted else key
        wanted = sa.select(source.c.id, shown.label("key"), seen, may_write).select_from(joined).where(*here)
        return compile_statement(wanted)

    return kept(obj, ("key", field.name, _under(context)), make)


def key_of(field: Field, answered: Any) -> Any:
    """An answered key in comparable form."""
    return finding_mark(field, answered) if field.encrypted else answered


def _with_key(obj: Object, field: Field, source: sa.FromClause) -> tuple[sa.FromClause, ColumnElement[object]]:
    if not is_pivoted(field):
        return source, comparable(field, source)
    pivot = pivot_view.alias("p")
    same = sa.and_(
        pivot.c.tenant_id == TENANT_ID,
        pivot.c.object_name == sa.literal(obj.name, sa.Text()),
        pivot.c.field_name == sa.literal(field.name, sa.Text()),
        pivot.c.record_id == source.c.id,
    )
    return source.join(pivot, same), pivot.c[pivot_kind(field)]


def _keys(key: ColumnElement[object]) -> ColumnElement[object]:
    plain = sa.Text() if isinstance(key.type, sa.Text) else key.type
    return sa.bindparam("keys", type_=pg.ARRAY(plain))


def children_of(child: Object, field: Field, *, deleted: bool | None = False) -> Statement:
    """Records of `child` that refer by `field` to `ids`: their id, the parent's and when they were deleted.

    Whoever may delete a record deletes what belongs to it, so this asks for no access of the user's. `deleted` None
    means: those in the recycle bin and the others.
    """

    def make() -> Statement:
        source = tenant_view(child).alias("t")
        joined, key = _with_key(child, field, source)
        here = [*of_this_object(child, source), key == sa.any_(IDS)]
        if deleted is not None:
            here.append(source.c.is_deleted if deleted else ~source.c.is_deleted)
        wanted = sa.select(source.c.id, key.label("key"), source.c.deleted_date).select_from(joined)
        return compile_statement(wanted.where(*here))

    return kept(child, ("children", field.name, deleted), make)


def remaining_records(obj: Object) -> Statement:
    """Which of `ids` are there and not in the recycle bin, whoever sees them."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        here = [*of_this_object(obj, source), source.c.id == sa.any_(IDS), ~source.c.is_deleted]
        return compile_statement(sa.select(source.c.id).where(*here))

    return kept(obj, "remaining", make)


def values_of(obj: Object, names: Sequence[str]) -> Statement:
    """The values of these fields of records (`ids`), whoever sees them."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        values = [value(obj.fields[name], source).label(f"c{place}") for place, name in enumerate(names)]
        wanted = sa.select(source.c.id, *values)
        return compile_statement(wanted.where(*of_this_object(obj, source), source.c.id == sa.any_(IDS)))

    return kept(obj, ("values", tuple(names)), make)


def versions_of(obj: Object) -> Statement:
    """The id and version of records (`ids`), whoever sees them."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        wanted = sa.select(source.c.id, source.c.row_version)
        return compile_statement(wanted.where(*of_this_object(obj, source), source.c.id == sa.any_(IDS)))

    return kept(obj, "versions", make)


def last_changes(obj: Object) -> Statement:
    """The id and version of records (`ids`), when somebody changed them and when anything did, whoever sees them."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        told = sa.select(source.c.id, source.c.row_version, source.c.last_modified_date, source.c.system_modstamp)
        return compile_statement(told.where(*of_this_object(obj, source), source.c.id == sa.any_(IDS)))

    return kept(obj, "last_changes", make)


def ancestors_by(obj: Object, field: Field) -> Statement:
    """From the records `ids` up along a reference of an object to itself: each record met and its parent."""

    def make() -> Statement:
        first = tenant_view(obj).alias("t")
        start = sa.select(first.c.id, value(field, first).label("parent"))
        above = start.where(*of_this_object(obj, first), first.c.id == sa.any_(IDS)).cte("above", recursive=True)
        further = tenant_view(obj).alias("u")
        step = sa.select(further.c.id, value(field, further)).join(above, further.c.id == above.c.parent)
        walked = above.union(step.where(*of_this_object(obj, further)))
        return compile_statement(sa.select(walked.c.id, walked.c.parent))

    return kept(obj, ("ancestors", field.name), make)


#: Usernames are unique over all tenants; a function of the owner's answers who has one of `usernames`.
USERNAMES = Statement(
    "SELECT wanted.username, found.tenant_id, found.user_id FROM unnest(%(usernames)s::text[]) AS wanted (username)"
    " CROSS JOIN LATERAL chassis.tenant_of_username(wanted.username) AS found"
)
