"""Task plans that people and other systems start and cancel."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Forbidden, NotFound
from chassis_metadata.logic.task_plan import TaskPlan, plans_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.ui_objects import readable_object
from chassis_platform.automation.flows.buttons import check_visible
from chassis_platform.automation.record_ids import ids_of
from chassis_platform.automation.task_plans.engine import cancel_plan, start_plan


async def list_plans(context: Context, request: Request) -> Response:
    """`GET /ui/objects/{Object}/task_plans`: the plans of an object that the user may start."""
    obj = readable_object(context, request.path_params["object"])
    language = request.query_params.get("language") or context.principal.language
    plans = plans_of(context.snapshot).values() if context.policy.on(obj.name).update else ()
    found = [
        {"name": each.name, "label": each.label_in(context.snapshot, language), "tasks": len(each.tasks)}
        for each in plans
        if each.object_name == obj.name
    ]
    return json_response({"plans": sorted(found, key=lambda each: str(each["label"]))})


async def start(context: Context, request: Request) -> Response:
    """`POST /ui/task_plans/{name}/start` `{"recordIds"}`: the run of each record, also where it was running already."""
    plan, obj = _plan(context, request.path_params["name"])
    ids = ids_of(obj, (await json_object(request)).get("recordIds"))
    async with server_of(request).database.transaction(context.binding) as transaction:
        await check_visible(transaction, context, obj, ids)
        runs = await start_plan(transaction, context, plan.name, ids)
    return json_response({"runs": [{"recordId": each, "id": runs[each]} for each in ids]})


async def cancel(context: Context, request: Request) -> Response:
    """`POST /ui/task_plans/{name}/cancel` `{"recordIds"}`: ends the plan where it runs."""
    plan, obj = _plan(context, request.path_params["name"])
    ids = ids_of(obj, (await json_object(request)).get("recordIds"))
    async with server_of(request).database.transaction(context.binding) as transaction:
        await check_visible(transaction, context, obj, ids)
        cancelled = await cancel_plan(transaction, context, plan, ids)
    return json_response({"cancelled": cancelled})


def _plan(context: Context, name: str) -> tuple[TaskPlan, Object]:
    """The plan, for whoever may change the records of its object."""
    plan = plans_of(context.snapshot).get(name)
    if plan is None or not context.policy.on(plan.object_name).read:
        raise NotFound.of("not_found", f"There is no task plan {name[:80]!r}, or it is switched off.")
    if not context.policy.on(plan.object_name).update:
        raise Forbidden.of("insufficient_access", f"You may not change records of {plan.object_name}.")
    return plan, context.snapshot.objects[plan.object_name]


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        definitions_route("/ui/objects/{object}/task_plans", ["GET"], list_plans),
        route("/ui/task_plans/{name}/start", ["POST"], start),
        route("/ui/task_plans/{name}/cancel", ["POST"], cancel),
    ]
