"""Files of records: a list's for the web application, a query's for partners; CSV, XLSX or Parquet, streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, Problem
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.ui_objects import readable_object
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.plan.listing import parse_list_request
from chassis_platform.records.export import NO_PURPOSE, export_list, export_query
from chassis_platform.records.export_files import FileFormat

PERMISSION = "ExportData"
_TEXTS = ("query", "format", "purpose", "channel", "person")
_FLAG = "includeDeleted"


async def list_export(context: Context, request: Request) -> Response:
    """`POST /ui/objects/{Object}/export?format=`: all rows of a list."""
    context.policy.demand(PERMISSION)
    obj = readable_object(context, request.path_params["object"])
    wanted = parse_list_request(await json_object(request))
    file_format = _format(request.query_params.get("format"))
    chunks = export_list(server_of(request).database, context, obj.name, wanted, file_format)
    return await _file(chunks, obj.name, file_format)


async def query_export(context: Context, request: Request) -> Response:
    """`POST /chassis/exports` `{"query", "format", "includeDeleted"?, "purpose"?, "channel"?, "person"?}`."""
    demand_version(request)
    context.policy.demand(PERMISSION)
    asked = _texts(await json_object(request))
    file_format = _format(asked.get("format"))
    agreed = parse_list_request({"columns": ["Id"], **{name: asked.get(name) for name in _TEXTS[2:]}})
    chunks = export_query(
        server_of(request).database,
        context,
        asked["query"],
        file_format,
        include_deleted=asked.get(_FLAG, False),
        agreed=agreed if agreed.purpose or agreed.channel or agreed.person else NO_PURPOSE,
    )
    return await _file(chunks, "export", file_format)


def _texts(document: dict[str, Any]) -> dict[str, Any]:
    """What was asked, if all of it is well formed; everything that isn't is told at once."""
    known = (*_TEXTS, _FLAG)
    problems = [_wrong(name, f"no such key; use {', '.join(known)}") for name in sorted(document.keys() - {*known})]
    problems += [_wrong(name, "must be a string") for name in _TEXTS if not isinstance(document.get(name, ""), str)]
    if not isinstance(document.get(_FLAG, False), bool):
        problems.append(_wrong(_FLAG, "must be true or false"))
    if not document.get("query"):
        problems.append(_wrong("query", "name the records by a query, such as SELECT Id, Name FROM Contact"))
    if problems:
        raise Invalid(problems)
    return document


def _wrong(name: str, message: str) -> Problem:
    return Problem(path=name, code="json_parser_error", message=f"{name}: {message}")


def _format(name: str | None) -> FileFormat:
    if name is None:
        return FileFormat.CSV
    if name not in list(FileFormat):
        raise Invalid.of("invalid_value", f"format must be one of {', '.join(FileFormat)}.", fields=["format"])
    return FileFormat(name)


async def _file(chunks: AsyncIterator[bytes], name: str, file_format: FileFormat) -> Response:
    first = await anext(chunks)  # what is wrong with the request must show before the status is sent

    async def all_chunks() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            if chunk:
                yield chunk

    headers = {"content-disposition": f'attachment; filename="{name}.{file_format}"'}
    return StreamingResponse(all_chunks(), media_type=file_format.media_type, headers=headers)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/objects/{object}/export", ["POST"], list_export),
        route(f"{ROOT}/chassis/exports", ["POST"], query_export),
    ]
