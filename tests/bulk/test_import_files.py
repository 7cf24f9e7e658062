"""What `chassis import` does with a file, a worker beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bulk.desk import Bulk, Query
from chassis_metadata.errors import Conflict, Forbidden, Invalid, NotFound
from chassis_platform.access.context import Context
from chassis_platform.bulk.import_files import ImportFile, find_import, go_on, make_import, until_over
from chassis_platform.bulk.imports import begin_check, begin_undo, run_import
from chassis_platform.bulk.ingest import LANES

CODES = ("F1", "F2", "F3")


@asynccontextmanager
async def _worker(bulk: Bulk, context: Context, job_id: str) -> AsyncIterator[None]:
    """Takes the import's lanes, as the queue gives them out."""

    async def work() -> None:
        for lane in reversed(range(LANES)):
            await run_import(bulk.desk, context.tenant.id, {"job": job_id, "lane": lane})

    working = asyncio.create_task(work())
    yield
    await working


async def _done(bulk: Bulk, context: Context, job_id: str) -> tuple[dict[str, Any], list[str]]:
    """The end of what was begun, and the states that were told on the way."""
    states: list[str] = []
    async with _worker(bulk, context, job_id):
        told = await until_over(bulk.database, context, job_id, lambda each: states.append(each["state"]))
    return told, states


def _file(folder: Path, content: str, **sides: Any) -> ImportFile:
    path = folder / "workshops.csv"
    path.write_text(content)
    return ImportFile(path, "Workshop", **sides)


async def test_a_file_is_tried_then_written_then_taken_back(
    bulk: Bulk, admin: Context, rows: Query, tmp_path: Path
) -> None:
    file = _file(tmp_path, "Name,Code,Opened on\nA,F1,2020-01-31\nB,F2,\nC,F3,gestern\n")
    there = "SELECT code, opened_on::text FROM data.workshop WHERE code = ANY (%(codes)s) AND NOT is_deleted ORDER BY 1"

    job_id = await make_import(bulk.database, admin, file)
    await begin_check(bulk.database, admin, await find_import(bulk.database, admin, job_id))
    tried, _ = await _done(bulk, admin, job_id)
    assert (tried["state"], tried["check"]) == ("Open", {"processed": 3, "failed": 1})
    assert tried["mapping"] == {"columns": {"Name": "Name", "Code": "Code", "Opened on": "OpenedOn"}}
    assert await rows(there, codes=list(CODES)) == []

    await go_on(bulk.database, admin, job_id)
    written, states = await _done(bulk, admin, job_id)
    assert (written["state"], written["write"]) == ("JobComplete", {"processed": 3, "failed": 1})
    assert (states[0], states[-1]) == ("InProgress", "JobComplete")
    assert await rows(there, codes=list(CODES)) == [("F1", "2020-01-31"), ("F2", None)]

    await begin_undo(bulk.database, admin, await find_import(bulk.database, admin, job_id))
    undone, _ = await _done(bulk, admin, job_id)
    assert (undone["state"], undone["undo"]) == ("Undone", {"processed": 2, "failed": 0})
    assert await rows(there, codes=list(CODES)) == []


async def test_what_was_begun_is_gone_on_with_and_what_is_over_is_not(
    bulk: Bulk, admin: Context, tmp_path: Path
) -> None:
    job_id = await make_import(bulk.database, admin, _file(tmp_path, "Name,Code\nD,F4\n"))
    await go_on(bulk.database, admin, job_id)
    await go_on(bulk.database, admin, job_id)  # nobody had come to it yet: it is still to be done, once
    done, _ = await _done(bulk, admin, job_id)
    assert done["write"] == {"processed": 1, "failed": 0}

    with pytest.raises(Conflict, match="JobComplete"):
        await go_on(bulk.database, admin, job_id)


async def test_a_file_that_is_broken_says_where_and_one_with_strange_columns_says_which(
    bulk: Bulk, admin: Context, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match="Line 2 has 3 cells; the header has 2 columns"):
        await make_import(bulk.database, admin, _file(tmp_path, "Name,Code\nE,F5,more\n"))

    strange = await make_import(bulk.database, admin, _file(tmp_path, "Name,Whatever\nE,F5\n"))
    with pytest.raises(Invalid, match="Field name not found : Whatever"):
        await go_on(bulk.database, admin, strange)


async def test_an_import_is_its_makers_and_nobody_elses(
    bulk: Bulk, admin: Context, ann: Context, tmp_path: Path
) -> None:
    file = _file(tmp_path, "Name,Code\nG,F6\n")
    with pytest.raises(Forbidden):
        await make_import(bulk.database, ann, file)

    job_id = await make_import(bulk.database, admin, file)
    with pytest.raises(NotFound):
        await go_on(bulk.database, ann, job_id)
