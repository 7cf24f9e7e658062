"""Records with the candidates that suit them: one statement a set of candidates, whatever its entries ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Variable, walk
from chassis_metadata.logic.assignment import (
    AssignmentRule,
    Candidates,
    Entry,
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
    where = [*_wanted(obj, record), *pairs.conditions(), taken]
    joined, held = _with_loads(snapshot, among, candidate)
    columns = [record.c.id, *(candidate.c[name] for name in ("id", "the_answer", "the_capacity")), held]
    labelled = [each.label(f"e{place}") for place, each in enumerate(each for columns in asked for each in columns)]
    found = sa.select(*columns, *labelled).select_from(record, joined).where(*where)
    return compile_statement(found.order_by(record.c.id, candidate.c.id))


def _wanted(obj: Object, record: FromClause) -> list[ColumnElement[bool]]:
    return [*of_this_object(obj, record), record.c.id == sa.any_(IDS)]


def _candidates(snapshot: Snapshot, rule: AssignmentRule, among: Candidates, entries: Sequence[Entry]) -> FromClause:
    """The candidates that suit any of the records, with what only they decide; worked out once for each."""
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
    reachable = _Reach(snapshot, rule, among, source).condition(entries)
    if reachable is not None:
        where.append(reachable)
    return sa.select(*columns).where(*where).cte("candidate").prefix_with("MATERIALIZED")


class _Reach:
    """Which candidates any of the records can come to, by what is known before values are worked out."""

    def __init__(self, snapshot: Snapshot, rule: AssignmentRule, among: Candidates, source: FromClause) -> None:
        self._snapshot, self._among, self._source = snapshot, among, source
        self._obj = snapshot.objects[rule.object_name]
        self._record = storage.tenant_view(self._obj).alias("any_record")
        candidates = snapshot.objects[among.object_name]
        variables = {f"$Candidate.{each.name}": storage.value(each, source) for each in candidate_fields(candidates)}
        this = Rows(snapshot, self._obj, self._record)
        self._this, self._rows = this, Rows(snapshot, candidates, source, variables=variables, this=this)

    def condition(self, entries: Sequence[Entry]) -> ColumnElement[bool] | None:
        """Values are worked out only for candidates that suit a record and that an entry could take for it."""
        suits = [self._of_pair(self._among.match)] if self._among.match else []
        reached = [self._reached(each) for each in entries]
        if all(reached):
            suits.append(sa.or_(*(sa.and_(*parts) for parts in reached)))
        known = [each for each in suits if each is not None]
        if not known:
            return None
        return sa.exists().where(*_wanted(self._obj, self._record), *known)

    def _reached(self, entry: Entry) -> list[ColumnElement[bool]]:
        """What holds where the entry takes a candidate, the cheap first; nothing where it may take any."""
        parts: list[ColumnElement[bool] | None] = []
        if entry.criteria:
            parts.append(_true(self._of_record(entry.criteria, Kind.BOOLEAN)))
        if entry.strategy is Strategy.VALUE:
            answer = storage.value(
                self._snapshot.objects[self._among.object_name].fields[self._among.answer], self._source
            )
            parts.append(_true(answer == self._of_record(str(entry.argument), Kind.TEXT)))
        tiers = [self._of_pair(each) for each in entry.tiers]
        whole = [each for each in tiers if each is not None]
        if tiers and len(whole) == len(tiers):
            parts.append(sa.or_(*whole))
        if entry.when:
            parts.append(self._of_pair(entry.when))
        return [each for each in parts if each is not None]

    def _of_record(self, text: str, expects: Kind) -> ColumnElement[Any]:
        return compile_expression(formula_of(self._snapshot, self._obj, text, expects), self._this).value

    def _of_pair(self, text: str) -> ColumnElement[bool] | None:
        """The condition; None where it needs the values themselves."""
        expression = pair_formula(self._snapshot, self._among, self._obj, text, Kind.BOOLEAN)
        if any(isinstance(each, Variable) and each.name in self._among.values for each in walk(expression.root)):
            return None
        return _true(compile_expression(expression, self._rows).value)


def _with_loads(snapshot: Snapshot, among: Candidates, candidate: FromClause) -> tuple[FromClause, ColumnElement[Any]]:
    """The candidates, joined with how many records each holds; an index on the holder serves it."""
    if among.load is None:
        return candidate, sa.literal_column("0")
    obj = snapshot.objects[among.load.object_name]
    held = storage.tenant_view(obj).alias("held")
    holder = storage.value(obj.fields[among.load.field], held)
    answers = sa.func.array(sa.select(candidate.c.the_answer).scalar_subquery(), type_=pg.ARRAY(sa.Text()))
    where = [*of_this_object(obj, held), sa.not_(held.c.is_deleted), holder == sa.any_(answers)]
    if among.load.criteria:
        criteria = formula_of(snapshot, obj, among.load.criteria, Kind.BOOLEAN)
        where.append(_true(compile_expression(criteria, Rows(snapshot, obj, held)).value))
    counted = sa.select(holder.label("holder"), sa.func.count().label("held")).where(*where)
    loads = counted.group_by(holder).subquery("loads")
    joined = candidate.outerjoin(loads, loads.c.holder == candidate.c.the_answer)
    return joined, sa.func.coalesce(loads.c.held, sa.literal_column("0"))


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
