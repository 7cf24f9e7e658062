"""Setup: acts that wait for a second administrator; and the guard that routes of such acts stand behind."""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_platform.access.context import Context
from chassis_platform.api.bodies import body_bytes, json_object, json_response, no_content
from chassis_platform.api.deps import Handler, route, server_of
from chassis_platform.api.setup_users import array
from chassis_platform.auth.verification import require_recent_verification
from chassis_platform.automation.four_eyes import Act, decide, guarded, is_guarded, list_requests


def with_four_eyes(
    kind: str,
    permission: str,
    handler: Handler,
    summary: Callable[[Request], str] = lambda request: request.url.path,
    *,
    hidden: Collection[str] = (),
    always: bool = False,
) -> Handler:
    """The handler of a dangerous act: where the policy says so, or `always`, a second administrator approves it first.

    Permission and verification are asked before a request is left; the handler asks them again. `hidden` are keys of
    the body that hold secrets: whoever decides does not see them.
    """

    async def guard(context: Context, request: Request) -> Response:
        if not always and not is_guarded(context, kind):
            return await handler(context, request)
        context.policy.demand(permission)
        require_recent_verification(context)
        body = await body_bytes(request)
        query = f"?{request.url.query}" if request.url.query else ""
        path, said = request.url.path + query, f"{request.method} {summary(request)}"
        act = Act(kind, said, request.method, path, body, frozenset(hidden))
        async with guarded(server_of(request).database, context, act, always=always):
            return await handler(context, request)

    guard.__module__, guard.__name__ = handler.__module__, handler.__name__
    return guard


async def list_all(context: Context, request: Request) -> Response:
    """`GET /setup/administration-requests`: one's own, and everybody's for who may approve."""
    context.policy.demand("ViewSetup")
    [rows] = await server_of(request).database.read(context.binding, list_requests(context))
    return json_response(b'{"requests":' + array(rows) + b"}")


async def approve(context: Context, request: Request) -> Response:
    """`POST /setup/administration-requests/{id}/approve`."""
    return await _decide(context, request, approved=True)


async def refuse(context: Context, request: Request) -> Response:
    """`POST /setup/administration-requests/{id}/refuse`."""
    return await _decide(context, request, approved=False)


async def _decide(context: Context, request: Request, *, approved: bool) -> Response:
    require_recent_verification(context)
    said = (await json_object(request)).get("comments")
    comments = said.strip() if isinstance(said, str) else None
    database = server_of(request).database
    await decide(database, context, request.path_params["id"], approved=approved, comments=comments or None)
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = "/setup/administration-requests"
    return [
        route(base, ["GET"], list_all),
        route(f"{base}/{{id}}/approve", ["POST"], approve),
        route(f"{base}/{{id}}/refuse", ["POST"], refuse),
    ]
