"""An approval on its way through its process: what is known of it, what is to be written of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chassis_metadata.errors import Problem
from chassis_metadata.logic.approval import ApprovalProcess, Step
from chassis_platform.automation.approvals.requests import Outcome

PENDING, APPROVED, REJECTED, REMOVED = "Pending", "Approved", "Rejected", "Removed"
#: Kinds of history lines besides these.
STARTED, SKIPPED, REASSIGNED, REMINDED, ESCALATED = "Started", "Skipped", "Reassigned", "Reminded", "Escalated"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the history."""

    status: str
    label: str
    step: str | None = None
    actor_id: str | None = None
    original_actor_id: str | None = None
    comments: str | None = None
    attachments: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Workitem:
    """Somebody is asked to decide."""

    id: str
    step: str
    actor_id: str
    original_actor_id: str
    due: datetime | None = None
    escalate: datetime | None = None
    next_check: datetime | None = None
    editable_fields: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Running:
    """One approval while it moves. `open` are the requests that wait for an answer."""

    process: ApprovalProcess
    record_id: str
    instance_id: str
    submitter_id: str
    is_new: bool = False
    stage: int = 0
    status: str = PENDING
    is_locking: bool = False
    frees: bool = False  # the record, of the locks that earlier approvals left
    comments: str | None = None
    actor_id: str | None = None  # who decided last
    next_approvers: Sequence[str] = ()
    open: dict[str, Workitem] = field(default_factory=dict)
    added: dict[str, Workitem] = field(default_factory=dict)
    moved: dict[str, Workitem] = field(default_factory=dict)  # kept, with other times
    dropped: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_entering: bool = False  # the stage is to be begun

    def wrong(self, code: str, message: str, *fields: str) -> None:
        """Note what is wrong; nothing is written then."""
        self.problems.append(Problem(fields[0] if fields else "", code, message, fields))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the present stage; none after the last."""
        stages = self.process.stages
        return stages[self.stage] if self.stage < len(stages) else ()

    def add(self, item: Workitem) -> None:
        """Ask somebody."""
        self.open[item.id] = self.added[item.id] = item

    def drop(self, ids: Sequence[str]) -> None:
        """Ask no more."""
        for each in ids:
            self.open.pop(each, None)
            if self.added.pop(each, None) is None:
                self.dropped.append(each)

    def drop_step(self, name: str) -> None:
        """Nobody else need answer for this step."""
        self.drop([each.id for each in self.open.values() if each.step == name])

    def end(self, status: str) -> None:
        """The process is over."""
        self.status = status
        self.is_entering = False
        self.is_locking = self.process.keeps_locked and self.is_locking and status == APPROVED
        self.drop(list(self.open))

    def enter(self, stage: int) -> None:
        """Go to a stage, which is to be begun."""
        self.drop(list(self.open))
        self.stage, self.is_entering = stage, True

    def outcome(self) -> Outcome:
        """What the caller is told."""
        if self.problems:
            return Outcome(record_id=self.record_id, problems=tuple(self.problems))
        actors = tuple(dict.fromkeys(each.actor_id for each in self.open.values()))
        return Outcome(self.record_id, self.instance_id, self.status, actors, tuple(self.added))
