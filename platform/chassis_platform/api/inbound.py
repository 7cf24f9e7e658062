"""The door for foreign documents: `POST /inbound/{mapping}` with an inbound key."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import LimitExceeded, NotFound, Unauthenticated
from chassis_platform.access.absent_user import Errand, context_of_absent_user, context_on_errand
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import body_bytes, json_response
from chassis_platform.api.deps import Server, open_route, server_of, source_ip
from chassis_platform.api.errors import error_response
from chassis_platform.api.turns import in_turn
from chassis_platform.auth.sessions import invalid_session, organization_of
from chassis_platform.documents.reading import largest_document
from chassis_platform.inbound.intake import mapping_of, receive
from chassis_platform.inbound.keys import KeyHolder, holder_of_key
from chassis_platform.inbound.messages import Post, problem_entries
from chassis_platform.inbound.receipts import Receipt, UnitReceipt
from chassis_tenants.database import StaleBindingError, TenantClosedError
from chassis_tenants.registry import tenant_by_organization_id

#: The document itself is broken; every other refusal is about what it says.
_UNREADABLE = frozenset(
    {
        "xml_parser_error",
        "json_parser_error",
        "mail_parser_error",
        "no_document",
        "invalid_encoding",
        "unknown_encoding",
        "doctype_not_allowed",
        "too_deep",
        "csv_parser_error",
        "wrong_cell_count",
        "missing_column",
        "duplicate_column",
    }
)
_STATUSES = {"accepted": 201, "duplicate": 200, "partial": 207, "refused": 422}


async def context_of_sender(
    server: Server, tenant_id: int, user_id: str, label: str, address: str | None
) -> Context | None:
    """The Context in which the user's documents are taken, without a key; None where the user is active no more."""
    errand = Errand("inbound", client_name=label, source_ip=address)
    return await context_of_absent_user(server.database, server.snapshots, server.policies, tenant_id, user_id, errand)


async def post_document(request: Request) -> Response:
    """`POST /inbound/{mapping}`. A document that was sent again while definitions changed is tried once more."""
    for _ in range(2):
        try:
            return await _post(request)
        except StaleBindingError:
            continue
        except TenantClosedError:
            raise invalid_session() from None
    raise LimitExceeded.of("server_unavailable", "Definitions are changing right now: try again.")


async def _post(request: Request) -> Response:
    server = server_of(request)
    context, holder = await _sender(server, request)
    return await in_turn(server.gate, context, request, lambda: _received(context, holder, request))


async def _received(context: Context, holder: KeyHolder, request: Request) -> Response:
    mapping = mapping_of(context, request.path_params["mapping"])
    largest = min(largest_document(mapping.body), holder.max_bytes or sys.maxsize)
    content = await body_bytes(request, largest=largest)
    post = Post(content, request.headers.get("content-type"), source_ip(request), holder.label)
    return _answer(await receive(server_of(request).database, context, mapping, post, datetime.now(UTC)))


async def _sender(server: Server, request: Request) -> tuple[Context, KeyHolder]:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated.of("invalid_session_id", "Send the inbound key: Authorization: Bearer 00D…!…")
    tenant = await tenant_by_organization_id(server.database, organization_of(key.strip()))
    if tenant is None or tenant.status != "active":
        raise invalid_session()
    holder = await holder_of_key(server.database, tenant.id, key.strip())
    if holder is None:
        raise invalid_session()
    errand = Errand("inbound", client_name=holder.label, source_ip=source_ip(request))
    return await context_on_errand(server.snapshots, server.policies, tenant, holder.user, errand), holder


def _answer(receipt: Receipt) -> Response:
    if receipt.problems:
        unreadable = receipt.problems[0].code in _UNREADABLE
        response = error_response(receipt.problems, 400 if unreadable else 422)
        response.headers["X-Inbound-Message"] = receipt.message_id
        return response
    return json_response(receipt_document(receipt), _STATUSES[receipt.status])


def receipt_document(receipt: Receipt) -> dict[str, object]:
    """A document of which anything was accepted, or each unit was looked at by itself, as the sender reads it."""
    return {
        "id": receipt.message_id,
        "status": receipt.status,
        "records": receipt.record_ids,
        "prospects": [_unit_document(receipt, unit) for unit in receipt.units],
    }


def _unit_document(receipt: Receipt, unit: UnitReceipt) -> dict[str, object]:
    said: dict[str, object] = {
        "id": unit.message_id or receipt.message_id,
        "status": unit.status,
        "records": list(unit.record_ids),
    }
    return {**said, "key": unit.key, "errors": problem_entries(unit.problems)} if unit.problems else said


async def no_such_method(request: Request) -> Response:
    """Other methods: the path is there for posts only."""
    del request
    raise NotFound.of("method_not_allowed", "HTTP Method not allowed. Allowed are POST")


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        open_route("/inbound/{mapping}", ["POST"], post_document),
        open_route("/inbound/{mapping}", ["GET", "PUT", "PATCH", "DELETE"], no_such_method),
    ]
