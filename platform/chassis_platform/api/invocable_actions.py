"""`actions`: what can be called by name. Flows that a button starts are; there are no standard actions."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid, NotFound
from chassis_metadata.logic.flow import Flow, flows_started_by
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import Document
from chassis_platform.api.errors import problem_document
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.automation.flows.buttons import may_press, press

MOST_INPUTS = 200
#: The input that names the record which a flow starts from.
RECORD = "recordId"
_TYPES = {"number": "NUMBER", "boolean": "BOOLEAN", "date": "DATE", "datetime": "DATETIME", "time": "TIME"}


def _flows(context: Context) -> list[Flow]:
    started = flows_started_by(context.snapshot, "button")
    return sorted((each for each in started if may_press(context, each)), key=lambda each: each.name)


def _url(version: str, *names: str) -> str:
    return "/".join((f"/services/data/v{version}/actions", *names))


async def kinds(context: Context, request: Request) -> Response:
    """`GET /actions`."""
    del context
    version = demand_version(request)
    return json_response({"custom": _url(version, "custom"), "standard": _url(version, "standard")})


async def standard(context: Context, request: Request) -> Response:
    """`GET /actions/standard`: none."""
    del context
    demand_version(request)
    return json_response({"actions": []})


async def custom(context: Context, request: Request) -> Response:
    """`GET /actions/custom`."""
    del context
    return json_response({"flow": _url(demand_version(request), "custom", "flow")})


async def list_flows(context: Context, request: Request) -> Response:
    """`GET /actions/custom/flow`."""
    version = demand_version(request)
    return json_response({"actions": [_summary(context, each, version) for each in _flows(context)]})


def _summary(context: Context, flow: Flow, version: str) -> Document:
    return {
        "label": flow.label_in(context.snapshot, context.principal.language),
        "name": flow.name,
        "type": "FLOW",
        "url": _url(version, "custom", "flow", flow.name),
    }


def _asked(context: Context, request: Request) -> Flow:
    name = request.path_params["name"]
    found = next((each for each in _flows(context) if each.name == name), None)
    if found is None:
        raise NotFound.of("not_found", "The requested resource does not exist")
    return found


async def describe(context: Context, request: Request) -> Response:
    """`GET /actions/custom/flow/{name}`: what it takes."""
    flow, version = _asked(context, request), demand_version(request)
    own = flow.inputs_in(context.snapshot, context.principal.language)
    record = _input(RECORD, RECORD, "REFERENCE", str(flow.object_name))
    given = [_input(str(each["name"]), each["label"], _TYPES.get(str(each["type"]), "STRING")) for each in own]
    return json_response(
        _summary(context, flow, version)
        | {
            "category": None,
            "description": flow.label_in(context.snapshot, context.principal.language),
            "inputs": [record, *given],
            "outputs": [],
            "standard": False,
            "targetEntityName": flow.object_name,
        }
    )


def _input(name: str, label: str | None, kind: str, refers_to: str | None = None) -> Document:
    return {
        "byteLength": 0,
        "description": None,
        "label": label or name,
        "maxOccurs": 1,
        "name": name,
        "picklistValues": None,
        "required": name == RECORD,
        "sobjectType": refers_to,
        "type": kind,
    }


async def invoke(context: Context, request: Request) -> Response:
    """`POST /actions/custom/flow/{name}` `{"inputs": [{"recordId", …}]}`: one result an input, each on its own."""
    demand_version(request)
    flow, document = _asked(context, request), await json_object(request)
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(each, dict) for each in inputs):
        raise Invalid.of("json_parser_error", 'The body must have "inputs": an array of at least one object.')
    if len(inputs) > MOST_INPUTS:
        raise Invalid.of("exceeded_max_size_request", f"At most {MOST_INPUTS} inputs a call; {len(inputs)} came.")
    errors = await _invoke(context, request, flow, inputs)
    results = [_result(flow, each) for each in errors]
    return json_response(results, 400 if any(errors) else 200)


async def _invoke(context: Context, request: Request, flow: Flow, inputs: list[dict[str, Any]]) -> list[list[Document]]:
    """What is wrong with each input. Those that say the same of different records are carried out together."""
    runs: dict[bytes, list[int]] = {}
    for place, each in enumerate(inputs):
        runs.setdefault(orjson.dumps(_variables(each), option=orjson.OPT_SORT_KEYS), []).append(place)
    errors: list[list[Document]] = [[] for _ in inputs]
    waiting = list(runs.values())
    while waiting:
        places = waiting.pop()
        wrong = await _press(context, request, flow, [inputs[place] for place in places])
        if wrong and len(places) > 1:  # one of them may be the cause: each on its own then
            waiting += [[place] for place in places]
        elif wrong:
            errors[places[0]] = wrong
    return errors


async def _press(context: Context, request: Request, flow: Flow, inputs: list[dict[str, Any]]) -> list[Document]:
    """Run the flow for inputs with the same variables, all of them or none; answers what is wrong."""
    ids = [str(each[RECORD]) for each in inputs if each.get(RECORD)]
    try:
        await press(server_of(request).database, context, flow.name, ids, _variables(inputs[0]))
    except ChassisError as error:
        return [problem_document(each, code_key="statusCode") for each in error.problems]
    return []


def _variables(given: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in given.items() if name != RECORD}


def _result(flow: Flow, errors: list[Document]) -> Document:
    return {
        "actionName": flow.name,
        "errors": errors or None,
        "isSuccess": not errors,
        "outputValues": None,
        "sortOrder": -1,
        "version": 1,
    }


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = f"{ROOT}/actions"
    asked = [
        (base, kinds),
        (f"{base}/standard", standard),
        (f"{base}/custom", custom),
        (f"{base}/custom/flow", list_flows),
        (f"{base}/custom/flow/{{name}}", describe),
    ]
    return [
        *(definitions_route(path, ["GET"], handler) for path, handler in asked),
        route(f"{base}/custom/flow/{{name}}", ["POST"], invoke),
    ]
