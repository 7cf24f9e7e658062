"""Masked values in clear: asked for with a reason, and approved by a colleague where a rule wants it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.automation.reveals.decide import decide, waiting
from chassis_platform.automation.reveals.reveal import Wish, reveal
from chassis_platform.records.read import readable_object
from chassis_platform.records.trail import as_text


async def ask(context: Context, request: Request) -> Response:
    """`POST …/sobjects/{Object}/{id}/reveal` `{"fields", "reason", "verification"?}`: the values, or a request."""
    demand_version(request)
    obj = readable_object(context, request.path_params["object"])
    record_id = request.path_params["record_id"]
    if not is_id(record_id) or record_id[:3] != obj.key_prefix:
        raise NotFound.of("not_found", "The requested resource does not exist")
    wish = _wish(await json_object(request), normal_id(record_id))
    found = await reveal(server_of(request).database, context, obj, wish)
    document = {
        "id": found.request_id,
        "status": found.status,
        "expires": as_text(found.expires),
        "values": {name: _plain(each) for name, each in found.values.items()},
    }
    return json_response(document, 200 if found.expires else 202)


def _wish(document: dict[str, Any], record_id: str) -> Wish:
    fields, reason, verification = (document.get(key) for key in ("fields", "reason", "verification"))
    if not isinstance(fields, list) or not all(isinstance(each, str) for each in fields):
        raise Invalid.of("json_parser_error", "fields: must be an array of field names", path="fields")
    if not isinstance(reason, str):
        raise Invalid.of("required_field_missing", "Say why: `reason`.", path="reason")
    if verification is not None and not is_id(verification):
        raise Invalid.of("malformed_id", "verification: is no id of a record", path="verification")
    return Wish(record_id, tuple(dict.fromkeys(fields)), reason, verification and normal_id(verification))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return as_text(value) if isinstance(value, date | datetime | list) else value


async def list_waiting(context: Context, request: Request) -> Response:
    """`GET /ui/reveals`: the requests that the user may decide."""
    found = await waiting(server_of(request).database, context)
    return json_response({"requests": [{**each, "asked": as_text(each["asked"])} for each in found]})


async def settle(context: Context, request: Request) -> Response:
    """`POST /ui/reveals/{id}/approve` and `…/refuse`."""
    word = request.path_params["word"]
    if word not in ("approve", "refuse"):
        raise NotFound.of("not_found", "The requested resource does not exist")
    await decide(server_of(request).database, context, request.path_params["request_id"], approve=word == "approve")
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route(f"{ROOT}/sobjects/{{object}}/{{record_id}}/reveal", ["POST"], ask),
        route("/ui/reveals", ["GET"], list_waiting),
        route("/ui/reveals/{request_id}/{word}", ["POST"], settle),
    ]
