"""What follows from submitting, deciding and recalling: field updates, new records, flows, notifications; in sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.approval import Action
from chassis_metadata.logic.approval_formulas import reference_formula, request_formula, request_value
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.approvals.ask import ask_all
from chassis_platform.automation.approvals.evaluate import NO_ANSWER, Answer
from chassis_platform.automation.approvals.outside import Message, send_messages, start_flow
from chassis_platform.automation.approvals.running import Running
from chassis_platform.plan.write import Operation
from chassis_platform.records.write import write_within
from chassis_tenants.database import Transaction

#: Whoever decided, whoever submitted: words beside the record's fields in `notify: {to: …}`.
SUBMITTER, APPROVER = "Submitter", "Approver"

Todo = Iterable[tuple[Running, Sequence[Action]]]


async def act(transaction: Transaction, context: Context, todo: Todo) -> None:
    """Do what is to be done for each approval, action by action; what goes wrong is noted with the approval."""
    groups: dict[tuple[str, int], tuple[Sequence[Action], list[Running]]] = {}
    for running, actions in todo:
        if actions:
            groups.setdefault((running.process.digest, id(actions)), (actions, []))[1].append(running)
    for actions, runnings in groups.values():
        for action in actions:
            fine = [each for each in runnings if not each.problems]
            if fine:
                await _do(transaction, context, action, fine)


async def _do(transaction: Transaction, context: Context, action: Action, runnings: Sequence[Running]) -> None:
    obj = context.snapshot.objects[runnings[0].process.object_name]
    if action.update is not None:
        values = await _values(transaction, context, obj, action.update, runnings)
        await _write(
            transaction, context, (obj, "update"), {each: {**one, "Id": each.record_id} for each, one in values}
        )
    elif action.create is not None:
        name, formulas = action.create
        target = context.snapshot.objects[name]
        made = await _values(transaction, context, target, formulas, runnings)
        await _write(transaction, context, (target, "insert"), dict(made))
    elif action.flow is not None:
        problems = await start_flow(transaction, context, action.flow, [each.record_id for each in runnings])
        for each in runnings:
            each.problems += problems
    elif action.notify is not None:
        await _notify(transaction, context, action.notify, runnings)
    elif action.lock is not None:
        for each in runnings:
            each.is_locking, each.frees = action.lock, not action.lock


async def _values(
    transaction: Transaction, context: Context, target: Object, formulas: Mapping[str, str], runnings: Sequence[Running]
) -> list[tuple[Running, dict[str, Any]]]:
    """The values that formulas over the record give to fields of `target`, for those of which none failed."""
    snapshot = context.snapshot
    of = snapshot.objects[runnings[0].process.object_name]
    typed = {name: request_value(snapshot, of, target.fields[name], text) for name, text in formulas.items()}
    found = await ask_all(transaction, context, [(runnings, list(typed.values()))])
    written: list[tuple[Running, dict[str, Any]]] = []
    for each in runnings:
        answer = found.get(each, NO_ANSWER)
        _note_failures(each, answer, typed)
        values = {name: answer.value(one) for name, one in typed.items()}
        written += [] if each.problems else [(each, values)]
    return written


def _note_failures(running: Running, answer: Answer, typed: Mapping[str, Expression]) -> None:
    for name, expression in typed.items():
        if answer.has_failed(expression):
            message = f"{running.process.label}: the formula for {name} can't be worked out for this record."
            running.wrong("cannot_execute_flow_trigger", message, name)


async def _write(
    transaction: Transaction,
    context: Context,
    what: tuple[Object, Operation],
    records: Mapping[Running, Mapping[str, Any]],
) -> None:
    obj, operation = what
    if not records:
        return
    results = await write_within(transaction, as_automation(context), obj.name, operation, list(records.values()))
    for running, result in zip(records, results, strict=True):
        running.problems += result.problems


async def _notify(
    transaction: Transaction,
    context: Context,
    notify: tuple[tuple[str, ...], str, str | None],
    runnings: Sequence[Running],
) -> None:
    people, title, text = notify
    obj = context.snapshot.objects[runnings[0].process.object_name]
    paths = {
        each: reference_formula(context.snapshot, obj, each) for each in people if each not in (SUBMITTER, APPROVER)
    }
    words = [request_formula(context.snapshot, obj, each, Kind.TEXT) for each in (title, text) if each is not None]
    found = await ask_all(transaction, context, [(runnings, [*paths.values(), *words])])
    told: list[tuple[Running, set[str]]] = []
    for each in runnings:
        answer = found.get(each, NO_ANSWER)
        known = {SUBMITTER: each.submitter_id, APPROVER: each.actor_id}
        actors = (known[one] if one in known else answer.value(paths[one]) for one in people)
        told.append((each, {one for one in actors if one}))
    messages = [
        Message(
            each,
            tuple(sorted(actors)),
            title=str(found[each].value(words[0]) or ""),
            text=str(found[each].value(words[1]) or "") if len(words) > 1 else "",
        )
        for each, actors in told
        if each in found
    ]
    await send_messages(transaction, context, messages)
