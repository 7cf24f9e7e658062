"""`process/approvals` in the field's shapes: the processes there are; requests to submit, approve, reject, recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.approval import processes_of
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import definitions_route, route, server_of
from chassis_platform.api.errors import problem_document
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.automation.approvals.admission import process_id
from chassis_platform.automation.approvals.carry_out import carry_out
from chassis_platform.automation.approvals.requests import Decision, Outcome, Recall, Submission
from chassis_platform.automation.approvals.requests import Request as Asked

MOST_REQUESTS = 200
_KINDS = ("Submit", "Approve", "Reject", "Removed")
#: The kind of error of a single request, by its code.
_NOT_FOUND = frozenset({"not_found", "entity_is_deleted"})
_FORBIDDEN = frozenset(
    {"insufficient_access_or_readonly", "insufficient_access_on_cross_reference_entity", "recall_not_allowed"}
)
_CONFLICT = frozenset({"already_processed", "already_in_process", "unable_to_lock_row"})


async def list_processes(context: Context, request: Request) -> Response:
    """`GET /process/approvals`: the processes of the objects that the user may see."""
    demand_version(request)
    found: dict[str, list[dict[str, Any]]] = {}
    for name in context.snapshot.objects:
        if not context.policy.on(name).read:
            continue
        for place, each in enumerate(processes_of(context.snapshot, name), 1):
            found.setdefault(name, []).append(
                {
                    "description": each.description,
                    "id": process_id(each),
                    "name": each.label_in(context.snapshot, context.principal.language),
                    "object": name,
                    "sortOrder": place,
                }
            )
    return json_response({"approvals": found})


async def act(context: Context, request: Request) -> Response:
    """`POST /process/approvals`: one result a request, in their order; a single one that fails is an error."""
    demand_version(request)
    document = await json_object(request)
    sent = document.get("requests")
    if not isinstance(sent, list) or not sent or not all(isinstance(each, dict) for each in sent):
        raise Invalid.of("json_parser_error", 'The body must have "requests": an array of at least one object.')
    if len(sent) > MOST_REQUESTS:
        raise Invalid.of("exceeded_max_size_request", f"At most {MOST_REQUESTS} requests a call; {len(sent)} came.")
    asked = [read_request(each) for each in sent]
    all_or_none = bool(document.get("allOrNone", False))
    outcomes = await carry_out(server_of(request).database, context, asked, all_or_none=all_or_none)
    if len(outcomes) == 1:
        raise_problems(outcomes[0])
    return json_response([result_document(each) for each in outcomes])


def read_request(document: Mapping[str, Any]) -> Asked:
    """A request as it was sent; Invalid with what is wrong with its form."""
    kind = document.get("actionType")
    if kind not in _KINDS:
        raise Invalid.of("invalid_field", f"actionType must be one of: {', '.join(_KINDS)}.", fields=["actionType"])
    subject = _text(document, "contextId")
    if subject is None:
        raise Invalid.of("required_field_missing", "Required fields are missing: [contextId]", fields=["contextId"])
    comments = _text(document, "comments")
    chosen = [_full(each) for each in texts(document, "nextApproverIds")]
    files = texts(document, "attachments")
    if kind == "Submit":
        return Submission(
            subject,
            _text(document, "processDefinitionNameOrId"),
            comments,
            files,
            chosen,
            _full(_text(document, "contextActorId") or "") or None,
            skips_entry=document.get("skipEntryCriteria") in (True, "true"),
        )
    if kind == "Removed":
        return Recall(subject, comments)
    return Decision(subject, kind == "Approve", comments, files, values(document, "fields"), chosen)


def _full(value: str) -> str:
    """An id in its long form; what is none stays, and is found to be nobody."""
    return normal_id(value) if is_id(value) else value


def _text(document: Mapping[str, Any], name: str) -> str | None:
    found = document.get(name)
    if found is not None and not isinstance(found, str):
        raise Invalid.of("json_parser_error", f"{name} must be text.", fields=[name])
    return found or None


def texts(document: Mapping[str, Any], name: str) -> Sequence[str]:
    """A list of texts; empty where nothing is sent."""
    found = document.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise Invalid.of("json_parser_error", f"{name} must be an array of text.", fields=[name])
    return found


def values(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Field values; empty where nothing is sent."""
    found = document.get(name) or {}
    if not isinstance(found, dict):
        raise Invalid.of("json_parser_error", f"{name} must be an object of field values.", fields=[name])
    return found


def raise_problems(outcome: Outcome) -> None:
    """Raise what is wrong with the only request of a call."""
    problems: Sequence[Problem] = outcome.problems
    if not problems:
        return
    code = problems[0].code
    if code in _NOT_FOUND:
        raise NotFound(problems)
    if code in _FORBIDDEN:
        raise Forbidden(problems)
    raise (Conflict if code in _CONFLICT else Invalid)(problems)


def result_document(outcome: Outcome) -> dict[str, Any]:
    """One request's result, as the field's clients read it."""
    errors = [problem_document(each, code_key="statusCode") for each in outcome.problems]
    return {
        "actorIds": list(outcome.actor_ids),
        "entityId": outcome.record_id,
        "errors": errors or None,
        "instanceId": outcome.instance_id,
        "instanceStatus": outcome.status,
        "newWorkitemIds": list(outcome.workitem_ids),
        "success": not errors,
    }


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    path = f"{ROOT}/process/approvals"
    return [definitions_route(path, ["GET"], list_processes), route(path, ["POST"], act)]
