"""Where the entries of a window sum up to more than an alert rule allows: one statement a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INTERVAL, distinct_on
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE, FromClause

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.alert_rule import AlertRule
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view

_LEAF = sa.table(
    "audit_leaf",
    *(sa.column(name) for name in ("tenant_id", "source", "entry_id", "sequence")),
    schema="chassis",
)
_AFTER = sa.bindparam("after_sequence", type_=sa.BigInteger())
_UNTIL = sa.bindparam("until_sequence", type_=sa.BigInteger())


def windows_above(snapshot: Snapshot, rule: AlertRule) -> Statement:
    """(whom, user id, moment, sum, entry id): the first entry that passed the limit in each stretch of time.

    Looks at entries under seals behind `after_sequence` up to `until_sequence`, and back as far as their windows reach.
    """
    obj = snapshot.objects[rule.journal]
    return kept(obj, ("windows_above", snapshot.identity, rule), lambda: _compile(snapshot, obj, rule))


def _compile(snapshot: Snapshot, obj: Object, rule: AlertRule) -> Statement:
    entry = tenant_view(obj).alias("entry")
    per = entry.c[str(obj.fields[rule.per].column)]
    holds = [entry.c.tenant_id == TENANT_ID, per.is_not(None), _holds(snapshot, obj, rule, entry)]
    counts = compile_expression(formula_of(snapshot, obj, rule.counts, Kind.NUMBER), Rows(snapshot, obj, entry)).value
    window = f"interval '{int(rule.within_minutes)} minutes'"
    span = _span(obj, entry, per, holds)
    stored = [per.label("whom"), entry.c.user_id, entry.c.created_date.label("moment"), entry.c.id, span.c.first]
    counted = (
        sa.select(*stored, sa.func.coalesce(counts, 0).label("counts"))
        .select_from(span.join(entry, per == span.c.whom))
        .where(*holds, entry.c.created_date > span.c.first - sa.literal_column(window, INTERVAL()))
        .where(entry.c.created_date <= span.c.last)
        .cte("counted")
    )
    total: ColumnElement[Any] = sa.literal_column(
        "sum(counted.counts) OVER (PARTITION BY counted.whom ORDER BY counted.moment"
        f" RANGE BETWEEN {window} PRECEDING AND CURRENT ROW)"
    )
    passed = sa.select(counted, total.label("total")).cte("summed")
    stretch = sa.func.floor(sa.extract("epoch", passed.c.moment) / sa.literal_column(str(rule.within_minutes * 60)))
    limit = sa.literal(rule.more_than, sa.Numeric())
    return compile_statement(
        sa.select(passed.c.whom, passed.c.user_id, passed.c.moment, passed.c.total, passed.c.id)
        .ext(distinct_on(passed.c.whom, stretch))
        .where(passed.c.total > limit, passed.c.moment >= passed.c.first)
        .order_by(passed.c.whom, stretch, passed.c.moment, passed.c.id)
    )


def _span(obj: Object, entry: FromClause, per: ColumnElement[Any], holds: Sequence[ColumnElement[bool]]) -> CTE:
    """Of each one whom new entries are about: when the first and the last of them were made."""
    sealed = [_LEAF.c.tenant_id == TENANT_ID, _LEAF.c.source == sa.literal(str(obj.table), sa.Text())]
    new = sa.select(per.label("whom"), entry.c.created_date.label("moment"))
    new = new.select_from(_LEAF.join(entry, entry.c.id == _LEAF.c.entry_id))
    fresh = new.where(*sealed, _LEAF.c.sequence > _AFTER, _LEAF.c.sequence <= _UNTIL, *holds).cte("fresh")
    bounds = [sa.func.min(fresh.c.moment).label("first"), sa.func.max(fresh.c.moment).label("last")]
    return sa.select(fresh.c.whom, *bounds).group_by(fresh.c.whom).cte("span")


def _holds(snapshot: Snapshot, obj: Object, rule: AlertRule, entry: FromClause) -> ColumnElement[bool]:
    criteria = compile_expression(formula_of(snapshot, obj, rule.criteria, Kind.BOOLEAN), Rows(snapshot, obj, entry))
    return sa.func.coalesce(criteria.value, sa.false(), type_=sa.Boolean())
