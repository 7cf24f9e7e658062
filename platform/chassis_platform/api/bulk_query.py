"""Bulk 2.0 query jobs: made, looked at, aborted, removed, and their results in sets."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import is_id, normal_id
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.limits import demand_bulk_job
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.bulk.csv_rows import DELIMITERS, LINE_ENDINGS
from chassis_platform.bulk.jobs import (
    BulkJob,
    JobType,
    State,
    change_state,
    delete_job,
    find_job,
    job_document,
    list_jobs,
    refuse_transition,
)
from chassis_platform.bulk.query import OPERATIONS, NewQuery, make_query_job
from chassis_platform.bulk.query_result_pages import result_pages
from chassis_platform.bulk.query_results import (
    MOST_RECORDS,
    Place,
    Results,
    read_locator,
    read_results,
    write_locator,
)

_JOBS = f"{ROOT}/jobs/query"
_CHOICES = {
    "operation": OPERATIONS,
    "contentType": ("CSV",),
    "columnDelimiter": tuple(DELIMITERS),
    "lineEnding": tuple(LINE_ENDINGS),
}
_DEFAULTS = {"contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}
_ABORTABLE = (State.UPLOAD_COMPLETE, State.IN_PROGRESS)
#: What a compressing response works on at a time, so that others get their turn between two.
_PIECE = 2**18


async def create(context: Context, request: Request) -> Response:
    """`POST /jobs/query` `{"operation", "query", "columnDelimiter"?, "lineEnding"?, "contentType"?}`."""
    version = demand_version(request)
    document = _DEFAULTS | await json_object(request)
    for name, choices in _CHOICES.items():
        if document.get(name) not in choices:
            raise Invalid.of("invalidjob", f"{name} must be one of {', '.join(choices)}.", fields=[name])
    text = document.get("query")
    if not isinstance(text, str) or not text.strip():
        raise Invalid.of("invalidjob", "query is missing: a query job needs a SOQL query.", fields=["query"])
    settings = {name: document[name] for name in ("columnDelimiter", "lineEnding")} | {"apiVersion": float(version)}
    await demand_bulk_job(context, request, JobType.QUERY)
    wanted = NewQuery(text, document["operation"], settings)
    job = await make_query_job(server_of(request).database, context, wanted)
    return json_response(job_document(job, is_whole=False))


async def list_(context: Context, request: Request) -> Response:
    """`GET /jobs/query?queryLocator=`: the user's own, the newest first."""
    version = demand_version(request)
    after = request.query_params.get("queryLocator")
    if after is not None and not is_id(after):
        raise Invalid.of("invalid_query_locator", "queryLocator is none of this list's: begin without it")
    known = normal_id(after) if after else None
    jobs, following = await list_jobs(server_of(request).database, context, [JobType.QUERY], after=known)
    more = following and f"/services/data/v{version}/jobs/query?queryLocator={following}"
    return json_response(
        {"done": more is None, "records": [job_document(each) for each in jobs], "nextRecordsUrl": more}
    )


async def get(context: Context, request: Request) -> Response:
    """`GET /jobs/query/{id}`."""
    return json_response(job_document(await _job(context, request)))


async def abort(context: Context, request: Request) -> Response:
    """`PATCH /jobs/query/{id}` `{"state": "Aborted"}`."""
    job = await _job(context, request)
    if (await json_object(request)).get("state") != State.ABORTED:
        raise Invalid.of("invalidjobstate", 'A query job can be set to one state: {"state": "Aborted"}.')
    database = server_of(request).database
    if not await change_state(database, context, job.id, _ABORTABLE, State.ABORTED):
        raise refuse_transition(await _job(context, request), State.ABORTED)
    return await get(context, request)


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /jobs/query/{id}`."""
    await delete_job(server_of(request).database, context, await _job(context, request))
    return no_content()


async def results(context: Context, request: Request) -> Response:
    """`GET /jobs/query/{id}/results?locator=&maxRecords=`: a set of results, and the locator of the next one."""
    job = await _job(context, request)
    server, asked = server_of(request), request.query_params
    locator, most = asked.get("locator"), asked.get("maxRecords", str(MOST_RECORDS))
    if not is_whole_number(most) or int(most) < 1:
        raise Invalid.of("number_outside_valid_range", "maxRecords must be a whole number of at least 1.")
    home = server.settings.home
    place = read_locator(home, context, job, locator) if locator and locator != "null" else Place()
    found = await read_results(server.database, context, job, place, most=int(most))
    following = "null" if found.next_place is None else write_locator(home, context, job, found.next_place)
    headers = {"Sforce-NumberOfRecords": str(found.count), "Sforce-Locator": following}
    return StreamingResponse(_pieces(found), media_type="text/csv;charset=UTF-8", headers=headers)


async def pages_of_results(context: Context, request: Request) -> Response:
    """`GET /jobs/query/{id}/resultPages?locator=`: where up to five parts are, to be fetched side by side."""
    job = await _job(context, request)
    server, locator = server_of(request), request.query_params.get("locator")
    home = server.settings.home
    place = read_locator(home, context, job, locator) if locator else Place()
    pages, following = await result_pages(server.database, context, job, place)
    root = f"/services/data/v{demand_version(request)}/jobs/query/{job.id}"

    def address(resource: str, to: Place) -> str:
        return f"{root}/{resource}?locator={write_locator(home, context, job, to)}"

    more = None if following is None else address("resultPages", following)
    urls = [{"resultUrl": address("results", each)} for each in pages]
    return json_response({"resultPages": urls, "nextRecordsUrl": more, "done": more is None})


async def _pieces(found: Results) -> AsyncIterator[bytes]:
    for part in found.parts:
        for start in range(0, len(part), _PIECE):
            yield part[start : start + _PIECE]


async def _job(context: Context, request: Request) -> BulkJob:
    demand_version(request)
    return await find_job(server_of(request).database, context, request.path_params["id"], JobType.QUERY)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(_JOBS, ["POST"], create),
        route(_JOBS, ["GET"], list_),
        route(f"{_JOBS}/{{id}}", ["GET"], get),
        route(f"{_JOBS}/{{id}}", ["PATCH"], abort),
        route(f"{_JOBS}/{{id}}", ["DELETE"], delete),
        route(f"{_JOBS}/{{id}}/results", ["GET"], results),
        route(f"{_JOBS}/{{id}}/resultPages", ["GET"], pages_of_results),
    ]
