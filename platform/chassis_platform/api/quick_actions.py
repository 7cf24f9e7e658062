"""Quick actions: making a record, of an object or below a record, and the flows that buttons start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.scopes import is_for_objects
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.describe import Document, object_label, visible_object, visible_objects
from chassis_platform.api.describe_layouts import describe_section, layout_id
from chassis_platform.api.describe_objects import object_url, visible_children
from chassis_platform.api.idempotency import idempotent
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.automation.flows.buttons import buttons_of, press
from chassis_platform.records.write import create_record

CREATE, FLOW = "Create", "Flow"
_PLATFORM = "platform"
_NEW = {"en_US": "New {}", "zh_CN": "新建{}"}


@dataclass(frozen=True, slots=True)
class QuickAction:
    """What a user may do; `target` is what it makes, `parent` the field that refers to the record it starts from."""

    name: str
    label: str
    type: str
    context_object: Object | None = None
    target: Object | None = None
    parent: str | None = None


def actions_of(context: Context, obj: Object | None) -> Mapping[str, QuickAction]:
    """The actions by name: of an object's records, or those that start from nowhere."""
    found = _making_anything(context) if obj is None else (*_making_children(context, obj), *_flows(context, obj))
    return {each.name: each for each in found}


def _making_anything(context: Context) -> Iterable[QuickAction]:
    for each in visible_objects(context):
        if context.policy.on(each.name).create and each.package != _PLATFORM:
            yield QuickAction(f"New{each.name}", _new(context, each), CREATE, target=each)


def _making_children(context: Context, obj: Object) -> Iterable[QuickAction]:
    """One for each child relationship; the second to the same object also says by which field."""
    taken: set[str] = set()
    for each in visible_children(context, obj):
        child, access = context.snapshot.objects[each.child], context.policy.on(each.child)
        if not access.create or each.field not in access.editable:
            continue
        name = f"New{child.name}" if child.name not in taken else f"New{child.name}_{each.field}"
        taken.add(child.name)
        yield QuickAction(name, _new(context, child), CREATE, obj, child, each.field)


def _flows(context: Context, obj: Object) -> Iterable[QuickAction]:
    """None for an app that may do something with one object alone: a flow may change any."""
    if is_for_objects(context.principal):
        return
    for each in buttons_of(context, obj.name, context.principal.language):
        yield QuickAction(each["name"], each["label"], FLOW, obj, obj)


def _new(context: Context, obj: Object) -> str:
    words = _NEW.get(context.principal.language, _NEW["en_US"])
    return words.format(object_label(context, obj))


def _asked_object(context: Context, request: Request) -> Object | None:
    name = request.path_params.get("object")
    return None if name is None else visible_object(context, name)


def _asked(context: Context, request: Request) -> QuickAction:
    found = actions_of(context, _asked_object(context, request)).get(request.path_params["action"])
    if found is None:
        raise NotFound.of("not_found", "The requested resource does not exist")
    return found


async def list_actions(context: Context, request: Request) -> Response:
    """`GET /quickActions` and `GET /sobjects/{Object}/quickActions`."""
    version = demand_version(request)
    found = actions_of(context, _asked_object(context, request)).values()
    return json_response([_summary(each, version) for each in found])


def _summary(action: QuickAction, version: str) -> Document:
    start = (
        f"/services/data/v{version}" if action.context_object is None else object_url(action.context_object, version)
    )
    url = f"{start}/quickActions/{action.name}"
    values = {"defaultValues": f"{url}/defaultValues", "defaultValuesTemplate": f"{url}/defaultValues/{{ID}}"}
    return {
        "actionEnumOrId": action.name,
        "label": action.label,
        "name": action.name,
        "type": action.type,
        "urls": {"quickAction": url, "describe": f"{url}/describe"} | (values if action.type == CREATE else {}),
    }


async def one(context: Context, request: Request) -> Response:
    """`GET …/quickActions/{name}`."""
    return json_response(_summary(_asked(context, request), demand_version(request)))


async def describe(context: Context, request: Request) -> Response:
    """`GET …/quickActions/{name}/describe`."""
    action, version = _asked(context, request), demand_version(request)
    target, start = action.target, action.context_object
    empty = (
        *("canvasApplicationId", "canvasApplicationName", "flowRecordIdVar", "iconUrl", "lightningComponentBundleId"),
        *("lightningComponentBundleName", "lightningComponentQualifiedName", "lightningWebComponentBundleId"),
        *("lightningWebComponentBundleName", "lightningWebComponentQualifiedName", "miniIconUrl"),
        *("mobileExtensionId", "targetRecordTypeId", "visualforcePageName", "visualforcePageUrl", "width", "height"),
    )
    document: Document = dict.fromkeys(empty)
    return json_response(
        document
        | _summary(action, version)
        | {
            "accessLevelRequired": None,
            "colors": [],
            "contextSobjectType": None if start is None else start.name,
            "defaultValues": [],
            "flowDevName": action.name if action.type == FLOW else None,
            "iconName": None if target is None else target.icon,
            "icons": [],
            "layout": _layout(context, action),
            "showQuickActionLcHeader": False,
            "showQuickActionVfHeader": False,
            "targetParentField": action.parent,
            "targetSobjectType": None if target is None else target.name,
        }
    )


def _layout(context: Context, action: QuickAction) -> Document | None:
    """The first section of the layout of what is made."""
    if action.type != CREATE or action.target is None:
        return None
    layout = action.target.layouts[0]
    return describe_section(context, action.target, layout.sections[0], layout_id(action.target, layout))


async def default_values(context: Context, request: Request) -> Response:
    """`GET …/quickActions/{name}/defaultValues[/{contextId}]`: what the new record begins with."""
    demand_version(request)
    action, start = _asked(context, request), request.path_params.get("context")
    if action.type != CREATE or action.target is None:
        raise NotFound.of("not_found", "The requested resource does not exist")
    parent = {} if start is None else _from(action, start)
    return json_response({"attributes": {"type": action.target.name}} | defaults_of(context, action.target) | parent)


def defaults_of(context: Context, obj: Object) -> dict[str, Any]:
    """The plain defaults of the fields that the user may set; those of formulas are known when a record is saved."""
    editable = context.policy.on(obj.name).editable
    return {
        name: each.default
        for name, each in obj.fields.items()
        if name in editable and each.createable and each.default is not None
    }


def _from(action: QuickAction, record_id: object) -> dict[str, Any]:
    """The reference to the record that the action starts from."""
    if action.context_object is None or action.parent is None:
        return {}
    if not is_id(record_id) or str(record_id)[:3] != action.context_object.key_prefix:
        label = action.context_object.name
        raise Invalid.of("malformed_id", f"{label} ID: id value of incorrect type: {str(record_id)[:80]}")
    return {action.parent: normal_id(str(record_id))}


async def execute(context: Context, request: Request) -> Response:
    """`POST …/quickActions/{name}` `{"contextId", "record"}`: 201 with what was made, 200 where a flow ran."""
    demand_version(request)
    action, document = _asked(context, request), await json_object(request)
    record, start = document.get("record") or {}, document.get("contextId")
    if not isinstance(record, dict):
        raise Invalid.of("json_parser_error", 'The body must have "record": an object of field values.')
    database = server_of(request).database
    if action.type == FLOW or action.target is None:
        values = {name: each for name, each in record.items() if name != "attributes"}
        await press(database, context, action.name, [] if start is None else [str(start)], values)
        return json_response(_result(start, []))
    if action.parent is not None and start is None:
        raise Invalid.of("required_field_missing", "Required fields are missing: [contextId]", fields=["contextId"])
    values = record | _from(action, start)
    made = await create_record(database, context, action.target.name, values)
    return json_response(_result(start, [str(made.id)]), 201)


def _result(start: object, ids: list[str]) -> Document:
    return {
        "contextId": start,
        "created": bool(ids),
        "errors": [],
        "feedItemIds": None,
        "id": ids[0] if ids else None,
        "ids": ids,
        "success": True,
        "successMessage": None,
    }


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    found: list[BaseRoute] = []
    for base in (f"{ROOT}/quickActions", f"{ROOT}/sobjects/{{object}}/quickActions"):
        action = f"{base}/{{action}}"
        asked = [
            (base, list_actions),
            (action, one),
            (f"{action}/describe", describe),
            (f"{action}/defaultValues", default_values),
            (f"{action}/defaultValues/{{context}}", default_values),
        ]
        found += [definitions_route(path, ["GET"], handler) for path, handler in asked]
        found.append(route(action, ["POST"], idempotent(execute)))
    return found
