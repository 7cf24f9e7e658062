"""`process` and `process/rules`: the flows that a change of a record sets off. None of them is set off by a call."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import component_id
from chassis_metadata.logic.flow import Flow, flows_started_by
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route
from chassis_platform.api.describe import Document, visible_object
from chassis_platform.api.versions import ROOT, demand_version

_PREFIX = "01Q"


def _rules(context: Context) -> dict[str, list[Document]]:
    """The rules by object, as far as the user sees the objects."""
    found: dict[str, list[Document]] = {}
    for each in flows_started_by(context.snapshot, "record"):
        if each.object_name is not None and context.policy.on(each.object_name).read:
            found.setdefault(each.object_name, []).append(_rule(context, each))
    return found


def _rule(context: Context, flow: Flow) -> Document:
    return {
        "actions": [],
        "description": None,
        "id": component_id(_PREFIX, flow.name),
        "name": flow.label_in(context.snapshot, context.principal.language),
        "namespacePrefix": None,
        "object": flow.object_name,
    }


async def processes(context: Context, request: Request) -> Response:
    """`GET /process`."""
    del context
    root = f"/services/data/v{demand_version(request)}/process"
    return json_response({"approvals": f"{root}/approvals", "rules": f"{root}/rules"})


async def list_rules(context: Context, request: Request) -> Response:
    """`GET /process/rules[/{Object}]`."""
    demand_version(request)
    name = request.path_params.get("object")
    if name is None:
        return json_response({"rules": _rules(context)})
    obj = visible_object(context, name)
    return json_response({"rules": {obj.name: _rules(context).get(obj.name, [])}})


async def one(context: Context, request: Request) -> Response:
    """`GET /process/rules/{Object}/{id}`."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    for each in _rules(context).get(obj.name, []):
        if each["id"] == request.path_params["rule"]:
            return json_response(each)
    raise NotFound.of("not_found", "The requested resource does not exist")


async def trigger(context: Context, request: Request) -> Response:
    """`POST /process/rules`: refused. A rule knows what a change was, and here there is none."""
    del context
    demand_version(request)
    message = "Rules follow changes of records. Start a flow by its name: actions/custom/flow."
    raise Invalid.of("method_not_allowed", message)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    rules = f"{ROOT}/process/rules"
    return [
        definitions_route(f"{ROOT}/process", ["GET"], processes),
        definitions_route(rules, ["GET"], list_rules),
        definitions_route(rules, ["POST"], trigger),
        definitions_route(f"{rules}/{{object}}", ["GET"], list_rules),
        definitions_route(f"{rules}/{{object}}/{{rule}}", ["GET"], one),
    ]
