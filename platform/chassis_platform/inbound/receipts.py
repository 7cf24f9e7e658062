"""What became of a document and of its units, as its sender hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from chassis_metadata.errors import Problem


@dataclass(frozen=True, slots=True)
class UnitReceipt:
    """What became of one unit: `accepted` now, a `duplicate` of one that was before, or `refused` for its problems."""

    key: str
    status: str
    message_id: str
    record_ids: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a document. With `problems` nothing of it was accepted; its id is that of the kept message."""

    message_id: str
    units: tuple[UnitReceipt, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> str:
        """`accepted`, `partial` (some units were refused), `duplicate` (all of it was there before) or `refused`."""
        if self.problems:
            return "refused"
        found = {unit.status for unit in self.units}
        if "refused" in found:
            return "partial" if len(found) > 1 else "refused"
        return "accepted" if "accepted" in found else "duplicate"

    @property
    def record_ids(self) -> list[str]:
        """The records of all units, each once."""
        return list(dict.fromkeys(record_id for unit in self.units for record_id in unit.record_ids))


def problems_of(receipt: Receipt) -> list[Problem]:
    """What was wrong with the document, or with those of its units that were refused."""
    return [*receipt.problems, *(problem for unit in receipt.units for problem in unit.problems)]
