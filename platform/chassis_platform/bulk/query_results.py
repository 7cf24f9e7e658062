"""The results of a query job: so many records from a locator on, read when they are fetched."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from chassis_metadata.fields import FieldType
from chassis_platform.access.context import Context
from chassis_platform.auth.secrets import UnreadableSecretError, open_sealed, seal
from chassis_platform.bulk.csv_rows import Dialect
from chassis_platform.bulk.jobs import BulkJob, State, wrong_state
from chassis_platform.bulk.query import bulk_plan
from chassis_platform.plan.problems import refuse
from chassis_platform.plan.read_plan import ReadPlan, fields_of
from chassis_platform.records.all_rows import all_rows
from chassis_platform.records.pages import LastKey, Rows, Wanted
from chassis_platform.sql.read import Shape
from chassis_tenants.database import Database

DOOR = "bulk_query"
#: A set of results ends at so many records, or soon behind so many bytes: it is in memory at once.
MOST_RECORDS, MOST_BYTES = 100_000, 32 * 2**20
#: Records a statement: each leaves one entry in the access log. Where texts may be long, fewer.
_PAGE, _PAGE_OF_LONG = 10_000, 1_000
_LONG = frozenset({FieldType.LONG_TEXT, FieldType.RICH_TEXT})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a set of results begins: behind which key, and how many records come before; and with which id it ends."""

    position: int = 0
    after: LastKey | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """A set of results: its CSV in parts, its records, and where the next set begins."""

    parts: Sequence[bytes]
    count: int
    next_place: Place | None


async def read_results(
    database: Database, context: Context, job: BulkJob, place: Place, *, most: int = MOST_RECORDS
) -> Results:
    """The next records of the job as CSV with its headings, as the user may see them now."""
    demand_complete(job)
    plan = bulk_plan(context, job.query_text or "", job.operation, until=place.until)
    wanted = Wanted(DOOR, records_a_statement(plan), shape=Shape.TEXTS, after=place.after, position=place.position)
    settings = job.settings
    lines = partial(_lines, Dialect(settings.get("columnDelimiter", "COMMA"), settings.get("lineEnding", "LF")))
    parts = [lines([[each.path for each in plan.columns]])]
    position, size, next_key = place.position, 0, None
    pages = all_rows(database, context, plan, wanted, most=min(most, MOST_RECORDS))
    page: Rows | None = await anext(pages)
    while page is not None:
        position, next_key = position + len(page.ids), page.next_key
        # The database looks for the next page while this one is written.
        writing = asyncio.to_thread(lines, page.rows)
        text, page = await asyncio.gather(writing, _next(pages if size < MOST_BYTES else None))
        parts.append(text)
        size += len(text)
    following = None if next_key is None else Place(position, next_key, place.until)
    return Results(parts, position - place.position, following)


def demand_complete(job: BulkJob) -> None:
    """Refuse to tell results of a job that has none yet, or never will."""
    if job.state is not State.JOB_COMPLETE:
        raise wrong_state(f"The job is in state {job.state}: its results are to be had in state JobComplete")


async def _next(pages: AsyncIterator[Rows] | None) -> Rows | None:
    return None if pages is None else await anext(pages, None)


def records_a_statement(plan: ReadPlan) -> int:
    """How many records a statement reads."""
    fields = (field for each in plan.columns for field in fields_of(each.operand))
    return _PAGE_OF_LONG if any(each.type in _LONG for each in fields) else _PAGE


def _lines(dialect: Dialect, rows: Sequence[Sequence[object]]) -> bytes:
    return dialect.lines(rows).encode()


def write_locator(home: Path, context: Context, job: BulkJob, place: Place) -> str:
    """The place as a word for addresses. It is sealed: what records are ordered by may be a person's name."""
    content = orjson.dumps([place.position, place.after, place.until])
    return base64.urlsafe_b64encode(seal(home, context.tenant.id, _purpose(job), content)).rstrip(b"=").decode()


def read_locator(home: Path, context: Context, job: BulkJob, locator: str) -> Place:
    """The place that one of this job's locators stands for."""
    try:
        sealed = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4))
        return Place(*orjson.loads(open_sealed(home, context.tenant.id, _purpose(job), sealed)))
    except (binascii.Error, ValueError, UnreadableSecretError):
        raise refuse("invalid_query_locator", "The locator is none of this job's: begin without one") from None


def _purpose(job: BulkJob) -> str:
    return f"bulk query {job.id}"
