"""The rows of an import that were not written, would not be, or could not be taken back, by line of the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chassis_platform.access.context import Context
from chassis_platform.bulk.chunks import Chunk, Outcome, chunk_of, outcomes_of, read_chunk, read_outcomes, read_undo
from chassis_platform.bulk.jobs import WRITE, BulkJob
from chassis_platform.bulk.undoing import STARTS, UNDO, Step, steps_of
from chassis_tenants.database import Database

PAGE = 1_000


async def import_errors(
    database: Database, context: Context, job: BulkJob, phase: str, *, batch: int = 0
) -> dict[str, Any]:
    """Errors from a batch on, at least `PAGE` of them where there are so many; `next` is the batch to go on with."""
    found: list[dict[str, Any]] = []
    while batch < job.chunks and len(found) < PAGE:
        found += await _of_batch(database, context, job, phase, batch)
        batch += 1
    return {"errors": found, "next": batch if batch < job.chunks else None}


async def _of_batch(
    database: Database, context: Context, job: BulkJob, phase: str, number: int
) -> list[dict[str, Any]]:
    place = (context.tenant.id, job.id)
    outcomes, chunks, steps = await database.read(
        context.binding,
        read_outcomes(*place, phase, number),
        read_chunk(*place, number),
        read_undo(*place, WRITE, number),
    )
    told = outcomes_of(outcomes)
    if not chunks or not any(each.error for each in told.values()):
        return []
    chunk = chunk_of(number, chunks[0][0])
    rows = _taken_back(told, steps_of(steps)) if phase == UNDO else told.items()
    return [_error(chunk, at, outcome) for at, outcome in sorted(rows, key=lambda each: each[0]) if outcome.error]


def _taken_back(told: dict[int, Outcome], steps: dict[str, list[Step]]) -> Iterable[tuple[int, Outcome]]:
    """Outcomes of an undo by the row's place in the file's batch."""
    for operation, base in STARTS.items():
        for at, step in enumerate(steps[operation]):
            if base + at in told:
                yield step.place, Outcome(step.id, error=told[base + at].error)


def _error(chunk: Chunk, at: int, outcome: Outcome) -> dict[str, Any]:
    return {"line": chunk.lines[at], "id": outcome.id, "error": outcome.error, "cells": chunk.rows[at]}
