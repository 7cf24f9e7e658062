"""Errors on the wire: one JSON shape for all, the field's codes, the status that fits."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from starlette.responses import Response

from chassis_metadata.errors import (
    ChassisError,
    Conflict,
    Forbidden,
    Invalid,
    LimitExceeded,
    NotFound,
    Problem,
    Unauthenticated,
    Unavailable,
)
from chassis_platform.api.messages import in_words
from chassis_platform.plan.changes import RecordResult

STATUS_OF_KIND: dict[type[ChassisError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    LimitExceeded: 403,
    Unavailable: 503,
}
#: Codes whose status differs from that of their kind.
STATUS_OF_CODE = {
    "stale_version": 412,
    "precondition_failed": 412,
    "method_not_allowed": 405,
    "unsupported_media_type": 415,
    "request_too_large": 413,
    "entity_is_deleted": 404,
    "too_many_requests": 429,
    "idempotency_key_reused": 422,
}

#: Of a problem's details: in how many seconds to come again, which the header of that name says too.
RETRY_AFTER = "retryAfter"


def status_of(error: ChassisError) -> int:
    """The HTTP status of an error: its first problem's, or its kind's."""
    return STATUS_OF_CODE.get(error.problems[0].code, STATUS_OF_KIND.get(type(error), 400))


def problem_document(problem: Problem, *, code_key: str = "errorCode") -> dict[str, object]:
    """One problem in the reader's language; inside results of collections the code's key is `statusCode`."""
    document: dict[str, object] = {"message": in_words(problem), code_key: problem.code.upper()}
    if problem.fields or code_key == "statusCode":
        document["fields"] = list(problem.fields)
    if problem.line is not None:
        document |= {"line": problem.line, "column": problem.column}
    return document | dict(problem.details)


def warnings_document(result: RecordResult) -> dict[str, object]:
    """What a saved record's result tells besides; nothing where there is nothing to tell."""
    warnings = [problem_document(each, code_key="statusCode") for each in result.warnings]
    return {"warnings": warnings} if warnings else {}


def error_response(problems: Iterable[Problem], status: int) -> Response:
    """An array of problems, always."""
    body = orjson.dumps([problem_document(each) for each in problems])
    return Response(body, status_code=status, media_type="application/json;charset=UTF-8")


def response_for(error: ChassisError) -> Response:
    """The response that tells an error."""
    response = error_response(error.problems, status_of(error))
    after = error.problems[0].details.get(RETRY_AFTER)
    if after is not None:
        response.headers["retry-after"] = str(after)
    return response
