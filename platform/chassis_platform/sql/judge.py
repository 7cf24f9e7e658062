"""One statement that asks everything of the records of a batch: which rules are broken, which triggers fire.

However many rules there are, it is one question; a record about which there is nothing to tell has no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.triggers import Event, Trigger
from chassis_metadata.logic.validation_rule import ValidationRule
from chassis_platform.plan.object_logic import ObjectLogic
from chassis_platform.sql.candidates import old_rows
from chassis_platform.sql.formulas.compile import Compiled, compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

CREATED_IDS = sa.bindparam("created_ids", type_=pg.ARRAY(sa.Text()))
HELD_PERMISSIONS = sa.bindparam("formula_permissions", type_=pg.ARRAY(sa.Text()))

Finding = Literal["broken", "failed", "missing", "locked", "fired", "stuck"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that may be found of a record: what, and the place of the rule, field or trigger in its list."""

    finding: Finding
    place: int


@dataclass(frozen=True, slots=True)
class Question:
    """The statement answers (id, numbers of the marks that the record has)."""

    statement: Statement
    marks: tuple[Mark, ...]


#: Where no formula has to be asked.
NOTHING = Question(Statement(""), ())


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rows that a question is about, and how a formula is compiled over them."""

    logic: ObjectLogic
    source: sa.FromClause
    rows: Rows
    old: Rows | None
    is_new: ColumnElement[bool]

    def compiled(self, text: str) -> Compiled:
        return compile_expression(self.logic.criterion(text), self.rows)

    def before(self, text: str) -> Compiled:
        expression: Expression = self.logic.criterion(text)
        return compile_expression(expression, self.old or self.rows)

    def during(self, events: frozenset[Event]) -> list[ColumnElement[bool]]:
        """The condition that the record was created or changed, where the batch has both and only one is meant."""
        if self.logic.events <= events:
            return []
        return [self.is_new if Event.CREATE in events else sa.not_(self.is_new)]


def compile_question(logic: ObjectLogic) -> Question:
    """What is asked of records in storage (`ids`), with those that are new in `created_ids`, others in `old_rows`."""
    source: sa.FromClause = tenant_view(logic.obj).alias("t")
    asked, rows = _asked(logic, source)
    found = list(_marks(asked))
    if not found:
        return NOTHING
    numbers = [sa.case((condition, sa.literal_column(str(place)))) for place, (_, condition) in enumerate(found)]
    listed: ColumnElement[Any] = pg.array(numbers, type_=sa.Integer())
    marked = sa.func.array_remove(listed, None, type_=pg.ARRAY(sa.Integer()))
    here = [*of_this_object(logic.obj, source), source.c.id == sa.any_(IDS)]
    each = sa.select(source.c.id, marked.label("marks")).select_from(rows).where(*here).offset(0).subquery("judged")
    told = sa.select(each.c.id, each.c.marks).where(sa.func.cardinality(each.c.marks) > 0)
    return Question(compile_statement(told), tuple(mark for mark, _ in found))


def _asked(logic: ObjectLogic, source: sa.FromClause) -> tuple[_Asked, sa.FromClause]:
    is_new = _is_new(logic.events, source)
    if not logic.old_needed or Event.UPDATE not in logic.events:
        # Of a new record, or of one that goes: what was before is what there is.
        rows = Rows(logic.snapshot, logic.obj, source, prior=source, is_new=is_new)
        return _Asked(logic, source, rows, None, is_new), source
    before = old_rows(logic.obj, logic.old_needed)
    rows = Rows(logic.snapshot, logic.obj, source, prior=before, is_new=is_new)
    old = Rows(logic.snapshot, logic.obj, before, prior=before, is_new=sa.false())
    return _Asked(logic, source, rows, old, is_new), source.outerjoin(before, before.c.id == source.c.id)


def _is_new(events: frozenset[Event], source: sa.FromClause) -> ColumnElement[bool]:
    if events == {Event.CREATE}:
        return sa.true()
    return source.c.id == sa.any_(CREATED_IDS) if Event.CREATE in events else sa.false()


_Found = Iterator[tuple[Mark, ColumnElement[bool]]]


def _marks(asked: _Asked) -> _Found:
    logic = asked.logic
    for place, rule in enumerate(logic.rules):
        yield from _rule_marks(asked, place, rule)
    for place, field in enumerate(logic.required):
        held = _holds(asked.compiled(str(field.required_when)))
        yield Mark("missing", place), sa.and_(held, value(field, asked.source).is_(None))
    for place, field in enumerate(logic.read_only):
        held = _holds(asked.before(str(field.read_only_when)))
        yield Mark("locked", place), sa.and_(sa.not_(asked.is_new), held)
    for place, trigger in enumerate(logic.triggers):
        yield from _trigger_marks(asked, place, trigger)


def _rule_marks(asked: _Asked, place: int, rule: ValidationRule) -> _Found:
    compiled = asked.compiled(rule.formula)
    where = [*asked.during(rule.events), *_exempt(asked, rule)]
    yield Mark("broken", place), _all([*where, _holds(compiled)])
    if compiled.failed is not None:
        yield Mark("failed", place), _all([*where, compiled.failed])


def _exempt(asked: _Asked, rule: ValidationRule) -> Iterable[ColumnElement[bool]]:
    if rule.record_types:
        ids = [asked.logic.obj.record_type_ids[name] for name in rule.record_types]
        yield asked.source.c.record_type_id.in_([sa.literal_column(f"'{each}'") for each in ids])
    if rule.bypass_permission is not None:
        yield sa.not_(sa.literal(rule.bypass_permission, sa.Text()) == sa.any_(HELD_PERMISSIONS))


def _trigger_marks(asked: _Asked, place: int, trigger: Trigger) -> _Found:
    if trigger.criteria is None:
        return  # it fires in any case
    compiled = asked.compiled(trigger.criteria)
    where = asked.during(trigger.events)
    newly = [sa.or_(asked.is_new, sa.not_(_holds(asked.before(trigger.criteria))))] if _becomes(asked, trigger) else []
    yield Mark("fired", place), _all([*where, _holds(compiled), *newly])
    if compiled.failed is not None and not trigger.is_lenient:
        yield Mark("stuck", place), _all([*where, compiled.failed])


def _becomes(asked: _Asked, trigger: Trigger) -> bool:
    return trigger.becomes and Event.UPDATE in asked.logic.events


def _holds(compiled: Compiled) -> ColumnElement[bool]:
    return sa.func.coalesce(compiled.value, sa.false(), type_=sa.Boolean())


def _all(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    return sa.and_(*conditions)
