"""The door for foreign documents: `POST /inbound/{mapping}` with an inbound key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import LimitExceeded, NotFound, Unauthenticated
from chassis_platform.access.administration import without_assignments
from chassis_platform.access.context import Context, Principal
from chassis_platform.api.bodies import body_bytes, json_response
from chassis_platform.api.deps import Server, open_route, server_of, source_ip
from chassis_platform.api.errors import error_response
from chassis_platform.auth.sessions import invalid_session, organization_of
from chassis_platform.inbound.documents import LARGEST_DOCUMENT
from chassis_platform.inbound.intake import Receipt, mapping_of, receive
from chassis_platform.inbound.keys import KeyHolder, holder_of_key
from chassis_platform.inbound.messages import Post
from chassis_tenants.database import Binding, StaleBindingError, TenantClosedError
from chassis_tenants.registry import tenant_by_organization_id
from chassis_tenants.tenant import Tenant

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
    }
)


async def context_of_holder(server: Server, tenant: Tenant, holder: KeyHolder, address: str | None) -> Context:
    """The Context of the user that a key stands for: the same rights as if the user wrote the records by hand."""
    principal = Principal(
        user_id=holder.user_id,
        username=holder.username,
        kind="inbound",
        client_name=holder.label,
        source_ip=address,
        language=holder.language or tenant.language,
        time_zone=holder.time_zone or tenant.time_zone,
    )
    current = replace(tenant, metadata_version=holder.metadata_version, access_version=holder.access_version)
    snapshot = await server.snapshots.of(tenant.id, holder.metadata_version)
    policy = await server.policies.of(current, holder.user_id, snapshot, holder.access_version)
    policy = without_assignments(policy)  # a key never shows who holds it
    return Context(
        current, principal, snapshot, policy, Binding(tenant.id, holder.metadata_version, holder.access_version)
    )


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
    context, label = await _sender(server, request)
    mapping = mapping_of(context, request.path_params["mapping"])
    content = await body_bytes(request, largest=LARGEST_DOCUMENT)
    post = Post(content, request.headers.get("content-type"), source_ip(request), label)
    return _answer(await receive(server.database, context, mapping, post, datetime.now(UTC)))


async def _sender(server: Server, request: Request) -> tuple[Context, str]:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated.of("invalid_session_id", "Send the inbound key: Authorization: Bearer 00D…!…")
    tenant = await tenant_by_organization_id(server.database, organization_of(key.strip()))
    if tenant is None or tenant.status != "active":
        raise invalid_session()
    holder = await holder_of_key(server.database, tenant.id, key.strip())
    if holder is None:
        raise invalid_session()
    return await context_of_holder(server, tenant, holder, source_ip(request)), holder.label


def _answer(receipt: Receipt) -> Response:
    if receipt.problems:
        unreadable = receipt.problems[0].code in _UNREADABLE
        response = error_response(receipt.problems, 400 if unreadable else 422)
        response.headers["X-Inbound-Message"] = receipt.message_id
        return response
    return json_response(receipt_document(receipt), 201 if receipt.status == "accepted" else 200)


def receipt_document(receipt: Receipt) -> dict[str, object]:
    """An accepted document, or one that was there before, as the sender reads it."""
    return {
        "id": receipt.message_id,
        "status": receipt.status,
        "records": receipt.record_ids,
        "prospects": [
            {"id": unit.message_id, "status": unit.status, "records": list(unit.record_ids)} for unit in receipt.units
        ],
    }


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
