"""A batch of requests of one kind: which were refused at once, which run, and what turns out wrong on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis_metadata.errors import Problem
from chassis_platform.automation.approvals.requests import Outcome
from chassis_platform.automation.approvals.running import Running


@dataclass(slots=True)
class Batch:
    """The requests by their place: either refused, or running."""

    count: int
    refused: dict[int, Outcome] = field(default_factory=dict)
    running: dict[int, Running] = field(default_factory=dict)

    def refuse(
        self, place: int, code: str, message: str, *, record_id: str | None = None, field_name: str = ""
    ) -> None:
        """Say no before anything is written."""
        problem = Problem(field_name, code, message, (field_name,) if field_name else ())
        self.refused[place] = Outcome(record_id=record_id, problems=(problem,))

    @property
    def fine(self) -> list[Running]:
        """The approvals that nothing is wrong with so far."""
        return [each for each in self.running.values() if not each.problems]

    @property
    def must_be_undone(self) -> bool:
        """Whether something turned out wrong after a part of it was written."""
        return any(each.problems for each in self.running.values())

    def outcomes(self) -> Sequence[Outcome]:
        """What became of each request, in their order."""
        done = {place: each.outcome() for place, each in self.running.items()} | self.refused
        return [done[place] for place in range(self.count)]
