"""A step of a plan to records: rows evaluated, written in batches down the write road, remembered for later steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from chassis_metadata.errors import Invalid, NotFound, Problem
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.demo.expressions import RecordSet, World
from chassis_platform.demo.plan import Step, TenantPlan
from chassis_platform.demo.progress import TenantProgress
from chassis_platform.demo.sources import read_rows
from chassis_platform.records.write import RecordResult, write_records
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement
from chassis_tenants.tables import quoted, table_name

BATCH = 2_000
_MOST_PROBLEMS = 5
#: In a step's values: the name of a record type, for its id.
RECORD_TYPE = "RecordType"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Tenancy:
    """All that the steps of one tenant share."""

    database: Database
    context: Context
    plan: TenantPlan
    folder: Path
    world: World
    progress: TenantProgress
    scale: float
    report: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Draft:
    """A record to be: its values, and what later steps may ask of it."""

    values: dict[str, Any]
    kept: dict[str, Any]


def drafts_of(tenancy: Tenancy, step: Step, key: str) -> Iterator[Draft]:
    """The records that a step says; the same ones each time."""
    tenancy.world.chance.seed(f"{tenancy.plan.name}:{key}")
    rows = read_rows(step.rows, tenancy.world, tenancy.folder, scale=tenancy.scale, variables=tenancy.plan.variables)
    for scope in rows:
        for name, expression in step.let:
            scope[name] = expression(scope)
        if all(scope.get(name) is not None for name in step.needs):
            values = _values(step, scope, tenancy.plan.variables)
            yield Draft(values, _kept(step, values, scope))


def _values(step: Step, scope: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """What the step's expressions say that is not empty; where there are none, the row as it is."""
    if not step.values:
        return {name: value for name, value in scope.items() if name not in variables and name != "n"}
    found = ((name, expression(scope)) for name, expression in step.values)
    return {name: value for name, value in found if value is not None}


def _kept(step: Step, values: dict[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    if step.keep is None:
        return dict(values)
    return {name: values.get(name, scope.get(name)) for name in step.keep}


async def run_step(tenancy: Tenancy, step: Step, key: str) -> None:
    """Bring a step's records about, as far as an interrupted load did not, and remember them as a set."""
    drafts = drafts_of(tenancy, step, key)
    if step.operation == "update":
        await _update(tenancy, step, drafts)
        return
    obj = _object_of(tenancy.context, step)
    kept: list[dict[str, Any]] = []
    there = await _written_before(tenancy, obj, key)
    for draft, record_id in zip(islice(drafts, len(there)), there, strict=False):
        kept.append({**draft.kept, "Id": record_id})
    async for batch in _ahead(_batches(drafts, BATCH)):
        results = await _write(tenancy, step, obj, batch)
        kept += [{**draft.kept, "Id": each.id} for draft, each in zip(batch, results, strict=True)]
        tenancy.report(len(batch))
    tenancy.world.sets[step.name] = RecordSet(kept)


async def _update(tenancy: Tenancy, step: Step, drafts: Iterable[Draft]) -> None:
    """Updates say the same however often they are made: an interrupted step is simply done again."""
    obj = _object_of(tenancy.context, step)
    for batch in _batches(drafts, BATCH):
        await _write(tenancy, step, obj, batch)
        tenancy.report(len(batch))


def _object_of(context: Context, step: Step) -> Object:
    obj = context.snapshot.objects.get(str(step.object_name))
    if obj is None:
        raise NotFound.of("unknown_object", f"{step.name}: no installed package has the object {step.object_name!r}.")
    return obj


async def _write(tenancy: Tenancy, step: Step, obj: Object, batch: list[Draft]) -> list[RecordResult]:
    records = [payload_of(obj, draft.values) for draft in batch]
    results = await write_records(
        tenancy.database, tenancy.context, obj.name, step.operation, records, all_or_none=True
    )
    _refuse_problems(step, batch, results)
    return results


def payload_of(obj: Object, values: dict[str, Any]) -> dict[str, Any]:
    """The values as the write road takes them: the record type by its id."""
    if RECORD_TYPE not in values:
        return values
    rest = {name: value for name, value in values.items() if name != RECORD_TYPE}
    return {**rest, "RecordTypeId": obj.record_type_ids[values[RECORD_TYPE]]}


def _refuse_problems(step: Step, batch: list[Draft], results: list[RecordResult]) -> None:
    """The plan is the package's own: what the write road refuses is a mistake in it, told with the values."""
    if all(each.success for each in results):
        return
    wrong = [
        Problem(f"{step.name}.{problem.path}", problem.code, f"{problem.message} in {draft.values}")
        for draft, each in zip(batch, results, strict=True)
        for problem in each.problems
        if problem.code != "all_or_none_operation_rolled_back"
    ]
    raise Invalid(wrong[:_MOST_PROBLEMS] or Problem(step.name, "not_written", "Nothing was written."))


async def _written_before(tenancy: Tenancy, obj: Object, key: str) -> list[str]:
    """The ids that this step's records got in a load that was interrupted, in their order."""
    before = tenancy.progress.records_before(key)
    if before is None:
        tenancy.progress.begin_step(key, await _count(tenancy, obj))
        return []
    rows = await _read(tenancy, f"SELECT id {_of(obj)} ORDER BY id OFFSET %(before)s", before=before)
    return [row[0] for row in rows]


async def _count(tenancy: Tenancy, obj: Object) -> int:
    [[count]] = await _read(tenancy, f"SELECT count(*) {_of(obj)}")
    return int(count)


def _of(obj: Object) -> str:
    return f"FROM tenant.{quoted(table_name(obj))} WHERE tenant_id = %(tenant_id)s"


async def _read(tenancy: Tenancy, text: str, **parameters: int) -> list[tuple[Any, ...]]:
    statement = Statement(text, {"tenant_id": tenancy.context.tenant.id, **parameters})
    [rows] = await tenancy.database.read(tenancy.context.binding, statement)
    return rows


async def _ahead(batches: Iterator[list[Draft]]) -> AsyncIterator[list[Draft]]:
    """Batches, each made on another thread while the one before it is written."""
    upcoming = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await upcoming) is not None:
            upcoming = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        upcoming.cancel()


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
