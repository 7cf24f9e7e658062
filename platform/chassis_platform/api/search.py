"""Search over REST: the parameterized form (`q` and objects)."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.records.search import search

LARGEST = 200


async def parameterized(context: Context, request: Request) -> Response:
    """`GET /parameterizedSearch?q=&sobject=`: `{"searchRecords": […]}`."""
    version = demand_version(request)
    objects = [each for each in request.query_params.get("sobject", "").split(",") if each] or None
    text = request.query_params.get("q", "")
    groups = orjson.loads(await search(server_of(request).database, context, text, objects=objects, limit=LARGEST))
    records = [
        {
            "attributes": {
                "type": group["object"],
                "url": f"/services/data/v{version}/sobjects/{group['object']}/{record['id']}",
            },
            "Id": record["id"],
            "Name": record["name"],
        }
        for group in groups["groups"]
        for record in group["records"]
    ]
    return json_response({"searchRecords": records})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [route(f"{ROOT}/parameterizedSearch", ["GET"], parameterized)]
