"""The assignment rules that a request may name in `Sforce-Auto-Assign`, a bulk job in `assignmentRuleId`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.logic.assignment import AssignmentRule
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route
from chassis_platform.api.describe import Document
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.automation.assignment.asked import id_of, may_choose, rules_seen


async def list_rules(context: Context, request: Request) -> Response:
    """`GET /chassis/assignmentRules?object=`: those of objects that the user may read."""
    demand_version(request)
    wanted = request.query_params.get("object")
    listed = [_rule(context, each) for each in rules_seen(context) if wanted in (None, each.object_name)]
    return json_response({"assignmentRules": listed})


def _rule(context: Context, rule: AssignmentRule) -> Document:
    readable = context.policy.on(rule.object_name).readable
    return {
        "id": id_of(rule),
        "name": rule.name,
        "object": rule.object_name,
        "fields": sorted({each.target for each in rule.entries} & readable),
        "runsBySaves": rule.trigger is not None,
        "mayBeChosen": may_choose(context, rule),
    }


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [definitions_route(f"{ROOT}/chassis/assignmentRules", ["GET"], list_rules)]
