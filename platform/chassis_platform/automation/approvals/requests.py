"""What is asked of an approval, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.errors import Problem


@dataclass(frozen=True, slots=True)
class Submission:
    """A record to be submitted; without `process`, to the first whose entry criteria hold."""

    record_id: str
    process: str | None = None
    comments: str | None = None
    attachments: Sequence[str] = ()
    next_approvers: Sequence[str] = ()
    submitter_id: str | None = None  # None: who asks
    skips_entry: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no. `id` is a request's (04i), an approval's (04g) or the record's own."""

    id: str
    approves: bool
    comments: str | None = None
    attachments: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    next_approvers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Recall:
    """A request that is taken back. `id` is the record's, the approval's or one of its requests'."""

    id: str
    comments: str | None = None


@dataclass(frozen=True, slots=True)
class Reassignment:
    """Somebody else is to decide: `actor_id` is a user or a queue."""

    id: str
    actor_id: str
    comments: str | None = None


Request = Submission | Decision | Recall | Reassignment


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request. `problems` is empty exactly where it was carried out."""

    record_id: str | None = None
    instance_id: str | None = None
    status: str | None = None  # Pending | Approved | Rejected | Removed
    actor_ids: tuple[str, ...] = ()
    workitem_ids: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
