"""Writing a part of a batch: its records and what became of them commit together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import psycopg

from chassis_metadata.errors import Invalid, Problem
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.bulk.chunks import Outcome, Part, insert_outcome
from chassis_platform.bulk.columns import Payload
from chassis_platform.plan.changes import Expectation, RecordResult
from chassis_platform.plan.write import Operation, WritePlan
from chassis_platform.records.purge import purge_within
from chassis_platform.records.write import RACES, race_problem, write_records, write_within
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement

#: Where others are in the way of a part, it is tried again in so many smaller ones.
_PARTS = 10
_OUTCOME_KEY = "bulk_outcome_pkey"
#: The permission to delete for good.
HARD_DELETE = "BulkApiHardDelete"

#: What would take a write back, from what is known of it; None: it is not to be taken back.
Undo = Callable[[WritePlan], object]


@dataclass(frozen=True, slots=True)
class Task:
    """What is done with rows: in whose name, with which object, how."""

    context: Context
    object_name: str
    operation: str
    external_id_field: str | None = None
    undo: Undo | None = None
    is_dry: bool = False


def error_text(problems: Sequence[Problem]) -> str:
    """What was wrong with a record, as results files tell it."""
    return "".join(f"{each.code.upper()}:{each.message}:{' '.join(each.fields)} --" for each in problems)


def outcome_of(result: RecordResult) -> Outcome:
    """What became of a record, as it is kept."""
    return Outcome(result.id, result.created, None if result.success else error_text(result.problems))


@dataclass(frozen=True, slots=True)
class Rows:
    """What is to be written; `expectations`, where there are any, say what each record is believed to be."""

    payloads: Sequence[Payload]
    expectations: Sequence[Expectation] = ()

    def some(self, start: int, end: int) -> Rows:
        """A part of them."""
        return Rows(self.payloads[start:end], self.expectations[start:end])


class WrittenError(Exception):
    """Another worker, which was taken for dead, wrote some of the rows. What is left of them is to be asked anew."""


async def write_part(database: Database, task: Task, part: Part, rows: Rows) -> int:
    """Write rows, in smaller parts where others are in the way; answers how often that was."""
    try:
        await _write(database, task, part, rows)
    except RACES as error:
        return await _write_in_parts(database, task, part, rows, error)
    return 0


async def _write(database: Database, task: Task, part: Part, rows: Rows) -> None:
    if task.operation == "hardDelete":
        await _hard_delete(database, task, part, rows.payloads)
        return
    if task.is_dry:
        await _try(database, task, part, rows.payloads)
        return
    began = time.perf_counter()

    def beside(plan: WritePlan, results: Sequence[RecordResult]) -> list[Statement]:
        told = [outcome_of(each) for each in results]
        spent = int((time.perf_counter() - began) * 1000)
        undo = task.undo(plan) if task.undo is not None else None
        return insert_outcome(task.context.tenant.id, part, told, spent_ms=spent, undo=undo)

    await write_records(
        database,
        task.context,
        task.object_name,
        cast("Operation", task.operation),
        rows.payloads,
        external_id_field=task.external_id_field,
        expectations=rows.expectations,
        beside=beside,
    )


class _TriedError(Exception):
    """The transaction has told what it was opened for: nothing of it stays."""


async def _try(database: Database, task: Task, part: Part, payloads: Sequence[Payload]) -> None:
    """All that a write does, undone: numbers, journal and jobs of the queue too."""
    context, told = task.context, list[Outcome]()
    with suppress(_TriedError):
        async with database.transaction(context.binding) as transaction:
            try:
                results = await write_within(
                    transaction,
                    context,
                    task.object_name,
                    cast("Operation", task.operation),
                    payloads,
                    external_id_field=task.external_id_field,
                )
            except Invalid as error:
                raise _race_of(error) from None
            told += [Outcome(None, each.created, outcome_of(each).error) for each in results]
            raise _TriedError
    await database.read(context.binding, *insert_outcome(context.tenant.id, part, told))


def _race_of(error: Invalid) -> Exception:
    """That others were in the way, as the database told it; any other refusal as it is."""
    return error.__cause__ if isinstance(error.__cause__, RACES) else error


async def _write_in_parts(database: Database, task: Task, part: Part, rows: Rows, error: psycopg.Error) -> int:
    if error.diag.constraint_name == _OUTCOME_KEY:
        raise WrittenError from error
    count = len(rows.payloads)
    if count == 1:
        told = [Outcome(None, error=error_text([race_problem(error)]))]
        await database.read(task.context.binding, *insert_outcome(task.context.tenant.id, part, told))
        return 1
    size = -(-count // _PARTS)
    retries = 1
    for start in range(0, count, size):
        smaller = Part(part.job_id, part.phase, part.number, part.start + start)
        retries += await write_part(database, task, smaller, rows.some(start, start + size))
    return retries


async def _hard_delete(database: Database, task: Task, part: Part, payloads: Sequence[Payload]) -> None:
    """Into the recycle bin, by all rules for that, and out of it for good."""
    context = task.context
    context.policy.demand(HARD_DELETE)
    began = time.perf_counter()
    common: dict[str, Any] = {"tenant": context.tenant.id, "tenant_id": context.tenant.id, "stamp": clock.now()}
    async with database.transaction(context.binding) as transaction:
        try:
            results = await write_within(transaction, context, task.object_name, "delete", payloads)
        except Invalid as error:
            raise _race_of(error) from None
        gone = [str(each.id) for each in results if each.success]
        if gone:
            await purge_within(transaction, context.snapshot, context.snapshot.objects[task.object_name], gone, common)
        spent = int((time.perf_counter() - began) * 1000)
        told = [outcome_of(each) for each in results]
        await transaction.commit_with(insert_outcome(context.tenant.id, part, told, spent_ms=spent))
