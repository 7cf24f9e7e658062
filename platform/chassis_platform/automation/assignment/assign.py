"""Assigning records by a rule: facts asked in a few statements, choices made in Python, then written and logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import NotFound, Problem
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import near
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.assignment import KIND, AssignmentRule, Entry, Strategy, rule_of
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform import clock, coverage
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.assignment.choose import Asked, Candidate, Decision, Facts, decide_all
from chassis_platform.automation.keeping import common, inserted, take_turns, with_ids
from chassis_platform.automation.people import Naming, people, queue_ids
from chassis_platform.records.write import write_within
from chassis_platform.sql.assignment_pairs import FIXED, entries_among, pairs_of
from chassis_platform.sql.record_values import values_of_records
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Row, Transaction

#: Facts of so many records are asked at once.
BATCH = 200
_NOBODY = "Nobody was found."


@dataclass(frozen=True, slots=True)
class Assignment:
    """What became of a record: who got it, by which entry. With problems, nothing was written."""

    record_id: str
    entry: str | None = None
    chosen_id: str | None = None
    previous_id: str | None = None
    score: float | None = None
    problems: tuple[Problem, ...] = ()


def rule_named(snapshot: Snapshot, name: str) -> AssignmentRule:
    """The active rule of that name; NotFound without one."""
    found = rule_of(snapshot, name)
    if found is None:
        raise NotFound.of("not_found", f"There is no assignment rule {name!r}.{near(name, snapshot.logic_of(KIND))}")
    return found


async def assign(
    transaction: Transaction, context: Context, rule_name: str, record_ids: Sequence[str]
) -> list[Assignment]:
    """Assign records inside the caller's transaction, in their order; answers what became of each.

    Others who assign the same field wait until the transaction ends: no capacity is given away twice.
    """
    rule = rule_named(context.snapshot, rule_name)
    acting = as_automation(context)
    ids = list(dict.fromkeys(normal_id(each) for each in record_ids))
    found: list[Assignment] = []
    for start in range(0, len(ids), BATCH):
        found += await _assign_batch(transaction, acting, rule, ids[start : start + BATCH])
    return found


async def _assign_batch(
    transaction: Transaction, context: Context, rule: AssignmentRule, ids: Sequence[str]
) -> list[Assignment]:
    obj = context.snapshot.objects[rule.object_name]
    await transaction.fetch(lock_records(obj).bind(**common(context), ids=list(ids)))
    if rule.chooses:
        targets = sorted({each.target for each in rule.entries if each.among})
        for target in targets:
            await take_turns(transaction, context, f"assign:{obj.name}.{target}")
    records, facts = await _facts(transaction, context, rule, ids)
    decisions = decide_all(rule, facts)
    return await _write(transaction, context, rule, records, decisions)


# Facts


def _formulas(snapshot: Snapshot, obj: Object, rule: AssignmentRule) -> dict[Any, Expression]:
    """What is asked of the records alone, by (what, entry or field)."""
    asked: dict[Any, Expression] = {}
    for each in rule.entries:
        asked["target", each.target] = formula_of(snapshot, obj, each.target)
        if each.criteria:
            asked["criteria", each.name] = formula_of(snapshot, obj, each.criteria, Kind.BOOLEAN)
        if each.strategy is Strategy.VALUE:
            asked["value", each.name] = formula_of(snapshot, obj, str(each.argument), Kind.TEXT)
        for name, text in each.sets:
            asked["set", each.name, name] = formula_of(snapshot, obj, text, kind_of(obj.fields[name]))
    for among in rule.candidates.values():
        if among.load is not None and among.load.object_name == obj.name:
            asked["holder", among.name] = formula_of(snapshot, obj, among.load.field)
            if among.load.criteria:
                asked["counts", among.name] = formula_of(snapshot, obj, among.load.criteria, Kind.BOOLEAN)
    return asked


Known = Mapping[str, Mapping[Any, Any]]


async def _facts(
    transaction: Transaction, context: Context, rule: AssignmentRule, ids: Sequence[str]
) -> tuple[Known, list[Facts]]:
    snapshot = context.snapshot
    obj = snapshot.objects[rule.object_name]
    formulas = _formulas(snapshot, obj, rule)
    used = [each for each in rule.candidates.values() if entries_among(rule, each)]
    bound = common(context) | {"ids": list(ids)}
    statements = [values_of_records(snapshot, obj, formulas), *(pairs_of(snapshot, rule, each) for each in used)]
    answers = await transaction.fetch_each([each.bind(**bound) for each in statements])
    records = {row[0]: dict(zip(formulas, row[1:], strict=True)) for row in answers[0]}
    candidates: dict[str, dict[str, list[Candidate]]] = {}
    for among, rows in zip(used, answers[1:], strict=True):
        for row in rows:
            found = _candidate(entries_among(rule, among), row)
            candidates.setdefault(row[0], {}).setdefault(among.name, []).append(found)
    fixed = await _named(transaction, context, rule)
    facts = [_facts_of(rule, each, records[each], candidates.get(each, {}), fixed) for each in ids if each in records]
    return records, facts


def _candidate(entries: Sequence[Entry], row: Row) -> Candidate:
    asked, place = {}, FIXED
    for entry in entries:
        is_taken, tier, turn = row[place : place + 3]
        place += 3
        order = tuple(row[place : place + len(entry.order)])
        place += len(entry.order)
        terms = tuple(row[place : place + len(entry.terms)])
        place += len(entry.terms)
        if is_taken:
            asked[entry.name] = Asked(tier, turn, order, terms)
    _, candidate_id, answer, capacity, load = row[:FIXED]
    return Candidate(candidate_id, answer, None if capacity is None else float(capacity), load, asked)


def _facts_of(
    rule: AssignmentRule,
    record_id: str,
    known: Mapping[Any, Any],
    candidates: Mapping[str, Sequence[Candidate]],
    fixed: Mapping[str, str | None],
) -> Facts:
    holding = frozenset(each.name for each in rule.entries if not each.criteria or known["criteria", each.name] is True)
    values = {each.name: known.get(("value", each.name)) for each in rule.entries if each.strategy is Strategy.VALUE}
    named = {name: normal_id(str(value)) if is_id(value) else None for name, value in values.items()}
    held = {
        name: str(known["holder", name])
        for name in rule.candidates
        if known.get(("holder", name)) and known.get(("counts", name), True)
    }
    return Facts(record_id, holding, {**fixed, **named}, candidates, held)


async def _named(transaction: Transaction, context: Context, rule: AssignmentRule) -> dict[str, str | None]:
    """The queues and users that entries name, by entry."""
    queues = {each.name: str(each.argument) for each in rule.entries if each.strategy is Strategy.QUEUE}
    users = {
        each.name: Naming("username", str(each.argument)) for each in rule.entries if each.strategy is Strategy.USER
    }
    known_queues = await queue_ids(transaction, context, sorted(set(queues.values()))) if queues else {}
    known_users = await people(transaction, context, users.values())
    found: dict[str, str | None] = {name: known_queues.get(queue) for name, queue in queues.items()}
    for name, naming in users.items():
        found[name] = next((each.id for each in known_users[naming]), None)
    return found


# Writing


async def _write(
    transaction: Transaction, context: Context, rule: AssignmentRule, records: Known, decisions: Sequence[Decision]
) -> list[Assignment]:
    obj = context.snapshot.objects[rule.object_name]
    made = [(each, each.entry) for each in decisions if each.entry is not None]
    payloads = [_payload(obj, entry, each, records[each.record_id]) for each, entry in made]
    results = await write_within(transaction, context, rule.object_name, "update", payloads) if payloads else []
    problems = {each.record_id: tuple(result.problems) for (each, _), result in zip(made, results, strict=True)}
    assignments = [_assignment(each, records[each.record_id], problems.get(each.record_id, ())) for each in decisions]
    await _log(transaction, context, rule, list(zip(assignments, decisions, strict=True)))
    return assignments


def _payload(obj: Object, entry: Entry, decision: Decision, known: Mapping[Any, Any]) -> dict[str, Any]:
    values = {name: _settable(obj, name, known["set", entry.name, name]) for name, _ in entry.sets}
    return {"Id": decision.record_id, entry.target: decision.chosen_id, **values}


def _settable(obj: Object, name: str, value: Any) -> Any:
    """In formulas 0.04 is what a percent field shows as 4."""
    is_percent = obj.fields[name].type is FieldType.PERCENT and value is not None
    return value * 100 if is_percent else value


def _assignment(decision: Decision, known: Mapping[Any, Any], problems: tuple[Problem, ...]) -> Assignment:
    entry = decision.entry
    if entry is None:
        return Assignment(decision.record_id)
    previous = known["target", entry.target]
    chosen, score = decision.chosen_id, decision.score
    return Assignment(decision.record_id, entry.name, chosen, previous, score, problems)


async def _log(
    transaction: Transaction,
    context: Context,
    rule: AssignmentRule,
    made: Sequence[tuple[Assignment, Decision]],
) -> None:
    rows = [_log_row(context, rule, each, decision) for each, decision in made if not each.problems]
    for _, decision in made:
        coverage.note(KIND, rule.name, decision.entry.name if decision.entry else "")
    with_their_ids = with_ids(context.snapshot.objects["AssignmentLog"], rows)
    await transaction.fetch_each(list(inserted(context, "AssignmentLog", with_their_ids)))


def _log_row(context: Context, rule: AssignmentRule, each: Assignment, decision: Decision) -> dict[str, Any]:
    return {
        "RuleName": rule.name,
        "EntryName": each.entry,
        "ObjectName": rule.object_name,
        "RecordId": each.record_id,
        "TargetField": decision.entry and decision.entry.target,
        "ChosenId": each.chosen_id,
        "PreviousId": each.previous_id,
        "Score": each.score,
        "Reason": _reason(decision),
        "AssignedAt": clock.now(),
        "UserId": context.principal.user_id,
    }


def _reason(decision: Decision) -> str:
    if decision.entry is None:
        return _NOBODY
    return (
        f"{decision.entry.strategy}: {decision.choices} to choose from" if decision.choices else decision.entry.strategy
    )


def problems_of(assignments: Iterable[Assignment]) -> list[Problem]:
    """What kept records from being assigned."""
    return [problem for each in assignments for problem in each.problems]
