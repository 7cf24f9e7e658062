"""A bulk job: its row, its states, who finds it, its document on the wire.

Every kind of job has the same row in `chassis.bulk_job`: ingest (`bulk/ingest.py`), import (`bulk/imports.py`) and
query (`bulk/query.py`). What only one kind knows stands in `settings`. A job is its maker's: for everybody else it is
not there. States change by `change_state` alone, which says in one statement from where to where, so that two who act
at once don't both win.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, new_id, normal_id
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.bulk.job_statements import (
    CHANGE,
    DELETE,
    EXPIRED,
    FIND,
    INSERT,
    LIST,
    QUERY_PLACE,
    SET,
    WRITE,
)
from chassis_tenants.database import Binding, Database, Row
from chassis_tenants.seal_marks import to_seal
from chassis_tenants.statement import Statement

__all__ = [
    "AT_WORK",
    "EXPIRED",
    "OVER",
    "PREFIX",
    "WRITE",
    "BulkJob",
    "JobType",
    "NewJob",
    "State",
    "bound_job",
    "change_state",
    "changed_state",
    "delete_job",
    "find_job",
    "insert_job",
    "job_by_id",
    "job_document",
    "list_jobs",
    "make_job",
    "refuse_transition",
    "set_settings",
    "wire_time",
    "wrong_state",
]

PREFIX = "750"
PAGE = 1_000


class JobType(StrEnum):
    """The kinds of jobs; the wire's names where it has some."""

    INGEST = "V2Ingest"
    QUERY = "V2Query"
    IMPORT = "Import"


class State(StrEnum):
    """Where a job is; the wire's names. The last three are imports': a dry run, and taking an import back."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    ABORTED = "Aborted"
    FAILED = "Failed"
    CHECKING = "Checking"
    UNDOING = "Undoing"
    UNDONE = "Undone"


OVER = frozenset({State.JOB_COMPLETE, State.ABORTED, State.FAILED, State.UNDONE})
#: In these, a worker has something to do with the job.
AT_WORK = frozenset({State.UPLOAD_COMPLETE, State.IN_PROGRESS, State.CHECKING, State.UNDOING})


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a job is to do. `settings` is its kind's own; `query_text` is kept sealed: its values may be classified."""

    job_type: JobType
    object_name: str
    operation: str
    settings: Mapping[str, Any]
    state: State = State.OPEN
    query_text: str | None = None


@dataclass(frozen=True, slots=True)
class BulkJob:
    """A job as it is now. `processed` and `failed` count records of the phase that writes."""

    id: str
    job_type: JobType
    object_name: str
    operation: str
    state: State
    user_id: str
    acting_user_id: str | None
    client_name: str | None
    source_ip: str | None
    settings: Mapping[str, Any]
    query_text: str | None
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    chunks: int
    records: int
    content_bytes: int
    processed: int
    failed: int
    retries: int
    spent_ms: int
    error_message: str | None


def insert_job(context: Context, wanted: NewJob, job_id: str) -> Statement:
    """The statement that makes a job of the user's."""
    principal = context.principal
    return INSERT.bind(
        tenant_id=context.tenant.id,
        job_id=job_id,
        job_type=wanted.job_type.value,
        object_name=wanted.object_name,
        operation=wanted.operation,
        state=wanted.state.value,
        user_id=principal.user_id,
        acting=principal.acting_user_id,
        client=principal.client_name,
        address=principal.source_ip,
        settings=orjson.dumps(wanted.settings).decode(),
        query_text=None if wanted.query_text is None else to_seal(QUERY_PLACE, job_id, wanted.query_text, None),
        now=clock.now(),
    )


async def make_job(database: Database, context: Context, wanted: NewJob, *beside: Statement) -> BulkJob:
    """Make a job in the user's name; `beside` goes into the same transaction."""
    job_id = new_id(PREFIX)
    *_, [row] = await database.read(
        context.binding,
        insert_job(context, wanted, job_id),
        *(each.bind(job_id=job_id) for each in beside),
        FIND.bind(tenant_id=context.tenant.id, job_id=job_id),
    )
    return _read(row)


def _read(row: Row) -> BulkJob:
    job_id, job_type, object_name, operation, state, *rest = row
    return BulkJob(job_id, JobType(job_type), object_name, operation, State(state), *rest)


async def find_job(database: Database, context: Context, job_id: str, *types: JobType) -> BulkJob:
    """The user's own job of one of these types; NotFound for any other."""
    found = await job_by_id(database, context, normal_id(job_id)) if is_id(job_id) else None
    if found is None or found.job_type not in types or found.user_id != context.principal.user_id:
        raise NotFound.of("not_found", "The requested resource does not exist")
    return found


async def job_by_id(database: Database, context: Context, job_id: str) -> BulkJob | None:
    """A job whoever made it."""
    return await bound_job(database, context.binding, job_id)


async def bound_job(database: Database, binding: Binding, job_id: str) -> BulkJob | None:
    """The same for the worker, which acts in nobody's name yet."""
    [rows] = await database.read(binding, FIND.bind(tenant_id=binding.tenant_id, job_id=job_id))
    return _read(rows[0]) if rows else None


async def list_jobs(
    database: Database, context: Context, types: Collection[JobType], *, after: str | None = None, most: int = PAGE
) -> tuple[list[BulkJob], str | None]:
    """The user's jobs of these types, the newest first, and the id behind which there are more."""
    asked = LIST.bind(
        tenant_id=context.tenant.id,
        user_id=context.principal.user_id,
        types=[each.value for each in types],
        after=after,
        most=most + 1,
    )
    [rows] = await database.read(context.binding, asked)
    jobs = [_read(row) for row in rows[:most]]
    return jobs, jobs[-1].id if len(rows) > most else None


def changed_state(
    tenant_id: int, job_id: str, states: Collection[State], to: State, *, message: str | None = None
) -> Statement:
    """The statement that takes a job from one of these states to another; a row where it was in one of them."""
    return CHANGE.bind(
        tenant_id=tenant_id,
        job_id=job_id,
        states=[each.value for each in states],
        to=to.value,
        is_over=to in OVER,
        message=message,
        now=clock.now(),
    )


async def change_state(
    database: Database,
    context: Context,
    job_id: str,
    states: Collection[State],
    to: State,
    *beside: Statement,
) -> bool:
    """Take a job from one of these states to another, with other statements; False where it is in none of them."""
    async with database.transaction(context.binding) as transaction:
        changed = await transaction.fetch(changed_state(context.tenant.id, job_id, states, to))
        if changed and beside:
            await transaction.fetch_each(beside)
    return bool(changed)


def set_settings(tenant_id: int, job_id: str, settings: Mapping[str, Any]) -> Statement:
    """The statement that lays these settings over a job's."""
    return SET.bind(tenant_id=tenant_id, job_id=job_id, settings=orjson.dumps(settings).decode(), now=clock.now())


async def delete_job(database: Database, context: Context, job: BulkJob) -> None:
    """Remove a job with all that is kept for it. One that is at work can't be."""
    if job.state in AT_WORK or job.state is State.OPEN:
        raise wrong_state(f"The job is in state {job.state}: abort it, or wait for its end, before you delete it")
    asked = {"tenant_id": context.tenant.id, "job_id": job.id}
    await database.read(context.binding, *(each.bind(**asked) for each in DELETE))


def wrong_state(message: str) -> Invalid:
    """What is asked for is not to be had in the state that the job is in."""
    return Invalid.of("invalidjobstate", message)


def refuse_transition(job: BulkJob, to: State) -> Invalid:
    """In the words of the field's API."""
    doing = {State.ABORTED: "Aborting", State.UPLOAD_COMPLETE: "Closing"}.get(to, "Changing")
    done = {State.JOB_COMPLETE: "Completed", State.UPLOAD_COMPLETE: "Closed"}.get(job.state, str(job.state))
    return wrong_state(f"{doing} already {done} Job not allowed")


def job_document(job: BulkJob, *, is_whole: bool = True) -> dict[str, Any]:
    """What every kind of job says of itself on the wire. Not `is_whole`: as the answer to its making has it."""
    settings = job.settings
    document: dict[str, Any] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object_name,
        "createdById": job.user_id,
        "createdDate": wire_time(job.created_at),
        "systemModstamp": wire_time(job.changed_at),
        "state": job.state.value,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(settings.get("apiVersion", 66.0)),
        "lineEnding": settings.get("lineEnding", "LF"),
        "columnDelimiter": settings.get("columnDelimiter", "COMMA"),
    }
    if not is_whole:
        return document
    return document | {
        "jobType": job.job_type.value,
        "numberRecordsProcessed": job.processed,
        "retries": job.retries,
        "totalProcessingTime": job.spent_ms,
        "isPkChunkingSupported": False,
        **({"errorMessage": job.error_message} if job.error_message else {}),
    }


def wire_time(moment: datetime) -> str:
    """A time as the wire writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
