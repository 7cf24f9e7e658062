"""Imports of files: what the wizard is built on. `/services/data/vXX.0/chassis/imports`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_object, json_response, no_content
from chassis_platform.api.bulk_ingest import taken_upload
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.bulk.import_errors import import_errors
from chassis_platform.bulk.imports import (
    CHECK,
    MAPPING,
    abort_import,
    begin_check,
    begin_import,
    begin_undo,
    import_document,
    preview,
    read_import,
    set_mapping,
)
from chassis_platform.bulk.jobs import WRITE, BulkJob, JobType, delete_job, find_job, list_jobs, make_job
from chassis_platform.bulk.results import FAILED, result_lines
from chassis_platform.bulk.undoing import UNDO

_ACTS = {"check": begin_check, "start": begin_import, "undo": begin_undo, "abort": abort_import}
_PHASES = (CHECK, WRITE, UNDO)


async def _import_of(context: Context, request: Request) -> BulkJob:
    demand_version(request)
    return await find_job(server_of(request).database, context, request.path_params["id"], JobType.IMPORT)


async def _answer(context: Context, request: Request, job: BulkJob, status: int = 200) -> Response:
    return json_response(await import_document(server_of(request).database, context, job), status)


async def create(context: Context, request: Request) -> Response:
    """`POST /chassis/imports`: `{"object", "operation", "externalIdFieldName", "columnDelimiter", "mapping"}`."""
    wanted = read_import(context, await json_object(request), version=demand_version(request))
    job = await make_job(server_of(request).database, context, wanted)
    return await _answer(context.unversioned, request, job, 201)


async def upload(context: Context, request: Request) -> Response:
    """`PUT /chassis/imports/{id}/content`: the CSV, as it is. Answers its columns and where each probably goes."""
    job = await _import_of(context, request)
    await taken_upload(context, request, job)
    return await _preview(context.unversioned, request)


async def _preview(context: Context, request: Request) -> Response:
    """`GET /chassis/imports/{id}/preview`."""
    job = await _import_of(context, request)
    return json_response(await preview(server_of(request).database, context, job))


async def change(context: Context, request: Request) -> Response:
    """`PATCH /chassis/imports/{id}`: `{"mapping": …}`, `{"action": "check" | "start" | "undo" | "abort"}`, or both."""
    job, document = await _import_of(context, request), await json_object(request)
    database, action = server_of(request).database, document.get("action")
    if MAPPING in document:
        await set_mapping(database, context, job, document[MAPPING])
        job = await _import_of(context, request)
    if action is not None:
        if not isinstance(action, str) or action not in _ACTS:
            raise Invalid.of("invalid_field", f"action is one of {', '.join(_ACTS)}.", fields=["action"])
        await _ACTS[action](database, context, job)
    return await _answer(context, request, await _import_of(context, request))


async def get(context: Context, request: Request) -> Response:
    """`GET /chassis/imports/{id}`: its state and how far each phase is."""
    return await _answer(context, request, await _import_of(context, request))


async def list_all(context: Context, request: Request) -> Response:
    """`GET /chassis/imports?after=`: the user's, the newest first."""
    demand_version(request)
    database, after = server_of(request).database, request.query_params.get("after") or None
    jobs, following = await list_jobs(database, context, [JobType.IMPORT], after=after, most=_LISTED)
    return json_response(
        {"imports": [await import_document(database, context, each) for each in jobs], "next": following}
    )


_LISTED = 20


async def errors(context: Context, request: Request) -> Response:
    """`GET /chassis/imports/{id}/errors?phase=check|write|undo&batch=`: rows with what was wrong, by line."""
    job, phase = await _import_of(context, request), request.query_params.get("phase", WRITE)
    batch = request.query_params.get("batch") or "0"
    if phase not in _PHASES or not is_whole_number(batch):
        raise Invalid.of("invalid_field", f"phase is one of {', '.join(_PHASES)}, and batch a number.")
    return json_response(await import_errors(server_of(request).database, context, job, phase, batch=int(batch)))


async def failed_rows(context: Context, request: Request) -> Response:
    """`GET /chassis/imports/{id}/failedRows`: the refused rows as a file, to be mended and imported again."""
    job = await _import_of(context, request)
    lines = result_lines(server_of(request).database, context, job, FAILED)
    return StreamingResponse(lines, media_type="text/csv; charset=UTF-8")


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /chassis/imports/{id}`: what is kept of it, so that it can't be taken back any more."""
    await delete_job(server_of(request).database, context, await _import_of(context, request))
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    imports, one = f"{ROOT}/chassis/imports", f"{ROOT}/chassis/imports/{{id}}"
    return [
        route(imports, ["POST"], create),
        route(imports, ["GET"], list_all),
        route(f"{one}/content", ["PUT"], upload),
        route(f"{one}/preview", ["GET"], _preview),
        route(f"{one}/errors", ["GET"], errors),
        route(f"{one}/failedRows", ["GET"], failed_rows),
        route(one, ["GET"], get),
        route(one, ["PATCH"], change),
        route(one, ["DELETE"], delete),
    ]
