"""Records that are not created because one of their matches takes them: which one, and the flow that runs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.duplicate_rule import KIND, MATCH_KEY, Attaching, DuplicateRule
from chassis_metadata.logic.flow import Flow, flows
from chassis_metadata.logic.flow_formulas import Standing, flow_formula
from chassis_metadata.logic.matching_rule import matching_rules
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.flows.evaluate import Answer, Question, ask
from chassis_platform.automation.flows.frame import Frame, Item
from chassis_platform.automation.flows.handler import note_problems
from chassis_platform.automation.flows.runner import run_flow
from chassis_platform.automation.flows.runs import note_refused, note_synchronous
from chassis_platform.automation.keeping import common
from chassis_platform.automation.matching.findings import Match
from chassis_platform.plan.changes import Change
from chassis_platform.records.after_save import afterwards, handle_attached
from chassis_platform.records.inquiry import LOCK_TIMEOUT
from chassis_platform.sql.write import lock_records
from chassis_tenants.database import Transaction


@dataclass(frozen=True, slots=True)
class Taker:
    """A match that may take a record, and what the flow gets. `has_failed`: a formula could not be worked out."""

    rule: DuplicateRule
    match: Match
    inputs: Mapping[str, Any]
    has_failed: bool


#: A record's takers, the surest match first.
Takers = Mapping[tuple[str, str], Sequence[Taker]]  # by rule and record id


def flow_of(snapshot: Snapshot, rule: DuplicateRule) -> Flow | None:
    """The flow that takes what a rule attaches; None where it is switched off: then the rule only tells."""
    return flows(snapshot).get(rule.attach.flow) if rule.attach is not None else None


async def takers_of(
    transaction: Transaction, context: Context, rule: DuplicateRule, found: Mapping[str, Sequence[Match]]
) -> Takers:
    """Which matches of the records may take them, in one statement."""
    flow, pairs = flow_of(context.snapshot, rule), [(each, one) for each, matches in found.items() for one in matches]
    if flow is None or rule.attach is None or not pairs:
        return {}
    items = [
        Item(number, match.record_id, record_id, {MATCH_KEY: match.key})
        for number, (record_id, match) in enumerate(pairs)
    ]
    standing = rule.attach.standing(rule.object_name)
    frame = Frame(flow, context.snapshot, standing, tuple(items))
    question = Question(tuple(_formulas(context.snapshot, rule.attach, flow, standing)))
    answers = await ask(transaction, as_automation(context), frame, question, frozenset())
    takers: dict[tuple[str, str], list[Taker]] = {}
    for (record_id, match), answer in zip(pairs, answers, strict=True):
        if answer.values[0] is True:
            takers.setdefault((rule.name, record_id), []).append(_taker(rule, rule.attach, match, answer))
    return takers


def _formulas(snapshot: Snapshot, attach: Attaching, flow: Flow, standing: Standing) -> Iterable[Expression]:
    """The criteria, then the inputs in their order."""
    yield flow_formula(snapshot, standing, attach.criteria or "TRUE", Kind.BOOLEAN)
    for name, text in attach.arguments.items():
        yield flow_formula(snapshot, standing, text, flow.kinds[name])


def _taker(rule: DuplicateRule, attach: Attaching, match: Match, answer: Answer) -> Taker:
    return Taker(rule, match, dict(zip(attach.arguments, answer.values[1:], strict=True)), bool(answer.failed))


async def hand_over(transaction: Transaction, context: Context, obj: Object, changes: Sequence[Change]) -> None:
    """Run the flows of the rules on the records that take what was not created.

    Their locks were lost when the new records were undone: who can't take a record any more gives it back, and it is
    tried as a new one again.
    """
    ids = sorted({each.attached.target_id for each in changes if each.attached})
    await transaction.fetch_each([LOCK_TIMEOUT, lock_records(obj).bind(**common(context), ids=ids)])
    by_rule: dict[str, list[tuple[Change, Taker]]] = {}
    for change in changes:
        if change.attached is not None:
            by_rule.setdefault(change.attached.details.match.rule, []).append((change, change.attached.details))
    standing: list[tuple[Change, Taker]] = []
    for rule_name, pairs in by_rule.items():
        standing += await _still_taking(transaction, context, obj, rule_name, pairs)
    if len(standing) < sum(len(pairs) for pairs in by_rule.values()):
        return
    by_flow: dict[str, list[tuple[Change, Taker]]] = {}
    for change, taker in standing:
        if taker.rule.attach is not None:
            by_flow.setdefault(taker.rule.attach.flow, []).append((change, taker))
    for name, pairs in by_flow.items():
        await _run(transaction, context, flows(context.snapshot)[name], pairs)


async def _still_taking(
    transaction: Transaction, context: Context, obj: Object, rule_name: str, pairs: Sequence[tuple[Change, Taker]]
) -> list[tuple[Change, Taker]]:
    """Those whose target is there and still one that the matching rule may find; the others are new records again."""
    criteria = matching_rules(context.snapshot)[rule_name].against_criteria or "TRUE"
    standing = Standing(obj.name)
    items = tuple(Item(place, _target(change)) for place, (change, _) in enumerate(pairs))
    frame = Frame(_flow(context, pairs[0][1]), context.snapshot, standing, items)
    expression = flow_formula(context.snapshot, standing, criteria, Kind.BOOLEAN)
    question = Question((expression,), (obj.fields["IsDeleted"],))
    answers = await ask(transaction, as_automation(context), frame, question, frozenset())
    fine: list[tuple[Change, Taker]] = []
    for (change, taker), answer in zip(pairs, answers, strict=True):
        if answer.values[0] is True and answer.present[0] is False:
            fine.append((change, taker))
        else:
            change.attached = None
    return fine


def _target(change: Change) -> str | None:
    return change.attached.target_id if change.attached else None


def _flow(context: Context, taker: Taker) -> Flow:
    flow = flow_of(context.snapshot, taker.rule)
    assert flow is not None  # noqa: S101  it was there when the taker was found, in this snapshot
    return flow


async def _run(transaction: Transaction, context: Context, flow: Flow, pairs: Sequence[tuple[Change, Taker]]) -> None:
    items = [Item(place, _target(change), variables=dict(taker.inputs)) for place, (change, taker) in enumerate(pairs)]
    started = clock.now()
    run = await run_flow(transaction, context, flow, items)
    if not run.problems:
        await note_synchronous(run, items, flow.start, started)
    elif run.has_failed and flow.trace != "none":
        afterwards(lambda separate: note_refused(separate, run, items, started))
    for root, problems in run.problems.items():
        note_problems(pairs[root][0], problems)


handle_attached(KIND, hand_over)
