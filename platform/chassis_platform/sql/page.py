"""The page of an object's own rows: gathered from ranges of an index, or from the few that a user may see.

Ordered by one thing and owned by somebody, records can be read in order until enough of them are the user's, or all of
the user's can be read and sorted. Which is cheaper depends on how many those are, and PostgreSQL cannot know. So it
looks through the first records in order: who sees many has a page by then. Who hasn't, is asked how many records there
are to see, up to a number; few are read and sorted, for more the index is gone through to the end. Who was asked a
moment ago is led the right way at once (`sql/roads.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement, UnaryExpression
from sqlalchemy.sql.selectable import CTE, FromClause, Select

from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Operator
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.plan.read_plan import AllOf, Compare, OneOf, PlannedCondition, PlannedField, ReadPlan
from chassis_platform.sql.paging import Condition, Key, as_ranges, keys_of
from chassis_platform.sql.record_conditions import Ids, Scan, is_among
from chassis_platform.sql.roads import COUNTED, FEW, NEWEST, Road, about_all
from chassis_platform.sql.sharing import Marks, found_by_indexes, marks_of_reach
from chassis_platform.sql.sources import Reach, Sources, alias_of
from chassis_tenants import storage

#: Rows asked for: one more than are answered, to know whether more follow.
FETCH = sa.bindparam("fetch", type_=sa.BigInteger())
#: Rows answered.
BATCH = sa.bindparam("batch", type_=sa.BigInteger())
OFFSET = sa.bindparam("offset", type_=sa.BigInteger())
#: So many entries of an index are looked through in order first: whoever sees a tenth of all finds a page among them.
FIRST = 800
#: So many records, where an index doesn't tell whether they may be the user's.
FIRST_READ = 300
#: A limit that nothing reaches: it keeps questions from being copied, as OFFSET 0 does, and leaves PostgreSQL the plan
#: that has the first rows soonest.
_ALL_OF_THEM: ColumnElement[int] = sa.literal_column("1000000000")

#: The column that says that something grants access to a record for certain.
KNOWN = "known"


class Chosen(NamedTuple):
    """The records that a plan finds, each with what it is ordered by."""

    rows: Select[Any]
    keys: list[Key]


#: Chooses from rows of the object, found in this way; where other rows lead to them, behind those.
Choose = Callable[..., Chosen]


def rows_asked(*, offset: bool) -> ColumnElement[int]:
    """How many rows a part of the page gives at most."""
    return FETCH + OFFSET if offset else FETCH


def page_parts(  # noqa: PLR0913  what decides about a page, by name
    plan: ReadPlan,
    reach: Reach,
    choose: Choose,
    after_nulls: Sequence[bool] | None,
    *,
    most: ColumnElement[int],
    in_bulk: bool = False,
    road: Road = Road.BY_LOOKING,
) -> tuple[list[Select[Any]], list[Key]]:
    """What the page is gathered from, and what it is ordered by. `in_bulk`: it is one of many, and long."""
    root = storage.tenant_view(plan.object).alias(alias_of(plan.object))
    chosen = choose(root, Scan.OWN if road is Road.OWN else Scan.ONE_BY_ONE)
    if road is not Road.OWN and not chosen.keys[0].indexed:
        chosen = choose(root, Scan.BY_INDEX)
    within = ids_within(plan, reach, chosen.keys, most=None if road is Road.FEW else FEW + 1)
    if within is None:
        return [_in_index_order(chosen, one) for one in as_ranges(chosen.keys, after_nulls)], chosen.keys
    if road is Road.FEW:
        return [_the_few(chosen, root, within, after_nulls)], chosen.keys
    walk = _Walk(plan, reach, choose, chosen, after_nulls)
    # The index of ids holds no owners: to go through it and leave it again for each record would be two ways for one.
    all_of_them = walk.to_the_end(marked=road is not Road.MOST and not (in_bulk and len(chosen.keys) == 1))
    if road in (Road.MANY, Road.MOST):
        return all_of_them, chosen.keys
    first = None if in_bulk else walk.first(most)
    look = _look(first, within, most)
    parts = [_if(look.c.few, _the_few(chosen, root, within, after_nulls))]
    parts += [_if(sa.not_(look.c.few), each) for each in all_of_them]
    if first is not None:
        parts.append(_if(look.c.found, sa.select(*first.c).order_by(*ordered(first, chosen.keys))))
    return parts, chosen.keys


def _if(condition: ColumnElement[bool], rows: Select[Any]) -> Select[Any]:
    return rows.where(sa.select(condition).scalar_subquery())


def _look(first: CTE | None, within: CTE, most: ColumnElement[int]) -> CTE:
    """One row: whether the first look found the page, and if not, whether the user's records are few."""
    found = sa.false() if first is None else sa.select(sa.func.count() >= most).select_from(first).scalar_subquery()
    are_few = sa.select(sa.func.count() <= sa.literal_column(str(FEW))).select_from(within).scalar_subquery()
    look = sa.select(found.label("found")).subquery("look")
    return sa.select(look.c.found, sa.case((sa.not_(look.c.found), are_few)).label("few")).cte("road")


def _the_few(chosen: Chosen, root: FromClause, within: CTE, after_nulls: Sequence[bool] | None) -> Select[Any]:
    """All of the user's records, sorted: OFFSET 0 keeps PostgreSQL from going through them in order."""
    ids = sa.func.array(sa.select(within.c.id).scalar_subquery(), type_=pg.ARRAY(sa.Text()))
    behind = [one for one in as_ranges(chosen.keys, after_nulls) if one is not None] if after_nulls is not None else []
    further = [sa.or_(sa.false(), *behind)] if after_nulls is not None else []
    rows = chosen.rows.where(root.c.id == sa.any_(ids), *further).offset(sa.literal_column("0")).subquery("few")
    return sa.select(*rows.c).order_by(*ordered(rows, chosen.keys))


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through an index in order, and leaves it only for records that may be the user's."""

    plan: ReadPlan
    reach: Reach
    choose: Choose
    chosen: Chosen
    after_nulls: Sequence[bool] | None

    @property
    def keys(self) -> list[Key]:
        """What the page is ordered by."""
        return self.chosen.keys

    def first(self, most: ColumnElement[int]) -> CTE | None:
        """The page as far as the first records have it; None where no index has their order to the end."""
        *before, last = self.keys
        if len(before) > 1 or any(each.descending != last.descending for each in before):
            return None
        parts = [each.limit(most) for each in self._first()]
        return (sa.union_all(*parts) if len(parts) > 1 else parts[0]).cte("first_look")

    def to_the_end(self, *, marked: bool) -> list[Select[Any]]:
        """The page, however many records have to be gone through; `marked`: those that an index tells apart are not."""
        marks = self._marks() if marked else None
        if marks is None or self.plan.where is not None:  # another index may serve what the query asks for
            return [_in_index_order(self.chosen, one) for one in as_ranges(self.keys, self.after_nulls)]
        return list(self._marked_to_the_end(marks))

    def _marked_to_the_end(self, marks: Marks) -> Iterator[Select[Any]]:
        for number, (rows, keys, where) in enumerate(self._ranges(), 1):
            known = _known(rows, marks)
            entries = sa.select(rows.c.id, rows.c.owner_id, *labelled(keys), known).where(*where)
            walk = entries.order_by(*_index_order(_values(keys), keys)).limit(_ALL_OF_THEM).subquery(f"walk_{number}")
            yield self._marked(walk, marks, key_columns(walk, keys))

    def _marks(self) -> Marks | None:
        return marks_of_reach(self.plan.object, self.reach.policy, self.reach.snapshot)

    def _first(self) -> Iterator[Select[Any]]:
        marks = self._marks()
        for number, (rows, keys, where) in enumerate(self._ranges(), 1):
            columns = rows.c if marks is None else [rows.c.id, rows.c.owner_id, *labelled(keys)]
            chosen = sa.select(*columns).where(*where).order_by(*_index_order(_values(keys), keys))
            if marks is None:
                yield self._whole(chosen.limit(FIRST_READ).subquery(f"first_{number}"))
            else:
                most = FIRST if len(keys) > 1 else FIRST_READ  # the index of ids holds no owners
                entries = chosen.limit(most).subquery(f"entries_{number}")
                first = _with_known(entries, marks, keys).subquery(f"first_{number}")
                yield self._marked(first, marks, key_columns(first, keys))

    def _ranges(self) -> Iterator[tuple[FromClause, list[Key], list[Condition]]]:
        """For each range of the order: the object's rows, their keys, and which rows are of the range."""
        obj = self.plan.object
        for number in range(len(as_ranges(self.keys, self.after_nulls))):
            rows = storage.tenant_view(obj).alias(f"range_{number + 1}")
            keys = keys_of(self.plan.order_by, Sources(obj, rows, self.reach))
            within, this_object = as_ranges(keys, self.after_nulls)[number], storage.only_this_object(obj, rows)
            where = [rows.c.tenant_id == TENANT_ID, this_object, within]
            yield rows, keys, [each for each in where if each is not None]

    def _whole(self, rows: FromClause) -> Select[Any]:
        return _in_index_order(self.choose(rows, Scan.ONE_BY_ONE), None)

    def _marked(self, walk: FromClause, marks: Marks, values: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """Whose owner says that it isn't for the user, is not looked at: most records are left where they lie."""
        record = storage.tenant_view(self.plan.object)
        found = sa.select(*record.c).where(record.c.tenant_id == TENANT_ID, record.c.id == walk.c.id)
        root = found.offset(sa.literal_column("0")).lateral(alias_of(self.plan.object))
        known = [walk.c[KNOWN]] if KNOWN in walk.c else _owned_by(walk, marks.whole)
        named = [is_among(walk.c.id, each, Scan.ONE_BY_ONE) for each in marks.records]
        chosen = self.choose(root, Scan.ONE_BY_ONE, walk)
        likely = sa.or_(*known, *_owned_by(walk, marks.owners), *named)
        return chosen.rows.where(likely).order_by(*_index_order(values, self.keys))


def _owned_by(rows: FromClause, owners: Sequence[Ids]) -> list[Condition]:
    return [is_among(rows.c.owner_id, each, Scan.ONE_BY_ONE) for each in owners]


def _with_known(rows: FromClause, marks: Marks, keys: Sequence[Key]) -> Select[Any]:
    """The rows, and whether their owner alone grants access: OFFSET 0 keeps the question from being copied."""
    order = _index_order(key_columns(rows, keys), keys)
    return sa.select(*rows.c, _known(rows, marks)).order_by(*order).offset(sa.literal_column("0"))


def _known(rows: FromClause, marks: Marks) -> ColumnElement[bool]:
    return sa.or_(sa.false(), *_owned_by(rows, marks.whole)).label(KNOWN)


def _names_records(where: PlannedCondition | None) -> bool:
    """Whether the records are named by their ids or other unique keys: then they are few in any case."""
    match where:
        case AllOf(conditions):
            return any(map(_names_records, conditions))
        case Compare(operand, Operator.EQUALS, slot) if slot is not None:
            return isinstance(operand, PlannedField) and _is_unique(operand)
        case OneOf(operand, _, with_null, negated):
            return not with_null and not negated and isinstance(operand, PlannedField) and _is_unique(operand)
        case _:
            return False


def names_one(where: PlannedCondition | None) -> bool:
    """Whether the id of the one record is asked for, and nothing else."""
    match where:
        case Compare(PlannedField(name="Id", hops=()), Operator.EQUALS, slot):
            return slot is not None
        case _:
            return False


def _is_unique(operand: PlannedField) -> bool:
    return not operand.hops and (operand.name == "Id" or operand.field.unique)


def ids_within(plan: ReadPlan, reach: Reach, keys: Sequence[Key], *, most: int | None) -> CTE | None:
    """The records within the user's reach, some twice, until there are `most`; asks indexes alone.

    None where they can't, or where the page is found without.
    """
    if not keys[0].indexed or _names_records(plan.where):
        return None
    record = storage.tenant_view(plan.object).alias("within_reach")
    ways = found_by_indexes(plan.object, record, reach.policy, reach.snapshot)
    if ways is None:
        return None
    this_object = storage.only_this_object(plan.object, record)
    here = [record.c.tenant_id == TENANT_ID, *([] if this_object is None else [this_object])]
    end: ColumnElement[int] | None = None if most is None else sa.literal_column(str(most))
    found = [sa.select(record.c.id).where(*here, each).limit(end).subquery() for each in ways]
    ways_apart = sa.union_all(*(sa.select(each.c.id) for each in found)).subquery("by_any_way")
    return sa.select(ways_apart.c.id).limit(end).cte("reach")


def measured(plan: ReadPlan, reach: Reach, keys: Sequence[Key]) -> Select[Any] | None:
    """One row of what `Extent` holds; None where all roads to the page are one."""
    within = ids_within(plan, reach, keys, most=COUNTED + 1)
    if within is None:
        return None
    obj = plan.object
    marks = marks_of_reach(obj, reach.policy, reach.snapshot)
    counted = sa.select(sa.func.count()).select_from(within).scalar_subquery()
    share = sa.literal_column("0") if marks is None else _share_of_newest(obj, marks).scalar_subquery()
    return sa.select(counted, about_all(obj), share)


def _share_of_newest(obj: Object, marks: Marks) -> Select[Any]:
    """How many of the newest records, of 1, are within reach by their owner alone."""
    rows = storage.tenant_view(obj).alias("newest")
    this_object = storage.only_this_object(obj, rows)
    here = [rows.c.tenant_id == TENANT_ID, *([] if this_object is None else [this_object])]
    some = sa.select(rows.c.owner_id).where(*here).order_by(rows.c.id.desc()).limit(NEWEST).subquery("some")
    of_own = sa.func.count().filter(sa.or_(sa.false(), *_owned_by(some, marks.whole)))
    return sa.select(sa.cast(of_own, sa.Float()) / sa.func.greatest(sa.func.count(), 1))


def _in_index_order(chosen: Chosen, condition: Condition | None) -> Select[Any]:
    """A range of the page in the index's own order: nulls never meet values within one."""
    found = chosen.rows if condition is None else chosen.rows.where(condition)
    return found.order_by(*_index_order(_values(chosen.keys), chosen.keys))


def _values(keys: Sequence[Key]) -> list[ColumnElement[Any]]:
    return [each.value for each in keys]


def _index_order(values: Sequence[ColumnElement[Any]], keys: Sequence[Key]) -> list[UnaryExpression[Any]]:
    """The order of an index by the first key, of the values that rows have for the keys."""
    first, *others = zip(keys, values, strict=True)
    order = [first[0].sorted(first[1], with_nulls=not first[0].indexed)]
    return [*order, *(key.sorted(value, with_nulls=True) for key, value in others)]


def gathered(parts: Sequence[Select[Any]], keys: Sequence[Key], *, offset: bool) -> FromClause:
    """The page of one range, or what is first among several."""
    if len(parts) == 1:
        only = parts[0].limit(FETCH)
        return (only.offset(OFFSET) if offset else only).subquery("page")
    ranges = sa.union_all(*(each.limit(rows_asked(offset=offset)) for each in parts)).subquery("ranges")
    first = sa.select(*ranges.c).order_by(*ordered(ranges, keys)).limit(FETCH)
    return (first.offset(OFFSET) if offset else first).subquery("page")


def ordered(rows: FromClause, keys: Sequence[Key]) -> list[UnaryExpression[Any]]:
    """The order of rows that have the keys as columns."""
    columns = key_columns(rows, keys)
    return [key.sorted(column, with_nulls=True) for key, column in zip(keys, columns, strict=True)]


def key_columns(rows: FromClause, keys: Sequence[Key]) -> list[ColumnElement[Any]]:
    """The columns that hold the keys."""
    return [rows.c[key_label(number)] for number in range(1, len(keys) + 1)]


def labelled(keys: Sequence[Key]) -> list[ColumnElement[Any]]:
    """The keys as columns of rows."""
    return [key.value.label(key_label(position)) for position, key in enumerate(keys, 1)]


def key_label(position: int) -> str:
    """The page's column that holds a term of the order."""
    return f"key_{position}"
