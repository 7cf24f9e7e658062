"""Setup: rules, flows, processes, clocks and the rest. One set of routes for every kind of logic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.bodies import body_of
from chassis_metadata.compile_logic import SWITCHED_OFF
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid, NotFound, Problem
from chassis_metadata.forms import near, schema
from chassis_metadata.logic.kinds import LOGIC_KINDS, LogicKind, Place
from chassis_metadata.naming import TENANT_SUFFIX
from chassis_platform.access.context import Context
from chassis_platform.access.own_components import delete_own, demand_may_save, permission_for, save_own
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_tenants.customise import ComponentKey, check_component


def _kind(request: Request) -> LogicKind:
    name = request.path_params["kind"]
    found = LOGIC_KINDS.get(name)
    if found is None:
        raise NotFound.of("not_found", f"There is no kind of logic {name!r}.{near(name, LOGIC_KINDS)}")
    return found


def _components(context: Context, kind: str) -> Iterator[tuple[LogicComponent, bool]]:
    """Every component of a kind and whether it is active."""
    snapshot = context.snapshot
    yield from ((each, True) for each in snapshot.logic_of(kind).values())
    yield from ((each, False) for each in snapshot.logic_of(SWITCHED_OFF).values() if each.kind == kind)


def _found(context: Context, request: Request) -> tuple[LogicComponent, bool]:
    kind, name = _kind(request), request.path_params["name"]
    known = {each.full_name: (each, is_active) for each, is_active in _components(context, kind.kind)}
    if name not in known:
        raise NotFound.of("not_found", f"There is no {kind.kind} {name!r}.{near(name, known)}")
    return known[name]


async def list_kinds(context: Context, request: Request) -> Response:
    """`GET /setup/logic`: the kinds and how many components each has."""
    del request
    context.policy.demand("ViewSetup")
    listed = [
        {
            "kind": each.kind,
            "key": each.key,
            "label": context.snapshot.text(context.principal.language, f"setup.logic.{each.kind}", each.heading),
            "of_object": each.place is Place.OBJECT,
            "components": sum(1 for _ in _components(context, each.kind)),
            "needs": permission_for(ComponentKey(each.kind, "")),
        }
        for each in LOGIC_KINDS.values()
    ]
    return json_response({"kinds": listed})


async def get_schema(context: Context, request: Request) -> Response:
    """`GET /setup/logic/{kind}/schema`: the JSON Schema of a body, for editors; `common` is what it refers to."""
    context.policy.demand("ViewSetup")
    file, _, pointer = _kind(request).schema.partition("#")
    document: Any = schema(file)
    for step in filter(None, pointer.split("/")):
        document = document[step]
    return json_response({"schema": document, "common": schema("common.schema.json")})


async def list_components(context: Context, request: Request) -> Response:
    """`GET /setup/logic/{kind}?object=Lead&bodies=true`: what each says comes with `bodies`."""
    context.policy.demand("ViewSetup")
    wanted, with_bodies = request.query_params.get("object"), request.query_params.get("bodies") == "true"
    found = [
        {**_summary(context, each, is_active), **({"body": body_of(each)} if with_bodies else {})}
        for each, is_active in _components(context, _kind(request).kind)
    ]
    listed = [each for each in found if wanted in (None, each["object"])]
    return json_response({"components": sorted(listed, key=lambda each: each["name"])})


def _summary(context: Context, each: LogicComponent, is_active: bool) -> dict[str, Any]:  # noqa: FBT001  a pair's half
    body = each.body
    key = f"{LOGIC_KINDS[each.kind].key}.{each.full_name}.label"
    label = context.snapshot.text(context.principal.language, key, str(body.get("label", each.name.replace("_", " "))))
    return {
        "name": each.full_name,
        "id": body.get("id"),
        "label": label,
        "object": each.object_name or body.get("object"),
        "active": is_active,
        "package": each.package,
        "custom": each.package is None,
    }


async def get_component(context: Context, request: Request) -> Response:
    """`GET /setup/logic/{kind}/{name}`: with its body."""
    context.policy.demand("ViewSetup")
    each, is_active = _found(context, request)
    return json_response({**_summary(context, each, is_active), "body": body_of(each)})


async def put_component(context: Context, request: Request) -> Response:
    """`PUT /setup/logic/{kind}/{name}`: make or replace one of the tenant's own; its name ends in `__c`."""
    await _save(context, request, _own_key(request), await json_object(request))
    return no_content()


def _own_key(request: Request) -> ComponentKey:
    kind, name = _kind(request), request.path_params["name"]
    ends_right = name.endswith(TENANT_SUFFIX) or kind.place is Place.TENANT
    return ComponentKey(kind.kind, name if ends_right else name + TENANT_SUFFIX)


async def _save(context: Context, request: Request, key: ComponentKey, body: Mapping[str, Any]) -> None:
    demand_may_save(context, key)
    server = server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        await save_own(transaction, server.snapshots, context, key, body)


async def check(context: Context, request: Request) -> Response:
    """`POST /setup/logic/{kind}/{name}/check`: what would be wrong with a body, as `problems`; nothing is saved."""
    context.policy.demand(permission_for(_own_key(request)))
    body = await json_object(request)
    server = server_of(request)
    try:
        async with server.database.transaction(context.binding) as transaction:
            await check_component(transaction, server.snapshots, _own_key(request), body)
    except Invalid as error:
        return json_response({"problems": [_problem(each) for each in error.problems]})
    return json_response({"problems": []})


def _problem(each: Problem) -> dict[str, Any]:
    return {"path": each.path, "message": each.message, "errorCode": each.code.upper()}


async def delete(context: Context, request: Request) -> Response:
    """`DELETE /setup/logic/{kind}/{name}`: of the tenant's own."""
    server = server_of(request)
    async with server.database.transaction(context.binding) as transaction:
        await delete_own(transaction, server.snapshots, context, _own_key(request))
    return no_content()


async def turn(context: Context, request: Request) -> Response:
    """`PUT /setup/logic/{kind}/{name}/active`: `{"active": false, "reason": "…"}`, also of a packaged component."""
    context.policy.demand("ViewSetup")
    each, _ = _found(context, request)
    key = ComponentKey("switch", f"{each.kind}.{each.full_name}")
    await _save(context, request, key, await json_object(request))
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    base = "/setup/logic/{kind}"
    return [
        definitions_route("/setup/logic", ["GET"], list_kinds),
        definitions_route(f"{base}/schema", ["GET"], get_schema),
        definitions_route(base, ["GET"], list_components),
        definitions_route(f"{base}/{{name}}", ["GET"], get_component),
        route(f"{base}/{{name}}", ["PUT"], put_component),
        route(f"{base}/{{name}}", ["DELETE"], delete),
        route(f"{base}/{{name}}/active", ["PUT"], turn),
        route(f"{base}/{{name}}/check", ["POST"], check),
    ]
