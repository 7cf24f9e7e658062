"""Taking a request back, and giving it to somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chassis_metadata.ids import is_id, new_ids, normal_id
from chassis_metadata.logic.approval import END, KIND, NEVER
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.actions import act
from chassis_platform.automation.approvals.batch import Batch
from chassis_platform.automation.approvals.decide import GONE
from chassis_platform.automation.approvals.load import Loaded, load
from chassis_platform.automation.approvals.outside import tell
from chassis_platform.automation.approvals.people import QUEUE, USER, People, find_people
from chassis_platform.automation.approvals.requests import Reassignment, Recall
from chassis_platform.automation.approvals.running import REASSIGNED, REMOVED, Line, Running, Workitem
from chassis_platform.automation.approvals.stages import WORKITEM_PREFIX
from chassis_platform.automation.approvals.store import store
from chassis_platform.coverage import note
from chassis_tenants.database import Transaction

Refusal = tuple[str, str]


async def recall(transaction: Transaction, context: Context, asked: Sequence[Recall]) -> Batch:
    """Take requests back in a transaction of the caller's, who undoes it where the batch says so."""
    batch = Batch(len(asked))
    loaded = await load(transaction, context, [each.id for each in asked])
    seen: set[Running] = set()
    for place, each in enumerate(asked):
        running = loaded.find(each.id)
        if running is None or running in seen:
            batch.refuse(place, "already_processed", GONE)
            continue
        refusal = _no_recall(context, running, each)
        if refusal is not None:
            batch.refuse(place, *refusal, record_id=running.record_id)
            continue
        seen.add(running)
        batch.running[place] = running
        _take_back(context, running, each)
    await act(transaction, context, [(each, each.process.on_recall) for each in batch.fine])
    if not batch.must_be_undone:
        await store(transaction, context, batch.fine)
    return batch


def _no_recall(context: Context, running: Running, asked: Recall) -> Refusal | None:
    process = running.process
    is_admin = context.policy.on(process.object_name).modify_all
    if context.principal.user_id != running.submitter_id and not is_admin:
        return "insufficient_access_or_readonly", f"{process.label}: only who submitted the record can take it back."
    if not is_admin and process.recall_until == NEVER:
        return "recall_not_allowed", f"{process.label}: a request can't be taken back."
    until = process.step(process.recall_until) if process.recall_until not in (END, NEVER) else None
    if not is_admin and until is not None and running.stage > process.stage_of(until.name):
        return "recall_not_allowed", f"{process.label}: it can be taken back until the step {until.label} is decided."
    if "recall" in process.comments_required and not (asked.comments or "").strip():
        return "required_field_missing", f"{process.label}: taking it back needs a comment."
    return None


def _take_back(context: Context, running: Running, asked: Recall) -> None:
    user_id = context.principal.user_id
    note(KIND, running.process.name, "removed")
    running.actor_id, running.comments = user_id, asked.comments
    line = Line(REMOVED, running.process.label, actor_id=user_id, comments=asked.comments)
    running.lines.append(line)
    running.end(REMOVED)


async def reassign(transaction: Transaction, context: Context, asked: Sequence[Reassignment]) -> Batch:
    """Give requests to others; the times they are due stay."""
    batch = Batch(len(asked))
    loaded = await load(transaction, context, [each.id for each in asked])
    people = await find_people(transaction, context, [each.actor_id for each in asked if is_id(each.actor_id)])
    ids = iter(new_ids(WORKITEM_PREFIX, max(len(asked), 1)))
    for place, each in enumerate(asked):
        running = loaded.find(each.id)
        item = running.open.get(normal_id(each.id)) if running is not None else None
        if running is None or item is None:
            batch.refuse(place, "already_processed", GONE)
            continue
        refusal = _no_reassignment(context, loaded, people, (running, item, each))
        if refusal is not None:
            batch.refuse(place, *refusal, record_id=running.record_id)
            continue
        batch.running[place] = running
        _give(context, (running, item, each), next(ids))
    given = list(dict.fromkeys(batch.fine))
    await store(transaction, context, given)
    await tell(transaction, context, given)
    return batch


def _no_reassignment(
    context: Context, loaded: Loaded, people: People, given: tuple[Running, Workitem, Reassignment]
) -> Refusal | None:
    running, item, asked = given
    is_admin = context.policy.on(running.process.object_name).modify_all
    if not is_admin and not loaded.hat.may_decide(item.actor_id, running.process.name):
        return (
            "insufficient_access_on_cross_reference_entity",
            f"{running.process.label}: only who is asked, or an administrator, can pass the request on.",
        )
    actor_id = normal_id(asked.actor_id) if is_id(asked.actor_id) else ""
    if not actor_id.startswith((USER, QUEUE)):
        return "malformed_id", f"{asked.actor_id!r} is no id of a user or queue."
    if not people.is_free(actor_id, running.submitter_id):
        return "invalid_cross_reference_key", "Choose an active user or a queue with members, not who submitted it."
    return None


def _give(context: Context, given: tuple[Running, Workitem, Reassignment], item_id: str) -> None:
    running, item, asked = given
    step = running.process.step(item.step)
    label = step.label if step is not None else item.step
    running.lines.append(Line(REASSIGNED, label, item.step, context.principal.user_id, item.actor_id, asked.comments))
    running.drop([item.id])
    running.add(replace(item, id=item_id, actor_id=normal_id(asked.actor_id)))
