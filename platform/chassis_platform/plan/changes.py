"""A record on its way into storage: what was asked for, what is wrong with it, what is known about it by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from chassis_metadata.errors import Problem
from chassis_metadata.snapshot import Field, Object

#: What is told of a record with which nothing is wrong, where all or none were to be written.
ROLLED_BACK = Problem(
    "",
    "all_or_none_operation_rolled_back",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the caller believes about a record: that it is at this version, or unmodified since this time."""

    version: int | None = None
    unmodified_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyedReference:
    """A reference by external id (`{"Owner": {"Username": "x"}}`): any of `targets` may hold the key."""

    field: Field
    targets: tuple[tuple[Object, Field, Any], ...]  # object, its external id field, the key in comparable form
    shown: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where a record that was to be created goes instead: to one that is there, or that the same batch creates.

    `kind` is the kind of logic that says so; its engine knows what `details` are.
    """

    kind: str
    target: Change | str
    details: Any = None

    @property
    def target_id(self) -> str:
        """The record in whose place another would have been."""
        if isinstance(self.target, str):
            return self.target
        return self.target.attached.target_id if self.target.attached else str(self.target.id)

    @property
    def is_void(self) -> bool:
        """Whether the record of the same batch, which it was to go to, is refused itself."""
        return isinstance(self.target, Change) and bool(self.target.problems)


@dataclass(slots=True)
class Change:
    """One record of a batch. It gathers values and problems from the first step to the last; with a problem it stops.

    `values` holds typed values by field name: those that were sent, then defaults and what follows from others.
    `sent` and `computed` tell those of the caller from those of formulas. `old` holds the stored values of an update,
    once they are loaded.
    """

    place: int
    creating: bool
    id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    keyed: tuple[KeyedReference, ...] = ()
    refused: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    warnings: tuple[Problem, ...] = ()
    expectation: Expectation | None = None
    old: Mapping[str, Any] | None = None
    version: int = 1
    attached: Attachment | None = None

    def wrong(self, code: str, message: str, *fields: str) -> None:
        """Note a problem, of fields or of the record."""
        self.problems.append(Problem(path=fields[0] if fields else "", code=code, message=message, fields=fields))

    def has_problem_with(self, name: str) -> bool:
        """Whether the field is already complained about."""
        return any(name in problem.fields for problem in self.problems)

    def differs(self, name: str) -> bool:
        """Whether the write would change the field's value; what a new record gets is always a change."""
        return name in self.values and (self.old is None or self.values[name] != self.old.get(name))

    def now(self, name: str) -> Any:
        """The field's value after the write; None where it is empty."""
        if name in self.values or self.old is None:
            return self.values.get(name)
        return self.old.get(name)


class RecordResult(NamedTuple):
    """What became of one record. `problems` is empty exactly when `success` is true; `warnings` stop nothing.

    Where a new record was `attached`, the id is that of the record that it went to. One is made for every record of
    every batch, and a tuple is made in a quarter of the time of a frozen dataclass.
    """

    id: str | None
    success: bool
    created: bool = False
    version: int | None = None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    attached: bool = False


def fine(changes: Sequence[Change]) -> list[Change]:
    """The changes without a problem so far."""
    return [change for change in changes if not change.problems]
