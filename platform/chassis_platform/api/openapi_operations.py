"""One operation of the API: what it takes, what it answers, and how OpenAPI writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chassis_platform.api.openapi_fields import Schema

_SCHEMAS, _RESPONSES, _PARAMETERS, _HEADERS = (
    f"#/components/{each}/" for each in ("schemas", "responses", "parameters", "headers")
)
JSON = "application/json"
ANYTHING = "*/*"
FORM = "application/x-www-form-urlencoded"
#: What any operation may be refused with, and what besides where something is sent.
USUAL = (400, 401, 403, 404, 429, 503)
_OF_BODIES = (409, 413, 415)
_NAMED = re.compile(r"{(\w+)}")
_MEANINGS: Mapping[int, str] = {
    200: "Done",
    201: "Made",
    202: "Asked for: somebody else has to agree",
    204: "Done; there is nothing to say",
    207: "A part of it was accepted",
    300: "Several records have the value: where they are",
    303: "Go on there",
    304: "The caller has it as it is",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A method at an address. `path` is below `/services/data/vXX.0`, unless it begins with `//`, for the host's root.

    `takes` and each of `answers` name a schema, or media types where it is no JSON; an empty name is no body.
    """

    method: str
    path: str
    name: str
    summary: str
    answers: Mapping[int, str]
    takes: str = ""
    parameters: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    refusals: tuple[int, ...] = ()
    tag: str = ""
    security: tuple[Mapping[str, list[str]], ...] | None = None
    usual: tuple[int, ...] = field(default=USUAL)

    @property
    def path_parameters(self) -> list[str]:
        """The names that stand in the address."""
        return _NAMED.findall(self.path)


def operation_document(operation: Operation, *, record: str = "") -> dict[str, Any]:
    """The operation; with `record`, that of an object's records, whose schemas are named after it."""
    document: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary, "tags": [operation.tag]}
    named = [*(f"path.{each}" for each in operation.path_parameters if not (record and each in _OF_OBJECTS))]
    parameters = [{"$ref": _PARAMETERS + each} for each in (*named, *operation.parameters)]
    if parameters:
        document["parameters"] = parameters
    if operation.takes:
        document["requestBody"] = {"required": True, "content": _content(operation.takes, record)}
    document["responses"] = _responses(operation, record)
    if operation.security is not None:
        document["security"] = [dict(each) for each in operation.security]
    return document


#: Of the parameters of an object's addresses, those which the object itself stands for.
_OF_OBJECTS = ("object", "field")


def for_records(operation: Operation, *, takes: str = "", answers: Mapping[int, str] | None = None) -> Operation:
    """A general operation as that of one object's records: `{}` in a name stands for the object's."""
    return replace(operation, takes=takes, answers=answers or operation.answers)


def _content(name: str, record: str) -> dict[str, Any]:
    name = name.replace("{}", record)
    if name.startswith(FORM):
        return {FORM: {"schema": {"$ref": _SCHEMAS + name.partition("#")[2]}}}
    if "/" in name:
        return {each: {"schema": {} if each == ANYTHING else {"type": "string"}} for each in name.split(" ")}
    if name.endswith("[]"):
        return {JSON: {"schema": {"type": "array", "items": {"$ref": _SCHEMAS + name[:-2]}}}}
    return {JSON: {"schema": {"$ref": _SCHEMAS + name}}}


def _responses(operation: Operation, record: str) -> Schema:
    responses: Schema = {}
    for status, name in operation.answers.items():
        response: Schema = {"description": _MEANINGS.get(status, "Refused")}
        if name:
            response["content"] = _content(name, record)
        if operation.headers and status < 400:  # noqa: PLR2004
            response["headers"] = {each: {"$ref": _HEADERS + each} for each in operation.headers}
        responses[str(status)] = response
    refusals = {*operation.usual, *operation.refusals, *(_OF_BODIES if operation.takes else ())}
    refused = {str(each): {"$ref": f"{_RESPONSES}{each}"} for each in refusals if each not in operation.answers}
    return dict(sorted((responses | refused).items()))


ANY_OBJECT = "AnyObject"
TAGGED = ("ETag", "Last-Modified")
ONCE = ("Idempotency-Key",)


def get(path: str, name: str, summary: str, answer: str = ANY_OBJECT, *parameters: str) -> Operation:
    """What is only read."""
    return Operation("get", path, name, summary, {200: answer}, parameters=parameters)


def described(path: str, name: str, summary: str, answer: str = ANY_OBJECT) -> Operation:
    """A description, which is not sent to who has it."""
    described = get(path, name, summary, answer, "If-None-Match", "If-Modified-Since")
    return replace(described, answers={200: answer, 304: ""}, headers=TAGGED, refusals=(412,))


def post(path: str, name: str, summary: str, takes: str, answer: str, *parameters: str, status: int = 200) -> Operation:
    """What is asked for, or made, by sending something."""
    return Operation("post", path, name, summary, {status: answer}, takes, parameters)


def once(operation: Operation) -> Operation:
    """A create that may be sent again with its key."""
    return replace(operation, parameters=(*operation.parameters, *ONCE), refusals=(*operation.refusals, 422))
