"""A worker's share of a job: batch after batch, until none is left or others are to have their turn.

A job's batches are dealt to lanes, each a job of the queue. What is done is known by the outcomes, which commit with
the records: whoever takes over a lane goes on behind the last of them, and two who hold one lane don't write twice.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from chassis_metadata.errors import ChassisError, Unavailable
from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.automation.assignment.asked import with_assignment
from chassis_platform.bulk.chunks import IS_ALL_DONE, Chunk, Part, chunk_of, pending_batches, read_chunk, written_parts
from chassis_platform.bulk.columns import ReadRow, reader_of
from chassis_platform.bulk.ingest import JOB, LANES, queued_turn
from chassis_platform.bulk.jobs import WRITE, BulkJob, State, bound_job, changed_state
from chassis_platform.bulk.makers import context_of_maker
from chassis_platform.bulk.uploads import HEADER
from chassis_platform.bulk.writing import Rows, Task, WrittenError, write_part
from chassis_tenants.database import Binding, Database, Row, StaleBindingError, TenantClosedError
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

log = structlog.get_logger()

#: So long a lane works before the queue decides anew whose turn it is.
TURN_SECONDS = 10.0
_MOST_FAILURES = 5

_STATE = Statement("SELECT state FROM chassis.bulk_job WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s")
_RETRIED = Statement(
    "UPDATE chassis.bulk_job SET retries = retries + %(count)s, changed_at = %(now)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s"
)
_INTERRUPTED = Statement(
    "UPDATE chassis.bulk_job SET changed_at = %(now)s, settings = settings || jsonb_build_object('interruptions',"
    " coalesce((settings ->> 'interruptions')::integer, 0) + 1)"
    " WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s RETURNING (settings ->> 'interruptions')::integer"
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker process lends to a job."""

    database: Database
    snapshots: SnapshotStore
    policies: PolicyStore


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with a job's rows: by which jobs of the queue, under which phase outcomes are kept, the states."""

    kind: str
    phase: str
    state: State
    after: State
    task: Callable[[Context, BulkJob], Task]
    reader: Callable[[Context, BulkJob], ReadRow]


def _ingest_task(context: Context, job: BulkJob) -> Task:
    settings = job.settings
    try:
        assigning = with_assignment(context, settings.get("assignmentRuleId"))
    except ChassisError as error:
        raise OverError(f"InvalidJob : {error.problems[0].message}") from None
    return Task(assigning, job.object_name, job.operation, settings.get("externalIdFieldName"))


def _ingest_reader(_: Context, job: BulkJob) -> ReadRow:
    return reader_of(job.settings[HEADER])


INGEST = Work(JOB, WRITE, State.IN_PROGRESS, State.JOB_COMPLETE, _ingest_task, _ingest_reader)


class OverError(Exception):
    """The job goes no further; the reason, where it failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message)
        self.message = message


async def run_ingest(desk: Desk, tenant_id: int, payload: Mapping[str, Any]) -> None:
    """Do a lane's turn on an ingest job."""
    job = await bound_job(desk.database, Binding(tenant_id), payload["job"])
    if job is None or job.state not in (State.UPLOAD_COMPLETE, State.IN_PROGRESS):
        return
    begun = changed_state(tenant_id, job.id, {State.UPLOAD_COMPLETE}, State.IN_PROGRESS)
    await desk.database.read(Binding(tenant_id), begun)
    await run_lane(desk, tenant_id, job, INGEST, int(payload["lane"]))


async def run_lane(desk: Desk, tenant_id: int, job: BulkJob, work: Work, lane: int) -> None:
    """Do a lane's turn on a job."""
    await take_turn(Lane(desk, tenant_id, job, work, lane))


async def take_turn(turn: Lane) -> None:
    """Do a turn; queue the next one where batches are left, or end the job where none is."""
    desk, tenant_id, job, work = turn.desk, turn.tenant_id, turn.job, turn.work
    binding = Binding(tenant_id)
    try:
        is_done = await turn.run()
    except OverError as over:
        if over.message is not None:
            failed = changed_state(tenant_id, job.id, {work.state}, State.FAILED, message=over.message)
            await desk.database.read(binding, failed)
        return
    except TenantClosedError:
        raise
    except Exception as error:
        await _count_failure(desk, tenant_id, job, work, error)
        raise
    if not is_done:
        await desk.database.read(binding, queued_turn(tenant_id, work.kind, job.id, turn.lane))
    elif await turn.is_last():
        await desk.database.read(binding, changed_state(tenant_id, job.id, {work.state}, work.after))


async def _count_failure(desk: Desk, tenant_id: int, job: BulkJob, work: Work, error: Exception) -> None:
    """The queue tries again a while; then the job has failed, whatever the reason."""
    log.warning("bulk_job_interrupted", tenant_id=tenant_id, job=job.id, error=f"{type(error).__name__}: {error}")
    counted = _INTERRUPTED.bind(tenant_id=tenant_id, job_id=job.id, now=clock.now())
    [[(interruptions,)]] = await desk.database.read(Binding(tenant_id), counted)
    if interruptions >= _MOST_FAILURES:
        message = f"InternalServerError : {type(error).__name__}. Rows without a result were not written"
        failed = changed_state(tenant_id, job.id, {work.state}, State.FAILED, message=message)
        await desk.database.read(Binding(tenant_id), failed)


def _as_it_is(task: Task) -> Task:
    return task


@dataclass(slots=True)
class Lane:
    """A turn on a lane: the maker's Context is kept over its batches, while it holds."""

    desk: Desk
    tenant_id: int
    job: BulkJob
    work: Work
    lane: int
    context: Context | None = None
    began: float = field(default_factory=time.monotonic)

    async def run(self) -> bool:
        """Whether nothing of the lane is left to be done."""
        pending = pending_batches(self.tenant_id, self.job.id, self.work.phase, lane=self.lane, lanes=LANES)
        [rows] = await self.desk.database.read(Binding(self.tenant_id), pending)
        for (number,) in rows:
            if time.monotonic() - self.began > TURN_SECONDS:
                return False
            await self._batch(number)
        return True

    async def is_last(self) -> bool:
        """Whether no lane has anything left."""
        asked = {"tenant_id": self.tenant_id, "job_id": self.job.id, "phase": self.work.phase}
        [done] = await self.desk.database.read(Binding(self.tenant_id), IS_ALL_DONE.bind(**asked))
        return bool(done)

    async def _batch(self, number: int) -> None:
        place = (self.tenant_id, self.job.id)
        asked = (read_chunk(*place, number), written_parts(*place, self.work.phase, number))

        async def write_rest() -> bool:
            content, written = await self.read(*asked)
            chunk = chunk_of(number, content[0][0]) if content else Chunk(number, (), ())
            read = self.work.reader(await self.current(), self.job)
            return await self.write_gaps(
                gaps(len(chunk.rows), written),
                lambda start, end: Rows([read(cells) for cells in chunk.rows[start:end]]),
                Part(self.job.id, self.work.phase, number, 0),
            )

        await self.until_settled(write_rest)

    async def until_settled(self, write_rest: Callable[[], Awaitable[bool]]) -> None:
        """Ask what is left of a batch, and write it, until nothing came in between."""
        for _ in range(_MOST_FAILURES):
            if await write_rest():
                return
        raise OverError("Rights or definitions changed again and again while the job ran")

    async def write_gaps(
        self,
        rest: Sequence[tuple[int, int]],
        rows: Callable[[int, int], Rows],
        part: Part,
        change: Callable[[Task], Task] = _as_it_is,
    ) -> bool:
        """Write the rows between these places; `part` is the batch's. False: it has to be asked anew what is left."""
        for start, end in rest:
            if not await self._write(replace(part, start=part.start + start), rows(start, end), change):
                return False
        return True

    async def read(self, *statements: Statement) -> list[list[Row]]:
        """What is kept of the job, in one round trip; the job's end where it was aborted meanwhile."""
        asked = _STATE.bind(tenant_id=self.tenant_id, job_id=self.job.id)
        state, *found = await self.desk.database.read(Binding(self.tenant_id), asked, *statements)
        if not state or state[0][0] != self.work.state:
            raise OverError
        return found

    async def current(self) -> Context:
        """The maker's Context."""
        if self.context is None:
            desk = self.desk
            found = await context_of_maker(desk.database, desk.snapshots, desk.policies, self.tenant_id, self.job)
            if found is None:
                raise OverError("InvalidUser : The user who made the job is not active any more")
            self.context = found
        return self.context

    async def _write(self, part: Part, rows: Rows, change: Callable[[Task], Task]) -> bool:
        task = change(self.work.task(await self.current(), self.job))
        try:
            retries = await write_part(self.desk.database, task, part, rows)
        except StaleBindingError:
            self.context = None
            return False
        except WrittenError:
            return False
        except Unavailable:  # keys are out of reach for a while
            raise
        except ChassisError as error:
            raise OverError(f"InvalidJob : {error.problems[0].message}") from None
        if retries:
            counted = _RETRIED.bind(tenant_id=self.tenant_id, job_id=self.job.id, count=retries, now=clock.now())
            await self.desk.database.read(Binding(self.tenant_id), counted)
        return True


def gaps(total: int, written: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
    """The runs of rows that are not among the (from, how many) written, as (from, behind)."""
    found, at = [], 0
    for start, records in sorted((each[0], each[1]) for each in written):
        if start > at:
            found.append((at, start))
        at = max(at, start + records)
    return [*found, (at, total)] if at < total else found
