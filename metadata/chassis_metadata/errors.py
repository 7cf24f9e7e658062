"""What can be wrong: a Problem says where, what, and what would be right; seven kinds of errors carry them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `code` is the field's term in snake case (`required_field_missing`, `invalid_field` …); the doors translate it to
    the wire's spelling (`REQUIRED_FIELD_MISSING`). `path` says where inside the thing that was sent
    (`fields.Stage.type`); `file`, `line` and `column` (1-based) say where in a text, if there is one. `details` is what
    clients get besides, by the wire's keys.
    """

    path: str
    code: str
    message: str
    fields: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None
    column: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return " ".join(part for part in (place, self.path, self.message) if part)


class ChassisError(Exception):
    """Something the caller can be told; it always carries at least one Problem."""

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, code: str, message: str, *, path: str = "", fields: Sequence[str] = ()) -> Self:
        """The usual case: one problem that needs no place in a text."""
        return cls(Problem(path=path, code=code, message=message, fields=tuple(fields)))


class Invalid(ChassisError):
    """What was sent is wrong in itself (400)."""


class Unauthenticated(ChassisError):
    """Nobody, or nobody any more, is behind the request (401)."""


class Forbidden(ChassisError):
    """The caller may not do this (403)."""


class NotFound(ChassisError):
    """There is no such thing, or none that the caller may know of (404)."""


class Conflict(ChassisError):
    """The thing is not in the state that the request supposes (409, 412)."""


class Unavailable(ChassisError):
    """What an answer needs is not at hand, through no fault of the caller's: a key, a stored value (503)."""


class LimitExceeded(ChassisError):
    """A limit that is there for everybody's sake was met (403, 429)."""
