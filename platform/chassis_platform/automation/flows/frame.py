"""The records that are on their way through a flow together, and where its formulas stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chassis_metadata.logic.flow import Flow
from chassis_metadata.logic.flow_formulas import Standing, standing_of
from chassis_metadata.snapshot import Object, Snapshot


@dataclass(slots=True, eq=False)
class Item:
    """One record, or none where a flow has no object. `root` is the place of the record that the run began with."""

    root: int
    record_id: str | None
    this_id: str | None = None  # in a loop: the record outside
    variables: dict[str, Any] = field(default_factory=dict)
    prior: Mapping[str, Any] | None = None  # values before the change, as rows hold them
    is_new: bool = False
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Frame:
    """The items of one list of steps."""

    flow: Flow
    snapshot: Snapshot
    standing: Standing
    items: tuple[Item, ...]

    @property
    def obj(self) -> Object | None:
        """The object of the items' records."""
        return self.snapshot.objects.get(self.standing.object_name or "")

    @property
    def active(self) -> list[Item]:
        """The items that have not stopped."""
        return [each for each in self.items if each.is_active]

    def only(self, items: Iterable[Item]) -> Frame:
        """The same for some of the items."""
        return replace(self, items=tuple(items))

    def inside(self, obj: Object, items: Iterable[Item]) -> Frame:
        """Found records, whose `$This` are the records here."""
        return replace(self, standing=self.standing.inside(obj.name), items=tuple(items))


def frame_of(flow: Flow, snapshot: Snapshot, items: Iterable[Item]) -> Frame:
    """Where a flow begins."""
    return Frame(flow, snapshot, standing_of(flow), tuple(items))
