"""Approvals of the web application: what waits for me, a record's approvals, decisions in bulk, my delegates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_platform.access.context import Context
from chassis_platform.api.approvals import MOST_REQUESTS, raise_problems, result_document, texts, values
from chassis_platform.api.bodies import json_object, json_response, no_content
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.ui_objects import readable_record
from chassis_platform.automation.approvals.carry_out import carry_out
from chassis_platform.automation.approvals.delegates import delegate, end_delegation, my_delegates
from chassis_platform.automation.approvals.pending import (
    SCOPES,
    pending_count,
    pending_requests,
    request_by_id,
)
from chassis_platform.automation.approvals.requests import Decision, Reassignment, Recall, Submission
from chassis_platform.automation.approvals.requests import Request as Asked
from chassis_platform.automation.approvals.state import approvals_of


async def pending(context: Context, request: Request) -> Response:
    """`GET /ui/approvals?scope=all|mine|queues|delegated`."""
    scope = request.query_params.get("scope", "all")
    if scope not in SCOPES:
        raise Invalid.of("invalid_field", f"scope must be one of: {', '.join(SCOPES)}.", fields=["scope"])
    return json_response({"requests": await pending_requests(server_of(request).database, context, scope=scope)})


async def counted(context: Context, request: Request) -> Response:
    """`GET /ui/approvals/count`: what waits for the user, asked every minute."""
    return json_response({"count": await pending_count(server_of(request).database, context)})


async def one(context: Context, request: Request) -> Response:
    """`GET /ui/approvals/{id}`."""
    found = await request_by_id(server_of(request).database, context, _id_in(request))
    if found is None:
        raise NotFound.of("not_found", "There is no such request, or it is not yours to decide.")
    return json_response(found)


async def decide(context: Context, request: Request) -> Response:
    """`POST /ui/approvals/decide`: any number of decisions; one result each."""
    document = await json_object(request)
    sent = document.get("decisions")
    if not isinstance(sent, list) or not 1 <= len(sent) <= MOST_REQUESTS:
        message = f'The body must have "decisions": an array of 1 to {MOST_REQUESTS} objects.'
        raise Invalid.of("json_parser_error", message)
    decisions = [_decision(each) for each in sent]
    outcomes = await carry_out(server_of(request).database, context, decisions)
    return json_response({"results": [result_document(each) for each in outcomes]})


def _decision(document: Any) -> Decision:
    if not isinstance(document, dict) or document.get("decision") not in ("approve", "reject"):
        raise Invalid.of("invalid_field", 'Each decision needs "id" and "decision": approve or reject.')
    return Decision(
        str(document.get("id", "")),
        document["decision"] == "approve",
        _comments(document),
        texts(document, "attachments"),
        values(document, "fields"),
        texts(document, "next_approver_ids"),
    )


def _comments(document: Mapping[str, Any]) -> str | None:
    comments = document.get("comments")
    return comments if isinstance(comments, str) and comments.strip() else None


async def reassign(context: Context, request: Request) -> Response:
    """`POST /ui/approvals/{id}/reassign`: somebody else is to decide."""
    document = await json_object(request)
    asked = Reassignment(_id_in(request), str(document.get("actor_id", "")), _comments(document))
    return await _only(context, request, asked)


async def of_record(context: Context, request: Request) -> Response:
    """`GET /ui/records/{id}/approvals`: what runs, what happened, what could be submitted."""
    obj, record_id = readable_record(context, request.path_params["id"])
    return json_response(await approvals_of(server_of(request).database, context, obj, record_id))


async def submit(context: Context, request: Request) -> Response:
    """`POST /ui/records/{id}/approvals`: submit the record."""
    _, record_id = readable_record(context, request.path_params["id"])
    document = await json_object(request)
    process = document.get("process")
    asked = Submission(
        record_id,
        process if isinstance(process, str) else None,
        _comments(document),
        texts(document, "attachments"),
        texts(document, "next_approver_ids"),
    )
    return await _only(context, request, asked)


async def submit_many(context: Context, request: Request) -> Response:
    """`POST /ui/approvals/submit` `{"record_ids", "process", "comments"}`: one result a record."""
    document = await json_object(request)
    ids, process = texts(document, "record_ids"), document.get("process")
    if not 1 <= len(ids) <= MOST_REQUESTS:
        raise Invalid.of("exceeded_max_size_request", f"Name 1 to {MOST_REQUESTS} records in record_ids.")
    name = process if isinstance(process, str) else None
    submissions = [Submission(each, name, _comments(document)) for each in ids]
    outcomes = await carry_out(server_of(request).database, context, submissions)
    return json_response({"results": [result_document(each) for each in outcomes]})


async def recall(context: Context, request: Request) -> Response:
    """`POST /ui/records/{id}/approvals/recall`: take the request back."""
    _, record_id = readable_record(context, request.path_params["id"])
    document = await json_object(request)
    return await _only(context, request, Recall(record_id, _comments(document)))


async def _only(context: Context, request: Request, asked: Asked) -> Response:
    [outcome] = await carry_out(server_of(request).database, context, [asked])
    raise_problems(outcome)
    return json_response(result_document(outcome))


def _id_in(request: Request) -> str:
    found: str = request.path_params["id"]
    if not is_id(found):
        raise NotFound.of("not_found", "There is no such record, or you may not see it.")
    return normal_id(found)


async def delegates(context: Context, request: Request) -> Response:
    """`GET /ui/approvals/delegates`."""
    return json_response({"delegates": await my_delegates(server_of(request).database, context)})


async def add_delegate(context: Context, request: Request) -> Response:
    """`POST /ui/approvals/delegates` `{"delegate_id", "from", "to", "process"}`."""
    made = await delegate(server_of(request).database, context, await json_object(request))
    return json_response({"id": made}, 201)


async def remove_delegate(context: Context, request: Request) -> Response:
    """`DELETE /ui/approvals/delegates/{id}`."""
    await end_delegation(server_of(request).database, context, _id_in(request))
    return no_content()


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        route("/ui/approvals", ["GET"], pending),
        route("/ui/approvals/count", ["GET"], counted),
        route("/ui/approvals/decide", ["POST"], decide),
        route("/ui/approvals/submit", ["POST"], submit_many),
        route("/ui/approvals/delegates", ["GET"], delegates),
        route("/ui/approvals/delegates", ["POST"], add_delegate),
        route("/ui/approvals/delegates/{id}", ["DELETE"], remove_delegate),
        route("/ui/approvals/{id}", ["GET"], one),
        route("/ui/approvals/{id}/reassign", ["POST"], reassign),
        route("/ui/records/{id}/approvals", ["GET"], of_record),
        route("/ui/records/{id}/approvals", ["POST"], submit),
        route("/ui/records/{id}/approvals/recall", ["POST"], recall),
    ]
