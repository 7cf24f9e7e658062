"""Imports of files that lie on this machine: made of one, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis_metadata.errors import Conflict, Invalid
from chassis_platform.access.context import Context
from chassis_platform.bulk.imports import MAPPING, begin_import, import_document, preview, read_import, set_mapping
from chassis_platform.bulk.jobs import AT_WORK, BulkJob, JobType, State, find_job, make_job
from chassis_platform.bulk.uploads import PROBLEM, take_upload
from chassis_platform.records.pages import LATEST_VERSION
from chassis_tenants.database import Database

_PIECE = 256 * 1024
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file and what its rows are to become. Without a mapping, columns go to the fields of their names."""

    path: Path
    object_name: str
    operation: str = "insert"
    key: str | None = None
    delimiter: str = "COMMA"
    mapping: Mapping[str, Any] | None = None


async def make_import(database: Database, context: Context, file: ImportFile) -> str:
    """Make an import with the file's content and its mapping; answers its id. Nothing is written yet."""
    asked = {
        "object": file.object_name,
        "operation": file.operation,
        "columnDelimiter": file.delimiter,
        MAPPING: file.mapping,
        **({"externalIdFieldName": file.key} if file.key is not None else {}),
    }
    job = await make_job(database, context, read_import(context, asked, version=LATEST_VERSION))
    await take_upload(database, context, job, _pieces(file.path))
    job = await find_import(database, context, job.id)
    if PROBLEM in job.settings:
        raise Invalid.of("invalidbatch", job.settings[PROBLEM], path=str(file.path))
    if file.mapping is None:
        await set_mapping(database, context, job, await _suggested(database, context, job))
    return job.id


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece


async def _suggested(database: Database, context: Context, job: BulkJob) -> dict[str, Any]:
    """By names and labels; a column that is neither stands for itself, such as `Account.Number`."""
    columns = (await preview(database, context, job))["columns"]
    return {"columns": {each["name"]: each["suggestion"] or each["name"] for each in columns}}


async def find_import(database: Database, context: Context, job_id: str) -> BulkJob:
    """The user's import of that id."""
    return await find_job(database, context, job_id, JobType.IMPORT)


async def go_on(database: Database, context: Context, job_id: str) -> None:
    """Begin to write what is only there, or was only tried; what was interrupted goes on by itself."""
    job = await find_import(database, context, job_id)
    if job.state is State.OPEN:
        await begin_import(database, context, job)
    elif job.state not in AT_WORK:
        raise Conflict.of("invalidjobstate", f"The import is in state {job.state}: there is nothing to go on with.")


async def until_over(
    database: Database, context: Context, job_id: str, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Wait until workers have done what was begun; `tell` hears meanwhile how far it is. Answers the last it heard."""
    while True:
        job = await find_import(database, context, job_id)
        document = await import_document(database, context, job)
        tell(document)
        if job.state not in AT_WORK:
            return document
        await asyncio.sleep(_PAUSE_SECONDS)
