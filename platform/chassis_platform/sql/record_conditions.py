"""Conditions of sharing, restriction and masking rules as predicates over an object's rows.

Ids that belong to whoever asks are an array that PostgreSQL makes once a statement, whatever stands in it how often;
compared with an array, an index on the field serves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE, CompoundSelect, FromClause, Select

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.access_set import AccessSet, AccessSource, access_sets_of
from chassis_metadata.logic.audience import Audience
from chassis_metadata.logic.record_condition import RecordCondition, criteria_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.sharing import REACHED_GROUP_IDS, ROLE_IDS, TENANT_ID, USER_ID
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.narrowing import narrowing
from chassis_platform.sql.owners import users_and_queues
from chassis_tenants import storage

Ids = Select[Any] | CompoundSelect[Any]
Condition = ColumnElement[bool]
_TEXTS = pg.ARRAY(sa.Text())


def holds(condition: RecordCondition, obj: Object, source: FromClause, snapshot: Snapshot) -> Condition:
    """Whether a row meets the condition for whoever asks; true where the condition says nothing."""
    return sa.and_(sa.true(), *_parts(condition, obj, source, snapshot))


def _parts(condition: RecordCondition, obj: Object, source: FromClause, snapshot: Snapshot) -> Iterable[Condition]:
    if condition.owner:
        yield owned_by_us(source, snapshot)
    if condition.owned_by is not None:
        yield source.c.owner_id == _among(condition.owned_by, snapshot)
    if condition.user_field is not None:
        yield storage.value(obj.fields[condition.user_field], source) == USER_ID
    if condition.field is not None and condition.access_set is not None:
        yield storage.value(obj.fields[condition.field], source) == in_set(condition.access_set, snapshot)
    if condition.criteria is not None:
        yield from _criteria(criteria_of(snapshot, obj, condition.criteria), Rows(snapshot, obj, source))


def _among(audience: Audience, snapshot: Snapshot) -> ColumnElement[Any]:
    digest = hashlib.sha256(repr(audience).encode()).hexdigest()[:12]
    return one_of(f"owners_{digest}", lambda: users_and_queues(audience, snapshot), snapshot)


def is_index_served(condition: RecordCondition, obj: Object) -> bool:
    """Whether an index finds the records that meet the condition."""
    if condition.owner or condition.owned_by is not None or condition.user_field is not None:
        return True
    return condition.field is not None and (condition.field == "Id" or obj.fields[condition.field].column is not None)


def _criteria(expression: Expression, rows: Rows) -> Iterable[Condition]:
    yield compile_expression(expression, rows).value
    yield from narrowing(expression.root, rows)


def one_of(name: str, ids: Callable[[], Ids], snapshot: Snapshot) -> ColumnElement[Any]:
    """`ANY` of ids that a query finds, to be compared with; a statement asks for those of one name once."""
    return sa.any_(sa.cast(sa.select(_kept(name, ids, snapshot).c.ids).scalar_subquery(), _TEXTS))


def _kept(name: str, ids: Callable[[], Ids], snapshot: Snapshot) -> CTE:
    def make() -> CTE:
        return sa.select(sa.func.array(ids().scalar_subquery(), type_=_TEXTS).label("ids")).cte(name)

    return snapshot.keep(("ids", name), make)


def owned_by_us(source: FromClause, snapshot: Snapshot) -> Condition:
    """The owner is the user, a queue of the user's, or somebody below; a queue of somebody's below too."""
    return source.c.owner_id == one_of("us", lambda: _us(snapshot), snapshot)


def each_of_us(snapshot: Snapshot) -> Select[Any]:
    """The user, the groups and users below: whoever the user stands for, as rows."""
    us = _kept("us", lambda: _us(snapshot), snapshot)
    return sa.select(sa.func.unnest(us.c.ids))


def _us(snapshot: Snapshot) -> Ids:
    return sa.union_all(sa.select(USER_ID), sa.select(sa.func.unnest(REACHED_GROUP_IDS)), _subordinates(snapshot))


def _subordinates(snapshot: Snapshot) -> Select[Any]:
    users = storage.tenant_view(snapshot.objects["User"]).alias("subordinate")
    return sa.select(users.c.id).where(users.c.tenant_id == TENANT_ID, users.c.user_role_id == sa.any_(ROLE_IDS))


def in_set(name: str, snapshot: Snapshot) -> ColumnElement[Any]:
    """`ANY` of the ids of an access set for whoever asks."""
    return one_of(f"set_{name}", lambda: ids_of_set(name, snapshot), snapshot)


def ids_of_set(name: str, snapshot: Snapshot) -> Ids:
    """The ids of an access set for whoever asks; none where the set is gone."""
    found = access_sets_of(snapshot).get(name)
    if found is None or found.object_name not in snapshot.objects:
        return sa.select(sa.cast(sa.null(), sa.Text())).where(sa.false())
    sources = [_of_source(each, snapshot) for each in found.sources if each.object_name in snapshot.objects]
    own = sa.union(*sources)
    return own if found.parent_field is None else _with_those_below(found, own, snapshot)


def _of_source(source: AccessSource, snapshot: Snapshot) -> Select[Any]:
    obj = snapshot.objects[source.object_name]
    rows = storage.tenant_view(obj).alias(f"{obj.table or 'own_object'}_of_set")
    reference = storage.value(obj.fields[source.field], rows)
    wanted = sa.select(reference.label("id")).where(*_there(obj, rows), reference.is_not(None))
    if source.user_field is not None:
        wanted = wanted.where(_names_us(storage.value(obj.fields[source.user_field], rows), source, snapshot))
    if source.within is not None and source.access_set is not None:
        wanted = wanted.where(storage.value(obj.fields[source.within], rows) == in_set(source.access_set, snapshot))
    if source.criteria is not None:
        wanted = wanted.where(*_criteria(criteria_of(snapshot, obj, source.criteria), Rows(snapshot, obj, rows)))
    return wanted


def _names_us(named: ColumnElement[Any], source: AccessSource, snapshot: Snapshot) -> Condition:
    if not source.hierarchy:
        return named == USER_ID
    return named == one_of("us", lambda: _us(snapshot), snapshot)


def _with_those_below(found: AccessSet, own: Ids, snapshot: Snapshot) -> Select[Any]:
    obj = snapshot.objects[found.object_name]
    start = own.subquery("own")
    reached = sa.select(start.c.id).cte("reached", recursive=True, nesting=True)
    rows = storage.tenant_view(obj).alias("below")
    parent = storage.value(obj.fields[str(found.parent_field)], rows)
    step = sa.select(rows.c.id).join(reached, parent == reached.c.id).where(*_there(obj, rows))
    walked = reached.union(step)
    return sa.select(walked.c.id)


def _there(obj: Object, rows: FromClause) -> list[Condition]:
    this_object = storage.only_this_object(obj, rows)
    here = [rows.c.tenant_id == TENANT_ID, sa.not_(rows.c.is_deleted)]
    return here if this_object is None else [*here, this_object]
