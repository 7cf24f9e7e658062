"""Bulk 2.0 ingest: jobs that write very many records from CSV."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import LARGEST_BODY, body_bytes, json_object, json_response, no_content
from chassis_platform.api.decompression import decoded
from chassis_platform.api.deps import AUTO_ASSIGN, route, server_of
from chassis_platform.api.limits import demand_bulk_job
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.bulk.ingest import abort_job, close_job, read_ingest
from chassis_platform.bulk.jobs import BulkJob, JobType, State, delete_job, find_job, job_document, list_jobs, make_job
from chassis_platform.bulk.results import FAILED, SUCCESSFUL, UNPROCESSED, demand_results, result_lines
from chassis_platform.bulk.uploads import LARGEST_UPLOAD, take_upload

_CSV = "text/csv; charset=UTF-8"


async def _job_of(context: Context, request: Request) -> BulkJob:
    demand_version(request)
    return await find_job(server_of(request).database, context, request.path_params["id"], JobType.INGEST)


def _document(job: BulkJob, version: str, *, is_whole: bool = True) -> dict[str, Any]:
    settings = job.settings
    told = {name: settings[name] for name in ("externalIdFieldName", "assignmentRuleId") if name in settings}
    document = job_document(job, is_whole=is_whole) | told
    if job.state is State.OPEN:
        document["contentUrl"] = f"services/data/v{version}/jobs/ingest/{job.id}/batches"
    if not is_whole:
        return document
    return document | {
        "numberRecordsFailed": job.failed,
        "apiActiveProcessingTime": job.spent_ms,
        "apexProcessingTime": 0,
    }


async def create(context: Context, request: Request) -> Response:
    """`POST /jobs/ingest`; with its content at once as `multipart/form-data`, parts `job` and `content`."""
    version = demand_version(request)
    await demand_bulk_job(context, request, JobType.INGEST)
    database = server_of(request).database
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        wanted = read_ingest(context, _assigning(request, await json_object(request)), version=version)
        return json_response(_document(await make_job(database, context, wanted), version, is_whole=False))
    document, content = await _parts(request)
    job = await make_job(database, context, read_ingest(context, _assigning(request, document), version=version))
    later = context.unversioned  # the job is made once, whatever changes meanwhile
    await take_upload(database, later, job, _at_once(content))
    await close_job(database, later, await find_job(database, later, job.id, JobType.INGEST))
    made = await find_job(database, later, job.id, JobType.INGEST)
    return json_response(_document(made, version, is_whole=False))


def _assigning(request: Request, document: dict[str, Any]) -> dict[str, Any]:
    """The document; where it says nothing of assignment rules, with what the request's header says for the job."""
    asked = request.headers.get(AUTO_ASSIGN)
    return document if asked is None else {"assignmentRuleId": asked} | document


async def _at_once(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


async def _parts(request: Request) -> tuple[dict[str, Any], bytes]:
    body = await body_bytes(request)
    parser = MultiPartParser(request.headers, _at_once(body), max_files=2, max_fields=2, max_part_size=LARGEST_BODY)
    parser.spool_max_size = LARGEST_BODY  # in memory: nothing of it lies about in a file
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Invalid.of("invalidjob", f"InvalidJob : {error.message}") from None
    parts = {name: await part.read() if isinstance(part, UploadFile) else part.encode() for name, part in form.items()}
    await form.close()
    if set(parts) != {"job", "content"}:
        raise Invalid.of("invalidjob", 'InvalidJob : The body must have two parts, "job" (JSON) and "content" (CSV)')
    try:
        document = orjson.loads(parts["job"])
    except orjson.JSONDecodeError as error:
        raise Invalid.of("json_parser_error", f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from None
    if not isinstance(document, dict):
        raise Invalid.of("json_parser_error", 'The part "job" must be a JSON object.')
    return document, parts["content"]


async def upload(context: Context, request: Request) -> Response:
    """`PUT /jobs/ingest/{id}/batches`: the CSV, once a job."""
    await taken_upload(context, request, await _job_of(context, request))
    return Response(status_code=201)


async def taken_upload(context: Context, request: Request, job: BulkJob) -> None:
    """Keep the request's body as a job's content."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "zstd"):
        raise Invalid.of("unsupported_media_type", f"Content-Encoding: {encoding} is not taken: use gzip or zstd.")
    content = decoded(request, largest=LARGEST_UPLOAD) if encoding == "zstd" else request.stream()
    later = context.unversioned  # what is sent is sent once: it can't be asked for again where definitions changed
    try:
        await take_upload(server_of(request).database, later, job, content, compressed=encoding == "gzip")
    except ClientDisconnect:  # nobody reads the answer; what came is replaced by the next upload
        raise Invalid.of("invalidjobstate", "The upload broke off: send it again") from None


async def change(context: Context, request: Request) -> Response:
    """`PATCH /jobs/ingest/{id}`: `UploadComplete` or `Aborted`."""
    job = await _job_of(context, request)
    database = server_of(request).database
    wanted = (await json_object(request)).get("state")
    if wanted == State.UPLOAD_COMPLETE:
        await close_job(database, context, job)
    elif wanted == State.ABORTED:
        await abort_job(database, context, job)
    else:
        raise Invalid.of("invalidjobstate", "state must be UploadComplete or Aborted", fields=["state"])
    return json_response(_document(await _job_of(context, request), demand_version(request), is_whole=False))


async def get(context: Context, request: Request) -> Response:
    """`GET /jobs/ingest/{id}`."""
    return json_response(_document(await _job_of(context, request), demand_version(request)))


async def list_all(context: Context, request: Request) -> Response:
    """`GET /jobs/ingest?jobType=&concurrencyMode=&isPkChunkingEnabled=&queryLocator=`: the user's, the newest first."""
    version = demand_version(request)
    asked = request.query_params
    is_none = (
        asked.get("jobType", JobType.INGEST) != JobType.INGEST
        or asked.get("concurrencyMode", "Parallel") != "Parallel"
        or asked.get("isPkChunkingEnabled", "false").lower() == "true"
    )
    jobs: list[BulkJob] = []
    following: str | None = None
    if not is_none:
        after = asked.get("queryLocator") or None
        jobs, following = await list_jobs(server_of(request).database, context, [JobType.INGEST], after=after)
    url = None if following is None else f"/services/data/v{version}/jobs/ingest?queryLocator={following}"
    records = [_document(each, version, is_whole=False) | {"jobType": each.job_type.value} for each in jobs]
    return json_response({"done": following is None, "records": records, "nextRecordsUrl": url})


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /jobs/ingest/{id}`: the job and all that is kept for it; records stay."""
    await delete_job(server_of(request).database, context, await _job_of(context, request))
    return no_content()


def _results(kind: str) -> Any:
    async def results(context: Context, request: Request) -> Response:
        """`GET /jobs/ingest/{id}/successfulResults`, `failedResults` and `unprocessedrecords`."""
        job = await _job_of(context, request)
        demand_results(job)
        return StreamingResponse(result_lines(server_of(request).database, context, job, kind), media_type=_CSV)

    return results


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    jobs, one = f"{ROOT}/jobs/ingest", f"{ROOT}/jobs/ingest/{{id}}"
    return [
        route(jobs, ["POST"], create),
        route(jobs, ["GET"], list_all),
        route(f"{one}/batches", ["PUT"], upload),
        route(f"{one}/successfulResults", ["GET"], _results(SUCCESSFUL)),
        route(f"{one}/failedResults", ["GET"], _results(FAILED)),
        route(f"{one}/unprocessedrecords", ["GET"], _results(UNPROCESSED)),
        route(f"{one}/unprocessedRecords", ["GET"], _results(UNPROCESSED)),  # as some clients write it
        route(one, ["GET"], get),
        route(one, ["PATCH"], change),
        route(one, ["DELETE"], delete),
    ]
