"""Conditions of sharing, restriction and masking rules as predicates over an object's rows.

Ids that belong to whoever asks are an array that PostgreSQL makes once a statement, whatever stands in it how often.
Compared with an array, an index on the field serves; but where rows are met one by one, each would be compared with
every id, so there the ids are hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE, CompoundSelect, FromClause, Select

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.access_set import AccessSet, AccessSource, access_sets_of
from chassis_metadata.logic.record_condition import RecordCondition, criteria_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.owners import parameter_of
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.access.sharing import ARRAY, SEPARATOR, TENANT_ID, US, USER_ID
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.narrowing import narrowing
from chassis_tenants import storage

Found = Select[Any] | CompoundSelect[Any]
Ids = Select[Any]
Condition = ColumnElement[bool]
_TEXTS = pg.ARRAY(sa.Text())


class Scan(Enum):
    """How rows are looked at: found by an index on what a condition compares, met one by one on another road, or all.

    Where all are looked at, a statement that is planned with the very ids of whoever asks compares with them faster
    than one that gets them when it runs. `OWN` leaves out the rows to which something else than their owner gives
    access.
    """

    BY_INDEX = "by_index"
    ONE_BY_ONE = "one_by_one"
    ALL = "all"
    OWN = "own"


def scan_of_all(policy: AccessPolicy) -> Scan:
    """How to look at all rows for somebody: PostgreSQL takes long to plan with thousands of ids, and stops doing so."""
    return Scan.ALL if policy.names_few else Scan.ONE_BY_ONE


def holds(
    condition: RecordCondition, obj: Object, source: FromClause, snapshot: Snapshot, scan: Scan = Scan.BY_INDEX
) -> Condition:
    """Whether a row meets the condition for whoever asks; true where the condition says nothing."""
    return sa.and_(sa.true(), *_parts(condition, obj, source, snapshot, scan))


def _parts(
    condition: RecordCondition, obj: Object, source: FromClause, snapshot: Snapshot, scan: Scan
) -> Iterable[Condition]:
    yield from (is_among(source.c.owner_id, each, scan) for each in owners_in(condition))
    if condition.user_field is not None:
        yield storage.value(obj.fields[condition.user_field], source) == USER_ID
    if condition.field is not None and condition.access_set is not None:
        ids = set_ids(condition.access_set, snapshot)
        yield is_among(storage.value(obj.fields[condition.field], source), ids, scan)
    if condition.criteria is not None:
        yield from _criteria(criteria_of(snapshot, obj, condition.criteria), Rows(snapshot, obj, source))


def owners_in(condition: RecordCondition) -> list[Ids]:
    """Arrays of owners, in each of which a record's owner must be to meet the condition."""
    found = [us()] if condition.owner else []
    return found if condition.owned_by is None else [*found, _bound(parameter_of(condition.owned_by))]


def us() -> Ids:
    """One row: the user, everybody below, and the groups and queues of all of them, as an array."""
    return _bound(US)


def _bound(name: str) -> Ids:
    text = sa.bindparam(name, type_=sa.Text())
    return sa.select(sa.func.string_to_array(text, sa.literal_column(f"'{SEPARATOR}'"), type_=_TEXTS).label("ids"))


def is_among(value: ColumnElement[Any], ids: Ids, scan: Scan) -> Condition:
    """Whether a value is in an array of ids."""
    parts = None if ids.get_final_froms() else next(iter(ids.selected_columns)).element.clauses
    if scan is Scan.ALL and parts is not None:
        text, _ = parts
        return value == sa.any_(sa.bindparam(text.key + ARRAY, type_=_TEXTS))
    if scan is not Scan.ONE_BY_ONE:
        among = value == sa.any_(sa.cast(ids.scalar_subquery(), _TEXTS))
        return sa.and_(_are_some(ids), among) if scan is Scan.ALL else among
    each = sa.func.unnest(next(iter(ids.subquery().c))) if parts is None else sa.func.string_to_table(*parts)
    # IS TRUE keeps PostgreSQL from making a join of it, which would lose the order in which rows are met.
    return value.in_(sa.select(each)).is_(sa.true())


def _are_some(ids: Ids) -> Condition:
    """Asked once a statement: where there are none, as of most users' shares, no row has to be compared with them."""
    [array] = ids.selected_columns
    return ids.with_only_columns(sa.func.cardinality(array) > sa.literal_column("0")).scalar_subquery()


def is_index_served(condition: RecordCondition, obj: Object) -> bool:
    """Whether an index finds the records that meet the condition."""
    if condition.owner or condition.owned_by is not None or condition.user_field is not None:
        return True
    if condition.readers_of:
        return all(obj.fields[name].column is not None for name in condition.readers_of)
    return condition.field is not None and (condition.field == "Id" or obj.fields[condition.field].column is not None)


def _criteria(expression: Expression, rows: Rows) -> Iterable[Condition]:
    yield compile_expression(expression, rows).value
    yield from narrowing(expression.root, rows)


def ids_once(name: str, ids: Callable[[], Found], snapshot: Snapshot) -> Ids:
    """The ids that a query finds, as an array; a statement asks for those of one name once."""

    def make() -> CTE:
        return sa.select(sa.func.array(ids().scalar_subquery(), type_=_TEXTS).label("ids")).cte(name)

    return sa.select(snapshot.keep(("ids", name), make).c.ids)


def set_ids(name: str, snapshot: Snapshot) -> Ids:
    """The ids of an access set for whoever asks, as an array."""
    return ids_once(f"set_{name}", lambda: ids_of_set(name, snapshot), snapshot)


def ids_of_set(name: str, snapshot: Snapshot) -> Found:
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
        wanted = wanted.where(_names_us(storage.value(obj.fields[source.user_field], rows), source))
    if source.within is not None and source.access_set is not None:
        within = storage.value(obj.fields[source.within], rows)
        wanted = wanted.where(is_among(within, set_ids(source.access_set, snapshot), Scan.BY_INDEX))
    if source.criteria is not None:
        wanted = wanted.where(*_criteria(criteria_of(snapshot, obj, source.criteria), Rows(snapshot, obj, rows)))
    return wanted


def _names_us(named: ColumnElement[Any], source: AccessSource) -> Condition:
    return is_among(named, us(), Scan.BY_INDEX) if source.hierarchy else named == USER_ID


def _with_those_below(found: AccessSet, own: Found, snapshot: Snapshot) -> Select[Any]:
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
