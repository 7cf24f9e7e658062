"""A ReadPlan as one SELECT whose value is the body of the answer: the page first, then what hangs on its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE, FromClause, Select

from chassis_metadata.snapshot import Field, Snapshot
from chassis_platform.access.field_masks import Conditions
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.plan.logged import Logged, logged_reads
from chassis_platform.plan.read_plan import Column, ReadPlan, child_sets_within, fields_of
from chassis_platform.sql.access_log import entries
from chassis_platform.sql.children import child_rows, first_of, id_at, ids_label
from chassis_platform.sql.clearness import columns_asked, conditions_of, met
from chassis_platform.sql.field_values import columns_in, columns_read
from chassis_platform.sql.found import conditions, filtered
from chassis_platform.sql.json_values import JSON, Json
from chassis_platform.sql.page import (
    BATCH,
    KNOWN,
    Chosen,
    gathered,
    key_columns,
    labelled,
    measured,
    names_one,
    ordered,
    page_parts,
    rows_asked,
)
from chassis_platform.sql.paging import Key, keys_of
from chassis_platform.sql.record_conditions import Scan, scan_of_all
from chassis_platform.sql.roads import Road
from chassis_platform.sql.shapes import rest_record, row_cells, ui_record, ui_row
from chassis_platform.sql.sharing import writable
from chassis_platform.sql.sources import Reach, Sources, alias_of
from chassis_tenants.statement import Statement, compile_statement


class Shape(Enum):
    """How records are answered."""

    REST = "rest"
    RECORD = "record"  # a single record's body and, as its key, its version and when it was changed
    UI_ROW = "ui_row"
    UI_RECORD = "ui_record"
    TEXTS = "texts"  # rows of texts, as a file of values has them
    CELLS = "cells"  # rows of typed values, as a file for people has them


#: How far is counted, where a count of everything would have no end.
MOST = sa.bindparam("most", type_=sa.BigInteger())
#: Answered row by row, not as one document.
ROWS = frozenset({Shape.TEXTS, Shape.CELLS})


@dataclass(frozen=True, slots=True)
class CompiledRead:
    """A statement that answers (records, rows found, key of the last one), and how many log entries it writes.

    In a shape of rows, it answers one row a record found: the key of the batch's last record, the id, the cells; of
    single records the body, the version, and when somebody changed it and anything did.
    `sizing` measures what is within the user's reach, where the best road to the page depends on it and isn't known.
    """

    statement: Statement
    entry_count: int
    key_count: int
    sizing: Statement | None = None


def compile_read(  # noqa: PLR0913  what is asked of a page, by name
    plan: ReadPlan,
    policy: AccessPolicy,
    snapshot: Snapshot,
    *,
    shape: Shape = Shape.REST,
    labels: Sequence[Column] = (),
    after_nulls: Sequence[bool] | None = None,
    road: Road = Road.BY_LOOKING,
) -> CompiledRead:
    """The statement of a plan's page. `after_nulls` says which values of the cursor are null; None: the first page."""
    reach = Reach(snapshot, policy, plan.include_deleted)
    return _PageRead(plan, reach, shape, tuple(labels), road).compile(after_nulls)


def compile_count(plan: ReadPlan, policy: AccessPolicy, snapshot: Snapshot, *, bounded: bool = False) -> Statement:
    """How many records the plan finds, whatever its limit; `bounded`: of more than `most`, `most`."""
    scan = Scan.BY_INDEX if bounded else scan_of_all(policy)
    sources, where = filtered(plan, Reach(snapshot, policy, plan.include_deleted), scan=scan)
    if not bounded:
        return compile_statement(sa.select(sa.func.count()).select_from(sources.all()).where(*where))
    found = sa.select(sa.literal_column("1")).select_from(sources.all()).where(*where).limit(MOST).subquery("found")
    return compile_statement(sa.select(sa.func.count()).select_from(found))


@dataclass(frozen=True, slots=True)
class _PageRead:
    """Builds the statement in three steps: the page of the object's own rows, their bodies, the answer."""

    plan: ReadPlan
    reach: Reach
    shape: Shape
    labels: tuple[Column, ...]
    road: Road

    def compile(self, after_nulls: Sequence[bool] | None) -> CompiledRead:
        columns = (*self.plan.columns, *self.labels)
        logged = logged_reads(columns, child_sets_within(self.plan), policy=self.reach.policy)
        page, keys = self._page(after_nulls)
        answer = self._answer(page, keys, logged)
        result = self._result(answer)
        statement = compile_statement(_with_entries(result, answer, logged))
        return CompiledRead(statement, len(logged), len(keys), self._sizing(keys))

    def _result(self, answer: FromClause) -> Select[*tuple[Any, ...]]:
        if self.shape is Shape.RECORD:
            return sa.select(answer.c.body, *(answer.c[name] for name in _HEADS[self.shape]))
        return _rows(answer) if self.shape in ROWS else _result(answer)

    def _sizing(self, keys: Sequence[Key]) -> Statement | None:
        if self.road is not Road.BY_LOOKING:
            return None
        found = measured(self.plan, self.reach, keys)
        return None if found is None else compile_statement(found)

    def _page(self, after_nulls: Sequence[bool] | None) -> tuple[CTE, list[Key]]:
        is_one = self.shape is Shape.RECORD and names_one(self.plan.where)
        has_offset = self.plan.offset > 0 and after_nulls is None
        most, in_bulk = rows_asked(offset=has_offset), self.shape in ROWS
        parts, keys = page_parts(
            self.plan, self.reach, self._chosen, after_nulls, most=most, in_bulk=in_bulk, road=self.road
        )
        # What is one row in any case is neither sorted nor cut off: its columns need not be handed on.
        page = parts[0].order_by(None).subquery("page") if is_one else gathered(parts, keys, offset=has_offset)
        name = f"{alias_of(self.plan.object)}_page"
        position = sa.func.row_number().over(order_by=ordered(page, keys)).label("position")
        if is_one:
            position = sa.literal_column("1").label("position")
        obj, snapshot = self.plan.object, self.reach.snapshot
        clear = [
            met(each, obj, page, snapshot).label(_clear_label(number)) for number, each in enumerate(self._conditions())
        ]
        return sa.select(*page.c, position, *clear).cte(name), keys

    def _chosen(self, root: FromClause, scan: Scan, led_by: FromClause | None = None) -> Chosen:
        """All records that the plan finds in `root`; `led_by` says in which order they are met, and what is known."""
        sources = Sources(self.plan.object, root, self.reach)
        known = None if led_by is None else led_by.c.get(KNOWN)
        where = conditions(self.plan, sources, scan, known)
        keys = keys_of(self.plan.order_by, sources)
        stored = [root.c[name] for name in self._stored_columns(root)]
        lead = [] if led_by is None else [led_by]
        return Chosen(sa.select(*stored, *labelled(keys)).select_from(*lead, sources.all()).where(*where), keys)

    def _conditions(self) -> list[Conditions]:
        """By what the page's own rows show masked values: asked once a row, however many fields go by it."""
        found = (self.reach.mask_of(each) for each in self._own_fields())
        return conditions_of(each for each in found if each is not None)

    def _own_fields(self) -> Iterator[Field]:
        """Fields of the object's own rows that are shown, or lead to what is shown."""
        obj = self.plan.object
        for each in (*self.plan.columns, *self.labels):
            for operand in fields_of(each.operand):
                own = operand.hops[0].field if operand.hops else operand.field
                yield from [obj.fields[name] for name in own.components] or [own]

    def _stored_columns(self, root: FromClause) -> list[str]:
        """The columns of the object's own rows that the answer is made of."""
        wanted = {"id", *_HEADS[self.shape]}
        for field in self._own_fields():
            wanted.update(columns_read(field, root, self.reach.snapshot))
        for condition in self._conditions():
            wanted.update(columns_asked(condition, self.plan.object, root, self.reach.snapshot))
        if self.shape is Shape.UI_RECORD:
            wanted.update(self._columns_of_sharing(root))
        return [column.name for column in root.c if column.name in wanted]

    def _columns_of_sharing(self, root: FromClause) -> set[str]:
        """The columns that say whether the user may change the record."""
        within = writable(self.plan.object, root, self.reach.policy, self.reach.snapshot)
        return {"tenant_id"} | columns_in(within, root)

    def _answer(self, page: CTE, keys: Sequence[Key], logged: Sequence[Logged]) -> FromClause:
        rows = page.alias(alias_of(self.plan.object))
        known = {each: rows.c[_clear_label(number)] for number, each in enumerate(self._conditions())}
        sources = Sources(self.plan.object, rows, self.reach, known=known, of_page=True)
        children = child_rows(self.plan, rows, self.reach, logged)
        shown = self._shown(sources, children)
        key: Json = sa.func.json_build_array(
            *(sa.cast(each, sa.Text()) for each in key_columns(rows, keys)), type_=JSON
        )
        last: list[ColumnElement[Any]] = [sa.case((rows.c.position == BATCH, key)).label("key")]
        if self.shape is Shape.RECORD:
            last = [rows.c[name] for name in _HEADS[self.shape]]
        if self.shape in ROWS:
            shown = [rows.c.id, *shown]
        ids = [
            (children[first_of(each.child)].c[ids_label(number)] if each.child else id_at(each, sources)).label(
                ids_label(number)
            )
            for number, each in enumerate(logged, 1)
        ]
        source = sources.all()
        for each in children.values():
            source = source.outerjoin(each, sa.true())
        answer = sa.select(rows.c.position, *last, *shown, *ids).select_from(source)
        return answer.cte("answer") if logged else answer.subquery("answer")

    def _shown(self, sources: Sources, children: Mapping[str, FromClause]) -> list[ColumnElement[Any]]:
        """What is answered of a record: one document, or a cell for each column."""
        if self.shape not in ROWS:
            return [self._body(sources, children).label("body")]
        cells = row_cells(self.plan.columns, self.labels, sources, typed=self.shape is Shape.CELLS)
        return [each.label(f"{_CELL}{number}") for number, each in enumerate(cells, 1)]

    def _body(self, sources: Sources, children: Mapping[str, FromClause]) -> Json:
        if self.shape in (Shape.REST, Shape.RECORD):
            return rest_record(self.plan.selected, sources, lambda each: children[each.name].c.body)
        if self.shape is Shape.UI_ROW:
            return ui_row(self.plan.columns, self.labels, sources)
        return ui_record(self.plan.columns, self.labels, sources, self.plan.object)


def _rows(answer: FromClause) -> Select[*tuple[Any, ...]]:
    """The rows in order, one more than are answered where more follow."""
    cells = [each for each in answer.c if each.name.startswith(_CELL)]
    return sa.select(answer.c.key, answer.c.id, *cells).order_by(answer.c.position)


def _result(answer: FromClause) -> Select[*tuple[Any, ...]]:
    """The records as one array, how many were found, and the key of the last one answered."""
    answered = answer.c.position <= BATCH
    bodies = sa.func.json_agg(aggregate_order_by(answer.c.body, answer.c.position), type_=JSON).filter(answered)
    last = sa.func.json_agg(answer.c.key, type_=JSON).filter(answer.c.position == BATCH)
    return sa.select(
        sa.func.coalesce(bodies, sa.literal_column("'[]'::json", JSON), type_=JSON).label("records"),
        sa.func.count().label("found"),
        last.op("->", return_type=JSON)(sa.literal_column("0")).label("last_key"),
    ).select_from(answer)


def _with_entries(
    result: Select[*tuple[Any, ...]], answer: FromClause, logged: Sequence[Logged]
) -> Select[*tuple[Any, ...]]:
    ids = [_answered_ids(answer, number, each) for number, each in enumerate(logged, 1)]
    return result.add_cte(*entries(logged, ids)) if logged else result


def _answered_ids(answer: FromClause, number: int, logged: Logged) -> FromClause:
    ids = answer.c[ids_label(number)]
    column = sa.func.unnest(ids) if logged.child else ids
    read = sa.select(column.label("id")).where(answer.c.position <= BATCH)
    if not logged.child:
        return read.where(ids.is_not(None)).subquery(f"read_{number}")
    some = read.subquery(f"listed_{number}")  # what is not clear in a child set is null in its list
    return sa.select(some.c.id).where(some.c.id.is_not(None)).subquery(f"read_{number}")


def _clear_label(number: int) -> str:
    """The page's column that says whether a condition shows masked values of a row."""
    return f"clear_{number + 1}"


_CELL = "cell_"
_HEADS: dict[Shape, tuple[str, ...]] = {
    Shape.REST: (),
    Shape.RECORD: ("row_version", "last_modified_date", "system_modstamp"),
    Shape.TEXTS: (),
    Shape.CELLS: (),
    Shape.UI_ROW: ("row_version", "record_type_id"),
    Shape.UI_RECORD: ("row_version", "record_type_id", "is_deleted"),
}
