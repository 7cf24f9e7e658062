"""Search over REST: SOSL, and the same with parameters."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.records.search_parameters import Parameters, parameters_of, read_parameters
from chassis_platform.records.sosl import find, find_by_parameters


async def search(context: Context, request: Request) -> Response:
    """`GET /search?q=FIND {…}`: `{"searchRecords": […]}`; POST takes the same as `{"q": "…"}`."""
    version = demand_version(request)
    text = (await json_object(request)).get("q") if request.method == "POST" else request.query_params.get("q")
    if not isinstance(text, str):
        raise Invalid.of("malformed_search", "The search is missing: send it as q, such as FIND {Joe} RETURNING Lead.")
    return json_response(await find(server_of(request).database, context, text, version=version))


async def parameterized(context: Context, request: Request) -> Response:
    """`GET /parameterizedSearch?q=&sobject=`, or POST with a JSON body: `{"searchRecords": […]}`."""
    version = demand_version(request)
    wanted = await _parameters(request)
    return json_response(await find_by_parameters(server_of(request).database, context, wanted, version=version))


async def _parameters(request: Request) -> Parameters:
    if request.method == "POST":
        return read_parameters(await json_object(request))
    query = request.query_params
    return parameters_of({key: query.getlist(key) for key in query})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(f"{ROOT}/search", ["GET", "POST"], search),
        route(f"{ROOT}/parameterizedSearch", ["GET", "POST"], parameterized),
    ]
