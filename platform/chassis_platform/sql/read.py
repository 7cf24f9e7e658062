"""A ReadPlan as one SELECT whose value is the body of the answer: the page first, then what hangs on its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE, CompoundSelect, FromClause, Select

from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.policy import AccessPolicy
from chassis_platform.plan.logged import Logged, logged_reads
from chassis_platform.plan.read_plan import ChildSet, Column, InQuery, PlannedField, ReadPlan
from chassis_platform.sql.access_log import entries
from chassis_platform.sql.filters import Filters
from chassis_platform.sql.json_values import JSON, Json, json_object
from chassis_platform.sql.paging import Key, as_ranges, keys_of
from chassis_platform.sql.shapes import rest_record, ui_record, ui_row
from chassis_platform.sql.sources import Reach, Sources, alias_of
from chassis_tenants import storage
from chassis_tenants.statement import Statement, compile_statement

FETCH = sa.bindparam("fetch", type_=sa.BigInteger())  # rows asked for: one more than answered, to know whether more follow
BATCH = sa.bindparam("batch", type_=sa.BigInteger())  # rows answered
OFFSET = sa.bindparam("offset", type_=sa.BigInteger())


class Shape(Enum):
    """How records are answered."""

    REST = "rest"
    UI_ROW = "ui_row"
    UI_RECORD = "ui_record"


@dataclass(frozen=True, slots=True)
class CompiledRead:
    """A statement that answers (records, rows found, key of the last record answered), and how many log entries it writes."""

    statement: Statement
    entry_count: int
    key_count: int


def compile_read(
    plan: ReadPlan,
    policy: AccessPolicy,
    snapshot: Snapshot,
    *,
    shape: Shape = Shape.REST,
    labels: Sequence[Column] = (),
    after_nulls: Sequence[bool] | None = None,
) -> CompiledRead:
    """The statement of a plan's page. `after_nulls` says which values of the cursor are null; None: the first page."""
    reach = Reach(snapshot, policy, plan.include_deleted)
    return _PageRead(plan, reach, shape, tuple(labels)).compile(after_nulls)


def compile_count(plan: ReadPlan, policy: AccessPolicy, snapshot: Snapshot) -> Statement:
    """How many records the plan finds, whatever its limit."""
    sources, where = filtered(plan, Reach(snapshot, policy, plan.include_deleted))
    return compile_statement(sa.select(sa.func.count()).select_from(sources.all()).where(*where))


def filtered(plan: ReadPlan, reach: Reach, *, prefix: str = "") -> tuple[Sources, list[ColumnElement[bool]]]:
    """The plan's sources with the joins of its conditions, and the conditions."""
    root = storage.tenant_view(plan.object).alias(prefix + alias_of(plan.object))
    sources = Sources(plan.object, root, reach, prefix)
    return sources, conditions(plan, sources)


def conditions(plan: ReadPlan, sources: Sources) -> list[ColumnElement[bool]]:
    """What the plan's records meet: the wall, the sharing, the query's own conditions."""
    found = sources.reach.conditions(plan.object, sources.root)
    if plan.where is not None:
        found.append(filters(sources).where(plan.where))
    return found


def filters(sources: Sources) -> Filters:
    """The conditions of a query without groups, over these sources."""

    def find(condition: InQuery) -> tuple[Select[tuple[object]], ColumnElement[object]]:
        inner, where = filtered(condition.source, sources.reach, prefix="among_")
        column = inner.value(condition.column)
        where.append(column.is_not(None))
        return sa.select(column).select_from(inner.all()).where(*where), column

    return Filters(sources, find)


def key_label(position: int) -> str:
    """The page's column that holds a term of the order."""
    return f"key_{position}"


@dataclass(frozen=True, slots=True)
class _PageRead:
    """Builds the statement in three steps: the page of the object's own rows, their bodies, the answer."""

    plan: ReadPlan
    reach: Reach
    shape: Shape
    labels: tuple[Column, ...]

    def compile(self, after_nulls: Sequence[bool] | None) -> CompiledRead:
        logged = logged_reads((*self.plan.columns, *self.labels), self.plan.child_sets)
        page, keys = self._page(after_nulls)
        answer = self._answer(page, keys, logged)
        statement = compile_statement(self._result(answer, logged))
        return CompiledRead(statement, len(logged), len(keys))

    def _page(self, after_nulls: Sequence[bool] | None) -> tuple[CTE, list[Key]]:
        sources, where = filtered(self.plan, self.reach)
        keys = keys_of(self.plan.order_by, sources)
        columns = [sources.root.c[name] for name in self._stored_columns(sources.root)]
        labelled = [key.value.label(key_label(position)) for position, key in enumerate(keys, 1)]
        chosen = sa.select(*columns, *labelled).select_from(sources.all())
        parts = [
            _ordered(chosen.where(*where, *([one] if one is not None else [])), keys)
            for one in as_ranges(keys, after_nulls)
        ]
        page = _gathered(parts, keys, offset=self.plan.offset > 0 and after_nulls is None)
        name = f"{alias_of(self.plan.object)}_page"
        order = [key.sorted(column, with_nulls=True) for key, column in zip(keys, _key_columns(page, keys), strict=True)]
        position = sa.func.row_number().over(order_by=order).label("position")
        return sa.select(*page.c, position).cte(name), keys

    def _stored_columns(self, root: FromClause) -> list[str]:
        """The columns of the object's own rows that the answer is made of."""
        wanted = {"id", *_HEADS[self.shape]}
        for operand in (each.operand for each in (*self.plan.columns, *self.labels)):
            if isinstance(operand, PlannedField):
                wanted.update(self._columns_of(operand))
        if self.shape is Shape.UI_RECORD:
            wanted.update(self._columns_of_sharing())
        return [column.name for column in root.c if column.name in wanted]

    def _columns_of(self, operand: PlannedField) -> list[str]:
        own = operand.hops[0].field if operand.hops else operand.field
        parts = [self.plan.object.fields[name] for name in own.components] or [own]
        return [each.column or "custom" for each in parts]

    def _columns_of_sharing(self) -> list[str]:
        obj = self.plan.object
        controlling = obj.fields[obj.controlled_by].column or "custom" if obj.controlled_by else "owner_id"
        return [controlling, "tenant_id"]

    def _answer(self, page: CTE, keys: Sequence[Key], logged: Sequence[Logged]) -> CTE | FromClause:
        rows = page.alias(alias_of(self.plan.object))
        sources = Sources(self.plan.object, rows, self.reach)
        children = {each.name: _ChildRead(each, self.reach).rows(rows) for each in self.plan.child_sets}
        body = self._body(sources, children)
        ids = [
            (children[each.child].c[f"ids_{_key(each)}"] if each.child else _id_at(each, sources)).label(f"ids_{number}")
            for number, each in enumerate(logged, 1)
        ]
        key = sa.func.json_build_array(*(sa.cast(each, sa.Text()) for each in _key_columns(rows, keys)), type_=JSON)
        source = sources.all()
        for each in children.values():
            source = source.outerjoin(each, sa.true())
        answer = sa.select(rows.c.position, body.label("body"), key.label("key"), *ids).select_from(source)
        return answer.cte("answer") if logged else answer.subquery("answer")

    def _body(self, sources: Sources, children: dict[str, FromClause]) -> Json:
        if self.shape is Shape.REST:
            return rest_record(self.plan.selected, sources, lambda each: children[each.name].c.body)
        columns = [each for each in self.plan.columns if not _is_compound(each)]
        if self.shape is Shape.UI_ROW:
            return ui_row(columns, self.labels, sources)
        return ui_record(columns, self.labels, sources, self.plan.object)

    def _result(self, answer: FromClause, logged: Sequence[Logged]) -> Select[tuple[object, ...]]:
        answered = answer.c.position <= BATCH
        bodies = sa.func.json_agg(pg_ordered(answer.c.body, answer.c.position), type_=JSON).filter(answered)
        last = sa.func.array_agg(answer.c.key).filter(answer.c.position == BATCH)
        result = sa.select(
            sa.func.coalesce(bodies, sa.literal_column("'[]'::json", JSON), type_=JSON).label("records"),
            sa.func.count().label("rows"),
            sa.literal_column("1").label("last"),
        ).select_from(answer)
        result = result.with_only_columns(*result.selected_columns[:2], _first_of(last).label("last"))
        ids = [_ids_of(answer, number, each) for number, each in enumerate(logged, 1)]
        return result.add_cte(*entries(logged, ids))


_HEADS: dict[Shape, tuple[str, ...]] = {
    Shape.REST: (),
    Shape.UI_ROW: ("row_version", "record_type_id"),
    Shape.UI_RECORD: ("row_version", "record_type_id", "is_deleted"),
}
