"""Taking an import back: what it created goes into the recycle bin, what it changed gets its old values.

Where somebody changed a record since, it stays as it is, and is told of.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis_platform.bulk.chunks import Part, read_undo, undo_of, written_parts
from chassis_platform.bulk.jobs import WRITE
from chassis_platform.bulk.processing import TURN_SECONDS, Lane, gaps
from chassis_platform.bulk.writing import Rows, Task
from chassis_platform.plan.changes import Change, Expectation
from chassis_platform.plan.forms import form_for
from chassis_platform.plan.write import WritePlan
from chassis_platform.records.trail import as_text

UNDO = "undo"
#: A batch's created records are taken back first; each kind has its place among the batch's outcomes.
DELETE, UPDATE = "delete", "update"
STARTS = {DELETE: 0, UPDATE: 1_000_000}


@dataclass(frozen=True, slots=True)
class Step:
    """What would take one row back: `old` are the values before; None where the record was created."""

    place: int  # of the row in its batch
    id: str
    version: int
    old: dict[str, str | None] | None


def kept_steps(plan: WritePlan) -> list[list[Any]]:
    """What is kept of a write so that it can be taken back."""
    writable = form_for(plan.context, plan.obj, creating=False).converters
    return [
        [change.place, change.id, change.version, None if change.creating else _old_values(change, writable)]
        for change in plan.changes
        if not change.problems and change.attached is None
    ]


def _old_values(change: Change, writable: Collection[str]) -> dict[str, str | None]:
    old = change.old or {}
    return {name: as_text(old.get(name)) for name in change.values if name in writable and change.differs(name)}


def steps_of(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Step]]:
    """The steps of a batch by what they do. A row that changed nothing has none."""
    steps = [Step(*each) for each in undo_of(rows)]
    return {DELETE: [each for each in steps if each.old is None], UPDATE: [each for each in steps if each.old]}


class UndoLane(Lane):
    """The turn on the one lane that goes back, from the last batch to the first."""

    async def run(self) -> bool:
        """Whether everything was taken back that can be."""
        for number in reversed(range(self.job.chunks)):
            if time.monotonic() - self.began > TURN_SECONDS:
                return False
            await self._take_back(number)
        return True

    async def is_last(self) -> bool:
        """There is no other lane."""
        return True

    async def _take_back(self, number: int) -> None:
        place = (self.tenant_id, self.job.id)
        asked = (read_undo(*place, WRITE, number), written_parts(*place, UNDO, number))

        async def write_rest() -> bool:
            kept, written = await self.read(*asked)
            for operation, steps in steps_of(kept).items():
                base = STARTS[operation]
                own = [(start - base, records) for start, records in written if start // STARTS[UPDATE] == bool(base)]
                part = Part(self.job.id, UNDO, number, base)
                if not await self.write_gaps(gaps(len(steps), own), _rows_of(steps), part, _doing(operation)):
                    return False
            return True

        await self.until_settled(write_rest)


def _rows_of(steps: Sequence[Step]) -> Callable[[int, int], Rows]:
    def rows(start: int, end: int) -> Rows:
        some = steps[start:end]
        return Rows([_payload(each) for each in some], [Expectation(each.version) for each in some])

    return rows


def _payload(step: Step) -> dict[str, Any]:
    return {**(step.old or {}), "Id": step.id}


def _doing(operation: str) -> Callable[[Task], Task]:
    def change(task: Task) -> Task:
        return replace(task, operation=operation, external_id_field=None, undo=None)

    return change
