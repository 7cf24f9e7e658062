"""Setup, inbound mappings: which there are, and what a sample document would become by one, or by a draft of one."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.check import check_layer, is_warning
from chassis_metadata.components import InboundMapping, Layer
from chassis_metadata.errors import Invalid
from chassis_metadata.parse import parse_component
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.inbound import context_of_sender
from chassis_platform.api.setup_keys import demand_may_lend
from chassis_platform.api.standing_for import demand_no_stronger
from chassis_platform.documents.questions import LookupKey
from chassis_platform.inbound.intake import mapping_of
from chassis_platform.inbound.messages import Post, problem_entries
from chassis_platform.inbound.preview import Seen, SeenRecord, preview_document
from chassis_platform.records.trail import as_text

#: How a mapping is called that is only being tried.
DRAFT = "draft__c"
_LONGEST_NUMBER = 2**53


async def mappings(context: Context, request: Request) -> Response:
    """`GET /setup/inbound-mappings`: what documents may be sent to, by name."""
    context.policy.demand("ManageInbound")
    await server_of(request).database.read(context.binding)
    listed = [
        {"name": each.name, "label": each.label, "format": each.body.get("format")}
        for each in sorted(context.snapshot.inbound_mappings.values(), key=lambda each: each.name)
    ]
    return json_response({"mappings": listed})


async def preview(context: Context, request: Request) -> Response:
    """`POST /setup/inbound/{mapping}/preview` `{"document", "content_type", "definition", "run_as_user_id"}`.

    What it would become: with a `definition`, by that and not by the mapping of the tenant; as the user who asks, or as
    another, under the conditions of making a key for that one.
    """
    context.policy.demand("ManageInbound")
    document = await json_object(request)
    context = await _who_tries(context, request, document.get("run_as_user_id"))
    mapping = _mapping_to_try(context, request.path_params["mapping"], document.get("definition"))
    post = Post(_document_to_try(document), document.get("content_type") or None)
    seen = await preview_document(server_of(request).database, context, mapping, post, clock.now())
    return json_response(seen_document(seen))


async def _who_tries(context: Context, request: Request, user_id: Any) -> Context:
    if user_id is None or user_id == context.principal.user_id:
        return context
    if not isinstance(user_id, str):
        raise Invalid.of("invalid_field", "run_as_user_id must be the id of a user.", fields=["run_as_user_id"])
    context.policy.demand("ManageConnections")
    demand_may_lend(context, user_id)
    await demand_no_stronger(context, request, user_id)
    address = context.principal.source_ip
    trying = await context_of_sender(server_of(request), context.tenant.id, user_id, "preview", address)
    if trying is None:
        raise Invalid.of("invalid_field", "The user is not there or not active.", fields=["run_as_user_id"])
    return trying


def _mapping_to_try(context: Context, name: str, definition: Any) -> InboundMapping:
    if definition is None:
        return mapping_of(context, name)
    if not isinstance(definition, dict):
        raise Invalid.of("invalid_field", "definition is a mapping's body.", fields=["definition"])
    made = parse_component("inbound", name, definition)
    assert isinstance(made, InboundMapping)  # noqa: S101  by its kind
    problems = [
        each
        for each in check_layer(Layer(inbound_mappings=(replace(made, name=DRAFT),)), context.snapshot)
        if not is_warning(each)
    ]
    if problems:
        raise Invalid(problems)
    return made


def _document_to_try(document: dict[str, Any]) -> bytes:
    text, encoded = document.get("document"), document.get("document_base64")
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    if isinstance(encoded, str):
        with suppress(ValueError):
            return base64.b64decode(encoded, validate=True)
    message = "Send the document as a text in document, or its bytes in document_base64."
    raise Invalid.of("required_field_missing", message, fields=["document"])


def seen_document(seen: Seen) -> dict[str, Any]:
    """What a document would become, as Setup and the command line show it."""
    return {
        "count": seen.count,
        "repairs": list(seen.repairs),
        "units": [
            {
                "key": unit.key,
                "line": unit.line,
                "known": unit.is_known,
                "records": [_seen_record(each) for each in unit.records],
                "problems": problem_entries(unit.problems),
            }
            for unit in seen.units
        ],
        "lookups": [
            {"object": each.object_name, "by": list(each.by), "values": list(each.values), "found": answer is not None}
            for each, answer in seen.answers
            if isinstance(each, LookupKey)
        ],
    }


def _seen_record(record: SeenRecord) -> dict[str, Any]:
    return {
        "target": record.target,
        "object": record.object_name,
        "act": record.act,
        "id": record.record_id,
        "given": {name: _plain(value) for name, value in record.given.items()},
        "set_besides": {name: _plain(value) for name, value in record.set_besides.items()},
    }


def _plain(value: Any) -> Any:
    """As JSON holds it; a number that is too long for one is a text."""
    is_short = isinstance(value, int) and abs(value) < _LONGEST_NUMBER
    return value if value is None or isinstance(value, bool | float) or is_short else as_text(value)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/setup/inbound-mappings", ["GET"], mappings),
        route("/setup/inbound/{mapping}/preview", ["POST"], preview),
    ]
