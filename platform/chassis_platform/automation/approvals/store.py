"""Writing what became of approvals in one trip: themselves, their history, who is asked, the journal, the next look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chassis_metadata.ids import new_ids
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.definitions import keep_definitions
from chassis_platform.automation.approvals.running import PENDING, Line, Running, Workitem
from chassis_platform.automation.keeping import common, inserted, updated
from chassis_platform.sql.trail import insert_history
from chassis_platform.sql.write import erase_records
from chassis_tenants.database import Transaction
from chassis_tenants.journal import HISTORY_PREFIX, enqueue
from chassis_tenants.statement import Statement

INSTANCE, STEP, WORKITEM = "ProcessInstance", "ProcessInstanceStep", "ProcessInstanceWorkitem"
#: The name under which the journal of a record's fields tells of its approvals.
JOURNAL_FIELD = "approval"
DEADLINE_JOB, MAIL_JOB = "approval_deadlines", "approval_mails"
_LABEL, _STEPS = 80, 255
_FREE = (
    "UPDATE data.process_instance SET is_locking = false, last_modified_date = %(stamp)s"
    " WHERE tenant_id = %(tenant_id)s AND target_object_id = ANY (%(ids)s::text[]) AND is_locking"
)


async def store(transaction: Transaction, context: Context, runnings: Sequence[Running]) -> None:
    """Write what is noted in these approvals."""
    statements = list(_statements(context, runnings))
    if statements:
        await transaction.fetch_each(statements)


def _statements(context: Context, runnings: Sequence[Running]) -> Iterator[Statement]:
    new = [each for each in runnings if each.is_new]
    tenant_id = context.tenant.id
    yield from keep_definitions(tenant_id, context.snapshot, [each.process for each in new])
    freed = [each.record_id for each in runnings if each.frees]
    if freed:
        yield Statement(_FREE, {**common(context), "ids": freed})
    yield from inserted(context, INSTANCE, [_new_instance(each) for each in new])
    yield from updated(context, INSTANCE, [_changed_instance(each) for each in runnings if not each.is_new])
    yield from inserted(context, STEP, _lines(context, runnings))
    yield from _dropped(context, [each for running in runnings for each in running.dropped])
    yield from _asked(context, runnings)
    yield from _journal(context, runnings)
    yield from _jobs(context, runnings)


def _asked(context: Context, runnings: Sequence[Running]) -> Iterator[Statement]:
    added = [_item(running, each) for running in runnings for each in running.added.values()]
    yield from inserted(context, WORKITEM, added)
    yield from updated(context, WORKITEM, [_moved(each) for running in runnings for each in running.moved.values()])


def _new_instance(running: Running) -> dict[str, Any]:
    return {
        **_changed_instance(running),
        "Name": running.process.label[:_LABEL],
        "TargetObjectId": running.record_id,
        "ProcessDefinitionName": running.process.name,
        "DefinitionDigest": running.process.digest,
        "SubmittedById": running.submitter_id,
    }


def _changed_instance(running: Running) -> dict[str, Any]:
    is_over = running.status != PENDING
    waiting = {each.step for each in running.open.values()}
    labels = [step.label for step in running.process.steps if step.name in waiting]
    return {
        "Id": running.instance_id,
        "Status": running.status,
        "CurrentStage": running.stage,
        "CurrentStep": None if is_over else ", ".join(labels)[:_STEPS],
        "LastActorId": running.actor_id,
        "CompletedDate": clock.now() if is_over else None,
        "IsLocking": running.is_locking,
    }


def _lines(context: Context, runnings: Iterable[Running]) -> list[dict[str, Any]]:
    rows = [_line(running, each) for running in runnings for each in running.lines]
    ids = new_ids("04h", len(rows)) if rows else []
    common_values = {"Channel": context.principal.kind}
    return [{**row, **common_values, "Id": line_id} for row, line_id in zip(rows, ids, strict=True)]


def _line(running: Running, line: Line) -> dict[str, Any]:
    return {
        "Name": line.label[:_LABEL],
        "ProcessInstanceId": running.instance_id,
        "StepStatus": line.status,
        "StepName": line.step,
        "ActorId": line.actor_id,
        "OriginalActorId": line.original_actor_id,
        "Comments": line.comments,
        "Attachments": "\n".join(line.attachments) or None,
    }


def _item(running: Running, item: Workitem) -> dict[str, Any]:
    step = running.process.step(item.step)
    return {
        "Id": item.id,
        "Name": (step.label if step is not None else item.step)[:_LABEL],
        "OwnerId": item.actor_id,
        "ProcessInstanceId": running.instance_id,
        "TargetObjectId": running.record_id,
        "ActorId": item.actor_id,
        "OriginalActorId": item.original_actor_id,
        "StepName": item.step,
        "EditableFields": ";".join(item.editable_fields) or None,
        "DueDate": item.due,
        "EscalateDate": item.escalate,
        "NextCheckDate": item.next_check,
    }


def _moved(item: Workitem) -> dict[str, Any]:
    """Only the next look changes."""
    return {"Id": item.id, "NextCheckDate": item.next_check}


def _dropped(context: Context, ids: Sequence[str]) -> Iterator[Statement]:
    if ids:
        yield erase_records(context.snapshot.objects[WORKITEM]).bind(ids=list(ids), **common(context))


def _journal(context: Context, runnings: Iterable[Running]) -> Iterator[Statement]:
    """The sealed journal tells of every line, too: history of a record goes with the record, the journal stays."""
    rows = [
        {
            "object_name": running.process.object_name,
            "record_id": running.record_id,
            "field_name": JOURNAL_FIELD,
            "old_value": f"{running.process.name}: {line.step or ''}".removesuffix(": "),
            "new_value": f"{line.status}: {line.comments}" if line.comments else line.status,
        }
        for running in runnings
        for line in running.lines
    ]
    for row, entry_id in zip(rows, new_ids(HISTORY_PREFIX, len(rows)) if rows else (), strict=True):
        row["id"] = entry_id
    if rows:
        yield insert_history(context.snapshot, rows).bind(**common(context))


def _jobs(context: Context, runnings: Sequence[Running]) -> Iterator[Statement]:
    """One job for the mails, however many approvals."""
    mailed = [each for running in runnings if running.process.email for each in running.added]
    if mailed:
        yield enqueue(context.tenant.id, MAIL_JOB, {"workitem_ids": mailed})
