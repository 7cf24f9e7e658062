"""Going on: a stage's criteria, who is asked, what is skipped, approved or rejected by itself, and the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.ids import new_ids
from chassis_metadata.logic.approval import KIND, Action, Step
from chassis_metadata.logic.approval_formulas import request_formula
from chassis_metadata.snapshot import Object
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.actions import act
from chassis_platform.automation.approvals.approvers import Ask, expressions_of, find_approvers
from chassis_platform.automation.approvals.ask import ask_all
from chassis_platform.automation.approvals.deadlines import due_times, hours_formula
from chassis_platform.automation.approvals.evaluate import NO_ANSWER, Answer
from chassis_platform.automation.approvals.running import APPROVED, REJECTED, SKIPPED, Line, Running, Workitem
from chassis_platform.coverage import note
from chassis_tenants.database import Transaction

WORKITEM_PREFIX = "04i"
#: A process that goes back by itself must not go round for ever.
MOST_ROUNDS = 60


async def go_on(transaction: Transaction, context: Context, runnings: Sequence[Running]) -> None:
    """Begin stages until every approval waits for somebody or is over."""
    for _ in range(MOST_ROUNDS):
        entering = [each for each in runnings if each.is_entering and not each.problems]
        if not entering:
            return
        past = [each for each in entering if not each.steps]
        await conclude(transaction, context, [(each, APPROVED) for each in past])
        await _begin(transaction, context, [each for each in entering if each.steps])
    for each in runnings:
        if each.is_entering and not each.problems:
            each.wrong("process_without_end", f"{each.process.label} goes back and forth by itself without an end.")


async def conclude(transaction: Transaction, context: Context, ended: Sequence[tuple[Running, str]]) -> None:
    """End approvals, and do what the process says for that end."""
    todo: list[tuple[Running, Sequence[Action]]] = []
    for running, status in ended:
        running.end(status)
        note(KIND, running.process.name, status.lower())
        todo.append((running, running.process.on_approve if status == APPROVED else running.process.on_reject))
    await act(transaction, context, todo)


async def reject(transaction: Transaction, context: Context, rejected: Sequence[tuple[Running, Step]]) -> None:
    """What follows from a step's no: another step, or the end."""
    await act(transaction, context, [(running, step.on_reject) for running, step in rejected])
    ended: list[tuple[Running, str]] = []
    for running, step in rejected:
        if step.reject_to is None:
            ended.append((running, REJECTED))
        else:
            running.enter(running.process.stage_of(step.reject_to))
    await conclude(transaction, context, ended)


@dataclass(slots=True, eq=False)
class _Beginning:
    """What the criteria of a stage say about one approval."""

    running: Running
    approved: list[Step] = field(default_factory=list)
    rejected: Step | None = None
    ends: str | None = None  # the whole process, without asking anybody
    asks: list[tuple[Step, Ask]] = field(default_factory=list)


async def _begin(transaction: Transaction, context: Context, runnings: Sequence[Running]) -> None:
    groups: dict[tuple[str, int], list[Running]] = {}
    for each in runnings:
        groups.setdefault((each.process.digest, each.stage), []).append(each)
    wanted = [(group, list(_expressions(context, group[0]))) for group in groups.values()]
    found = await ask_all(transaction, context, wanted)
    beginnings = [_judged(context, each, found.get(each, NO_ANSWER)) for each in runnings]
    await _ask_people(transaction, context, beginnings)
    await _follow(transaction, context, beginnings)


def _expressions(context: Context, running: Running) -> Iterator[Expression]:
    obj = context.snapshot.objects[running.process.object_name]
    for step in running.steps:
        for text in (step.when, step.approve_when, step.reject_when):
            if text is not None:
                yield request_formula(context.snapshot, obj, text, Kind.BOOLEAN)
        yield from expressions_of(context.snapshot, obj, step.approvers)
    yield from expressions_of(context.snapshot, obj, running.process.fallback)
    hours = hours_formula(context, running.process)
    if hours is not None:
        yield hours


def _judged(context: Context, running: Running, answer: Answer) -> _Beginning:
    """What happens to each step of the stage."""
    obj = context.snapshot.objects[running.process.object_name]
    beginning = _Beginning(running)
    for step in running.steps:
        _judge_step(context, obj, beginning, (step, answer))
    if beginning.rejected is not None or beginning.ends is not None:
        beginning.asks = []
    return beginning


def _judge_step(context: Context, obj: Object, beginning: _Beginning, judged: tuple[Step, Answer]) -> None:
    step, answer = judged
    running = beginning.running

    def holds(text: str | None, *, default: bool) -> bool:
        typed = None if text is None else request_formula(context.snapshot, obj, text, Kind.BOOLEAN)
        return answer.holds(typed, default=default)

    if not holds(step.when, default=True):
        running.lines.append(Line(SKIPPED, step.label, step.name))
        if step.otherwise == "reject":
            beginning.rejected = step
        elif step.otherwise == "approve":
            beginning.ends = APPROVED
        return
    note(KIND, running.process.name, running.process.part(step.name))
    if holds(step.reject_when, default=False):
        running.lines.append(Line(REJECTED, step.label, step.name))
        beginning.rejected = step
    elif holds(step.approve_when, default=False):
        running.lines.append(Line(APPROVED, step.label, step.name))
        beginning.approved.append(step)
    else:
        ask = Ask(running, obj, step.approvers, answer, running.process.fallback)
        beginning.asks.append((step, ask))


async def _ask_people(transaction: Transaction, context: Context, beginnings: Iterable[_Beginning]) -> None:
    asks = [each for beginning in beginnings for each in beginning.asks]
    if not asks:
        return
    await find_approvers(transaction, context, [ask for _, ask in asks])
    now = clock.now()
    ids = iter(new_ids(WORKITEM_PREFIX, sum(len(ask.found) for _, ask in asks) or 1))
    for step, ask in asks:
        running = ask.running
        if not ask.found:
            running.wrong("no_approver", _nobody(running, step))
        due, escalate = due_times(context, running.process, step.deadline, ask.answer, now)
        for actor in ask.found:
            item = Workitem(next(ids), step.name, actor, actor, due, escalate, due or escalate, step.editable_fields)
            running.add(item)


def _nobody(running: Running, step: Step) -> str:
    return (
        f"{running.process.label}: nobody was found who could decide the step {step.label}. Whoever is named for it is"
        " missing, inactive or the submitter, and so is everybody above. Fill in an approver, or give the process a"
        " fallback."
    )


async def _follow(transaction: Transaction, context: Context, beginnings: Sequence[_Beginning]) -> None:
    """What the criteria decided by themselves; whoever then waits for nobody goes to the next stage."""
    fine = [each for each in beginnings if not each.running.problems]
    for each in fine:
        each.running.is_entering = False
        each.running.next_approvers = ()
    await act(transaction, context, [(each.running, step.on_approve) for each in fine for step in each.approved])
    rejected = [(each.running, each.rejected) for each in fine if each.rejected is not None]
    await reject(transaction, context, rejected)
    ended = [(each.running, each.ends) for each in fine if each.rejected is None and each.ends is not None]
    await conclude(transaction, context, ended)
    for each in fine:
        running = each.running
        if each.rejected is None and each.ends is None and not running.open:
            running.enter(running.stage + 1)
