"""Records with the candidates that suit them: one statement a set of candidates, whatever its entries ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.assignment import (
    AssignmentRule,
    Candidates,
    Entry,
    Load,
    Strategy,
    candidate_fields,
    pair_formula,
)
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants import storage
from chassis_tenants.statement import Statement, compile_statement

#: Columns of every pair: record, candidate, answer, capacity, load. What each entry asks follows.
FIXED = 5
_NOTHING: ColumnElement[Any] = sa.literal_column("NULL::numeric", sa.Numeric())


def pairs_of(snapshot: Snapshot, rule: AssignmentRule, among: Candidates) -> Statement:
    """Pairs of the records `ids` and the candidates that suit them.

    For each entry that chooses among these candidates: whether it takes the pair, its tier, the last turn of the
    candidate, what it is ordered by, the values of its terms.
    """
    obj = snapshot.objects[rule.object_name]
    return kept(obj, ("pairs_of", snapshot.identity, rule.name, among.name), lambda: _statement(snapshot, rule, among))


def entries_among(rule: AssignmentRule, among: Candidates) -> list[Entry]:
    """The entries that choose among these candidates."""
    return [each for each in rule.entries if each.among == among.name]


def needs_turns(entry: Entry) -> bool:
    """Whether it matters whose turn was when."""
    return entry.strategy is Strategy.ROUND_ROBIN or any(each.of == "waiting" for each in entry.terms)


def _statement(snapshot: Snapshot, rule: AssignmentRule, among: Candidates) -> Statement:
    obj, entries = snapshot.objects[rule.object_name], entries_among(rule, among)
    candidate = _candidates(snapshot, rule, among, entries)
    record = storage.tenant_view(obj).alias("record")
    pairs = _Pairs(snapshot, obj, among, candidate, record)
    asked = [list(pairs.columns(place, entry)) for place, entry in enumerate(entries)]
    taken = sa.or_(*(columns[0] for columns in asked))
    columns = [record.c.id, *(candidate.c[name] for name in ("id", "the_answer", "the_capacity", "the_load"))]
    labelled = [each.label(f"e{place}") for place, each in enumerate(each for columns in asked for each in columns)]
    where = [*of_this_object(obj, record), record.c.id == sa.any_(IDS), *pairs.conditions(), taken]
    return compile_statement(sa.select(*columns, *labelled).where(*where).order_by(record.c.id, candidate.c.id))


def _candidates(snapshot: Snapshot, rule: AssignmentRule, among: Candidates, entries: Sequence[Entry]) -> FromClause:
    """The candidates with what only they decide: values, capacity, load, turns; worked out once."""
    obj = snapshot.objects[among.object_name]
    source = storage.tenant_view(obj).alias("source")
    rows = Rows(snapshot, obj, source)
    answer = storage.value(obj.fields[among.answer], source)

    def value(text: str, expects: Kind | None = None) -> ColumnElement[Any]:
        return compile_expression(formula_of(snapshot, obj, text, expects), rows).value

    columns: list[ColumnElement[Any]] = [*source.c, answer.label("the_answer")]
    columns.append((value(among.capacity, Kind.NUMBER) if among.capacity else _NOTHING).label("the_capacity"))
    columns += [value(text).label(f"value_{place}") for place, text in enumerate(among.values.values())]
    columns += [
        _last_turn(snapshot, rule, entry, answer).label(f"turn_{place}")
        for place, entry in enumerate(entries)
        if needs_turns(entry)
    ]
    where = [*of_this_object(obj, source), sa.not_(source.c.is_deleted), answer.is_not(None)]
    if among.criteria:
        where.append(_true(value(among.criteria, Kind.BOOLEAN)))
    if among.load is None:
        return sa.select(*columns, sa.literal_column("0").label("the_load")).where(*where).cte("candidate")
    load = _loads(snapshot, among.load)
    joined = source.outerjoin(load, load.c.holder == answer)
    held = sa.func.coalesce(load.c.held, sa.literal_column("0")).label("the_load")
    return sa.select(*columns, held).select_from(joined).where(*where).cte("candidate")


def _loads(snapshot: Snapshot, load: Load) -> FromClause:
    """How many records each candidate holds."""
    obj = snapshot.objects[load.object_name]
    held = storage.tenant_view(obj).alias("held")
    holder = storage.value(obj.fields[load.field], held)
    where = [*of_this_object(obj, held), sa.not_(held.c.is_deleted), holder.is_not(None)]
    if load.criteria:
        criteria = formula_of(snapshot, obj, load.criteria, Kind.BOOLEAN)
        where.append(_true(compile_expression(criteria, Rows(snapshot, obj, held)).value))
    counted = sa.select(holder.label("holder"), sa.func.count().label("held")).where(*where)
    return counted.group_by(holder).subquery("loads")


def _last_turn(
    snapshot: Snapshot, rule: AssignmentRule, entry: Entry, answer: ColumnElement[Any]
) -> ColumnElement[Any]:
    """The id of the last decision of the entry for the candidate; ids sort by time."""
    log = storage.tenant_view(snapshot.objects["AssignmentLog"]).alias("turn")
    where = [log.c.tenant_id == TENANT_ID, log.c.chosen_id == answer, log.c.rule_name == sa.literal(rule.name)]
    return sa.select(sa.func.max(log.c.id)).where(*where, log.c.entry_name == sa.literal(entry.name)).scalar_subquery()


def _true(value: ColumnElement[Any]) -> ColumnElement[bool]:
    return sa.func.coalesce(value, sa.false(), type_=sa.Boolean())


class _Pairs:
    """Formulas over candidate and record."""

    def __init__(
        self, snapshot: Snapshot, obj: Object, among: Candidates, candidate: FromClause, record: FromClause
    ) -> None:
        self._snapshot, self._obj, self._among, self._candidate = snapshot, obj, among, candidate
        candidates = snapshot.objects[among.object_name]
        fields = {f"$Candidate.{each.name}": storage.value(each, candidate) for each in candidate_fields(candidates)}
        values = {name: candidate.c[f"value_{place}"] for place, name in enumerate(among.values)}
        this = Rows(snapshot, obj, record)
        self._rows = Rows(snapshot, candidates, candidate, variables=fields | values, this=this)

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What every pair meets."""
        if self._among.match:
            yield self._holds(self._among.match)
        if self._among.exclude:
            yield sa.not_(self._holds(self._among.exclude))

    def columns(self, place: int, entry: Entry) -> Iterator[ColumnElement[Any]]:
        """Whether the entry takes the pair, its tier, its last turn, order and terms."""
        tier = sa.case(*((self._holds(each), at) for at, each in enumerate(entry.tiers))) if entry.tiers else None
        when = self._holds(entry.when) if entry.when else sa.true()
        yield when if tier is None else sa.and_(when, tier.is_not(None))
        yield sa.literal_column("0") if tier is None else tier
        yield self._candidate.c[f"turn_{place}"] if needs_turns(entry) else _NOTHING
        yield from (self._value(each) for each in entry.order)
        yield from (self._value(each.value, Kind.NUMBER) if each.value else _NOTHING for each in entry.terms)

    def _value(self, text: str, expects: Kind | None = None) -> ColumnElement[Any]:
        expression = pair_formula(self._snapshot, self._among, self._obj, text, expects)
        return compile_expression(expression, self._rows).value

    def _holds(self, text: str) -> ColumnElement[bool]:
        return _true(self._value(text, Kind.BOOLEAN))
