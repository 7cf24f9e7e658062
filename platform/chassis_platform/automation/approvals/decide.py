"""Yes and no: may the user decide, is a comment needed, what may be changed on the way; then on to the next stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.approval import KIND, Step
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.approvals.actions import act
from chassis_platform.automation.approvals.batch import Batch
from chassis_platform.automation.approvals.definitions import what_is_broken
from chassis_platform.automation.approvals.load import Loaded, load
from chassis_platform.automation.approvals.outside import tell
from chassis_platform.automation.approvals.requests import Decision
from chassis_platform.automation.approvals.running import APPROVED, REJECTED, Line, Running, Workitem
from chassis_platform.automation.approvals.stages import go_on, reject
from chassis_platform.automation.approvals.store import store
from chassis_platform.coverage import note
from chassis_platform.records.write import write_within
from chassis_tenants.database import Transaction

GONE = "The request was decided, reassigned or taken back meanwhile: there is nothing left to decide."


async def decide(transaction: Transaction, context: Context, decisions: Sequence[Decision]) -> Batch:
    """Approve and reject in a transaction of the caller's, who undoes it where the batch says so."""
    batch = Batch(len(decisions))
    loaded = await load(transaction, context, [each.id for each in decisions])
    for turn in _turns(loaded, decisions, batch):
        await _decide(transaction, context, _Turn(context, loaded, batch, turn))
    if not batch.must_be_undone:
        decided = list(dict.fromkeys(batch.running.values()))
        await store(transaction, context, decided)
        await tell(transaction, context, decided)
    return batch


def _turns(loaded: Loaded, decisions: Sequence[Decision], batch: Batch) -> list[dict[int, Decision]]:
    """Each approval once a turn: who decides two steps of one record at once decides them one after the other."""
    turns: list[dict[int, Decision]] = []
    counts: dict[str, int] = {}
    for place, each in enumerate(decisions):
        running = loaded.find(each.id)
        if running is None:
            batch.refuse(place, "already_processed", GONE)
            continue
        turn = counts.get(running.instance_id, 0)
        counts[running.instance_id] = turn + 1
        if turn == len(turns):
            turns.append({})
        turns[turn][place] = each
    return turns


@dataclass(slots=True)
class _Turn:
    """Decisions of different approvals, taken together."""

    context: Context
    loaded: Loaded
    batch: Batch
    decisions: Mapping[int, Decision]
    taken: list[tuple[Running, Workitem, Decision]] = field(default_factory=list)

    def judge(self) -> None:
        """Refuse what may not be; the rest is taken."""
        for place, decision in self.decisions.items():
            running = self.loaded.find(decision.id)
            assert running is not None  # noqa: S101  the turns were made of what was found
            item = self._item(running, decision)
            refusal = self._refusal(running, item, decision)
            if refusal is not None or item is None:
                code, message, *fields = refusal or ("already_processed", GONE)
                self.batch.refuse(place, code, message, record_id=running.record_id, field_name=(*fields, "")[0])
                continue
            self.batch.running[place] = running
            self.taken.append((running, item, decision))

    def _item(self, running: Running, decision: Decision) -> Workitem | None:
        """The request that is meant: the one named, or the first that is the user's to decide."""
        named = running.open.get(normal_id(decision.id)) if is_id(decision.id) else None
        if named is not None or normal_id(decision.id) in self.loaded.by_item:
            return named
        mine = (each for each in running.open.values() if self._may_decide(running, each))
        return next(mine, next(iter(running.open.values()), None))

    def _may_decide(self, running: Running, item: Workitem) -> bool:
        return self.loaded.hat.may_decide(item.actor_id, running.process.name)

    def _refusal(self, running: Running, item: Workitem | None, decision: Decision) -> tuple[str, ...] | None:
        if item is None:
            return "already_processed", GONE
        if not self._may_decide(running, item):
            message = f"{running.process.label}: somebody else is asked to decide this. It can be reassigned to you."
            return "insufficient_access_on_cross_reference_entity", message
        if self.context.principal.user_id == running.submitter_id:
            message = f"{running.process.label}: nobody decides an own request."
            return "insufficient_access_on_cross_reference_entity", message
        return self._refusal_of_content(running, item, decision)

    def _refusal_of_content(self, running: Running, item: Workitem, decision: Decision) -> tuple[str, ...] | None:
        word = "approve" if decision.approves else "reject"
        if word in running.process.comments_required and not (decision.comments or "").strip():
            done = "an approval" if decision.approves else "a rejection"
            return "required_field_missing", f"{running.process.label}: {done} needs a comment.", "comments"
        others = sorted(set(decision.fields) - set(item.editable_fields))
        if others:
            allowed = ", ".join(item.editable_fields) or "none"
            message = f"In this step approvers may change: {allowed}. Not: {', '.join(others)}."
            return "insufficient_access_or_readonly", message, others[0]
        broken = what_is_broken(self.context.snapshot, running.process)
        if broken is not None:
            return (
                "process_broken",
                f"{running.process.label} can't go on: {broken} Recall it, or ask an administrator.",
            )
        return None


async def _decide(transaction: Transaction, context: Context, turn: _Turn) -> None:
    turn.judge()
    for running, item, decision in turn.taken:
        _note(context, running, item, decision)
    await _write_fields(transaction, context, turn.taken)
    fine = [
        (running, _step_of(running, item), decision) for running, item, decision in turn.taken if not running.problems
    ]
    approved = [(running, step) for running, step, decision in fine if decision.approves and _is_done(running, step)]
    await act(transaction, context, [(running, step.on_approve) for running, step in approved])
    for running, _ in approved:
        if not running.open:
            running.enter(running.stage + 1)
    await reject(transaction, context, [(running, step) for running, step, each in fine if not each.approves])
    await go_on(transaction, context, [running for running, _, _ in fine])


def _note(context: Context, running: Running, item: Workitem, decision: Decision) -> None:
    step = _step_of(running, item)
    user_id = context.principal.user_id
    running.actor_id, running.comments = user_id, decision.comments
    running.next_approvers = decision.next_approvers
    status = APPROVED if decision.approves else REJECTED
    note(KIND, running.process.name, f"{running.process.part(step.name)}.{status.lower()}")
    line = Line(status, step.label, step.name, user_id, item.actor_id, decision.comments, decision.attachments)
    running.lines.append(line)
    running.drop([item.id])
    if not step.is_unanimous or not decision.approves:
        running.drop_step(step.name)


def _step_of(running: Running, item: Workitem) -> Step:
    step = running.process.step(item.step)
    assert step is not None  # noqa: S101  a running approval keeps the version that named its steps
    return step


def _is_done(running: Running, step: Step) -> bool:
    return all(each.step != step.name for each in running.open.values())


async def _write_fields(
    transaction: Transaction, context: Context, taken: Sequence[tuple[Running, Workitem, Decision]]
) -> None:
    """What approvers fill in while they decide."""
    by_object: dict[str, list[tuple[Running, Mapping[str, Any]]]] = {}
    for running, _, decision in taken:
        if decision.fields:
            by_object.setdefault(running.process.object_name, []).append((running, decision.fields))
    for name, records in by_object.items():
        payloads = [{**values, "Id": running.record_id} for running, values in records]
        results = await write_within(transaction, as_automation(context), name, "update", payloads)
        for (running, _), result in zip(records, results, strict=True):
            running.problems += result.problems
