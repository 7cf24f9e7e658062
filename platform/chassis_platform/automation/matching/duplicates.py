"""Duplicate rules at work: after the records are written and before the write is committed, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chassis_metadata.errors import Problem
from chassis_metadata.logic.duplicate_rule import KIND, Action, DuplicateRule, asked_by, duplicate_rules
from chassis_metadata.logic.matching_rule import KIND as MATCHING_RULE
from chassis_metadata.logic.matching_rule import MatchingRule
from chassis_metadata.logic.triggers import Event
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.attach import Taker, Takers, flow_of, takers_of
from chassis_platform.automation.matching.findings import CODE, Findings, Match, findings_of, problem_of
from chassis_platform.automation.matching.keys import lock_number
from chassis_platform.automation.matching.record_sets import Noted, keep_sets
from chassis_platform.coverage import note
from chassis_platform.plan.changes import Attachment, Change
from chassis_platform.records import after_save
from chassis_platform.records.after_save import Fired
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.match_keys import LOCK_KEYS, LOCK_KEYS_SHARED, LOCK_TOKENS
from chassis_platform.sql.matches import matches_of_saved
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

#: Writes of more records lock keys as a whole: each lock takes room that all connections share.
MOST_TOKENS_LOCKED_OF = 20
#: Who can be asked whether to save all the same; everybody else goes on, and is told.
_CAN_BE_ASKED = frozenset({"browser", "api"})
_ONLY_TOLD = frozenset({Action.REPORT, Action.ATTACH})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A duplicate rule, what happened, and the records for which it asks."""

    rule: DuplicateRule
    event: Event
    changes: tuple[Change, ...]

    @property
    def action(self) -> Action:
        return self.rule.action(self.event)


async def look_for_duplicates(transaction: Transaction, context: Context, fired: Sequence[Fired]) -> None:
    """Refuse what a rule blocks, tell what it warns of, keep what it reports, note what goes to another record."""
    asked = list(_asked(context, fired))
    forget_told(fired, own=True)
    if not asked:
        return
    await _look(transaction, context, asked)


def forget_told(fired: Sequence[Fired], *, own: bool) -> None:
    """Take back what an earlier try told of the records themselves, or of those that they refer to."""
    for one in fired:
        for change in one.changes:
            change.warnings = tuple(each for each in change.warnings if _is_own(each, one.obj.name) is not own)


def _is_own(warning: Problem, object_name: str) -> bool | None:
    """Whether a duplicate rule of this object told it; None: none did."""
    if warning.code != CODE:
        return None
    return bool(warning.details["duplicateResult"]["duplicateRuleEntityType"] == object_name)


async def ask_of(
    transaction: Transaction, context: Context, rules: Sequence[DuplicateRule], changes: Sequence[Change]
) -> None:
    """Ask rules of records that are there as if they were saved now."""
    held = context.policy.grants.custom
    asked = [_Asked(each, Event.UPDATE, tuple(changes)) for each in rules if each.bypass_permission not in held]
    if asked and changes:
        await _look(transaction, context, asked)


async def _look(transaction: Transaction, context: Context, asked: Sequence[_Asked]) -> None:
    rules = _matching_rules(context, asked)
    ids = sorted({str(change.id) for each in asked for change in each.changes})
    findings = await find_matches(transaction, context, rules, ids)
    takers = await _takers(transaction, context, asked, findings)
    noted = _judge(context, asked, findings, takers)
    if noted:
        await keep_sets(transaction, context, noted)


def _asked(context: Context, fired: Sequence[Fired]) -> Iterable[_Asked]:
    known = duplicate_rules(context.snapshot)
    held = context.policy.grants.custom
    places = {name: place for place, name in enumerate(known)}
    for each in sorted(fired, key=lambda one: places[one.trigger.name]):
        rule = known[each.trigger.name]
        if rule.bypass_permission not in held and rule.action(each.event) is not Action.NOTHING:
            yield _Asked(rule, each.event, each.changes)


def _matching_rules(context: Context, asked: Sequence[_Asked]) -> list[MatchingRule]:
    found = {one.name: one for each in asked for one in asked_by(each.rule, context.snapshot)}
    return list(found.values())


async def find_matches(
    transaction: Transaction, context: Context, rules: Sequence[MatchingRule], ids: Sequence[str]
) -> Findings:
    """Matches of stored records, in one round trip.

    Locks come first: the questions behind them see what others have committed by then.
    """
    by_other: dict[str, list[MatchingRule]] = {}
    for rule in rules:
        by_other.setdefault(rule.against, []).append(rule)
    common = find_parameters(context) | {"ids": list(ids)}
    questions = [matches_of_saved(context, each).bind(**common) for each in by_other.values()]
    locks = _locks(context, rules, ids)
    answers = await transaction.fetch_each([*locks, *questions])
    return findings_of((row for rows in answers[len(locks) :] for row in rows), rules)


def find_parameters(context: Context) -> dict[str, object]:
    """Who asks, and what formulas need to know."""
    tenant_id = context.tenant.id
    return {"tenant": tenant_id, "tenant_id": tenant_id, **asking(context)}


def _locks(context: Context, rules: Sequence[MatchingRule], ids: Sequence[str]) -> list[Statement]:
    key_ids = sorted({key.id for rule in rules for key in rule.keys})
    numbers = sorted(lock_number(context.tenant.id, each) for each in key_ids)
    if len(ids) > MOST_TOKENS_LOCKED_OF:
        return [LOCK_KEYS.bind(locks=numbers)]
    tokens = LOCK_TOKENS.bind(tenant=context.tenant.id, ids=list(ids), key_ids=key_ids)
    return [LOCK_KEYS_SHARED.bind(locks=numbers), tokens]


async def _takers(
    transaction: Transaction, context: Context, asked: Sequence[_Asked], findings: Findings
) -> dict[tuple[str, str], Sequence[Taker]]:
    """Who may take the new records that rules attach, by rule and record."""
    takers: dict[tuple[str, str], Sequence[Taker]] = {}
    for each in asked:
        if each.action is Action.ATTACH:
            matches = {
                str(one.id): _matches_of(context, each.rule, findings.get(str(one.id), ())) for one in each.changes
            }
            takers |= await takers_of(transaction, context, each.rule, matches)
    return takers


def _judge(context: Context, asked: Sequence[_Asked], findings: Findings, takers: Takers) -> list[Noted]:
    """Of equal records in one batch the first is fine; one that is refused, or attached, is nobody's duplicate."""
    of_record: dict[str, list[tuple[_Asked, Change]]] = {}
    for each in asked:
        for change in each.changes:
            of_record.setdefault(str(change.id), []).append((each, change))
    standing: set[str] = set()
    noted: list[Noted] = []
    for record_id, questions in sorted(of_record.items(), key=lambda one: one[1][0][1].place):
        found = findings.get(record_id, ())
        matches = [one for one in found if one.record_id not in of_record or one.record_id in standing]
        taken = _taken(context, questions, matches, takers)
        if taken is not None:
            target = of_record.get(taken.match.record_id)
            _attach(context, questions[0][1], taken, target[0][1] if target else taken.match.record_id)
            continue
        told = [_tell(context, each, change, matches) for each, change in questions]
        if not any(change.problems for _, change in questions):
            standing.add(record_id)
            noted += [each for each in told if each is not None]
    return noted


def _taken(
    context: Context, questions: Sequence[tuple[_Asked, Change]], matches: Sequence[Match], takers: Takers
) -> Taker | None:
    """Who takes a new record: by the first rule, the surest match. What another rule blocks goes nowhere."""
    if any(each.action is Action.BLOCK and _matches_of(context, each.rule, matches) for each, _ in questions):
        return None
    ids = {each.record_id for each in matches}
    willing = (one for each, change in questions for one in takers.get((each.rule.name, str(change.id)), ()))
    return next((each for each in willing if each.match.record_id in ids), None)


def _attach(context: Context, change: Change, taker: Taker, target: Change | str) -> None:
    _note(taker.rule, [taker.match])
    if taker.has_failed:
        message = f"{taker.rule.name}: a formula of `attach` can't be worked out for this record."
        change.wrong("cannot_execute_flow_trigger", message)
        return
    change.warnings = (problem_of(context, taker.rule, [taker.match], allow_save=False),)
    change.attached = Attachment(KIND, target, taker)


def _matches_of(context: Context, rule: DuplicateRule, matches: Sequence[Match]) -> list[Match]:
    names = {each.name for each in asked_by(rule, context.snapshot)}
    return [each for each in matches if each.rule in names]


def _tell(context: Context, asked: _Asked, change: Change, found: Sequence[Match]) -> Noted | None:
    """Note a problem, or a warning; answers what is to be kept if the record is saved."""
    matches = _matches_of(context, asked.rule, found)
    if not matches or (asked.action is Action.ATTACH and flow_of(context.snapshot, asked.rule)):
        return None  # no match, or none that may take the record
    _note(asked.rule, matches)
    may_be_saved = asked.action is not Action.BLOCK
    problem = problem_of(context, asked.rule, matches, allow_save=may_be_saved)
    passes = asked.action in _ONLY_TOLD or (may_be_saved and not _must_confirm(context))
    if not passes:
        change.problems.append(problem)
        return None
    change.warnings = (*change.warnings, problem)
    return Noted(asked.rule.name, asked.rule.object_name, str(change.id), matches)


def _note(rule: DuplicateRule, matches: Iterable[Match]) -> None:
    note(KIND, rule.name)
    for each in matches:
        note(MATCHING_RULE, each.rule)


def _must_confirm(context: Context) -> bool:
    return context.principal.kind in _CAN_BE_ASKED and not context.allow_duplicates


after_save.handle(KIND, look_for_duplicates)
