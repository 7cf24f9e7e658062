"""Doors that are addresses of the REST API, asked as one person by requests that come over no wire."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import orjson
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Message

from chassis_metadata.ids import new_id
from chassis_platform.access.context import Context
from chassis_platform.api import composite_tree, sobjects, ui_api_records
from chassis_platform.api.composite import send_together
from chassis_platform.api.composite_subrequests import Outcome, Subrequest, send
from chassis_platform.api.deps import Handler, guarded
from chassis_platform.api.directory import Directory
from leak_towns.build import BuiltTown

OK, REFUSED, NOT_FOUND = 200, 400, 404
ROOT = "/services/data/v66.0/sobjects"


def _route(path: str, handler: Handler, context: Context, method: str = "GET") -> Route:
    async def endpoint(request: Request) -> Response:
        return await guarded(request, lambda: handler(context, request))

    return Route(path, endpoint, methods=[method])


def request_of(built: BuiltTown, context: Context) -> Request:
    """A request whose application has the addresses of records."""
    base = "/services/data/v{version}/sobjects/{object}"
    routes = [
        _route(f"{base}/{{field}}/{{value}}", sobjects.get_by_key, context),
        _route(f"{base}/{{id}}", sobjects.get, context),
        _route(f"{base}", sobjects.create, context, "POST"),
        _route("/services/data/v{version}/ui-api/records/batch/{ids}", ui_api_records.get_batch, context),
        _route("/services/data/v{version}/ui-api/records/{id}", ui_api_records.get, context),
    ]
    server = SimpleNamespace(database=built.database)
    state = State({"server": server, "directory": Directory(routes)})
    application = SimpleNamespace(state=state, router=Router(routes=routes))
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


async def by_ui_batch(built: BuiltTown, context: Context) -> set[int]:
    """All of them at once, each with a status of its own."""
    ids = ",".join(built.workshop_ids)
    asked = Subrequest("GET", f"/services/data/v66.0/ui-api/records/batch/{ids}", "fields=Workshop.Name")
    results = _answer(await send(request_of(built, context), asked))["results"]
    assert {each["statusCode"] for each in results} <= {OK, NOT_FOUND}
    return {number for number, each in enumerate(results) if each["statusCode"] == OK}


# Refusals: what they say of a workshop that is referred to, beside what they say of one that is not there


async def by_tree_errors(built: BuiltTown, context: Context) -> set[int]:
    """A tree of stays at each workshop, and at one that is not there: so none of them is made."""
    absent = new_id("gW1")
    ids = [*built.workshop_ids, absent]
    records = [
        {"attributes": {"type": "Stay", "referenceId": f"at{number}"}, "WorkshopId": each}
        for number, each in enumerate(ids)
    ]
    scope = {**request_of(built, context).scope, "path_params": {"version": "66.0", "object": "Stay"}}
    body = orjson.dumps({"records": records})

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    answer = await composite_tree.tree(context, Request(scope, receive))
    assert answer.status_code == REFUSED, answer.body
    told = {each["referenceId"]: _without(ids, each["errors"]) for each in orjson.loads(answer.body)["results"]}
    unknown = told[f"at{len(built.workshop_ids)}"]
    return {number for number in range(len(built.workshop_ids)) if told.get(f"at{number}") != unknown}


async def by_graph_errors(built: BuiltTown, context: Context) -> set[int]:
    """An errand about each workshop, undone with a second one that can't be made."""
    ids = [*built.workshop_ids, new_id("gW1")]
    told = []
    for each in ids:
        first = Subrequest("POST", f"{ROOT}/Errand", "", "first", {"Name": "About it", "AboutId": each})
        second = Subrequest("POST", f"{ROOT}/Errand", "", "second", {"Nothing__c": 1})
        outcome, _ = await send_together(context, request_of(built, context), [first, second])
        assert outcome.is_failure, outcome.body
        told.append(_without(ids, orjson.loads(outcome.body)))
    return {number for number in range(len(built.workshop_ids)) if told[number] != told[-1]}


def _without(ids: list[str], errors: Any) -> bytes:
    """What errors say, whichever record it is about."""
    text: bytes = orjson.dumps(errors)
    for each in ids:
        text = text.replace(each.encode(), b"")
    return text


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


HANDLER_DOORS = (by_composite, by_ui_api, by_ui_batch, by_tree_errors, by_graph_errors)
