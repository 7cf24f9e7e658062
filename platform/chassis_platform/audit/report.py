"""What a verification found, in values and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chassis_platform.audit.seal import Seal

#: Findings kept in a report; the rest is counted.
MOST_FINDINGS = 1_000


class FindingKind(StrEnum):
    """What may be wrong."""

    ENTRY_CHANGED = "entry_changed"
    ENTRY_REMOVED = "entry_removed"
    ENTRY_INSERTED = "entry_inserted"
    SEAL_MISSING = "seal_missing"
    SEAL_ALTERED = "seal_altered"
    CHAIN_BROKEN = "chain_broken"
    UNKNOWN_KEY = "unknown_key"
    LEAF_MISSING = "leaf_missing"
    LEAF_WITHOUT_SEAL = "leaf_without_seal"
    ROOT_DIFFERS = "root_differs"
    HEAD_MISSING = "head_missing"
    STATEMENT_ALTERED = "statement_altered"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    kind: FindingKind
    message: str
    sequence: int | None = None
    source: str | None = None
    entry_id: str | None = None

    def __str__(self) -> str:
        places = (
            f"{self.source} {self.entry_id}" if self.entry_id else "",
            f"seal {self.sequence}" if self.sequence is not None else "",
        )
        return f"{', '.join(place for place in places if place)}: {self.message} ({self.kind})"


@dataclass(slots=True)
class Compared:
    """What a range of entries came to."""

    entries: int = 0
    unsealed: int = 0
    pruned: int = 0
    late: int = 0
    longest_open: timedelta = field(default_factory=timedelta)
    findings: list[Finding] = field(default_factory=list)
    uncounted: int = 0  # of findings, where they are too many to be named


@dataclass(frozen=True, slots=True)
class Anchor:
    """A seal's place and hash, noted where the database's owner can't reach."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """All that was checked of a tenant. `head` is worth noting: the next verification can be held against it."""

    organization_id: str
    seals: int
    entries: int
    unsealed: int
    pruned: int
    late: int
    longest_open: timedelta
    findings: tuple[Finding, ...]
    counts: Mapping[FindingKind, int]
    head: Anchor | None

    @property
    def is_intact(self) -> bool:
        """Nothing was changed, removed or slipped in."""
        return not self.counts

    @property
    def summary(self) -> str:
        """One line."""
        found = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
        state = f"NOT INTACT ({found})" if found else "intact"
        pruned = f", {self.pruned} removed after their time" if self.pruned else ""
        late = f", {self.late} sealed late (at worst after {self.longest_open})" if self.late else ""
        return (
            f"{self.organization_id}: {state}; {self.entries} entries under {self.seals} seals,"
            f" {self.unsealed} not sealed yet{pruned}{late}"
        )


@dataclass(slots=True)
class ReportDraft:
    """A report in the making."""

    organization_id: str
    seals: int = 0
    entries: int = 0
    unsealed: int = 0
    pruned: int = 0
    late: int = 0
    longest_open: timedelta = field(default_factory=timedelta)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[FindingKind] = field(default_factory=Counter)
    head: Anchor | None = None

    def add(self, finding: Finding) -> None:
        """Count it, and keep it while there is room."""
        self.counts[finding.kind] += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def add_all(self, findings: Iterable[Finding]) -> None:
        """Add each."""
        for each in findings:
            self.add(each)

    def add_compared(self, compared: Compared) -> None:
        """Count what a range of entries came to."""
        self.entries += compared.entries
        self.unsealed += compared.unsealed
        self.pruned += compared.pruned
        self.late += compared.late
        self.longest_open = max(self.longest_open, compared.longest_open)
        self.add_all(compared.findings)
        if compared.uncounted:
            self.counts[compared.findings[0].kind] += compared.uncounted

    def count_seal(self, seal: Seal) -> None:
        """Note the newest seal so far."""
        self.seals += 1
        self.head = Anchor(seal.sequence, seal.hash())

    def finish(self) -> VerificationReport:
        """The report."""
        return VerificationReport(
            organization_id=self.organization_id,
            seals=self.seals,
            entries=self.entries,
            unsealed=self.unsealed,
            pruned=self.pruned,
            late=self.late,
            longest_open=self.longest_open,
            findings=tuple(self.findings),
            counts=dict(self.counts),
            head=self.head,
        )
