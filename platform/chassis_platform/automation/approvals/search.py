"""Statements that look for approvers: by name, up a tree of records, by role, permission and membership."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.logic.approval import Approver
from chassis_metadata.logic.approval_formulas import reference_at
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.rows import of_this_object, unfolded
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

#: How far up a tree of records is looked: more is a circle.
HIGHEST = 30

USERS_BY_NAME = Statement(
    "SELECT 'user', lower(u.username), u.id FROM tenant.\"user\" u WHERE u.tenant_id = %(tenant_id)s"
    " AND lower(u.username) = ANY (%(names)s::text[]) AND NOT u.is_deleted"
)
QUEUES_BY_NAME = Statement(
    "SELECT 'queue', g.developer_name, g.id FROM tenant.\"group\" g WHERE g.tenant_id = %(tenant_id)s"
    " AND g.developer_name = ANY (%(names)s::text[]) AND NOT g.is_deleted"
)


def key_columns(count: int) -> dict[str, sa.types.TypeEngine[Any]]:
    """The columns of the rows that are looked up: which, and its values as text."""
    return {"place": sa.Integer(), **{f"k{number}": sa.Text() for number in range(count)}}


def walk_up(snapshot: Snapshot, each: Approver, target: Object) -> Statement:
    """From the records `rows` up along a reference until the approver's field is filled: (place, user or queue)."""
    keys = unfolded(key_columns(1))
    first, further = tenant_view(target).alias("t"), tenant_view(target).alias("u")
    found, parent = reference_at(snapshot, target, str(each.field)), each.up and target.fields[each.up]

    def columns(source: FromClause) -> list[ColumnElement[Any]]:
        above: ColumnElement[Any] = value(parent, source) if parent else sa.null()
        return [value(found, source).label("found"), sa.cast(above, sa.Text()).label("above")]

    start = sa.select(keys.c.place, *columns(first), sa.literal(0).label("level")).select_from(keys)
    start = start.join(first, first.c.id == keys.c.k0).where(*of_this_object(target, first))
    walked = start.cte("walked", recursive=True)
    step = sa.select(walked.c.place, *columns(further), walked.c.level + 1).select_from(walked)
    step = step.join(further, further.c.id == walked.c.above).where(*of_this_object(target, further))
    step = step.where(walked.c.found.is_(None), walked.c.level < HIGHEST)
    walked = walked.union_all(step)
    return compile_statement(sa.select(walked.c.place, walked.c.found).where(walked.c.found.is_not(None)))


def users_like(snapshot: Snapshot, each: Approver, tree: Object | None) -> Statement:
    """Active users that fit, for each of the rows of match values: (place, level, users).

    With `tree`, the object that `up` climbs, the records above the matched one are tried too, by level.
    """
    keys: FromClause = unfolded(key_columns(len(each.match)))
    level: ColumnElement[Any] = sa.literal(0)
    if tree is not None and each.up is not None:
        keys = _with_those_above(keys, tree, each.up)
        level = keys.c.level
    user = tenant_view(snapshot.objects["User"]).alias("person")
    joined = keys.join(user, sa.and_(user.c.tenant_id == TENANT_ID, user.c.is_active, ~user.c.is_deleted))
    ids = sa.func.array_agg(sa.distinct(user.c.id), type_=pg.ARRAY(sa.Text()))
    wanted = sa.select(keys.c.place, level.label("level"), ids).select_from(joined)
    wanted = wanted.where(*_conditions(snapshot, each, user, keys))
    return compile_statement(wanted.group_by(keys.c.place, level))


def _with_those_above(keys: FromClause, tree: Object, up: str) -> FromClause:
    above = tenant_view(tree).alias("above")
    start = sa.select(keys.c.place, keys.c.k0.collate("C").label("k0"), sa.literal(0).label("level"))
    climbed = start.cte("climbed", recursive=True)
    parent = sa.cast(value(tree.fields[up], above), sa.Text()).collate("C")
    step = sa.select(climbed.c.place, parent, climbed.c.level + 1).select_from(climbed)
    step = step.join(above, above.c.id == climbed.c.k0)
    step = step.where(*of_this_object(tree, above), parent.is_not(None), climbed.c.level < HIGHEST)
    return climbed.union_all(step)


def _conditions(
    snapshot: Snapshot, each: Approver, user: FromClause, keys: FromClause
) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if each.role is not None:
        conditions.append(_in_role(snapshot, each.role, user))
    conditions += [_has_set(snapshot, names, user) for names in _sets_wanted(snapshot, each)]
    if each.members is not None:
        conditions.append(_is_member(snapshot, each, user, keys))
    else:
        conditions += _equal(snapshot.objects["User"], each, user, keys)
    return conditions


def _sets_wanted(snapshot: Snapshot, each: Approver) -> list[list[str]]:
    wanted: list[list[str]] = [[each.permission_set]] if each.permission_set is not None else []
    if each.permission is not None:
        sets = snapshot.permission_sets.values()
        wanted.append([one.name for one in sets if each.permission in one.custom_permissions])
    return wanted


def _equal(of: Object, each: Approver, holder: FromClause, keys: FromClause) -> list[ColumnElement[bool]]:
    return [
        sa.cast(value(of.fields[own], holder), sa.Text()) == keys.c[f"k{number}"]
        for number, (own, _) in enumerate(each.match)
    ]


def _in_role(snapshot: Snapshot, name: str, user: FromClause) -> ColumnElement[bool]:
    role = tenant_view(snapshot.objects["UserRole"]).alias("role")
    here = [role.c.tenant_id == TENANT_ID, role.c.id == user.c.user_role_id, ~role.c.is_deleted]
    return sa.exists().where(*here, role.c.developer_name == sa.literal(name, sa.Text()))


def _has_set(snapshot: Snapshot, names: Sequence[str], user: FromClause) -> ColumnElement[bool]:
    assignment = tenant_view(snapshot.objects["PermissionSetAssignment"]).alias("assignment")
    granted = tenant_view(snapshot.objects["PermissionSet"]).alias("granted")
    wanted = sa.literal(list(names), pg.ARRAY(sa.Text()))
    return sa.exists().where(
        assignment.c.tenant_id == TENANT_ID,
        assignment.c.assignee_id == user.c.id,
        ~assignment.c.is_deleted,
        granted.c.tenant_id == TENANT_ID,
        granted.c.id == assignment.c.permission_set_id,
        ~granted.c.is_deleted,
        granted.c.name == sa.any_(wanted),
    )


def _is_member(snapshot: Snapshot, each: Approver, user: FromClause, keys: FromClause) -> ColumnElement[bool]:
    name, _, user_field = str(each.members).partition(".")
    holder = snapshot.objects[name]
    member = tenant_view(holder).alias("member")
    here = [*of_this_object(holder, member), ~member.c.is_deleted]
    here.append(value(holder.fields[user_field], member) == user.c.id)
    return sa.exists().where(*here, *_equal(holder, each, member, keys))
