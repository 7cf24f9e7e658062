"""Change events: asked for, with or without waiting, or streamed as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid
from chassis_platform.access.context import Context
from chassis_platform.access.scopes import demand_door
from chassis_platform.api.bodies import is_whole_number, json_response
from chassis_platform.api.deps import as_asked, credential, current_context, route, server_of
from chassis_platform.api.entrance import check_door
from chassis_platform.api.errors import problem_document
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.automation.events.stream import NEW_ONES
from chassis_platform.automation.events.subscription import MOST_EVENTS, Page, next_page, objects_of, starting_point
from chassis_platform.automation.events.waiting import Place, hub_of
from chassis_tenants.database import SessionEndedError, StaleBindingError, TenantClosedError

MOST_WAITED = 60
#: A stream says that it is there so often, and ends after a while: its reader comes again with the last replay id.
HEARTBEAT_SECONDS, STREAM_SECONDS = 15.0, 1_800.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a subscriber asks for; `wait` is how many seconds an answer may take."""

    replay_id: str
    objects: tuple[str, ...]
    limit: int
    wait: int
    version: str


def _asked(context: Context, request: Request) -> _Asked:
    names = [each.strip() for each in request.query_params.get("objects", "").split(",") if each.strip()]
    objects_of(context, names)  # refused before anybody waits
    after = request.headers.get("last-event-id") or request.query_params.get("after") or NEW_ONES
    limit, wait = _number(request, "limit", MOST_EVENTS), _number(request, "wait", 0)
    return _Asked(after, tuple(names), min(max(limit, 1), MOST_EVENTS), min(wait, MOST_WAITED), demand_version(request))


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not is_whole_number(text):
        raise Invalid.of("invalid_query_parameter", f"{name} must be a whole number, such as {default or 30}.")
    return int(text)


async def _begun(context: Context, request: Request, asked: _Asked) -> _Asked:
    """The same from where it begins; what is wrong is told before anything is."""
    start = await starting_point(server_of(request).database, context, asked.replay_id)
    return replace(asked, replay_id=start)


async def _page(context: Context, request: Request, asked: _Asked) -> Page:
    return await next_page(
        server_of(request).database,
        context,
        asked.replay_id,
        objects=asked.objects,
        most=asked.limit,
        version=asked.version,
    )


async def list_events(context: Context, request: Request) -> Response:
    """`GET /chassis/events?after=&objects=&limit=&wait=`: what comes behind a replay id, as soon as there is some."""
    asked = await _begun(context, request, _asked(context, request))
    if not asked.wait:
        return _answer(await _page(context, request, asked))
    async with hub_of(server_of(request).database).place(context) as place:
        return _answer(await _first_page(context, request, asked, place))


def _answer(page: Page) -> Response:
    events = [each.document for each in page.events]
    return json_response({"events": events, "replayId": page.replay_id, "more": page.more})


async def _first_page(context: Context, request: Request, asked: _Asked, place: Place) -> Page:
    """The first page with something in it, or an empty one when the time is over or what is cached changed."""
    now = asyncio.get_running_loop().time
    until, page = now() + asked.wait, None
    while True:
        await place.ready()
        try:
            page = await _page(context, request, asked)
        except StaleBindingError:
            if page is None:
                raise
            return page
        asked = replace(asked, replay_id=page.replay_id)
        if page.events or now() >= until or await request.is_disconnected():
            return page
        if not page.more:
            await place.wait(until - now())


async def stream_events(context: Context, request: Request) -> Response:
    """`GET /chassis/events/stream?after=&objects=`: server-sent events; `Last-Event-ID` says where to go on."""
    asked = await _begun(context, request, _asked(context, request))
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    stream = _Stream(request, asked)
    return StreamingResponse(stream.told(context), media_type="text/event-stream", headers=headers)


@dataclass(slots=True)
class _Stream:
    """A stream to one subscriber. A page is read when the one before was taken: nothing grows for who is slow."""

    request: Request
    asked: _Asked

    async def told(self, context: Context) -> AsyncIterator[bytes]:
        """The bytes of the stream, until the session ends, the subscriber goes, or its time is over."""
        try:
            async with hub_of(server_of(self.request).database).place(context) as place:
                async for each in self._pages(context, place):
                    yield each
        except (SessionEndedError, TenantClosedError):
            yield _end({"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"})
        except ChassisError as error:
            yield _end(problem_document(error.problems[0]))

    async def _pages(self, context: Context, place: Place) -> AsyncIterator[bytes]:
        now = asyncio.get_running_loop().time
        until, heartbeat = now() + STREAM_SECONDS, now()
        while now() < until and not await self.request.is_disconnected():
            await place.ready()
            try:
                page = await _page(context, self.request, self.asked)
            except StaleBindingError:
                context = await self._afresh()
                continue
            moved = page.replay_id != self.asked.replay_id
            self.asked = replace(self.asked, replay_id=page.replay_id)
            if moved or now() >= heartbeat:
                heartbeat = now() + HEARTBEAT_SECONDS
                yield _told(page)
            if not page.more:
                await place.wait(HEARTBEAT_SECONDS)

    async def _afresh(self) -> Context:
        """The subscriber's Context as it is by now: rights that were taken away end here."""
        server = server_of(self.request)
        server.forget(credential(self.request)[0])
        context = as_asked(await current_context(self.request), self.request)
        await check_door(server, context, self.request)
        demand_door(context.principal, self.request.method, self.request.url.path)
        return context


def _told(page: Page) -> bytes:
    """A page as server-sent events; where nothing is to be told, how far the stream is."""
    told = ((each.replay_id.encode(), _body(each.document)) for each in page.events)
    events = [b"id: %b\nevent: change\ndata: %b\n\n" % each for each in told]
    return b"".join([*events, b": here\nid: %b\n\n" % page.replay_id.encode()])


def _body(document: object) -> bytes:
    return orjson.dumps(document)


def _end(problem: dict[str, object]) -> bytes:
    return b"event: end\ndata: %b\n\n" % _body(problem)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(f"{ROOT}/chassis/events", ["GET"], list_events, waits=True),
        route(f"{ROOT}/chassis/events/stream", ["GET"], stream_events, waits=True),
    ]
