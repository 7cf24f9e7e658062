"""Ingest jobs: what may be asked for, closing one, aborting one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.assignment.asked import with_assignment
from chassis_platform.bulk.columns import check_columns
from chassis_platform.bulk.csv_rows import DELIMITERS, LINE_ENDINGS
from chassis_platform.bulk.jobs import (
    OVER,
    BulkJob,
    JobType,
    NewJob,
    State,
    changed_state,
    refuse_transition,
    wrong_state,
)
from chassis_platform.bulk.makers import with_scopes
from chassis_platform.bulk.uploads import HEADER, PROBLEM
from chassis_platform.bulk.writing import HARD_DELETE
from chassis_platform.plan.write import object_to_write, read_upsert
from chassis_tenants.database import Database
from chassis_tenants.journal import enqueue
from chassis_tenants.statement import Statement

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
#: The worker's job that writes a job's batches.
JOB = "bulk_ingest"
#: So many workers, or tasks of one, share the batches of a job.
LANES = 2


def read_ingest(context: Context, document: Mapping[str, Any], *, version: str) -> NewJob:
    """What a request asks to be made; all that is wrong with it is told before anything is uploaded."""
    operation = _one_of(document, "operation", OPERATIONS, None)
    if not isinstance(document.get("object"), str):
        raise Invalid.of("invalidjob", "InvalidJob : Must specify a valid object", fields=["object"])
    obj = object_to_write(context, document["object"])
    _one_of(document, "contentType", ("CSV",), "CSV")
    settings: dict[str, Any] = {
        "columnDelimiter": _one_of(document, "columnDelimiter", tuple(DELIMITERS), "COMMA"),
        "lineEnding": _one_of(document, "lineEnding", tuple(LINE_ENDINGS), "LF"),
        "apiVersion": float(version),
        **_text(document, "externalIdFieldName"),
        **_text(document, "assignmentRuleId"),
    }
    if operation == "upsert":
        _check_key(context, obj, settings)
    if operation == "hardDelete":
        context.policy.demand(HARD_DELETE)
    with_assignment(context, settings.get("assignmentRuleId"))  # refuses what will not do
    return NewJob(JobType.INGEST, obj.name, operation, with_scopes(context, settings))


def _check_key(context: Context, obj: Object, settings: Mapping[str, Any]) -> None:
    key = settings.get("externalIdFieldName")
    if not key:
        message = "InvalidJob : External ID was blank for an upsert: name the field in externalIdFieldName"
        raise Invalid.of("invalidjob", message, fields=["externalIdFieldName"])
    read_upsert(context, obj, key, ())


def _text(document: Mapping[str, Any], name: str) -> dict[str, str]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, str):
        raise Invalid.of("invalidjob", f"InvalidJob : {name} must be a text", fields=[name])
    return {name: value}


def _one_of(document: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str | None) -> str:
    value = document.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        message = f"InvalidJob : {name} must be one of {', '.join(allowed)}"
        raise Invalid.of("invalidjob", message, fields=[name])
    return value


def queued(tenant_id: int, job_id: str) -> list[Statement]:
    """The statements that give a job to the workers. One job of a tenant takes one lane at a time."""
    return [queued_turn(tenant_id, JOB, job_id, lane) for lane in range(LANES)]


def queued_turn(tenant_id: int, kind: str, job_id: str, lane: int) -> Statement:
    """The statement that queues a turn on a lane of a job."""
    return enqueue(tenant_id, kind, {"job": job_id, "lane": lane}, lock_key=f"{kind}-{lane}")


async def close_job(database: Database, context: Context, job: BulkJob) -> None:
    """No more comes: let the workers begin. A file that can't be read ends the job."""
    if job.state is not State.OPEN:
        raise refuse_transition(job, State.UPLOAD_COMPLETE)
    if not job.content_bytes and PROBLEM not in job.settings:
        raise wrong_state("The job has no content yet: PUT it, then close the job")
    problem = job.settings.get(PROBLEM) or _problem_of_columns(context, job)
    await move(database, context, job, State.FAILED if problem else State.UPLOAD_COMPLETE, message=problem)


def _problem_of_columns(context: Context, job: BulkJob) -> str | None:
    obj = object_to_write(context, job.object_name)
    try:
        check_columns(context, obj, job.operation, job.settings[HEADER])
    except Invalid as error:
        return error.problems[0].message
    return None


async def abort_job(database: Database, context: Context, job: BulkJob) -> None:
    """Stop; what was written stays. A worker that is at it stops behind its batch."""
    if job.state in OVER:
        raise refuse_transition(job, State.ABORTED)
    await move(database, context, job, State.ABORTED)


async def move(database: Database, context: Context, job: BulkJob, to: State, *, message: str | None = None) -> None:
    """Take the job from the state that it was seen in to another; into the queue, where it is to be worked on."""
    tenant_id = context.tenant.id
    async with database.transaction(context.binding) as transaction:
        changed = await transaction.fetch(changed_state(tenant_id, job.id, {job.state}, to, message=message))
        if not changed:
            raise wrong_state("The job changed at the same time: look at it again")
        if to is State.UPLOAD_COMPLETE:
            await transaction.fetch_each(queued(tenant_id, job.id))
