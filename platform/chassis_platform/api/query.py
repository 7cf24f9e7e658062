"""SOQL over REST: query, queryAll, queryMore, explain and columns."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.records import read as reading
from chassis_platform.records.query_columns import query_columns
from chassis_platform.records.query_explain import explain

SMALLEST_BATCH, LARGEST_BATCH = 200, 2000


def _batch_size(request: Request) -> int:
    for option in request.headers.get("sforce-query-options", "").split(","):
        name, _, number = option.strip().partition("=")
        if name.lower() == "batchsize" and is_whole_number(number):
            return min(max(int(number), SMALLEST_BATCH), LARGEST_BATCH)
    return LARGEST_BATCH


async def _run(context: Context, request: Request, *, include_deleted: bool) -> Response:
    version = demand_version(request)
    text = request.query_params.get("q")
    if text is None:
        raise Invalid.of("malformed_query", "The query is missing: send it as the parameter q.")
    body = await reading.query(
        server_of(request).database,
        context,
        text,
        include_deleted=include_deleted,
        batch_size=_batch_size(request),
        version=version,
    )
    return json_response(body)


async def query(context: Context, request: Request) -> Response:
    """`GET /query?q=`; with `columns=true` its columns alone, with `explain=` the way to its records."""
    text = request.query_params.get("explain")
    if text is not None:
        return json_response(await explain(server_of(request).database, context, text))
    text = request.query_params.get("q")
    if text is not None and request.query_params.get("columns", "").lower() == "true":
        return json_response(query_columns(context, text))
    return await _run(context, request, include_deleted=False)


async def query_all(context: Context, request: Request) -> Response:
    """`GET /queryAll?q=`: the recycle bin too."""
    return await _run(context, request, include_deleted=True)


async def query_more(context: Context, request: Request) -> Response:
    """`GET /query/{locator}`: the next batch."""
    version = demand_version(request)
    locator = request.path_params["locator"]
    return json_response(await reading.query_more(server_of(request).database, context, locator, version=version))


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    paths = [
        ("query", query),
        ("queryAll", query_all),
        ("query/{locator}", query_more),
        ("queryAll/{locator}", query_more),
    ]
    return [route(f"{ROOT}/{path}", ["GET"], handler) for path, handler in paths]
