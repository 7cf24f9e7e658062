"""Declared functions over REST: which there are, and what one says of a value."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.functions import LONGEST_ARGUMENT, evaluate
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route
from chassis_platform.api.versions import ROOT, demand_version


async def list_functions(context: Context, request: Request) -> Response:
    """`GET /functions`."""
    version = demand_version(request)
    context.policy.demand("ApiEnabled")
    listed = [
        {"name": name, "label": each.label, "kind": each.kind, "url": f"/services/data/v{version}/functions/{name}"}
        for name, each in sorted(context.snapshot.functions.items())
    ]
    return json_response({"functions": listed})


async def call_function(context: Context, request: Request) -> Response:
    """`GET /functions/{name}?value=`: `result` is null where the function knows nothing of the value."""
    demand_version(request)
    context.policy.demand("ApiEnabled")
    name = request.path_params["name"]
    definition = context.snapshot.functions.get(name)
    if definition is None:
        raise NotFound.of("not_found", "The requested resource does not exist")
    value = request.query_params.get("value")
    if value is None or len(value) > LONGEST_ARGUMENT:
        raise Invalid.of(
            "missing_argument", f"Send the parameter value, at most {LONGEST_ARGUMENT} characters.", fields=["value"]
        )
    today = datetime.now(UTC).astimezone(ZoneInfo(context.tenant.time_zone)).date()
    # The first call unpacks the function's data, which takes half a second.
    result = await asyncio.to_thread(evaluate, definition, value, today=today)
    return json_response({"name": name, "kind": definition.kind, "value": value, "result": result})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        definitions_route(f"{ROOT}/functions", ["GET"], list_functions),
        definitions_route(f"{ROOT}/functions/{{name}}", ["GET"], call_function),
    ]
