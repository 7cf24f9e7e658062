"""Whether a caller is who they say: the questions to ask, and how it ended. No answer says what is known."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, NotFound
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.identity_check import KIND, IdentityCheck
from chassis_metadata.logic.kinds import LOGIC_KINDS
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.automation.identity_checks.check import checks_of, make_check, questions_of
from chassis_platform.records.read import readable_object
from chassis_platform.records.trail import as_text

_TEXTS = LOGIC_KINDS[KIND].key


def offered_checks(context: Context, obj: Object) -> list[dict[str, str]]:
    """The checks that the user may make on the object's records, as describe names them."""
    return [{"name": each.name, "label": _text(context, each, "label", each.label)} for each in checks_of(context, obj)]


def _text(context: Context, check: IdentityCheck, path: str, default: str) -> str:
    return context.snapshot.text(context.principal.language, f"{_TEXTS}.{check.name}.{path}", default)


def _record_of(context: Context, request: Request) -> tuple[Object, str]:
    demand_version(request)
    obj = readable_object(context, request.path_params["object"])
    record_id = request.path_params["record_id"]
    if not is_id(record_id) or record_id[:3] != obj.key_prefix:
        raise NotFound.of("not_found", "The requested resource does not exist")
    return obj, normal_id(record_id)


async def ask(context: Context, request: Request) -> Response:
    """`GET …/sobjects/{Object}/{id}/identity-checks/{check}`: what to ask now, and how often it may be tried."""
    obj, record_id = _record_of(context, request)
    found = await questions_of(server_of(request).database, context, obj, record_id, request.path_params["check"])
    questions = [
        {"name": each.name, "question": _text(context, found.check, f"facts.{each.name}.question", each.question)}
        for each in found.facts
    ]
    document = {
        "name": found.check.name,
        "label": _text(context, found.check, "label", found.check.label),
        "required": found.check.required,
        "questions": questions,
        "tries_left": found.attempts.left(found.check),
        "paused_until": as_text(found.attempts.paused_until),
    }
    return json_response(document)


async def answer(context: Context, request: Request) -> Response:
    """`POST …/identity-checks/{check}` `{"answers": {"Birthdate": "…"}}`: whether all were right, never which not."""
    obj, record_id = _record_of(context, request)
    answers = _answers(await json_object(request))
    check = request.path_params["check"]
    found = await make_check(server_of(request).database, context, obj, record_id, check, answers)
    document = {
        "passed": found.passed,
        "id": found.record_id,
        "expires": as_text(found.expires),
        "tries_left": found.tries_left,
        "paused_until": as_text(found.paused_until),
    }
    return json_response(document)


def _answers(document: dict[str, Any]) -> dict[str, str]:
    answers = document.get("answers")
    if not isinstance(answers, dict) or not all(isinstance(each, str) for each in answers.values()):
        raise Invalid.of("json_parser_error", "answers: must be an object of texts by question", path="answers")
    return answers


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    path = f"{ROOT}/sobjects/{{object}}/{{record_id}}/identity-checks/{{check}}"
    return [route(path, ["GET"], ask), route(path, ["POST"], answer)]
