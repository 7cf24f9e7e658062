"""Child sets: for each record of a page, its children as a query result of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, LateralFromClause, Select

from chassis_metadata.naming import storage_name
from chassis_platform.plan.logged import Logged
from chassis_platform.plan.read_plan import ChildSet, ReadPlan, child_sets_within
from chassis_platform.sql.found import filtered
from chassis_platform.sql.json_values import JSON, Json, built_object
from chassis_platform.sql.page import BATCH
from chassis_platform.sql.paging import Key, keys_of
from chassis_platform.sql.shapes import rest_record
from chassis_platform.sql.sources import Reach, Sources
from chassis_tenants import storage

_TEXTS = pg.ARRAY(sa.Text())


def ids_label(number: int) -> str:
    """The column that holds the ids of one set of logged records."""
    return f"ids_{number}"


def id_at(logged: Logged, sources: Sources) -> ColumnElement[Any]:
    """The id of the record whose classified fields are read; null where they are masked."""
    source = sources.at(logged.hops)[logged.object_name]
    field = sources.reach.snapshot.objects[logged.object_name].fields[logged.fields[0]]
    clear = sources.clear_of(field, source)
    return source.c.id if clear is None else sa.case((clear, source.c.id))


def first_of(path: str) -> str:
    """The child set of the page's own records on the way to another one."""
    return path.partition("/")[0]


def url_name(number: int) -> str:
    """The parameter that holds where more of a child set is to be had, but for the key behind which it goes on."""
    return f"children_url_{number}"


def child_rows(plan: ReadPlan, parent: FromClause, reach: Reach, logged: Sequence[Logged]) -> dict[str, FromClause]:
    """For each child set, one row for each row of `parent`."""
    numbers = {path: number for number, (path, _) in enumerate(child_sets_within(plan))}
    family = _Family(reach, logged, numbers)
    return {each.name: family.rows(each, parent, each.name) for each in plan.child_sets}


@dataclass(frozen=True, slots=True)
class _Family:
    """Children of a page's records, and theirs: `numbers` says by which parameter more of each is found."""

    reach: Reach
    logged: Sequence[Logged]
    numbers: Mapping[str, int]

    def rows(self, child: ChildSet, parent: FromClause, path: str) -> LateralFromClause:
        """The child set as JSON, and the ids whose classified fields it and those in it show."""
        each = self._records(child, parent, path).subquery(self._prefix(path) + "record")
        answered = each.c.position <= BATCH
        ids = [
            _gathered(each.c[ids_label(number)], answered, is_own=one.child == path).label(ids_label(number))
            for number, one in self._within(path)
        ]
        some = sa.func.count() > sa.literal_column("0")
        body = sa.case((some, self._result(each, path))).label("body")
        return sa.select(body, *ids).lateral(self._prefix(path) + "set")

    def _result(self, each: FromClause, path: str) -> Json:
        """As a query answers: what doesn't fit into a batch is behind an address."""
        answered = each.c.position <= BATCH
        records = sa.func.json_agg(aggregate_order_by(each.c.body, each.c.position), type_=JSON).filter(answered)
        last = sa.func.max(_as_cursor(each.c.key), type_=sa.Text()).filter(each.c.position == BATCH)
        prefix = sa.bindparam(url_name(self.numbers[path]), type_=sa.Text())
        total = ("totalSize", sa.func.count())
        more = built_object(
            [total, ("done", sa.false()), ("nextRecordsUrl", prefix + last), ("records", records)],
        )
        whole = built_object([total, ("done", sa.true()), ("records", records)])
        return sa.case((sa.func.count() > BATCH, more), else_=whole)

    def _records(self, child: ChildSet, parent: FromClause, path: str) -> Select[Any]:
        plan = child.plan
        sources, where = filtered(plan, self.reach, prefix=self._prefix(path))
        where.append(storage.value(child.field, sources.root) == parent.c.id)
        clear = sources.clear_of(child.field, sources.root)
        if clear is not None:
            where.append(clear)  # whose children they are is what the reference says
        below = {each.name: self.rows(each, sources.root, f"{path}/{each.name}") for each in plan.child_sets}
        keys = keys_of(plan.order_by, sources)
        order = [key.sorted(key.value, with_nulls=True) for key in keys]
        body = rest_record(plan.selected, sources, lambda each: below[each.name].c.body).label("body")
        place = sa.func.row_number().over(order_by=order)
        position = place - sa.literal_column(str(plan.offset)) if plan.offset else place
        columns = [body, position.label("position"), _key(parent, keys).label("key"), *self._ids(path, sources, below)]
        source = sources.all()
        for each in below.values():
            source = source.outerjoin(each, sa.true())
        found = sa.select(*columns).select_from(source).where(*where).order_by(*order).correlate(parent)
        found = found.offset(sa.literal_column(str(plan.offset))) if plan.offset else found
        return found if plan.limit is None else found.limit(sa.literal_column(str(plan.limit)))

    def _ids(self, path: str, sources: Sources, below: Mapping[str, FromClause]) -> Iterator[ColumnElement[Any]]:
        for number, each in self._within(path):
            label = ids_label(number)
            if each.child == path:
                yield id_at(each, sources).label(label)
            else:
                name = str(each.child)[len(path) + 1 :]
                yield below[first_of(name)].c[label].label(label)

    def _within(self, path: str) -> list[tuple[int, Logged]]:
        """What is logged of a child set and of those in it."""
        numbered = enumerate(self.logged, 1)
        return [(number, each) for number, each in numbered if f"{each.child}/".startswith(f"{path}/")]

    def _prefix(self, path: str) -> str:
        """Apart for each child set, and short, however deep it lies."""
        return f"{storage_name(path)}_" if "/" not in path else f"children_{self.numbers[path]}_"


def _gathered(ids: ColumnElement[Any], answered: ColumnElement[bool], *, is_own: bool) -> ColumnElement[Any]:
    """The ids of all rows in one list; those of child sets are lists already, and ids have no commas."""
    if is_own:
        return sa.func.array_agg(ids, type_=_TEXTS).filter(answered)
    comma: ColumnElement[str] = sa.literal_column("','", sa.Text())
    joined = sa.func.string_agg(sa.func.array_to_string(ids, comma), comma, type_=sa.Text()).filter(answered)
    return sa.func.string_to_array(sa.func.nullif(joined, sa.literal_column("''")), comma, type_=_TEXTS)


def _key(parent: FromClause, keys: Sequence[Key]) -> ColumnElement[Any]:
    """Whose children, how many were answered, and the key of the last one."""
    values = [parent.c.id, sa.cast(BATCH, sa.Text()), *(sa.cast(each.value, sa.Text()) for each in keys)]
    return sa.func.json_build_array(*values, type_=JSON)


def _as_cursor(key: ColumnElement[Any]) -> ColumnElement[str]:
    """The key as `records/cursors.py` writes it."""
    content = sa.func.convert_to(sa.cast(key, sa.Text()), sa.literal_column("'UTF8'"))
    encoded = sa.func.encode(content, sa.literal_column("'base64'"), type_=sa.Text())
    return sa.func.translate(encoded, sa.literal_column("E'+/=\\n'"), sa.literal_column("'-_'"), type_=sa.Text())
