"""Formulas of processes over a set of records in one statement, with what each request says beside the fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.approval import ACTOR, COMMENTS, STEP, SUBMITTER
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.access.masking import Masks, masks_kept
from chassis_platform.access.sharing import who_asks
from chassis_platform.automation.keeping import common
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import folded, of_this_object, unfolded
from chassis_platform.sql.shown_expressions import shown_expression
from chassis_platform.sql.write import IDS
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view

_NAMES = (COMMENTS, ACTOR, SUBMITTER, STEP)
_COLUMNS: Mapping[str, sa.types.TypeEngine[Any]] = {
    name: sa.Text() for name in ("place", "record_id", *(each.lower() for each in _NAMES))
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A record to evaluate formulas of. `place` tells the answers apart."""

    place: int
    record_id: str
    comments: str | None = None
    actor_id: str | None = None
    submitter_id: str | None = None
    step: str | None = None


def _key(expression: Expression) -> tuple[str, str]:
    return expression.text, expression.kind


@dataclass(frozen=True, slots=True)
class Answer:
    """The values of expressions for one record; `failed` are those that have none because something went wrong."""

    values: Mapping[tuple[str, str], Any]
    failed: frozenset[tuple[str, str]]

    def value(self, expression: Expression) -> Any:
        """What the formula answers; None where it is blank or failed."""
        return self.values.get(_key(expression))

    def has_failed(self, expression: Expression) -> bool:
        """Whether the formula could not be computed."""
        return _key(expression) in self.failed

    def holds(self, expression: Expression | None, *, default: bool) -> bool:
        """Whether a criterion is true; a formula that fails is not."""
        return default if expression is None else bool(self.value(expression))


NO_ANSWER = Answer({}, frozenset())


def evaluation(
    context: Context,
    obj: Object,
    expressions: Iterable[Expression],
    asked: Sequence[Asked],
    *,
    held: frozenset[str] | None = None,
) -> tuple[Statement, tuple[Expression, ...]]:
    """The statement that evaluates, and the order in which its rows answer: see `answers`.

    `held` are the audiences of who reads the answers, masked as rules want it; None: they decide something.
    """
    ordered = tuple({_key(each): each for each in expressions}.values())
    key = ("evaluation", obj.name, tuple(map(_key, ordered)), held)
    masks = None if held is None else masks_kept(context.snapshot, held)
    statement = context.snapshot.keep(key, lambda: _compile(context.snapshot, obj, ordered, masks))
    rows = [
        dict(
            zip(
                _COLUMNS,
                (str(each.place), each.record_id, each.comments, each.actor_id, each.submitter_id, each.step),
                strict=True,
            )
        )
        for each in asked
    ]
    ids = sorted({each.record_id for each in asked})
    return statement.bind(**who_asks(context.policy), **common(context), rows=folded(rows), ids=ids), ordered


def _compile(snapshot: Snapshot, obj: Object, expressions: Sequence[Expression], masks: Masks | None) -> Statement:
    record, asked = tenant_view(obj).alias("t"), unfolded(_COLUMNS)
    variables = {name: asked.c[name.lower()] for name in _NAMES}
    rows = Rows(snapshot, obj, record, variables=variables)
    columns: list[sa.ColumnElement[Any]] = [asked.c.place]
    for number, each in enumerate(expressions):
        compiled = compile_expression(each, rows) if masks is None else shown_expression(each, rows, masks)
        failed = sa.false() if compiled.failed is None else sa.func.coalesce(compiled.failed, sa.false())
        columns += [compiled.value.label(f"v{number}"), failed.label(f"f{number}")]
    joined = record.join(asked, asked.c.record_id == record.c.id)
    here = [*of_this_object(obj, record), record.c.id == sa.any_(IDS)]
    return compile_statement(sa.select(*columns).select_from(joined).where(*here))


def answers(rows: Iterable[Row], expressions: Sequence[Expression]) -> dict[int, Answer]:
    """The rows of an evaluation by place; a record that is not there has none."""
    keys = [_key(each) for each in expressions]
    found: dict[int, Answer] = {}
    for row in rows:
        values = dict(zip(keys, row[1::2], strict=True))
        failed = frozenset(each for each, is_failed in zip(keys, row[2::2], strict=True) if is_failed)
        found[int(row[0])] = Answer(values, failed)
    return found
