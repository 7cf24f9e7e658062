"""Imports: a file with a mapping, checked first where that is wanted, written, and taken back as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.bulk.chunks import chunk_of, clear_outcomes, count_outcomes, read_chunk
from chassis_platform.bulk.columns import ReadRow
from chassis_platform.bulk.ingest import LANES, queued_turn, read_ingest
from chassis_platform.bulk.jobs import (
    OVER,
    WRITE,
    BulkJob,
    JobType,
    NewJob,
    State,
    bound_job,
    changed_state,
    refuse_transition,
    set_settings,
    wire_time,
    wrong_state,
)
from chassis_platform.bulk.mapping import check_mapping, mapped_reader, read_mapping, suggested
from chassis_platform.bulk.processing import Desk, Work, run_lane, take_turn
from chassis_platform.bulk.undoing import UNDO, UndoLane, kept_steps
from chassis_platform.bulk.uploads import HEADER, LARGEST_UPLOAD, MOST_IMPORTED_ROWS, PROBLEM
from chassis_platform.bulk.writing import Task
from chassis_platform.plan.write import object_to_write
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

IMPORT_DATA = "ImportData"
#: The worker's job for all that is done with an import.
JOB = "bulk_import"
CHECK = "check"
MAPPING = "mapping"
OPERATIONS = ("insert", "update", "upsert")
SECTION = "Imports"
_SAMPLES = 5


def read_import(context: Context, document: Mapping[str, Any], *, version: str) -> NewJob:
    """What a request asks to be imported; the mapping may come later."""
    context.policy.demand(IMPORT_DATA)
    if document.get("operation") not in OPERATIONS:
        message = f"operation must be one of {', '.join(OPERATIONS)}"
        raise Invalid.of("invalidjob", f"InvalidJob : {message}", fields=["operation"])
    wanted = read_ingest(context, document, version=version)
    mapping = document.get(MAPPING)
    if mapping is not None:
        read_mapping(mapping)
    return replace(wanted, job_type=JobType.IMPORT, settings={**wanted.settings, MAPPING: mapping})


async def set_mapping(database: Database, context: Context, job: BulkJob, mapping: object) -> None:
    """Give an import its mapping, or another one as long as nothing is written."""
    context.policy.demand(IMPORT_DATA)
    read_mapping(mapping)
    if job.state is not State.OPEN:
        raise wrong_state(f"The import is in state {job.state}: its mapping stays as it is")
    await database.read(
        context.binding,
        set_settings(context.tenant.id, job.id, {MAPPING: mapping}),
        clear_outcomes(context.tenant.id, job.id, CHECK),
    )


async def preview(database: Database, context: Context, job: BulkJob) -> dict[str, Any]:
    """The file's columns with their first values, and where each probably goes."""
    header: list[str] = job.settings.get(HEADER, [])
    [rows] = await database.read(context.binding, read_chunk(context.tenant.id, job.id, 0))
    sample = chunk_of(0, rows[0][0]).rows[:_SAMPLES] if rows else []
    found = suggested(context, object_to_write(context, job.object_name), header)
    return {
        "records": job.records,
        "problem": job.settings.get(PROBLEM),
        "columns": [
            {"name": name, "suggestion": found.get(name), "samples": [cells[place] for cells in sample]}
            for place, name in enumerate(header)
        ],
    }


async def begin_check(database: Database, context: Context, job: BulkJob) -> None:
    """Begin a dry run: every row is written and taken back at once."""
    _demand_ready(context, job, State.CHECKING)
    await _begin(database, context, job, State.CHECKING, CHECK, clear_outcomes(context.tenant.id, job.id, CHECK))


async def begin_import(database: Database, context: Context, job: BulkJob) -> None:
    """Begin to write."""
    _demand_ready(context, job, State.IN_PROGRESS)
    what = f"Import of {job.records:,} rows into {job.object_name} ({job.operation})"
    await _begin(database, context, job, State.IN_PROGRESS, WRITE, _told(context, job, "startedImport", what))


async def begin_undo(database: Database, context: Context, job: BulkJob) -> None:
    """Begin to take back what was written, whether all of it was or not."""
    context.policy.demand(IMPORT_DATA)
    if job.state not in (State.JOB_COMPLETE, State.ABORTED, State.FAILED) or not job.processed:
        raise wrong_state(f"The import is in state {job.state} with {job.processed} rows written: there is no undo")
    what = f"Undo of the import of {job.processed:,} rows into {job.object_name}"
    await _begin(database, context, job, State.UNDOING, UNDO, _told(context, job, "undidImport", what))


async def abort_import(database: Database, context: Context, job: BulkJob) -> None:
    """Stop what is going on; a dry run that is stopped leaves the import open."""
    context.policy.demand(IMPORT_DATA)
    if job.state in OVER or job.state is State.UNDOING:
        raise refuse_transition(job, State.ABORTED)
    to = State.OPEN if job.state is State.CHECKING else State.ABORTED
    [changed] = await database.read(context.binding, changed_state(context.tenant.id, job.id, {job.state}, to))
    if not changed:
        raise _overtaken()


def _told(context: Context, job: BulkJob, action: str, what: str) -> Statement:
    return setup_entry(context.tenant.id, context.actor, SetupChange(action, SECTION, job.id, what))


async def _begin(database: Database, context: Context, job: BulkJob, to: State, phase: str, first: Statement) -> None:
    """Take the job from the state that it was seen in, do what goes with that, and give it to the workers."""
    async with database.transaction(context.binding) as transaction:
        if not await transaction.fetch(changed_state(context.tenant.id, job.id, {job.state}, to)):
            raise _overtaken()
        await transaction.fetch_each([first, *_queued(context, job, phase)])


def _overtaken() -> Invalid:
    return wrong_state("The import changed at the same time: look at it again")


def _demand_ready(context: Context, job: BulkJob, to: State) -> None:
    context.policy.demand(IMPORT_DATA)
    if job.state is not State.OPEN:
        raise refuse_transition(job, to)
    if PROBLEM in job.settings:
        raise wrong_state(job.settings[PROBLEM])
    if HEADER not in job.settings:
        raise wrong_state("The import has no content yet: PUT it")
    if job.settings.get(MAPPING) is None:
        raise wrong_state("The import has no mapping yet: PATCH it")
    obj = object_to_write(context, job.object_name)
    check_mapping(context, obj, job.operation, read_mapping(job.settings[MAPPING]), job.settings[HEADER])


def _queued(context: Context, job: BulkJob, phase: str) -> list[Statement]:
    """An undo begins on the last lane and goes over all others: whoever still wrote there has ended then."""
    lanes = [LANES - 1] if phase == UNDO else range(LANES)
    return [queued_turn(context.tenant.id, JOB, job.id, lane) for lane in lanes]


def _task(context: Context, job: BulkJob) -> Task:
    key = job.settings.get("externalIdFieldName")
    return Task(context, job.object_name, job.operation, key, undo=kept_steps)


def _dry_task(context: Context, job: BulkJob) -> Task:
    return replace(_task(context, job), undo=None, is_dry=True)


def _reader(_: Context, job: BulkJob) -> ReadRow:
    return mapped_reader(job.settings[HEADER], read_mapping(job.settings[MAPPING]))


_WORKS = {
    State.CHECKING: Work(JOB, CHECK, State.CHECKING, State.OPEN, _dry_task, _reader),
    State.IN_PROGRESS: Work(JOB, WRITE, State.IN_PROGRESS, State.JOB_COMPLETE, _task, _reader),
    State.UNDOING: Work(JOB, UNDO, State.UNDOING, State.UNDONE, _task, _reader),
}


async def run_import(desk: Desk, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Do a lane's turn on whatever is to be done with an import now."""
    job, lane = await bound_job(desk.database, Binding(tenant_id), payload["job"]), int(payload["lane"])
    work = None if job is None else _WORKS.get(job.state)
    if job is None or work is None:
        return
    if job.state is not State.UNDOING:
        await run_lane(desk, tenant_id, job, work, lane)
    elif lane:
        await desk.database.read(Binding(tenant_id), queued_turn(tenant_id, JOB, job.id, lane - 1))
    else:
        await take_turn(UndoLane(desk, tenant_id, job, work, lane))


async def import_document(database: Database, context: Context, job: BulkJob) -> dict[str, Any]:
    """What an import says of itself, with how far each phase is."""
    [rows] = await database.read(context.binding, count_outcomes(context.tenant.id, job.id))
    counts = {phase: {"processed": records, "failed": failed} for phase, records, failed in rows}
    settings = job.settings
    return {
        "id": job.id,
        "object": job.object_name,
        "operation": job.operation,
        "externalIdFieldName": settings.get("externalIdFieldName"),
        "columnDelimiter": settings["columnDelimiter"],
        "lineEnding": settings["lineEnding"],
        "mapping": settings.get(MAPPING),
        "state": job.state.value,
        "records": job.records,
        "contentBytes": job.content_bytes,
        "limits": {"records": MOST_IMPORTED_ROWS, "contentBytes": LARGEST_UPLOAD},
        "createdDate": wire_time(job.created_at),
        "systemModstamp": wire_time(job.changed_at),
        "problem": job.error_message or settings.get(PROBLEM),
        **{name: counts.get(name, {"processed": 0, "failed": 0}) for name in (CHECK, WRITE, UNDO)},
    }
