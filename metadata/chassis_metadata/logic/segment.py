"""Segments: groups of records joined, taken away and cut with each other, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot

KIND = "segment"
Combine = Literal["union", "minus", "intersect"]


@dataclass(frozen=True, slots=True)
class Group:
    """Records by criteria, or the members of another segment; how they join what stands above."""

    combine: Combine
    criteria: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment in force."""

    name: str
    object_name: str
    groups: tuple[Group, ...]
    refresh: str = "daily"


def segment_of(snapshot: Snapshot, name: str) -> Segment | None:
    """The active segment of that name."""
    component = snapshot.logic_of(KIND).get(name)
    return None if component is None else read_segment(component)


def segments_of(snapshot: Snapshot) -> list[Segment]:
    """All active segments, those that others are made of first."""
    found = {name: read_segment(each) for name, each in snapshot.logic_of(KIND).items()}
    ordered: dict[str, Segment] = {}
    for name in found:
        _put(found, ordered, name, frozenset())
    return list(ordered.values())


def _put(found: Mapping[str, Segment], ordered: dict[str, Segment], name: str, above: frozenset[str]) -> None:
    if name in ordered or name in above or name not in found:
        return
    for each in found[name].groups:
        if each.segment is not None:
            _put(found, ordered, each.segment, above | {name})
    ordered[name] = found[name]


def read_segment(component: LogicComponent) -> Segment:
    """A component as a segment."""
    body = component.body
    groups = tuple(_group(each) for each in body["groups"])
    return Segment(component.name, body["object"], groups, body.get("refresh", "daily"))


def _group(body: Mapping[str, Any]) -> Group:
    return Group(cast("Combine", body.get("combine", "union")), body.get("criteria"), body.get("segment"))
