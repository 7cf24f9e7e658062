"""Setup: a formula checked while it is written, and worked out for a real record."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.records.read import readable_object
from chassis_platform.records.try_formula import try_formula, typed_formula


async def _asked(context: Context, request: Request) -> tuple[Object, str, dict[str, Any]]:
    context.policy.demand("ManageMetadata")
    document = await json_object(request)
    formula = document.get("formula")
    if not isinstance(formula, str):
        raise Invalid.of("required_field_missing", "Send the formula as text.", fields=["formula"])
    return readable_object(context, str(document.get("object", ""))), formula, document


async def check(context: Context, request: Request) -> Response:
    """`POST /setup/formula/check` `{"object", "formula"}`: what it gives, what it reads, or what is wrong with it."""
    obj, formula, _ = await _asked(context, request)
    try:
        expression = typed_formula(context, obj, formula)
    except Invalid as error:
        problems = [{"message": each.message, "line": each.line, "column": each.column} for each in error.problems]
        return json_response({"kind": None, "fields": [], "problems": problems})
    return json_response({"kind": expression.kind, "fields": sorted(expression.paths), "problems": []})


async def try_out(context: Context, request: Request) -> Response:
    """`POST /setup/formula/try` `{"object", "formula", "record_id"}`: its value for the record as it is now."""
    obj, formula, document = await _asked(context, request)
    record_id = document.get("record_id")
    if not is_id(record_id):
        raise Invalid.of("malformed_id", f"{record_id!r} is no id of a record.", fields=["record_id"])
    expression = typed_formula(context, obj, formula)
    value = await try_formula(server_of(request).database, context, obj, expression, normal_id(str(record_id)))
    return json_response({"value": value})


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        definitions_route("/setup/formula/check", ["POST"], check),
        route("/setup/formula/try", ["POST"], try_out),
    ]
