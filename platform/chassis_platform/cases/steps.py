"""What happens in a case: records are written, approvals decided, buttons pressed, messages come in, time passes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from chassis_metadata.errors import ChassisError, Invalid, Problem
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.cases.stage import ROLLED_BACK, Stage, add_records
from chassis_platform.cases.verbs import VERBS
from chassis_platform.inbound.intake import mapping_of, receive
from chassis_platform.inbound.messages import Post
from chassis_platform.records.write import write_records

_DURATION = re.compile(r"(\d+) (second|minute|hour|day|week)s?")


def moment_after(step: Mapping[str, Any], now: datetime) -> datetime:
    """What time it is when the step begins."""
    if "at" in step:
        return datetime.fromisoformat(str(step["at"]))
    if "after" in step:
        match = _DURATION.fullmatch(str(step["after"]))
        assert match is not None  # noqa: S101  by the schema
        return now + timedelta(**{f"{match[2]}s": int(match[1])})
    return now


async def perform(stage: Stage, step: Mapping[str, Any], folder: Path) -> list[Problem]:
    """Do what the step says; answers what was refused."""
    context = await stage.context_of(step.get("as"))
    context = replace(context, allow_duplicates=bool(step.get("allow_duplicates")))
    stage.warnings.clear()
    try:
        return await _perform(stage, context, step, folder)
    except ChassisError as error:
        return list(error.problems)


async def _perform(stage: Stage, context: Context, step: Mapping[str, Any], folder: Path) -> list[Problem]:
    problems: list[Problem] = []
    for name, query in step.get("find", {}).items():
        await _find(stage, context, name, query)
    if "create" in step:
        await add_records(stage, context, step["create"])
    if "update" in step:
        problems += await _update(stage, context, step["update"])
    for operation in ("delete", "undelete"):
        if operation in step:
            problems += await _by_id(stage, context, operation, step[operation])
    if "inbound" in step:
        problems += await _receive(stage, context, step["inbound"], folder)
    for verb in VERBS.keys() & step.keys():
        problems += await VERBS[verb](stage, context, step[verb])
    return problems


async def _find(stage: Stage, context: Context, name: str, query: str) -> None:
    """Give a name to the one record that the query finds, as the operator sees it: something made it."""
    found = [str(row["Id"]) for row in await stage.rows(await stage.value(query))]
    if len(found) != 1:
        raise Invalid.of("not_one_record", f"For {name!r} the query finds {len(found)} records. Ask for exactly one.")
    stage.ids[name] = found[0]
    stage.objects[name] = context.snapshot.objects_by_prefix[found[0][:3]].name


async def _update(stage: Stage, context: Context, changes: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    problems: list[Problem] = []
    for object_name, names in groupby(changes, key=lambda name: stage.objects[name]):
        records = [{**await stage.value(dict(changes[name])), "Id": stage.ids[name]} for name in names]
        problems += await _write(stage, context, object_name, "update", records)
    return problems


async def _by_id(stage: Stage, context: Context, operation: str, names: Sequence[str]) -> list[Problem]:
    problems: list[Problem] = []
    for name in names:
        problems += await _write(stage, context, stage.objects[name], operation, [{"Id": stage.ids[name]}])
    return problems


async def _write(
    stage: Stage, context: Context, object_name: str, operation: Any, records: list[dict[str, Any]]
) -> list[Problem]:
    results = await write_records(
        stage.theatre.database, context, object_name, operation, records, all_or_none=len(records) > 1
    )
    stage.warnings += [warning for each in results for warning in each.warnings]
    return [problem for each in results for problem in each.problems if problem.code != ROLLED_BACK]


async def _receive(stage: Stage, context: Context, body: Mapping[str, Any], folder: Path) -> list[Problem]:
    content = (folder / "cases" / body["file"]).read_bytes() if "file" in body else str(body["document"]).encode()
    post = Post(content, body.get("content_type"))
    receipt = await receive(stage.theatre.database, context, mapping_of(context, body["mapping"]), post, clock.now())
    for number, record_id in enumerate(receipt.record_ids, 1):
        name = f"received{number}"
        stage.ids[name] = record_id
        stage.objects[name] = context.snapshot.objects_by_prefix[record_id[:3]].name
    return list(receipt.problems)
