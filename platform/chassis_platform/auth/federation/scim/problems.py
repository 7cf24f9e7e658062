"""What is wrong with a SCIM request, in SCIM's words (RFC 7644 3.12)."""

from __future__ import annotations

from typing import Any

from chassis_metadata.errors import (
    ChassisError,
    Conflict,
    Forbidden,
    LimitExceeded,
    NotFound,
    Unauthenticated,
)

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_STATUS: dict[type[ChassisError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    LimitExceeded: 429,
}
_UNIQUENESS = frozenset({"duplicate_value", "duplicate_name", "duplicate_username"})


class ScimError(Exception):
    """A refusal with the status and the kind that the standard gives it."""

    def __init__(self, status: int, detail: str, kind: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind


def error_document(error: ScimError) -> dict[str, Any]:
    """The refusal as clients read it."""
    document: dict[str, Any] = {"schemas": [ERROR], "status": str(error.status), "detail": error.detail}
    return document | ({"scimType": error.kind} if error.kind else {})


def as_scim(error: ChassisError) -> ScimError:
    """An error of the platform in SCIM's words."""
    problem = error.problems[0]
    detail = "; ".join(each.message for each in error.problems)
    if problem.code in _UNIQUENESS:
        return ScimError(409, detail, "uniqueness")
    status = _STATUS.get(type(error), 400)
    return ScimError(status, detail, "invalidValue" if status == 400 else None)  # noqa: PLR2004  400 is 400


def invalid_path(detail: str) -> ScimError:
    """The path of a PATCH is none."""
    return ScimError(400, detail, "invalidPath")


def invalid_filter(detail: str) -> ScimError:
    """The filter is none, or asks for what cannot be asked for."""
    return ScimError(400, detail, "invalidFilter")


def invalid_value(detail: str) -> ScimError:
    """A value is not of its attribute's kind."""
    return ScimError(400, detail, "invalidValue")


def not_found() -> ScimError:
    """There is no such resource."""
    return ScimError(404, "There is no such resource.")
