"""Setup, inbound messages: what came in, its content, and trying a refused one again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.inbound import context_of_sender
from chassis_platform.inbound.intake import mapping_of, replay
from chassis_platform.inbound.messages import PAGE, find_message, list_messages, problem_entries
from chassis_platform.inbound.receipts import Receipt, problems_of
from chassis_tenants.database import Row
from chassis_tenants.journal import Access, SetupChange, access_entry, setup_entry

#: Problems and records of a document with thousands of units.
MOST_LISTED = 20
STATUSES = ("accepted", "partial", "refused")


async def messages(context: Context, request: Request) -> Response:
    """`GET /setup/inbound?status=&after=`: the newest first."""
    context.policy.demand("ManageInbound")
    status = request.query_params.get("status") or None
    if status not in (None, *STATUSES):
        raise Invalid.of("invalid_field", f"status is one of {', '.join(STATUSES)}.", fields=["status"])
    after = request.query_params.get("after") or None
    [rows] = await server_of(request).database.read(context.binding, list_messages(context.tenant.id, status, after))
    listed = [_message(row) for row in rows[:PAGE]]
    return json_response({"messages": listed, "next": listed[-1]["id"] if len(rows) > PAGE else None})


def _message(row: Row) -> dict[str, Any]:
    message_id, mapping, key, received, status, problems, record_ids = row
    return {
        "id": message_id,
        "mapping": mapping,
        "message_id": key,
        "received": received,
        "status": status,
        "problems": problems[:MOST_LISTED],
        "records": list(record_ids[:MOST_LISTED]),
    }


async def _found(context: Context, request: Request) -> Row:
    wanted = find_message(context.tenant.id, request.path_params["id"])
    [rows] = await server_of(request).database.read(context.binding, wanted)
    if not rows:
        raise NotFound.of("not_found", "There is no such message.")
    return rows[0]


async def content(context: Context, request: Request) -> Response:
    """`GET /setup/inbound/{id}/content`: the document as it came. Who reads it is logged: it names people.

    It is a stranger's text, so it is sent as a file of plain text whatever it says it is.
    """
    context.policy.demand("ManageInbound")
    row = await _found(context, request)
    message_id = request.path_params["id"]
    principal = context.principal
    access = Access("InboundMessage", [message_id], ["Content"], "setup", principal.session_id, principal.client_name)
    await server_of(request).database.read(context.binding, access_entry(context.tenant.id, context.actor, access))
    headers = {
        "Content-Disposition": f'attachment; filename="{message_id}.txt"',
        "Content-Security-Policy": "sandbox",
    }
    return Response(bytes(row[3]), media_type="text/plain", headers=headers)


async def try_again(context: Context, request: Request) -> Response:
    """`POST /setup/inbound/{id}/replay`: with the rights of the user whose key the document came with."""
    context.policy.demand("ManageInbound")
    server = server_of(request)
    mapping_name, _, _, _, result = await _found(context, request)
    message_id = request.path_params["id"]
    sender = await _sender(context, request, result or {})
    receipt = await replay(server.database, sender, mapping_of(sender, mapping_name), message_id, datetime.now(UTC))
    change = SetupChange(
        "replayedInboundMessage",
        "Inbound",
        message_id,
        f"Replayed {message_id}: {receipt.status}",
        after=[asdict(unit) for unit in receipt.units[:MOST_LISTED]],
    )
    await server.database.read(context.binding, setup_entry(context.tenant.id, context.actor, change))
    return json_response(_replayed(receipt))


def _replayed(receipt: Receipt) -> dict[str, Any]:
    return {
        "status": "accepted" if receipt.status == "duplicate" else receipt.status,
        "records": receipt.record_ids[:MOST_LISTED],
        "problems": problem_entries(problems_of(receipt)[:MOST_LISTED]),
    }


async def _sender(context: Context, request: Request, result: dict[str, Any]) -> Context:
    user_id, label = result.get("run_as") or "", result.get("key") or "replay"
    address = context.principal.source_ip
    sender = await context_of_sender(server_of(request), context.tenant.id, user_id, label, address)
    if sender is None:
        raise Invalid.of("invalid_field", "The user that the document's key runs as is no longer active.")
    return sender


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/setup/inbound", ["GET"], messages),
        route("/setup/inbound/{id}/content", ["GET"], content),
        route("/setup/inbound/{id}/replay", ["POST"], try_again),
    ]
