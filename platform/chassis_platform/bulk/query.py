"""Query jobs: made, counted by a worker, their results read when they are fetched.

Nothing that a query finds is kept: each fetch goes down the read road with what its user may see by then, so a right
that was taken away, a mask or an erasure holds at once. What a job keeps is its text, sealed. Why: decision 0018.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from psycopg.errors import QueryCanceled

from chassis_metadata.errors import ChassisError, Forbidden
from chassis_metadata.ids import new_id
from chassis_metadata.soql.parse import parse_query
from chassis_metadata.soql.tree import And, Comparison, Literal, Operator, Path, Query
from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.automation.identity import context_of_job
from chassis_platform.bulk.jobs import (
    PREFIX,
    BulkJob,
    JobType,
    NewJob,
    State,
    changed_state,
    find_job,
    insert_job,
    job_by_id,
)
from chassis_platform.bulk.makers import context_of_maker, with_scopes
from chassis_platform.plan.problems import refuse
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import Column, PlannedField, ReadPlan
from chassis_platform.records.all_rows import demand_rows
from chassis_platform.records.pages import count_all, planned
from chassis_tenants.database import Database
from chassis_tenants.journal import enqueue
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

#: The worker's job.
COUNT = "bulk_query"
QUERY, QUERY_ALL = "query", "queryAll"
OPERATIONS = (QUERY, QUERY_ALL)
#: Clients look for these very words, and read such an object in another way.
_COMPOUND = "Selecting compound data not supported in Bulk Query"

_COUNTED = """
UPDATE chassis.bulk_job SET state = 'JobComplete', processed = %(processed)s, spent_ms = %(spent)s,
       changed_at = %(now)s, ended_at = %(now)s
WHERE tenant_id = %(tenant_id)s AND id = %(job_id)s AND state = 'InProgress'
"""
_FAILURE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class NewQuery:
    """What a query job is to do; `settings`: version and dialect, by the wire's names."""

    text: str
    operation: str
    settings: Mapping[str, Any]


async def make_query_job(database: Database, context: Context, wanted: NewQuery) -> BulkJob:
    """Make a query job of what the user may ask; what can be refused is refused here."""
    plan = bulk_plan(context, wanted.text, wanted.operation)
    settings = with_scopes(context, wanted.settings)
    job_id, state = new_id(PREFIX), State.UPLOAD_COMPLETE
    new = NewJob(JobType.QUERY, plan.object.name, wanted.operation, settings, state, wanted.text)
    queued = enqueue(context.tenant.id, COUNT, {"job": job_id})
    await database.read(context.binding, insert_job(context, new, job_id), queued)
    return await find_job(database, context, job_id, JobType.QUERY)


def bulk_plan(context: Context, text: str, operation: str, *, until: str | None = None) -> ReadPlan:
    """The plan of a query whose answer is a table that can be read on from any record; `until` is the last one's id."""
    if until is None:
        plan = planned(context, text, include_deleted=operation == QUERY_ALL)
    else:
        bounded = _until(parse_query(text), until)
        plan = plan_query(bounded, context, include_deleted=operation == QUERY_ALL)
    if plan.offset:
        raise refuse("malformed_query", "OFFSET is not supported in Bulk Query: read on from a locator")
    for each in plan.selected:
        if isinstance(each, Column) and isinstance(each.operand, PlannedField) and each.operand.field.is_compound:
            raise refuse("functionality_not_enabled", _COMPOUND, fields=(each.path,))
    return demand_rows(plan)


def _until(query: Query, record_id: str) -> Query:
    end = Comparison(Path(("Id",)), Operator.LESS_OR_EQUAL, Literal(record_id))
    return replace(query, where=end if query.where is None else And((query.where, end)))


async def count_query(
    database: Database, snapshots: SnapshotStore, policies: PolicyStore, tenant_id: int, job_id: str
) -> None:
    """Say how many records a job has, as its maker sees them. Run again, it counts again."""
    context = await context_of_job(database, snapshots, tenant_id)
    job = None if context is None else await job_by_id(database, context, job_id)
    if context is None or job is None:
        return
    at_work = (State.UPLOAD_COMPLETE, State.IN_PROGRESS)
    [begun] = await database.read(context.binding, changed_state(tenant_id, job_id, at_work, State.IN_PROGRESS))
    if not begun:
        return
    started = time.monotonic()
    maker = await context_of_maker(database, snapshots, policies, tenant_id, job)
    try:
        if maker is None:
            raise Forbidden.of("inactive_user", "The user who made the job is active no more.")
        counted = Statement(_COUNTED, {"processed": await _count(database, maker, job)})
    except QueryCanceled:
        counted = _failed(tenant_id, job_id, "QUERY_TIMEOUT : The query ran too long: narrow it.")
    except ChassisError as error:
        problem = error.problems[0]
        counted = _failed(tenant_id, job_id, f"{problem.code.upper()} : {problem.message}")
    spent = round((time.monotonic() - started) * 1000)
    ended = counted.bind(tenant_id=tenant_id, job_id=job_id, spent=spent, now=clock.now())
    await database.read(context.binding, ended)


async def _count(database: Database, maker: Context, job: BulkJob) -> int:
    plan = bulk_plan(maker, job.query_text or "", job.operation)
    found = await count_all(database, maker, plan)
    return found if plan.limit is None else min(found, plan.limit)


def _failed(tenant_id: int, job_id: str, message: str) -> Statement:
    return changed_state(tenant_id, job_id, (State.IN_PROGRESS,), State.FAILED, message=message[:_FAILURE_LENGTH])
