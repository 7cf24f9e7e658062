"""A list or a query as a file: read page by page and written as it is read, so that no file is too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from chassis_metadata.errors import LimitExceeded
from chassis_platform.access.context import Context
from chassis_platform.plan.agreed import agreed_only
from chassis_platform.plan.cells import Heading, cell_kind
from chassis_platform.plan.listing import ListRequest
from chassis_platform.plan.names import Names
from chassis_platform.plan.read_plan import Column, PlannedField, ReadPlan
from chassis_platform.plan.single import labels_of
from chassis_platform.records.all_rows import all_rows, demand_rows
from chassis_platform.records.export_files import MOST_ROWS, FileFormat, new_file
from chassis_platform.records.lists import column_label, list_plan
from chassis_platform.records.pages import LARGEST_BATCH, Wanted, count_all, planned
from chassis_platform.sql.formula_context import time_zone
from chassis_platform.sql.read import Shape
from chassis_tenants.database import Database
from chassis_tenants.journal import Access, access_entry, digest_of

NO_PURPOSE = ListRequest(columns=())


@dataclass(frozen=True, slots=True)
class _Export:
    """What is to be read; `labels` are the names of records that columns refer to."""

    plan: ReadPlan
    labels: tuple[Column, ...]
    headings: tuple[Heading, ...]
    purpose: str | None


def export_list(
    database: Database,
    context: Context,
    object_name: str,
    request: ListRequest,
    file_format: FileFormat = FileFormat.CSV,
) -> AsyncIterator[bytes]:
    """All records of the list, with the names of the records that they refer to."""
    plan = list_plan(context, object_name, request)
    labels = labels_of(plan.columns, context)
    named = {each.path for each in labels}
    export = _Export(plan, labels, _headings(plan, named, context), request.purpose)
    return _written(database, context, export, file_format)


def export_query(
    database: Database,
    context: Context,
    text: str,
    file_format: FileFormat = FileFormat.CSV,
    *,
    include_deleted: bool = False,
    agreed: ListRequest = NO_PURPOSE,
) -> AsyncIterator[bytes]:
    """All records of the query; of those only whose person agreed to what `agreed` names, if it names a purpose."""
    plan = demand_rows(planned(context, text, include_deleted=include_deleted))
    plan = agreed_only(plan, agreed, context)
    export = _Export(plan, (), _headings(plan, set(), context), agreed.purpose)
    return _written(database, context, export, file_format)


def _headings(plan: ReadPlan, named: set[str], context: Context) -> tuple[Heading, ...]:
    return tuple(_heading(each, is_named=each.path in named, context=context) for each in plan.columns)


def _heading(column: Column, *, is_named: bool, context: Context) -> Heading:
    operand = column.operand
    if not isinstance(operand, PlannedField):
        return Heading(column.path, column.path)
    masked = Names(context.snapshot, context.policy).mask_of(operand) is not None
    kind = cell_kind(operand, is_masked=masked or is_named)
    return Heading(column.path, column_label(operand, context), kind, operand.field.scale)


async def _written(
    database: Database, context: Context, export: _Export, file_format: FileFormat
) -> AsyncIterator[bytes]:
    """The file; its first chunk comes after the first page was read.

    The last chunk comes after an entry of the access log says of how many records all of it was.
    """
    await _demand_fit(database, context, export.plan, file_format)
    file = new_file(file_format, export.headings, time_zone(context))
    wanted = Wanted("export", LARGEST_BATCH, shape=Shape.CELLS, labels=export.labels)
    ids: list[str] = []
    async for page in all_rows(database, context, export.plan, wanted):
        ids += page.ids
        if page.next_key is None:
            await _note_all(database, context, export, ids)
        yield await asyncio.to_thread(file.written, page.rows)
    yield await asyncio.to_thread(file.ended)


async def _demand_fit(database: Database, context: Context, plan: ReadPlan, file_format: FileFormat) -> None:
    """Some formats hold only so many rows: who wants more is told before the first."""
    most = MOST_ROWS.get(file_format)
    if most is None:
        return
    found = await count_all(database, context, plan)
    if min(found - plan.offset, found if plan.limit is None else plan.limit) > most:
        message = f"{file_format.upper()} holds {most:,} records and these are {found:,}: take CSV or Parquet."
        raise LimitExceeded.of("exceeded_max_size_request", message)


async def _note_all(database: Database, context: Context, export: _Export, ids: Sequence[str]) -> None:
    """One entry for the whole export, with the digest of its records; each page has one that names them."""
    principal = context.principal
    access = Access(
        export.plan.object.name,
        (),
        [each.path for each in export.plan.columns],
        "export_total",
        principal.session_id,
        principal.client_name,
        purpose=export.purpose,
        total=len(ids),
        digest=digest_of(ids),
    )
    await database.read(context.unversioned.binding, access_entry(context.tenant.id, context.actor, access))
