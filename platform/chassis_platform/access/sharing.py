"""Which records a user may see or change, as one SQL predicate: the same for every road to the data.

Ids of the user, the queues and the roles are bound when a statement runs, under the names below, so that users with
the same grants share its text.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.components import OrgWideDefault
from chassis_metadata.logic.approval import objects_in_approval
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform import clock
from chassis_platform.access.policy import AccessPolicy
from chassis_tenants import storage

TENANT_ID = sa.bindparam("tenant_id", type_=sa.Integer())
USER_ID = sa.bindparam("user_id", type_=sa.Text())
QUEUE_IDS = sa.bindparam("queue_ids", type_=pg.ARRAY(sa.Text()))
ROLE_IDS = sa.bindparam("role_ids", type_=pg.ARRAY(sa.Text()))
#: The days that it is anywhere on earth: whose delegate somebody is decides the tenant's calendar, when it matters.
FIRST_DAY = sa.bindparam("first_day", type_=sa.Date())
LAST_DAY = sa.bindparam("last_day", type_=sa.Date())

_EVERYBODY = {
    "visible": frozenset({OrgWideDefault.PUBLIC_READ, OrgWideDefault.PUBLIC_READ_WRITE}),
    "writable": frozenset({OrgWideDefault.PUBLIC_READ_WRITE}),
}
_ON_ALL = {"visible": "view_all", "writable": "modify_all"}


def who_asks(policy: AccessPolicy) -> dict[str, object]:
    """The values of the parameters that say who the user is among owners."""
    return {
        "user_id": policy.user_id,
        "queue_ids": list(policy.queue_ids),
        "role_ids": list(policy.subordinate_role_ids),
        "first_day": (clock.now() - timedelta(hours=12)).date(),
        "last_day": (clock.now() + timedelta(hours=14)).date(),
    }


def visible(obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot) -> ColumnElement[bool]:
    """The records of `source`, an alias of the object's view, that the user may see."""
    return _within("visible", obj, source, policy, snapshot)


def writable(obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot) -> ColumnElement[bool]:
    """The records of `source` that the user may change, where the object permission lets the user change any."""
    return _within("writable", obj, source, policy, snapshot)


def _within(
    reach: str, obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot, *, above: int = 0
) -> ColumnElement[bool]:
    access = policy.on(obj.name)
    if getattr(access, _ON_ALL[reach]) or obj.sharing in _EVERYBODY[reach]:
        return sa.true()
    if obj.sharing is OrgWideDefault.CONTROLLED_BY_PARENT:
        found = _parent_within(reach, obj, source, policy, snapshot, above)
    else:
        found = owned_by_us(source, snapshot) if obj.has_owner else sa.false()
    if reach == "visible" and obj.name in objects_in_approval(snapshot):
        return sa.or_(found, _asked_about(source, snapshot))
    return found


def _asked_about(source: FromClause, snapshot: Snapshot) -> ColumnElement[bool]:
    """Whoever is asked to approve a record sees it as long as the request waits; delegates and queue members too."""
    request = storage.tenant_view(snapshot.objects["ProcessInstanceWorkitem"]).alias("request")
    away = storage.tenant_view(snapshot.objects["DelegatedApprover"]).alias("away")
    for_others = sa.select(away.c.user_id).where(
        away.c.tenant_id == TENANT_ID,
        away.c.delegate_id == USER_ID,
        away.c.is_active,
        ~away.c.is_deleted,
        away.c.start_date <= LAST_DAY,
        away.c.end_date >= FIRST_DAY,
    )
    actors = sa.union_all(sa.select(USER_ID), sa.select(sa.func.unnest(QUEUE_IDS)), for_others)
    asked = sa.func.array(actors.scalar_subquery(), type_=pg.ARRAY(sa.Text()))
    records = sa.select(request.c.target_object_id).where(
        request.c.tenant_id == TENANT_ID, ~request.c.is_deleted, request.c.actor_id == sa.any_(asked)
    )
    return source.c.id == sa.any_(sa.func.array(records.scalar_subquery(), type_=pg.ARRAY(sa.Text())))


def is_owner_limited(obj: Object, policy: AccessPolicy) -> bool:
    """Whether who owns a record is all that decides if the user sees it."""
    return obj.sharing is OrgWideDefault.PRIVATE and obj.has_owner and not policy.on(obj.name).view_all


def owned_by_us(source: FromClause, snapshot: Snapshot) -> ColumnElement[bool]:
    """The owner is the user, a queue the user is in, or somebody whose role is below.

    The owners are one array that PostgreSQL makes once a statement, so that an index on the owner serves it.
    """
    users = storage.tenant_view(snapshot.objects["User"]).alias("subordinate")
    below = sa.select(users.c.id).where(users.c.tenant_id == TENANT_ID, users.c.user_role_id == sa.any_(ROLE_IDS))
    owners = sa.union_all(sa.select(USER_ID), sa.select(sa.func.unnest(QUEUE_IDS)), below)
    return source.c.owner_id == sa.any_(sa.func.array(owners.scalar_subquery(), type_=pg.ARRAY(sa.Text())))


_HIGHEST_PARENT = 5


def _parent_within(
    reach: str, obj: Object, source: FromClause, policy: AccessPolicy, snapshot: Snapshot, above: int
) -> ColumnElement[bool]:
    """The record that controls this one is within reach; without one, only who sees all sees it."""
    field = obj.fields[obj.controlled_by] if obj.controlled_by else None
    if field is None or above >= _HIGHEST_PARENT:
        return sa.false()
    reference = storage.value(field, source)
    found = [
        _exists_within(reach, snapshot.objects[name], reference, policy, snapshot, above)
        for name in field.references
        if name in snapshot.objects and policy.on(name).read
    ]
    return sa.or_(sa.false(), *found)


def _exists_within(
    reach: str,
    parent: Object,
    reference: ColumnElement[object],
    policy: AccessPolicy,
    snapshot: Snapshot,
    above: int,
) -> ColumnElement[bool]:
    source = storage.tenant_view(parent).alias(f"parent_{above + 1}")
    conditions = [source.c.tenant_id == TENANT_ID, source.c.id == reference]
    this_object = storage.only_this_object(parent, source)
    if this_object is not None:
        conditions.append(this_object)
    conditions.append(_within(reach, parent, source, policy, snapshot, above=above + 1))
    return sa.exists().where(*conditions)
