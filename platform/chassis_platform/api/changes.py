"""`sobjects/{Object}/updated` and `/deleted`: what to copy anew, for those who keep a copy of the records."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.records.changes import FURTHEST, Changes, changes_between
from chassis_platform.records.read import readable_object


async def updated(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/updated?start=&end=`: `{"ids": […], "latestDateCovered"}`."""
    changes = await _changes(context, request, deleted=False)
    return json_response(b'{"ids":%b,"latestDateCovered":"%b"}' % (changes.found, _wire(changes.covered)))


async def deleted(context: Context, request: Request) -> Response:
    """`GET /sobjects/{Object}/deleted?start=&end=`: what lies in the recycle bin, and since when."""
    changes = await _changes(context, request, deleted=True)
    earliest = clock.now() - FURTHEST
    return json_response(
        b'{"deletedRecords":%b,"earliestDateAvailable":"%b","latestDateCovered":"%b"}'
        % (changes.found, _wire(earliest), _wire(changes.covered))
    )


async def _changes(context: Context, request: Request, *, deleted: bool) -> Changes:
    demand_version(request)
    obj = readable_object(context, request.path_params["object"])
    start, end = _moment(request, "start"), _moment(request, "end")
    return await changes_between(server_of(request).database, context, obj, start, end, deleted=deleted)


def _moment(request: Request, name: str) -> datetime:
    """A moment with its zone; a `+` that was sent as it is arrives as a blank."""
    text = request.query_params.get(name, "").replace(" ", "+")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{name} must be a moment in ISO 8601, such as 2026-11-22T08:00:00Z, with + encoded as %2B."
        raise Invalid.of("invalid_replication_date", message, fields=[name]) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _wire(moment: datetime) -> bytes:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000").encode()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/sobjects/{{object}}"
    return [route(f"{base}/updated", ["GET"], updated), route(f"{base}/deleted", ["GET"], deleted)]
