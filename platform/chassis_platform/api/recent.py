"""What the user looked at last: `recent`, and the recent items of an object."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import is_whole_number, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.describe import visible_object
from chassis_platform.api.describe_objects import object_summary
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.records.recent import recent_items
from chassis_platform.sql.recent import MOST_KEPT


async def recent(context: Context, request: Request) -> Response:
    """`GET /recent?limit=`: an array of records with their names, the latest first."""
    version, limit = demand_version(request), _limit(request)
    found = await recent_items(server_of(request).database, context, limit=limit, version=version)
    return json_response(found)


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(MOST_KEPT))
    if not is_whole_number(text) or int(text) < 1:
        raise Invalid.of("number_outside_valid_range", f"limit must be a whole number from 1 to {MOST_KEPT}.")
    return min(int(text), MOST_KEPT)


async def basics(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}`: its summary, and what of it was looked at last."""
    version = demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    items = await recent_items(server_of(request).database, context, obj, version=version)
    return json_response({"objectDescribe": object_summary(context, obj, version), "recentItems": items})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(f"{ROOT}/recent", ["GET"], recent),
        route(f"{ROOT}/sobjects/{{object}}", ["GET"], basics),
    ]
