"""The one road of every write: any number of records of one object, one of them being a set of one.

`write_records` opens the transaction, commits it, and tries again where others were in the way. `write_within` joins a
transaction of the caller's. The rest writes one record and raises what is wrong with it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
from psycopg import errors as pg_errors

from chassis_metadata.errors import ChassisError, Conflict, Forbidden, Invalid, NotFound, Problem
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.plan.changes import ROLLED_BACK, Change, Expectation, RecordResult
from chassis_platform.plan.write import (
    Operation,
    Payload,
    WritePlan,
    object_to_write,
    plan_upsert,
    plan_write,
    read_upsert,
)
from chassis_platform.records.after_save import with_aftermath
from chassis_platform.records.counters import Ask, number_records, number_records_within
from chassis_platform.records.delete import delete_records, undelete_records
from chassis_platform.records.inquiry import find_by_key
from chassis_platform.records.rounds import UndoneError
from chassis_platform.records.save import save_records
from chassis_tenants.database import Database, Row, Transaction
from chassis_tenants.joined import JoinedDatabase
from chassis_tenants.statement import Statement

__all__ = [
    "Expectation",
    "RecordResult",
    "create_record",
    "delete_record",
    "undelete_record",
    "update_record",
    "upsert_record",
    "write_records",
    "write_within",
]

#: Others took the same key, or what is referred to went away, between the question and the write: ask once more.
_OVERTAKEN = (pg_errors.UniqueViolation, pg_errors.ForeignKeyViolation)
_IN_THE_WAY = (pg_errors.DeadlockDetected, pg_errors.SerializationFailure, pg_errors.LockNotAvailable)
RACES = (*_OVERTAKEN, *_IN_THE_WAY)
_PAUSE_SECONDS = 0.02


#: Statements that go with the write and commit with it, made when it is known what becomes of each record.
Beside = Callable[[WritePlan, Sequence[RecordResult]], Sequence[Statement]]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was asked for, to be planned anew with each try: a plan gathers what one try found out."""

    context: Context
    obj: Object
    operation: Operation
    records: Sequence[Payload]
    all_or_none: bool = False
    key_name: str | None = None
    expectations: Sequence[Expectation | None] = ()

    async def plan(self, ask: Ask) -> WritePlan:
        if self.operation != "upsert":
            return plan_write(
                self.context,
                self.obj,
                self.operation,
                self.records,
                all_or_none=self.all_or_none,
                expectations=self.expectations,
            )
        upsert = read_upsert(self.context, self.obj, self.key_name or "Id", self.records)
        found = await find_by_key(ask, self.context, self.obj, upsert.key, upsert.keys)
        return plan_upsert(self.context, upsert, self.obj, found, all_or_none=self.all_or_none)

    def refused(self, problem: Problem) -> list[RecordResult]:
        return [RecordResult(id=None, success=False, problems=(problem,)) for _ in self.records]


async def write_records(  # noqa: PLR0913  a batch has this many sides
    database: Database,
    context: Context,
    object_name: str,
    operation: Operation,
    records: Sequence[Payload],
    *,
    all_or_none: bool = False,
    external_id_field: str | None = None,
    expectations: Sequence[Expectation | None] = (),
    beside: Beside | None = None,
) -> list[RecordResult]:
    """Write records in one transaction and answer what became of each, in their order.

    Updates, deletes and undeletes name the record by `Id`, upserts by `external_id_field`. Without `all_or_none`, what
    is fine is kept whatever is wrong with the rest. Where something goes `beside`, that others were in the way once too
    often is raised: there is no result to be kept.
    """
    obj = object_to_write(context, object_name)
    batch = _Batch(context, obj, operation, records, all_or_none, external_id_field, expectations)
    for tried in count(1):
        try:
            async with with_aftermath(database, context.binding):
                return await _write_once(database, batch, beside or _nothing)
        except RACES as error:
            if tried >= _most_tries(error, database):
                if beside is not None:
                    raise
                return batch.refused(race_problem(error))
            await asyncio.sleep(_PAUSE_SECONDS * tried * random.random())  # noqa: S311  no secret
    raise AssertionError  # count() does not end


def _most_tries(error: psycopg.Error, database: Database) -> int:
    """Who was overtaken asks once more and will be told; who was in somebody's way waits a few times.

    A part of a transaction doesn't: what the whole has locked meanwhile may be what the others wait for.
    """
    if isinstance(error, _OVERTAKEN):
        return 2
    return 1 if isinstance(database, JoinedDatabase) else 4


def _nothing(_: WritePlan, __: Sequence[RecordResult]) -> Sequence[Statement]:
    return ()


async def _write_once(database: Database, batch: _Batch, beside: Beside) -> list[RecordResult]:
    async def ask(statement: Statement) -> list[Row]:
        [rows] = await database.read(batch.context.binding, statement)
        return rows

    plan = await batch.plan(ask)
    if not _is_worth_trying(plan):
        # Refused by what is cached: is that still in force?
        results = _results_of(plan)
        await database.read(batch.context.binding, *beside(plan, results))
        return results
    await number_records(database, plan)
    try:
        async with database.transaction(batch.context.binding) as transaction:
            statements = await _carry_out(transaction, plan, within=False)
            results = _results_of(plan)
            await transaction.commit_with([*statements, *beside(plan, results)])
    except UndoneError:  # the plan says what was wrong
        results = _results_of(plan)
        if told := beside(plan, results):
            await database.read(batch.context.binding, *told)
    return results


async def write_within(  # noqa: PLR0913  as write_records
    transaction: Transaction,
    context: Context,
    object_name: str,
    operation: Operation,
    records: Sequence[Payload],
    *,
    all_or_none: bool = False,
    external_id_field: str | None = None,
    expectations: Sequence[Expectation | None] = (),
) -> list[RecordResult]:
    """The same inside a transaction of the caller's, who commits. A race raises and leaves the transaction failed."""
    obj = object_to_write(context, object_name)
    batch = _Batch(context, obj, operation, records, all_or_none, external_id_field, expectations)
    plan = await batch.plan(transaction.fetch)
    if _is_worth_trying(plan):
        try:
            await number_records_within(transaction, plan)
            statements = await _carry_out(transaction, plan, within=True)
            if statements:
                await transaction.fetch_each(statements)
        except RACES as error:
            raise Invalid(race_problem(error)) from error
    return _results_of(plan)


def _is_worth_trying(plan: WritePlan) -> bool:
    wrong = sum(1 for change in plan.changes if change.problems)
    return wrong < len(plan.changes) and not (plan.all_or_none and wrong)


async def _carry_out(transaction: Transaction, plan: WritePlan, *, within: bool) -> list[Statement]:
    """Judge the plan; answer what is left to be sent."""
    if plan.operation == "delete":
        return await delete_records(transaction, plan, within=within)
    if plan.operation == "undelete":
        return await undelete_records(transaction, plan, within=within)
    return await save_records(transaction, plan, within=within)


def race_problem(error: psycopg.Error) -> Problem:
    """What to tell who was overtaken, or kept waiting, once too often."""
    if isinstance(error, pg_errors.UniqueViolation):
        return Problem("", "duplicate_value", "duplicate value found: another record got it at the same time")
    if isinstance(error, pg_errors.ForeignKeyViolation):
        return Problem("", "invalid_cross_reference_key", "invalid cross reference id")
    return Problem("", "unable_to_lock_row", "unable to obtain exclusive access to this record")


def _results_of(plan: WritePlan) -> list[RecordResult]:
    """One result a record, in the order in which they came."""
    failed = plan.all_or_none and any(change.problems for change in plan.changes)
    return [_result(change, rolled_back=failed) for change in plan.changes]


def _result(change: Change, *, rolled_back: bool) -> RecordResult:
    if change.problems:
        return RecordResult(None if change.creating else change.id, success=False, problems=tuple(change.problems))
    if rolled_back:
        return RecordResult(None if change.creating else change.id, success=False, problems=(ROLLED_BACK,))
    warnings = tuple(change.warnings)
    if change.attached is not None:
        target, version = change.attached.target_id, change.version
        return RecordResult(target, success=True, version=version, warnings=warnings, attached=True)
    return RecordResult(change.id, success=True, created=change.creating, version=change.version, warnings=warnings)


async def create_record(database: Database, context: Context, object_name: str, values: Payload) -> RecordResult:
    """Create one record; raises what is wrong with it."""
    return _only(await write_records(database, context, object_name, "insert", [values], all_or_none=True))


async def update_record(
    database: Database,
    context: Context,
    object_name: str,
    record_id: str,
    values: Payload,
    *,
    expectation: Expectation | None = None,
) -> RecordResult:
    """Change one record; raises what is wrong with it, Conflict where the expectation does not hold."""
    record = {**_without_id(values), "Id": record_id}
    return _only(await write_records(database, context, object_name, "update", [record], expectations=[expectation]))


def _without_id(values: Payload) -> dict[str, Any]:
    return {name: value for name, value in values.items() if str(name).lower() != "id"}


async def upsert_record(
    database: Database, context: Context, object_name: str, values: Payload, *, key: str
) -> RecordResult:
    """Create or change the one record whose external id field `key` has the value in `values`."""
    return _only(await write_records(database, context, object_name, "upsert", [values], external_id_field=key))


async def delete_record(
    database: Database,
    context: Context,
    object_name: str,
    record_id: str,
    *,
    expectation: Expectation | None = None,
) -> RecordResult:
    """Put one record, and what belongs to it, into the recycle bin."""
    record = {"Id": record_id}
    return _only(await write_records(database, context, object_name, "delete", [record], expectations=[expectation]))


async def undelete_record(database: Database, context: Context, object_name: str, record_id: str) -> RecordResult:
    """Take one record, and what was deleted with it, out of the recycle bin."""
    return _only(await write_records(database, context, object_name, "undelete", [{"Id": record_id}]))


_KINDS: dict[str, type[ChassisError]] = {
    "not_found": NotFound,
    "entity_is_deleted": NotFound,
    "insufficient_access_or_readonly": Forbidden,
    "cannot_insert_update_activate_entity": Forbidden,
    "stale_version": Conflict,
    "precondition_failed": Conflict,
    "unable_to_lock_row": Conflict,
}


def _only(results: Sequence[RecordResult]) -> RecordResult:
    [result] = results
    if not result.success:
        raise _KINDS.get(result.problems[0].code, Invalid)(tuple(result.problems))
    return result
