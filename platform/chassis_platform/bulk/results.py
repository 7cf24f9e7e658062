"""What became of a job's rows, as files: those that were written, those that were not, those nobody came to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from chassis_platform.access.context import Context
from chassis_platform.bulk.chunks import Chunk, Outcome, chunk_of, outcomes_of, read_chunk, read_outcomes
from chassis_platform.bulk.csv_rows import Cells, Dialect
from chassis_platform.bulk.jobs import OVER, WRITE, BulkJob, wrong_state
from chassis_platform.bulk.uploads import HEADER
from chassis_tenants.database import Database

SUCCESSFUL, FAILED, UNPROCESSED = "successfulResults", "failedResults", "unprocessedrecords"
_HEADS = {SUCCESSFUL: ["sf__Id", "sf__Created"], FAILED: ["sf__Id", "sf__Error"], UNPROCESSED: []}


def demand_results(job: BulkJob) -> None:
    """Refuse while the job goes on: a file that grows is read as the whole of it."""
    if job.state not in OVER:
        raise wrong_state(f"The job is in state {job.state}: its results are there when it is over")


async def result_lines(
    database: Database, context: Context, job: BulkJob, kind: str, *, phase: str = WRITE
) -> AsyncIterator[bytes]:
    """A results file, a batch at a time. The session is asked for with each of them."""
    dialect = Dialect(job.settings["columnDelimiter"], job.settings["lineEnding"])
    yield dialect.lines([[*_HEADS[kind], *job.settings.get(HEADER, [])]]).encode()
    binding = context.unversioned.binding
    place = (context.tenant.id, job.id)
    for number in range(job.chunks):
        chunks, outcomes = await database.read(
            binding, read_chunk(*place, number), read_outcomes(*place, phase, number)
        )
        if chunks:
            lines = dialect.lines(_rows(kind, chunk_of(number, chunks[0][0]), outcomes_of(outcomes)))
            if lines:
                yield lines.encode()


def _rows(kind: str, chunk: Chunk, outcomes: dict[int, Outcome]) -> Iterable[Cells]:
    for place, cells in enumerate(chunk.rows):
        outcome = outcomes.get(place)
        if outcome is None:
            if kind == UNPROCESSED:
                yield cells
        elif outcome.error is None and kind == SUCCESSFUL:
            yield [outcome.id or "", str(outcome.is_created).lower(), *cells]
        elif outcome.error is not None and kind == FAILED:
            yield [outcome.id or "", outcome.error, *cells]
