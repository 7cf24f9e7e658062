"""The page of an object's own rows: gathered from ranges of an index, or from the few that a user may see.

Ordered by one thing and owned by somebody, records can be read in order until enough of them are the user's, or all of
the user's can be read and sorted. Which is cheaper depends on how many those are, and PostgreSQL cannot know: the
owners are found while the statement runs. So it looks for them first, up to a number, and takes one road or the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement, UnaryExpression
from sqlalchemy.sql.selectable import CTE, FromClause, Select

from chassis_metadata.soql.tree import Operator
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.plan.read_plan import AllOf, Compare, OneOf, PlannedCondition, PlannedField, ReadPlan
from chassis_platform.sql.paging import Condition, Key, as_ranges
from chassis_platform.sql.sharing import found_by_indexes
from chassis_platform.sql.sources import Sources
from chassis_tenants import storage

#: Rows asked for: one more than are answered, to know whether more follow.
FETCH = sa.bindparam("fetch", type_=sa.BigInteger())
#: Rows answered.
BATCH = sa.bindparam("batch", type_=sa.BigInteger())
OFFSET = sa.bindparam("offset", type_=sa.BigInteger())
#: So many records of a user's are read and sorted; more are met soon enough by going through all in order.
#: Each list of who sees more pays for counting them: at 5,000, that was most of what a list cost.
FEW = 1_000


def page_parts(
    plan: ReadPlan, sources: Sources, chosen: Select[Any], keys: Sequence[Key], after_nulls: Sequence[bool] | None
) -> list[Select[Any]]:
    """What the page is gathered from; `chosen` are all the records that the plan finds."""
    ranges = as_ranges(keys, after_nulls)
    within = _ids_within(sources) if keys[0].indexed and not _names_records(plan.where) else None
    if within is None:
        return [_in_index_order(chosen, one, keys) for one in ranges]
    are_few = sa.select(sa.func.count() <= sa.literal_column(str(FEW))).select_from(within).scalar_subquery()
    ids = sa.func.array(sa.select(within.c.id).scalar_subquery(), type_=pg.ARRAY(sa.Text()))
    behind = [one for one in ranges if one is not None] if after_nulls is not None else []
    further = [sa.or_(sa.false(), *behind)] if after_nulls is not None else []
    few = _apart(chosen.where(are_few, sources.root.c.id == sa.any_(ids), *further), keys)
    return [few, *(_in_index_order(chosen.where(sa.not_(are_few)), one, keys) for one in ranges)]


def _names_records(where: PlannedCondition | None) -> bool:
    """Whether the records are named by their ids or other unique keys: then they are few in any case."""
    match where:
        case AllOf(conditions):
            return any(map(_names_records, conditions))
        case Compare(operand, Operator.EQUALS, slot) if slot is not None:
            return isinstance(operand, PlannedField) and _is_unique(operand)
        case OneOf(operand, _, with_null, negated):
            return not with_null and not negated and _is_unique(operand)
        case _:
            return False


def _is_unique(operand: PlannedField) -> bool:
    return not operand.hops and (operand.name == "Id" or operand.field.unique)


def _ids_within(sources: Sources) -> CTE | None:
    """The records within the user's reach, some twice, until there are too many; asks indexes alone.

    None where they can't.
    """
    reach, obj = sources.reach, sources.obj
    record = storage.tenant_view(obj).alias("within_reach")
    ways = found_by_indexes(obj, record, reach.policy, reach.snapshot)
    if ways is None:
        return None
    this_object = storage.only_this_object(obj, record)
    here = [record.c.tenant_id == TENANT_ID, *([] if this_object is None else [this_object])]
    most: ColumnElement[int] = sa.literal_column(str(FEW + 1))
    found = [sa.select(record.c.id).where(*here, each).limit(most).subquery() for each in ways]
    ways_apart = sa.union_all(*(sa.select(each.c.id) for each in found)).subquery("by_any_way")
    return sa.select(ways_apart.c.id).limit(most).cte("reach")


def _apart(chosen: Select[Any], keys: Sequence[Key]) -> Select[Any]:
    """All of the records, then sorted: OFFSET 0 keeps PostgreSQL from going through them in order."""
    rows = chosen.offset(sa.literal_column("0")).subquery("few")
    return sa.select(*rows.c).order_by(*ordered(rows, keys))


def _in_index_order(chosen: Select[Any], condition: Condition | None, keys: Sequence[Key]) -> Select[Any]:
    """A range of the page in the index's own order: nulls never meet values within one."""
    found = chosen if condition is None else chosen.where(condition)
    first, *others = keys
    order = [first.sorted(first.value, with_nulls=not first.indexed)]
    return found.order_by(*order, *(key.sorted(key.value, with_nulls=True) for key in others))


def gathered(parts: Sequence[Select[Any]], keys: Sequence[Key], *, offset: bool) -> FromClause:
    """The page of one range, or what is first among several."""
    if len(parts) == 1:
        only = parts[0].limit(FETCH)
        return (only.offset(OFFSET) if offset else only).subquery("page")
    most = FETCH + OFFSET if offset else FETCH
    ranges = sa.union_all(*(each.limit(most) for each in parts)).subquery("ranges")
    first = sa.select(*ranges.c).order_by(*ordered(ranges, keys)).limit(FETCH)
    return (first.offset(OFFSET) if offset else first).subquery("page")


def ordered(rows: FromClause, keys: Sequence[Key]) -> list[UnaryExpression[Any]]:
    """The order of rows that have the keys as columns."""
    columns = key_columns(rows, keys)
    return [key.sorted(column, with_nulls=True) for key, column in zip(keys, columns, strict=True)]


def key_columns(rows: FromClause, keys: Sequence[Key]) -> list[ColumnElement[Any]]:
    """The columns that hold the keys."""
    return [rows.c[key_label(number)] for number in range(1, len(keys) + 1)]


def key_label(position: int) -> str:
    """The page's column that holds a term of the order."""
    return f"key_{position}"
