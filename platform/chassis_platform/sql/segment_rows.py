"""Who belongs to a segment and is no member yet, and whose membership has ended."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.segment import Group, Segment
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.consent_rows import need_not_rest
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept, of_this_object
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import comparable, tenant_view

AFTER = sa.bindparam("after", type_=sa.Text())
MOST = sa.bindparam("most", type_=sa.Integer())


def joining(snapshot: Snapshot, segment: Segment) -> Statement:
    """The ids of up to `most` records behind `after` that belong to the segment and are no members."""

    def make() -> Statement:
        record = tenant_view(obj).alias("record")
        wanted = [*of_this_object(obj, record), sa.not_(record.c.is_deleted), record.c.id > AFTER]
        wanted += [_belongs(snapshot, obj, segment, record), sa.not_(_is_member(snapshot, segment.name, record.c.id))]
        return compile_statement(sa.select(record.c.id).where(*wanted).order_by(record.c.id).limit(MOST))

    obj = snapshot.objects[segment.object_name]
    return kept(obj, ("joining", snapshot.identity, segment), make)


def leaving(snapshot: Snapshot, segment: Segment) -> Statement:
    """The ids of up to `most` memberships behind `after` of records that don't belong to the segment any more."""

    def make() -> Statement:
        member = tenant_view(snapshot.objects["SegmentMember"]).alias("leaving")
        record = tenant_view(obj).alias("record")
        there = [*of_this_object(obj, record), sa.not_(record.c.is_deleted), record.c.id == member.c.record_id]
        belongs = sa.exists().where(*there, _belongs(snapshot, obj, segment, record))
        wanted = [*_current(snapshot, segment.name, member), member.c.id > AFTER, sa.not_(belongs)]
        return compile_statement(sa.select(member.c.id).where(*wanted).order_by(member.c.id).limit(MOST))

    obj = snapshot.objects[segment.object_name]
    return kept(obj, ("leaving", snapshot.identity, segment), make)


def member_count(snapshot: Snapshot, name: str) -> Statement:
    """How many members a segment has."""
    member = tenant_view(snapshot.objects["SegmentMember"]).alias("member")
    return compile_statement(sa.select(sa.func.count()).where(*_current(snapshot, name, member)))


def member_counts(snapshot: Snapshot) -> Statement:
    """(segment, how many members it has) of all segments that have any."""
    member = tenant_view(snapshot.objects["SegmentMember"]).alias("member")
    current = [member.c.tenant_id == TENANT_ID, member.c.left_at.is_(None), sa.not_(member.c.is_deleted)]
    counted = sa.select(member.c.segment_name, sa.func.count()).where(*current)
    return compile_statement(counted.group_by(member.c.segment_name))


def _belongs(snapshot: Snapshot, obj: Object, segment: Segment, record: FromClause) -> ColumnElement[bool]:
    found: ColumnElement[bool] = sa.false()
    for group in segment.groups:
        own = _in_group(snapshot, obj, group, record)
        match group.combine:
            case "union":
                found = sa.or_(found, own)
            case "intersect":
                found = sa.and_(found, own)
            case "minus":
                found = sa.and_(found, sa.not_(own))
    return sa.and_(found, *need_not_rest(snapshot, record.c.id))


def _in_group(snapshot: Snapshot, obj: Object, group: Group, record: FromClause) -> ColumnElement[bool]:
    if group.segment is not None:
        return _is_member(snapshot, group.segment, record.c.id)
    criteria = formula_of(snapshot, obj, str(group.criteria), Kind.BOOLEAN)
    value = compile_expression(criteria, Rows(snapshot, obj, record)).value
    return sa.func.coalesce(value, sa.false(), type_=sa.Boolean())


def _is_member(snapshot: Snapshot, name: str, record_id: ColumnElement[str]) -> ColumnElement[bool]:
    member = tenant_view(snapshot.objects["SegmentMember"]).alias()
    return sa.exists().where(*_current(snapshot, name, member), member.c.record_id == record_id)


def _current(snapshot: Snapshot, name: str, member: FromClause) -> list[ColumnElement[bool]]:
    field = snapshot.objects["SegmentMember"].fields["SegmentName"]
    named = comparable(field, member) == sa.literal(name.lower(), sa.Text())
    return [member.c.tenant_id == TENANT_ID, named, member.c.left_at.is_(None), sa.not_(member.c.is_deleted)]
