"""What the user was told: the list behind the bell."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.ui_records import _limit
from chassis_platform.automation.inbox import mark_read, page


async def notifications(context: Context, request: Request) -> Response:
    """`GET /ui/notifications?unread=true&limit=&after=`: the newest first."""
    found = await page(
        server_of(request).database,
        context,
        limit=_limit(request, 20),
        after=request.query_params.get("after"),
        unread=request.query_params.get("unread") == "true",
    )
    return json_response(found)


async def read(context: Context, request: Request) -> Response:
    """`POST /ui/notifications/read` `{"ids": [...]}` or `{"all": true}`."""
    document = await json_object(request)
    ids = document.get("ids")
    if document.get("all") is True:
        ids = None
    elif not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise Invalid.of("invalid_field", 'Send "ids": a list of ids, or "all": true.', fields=["ids"])
    await mark_read(server_of(request).database, context, ids)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/notifications", ["GET"], notifications),
        route("/ui/notifications/read", ["POST"], read),
    ]
