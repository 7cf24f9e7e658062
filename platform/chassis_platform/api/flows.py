"""Flows: buttons, dry runs, replays of what failed, and what a change of a record would set off."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.logic.flow import flows
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.errors import problem_document
from chassis_platform.api.ui_objects import readable_object
from chassis_platform.automation.flows.buttons import buttons_of, buttons_of_record, press
from chassis_platform.automation.flows.chain import observed
from chassis_platform.automation.flows.dry_run import dry_run
from chassis_platform.automation.flows.jobs import replay
from chassis_platform.plan.write import Operation
from chassis_platform.records.preview import preview
from chassis_platform.records.trail import as_text

_OPERATIONS: tuple[Operation, ...] = ("insert", "update", "delete", "undelete")


def _record_ids(document: dict[str, Any]) -> list[str]:
    ids = document.get("recordIds", [])
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise Invalid.of("invalid_field", "recordIds is a list of record ids.", fields=["recordIds"])
    return ids


def _variables(document: dict[str, Any]) -> dict[str, Any]:
    found = document.get("variables") or {}
    if not isinstance(found, dict):
        raise Invalid.of("invalid_field", "variables is an object: name to value.", fields=["variables"])
    return found


async def buttons(context: Context, request: Request) -> Response:
    """`GET /ui/objects/{Object}/buttons`."""
    obj = readable_object(context, request.path_params["object"])
    language = request.query_params.get("language") or context.principal.language
    return json_response({"buttons": buttons_of(context, obj.name, language)})


async def record_buttons(context: Context, request: Request) -> Response:
    """`GET /ui/records/{id}/buttons`: those that are possible for this record."""
    record_id = request.path_params["id"]
    obj = context.snapshot.objects_by_prefix.get(record_id[:3])
    if obj is None:
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    language = request.query_params.get("language") or context.principal.language
    obj = readable_object(context, obj.name)
    found = await buttons_of_record(server_of(request).database, context, obj, record_id, language)
    return json_response({"buttons": found})


async def run(context: Context, request: Request) -> Response:
    """`POST /ui/flows/{name}/run` `{"recordIds", "variables"}`."""
    document = await json_object(request)
    name = request.path_params["name"]
    effects = await press(server_of(request).database, context, name, _record_ids(document), _variables(document))
    return json_response({"flow": name, "effects": [each.document() for each in effects]})


async def try_flow(context: Context, request: Request) -> Response:
    """`POST /setup/flows/{name}/dry-run` `{"recordIds", "variables"}`: what it would do, and nothing is done."""
    context.policy.demand("ManageMetadata")
    document = await json_object(request)
    database, name = server_of(request).database, request.path_params["name"]
    return json_response(await dry_run(database, context, name, _record_ids(document), _variables(document)))


async def try_change(context: Context, request: Request) -> Response:
    """`POST /setup/objects/{Object}/dry-run` `{"operation", "values"}`: what a save would do, with all it sets off."""
    context.policy.demand("ManageMetadata")
    obj = readable_object(context, request.path_params["object"])
    document = await json_object(request)
    operation, values = document.get("operation", "update"), document.get("values")
    if operation not in _OPERATIONS or not isinstance(values, dict):
        words = ", ".join(_OPERATIONS)
        raise Invalid.of("invalid_field", f'Send "operation" (one of {words}) and "values", with Id but for insert.')
    with observed() as effects:
        seen = await preview(server_of(request).database, context, obj.name, operation, [values])
    [result], [after] = seen.results, seen.values
    return json_response(
        {
            "success": result.success,
            "errors": [problem_document(each, code_key="statusCode") for each in result.problems],
            "values": None if after is None else {name: as_text(each) for name, each in after.items()},
            "effects": [each.document() for each in effects],
        }
    )


async def listed(context: Context, request: Request) -> Response:
    """`GET /setup/flows`: every active flow, what starts it and what it needs."""
    context.policy.demand("ViewSetup")
    language = request.query_params.get("language") or context.principal.language
    found = [
        {
            "name": each.name,
            "label": each.label_in(context.snapshot, language),
            "object": each.object_name,
            "start": each.start,
            "when": each.when,
            "criteria": each.criteria,
            "package": each.package,
            "inputs": [asdict(one) for one in each.variables if one.is_input],
        }
        for each in sorted(
            flows(context.snapshot).values(), key=lambda one: (one.object_name or "", one.order, one.name)
        )
    ]
    return json_response({"flows": found})


async def replay_run(context: Context, request: Request) -> Response:
    """`POST /setup/flow-runs/{id}/replay`: a failed run once more."""
    context.policy.demand("ManageMetadata")
    async with server_of(request).database.transaction(context.binding) as transaction:
        new = await replay(transaction, context, request.path_params["id"])
    return json_response({"id": new}, 202)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        definitions_route("/ui/objects/{object}/buttons", ["GET"], buttons),
        route("/ui/records/{id}/buttons", ["GET"], record_buttons),
        route("/ui/flows/{name}/run", ["POST"], run),
        definitions_route("/setup/flows", ["GET"], listed),
        route("/setup/flows/{name}/dry-run", ["POST"], try_flow),
        route("/setup/objects/{object}/dry-run", ["POST"], try_change),
        route("/setup/flow-runs/{id}/replay", ["POST"], replay_run),
    ]
