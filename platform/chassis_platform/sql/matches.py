"""The statement that finds matches: keys of some records, others with the same token, criteria and likeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, LateralFromClause

from chassis_metadata.logic.matching_rule import MatchingRule, MatchKey, criterion_of_rows
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.check import may_see
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.match_keys import match_key
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import CUSTOM_TABLE, DATA_SCHEMA, tenant_view

#: So many matches of one record by one rule are found; who has more has another problem.
MOST_MATCHES = 50
_ROUNDING = 1e-9


def matches_of_saved(context: Context, rules: Sequence[MatchingRule]) -> Statement:
    """Matches of the stored records `ids` by rules of their object: record, rule, key, match, may see, likeness."""
    return _kept(context, rules, is_saved=True)


def matches_of_sent(context: Context, rules: Sequence[MatchingRule]) -> Statement:
    """The same for records that are not stored: parameters `own` (rows) and `tokens` (their keys), both JSON."""
    return _kept(context, rules, is_saved=False)


def _kept(context: Context, rules: Sequence[MatchingRule], *, is_saved: bool) -> Statement:
    obj = context.snapshot.objects[rules[0].object_name]
    names = tuple(rule.name for rule in rules)
    key = ("matches", is_saved, names, context.snapshot.identity, context.policy.grants.identity)
    return kept(obj, key, lambda: _compile(context, rules, obj, is_saved=is_saved))


def _compile(context: Context, rules: Sequence[MatchingRule], obj: Object, *, is_saved: bool) -> Statement:
    found = [_by_rule(context, rule, obj, is_saved=is_saved) for rule in rules]
    compiled = compile_statement(found[0] if len(found) == 1 else sa.union_all(*found))
    return compiled if is_saved else replace(compiled, sealed=True)  # their tokens may come as marks


def _by_rule(context: Context, rule: MatchingRule, obj: Object, *, is_saved: bool) -> sa.Select[*tuple[object, ...]]:
    probe = match_key.alias("probe") if is_saved else _sent_tokens()
    found = _candidates(context, rule, probe)
    sources = probe.join(found, sa.true())
    if rule.criteria is not None:
        own = tenant_view(obj).alias("own") if is_saved else _sent_rows(obj)
        stored = of_this_object(obj, own) if is_saved else []
        here = [own.c.id == probe.c.record_id, *stored, *_criteria(context, obj, rule.criteria, own)]
        sources = probe.join(_apart(sa.select(own.c.id).where(*here), "o"), sa.true()).join(found, sa.true())
    columns = [probe.c.record_id, sa.literal(rule.name, sa.Text()), probe.c.key_id, found.c.id, found.c.visible]
    named = [each.label(f"c{place}") for place, each in enumerate([*columns, found.c.likeness])]
    asked: list[ColumnElement[bool]] = [probe.c.key_id.in_([sa.literal(key.id, sa.Text()) for key in rule.keys])]
    if is_saved:
        asked += [probe.c.tenant_id == TENANT_ID, probe.c.record_id == sa.any_(IDS)]
    return sa.select(*named).select_from(sources).where(*asked)


def _apart(selected: sa.Select[Any], name: str) -> LateralFromClause:
    """A subquery that is planned by itself: for each row before it, by the keys that its conditions name.

    While a table is small, PostgreSQL might join it whole, and keep that plan when it has grown.
    """
    return selected.offset(sa.literal_column("0")).lateral(name)


def _candidates(context: Context, rule: MatchingRule, probe: FromClause) -> LateralFromClause:
    """Records with the probe's token (a token is of one key). Others than the probe itself, as the rule wants them."""
    other = context.snapshot.objects[rule.against]
    key, record = match_key.alias("key"), tenant_view(other).alias("found")
    there = [record.c.id == key.c.record_id, ~record.c.is_deleted, *of_this_object(other, record)]
    seen = may_see(other, record, context).label("visible")
    wanted = sa.select(record.c.id, seen).where(*there, *_criteria(context, other, rule.against_criteria, record))
    met = _apart(wanted, "r")
    likeness = _likeness(rule.keys, probe, key)
    here = [
        key.c.tenant_id == TENANT_ID,
        key.c.token == probe.c.token,
        key.c.record_id != probe.c.record_id,
        *([] if likeness is None else [likeness >= _needed(rule.keys, probe)]),
    ]
    shown = sa.literal(1.0, sa.Float()) if likeness is None else likeness
    columns = [met.c.id, met.c.visible, shown.label("likeness")]
    selected = sa.select(*columns).select_from(key.join(met, sa.true())).where(*here)
    return selected.order_by(key.c.record_id).limit(MOST_MATCHES).lateral("f")


def _criteria(context: Context, obj: Object, text: str | None, source: FromClause) -> list[ColumnElement[bool]]:
    if text is None:
        return []
    expression = criterion_of_rows(context.snapshot, obj, text)
    return [sa.func.coalesce(compile_expression(expression, Rows(context.snapshot, obj, source)).value, sa.false())]


def _likeness(keys: Sequence[MatchKey], probe: FromClause, key: FromClause) -> ColumnElement[float] | None:
    """Trigrams in both through those in either; 1 where the key asks for none. None where no key does."""
    if all(each.similar is None for each in keys):
        return None
    # A table of its own for each array: a SELECT of unnest() inside INTERSECT would read the whole of `match_key`.
    mine, theirs = (sa.func.unnest(each.c.grams).column_valued(name) for each, name in ((probe, "a"), (key, "b")))
    shared = sa.intersect(sa.select(mine), sa.select(theirs)).scalar_subquery()
    both = sa.func.cardinality(sa.func.array(shared))
    either = sa.func.cardinality(probe.c.grams) + sa.func.cardinality(key.c.grams) - both
    return sa.func.coalesce(sa.cast(both, sa.Float()) / either, 1.0)


def _needed(keys: Sequence[MatchKey], probe: FromClause) -> ColumnElement[float]:
    asked = [(probe.c.key_id == sa.literal(each.id, sa.Text()), each.similar.at_least) for each in keys if each.similar]
    return sa.case(*((is_key, sa.literal(least - _ROUNDING, sa.Float())) for is_key, least in asked), else_=0.0)


def _sent_rows(obj: Object) -> FromClause:
    """Rows as the object's table has them, from the parameter `own`."""
    table = obj.table or CUSTOM_TABLE
    empty: ColumnElement[Any] = sa.literal_column(f'NULL::{DATA_SCHEMA}."{table}"')
    rows = sa.cast(sa.bindparam("own", type_=sa.Text()), pg.JSONB())
    columns = [sa.column(each.name, each.type) for each in tenant_view(obj).columns]
    return sa.func.jsonb_populate_recordset(empty, rows).table_valued(*columns, name="own")


def _sent_tokens() -> FromClause:
    columns: list[sa.ColumnClause[Any]] = [sa.column(name, sa.Text()) for name in ("record_id", "key_id", "token")]
    columns.append(sa.column("grams", pg.ARRAY(sa.Integer())))
    tokens = sa.cast(sa.bindparam("tokens", type_=sa.Text()), pg.JSON())
    return sa.func.json_to_recordset(tokens).table_valued(*columns).render_derived(name="probe", with_types=True)
