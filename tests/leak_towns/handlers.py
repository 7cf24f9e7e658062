"""Doors that are addresses of the REST API, asked as one person by requests that come over no wire."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import orjson
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from chassis_platform.access.context import Context
from chassis_platform.api import sobjects, ui_api
from chassis_platform.api.composite import send_together
from chassis_platform.api.composite_subrequests import Outcome, Subrequest, send
from chassis_platform.api.deps import Handler, guarded
from leak_towns.build import BuiltTown

OK, NOT_FOUND = 200, 404
ROOT = "/services/data/v66.0/sobjects"


def _route(path: str, handler: Handler, context: Context) -> Route:
    async def endpoint(request: Request) -> Response:
        return await guarded(request, lambda: handler(context, request))

    return Route(path, endpoint)


def request_of(built: BuiltTown, context: Context) -> Request:
    """A request whose application has the addresses of records."""
    base = "/services/data/v{version}/sobjects/{object}"
    routes = [
        _route(f"{base}/{{field}}/{{value}}", sobjects.get_by_key, context),
        _route(f"{base}/{{id}}", sobjects.get, context),
        _route("/services/data/v{version}/ui-api/records/{id}", ui_api.get, context),
    ]
    server = SimpleNamespace(database=built.database)
    application = SimpleNamespace(state=State({"server": server}), router=Router(routes=routes))
    return Request({"type": "http", "headers": [], "method": "POST", "path": "/", "app": application, "state": {}})


def _answer(outcome: Outcome) -> Any:
    """The document; None where there is nothing for the person."""
    assert outcome.status in (OK, NOT_FOUND), outcome.body
    return orjson.loads(outcome.body) if outcome.status == OK else None


async def by_composite(built: BuiltTown, context: Context) -> set[int]:
    """As a part of a transaction in which all or nothing is done."""
    seen = set()
    for number, record_id in enumerate(built.workshop_ids):
        asked = Subrequest("GET", f"{ROOT}/Workshop/{record_id}", "fields=Name", reference_id="a")
        [outcome] = await send_together(context, request_of(built, context), [asked])
        if _answer(outcome) is not None:
            seen.add(number)
    return seen


async def by_ui_api(built: BuiltTown, context: Context) -> set[int]:
    """As the field's own user interfaces ask, with the name of a parent."""
    asked = [f"/services/data/v66.0/ui-api/records/{each}" for each in built.workshop_ids]
    fields = "fields=Workshop.Name&optionalFields=Workshop.ParentWorkshop.Name"
    found = [_answer(await send(request_of(built, context), Subrequest("GET", each, fields))) for each in asked]
    return {number for number, each in enumerate(found) if each is not None}


async def _related(built: BuiltTown, context: Context, path: str, fields: str) -> Any:
    return _answer(await send(request_of(built, context), Subrequest("GET", f"{ROOT}/{path}", f"fields={fields}")))


async def by_children(built: BuiltTown, context: Context) -> tuple[set[int], set[int]]:
    """The workshops that answer for their stays, if they have none too; and those stays."""
    found = [await _related(built, context, f"Workshop/{each}/Stays", "Id") for each in built.workshop_ids]
    stays = {built.stay_ids.index(child["Id"]) for each in found if each is not None for child in each["records"]}
    return {number for number, each in enumerate(found) if each is not None}, stays


async def workshops_by_relationship(built: BuiltTown, context: Context) -> set[int]:
    """The workshops that the stays name."""
    found = [await _related(built, context, f"Stay/{each}/Workshop", "Id") for each in built.stay_ids]
    return {built.workshop_ids.index(each["Id"]) for each in found if each is not None}
